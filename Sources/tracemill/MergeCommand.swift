import ArgumentParser
import Diagnostics
import Experiments
import Foundation
import Runs
import Tables
import TraceInput
import TraceParsing
import Workload

/// `tracemill merge`: what shards wrote, joined to what one process would have written.
struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Join what shards wrote: the same bytes as one process would have written.",
    discussion: """
      .parts files of convert --shard become task records when all shards are there, or another .parts \
      file, of any number of them, which is merged again. Shards of another trace, another version or \
      other options are refused, and those that are missing are named; no file given is touched.

      results.sqlite files of compare --shard become one results file, for report. A cell that two of \
      them have must have come to the same. So do .points files of sweep --find --shard.

      Examples:
        tracemill merge parts/*.parts -o tasks.parquet
        tracemill merge 1.parts 2.parts 3.parts -o node-a.parts
        tracemill merge *.parts --from 1d --to 2d -o day2.parquet
        tracemill inspect all.parts
        tracemill merge shards/*/results.sqlite -o mine/results.sqlite
      """)

  @Argument(
    help: ArgumentHelp("What shards wrote, in any order.", valueName: "file"), completion: .file())
  var files: [String]

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "What to write: .parts for a part of the shards, or task records as convert writes them.",
      valueName: "file"))
  var output: String

  @Option(
    help: ArgumentHelp("The layout of task records, as for convert.", valueName: "layout"))
  var toFormat = RecordLayout.records

  @Option(help: ArgumentHelp("Rows of a part of google-2011.", valueName: "rows"))
  var rowsPerPart = Google2011TraceWriter.defaultRowsPerPart

  @Flag(help: "Make the records fit to be given away, as convert --anonymise does.")
  var anonymise = false

  @Option(help: ArgumentHelp("The salt of --anonymise.", valueName: "text"))
  var salt: String?

  @Flag(help: "Results of some shards are enough: what is missing is told, and is no error.")
  var partial = false

  @Flag(help: "Print the summary as JSON.")
  var json = false

  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Work") var work: WorkOptions
  @OptionGroup(title: "Messages") var messages: MessageOptions

  private var isPartial: Bool { output.hasSuffix(".parts") }
  private var isOfResults: Bool { output.hasSuffix(".sqlite") }
  private var isOfSearch: Bool { output.hasSuffix(".points") }

  mutating func validate() throws {
    guard salt == nil || anonymise else { throw ValidationError("--salt is for --anonymise") }
    guard (1...1_000_000_000).contains(rowsPerPart) else {
      throw ValidationError("--rows-per-part is from 1 to 1000000000")
    }
    guard isOfResults || !partial else {
      throw ValidationError("--partial is for results files")
    }
    guard !isPartial, !isOfResults, !isOfSearch else {
      guard !anonymise, selection.isEmpty, toFormat == .records else {
        throw ValidationError("such a file keeps all; tasks are selected when records are made")
      }
      return
    }
    guard toFormat.of(output) == .records else { return }
    do { _ = try TableFileKind(path: output) } catch { throw ValidationError("\(error)") }
  }

  func run() throws {
    if isOfResults { return try mergeResults() }
    if isOfSearch { return try writeOutput(SearchJob.merge(files, to: output, json: json)) }
    let set = try FragmentSet(files, version: Toolkit.version)
    if isPartial {
      try set.merge(to: output)
      return try writeOutput(
        json ? jsonText(set.object(output: output)) + "\n" : set.text(output: output))
    }
    var settings = ReadingSettings()
    work.apply(to: &settings)
    let meter = ReadMeter()
    let trace = try settings.opener().recognise(
      set.input(), format: set.format, table: set.table)
    // Named before anything is begun.
    let rejects =
      try set.isLenient && set.missing == nil ? RejectsFile(beside: output) : nil
    let log = try rejects?.log ?? RejectLog { _ in }
    let options = try set.options(
      settings.readOptions(meter: meter, rejects: nil), rejects: log)
    let logger = messages.logger
    let progress = Progress("merging \(files.count) files", meter: meter, logger: logger)
    defer { progress.finish() }
    var conversion = RecordConversion()
    (conversion.layout, conversion.output, conversion.rowsPerPart) = (toFormat, output, rowsPerPart)
    conversion.selection = selection.selection
    (conversion.anonymises, conversion.salt) = (anonymise, salt)
    let summary = try conversion.run(trace, options, rejects: rejects) { logger?.notice("\($0)") }
    progress.finish(summary.selected)
    try writeSummary(json ? try jsonText(summary.object) + "\n" : summary.text, of: [output])
  }

  private func mergeResults() throws {
    let merged = try ResultsStore.merge(files, to: output, version: Toolkit.version)
    try writeOutput(
      json ? jsonText(merged.object(output: output)) + "\n" : merged.text(output: output))
    if let missing = merged.missing {
      guard partial else {
        throw CommandFailure(message: "\(output): missing: \(missing); the rest is in it")
      }
      messages.logger?.warning("missing: \(missing)")
    }
  }
}

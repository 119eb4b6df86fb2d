import ArgumentParser
import Diagnostics
import Runs
import Tables
import TraceInput
import TraceParsing
import Workload

/// `tracemill convert`: a trace to a file of task records.
struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Turn a trace into task records: Parquet or CSV.",
    discussion: """
      The input is a trace's folder, a table's folder, one file, an archive (.tar, .tar.gz, .zip, \
      .7z, ...), or - for standard input. The records come out in the order of submission.

      Examples:
        tracemill convert clusterdata-2011-2 -o tasks.parquet
        tracemill convert clusterdata-2011-2.tar.gz --table job_events -o jobs.csv.gz
        tracemill convert task_events --from 1d --to 2d --priority production -o day2.parquet
        tracemill convert broken.csv --lenient -o tasks.csv
        tracemill convert clusterdata-2011-2 --dry-run
        tracemill convert sacct.txt --anonymise -o jobs.parquet
        tracemill convert clusterdata-2011-2 --shard 3/64 -o 3.parts
        tracemill convert unknown.csv --print-mapping > map.yaml
      """)

  @Argument(help: ArgumentHelp("The trace.", valueName: "in"), completion: .file())
  var input: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The file to write; its ending says the kind: .parquet, .csv, .csv.gz, .csv.zst. "
        + "A pipe, or - for standard output, is CSV if its name does not say.",
      valueName: "file"))
  var output: String?

  @Flag(help: "Make the records and count them, and write nothing: shows whether all can be read.")
  var dryRun = false

  @Option(
    help: ArgumentHelp(
      "The layout to write: records, google-2011 (a new folder), swf (as .swf says), batsim, wfformat and opendc (new folders), slurm-simulator or kubernetes.",
      valueName: "layout"))
  var toFormat = RecordLayout.records

  @Option(help: ArgumentHelp("Rows of a part of google-2011.", valueName: "rows"))
  var rowsPerPart = Google2011TraceWriter.defaultRowsPerPart

  @Flag(help: "Write rows that cannot be read to a .rejects.csv beside the output, and go on.")
  var lenient = false

  @Flag(
    help: """
      Keep finished parts in a folder beside the output (OUTPUT.work) until it is complete, and go on \
      from those that are there.
      """)
  var resume = false

  @Option(
    help: ArgumentHelp(
      "Read this share of the parts only, such as 3/64, and keep what they hold in a .parts file; merge joins those of all shards.",
      valueName: "i/n"))
  var shard: Shard?

  @Flag(
    help: """
      Make the records fit to be given away: users become numbers (of a salted hash), times count \
      from the first submission, names beside the records are left out.
      """)
  var anonymise = false

  @Option(
    help: ArgumentHelp(
      "The salt of --anonymise: the same gives the same numbers again. Chosen and forgotten if not given.",
      valueName: "text"))
  var salt: String?

  @Flag(
    help:
      "Print a mapping (--columns) to begin from, guessed of the table's columns, and do no more.")
  var printMapping = false

  @Flag(help: "Print the summary as JSON.")
  var json = false

  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Reading") var reading: TraceOptions

  mutating func validate() throws {
    guard salt == nil || anonymise else {
      throw ValidationError("--salt is for --anonymise")
    }
    if printMapping { return }
    guard (1...1_000_000_000).contains(rowsPerPart) else {
      throw ValidationError("--rows-per-part is from 1 to 1000000000")
    }
    if shard != nil {
      guard let output, output.hasSuffix(".parts") else {
        throw ValidationError("--shard writes a .parts file: --output (-o) names it")
      }
      guard !dryRun, !resume, !anonymise, toFormat == .records, selection.isEmpty else {
        throw ValidationError(
          "--shard keeps all that its parts hold: what is selected, in which layout and whether it is "
            + "anonymised is said to merge; a shard that was interrupted is run again")
      }
      return
    }
    if dryRun {
      guard output == nil, !resume else {
        throw ValidationError("--dry-run writes nothing: it goes without --output and --resume")
      }
      return
    }
    guard let output else {
      throw ValidationError("--output (-o) says where to write; --dry-run writes nothing")
    }
    guard !OutputFile.isStream(output) || (!resume && toFormat.of(output) != .google2011) else {
      throw ValidationError("--resume and google-2011 need a place of their own, not a pipe")
    }
    guard toFormat.of(output) == .records else { return }
    do { _ = try TableFileKind(path: output) } catch { throw ValidationError("\(error)") }
  }

  func run() throws {
    let reading = try self.reading.settings()
    let meter = ReadMeter()
    if printMapping {
      let input = try TraceInput(
        path: self.input, maximumExpansion: reading.maximumExpansion,
        temporaryDirectory: reading.temporaryDirectory)
      return try writeOutput(MappingGuess(input).yaml)
    }
    if let shard, let output {
      return try keep(shard, in: output, reading, meter)
    }
    let trace = try reading.open(input, meter: meter)
    let rejects = try output.flatMap { lenient ? try RejectsFile(beside: $0) : nil }
    let log = try rejects?.log ?? (lenient ? RejectLog { _ in } : nil)
    var options = reading.readOptions(meter: meter, rejects: log)
    // Record files and SWF have a place for what a format says beyond the records.
    options.keepsAttributes =
      selection.selection.needsAttributes
      || output.map { [.records, .swf].contains(toFormat.of($0)) } ?? false
    if resume, let output {
      if trace.canKeepParts(of: options.table) {
        options.work = try WorkFolder(path: output + ".work")
      } else {
        reading.logger?.notice(
          """
          --resume has no effect: only parts of google-2011 events that are files of their own can \
          be kept; this input (\(trace.format)) is read from the beginning
          """)
      }
    }
    let progress = Progress("reading \(input)", meter: meter, logger: reading.logger)
    defer { progress.finish() }

    var conversion = RecordConversion()
    (conversion.layout, conversion.output, conversion.rowsPerPart) = (toFormat, output, rowsPerPart)
    conversion.selection = selection.selection
    (conversion.anonymises, conversion.salt) = (anonymise, salt)
    let summary = try conversion.run(trace, options, rejects: rejects) {
      reading.logger?.notice("\($0)")
    }
    options.work?.remove()
    progress.finish(summary.selected)
    try writeSummary(
      json ? try jsonText(summary.object) + "\n" : summary.text, of: output.map { [$0] } ?? [])
  }
}

extension ConvertCommand {
  /// Reads a share of the parts.
  private func keep(
    _ shard: Shard, in output: String, _ reading: ReadingSettings, _ meter: ReadMeter
  ) throws {
    let progress = Progress("reading \(shard) of \(input)", meter: meter, logger: reading.logger)
    defer { progress.finish() }
    let (input, trace) = try reading.openToSplit(self.input, meter: meter)
    let rejects = lenient ? try RejectLog { _ in } : nil
    let summary = try TraceSplit.write(
      shard, of: trace, in: input, to: output, version: Toolkit.version,
      reading.readOptions(meter: meter, rejects: rejects))
    progress.finish()
    try writeOutput(
      json
        ? jsonText(summary.object(shard, output: output)) + "\n"
        : summary.text(shard, output: output))
  }
}

extension RecordLayout: ExpressibleByArgument {}

extension Shard: ReadFromText, ExpressibleByArgument {}

import ArgumentParser
import Foundation
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
      """)

  @Argument(help: ArgumentHelp("The trace.", valueName: "in"), completion: .file())
  var input: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The file to write; its ending says the kind: .parquet, .csv, .csv.gz, .csv.zst.",
      valueName: "file"))
  var output: String?

  @Flag(help: "Make the records and count them, and write nothing: shows whether all can be read.")
  var dryRun = false

  /// What can be written besides record files.
  enum Layout: String, ExpressibleByArgument, CaseIterable {
    /// What the output's ending says.
    case records
    /// A folder in the layout of clusterdata-2011-2.
    case google2011 = "google-2011"
    /// A log in Standard Workload Format.
    case swf

    /// What is asked for, or what the name of the output says.
    func of(_ output: String) -> Layout {
      self == .records && output.hasSuffix(".swf") ? .swf : self
    }
  }

  @Option(
    help: ArgumentHelp(
      "The layout to write: records, google-2011 (the output is a new folder) or swf (as .swf says).",
      valueName: "layout"))
  var toFormat = Layout.records

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

  @Flag(help: "Print the summary as JSON.")
  var json = false

  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Reading") var reading: TraceOptions

  mutating func validate() throws {
    guard rowsPerPart > 0 else { throw ValidationError("--rows-per-part is above 0") }
    if dryRun {
      guard output == nil, !resume else {
        throw ValidationError("--dry-run writes nothing: it goes without --output and --resume")
      }
      return
    }
    guard let output else {
      throw ValidationError("--output (-o) says where to write; --dry-run writes nothing")
    }
    guard toFormat.of(output) == .records else { return }
    do { _ = try TableFileKind(path: output) } catch { throw ValidationError("\(error)") }
  }

  func run() throws {
    let meter = ReadMeter()
    let trace = try reading.open(input, meter: meter)
    let rejects = try output.flatMap { lenient ? try RejectsFile(beside: $0) : nil }
    let log = try rejects?.log ?? (lenient ? RejectLog { _ in } : nil)
    var options = try reading.readOptions(meter: meter, rejects: log)
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

    let stream = try trace.records(options)
    for note in stream.report.notes where note.hasPrefix("resume:") {
      reading.logger?.notice("\(note)")
    }
    let writer = try output.map { output in
      try RecordOutput(
        toFormat.of(output), path: output, rowsPerPart: rowsPerPart, format: trace.format,
        stream: stream,
        machines: { () throws(TraceError) in try trace.machineEvents(options) }, options)
    }
    let source = selection.apply(stream)
    var made = 0
    try source.forEachBatch { records in
      try writer?.write(contentsOf: records)
      made += records.count
    }
    // A window ends early; what is not kept is counted all the same.
    while try stream.next() != nil {}
    let leftOut = try writer?.finish() ?? [:]
    try rejects?.file.commit()
    options.work?.remove()
    progress.finish()
    let summary = ConversionSummary(
      report: stream.report, told: trace.notes, leftOut: leftOut, selected: made, output: output,
      rejects: rejects?.file.path,
      scale: options.scale, transitionsKnown: trace.format != "records")
    try writeOutput(json ? try tracemill.json(summary.object) + "\n" : summary.text)
  }
}

/// `OUT.rejects.csv`, for rows that could not be read.
struct RejectsFile {
  let file: OutputFile
  let log: RejectLog

  init(beside output: String) throws(TraceError) {
    var stem = output
    for kind in TableFileKind.allCases where output.hasSuffix(kind.rawValue) {
      let candidate = String(output.dropLast(kind.rawValue.count))
      if candidate.count < stem.count { stem = candidate }
    }
    let file = try OutputFile(path: stem + ".rejects.csv")
    self.file = file
    log = try RejectLog { line throws(TraceError) in try file.write(line) }
  }
}

/// What a conversion did, for people and for machines.
struct ConversionSummary {
  let report: ReadReport
  /// Notes that were told when the trace was opened.
  let told: [String]
  /// Values that the output's layout has no place for, by kind.
  let leftOut: [String: Int]
  let selected: Int
  /// Nil where nothing was written.
  let output: String?
  let rejects: String?
  let scale: MachineScale
  let transitionsKnown: Bool

  var text: String {
    var text = ""
    for (table, rows) in report.rows.sorted(by: { $0.key < $1.key }) {
      text += "read     \(grouped(rows)) rows of \(table)\n"
    }
    if report.comments > 0 { text += "skipped  \(grouped(report.comments)) comment lines\n" }
    let rejected = report.rejects.values.reduce(0, +)
    if rejects != nil || rejected > 0 {
      text += "rejected \(grouped(rejected)) rows\(rejects.map { " -> \($0)" } ?? "")\n"
      for (reason, count) in report.rejects.sorted(by: { $0.key < $1.key }) {
        text += "           \(grouped(count))  \(reason)\n"
      }
    }
    text += "made     \(grouped(report.records)) task records"
    text += selected == report.records ? "\n" : ", \(grouped(selected)) of them selected\n"
    if report.afterEnd > 0 {
      text += "left out \(grouped(report.afterEnd)) tasks seen only after the trace's end\n"
    }
    let odd = report.transitions.impossible.filter { $0.from != .unsubmitted }
    if transitionsKnown, !odd.isEmpty {
      text += "counted  \(grouped(odd.map(\.count).reduce(0, +))) impossible transitions: "
      text += odd.map { "\($0.event.name) while \($0.from.name) \(grouped($0.count))" }
        .joined(separator: ", ")
      text += "\n"
    }
    for note in report.notes where !told.contains(note) && !note.hasPrefix("resume:") {
      text += "note     \(note)\n"
    }
    for (what, count) in leftOut.sorted(by: { $0.key < $1.key }) {
      text += "lost     \(grouped(count)) \(what): no place in the output's layout\n"
    }
    text += output.map { "wrote    \($0)\n" } ?? "wrote    nothing (--dry-run)\n"
    return text
  }

  var object: [String: Any] {
    [
      "rows": report.rows, "comments": report.comments, "rejects": report.rejects,
      "notes": report.notes, "left_out": leftOut, "records": report.records,
      "selected": selected, "written": output == nil ? 0 : selected,
      "after_end": report.afterEnd,
      "impossible_transitions": impossibleTransitions(report.transitions),
      "output": output ?? NSNull(),
      "rejects_file": rejects ?? NSNull(),
      "scale": [
        "cores": scale.cores, "memory_bytes": scale.memory.rawValue,
        "disk_bytes": scale.disk.rawValue,
      ] as [String: Any],
    ]
  }
}

/// For JSON: `[{from, event, count}]`.
func impossibleTransitions(_ transitions: TransitionCounts) -> [[String: Any]] {
  transitions.impossible.map {
    ["from": $0.from.name, "event": $0.event.name, "count": $0.count]
  }
}

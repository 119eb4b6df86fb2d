import Diagnostics
import TraceInput
import TraceParsing
import Workload

/// A trace to task records in a file: what `tracemill convert` does.
///
/// ```swift
/// let summary = try ConversionJob("clusterdata-2011-2", to: "tasks.parquet").run(ReadingSettings())
/// print(summary.text)
/// ```
public struct ConversionJob {
  /// The trace: a folder, a file, an archive, or `-` for standard input.
  public var input: String
  /// The file or folder to write; nil to make the records and count them only.
  public var output: String?
  /// What is written.
  public var layout: RecordLayout
  /// Rows of a part of google-2011.
  public var rowsPerPart = Google2011TraceWriter.defaultRowsPerPart
  /// Whether rows that cannot be read go to a file beside the output instead of stopping it.
  public var isLenient = false
  /// Whether finished parts are kept beside the output until it is complete, and those there are used.
  public var resumes = false
  /// What names and numbers are made unrecognisable with; nil leaves them as they are.
  public var salt: [UInt8]?
  /// Which tasks are wanted.
  public var selection = TaskSelection()

  /// A conversion.
  public init(_ input: String, to output: String?, layout: RecordLayout = .records) {
    (self.input, self.output) = (input, output)
    self.layout = output.map(layout.of) ?? layout
  }

  /// Random bytes for ``salt``, so that nobody can repeat the change.
  public static func randomSalt() -> [UInt8] { (0..<32).map { _ in .random(in: 0...255) } }

  /// Reads the trace once and writes. Nothing is left of a file if it fails.
  ///
  /// - Parameters:
  ///   - reading: how the trace is read; its logger takes notes.
  ///   - meter: counts what is read.
  /// - Throws: `TraceError` with the place of what cannot be read, or of what cannot be written.
  public func run(
    _ reading: ReadingSettings, meter: ReadMeter = ReadMeter()
  ) throws -> ConversionSummary {
    var reading = reading
    reading.keepsAttributes = true
    let trace = try reading.open(input, meter: meter)
    let rejects = try output.flatMap { isLenient ? try RejectsFile(beside: $0) : nil }
    let log = try rejects?.log ?? (isLenient ? RejectLog { _ in } : nil)
    var options = reading.readOptions(meter: meter, rejects: log)
    if resumes, let output {
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
    var stream = try trace.records(options)
    if let salt { stream = try stream.anonymised(salt: salt) }
    for note in stream.report.notes where note.kind == .resumed {
      reading.logger?.notice("\(note)")
    }
    let writer = try output.map { output in
      try RecordOutput(
        layout, path: output, rowsPerPart: rowsPerPart, format: trace.format, stream: stream,
        machines: { () throws(TraceError) in try trace.machineEvents(options) }, options)
    }
    var made = 0
    try selection.apply(stream).forEachBatch { records in
      try writer?.write(contentsOf: records)
      made += records.count
    }
    // A window ends early; what is not kept is counted all the same.
    while try stream.next() != nil {}
    let leftOut = try writer?.finish() ?? [:]
    for note in writer?.notes ?? [] { reading.logger?.notice("\(note)") }
    try rejects?.file.commit()
    options.work?.remove()
    return ConversionSummary(
      report: stream.report, told: trace.notes, passedOver: trace.passedOver, leftOut: leftOut,
      selected: made, output: output, rejects: rejects?.file.path, scale: options.scale,
      transitionsKnown: trace.format != "records")
  }
}

import Diagnostics
import Foundation
import Tables
import TraceInput
import TraceParsing
import Workload

/// How the records of a trace become a file, whatever they are read from: the trace, or fragments of it.
public struct RecordConversion {
  /// What is written.
  public var layout = RecordLayout.records
  /// The file or folder; nil makes the records and writes nothing.
  public var output: String?
  /// Rows of a part of google-2011.
  public var rowsPerPart = Google2011TraceWriter.defaultRowsPerPart
  /// Which tasks are written.
  public var selection = TaskSelection()
  /// Whether what could tell who the users are is taken out.
  public var anonymises = false
  /// The salt of that; chosen and forgotten if nil.
  public var salt: String?

  /// Everything, to nowhere.
  public init() {}

  /// Does it.
  ///
  /// - Parameters:
  ///   - trace: what is read.
  ///   - options: how.
  ///   - rejects: where rows that cannot be read go; complete when this returns.
  ///   - note: takes what the user should know.
  /// - Throws: `TraceError`; nothing is half-written then.
  public func run(
    _ trace: any RecognisedTrace, _ options: ReadOptions, rejects: RejectsFile?,
    note: (Note) -> Void
  ) throws -> ConversionSummary {
    var options = options
    options.keepsColumns = true
    var stream = try trace.records(options)
    if anonymises {
      let salt = salt.map { Array($0.utf8) } ?? (0..<32).map { _ in UInt8.random(in: 0...255) }
      stream = try stream.anonymised(salt: salt)
    }
    for line in stream.report.notes where line.kind == .resumed { note(line) }
    if let output, let places = layout.of(output).places, layout.of(output).rawValue != trace.format
    {
      note(Note(.assumed, "output", places.warning(layout.of(output).rawValue)))
    }
    let writer = try output.map { output in
      try RecordOutput(
        layout.of(output), path: output, rowsPerPart: rowsPerPart, format: trace.format,
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
    for line in writer?.notes ?? [] { note(line) }
    try rejects?.file.commit()
    return ConversionSummary(
      report: stream.report, told: trace.notes, passedOver: trace.passedOver, leftOut: leftOut,
      selected: made, output: output, rejects: rejects?.file.path,
      scale: options.scale, transitionsKnown: trace.format != "records")
  }
}

import Generation
import TraceInput
import TraceParsing
import Workload

/// A synthetic workload written out: what `tracemill generate -o` does.
///
/// ```swift
/// let named = try NamedModel("study:tasks=1000")
/// let job = GenerationJob(
///   try named.source(seed: 1), named.scenario, output: "tasks.parquet")
/// print(try job.write(ReadingSettings()).text)
/// ```
public struct GenerationJob {
  private let source: SyntheticWorkload
  private let scenario: WorkloadScenario
  private let output: String
  private let layout: RecordLayout
  private let rowsPerPart: Int
  private let parts: Int?
  private let begin: Microseconds

  /// - Parameters:
  ///   - source: the tasks.
  ///   - scenario: what they are drawn from.
  ///   - output: a file, or a folder that there is not yet.
  ///   - layout: what is written.
  ///   - rowsPerPart: rows of a part of google-2011.
  ///   - parts: so many full parts of google-2011 are written, and `source` has no end; nil for all tasks.
  ///   - begin: when the trace begins; what ends before is left out.
  public init(
    _ source: SyntheticWorkload, _ scenario: WorkloadScenario, output: String,
    layout: RecordLayout = .records,
    rowsPerPart: Int = Google2011TraceWriter.defaultRowsPerPart, parts: Int? = nil,
    begin: Microseconds = .zero
  ) {
    (self.source, self.scenario, self.output) = (source, scenario, output)
    self.layout = layout.of(output)
    (self.rowsPerPart, self.parts, self.begin) = (rowsPerPart, parts, begin)
  }

  /// Draws the tasks on the threads of `reading` and writes them. Nothing is left of a file if it fails.
  ///
  /// - Throws: `TraceError` where the output cannot be written.
  public func write(_ reading: ReadingSettings) throws -> GenerationSummary {
    let options = reading.readOptions(meter: ReadMeter())
    let stream = RecordStream(
      generated: source, dependencies: parts == nil ? try source.dependencies() : DependencyTable(),
      users: source.userNames, lastTime: scenario.extent.duration ?? .zero)
    let writer = try RecordOutput(
      layout, path: output, rowsPerPart: rowsPerPart, format: "tracemill generate", stream: stream,
      begin: begin, firstJob: scenario.model.details == nil ? 0 : Self.firstJob, options)
    var summary = GenerationSummary(scenario: scenario, output: output)
    var isFull = false
    try source.forEachPart(threads: reading.threads, while: { !isFull }) { records in
      for record in records {
        if record.submit >= begin {
          summary.add(record, begin: begin)
        } else if record.end.isKnown, record.end < begin {
          continue
        }
        if layout == .google2011 {
          try writer.write(record, attempts: attempts(of: record))
        } else {
          try writer.write(record)
        }
      }
      if let parts, let last = records.last {
        isFull = writer.isFull(parts: parts, before: last.submit)
      }
    }
    summary.leftOut = try writer.finish(parts: parts)
    if parts != nil, scenario.model.graph != nil { summary.leftOut["jobs' graphs"] = summary.jobs }
    return summary
  }

  /// The first job number of traces with a trace's details: Google's have ten digits too.
  private static let firstJob: Int64 = 6_250_000_000

  /// A task's attempts; where its class leaves ends open, one that begins at once and succeeds.
  private func attempts(of record: TaskRecord) -> [TaskAttempt] {
    let attempts = source.attempts(of: record)
    guard attempts.isEmpty else { return attempts }
    return [
      TaskAttempt(
        submit: record.submit, start: record.submit, end: record.submit + record.runTime,
        outcome: .finished)
    ]
  }
}

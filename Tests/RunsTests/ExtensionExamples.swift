// The examples of docs/architecture.md, which has each of them as it stands here. Public API only.
import Diagnostics
import Fitting
import Foundation
import Runs
import Simulation
import TraceInput
import TraceParsing
import Workload

/// The machine with the most free cores.
struct MostFreeCores: PlacementPolicy {
  let name = "most-free-cores"

  mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    cluster.cheapest(for: task) { cluster, machine in -cluster.free(machine).cpu.value }
  }
}

/// Starts of tasks beyond their first.
let restarts = Metric(
  "restarts", "restarts", better: .lower, "Starts of tasks beyond their first."
) { Double($0.restarts) }

/// A task of one core and ten seconds, every second.
struct Metronome: WorkloadSource {
  typealias Failure = Never
  var made: Int64 = 0
  let count: Int64

  mutating func next() -> TaskRecord? {
    guard made < count else { return nil }
    defer { made += 1 }
    return TaskRecord(
      id: TaskID(job: made), submit: Microseconds(seconds: Double(made)),
      runTime: Microseconds(seconds: 10),
      request: Resources(cpu: Cores(1), memory: Bytes(gibibytes: 1)))
  }
}

/// Burr's law XII: survival (1 + (x / scale)^c)^-k.
struct BurrXII: Distribution {
  let c, k, scale: Double
  let lowerBound = 0.0
  let upperBound = Double.infinity
  var mean: Double { .nan }  // k B(k - 1 / c, 1 + 1 / c), left out here
  var variance: Double { .nan }

  func logSurvival(_ x: Double) -> Double {
    x > 0 ? -k * log1p(pow(x / scale, c)) : 0
  }

  func logDensity(_ x: Double) -> Double {
    guard x > 0 else { return -.infinity }
    return log(c * k / scale) + (c - 1) * log(x / scale) - (k + 1) * log1p(pow(x / scale, c))
  }

  func quantile(logSurvival level: Double) -> Double {
    scale * pow(expm1(-level / k), 1 / c)
  }
}

/// Jobs in one table, their ends in another: `jobs` has id, submit_s and cores, `ends` id, start_s and
/// end_s. A job without an end never ran.
struct TwoTableFormat: TraceFormat {
  let name = "two-table"

  static let jobs = FieldTable(
    "jobs",
    [
      ColumnSpec("id", .integer, true), ColumnSpec("submit_s", .number, true),
      ColumnSpec("cores", .number, true),
    ])
  static let ends = FieldTable(
    "ends",
    [
      ColumnSpec("id", .integer, true), ColumnSpec("start_s", .number, true),
      ColumnSpec("end_s", .number, true),
    ])

  func recognise(
    _ input: TraceInput, table: String?
  ) throws(TraceError) -> (any RecognisedTrace)? {
    let finder = FieldTableFinder(
      format: name,
      candidates: [
        .init(table: Self.jobs, syntax: .csvWithHeader),
        .init(table: Self.ends, syntax: .csvWithHeader),
      ])
    return try FieldTableTrace(finder, input, asked: table).map { TwoTableTrace(found: $0) }
  }
}

struct TwoTableTrace: RecognisedTrace {
  let found: FieldTableTrace
  var format: String { found.format }
  var tables: [TraceTable] { found.tables }
  var notes: [String] { found.notes }
  var passedOver: [PassedOverFile] { found.passedOver }

  func records(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    try gather(options).stream()
  }

  func machineEvents(_ options: ReadOptions) throws(TraceError) -> MachineEventList? { nil }

  func survey(_ table: String, _ options: ReadOptions) throws(TraceError) -> TableSurvey {
    try gather(options).survey
  }

  private func gather(_ options: ReadOptions) throws(TraceError) -> RecordGathering {
    var spans: [Int64: (start: Microseconds, end: Microseconds)] = [:]
    var ends = found.reader("ends", options)
    try ends?.forEachRow { row throws(RowError) in
      let (start, end) = (try row.seconds(1), try row.seconds(2))
      guard end >= start else { throw row.malformed(2, "at or after start_s") }
      spans[try row.integer(0)] = (start, end)
    }
    var gathering = RecordGathering(options)
    var jobs = try found.recordReader("jobs", options)
    try jobs.forEachRow { row throws(RowError) in
      var record = TaskRecord(
        id: TaskID(job: try row.integer(0)), submit: try row.seconds(1), runTime: .zero,
        request: Resources(cpu: Cores(try row.number(2, in: 0...1e6)), memory: .zero))
      if let span = spans[record.id.job] {
        (record.attempts, record.outcome) = (1, .finished)
        (record.firstSchedule, record.lastSchedule) = (span.start, span.start)
        (record.waitTime, record.runTime) = (span.start - record.submit, span.end - span.start)
        record.end = span.end
      }
      gathering.survey.add(time: record.submit)
      gathering.add(record)
    }
    gathering.finish("jobs", rows: jobs.rows, comments: jobs.comments, options)
    return gathering
  }
}

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
struct MostFreeCores: ScoredPolicy {
  let name = "most-free-cores"

  func cost(of task: TaskView, on machine: Int, in cluster: borrowing Cluster) -> Double {
    -cluster.free(machine).cpu.value
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

/// Dagum's law (Burr's law III): P(X ≤ x) = (1 + (x / scale)^-a)^-p.
struct Dagum: ParametricDistribution {
  let a, p, scale: Double

  static let family = Family(
    "dagum", parameters: ["a", "p", "scale"], examples: [[2.5, 0.7, 60], [1.4, 3, 5]],
    Dagum.self, likelihood: DagumModel.self)

  init(parameters: [Double]) throws(FittingError) {
    (a, p, scale) = (parameters[0], parameters[1], parameters[2])
    for (name, value) in zip(["a", "p", "scale"], parameters)
    where !(value > 0 && value < .infinity) {
      throw .invalidParameter(
        law: "dagum", parameter: name, value: value, requirement: "finite and > 0")
    }
  }

  var parameters: [Double] { [a, p, scale] }
  func scaledParameters(by factor: Double) -> [Double] { [a, p, scale * factor] }
  func parameters(tailIndex index: Double) -> [Double]? { [index, p, scale] }

  let lowerBound = 0.0
  let upperBound = Double.infinity

  func logSurvival(_ x: Double) -> Double {
    x > 0 ? logComplement(-p * log1p(pow(x / scale, -a))) : 0
  }

  /// log(1 - e^y) of y < 0, without loss of digits at either end.
  private func logComplement(_ y: Double) -> Double {
    y < -0.7 ? log1p(-exp(y)) : log(-expm1(y))
  }

  func logDensity(_ x: Double) -> Double {
    guard x > 0, x < .infinity else { return -.infinity }
    let y = a * log(x / scale)
    return log(a * p / x) - y - (p + 1) * log1p(exp(-y))
  }

  func quantile(logSurvival level: Double) -> Double {
    if level == 0 { return 0 }
    return scale * pow(expm1(-logComplement(level) / p), -1 / a)
  }

  /// E[(X / scale)^r].
  private func moment(_ r: Double) -> Double {
    r < a ? tgamma(p + r / a) * tgamma(1 - r / a) / tgamma(p) : .infinity
  }
  var mean: Double { scale * moment(1) }
  var variance: Double {
    a > 2 ? scale * scale * (moment(2) - moment(1) * moment(1)) : .infinity
  }
}

/// Its likelihood in θ = (log a, log p, log scale), with y = a log(x / scale).
struct DagumModel: LikelihoodModel {
  static let coordinates: [Coordinate] = [.logarithm, .logarithm, .logarithm]
  let a, p, logScale: Double

  static func start(_ s: StartSummary) -> [SIMD4<Double>] {
    [[log(1.8 / max(s.logDeviation, 1e-6)), 0, s.logMean, 0]]
  }

  init(_ theta: SIMD4<Double>, anchor: Double) {
    (a, p, logScale) = (exp(theta[0]), exp(theta[1]), theta[2])
  }

  func logDensity(_ x: Double, _ logX: Double) -> LogScore<SIMD4<Double>> {
    let y = a * (logX - logScale)
    let s = log1p(exp(-y))
    let slope = 1 - (p + 1) / (1 + exp(y))
    return LogScore(
      value: log(a) + log(p) - logX - y - (p + 1) * s,
      gradient: [1 - y * slope, 1 - p * s, a * slope, 0])
  }

  func logSurvival(_ x: Double) -> LogScore<SIMD4<Double>> {
    if x <= 0 { return .zero }
    let y = a * (log(x) - logScale)
    let logCDF = -p * log1p(exp(-y))
    let value = log(-expm1(logCDF))
    let byLogCDF = -exp(logCDF - value)
    let q = p / (1 + exp(y))
    return LogScore(value: value, gradient: byLogCDF * [q * y, logCDF, -a * q, 0])
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
  var notes: [Note] { found.notes }
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

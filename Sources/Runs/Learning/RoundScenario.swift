import Configuration
import Simulation

/// GPUs of several types that jobs share in rounds, as a file says it: `tracemill rounds`.
public struct RoundScenario: Sendable {
  /// What it is called.
  public let name: String
  /// The types of GPU, in the order of `RoundSimulator.gpus`.
  public let types: [String]
  /// The kinds of job, in the order of `RoundSimulator.throughputs`.
  public let kinds: [String]
  /// How a run works.
  public let simulator: RoundSimulator
  /// The jobs, by arrival.
  public let jobs: [RoundJob]
  /// Those whose times count, by their number in order of arrival from 0.
  public let measured: Range<Int>
  /// The policies' names.
  public let policies: [String]

  /// The most rounds that all jobs may have together, each on its slowest type.
  public static let mostRounds = 1e9

  /// Reads it.
  ///
  /// - Throws: ``RunError`` with every mistake in the file.
  public init(path: String) throws {
    self = try LearningFile(path: path).read { Self($0) }
  }

  private init?(_ root: ConfigurationNode) {
    name = root.string("name", required: true) ?? ""
    var (types, gpus): ([String], [Int]) = ([], [])
    if let node = root.object("gpus", required: true) {
      types = node.keys
      if types.isEmpty { node.problem("is empty") }
      gpus = types.map { node.integer($0, in: 1...100_000) ?? 1 }
    }
    var kinds: [String] = []
    var speeds: [[Double]] = []
    if let node = root.object("throughputs", required: true) {
      kinds = node.keys
      for kind in kinds {
        let row = node.object(kind)
        speeds.append(types.map { row?.number($0, in: .from(0, to: 1e12), required: true) ?? 1 })
        if speeds.last?.contains(where: { $0 > 0 }) == false { row?.problem("runs on no type") }
      }
    }
    let places = Dictionary(uniqueKeysWithValues: kinds.enumerated().map { ($1, $0) })
    var jobs: [RoundJob] = []
    for node in root.list("jobs", required: true) ?? [] {
      let at = node.number("at", in: .from(0, to: 1e12), required: true) ?? 0
      let steps = node.number("steps", in: .positive, required: true) ?? 1
      let kind = node.string("kind", required: true) ?? ""
      if !kind.isEmpty, places[kind] == nil {
        node.problem(at: "kind", "'\(kind)' has no throughputs")
      }
      if at < jobs.last?.arrival ?? 0 { node.problem(at: "at", "is before that of the job above") }
      jobs.append(RoundJob(arrival: at, kind: places[kind] ?? 0, steps: steps))
    }
    if root["jobs"] != nil, jobs.isEmpty { root.problem(at: "jobs", "is empty") }
    var simulator = RoundSimulator(throughputs: speeds, gpus: gpus)
    simulator.round = root.number("round", in: .from(1, to: 1e7)) ?? simulator.round
    simulator.leastReset = root.number("leastReset", in: .from(0, to: 1e9)) ?? simulator.leastReset
    simulator.seed = root.integer("seed", in: 0...Int(UInt32.max)).map { UInt64($0) } ?? 1
    for (kind, row) in zip(kinds, speeds)
    where row.contains(where: { $0 > 0 && ($0 * simulator.round) < 1 }) {
      root.problem(
        at: "throughputs.\(kind)", "has a type on which a round is too short for one step")
    }
    // Work is bounded before it is begun; the rounds of a job are most on its slowest type.
    let work = jobs.reduce(0) { sum, job in
      let slowest =
        speeds.indices.contains(job.kind) ? speeds[job.kind].filter { $0 > 0 }.min() : nil
      return sum + job.steps / ((slowest ?? 1) * simulator.round)
    }
    if work > Self.mostRounds {
      root.problem(
        at: "jobs",
        "come to \(significant(work)) rounds, more than \(significant(Self.mostRounds)): a longer round makes fewer"
      )
    }
    var measured = 0..<jobs.count
    if let node = root.object("measure") {
      let from = node.integer("from", in: 0...100_000_000) ?? 0
      let to = node.integer("to", in: 1...100_000_000) ?? jobs.count
      if from >= to || to > jobs.count {
        node.problem("is no range of the \(grouped(jobs.count)) jobs")
      } else {
        measured = from..<to
      }
    }
    let known = RoundPolicies.all.map(\.name)
    policies =
      root.list("policies")?.compactMap { node in
        guard let policy = node.string() else { return nil }
        if !known.contains(policy) { node.problem(unknownName("policy", policy, among: known)) }
        return policy
      } ?? known
    (self.types, self.kinds, self.simulator) = (types, kinds, simulator)
    (self.jobs, self.measured) = (jobs, measured)
  }

  /// What a policy came to.
  public struct Result: Sendable {
    /// The policy.
    public var policy: String
    /// Mean time from arrival to end of the measured jobs, in hours.
    public var meanHours: Double
    /// The longest of them, in hours.
    public var longestHours: Double
    /// Rounds.
    public var rounds: Int
    /// The part of the GPUs' time in which a job ran, up to the end of the last measured job.
    public var use: Double
    /// Processor time of the run, in seconds.
    public var cpu: Double

    /// For JSON.
    public var object: [String: Any] {
      [
        "policy": policy, "jct_mean_h": meanHours, "jct_max_h": longestHours, "rounds": rounds,
        "gpu_use": use, "cpu_s": cpu,
      ]
    }
  }

  /// Runs one of the policies.
  ///
  /// - Throws: ``RunError`` for a name that is none.
  public func run(_ policy: String) throws -> Result {
    guard let rule = RoundPolicies.named(policy) else {
      throw RunError(
        message: unknownName("policy", policy, among: RoundPolicies.all.map(\.name)))
    }
    let start = processorSeconds()
    let report = simulator.run(jobs, by: rule, awaiting: measured)
    let hours = measured.map { (report.ends[$0] - jobs[$0].arrival) / 3600 }
    return Result(
      policy: policy, meanHours: hours.reduce(0, +) / Double(hours.count),
      longestHours: hours.max() ?? .nan, rounds: report.rounds, use: report.use,
      cpu: processorSeconds() - start)
  }
}

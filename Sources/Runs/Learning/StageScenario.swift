import Configuration
import Foundation
import MARL
import Simulation
import Workload

/// Jobs of stages that share executors, as a file says it: `tracemill stages`.
public struct StageScenario: Sendable {
  /// What it is called.
  public let name: String
  /// The graphs' names, in the order of the simulator's tables.
  public let graphs: [String]
  /// How a run works; its seed is that of a run.
  public let simulator: StageSimulator
  /// Where jobs come from.
  public let arrivals: StageArrivals
  /// What runs are drawn from, one run a seed.
  public let seeds: [UInt32]
  /// The policies' names, with their parameters.
  public let policies: [String]
  private let folder: String

  /// The most tasks of a run.
  public static let mostTasks = 1e10

  /// Reads it, and the graphs.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - graphs: a file of graphs in place of the one that it names; nil for that.
  ///   - policies: policies in place of those that it names, files among them by their paths; none for those.
  /// - Throws: ``RunError`` with every mistake in the file.
  public init(path: String, graphs: String? = nil, policies: [String] = []) throws {
    let file = LearningFile(path: path)
    var parts = try file.read { StageParts($0, needsGraphs: graphs == nil) }
    if !policies.isEmpty { parts.policies = policies }
    try self.init(parts, path: path, graphs: graphs, folder: policies.isEmpty ? nil : ".")
  }

  /// - Parameter folder: where learned policies are; nil for beside the file.
  init(_ parts: StageParts, path: String, graphs: String? = nil, folder: String? = nil) throws {
    let beside = URL(fileURLWithPath: path).deletingLastPathComponent().path
    self.folder = folder ?? beside
    let file = try StageGraphFile(
      path: graphs ?? LearningFile.place("file:" + parts.graphs, in: beside))
    (name, seeds, policies) = (parts.name, parts.seeds, parts.policies)
    self.graphs = file.graphs.map(\.name)
    simulator = StageSimulator(file.graphs, executors: parts.executors, options: parts.options)
    arrivals = try StageArrivals(parts.arrivals, graphs: self.graphs, path: path)
    let most = Double(simulator.tables.graphs.map(\.tasks).max() ?? 0) * Double(arrivals.count)
    guard most <= Self.mostTasks else {
      throw RunError(
        message:
          "\(path): the jobs may come to \(significant(most)) tasks, more than \(significant(Self.mostTasks))"
      )
    }
    // What cannot be read is told before anything runs.
    for policy in policies { _ = try self.policy(policy) }
  }

  /// What a policy came to in the run of one seed.
  public struct Result: Sendable {
    /// The seed.
    public var seed: UInt32
    /// What it came to.
    public var report: StageSimulator.Report
    /// The longest time from arrival to end, in milliseconds.
    public var longest: Int
    /// Processor time of the run, in seconds.
    public var cpu: Double

    /// For JSON.
    var object: [String: Any] {
      [
        "seed": Int(seed), "mean_s": report.meanCompletion / 1000,
        "longest_s": Double(longest) / 1000, "executor_use": report.use, "tasks": report.tasks,
        "moves": report.moves, "decisions": report.decisions, "forced": report.forced,
        "cpu_s": cpu,
      ]
    }
  }

  /// A policy by its name: one of `StagePolicies`, with `:PARAMETER` where it has one, or `stage:FILE`.
  ///
  /// - Throws: ``RunError`` for a name that is none, a parameter that is none, a file that is none.
  public func policy(_ text: String) throws -> any StagePolicy {
    try NamedStagePolicy(text, folder: folder).policy(simulator.tables)
  }

  /// Runs one of the policies on the jobs of a seed.
  ///
  /// - Throws: as ``policy(_:)``.
  public func run(_ policy: String, seed: UInt32) throws -> Result {
    try run(try self.policy(policy), seed: seed)
  }

  func run(_ policy: some StagePolicy, seed: UInt32) throws -> Result {
    let jobs = arrivals.jobs(seed: seed)
    var simulator = simulator
    simulator.seed = UInt64(seed)
    let start = processorSeconds()
    let report = simulator.run(jobs, by: policy)
    let longest = zip(report.ends, jobs).map { $0 - $1.arrival }.max() ?? 0
    return Result(seed: seed, report: report, longest: longest, cpu: processorSeconds() - start)
  }
}

/// What a file says of jobs of stages.
struct StageParts {
  var name = ""
  var graphs = ""
  var executors = 1
  var options = StageOptions()
  var arrivals = StageArrivals.Parts()
  var seeds: [UInt32] = [1]
  var policies: [String] = []
  var training = StageTrainer.Settings()

  init?(_ root: ConfigurationNode, needsGraphs: Bool = true) {
    name = root.string("name", required: true) ?? ""
    graphs = root.string("graphs", required: needsGraphs) ?? ""
    executors = root.integer("executors", in: 1...StageOptions.mostExecutors, required: true) ?? 1
    let delays = NumberRange.from(0, to: 1e6)
    func milliseconds(_ key: String, _ other: Int) -> Int {
      root.number(key, in: delays).map { Int(($0 * 1000).rounded()) } ?? other
    }
    options.movingDelay = milliseconds("movingDelay", options.movingDelay)
    options.warmup = milliseconds("warmup", options.warmup)
    for node in root.list("points") ?? [] {
      guard let point = node.number(in: .from(1, to: Double(StageGraph.mostExecutors))) else {
        continue
      }
      if point != point.rounded() || Int(point) <= options.points.last ?? 0 {
        node.problem("is no whole number above the one before it")
      } else {
        options.points.append(Int(point))
      }
    }
    options.drawsFartherPoint =
      root.choice("pointDraw", of: ["nearer", "farther"]) == "farther"
    arrivals = StageArrivals.Parts(root)
    if let list = root.list("seeds") {
      seeds = list.compactMap { node in
        guard let seed = node.number(in: .from(0, to: Double(UInt32.max))) else { return nil }
        if seed != seed.rounded() { node.problem("is no whole number") }
        return UInt32(seed)
      }
      if list.isEmpty { root.problem(at: "seeds", "is empty") }
      if Set(seeds).count < seeds.count { root.problem(at: "seeds", "has one twice") }
    }
    policies =
      root.list("policies")?.compactMap { node in
        guard let policy = node.string() else { return nil }
        do { try NamedStagePolicy.check(policy) } catch { node.problem("\(error)") }
        return policy
      } ?? StagePolicies.all.map(\.name)
    if root["policies"] != nil, policies.isEmpty { root.problem(at: "policies", "is empty") }
    // For `tracemill train`; the same file is for both.
    if let decision = root.choice("decision", of: LearnedDecision.self), decision != .stage {
      root.problem(at: "decision", "is \(decision.rawValue); jobs of stages are for stage")
    }
    guard let node = root.object("training") else { return }
    training.read(node)
    training.draws = node.integer("draws", in: 1...1000) ?? training.draws
    training.jobs = node.integer("jobs", in: 1...1_000_000) ?? training.jobs
    training.validationDraws =
      node.integer("validationDraws", in: 1...1000) ?? training.validationDraws
    training.validationJobs =
      node.integer("validationJobs", in: 1...1_000_000) ?? training.validationJobs
  }
}

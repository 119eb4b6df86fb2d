import Experiments
import Foundation
import MARL
import Quoting
import Simulation
import Workload

/// Schedulers that meet the same held-out episodes, and what they come to.
///
/// ```swift
/// let evaluation = try Evaluation(["marl:policy.safetensors", "random"])
/// let result = try evaluation.run(scenario, load: 0.7, tasks: 2000, seeds: EpisodeSeed.heldOut(3) ?? [], workers: 2)
/// print(result.text)
/// ```
public struct Evaluation {
  private let contenders: [Contender]

  /// Schedulers by name, each once: as `tracemill simulate --scheduler` takes them, `oracle:NAME` for NAME
  /// with a view of no age, or `all` for the catalogue's and the usual samples.
  ///
  /// - Parameters:
  ///   - schedulers: their names; the first is compared with each of the others.
  ///   - candidates: how many candidates learned schedulers score; nil for their own number.
  ///   - asTrained: whether learned schedulers run in the engine that they learned in, not in the
  ///     scenario's.
  public init(_ schedulers: [String], candidates: Int? = nil, asTrained: Bool = false) throws {
    var names: [String] = []
    for name in schedulers.flatMap({ $0 == "all" ? Self.allSchedulers : [$0] })
    where !names.contains(name) { names.append(name) }
    contenders = try names.map {
      try Contender($0, candidates: candidates, asTrained: asTrained)
    }
    if asTrained, !contenders.contains(where: \.isLearned) {
      throw RunError(message: NamedScheduler.nothingLearned)
    }
  }

  /// A line for each scheduler that is to run in another engine than it learned in.
  public func warnings(in scenario: Scenario) throws -> [String] {
    try contenders.compactMap { contender in
      try contender.warning(in: scenario).map { "\(scenario.name): \(contender.name) \($0)" }
    }
  }

  /// What `all` stands for.
  private static var allSchedulers: [String] {
    PolicyCatalog.entries.filter {
      !$0.name.hasPrefix("study-") && !$0.make().followsRecord && !$0.make().needsDevices
    }
    .map(\.name) + Contender.usualSamples
  }

  /// The episodes of a scenario at a load, for each scheduler in turn.
  ///
  /// - Parameters:
  ///   - scenario: where.
  ///   - load: offered CPU over capacity.
  ///   - tasks: tasks an episode.
  ///   - seeds: one episode each.
  ///   - workers: episodes at a time; the result is the same.
  ///   - begins: told the name of each scheduler before it runs.
  public func run(
    _ scenario: Scenario, load: Double, tasks: Int, seeds: [EpisodeSeed], workers: Int,
    begins: (String) -> Void = { _ in }
  ) throws -> EvaluationResult {
    let rewards = try contenders.map { contender in
      begins(contender.name)
      return try contender.rewards(
        in: scenario, load: load, tasks: tasks, seeds: seeds, workers: workers)
    }
    return EvaluationResult(
      scenario: scenario.name, units: scenario.units(at: load), load: load, tasks: tasks,
      seeds: seeds, schedulers: contenders.map(\.name), rewards: rewards)
  }

  /// The head of ``EvaluationResult/csvRows``.
  public static var csvHeader: String {
    (["scenario", "load", "seed", "scheduler"] + RewardMetric.catalogue.map(\.name))
      .joined(separator: ",") + "\n"
  }
}

/// What schedulers came to in a scenario at a load.
public struct EvaluationResult {
  /// The scenario's name.
  public let scenario: String
  /// What energy and imbalance count as 1.
  public let units: RewardUnits
  /// Offered CPU over capacity.
  public let load: Double
  /// Tasks an episode.
  public let tasks: Int
  /// The seeds of the episodes.
  public let seeds: [EpisodeSeed]
  /// Names of the schedulers.
  public let schedulers: [String]
  /// The reward of each scheduler on each seed.
  public let rewards: [[Reward]]

  /// A row for each scheduler and seed.
  public var csvRows: String {
    var rows = ""
    for (name, rewards) in zip(schedulers, rewards) {
      for (seed, reward) in zip(seeds, rewards) {
        let figures = RewardMetric.catalogue.map { metric in
          metric.name == "tasks" ? "\(reward.tasks)" : "\(metric.value(reward))"
        }
        rows +=
          (["\(Quoting.csv(scenario))", "\(load)", "\(seed.value)", Quoting.csv(name)] + figures)
          .joined(separator: ",") + "\n"
      }
    }
    return rows
  }

  /// How far the first scheduler leads `index`, in reward, with a bootstrap interval of 95 %.
  public func comparison(with index: Int) -> PairedComparison {
    var rng = RandomStream(seed: 1, name: "bootstrap")
    return PairedComparison(rewards[0].map(\.total), rewards[index].map(\.total), using: &rng)
  }

  private func mean(_ index: Int, _ value: (Reward) -> Double) -> Double {
    rewards[index].reduce(0) { $0 + value($1) } / Double(rewards[index].count)
  }

  /// A scheduler each: means over seeds, and how far the first one leads.
  public var objects: [[String: Any]] {
    schedulers.indices.map { index in
      let comparison = comparison(with: index)
      var object: [String: Any] = [
        "scenario": scenario, "scheduler": schedulers[index], "load": load,
        "seeds": rewards[index].count, "behind_first": comparison.meanDifference,
      ]
      for metric in RewardMetric.catalogue where metric.name != "tasks" {
        object[metric.name] = mean(index, metric.value)
      }
      if let interval = comparison.bootstrap {
        object["behind_first_interval"] = [interval.lower, interval.upper]
      }
      return object
    }
  }

  /// The table that people read.
  public var text: String {
    var table = TextTable(
      header: [
        "", "R", "S", "C", "E", "V", "met %", "completion s", "J a task", "less", "95 %", "",
      ], left: [0])
    for (index, name) in schedulers.enumerated() {
      var cells = [
        name, fixed(mean(index, \.total), 4), fixed(mean(index, \.service), 3),
        fixed(mean(index, \.completion), 3), fixed(mean(index, \.energy), 3),
        fixed(mean(index, \.imbalance), 3), fixed(mean(index, \.deadlinesMet) * 100, 1),
        fixed(mean(index, \.completionSeconds), 2), fixed(mean(index, \.joules), 0),
      ]
      if index > 0 {
        let comparison = comparison(with: index)
        cells += [
          fixed(comparison.meanDifference, 4),
          comparison.bootstrap.map { "\(fixed($0.lower, 4))" } ?? "-",
          comparison.bootstrap.map { "\(fixed($0.upper, 4))" } ?? "-",
        ]
      } else {
        cells += ["", "", ""]
      }
      table.add(cells)
    }
    return "\(scenario), load \(significant(load)), \(grouped(tasks)) tasks, \(seeds.count) seeds "
      + "from \(seeds.first?.value ?? 0); units \(fixed(units.energy, 1)) J a task, variance "
      + "\(fixed(units.variance, 4))\n" + table.text + "\n"
  }
}

/// A scheduler that is evaluated.
private struct Contender {
  /// Sampled rules that any comparison should have.
  static let usualSamples = [
    "sampled:earliest-completion,d=3,weighted", "sampled:earliest-completion,d=10",
    "sampled:earliest-completion,d=100000", "sampled:fastest-fit,d=3,weighted",
    "sampled:fastest-fit,d=100000", "sampled:least-loaded,d=2,weighted",
    "sampled:minimum-energy,d=3,weighted", "sampled:best-fit,d=3,weighted",
    "sampled:dot-product,d=3,weighted", "sampled:least-allocated,d=3,weighted",
    "sampled:earliest-completion,d=3,neighbours", "sampled:earliest-completion,d=8,neighbours",
    "sampled:fastest-fit,d=3,neighbours", "sampled:fastest-fit,d=8,neighbours",
    "sampled:least-loaded,d=3,neighbours",
  ]

  let name: String
  private let scheduler: NamedScheduler
  private let isOracle: Bool
  private let candidates: Int?
  private let asTrained: Bool

  init(_ name: String, candidates: Int?, asTrained: Bool) throws {
    self.name = name
    self.candidates = candidates
    self.asTrained = asTrained
    isOracle = name.hasPrefix("oracle:")
    scheduler = try NamedScheduler(isOracle ? String(name.dropFirst("oracle:".count)) : name)
  }

  /// Whether it learned in an engine.
  var isLearned: Bool { NamedScheduler.isLearned(scheduler.name) }

  /// What is to be said of it in a scenario before it runs; nil for nothing. An oracle's view of no age
  /// is what its name says.
  func warning(in scenario: Scenario) throws -> String? {
    scheduler.warning(in: try options(scenario), as: .keys)
  }

  private func options(_ scenario: Scenario) throws -> SimulationOptions {
    var options = scenario.options
    if asTrained, isLearned { try scheduler.setEnvironment(&options) }
    return options
  }

  func rewards(
    in scenario: Scenario, load: Double, tasks: Int, seeds: [EpisodeSeed], workers: Int
  ) throws -> [Reward] {
    let (scheduler, candidates) = (scheduler, candidates)
    var scenario = scenario
    scenario.options = try options(scenario)
    if isOracle { scenario.options.heartbeat = .zero }
    return try scenario.rewards(
      seeds.map { Episode(seed: $0, load: load, tasks: tasks) }, workers: workers
    ) {
      let policy = scheduler.policy(load: load)
      guard let candidates, let learned = policy as? MARLScheduler else { return policy }
      var model = learned.model
      model.candidates = CandidateRule(candidates)
      return MARLScheduler(model, name: learned.name)
    }
  }
}

import ArgumentParser
import Experiments
import Foundation
import Logging
import MARL
import Quoting
import Runs
import Simulation
import Tables
import TraceParsing
import Workload

/// `tracemill evaluate`: schedulers on the same held-out episodes, by the reward and its terms.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Compare schedulers on the held-out episodes of a scenario, by their reward.",
    discussion: """
      All schedulers meet the same arrivals, gateways and machines. The first is compared with each of \
      the others by paired differences and their bootstrap interval (BCa, 95 %). oracle:NAME is NAME \
      with a view of no age. The units of energy and imbalance are the random policy's on tuning seeds.

      Example:
        tracemill evaluate data/scenarios/study-100.yaml --load 0.7 --tasks 10000 \
      marl:data/policies/study-100.safetensors one-step:data/policies/one-step-study-100.json \
      sampled:earliest-completion,d=3,weighted
      """)

  @Argument(help: ArgumentHelp("The scenario (YAML).", valueName: "scenario"))
  var scenario: String

  @Argument(
    help: ArgumentHelp(
      "Schedulers; `all` stands for the catalogue's and the usual samples.", valueName: "scheduler")
  )
  var schedulers: [String]

  @Option(help: ArgumentHelp("A load; the scenario's if none is given.", valueName: "load"))
  var load: [Double] = []

  @Option(help: ArgumentHelp("Tasks an episode; the scenario's if not given.", valueName: "number"))
  var tasks: Int?

  @Option(help: ArgumentHelp("Held-out seeds, consecutive.", valueName: "number"))
  var seeds = 40

  @Option(
    help: ArgumentHelp(
      "The first seed; all of them are in 1 to 999 or in 2001 to 9999.", valueName: "number"))
  var firstSeed = 1

  @Option(help: ArgumentHelp("Age of the view, in place of the scenario's.", valueName: "seconds"))
  var heartbeat: Double?

  @Option(
    help: ArgumentHelp("Candidates of learned schedulers, in place of their own.", valueName: "n"))
  var candidates: Int?

  @Option(
    name: [.customLong("threads"), .customLong("workers")],
    help: ArgumentHelp("Episodes at a time; the result is the same.", valueName: "number"))
  var workers = ProcessInfo.processInfo.activeProcessorCount

  @Flag(help: "Run each learned scheduler in the engine that it was trained in.")
  var asTrained = false

  @Option(help: ArgumentHelp("Write every episode's reward and terms.", valueName: "file.csv"))
  var csv: String?

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup(title: "Messages") var messages: MessageOptions

  mutating func validate() throws {
    guard (2...999).contains(seeds) else { throw ValidationError("--seeds is 2 to 999") }
    guard SeedRange.evaluation(seeds, from: firstSeed) != nil else {
      throw ValidationError(
        "--first-seed \(firstSeed) with \(seeds) seeds leaves the seeds kept for evaluation, 1 to 999 "
          + "and 2001 to 9999; the others are for validation, tuning and training")
    }
    guard (1...1024).contains(workers) else { throw ValidationError("--threads is from 1 to 1024") }
    guard load.allSatisfy({ $0 > 0 && $0 <= 100 }) else {
      throw ValidationError("--load is more than 0, at most 100")
    }
    guard !schedulers.isEmpty else { throw ValidationError("there is no scheduler to evaluate") }
    if let tasks, !(1...ScenarioFile.taskLimit).contains(tasks) {
      throw ValidationError("--tasks is from 1 to \(ScenarioFile.taskLimit)")
    }
    if let heartbeat, !(heartbeat >= 0 && heartbeat <= 1e6) {
      throw ValidationError("--heartbeat is 0 to 1000000")
    }
    if let candidates, !(1...100_000).contains(candidates) {
      throw ValidationError("--candidates is 1 to 100000")
    }
  }

  func run() throws {
    var file = try ScenarioFile(path: scenario)
    if let tasks { file.tasks = tasks }
    if !load.isEmpty { file.loads = load }
    try file.measureUnits(workers: workers)
    for index in file.scenarios.indices {
      if let heartbeat {
        file.scenarios[index].options.heartbeat = Microseconds(seconds: heartbeat)
      }
    }
    let contenders = try names.map {
      try Contender($0, candidates: candidates, asTrained: asTrained)
    }
    if asTrained, !contenders.contains(where: \.isLearned) {
      throw CommandFailure(message: NamedScheduler.nothingLearned)
    }
    for scenario in file.scenarios {
      for contender in contenders {
        guard let warning = try contender.warning(in: scenario) else { continue }
        messages.logger?.warning("\(scenario.name): \(contender.name) \(warning)")
      }
    }
    var rows =
      "scenario,load,seed,scheduler,reward,service,completion,energy,imbalance,completion_s,joules,"
      + "variance,deadlines_met,tasks\n"
    var objects: [[String: Any]] = []
    let seeds = SeedRange.evaluation(seeds, from: firstSeed) ?? []
    for (scenario, load) in file.scenarios.flatMap({ s in file.loads.map { (s, $0) } }) {
      var results: [[Reward]] = []
      for contender in contenders {
        messages.logger?.info("load \(significant(load)): \(contender.name)")
        let rewards = try contender.rewards(
          in: scenario, load: load, tasks: file.tasks, seeds: seeds, workers: workers)
        results.append(rewards)
        for (seed, r) in zip(seeds, rewards) {
          rows +=
            "\(Quoting.csv(scenario.name)),\(load),\(seed),\(Quoting.csv(contender.name)),\(r.total),\(r.service),\(r.completion),"
            + "\(r.energy),\(r.imbalance),\(r.completionSeconds),\(r.joules),\(r.variance),"
            + "\(r.deadlinesMet),\(r.tasks)\n"
        }
      }
      if json {
        objects += zip(contenders, results).map { object($0, $1, results[0], scenario, load) }
      } else {
        try writeOutput(table(scenario, load, file.tasks, contenders, results))
      }
    }
    if json { try writeOutput(jsonText(["results": objects]) + "\n") }
    guard let csv else { return }
    try OutputFile.write(rows.utf8, to: csv)
    if !json { try writeOutput("  wrote \(csv)\n") }
  }

  private var names: [String] {
    var names: [String] = []
    for name in schedulers {
      let expanded =
        name == "all"
        ? PolicyCatalog.entries.map(\.name).filter { !$0.hasPrefix("study-") }
          + Contender.usualSamples
        : [name]
      for name in expanded where !names.contains(name) { names.append(name) }
    }
    return names
  }

  /// A scheduler at a load: means over seeds, and how far the first scheduler leads.
  private func object(
    _ contender: Contender, _ rewards: [Reward], _ first: [Reward], _ scenario: Scenario,
    _ load: Double
  ) -> [String: Any] {
    func mean(_ value: (Reward) -> Double) -> Double {
      rewards.reduce(0) { $0 + value($1) } / Double(rewards.count)
    }
    var rng = RandomStream(seed: 1, name: "bootstrap")
    let comparison = PairedComparison(first.map(\.total), rewards.map(\.total), using: &rng)
    var object: [String: Any] = [
      "scenario": scenario.name, "scheduler": contender.name, "load": load, "seeds": rewards.count,
      "reward": mean(\.total), "service": mean(\.service), "completion": mean(\.completion),
      "energy": mean(\.energy), "imbalance": mean(\.imbalance),
      "deadlines_met": mean(\.deadlinesMet), "completion_s": mean(\.completionSeconds),
      "joules_per_task": mean(\.joules), "behind_first": comparison.meanDifference,
    ]
    if let interval = comparison.bootstrap {
      object["behind_first_interval"] = [interval.lower, interval.upper]
    }
    return object
  }

  private func table(
    _ scenario: Scenario, _ load: Double, _ tasks: Int, _ contenders: [Contender],
    _ results: [[Reward]]
  ) -> String {
    let units = scenario.units(at: load)
    var text =
      "\(scenario.name), load \(significant(load)), \(grouped(tasks)) tasks, "
      + "\(seeds) seeds from \(firstSeed); units \(fixed(units.energy, 1)) J a task, variance "
      + "\(fixed(units.variance, 4))\n"
    var table = TextTable(
      header: [
        "", "R", "S", "C", "E", "V", "met %", "completion s", "J a task", "less", "95 %", "",
      ], left: [0])
    for (contender, rewards) in zip(contenders, results) {
      func mean(_ value: (Reward) -> Double) -> Double {
        rewards.reduce(0) { $0 + value($1) } / Double(rewards.count)
      }
      var cells = [
        contender.name, fixed(mean(\.total), 4), fixed(mean(\.service), 3),
        fixed(mean(\.completion), 3), fixed(mean(\.energy), 3), fixed(mean(\.imbalance), 3),
        fixed(mean(\.deadlinesMet) * 100, 1), fixed(mean(\.completionSeconds), 2),
        fixed(mean(\.joules), 0),
      ]
      if contender.name != contenders[0].name {
        var rng = RandomStream(seed: 1, name: "bootstrap")
        let comparison = PairedComparison(
          results[0].map(\.total), rewards.map(\.total), using: &rng)
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
    text += table.text
    return text + "\n"
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
    in scenario: Scenario, load: Double, tasks: Int, seeds: [UInt64], workers: Int
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

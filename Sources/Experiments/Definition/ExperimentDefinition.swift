import Foundation
import Simulation
import Workload

/// A question put to the simulator: every scheduler on every cluster under every workload, once for
/// each seed.
///
/// A pure value: what its workloads, clusters and policies stand for is for an ``ExperimentInputs`` to
/// say. Under one seed all schedulers meet the same tasks on the same machines (common random
/// numbers), so that they can be compared pair by pair.
public struct ExperimentDefinition: Codable, Hashable, Sendable {
  /// What it is called.
  public var name: String
  /// What it is to answer, in a sentence.
  public var question: String
  /// What is run.
  public var workloads: [WorkloadDefinition]
  /// What it is run on.
  public var clusters: [ClusterDefinition]
  /// What decides; at least one.
  public var schedulers: [SchedulerDefinition]
  /// The seeds, each once. An episode of the original study is a seed.
  public var seeds: [UInt64]
  /// How the engine works, for all schedulers; a scheduler's own settings go before these.
  public var engine = EngineSettings()
  /// The scheduler that others are compared with; the first if nil.
  public var baseline: String?
  /// Names of the metrics in headline tables, in their order; the usual ones if empty.
  public var metrics: [String] = []
  /// What waits are told apart by, beside run time and class; nothing if nil.
  public var waitsBy: [WaitGrouping]?
  /// What is written besides the results store.
  public var outputs: [ReportOutput] = ReportOutput.allCases
  /// The level of confidence intervals and of significance, such as 0.95.
  public var level = 0.95
  /// How wide intervals are wanted to be: half of the width over the mean (> 0). Reports say how many
  /// seeds that takes.
  public var precision = 0.01
  /// How many of the last seeds the original study's own figures are taken over; all if nil.
  public var lastSeeds: Int?
  /// Axes that are still to be multiplied out; nil where there are none, or the parts below are their product.
  public var axes: ExperimentAxes?
  /// What axes that have been multiplied out leave of the product of the parts; nil for all of it.
  public var varied: VariedCells?

  private enum CodingKeys: String, CodingKey {
    case name, question, workloads, clusters, schedulers, seeds, engine, baseline, metrics, waitsBy
    case outputs, level, precision, lastSeeds, varied
  }

  /// An experiment of these parts.
  public init(
    name: String, question: String = "", workloads: [WorkloadDefinition],
    clusters: [ClusterDefinition], schedulers: [SchedulerDefinition], seeds: [UInt64]
  ) {
    self.name = name
    self.question = question
    self.workloads = workloads
    self.clusters = clusters
    self.schedulers = schedulers
    self.seeds = seeds
  }

  /// The baseline's name.
  public var baselineName: String { baseline ?? schedulers.first?.name ?? "" }

  /// Every cell, seed by seed, so that an interrupted experiment is balanced.
  public var cells: [CellID] {
    let combinations = combinations
    return seeds.flatMap { seed in
      combinations.map {
        CellID(
          workload: workloads[$0.workload].name, cluster: clusters[$0.cluster].name,
          scheduler: schedulers[$0.scheduler].name, seed: seed)
      }
    }
  }

  /// Itself without what does not change any cell: two experiments with the same core can share
  /// results.
  var core: ExperimentDefinition {
    var core = self
    core.question = ""
    core.seeds = []
    core.baseline = nil
    core.metrics = []
    core.outputs = []
    core.level = 0
    core.precision = 0
    core.lastSeeds = nil
    for index in core.schedulers.indices {
      core.schedulers[index].curve = nil
      core.schedulers[index].note = nil
      core.schedulers[index].warning = nil
    }
    return core
  }
}

/// One run: a workload on a cluster under a scheduler with a seed.
public struct CellID: Codable, Hashable, Sendable, CustomStringConvertible {
  /// The workload's name.
  public var workload: String
  /// The cluster's name.
  public var cluster: String
  /// The scheduler's name.
  public var scheduler: String
  /// What all chance in it comes from.
  public var seed: UInt64

  /// A cell.
  public init(workload: String, cluster: String, scheduler: String, seed: UInt64) {
    self.workload = workload
    self.cluster = cluster
    self.scheduler = scheduler
    self.seed = seed
  }

  /// The cell that `WORKLOAD/CLUSTER/SCHEDULER/SEED` names, with `%2F` for a `/` and `%23` for a `#` in a
  /// name, and `%25` for a `%`; nil if that is no cell's name.
  public init?(_ text: String) {
    let parts = text.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false)
      .map { String($0) }
    guard parts.count == 4, let seed = UInt64(parts[3]) else { return nil }
    let names = parts.map(Self.plain)
    self.init(workload: names[0], cluster: names[1], scheduler: names[2], seed: seed)
  }

  /// `WORKLOAD/CLUSTER/SCHEDULER/SEED`.
  public var description: String {
    ([workload, cluster, scheduler].map(Self.coded) + [String(seed)]).joined(separator: "/")
  }

  /// By scalar: a mark behind a `/` makes another character of it.
  private static func coded(_ name: String) -> String {
    name.unicodeScalars.reduce(into: "") { text, scalar in
      switch scalar {
      case "%": text += "%25"
      case "/": text += "%2F"
      case "#": text += "%23"
      default: text.unicodeScalars.append(scalar)
      }
    }
  }

  private static func plain(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    let codes: [String: Unicode.Scalar] = ["25": "%", "2F": "/", "23": "#"]
    var (name, place) = (String.UnicodeScalarView(), 0)
    while place < scalars.count {
      if scalars[place] == "%", place + 2 < scalars.count,
        let scalar = codes[String(String.UnicodeScalarView(scalars[place + 1...place + 2]))]
      {
        name.append(scalar)
        place += 3
      } else {
        name.append(scalars[place])
        place += 1
      }
    }
    return String(name)
  }
}

/// A workload by name, with what is done to its tasks.
public struct WorkloadDefinition: Codable, Hashable, Sendable {
  /// What tables call it.
  public var name: String
  /// What it is made from, as `tracemill simulate --workload` takes it.
  public var source: String
  /// Tasks submitted from this trace time on, in seconds.
  public var from: Double?
  /// Tasks submitted before this trace time, in seconds.
  public var to: Double?
  /// Priorities, as `--priority` takes them.
  public var priority: String?
  /// Values of columns that are wanted, as `--select` takes them: `partition=cpu`; a task meets all of them.
  public var select: [String]?
  /// Share of the jobs to keep, 0…1.
  public var sample: Double?
  /// The most tasks that are taken.
  public var tasks: Int?
  /// Where sequences of ``tasks`` consecutive tasks begin, by their place in the order of submission from 0:
  /// seed 1 takes the first, seed 2 the second, and there are no more seeds than starts. Nil for the whole.
  public var starts: [Int]?
  /// Arrivals so many times as dense (> 0).
  public var scaleArrivals: Double?
  /// Run times so many times as long (> 0).
  public var scaleRunTimes: Double?
  /// Its name before axes varied it; nil if none did.
  public var base: String?
  /// What axes set in it, by key: `load`.
  public var parameters: [String: Double]?
  /// The same where it is no number.
  public var words: [String: String]?

  /// A workload as it comes.
  public init(name: String, source: String) {
    self.name = name
    self.source = source
  }

  /// A store keeps the names of version 0.1.
  private enum CodingKeys: String, CodingKey {
    case name, source, from, to, priority, select, sample, tasks, starts, scaleArrivals
    case scaleRunTimes = "scaleLoad"
    case base, parameters, words
  }
}

/// A cluster by name.
public struct ClusterDefinition: Codable, Hashable, Sendable {
  /// What tables call it.
  public var name: String
  /// What it is made from, as `tracemill simulate --cluster` takes it; empty where `groups` say it.
  public var source: String
  /// Its machines, where the experiment itself says them.
  public var groups: [MachineGroup]?
  /// The seed that ranges of its specification are drawn with; the cell's if nil.
  public var seed: UInt64?
  /// Engine settings that hold on it: they go before the experiment's, and a scheduler's before them.
  public var engine: EngineSettings?
  /// Its name before axes varied it; nil if none did.
  public var base: String?
  /// What axes set in it, by key: `machines`.
  public var parameters: [String: Double]?
  /// The same where it is no number.
  public var words: [String: String]?

  /// A cluster drawn anew for every seed, if there is anything to draw.
  public init(name: String, source: String) {
    self.name = name
    self.source = source
  }

  /// A cluster of these machines.
  public init(name: String, groups: [MachineGroup]) {
    self.name = name
    self.groups = groups
    source = ""
  }
}

/// A scheduler by name: a placement policy and how the engine serves it.
public struct SchedulerDefinition: Codable, Hashable, Sendable {
  /// What tables call it.
  public var name: String
  /// The policy, as `tracemill simulate --scheduler` takes it.
  public var policy: String
  /// Engine settings that go before the experiment's.
  public var engine: EngineSettings
  /// A file that says how it learned, as `tracemill train` writes it; nil for the one beside a learned
  /// policy, if there is one.
  public var curve: String?
  /// What is to be known of it that its name and settings do not say: what it was trained on. Nil
  /// for nothing; changes no cell.
  public var note: String?
  /// What has to be known before its figures are believed: that it learned in another engine. Nil for
  /// nothing; changes no cell.
  public var warning: String?
  /// Its name before axes varied it; nil if none did.
  public var base: String?
  /// What axes set in it, by key.
  public var parameters: [String: Double]?
  /// The same where it is no number.
  public var words: [String: String]?

  /// A scheduler of this policy.
  public init(name: String, policy: String, engine: EngineSettings = EngineSettings()) {
    self.name = name
    self.policy = policy
    self.engine = engine
  }
}

extension ExperimentDefinition {
  /// The load that a workload is asked for: what an axis set, or `load=` in its source; nil if none.
  public func load(of workload: String) -> Double? {
    guard let definition = workloads.first(where: { $0.name == workload }) else { return nil }
    if let load = definition.parameters?["load"] { return load }
    let parts = definition.source.split(separator: ":", maxSplits: 1)
    guard parts.count == 2 else { return nil }
    return parts[1].split(separator: ",").first { $0.hasPrefix("load=") }
      .flatMap { DecimalText.number($0.dropFirst("load=".count)) }
  }

  /// The parameters that axes set, in the order of their names.
  public var sweptKeys: [String] {
    Set(
      workloads.flatMap { Array(($0.parameters ?? [:]).keys) }
        + clusters.flatMap { Array(($0.parameters ?? [:]).keys) }
        + schedulers.flatMap { Array(($0.parameters ?? [:]).keys) }
    ).sorted()
  }

  /// The parameters that axes set to words, in the order of their names.
  public var sweptWords: [String] {
    Set(
      (workloads.map(\.words) + clusters.map(\.words) + schedulers.map(\.words))
        .flatMap { Array(($0 ?? [:]).keys) }
    ).sorted()
  }

  /// The word that a parameter is in a cell; nil where it is not set.
  public func word(_ key: String, of cell: CellID) -> String? {
    workloads.first { $0.name == cell.workload }?.words?[key]
      ?? clusters.first { $0.name == cell.cluster }?.words?[key]
      ?? schedulers.first { $0.name == cell.scheduler }?.words?[key]
  }

  /// What a parameter is in a cell; nil where it is not set.
  public func parameter(_ key: String, of cell: CellID) -> Double? {
    workloads.first { $0.name == cell.workload }?.parameters?[key]
      ?? clusters.first { $0.name == cell.cluster }?.parameters?[key]
      ?? schedulers.first { $0.name == cell.scheduler }?.parameters?[key]
  }
}

/// A kind of file that an experiment leaves behind.
public enum ReportOutput: String, Codable, CaseIterable, Sendable {
  /// `results.json`.
  case json
  /// `cells.csv`.
  case csv
  /// `cells.parquet`.
  case parquet
  /// `tables.md`.
  case markdown
  /// `tables.tex`.
  case latex
  /// `report.html`.
  case html
  /// `figures/*.svg`.
  case svg
  /// `figures/*.pdf`.
  case pdf
}

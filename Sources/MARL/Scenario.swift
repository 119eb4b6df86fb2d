import Simulation
import Workload

/// Where agents act: clusters and workloads to draw episodes from, and how a run works.
///
/// Clusters and sources are closures of a seed, so that this module opens no files and an episode is a
/// pure function of its seed and load.
public struct Scenario: Sendable {
  /// What it is called.
  public var name: String
  /// The machines of the episode of a seed.
  public var cluster: @Sendable (_ seed: UInt64) throws -> ClusterLayout
  /// The tasks of the episode of a seed at a load, for a cluster.
  public var source:
    @Sendable (_ seed: EpisodeSeed, _ load: Double, _ cluster: ClusterLayout) throws ->
      any WorkloadSource
  /// How a run works.
  public var options: SimulationOptions
  /// What energy and imbalance count as 1, by load.
  public var units: [Double: RewardUnits]
  /// What was left out or assumed of its tasks.
  public var notes: [Note] = []

  /// A scenario of these parts.
  public init(
    name: String, options: SimulationOptions = Scenario.dispatchOptions,
    units: [Double: RewardUnits] = [:],
    cluster: @escaping @Sendable (_ seed: UInt64) throws -> ClusterLayout,
    source:
      @escaping @Sendable (_ seed: EpisodeSeed, _ load: Double, _ cluster: ClusterLayout) throws ->
      any WorkloadSource
  ) {
    self.name = name
    self.options = options
    self.units = units
    self.cluster = cluster
    self.source = source
  }

  /// The dispatch model: tasks come to random gateways, whose agents see others as of the last 5 s
  /// heartbeat; 50 ms to another machine; tasks wait first come first served where they were sent; the
  /// reference run time is known. A task that a policy leaves waiting does not hold up those behind it.
  public static var dispatchOptions: SimulationOptions {
    var options = SimulationOptions()
    options.mode = .dispatch
    options.gateways = true
    options.heartbeat = Microseconds(seconds: 5)
    options.network = NetworkModel(constant: Microseconds(seconds: 0.05))
    options.estimates = .exact
    options.backfilling = .greedy
    return options
  }

  /// The units at a load: given, or between the given loads by a straight line, or those of the nearest;
  /// one joule and a variance of 1 where none are given.
  public func units(at load: Double) -> RewardUnits {
    if let exact = units[load] { return exact }
    let loads = units.keys.sorted()
    guard let first = loads.first, let last = loads.last else {
      return RewardUnits(energy: 1, variance: 1)
    }
    if load <= first { return units[first]! }
    if load >= last { return units[last]! }
    let high = loads.first { $0 > load }!
    let low = loads.last { $0 < load }!
    let t = (load - low) / (high - low)
    return RewardUnits(
      energy: units[low]!.energy * (1 - t) + units[high]!.energy * t,
      variance: units[low]!.variance * (1 - t) + units[high]!.variance * t)
  }
}

/// One run: a seed and a load.
public struct Episode: Hashable, Sendable {
  /// What its cluster, tasks and chance come from.
  public var seed: EpisodeSeed
  /// Its load.
  public var load: Double
  /// How many tasks; all that the source has if nil.
  public var tasks: Int?

  /// An episode.
  public init(seed: EpisodeSeed, load: Double, tasks: Int? = nil) {
    self.seed = seed
    self.load = load
    self.tasks = tasks
  }
}

extension Scenario {
  /// Runs an episode under a policy and works out the reward.
  ///
  /// - Throws: what the closures throw, and `SimulationError`.
  public func run(_ episode: Episode, _ policy: any PlacementPolicy) throws -> Reward {
    let layout = try cluster(episode.seed.value)
    let source = try source(episode.seed, episode.load, layout)
    return try run(episode, policy, layout, source)
  }

  /// Runs episodes side by side under policies that `policy` makes, one an episode; the rewards in the
  /// order of the episodes.
  ///
  /// - Throws: as ``run(_:_:)``.
  public func rewards(
    _ episodes: [Episode], workers: Int, policy: @escaping @Sendable () -> any PlacementPolicy
  ) throws -> [Reward] {
    try Parallel.map(episodes.count, workers: workers) { try run(episodes[$0], policy()) }
  }

  func run(
    _ episode: Episode, _ policy: any PlacementPolicy, _ layout: ClusterLayout,
    _ source: some WorkloadSource
  ) throws -> Reward {
    var meter = RewardMeter(layout, units(at: episode.load))
    let simulator = Simulator(
      cluster: layout, policy: policy, options: options, seed: episode.seed.value)
    let report =
      if let tasks = episode.tasks {
        try simulator.run(source.prefix(tasks), results: &meter)
      } else {
        try simulator.run(source, results: &meter)
      }
    return meter.reward(report)
  }

  /// Runs an episode under agents that explore, and keeps what they did.
  func rollout(
    _ episode: Episode, _ model: PolicyModel, credit: Credit, hasCentralCritic: Bool
  ) throws -> Rollout {
    let layout = try cluster(episode.seed.value)
    let source = try source(episode.seed, episode.load, layout)
    let recorder = EpisodeRecorder(
      layout, model.architecture, credit: credit, units: units(at: episode.load),
      load: episode.load, hasCentralCritic: hasCentralCritic)
    let policy = MARLScheduler(model, choice: .sampled, recorder: recorder)
    let reward = try run(episode, policy, layout, source)
    recorder.finish()
    return Rollout(experience: recorder.experience, reward: reward)
  }

  /// What an episode came to.
  struct Rollout: Sendable, Codable {
    var experience: Experience
    var reward: Reward
  }

  /// The random policy's energy and variance over episodes at a load: the units of the reward there; 1
  /// of one that is 0.
  ///
  /// - Throws: as ``run(_:_:)``.
  public func measuredUnits(
    load: Double, tasks: Int?, seeds: [EpisodeSeed], workers: Int = 1
  ) throws -> RewardUnits {
    let rewards = try Parallel.map(seeds.count, workers: workers) { index in
      try run(Episode(seed: seeds[index], load: load, tasks: tasks), RandomPlacement())
    }
    let n = Double(max(rewards.count, 1))
    let energy = rewards.reduce(0) { $0 + $1.joules } / n
    let variance = rewards.reduce(0) { $0 + $1.variance } / n
    // What is nothing at all, as the variance until the last arrival is where there is but one, stays
    // nothing in any unit.
    return RewardUnits(energy: energy > 0 ? energy : 1, variance: variance > 0 ? variance : 1)
  }
}

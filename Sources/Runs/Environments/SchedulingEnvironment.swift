import MARL
import Simulation
import TraceParsing
import Workload

/// Episodes of the game that a scheduler plays, for learners from outside: a run that stops at each decision,
/// seen as numbers.
///
/// An episode is a run: the same names and seed, decided alike, come to the figures of ``SimulationJob``.
/// Each step decides where one task goes: action `a` is the `a`th machine shown, the last action is to wait.
/// What cannot be done (a machine that cannot take the task) counts as waiting.
///
/// What is seen is an ``Observation``, what is rewarded a ``RewardKind``.
public final class SchedulingEnvironment {
  /// What all episodes have in common.
  public struct Rules: Sendable {
    /// Makes a run's machines from its seed; as many for every seed.
    public var layout: @Sendable (UInt64) throws -> ClusterLayout
    /// Makes a run's tasks from its seed and the cores of its machines, times their speeds.
    public var tasks: @Sendable (UInt64, Double) throws -> NamedWorkload
    /// How the engine works.
    public var options: SimulationOptions
    /// How many machines are shown of those that can take the task, drawn at random; nil shows all machines.
    public var candidates: Int?
    /// After how many steps an episode is cut off; nil for never.
    public var horizon: Int?
    /// How machines are drawn for ``Observation/candidates``.
    public var sampling = CandidateSampler.Weighting.uniform
    /// What is seen.
    public var observation = Observation.machines
    /// What is rewarded.
    public var reward = RewardKind.waiting
    /// What the reward is multiplied by; for ``RewardKind/waiting`` what a second counts.
    public var rewardScale = 0.01
    /// What energy and imbalance count as 1 in ``RewardKind/study``.
    public var units = RewardUnits(energy: 1, variance: 1)
    /// Whether ``ended`` is kept.
    public var keepsEnded = false
    /// Of a scenario: its load, and its tasks an episode.
    var load: Double?
    var taskLimit: Int?

    /// Rules of play.
    public init(
      layout: @escaping @Sendable (UInt64) throws -> ClusterLayout,
      tasks: @escaping @Sendable (UInt64, Double) throws -> NamedWorkload,
      options: SimulationOptions
    ) {
      self.layout = layout
      self.tasks = tasks
      self.options = options
    }
  }

  /// What a step came to.
  public struct Step: Sendable {
    /// The reward.
    public var reward: Float = 0
    /// What it is made of, before it is scaled: see ``RewardKind``.
    public var terms = SIMD4<Float>.zero
    /// Whether the run is over.
    public var isOver = false
    /// Whether the episode was cut off at its horizon.
    public var isCutOff = false
    /// Whether the action could not be done.
    public var isIllegal = false
  }

  /// How many machines there are.
  public let machines: Int
  /// How many are shown; the actions are one more.
  public let shown: Int
  /// How many numbers an observation has.
  public let observationCount: Int
  /// Whether an episode is under way.
  public var isRunning: Bool { episode != nil }
  /// At which machine the task was submitted, with gateways; -1 without.
  public private(set) var gateway: Int32 = -1

  /// The tasks that ended since the last step, if the rules keep them.
  public var ended: [TaskResult] { gains.ended }

  private let rules: Rules
  private var episode: Episode?
  private var gains = Gains()
  private var steps = 0
  private var task: TaskView?
  private var draws = RandomStream(seed: 0, name: "candidates")
  private var writer: ObservationWriter
  /// The machines that are shown; -1 for none.
  private var places: [Int32] = []

  /// An environment before its first episode.
  ///
  /// - Throws: where the machines cannot be made.
  public init(_ rules: Rules) throws {
    self.rules = rules
    let count = try rules.layout(1).machines.count
    guard count > 0 else { throw RunError(message: "a cluster without machines is no game") }
    machines = count
    shown = min(rules.candidates ?? count, count)
    places = (0..<Int32(shown)).map { $0 }
    writer = ObservationWriter(rules.observation, sampling: rules.sampling)
    observationCount = writer.count(shown: shown)
  }

  /// Begins an episode, up to its first decision. False if it has none.
  ///
  /// - Throws: where the workload cannot be read.
  public func reset(seed: UInt64) throws -> Bool {
    episode = nil
    let layout = try rules.layout(seed)
    guard layout.machines.count == machines else {
      throw RunError(
        message: "\(layout.machines.count) machines with seed \(seed), \(machines) with seed 1")
    }
    let workload = try rules.tasks(seed, layout.effectiveCores)
    var simulator = Simulator(
      cluster: layout, policy: ExternalPolicy(name: "environment"), options: rules.options,
      seed: seed)
    simulator.dependencies = workload.dependencies
    draws = RandomStream(seed: seed, name: "candidates")
    gains = Gains(rules, layout)
    steps = 0
    let begun = Episode(try SimulationSession(simulator, ReplayedTasks(workload)))
    writer.begin(begun.session.cluster)
    episode = begun
    return try advance()
  }

  /// Makes the decision that is open, and goes on to the next.
  ///
  /// - Throws: where the workload cannot be read further.
  public func step(_ action: Int) throws -> Step {
    guard let episode, let task else { throw RunError(message: "no episode: reset() first") }
    var result = Step()
    var answer = Placement.wait
    if action >= 0, action < shown, places[action] >= 0 {
      let machine = Int(places[action])
      if episode.session.cluster.canTake(task, on: machine) {
        answer = .machine(machine)
      } else {
        result.isIllegal = true
      }
    } else {
      result.isIllegal = action != shown
    }
    var chosen: Int?
    if case .machine(let machine) = answer {
      writer.decided(task, machine, episode.session.cluster)
      chosen = machine
    }
    gains.decided(
      task, chosen, among: places, episode.session.truth,
      delay: rules.options.network?.dispatch.seconds ?? 0)
    if steps > 0 { gains.ended.removeAll(keepingCapacity: true) }
    try episode.session.decide(.placement(answer))
    steps += 1
    result.isOver = try !advance()
    if result.isOver, rules.reward == .study { gains.end(episode.session.report) }
    result.terms = gains.takeTerms()
    result.reward = Float(gains.reward(of: result.terms) * rules.rewardScale)
    if !result.isOver, let horizon = rules.horizon, steps >= horizon {
      result.isCutOff = true
      self.episode = nil
      self.task = nil
    }
    return result
  }

  /// Goes on to the next decision; false at the end.
  private func advance() throws -> Bool {
    while let episode, let decision = try episode.session.advance(results: &gains) {
      guard case .place(let task) = decision else {
        try episode.session.decide(.nothing)
        continue
      }
      self.task = task
      gateway = task.gateway
      if rules.candidates != nil {
        writer.draw(shown, task, episode.session.cluster, &draws, into: &places)
      }
      return true
    }
    task = nil
    episode = nil
    return false
  }

  /// Has fetched into the processor's cache what ``write(_:_:)`` will read, for whoever steps many environments in turns.
  /// Without effect on any result.
  public func prefetchShown() {
    if let episode, rules.candidates != nil { episode.session.cluster.prefetch(places) }
  }

  /// Writes the observation (``observationCount`` numbers) and the mask of actions (one more than ``shown``;
  /// 1 where it can be done). Zeroes where no episode is under way.
  public func write(_ observation: UnsafeMutablePointer<Float>, _ mask: UnsafeMutablePointer<UInt8>)
  {
    mask[shown] = 1
    guard let episode, let task else {
      observation.update(repeating: 0, count: observationCount)
      mask.update(repeating: 0, count: shown)
      return
    }
    writer.write(
      places, task, episode.session.cluster, to: observation, mask)
  }

  /// Writes what ``write(_:_:)`` would if the view of the machines had no age: for central critics.
  public func writeState(_ state: UnsafeMutablePointer<Float>) {
    guard let episode, let task else {
      return state.update(repeating: 0, count: observationCount)
    }
    // What it keeps is of the view.
    var writer = writer
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: shown + 1) { mask in
      writer.write(
        places, task, episode.session.truth, to: state, mask.baseAddress!)
    }
  }

  /// A run under way.
  private final class Episode {
    var session: SimulationSession<ReplayedTasks>
    init(_ session: consuming SimulationSession<ReplayedTasks>) { self.session = session }
  }
}

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
/// The reward of a step is minus what the tasks that ended since the last step waited, in seconds, times
/// ``Rules/rewardScale``. So the rewards of an episode add up to minus its tasks' waiting time.
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
    /// What a second of waiting counts.
    public var rewardScale = 0.01

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
    /// Whether the run is over.
    public var isOver = false
    /// Whether the episode was cut off at its horizon.
    public var isCutOff = false
    /// Whether the action could not be done.
    public var isIllegal = false
  }

  /// Numbers about the task, at the beginning of an observation.
  public static let taskFeatures = 8
  /// Numbers about each machine that is shown.
  public static let machineFeatures = 8

  /// How many machines there are.
  public let machines: Int
  /// How many are shown; the actions are one more.
  public let shown: Int
  /// How many numbers an observation has.
  public var observationCount: Int { Self.taskFeatures + shown * Self.machineFeatures }
  /// Whether an episode is under way.
  public var isRunning: Bool { episode != nil }
  /// At which machine the task was submitted, with gateways; -1 without.
  public private(set) var gateway: Int32 = -1

  private let rules: Rules
  private var episode: Episode?
  private var gains = Gains()
  private var steps = 0
  private var task: TaskView?
  private var draws = RandomStream(seed: 0, name: "candidates")
  /// The machines that are shown.
  private var places: [Int32] = []
  private var largest = Resources.zero
  private var fastest = 1.0

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
    largest = layout.machines.reduce(.zero) { $0.union($1.capacity) }
    fastest = layout.machines.reduce(0) { max($0, $1.speed) }
    let workload = try rules.tasks(seed, layout.effectiveCores)
    var simulator = Simulator(
      cluster: layout, policy: ExternalPolicy(name: "environment"), options: rules.options,
      seed: seed)
    simulator.dependencies = workload.dependencies
    draws = RandomStream(seed: seed, name: "candidates")
    gains = Gains()
    steps = 0
    episode = Episode(try SimulationSession(simulator, ReplayedTasks(workload)))
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
    try episode.session.decide(.placement(answer))
    steps += 1
    result.isOver = try !advance()
    result.reward = Float(-gains.waited * rules.rewardScale)
    gains = Gains()
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
      if rules.candidates != nil { draw(episode.session.cluster, task) }
      return true
    }
    task = nil
    episode = nil
    return false
  }

  /// Chooses the machines to show.
  private func draw(_ cluster: borrowing Cluster, _ task: TaskView) {
    for place in 0..<shown {
      places[place] = cluster.randomCandidate(for: task, using: &draws).map(Int32.init) ?? -1
    }
  }

  /// Writes the observation (``observationCount`` numbers, 0 to 1 but for CPU and memory of a task that is
  /// larger than any machine) and the mask of actions (one more than ``shown``; 1 where it can be done).
  /// Zeroes where no episode is under way.
  public func write(_ observation: UnsafeMutablePointer<Float>, _ mask: UnsafeMutablePointer<UInt8>)
  {
    guard let episode, let task else {
      observation.update(repeating: 0, count: observationCount)
      mask.update(repeating: 0, count: shown)
      mask[shown] = 1
      return
    }
    write(
      episode.session.cluster, task, episode.session.pendingCount, observation, mask)
  }

  private func write(
    _ cluster: borrowing Cluster, _ task: TaskView, _ pending: Int,
    _ observation: UnsafeMutablePointer<Float>, _ mask: UnsafeMutablePointer<UInt8>
  ) {
    let cpu = 1 / Float(max(largest.cpu.nano, 1))
    let memory = 1 / Float(max(largest.memory.rawValue, 1))
    observation[0] = Float(task.request.cpu.nano) * cpu
    observation[1] = Float(task.request.memory.rawValue) * memory
    observation[2] = task.estimate.isKnown ? Self.squashed(task.estimate.seconds, 100) : 0
    observation[3] = Self.squashed(max((cluster.now - task.submit).seconds, 0), 100)
    observation[4] =
      task.deadline.isKnown
      ? Self.squashed(max((task.deadline - cluster.now).seconds, 0), 100) : 1
    observation[5] = Float(task.priorityClass.rawValue) / 5
    observation[6] = Self.squashed(Double(pending), 10)
    observation[7] = Self.squashed(Double(task.attempts), 1)
    var next = observation + Self.taskFeatures
    let speed = Float(1 / fastest)
    for place in 0..<shown {
      let machine = Int(places[place])
      guard machine >= 0 else {
        next.update(repeating: 0, count: Self.machineFeatures)
        mask[place] = 0
        next += Self.machineFeatures
        continue
      }
      let free = cluster.free(machine)
      let takes = cluster.canTake(task, on: machine)
      next[0] = cluster.isUp(machine) ? 1 : 0
      next[1] = Float(free.cpu.nano) * cpu
      next[2] = Float(free.memory.rawValue) * memory
      next[3] = Float(cluster.speed(machine)) * speed
      next[4] = Self.squashed(Double(cluster.runningCount(machine)), 10)
      next[5] = Self.squashed(Double(cluster.queueLength(machine)), 10)
      next[6] = takes ? 1 : 0
      next[7] = machine == Int(task.gateway) ? 1 : 0
      mask[place] = takes ? 1 : 0
      next += Self.machineFeatures
    }
    mask[shown] = 1
  }

  /// x / (x + scale): 0 to 1.
  private static func squashed(_ value: Double, _ scale: Double) -> Float {
    Float(value / (value + scale))
  }

  /// A run under way.
  private final class Episode {
    var session: SimulationSession<ReplayedTasks>
    init(_ session: consuming SimulationSession<ReplayedTasks>) { self.session = session }
  }

  /// What tasks that ended have waited.
  private struct Gains: ResultSink {
    var waited = 0.0

    mutating func record(_ result: TaskResult) { waited += result.wait.seconds }
  }
}

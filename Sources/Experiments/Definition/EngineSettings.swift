import Configuration
import Simulation
import Workload

/// How the engine works, as an experiment file says it; what is nil is the engine's default.
public struct EngineSettings: Codable, Hashable, Sendable {
  /// Where tasks wait.
  public enum Mode: String, Codable, CaseIterable, Sendable { case central, dispatch }
  /// Orders of the central queue.
  public enum Queue: String, Codable, CaseIterable, Sendable {
    case fifo, priority, sjf, edf
    case fairShare = "fair-share"
    case drf

    /// The engine's own.
    public var order: SimulationOptions.Order {
      switch self {
      case .fifo: .firstCome
      case .priority: .priority
      case .sjf: .shortest
      case .edf: .earliestDeadline
      case .fairShare: .fairShare
      case .drf: .dominantResource
      }
    }
  }
  /// What may overtake a waiting head.
  public enum Backfilling: String, Codable, CaseIterable, Sendable {
    case none, greedy, easy, conservative

    /// The engine's own.
    public var kind: SimulationOptions.Backfilling {
      switch self {
      case .none: .none
      case .greedy: .greedy
      case .easy: .easy
      case .conservative: .conservative
      }
    }
  }

  /// Where tasks wait.
  public var mode: Mode?
  /// Whether each task arrives at a machine drawn at random, whose agent sends it on.
  public var gateways: Bool?
  /// Order of the central queue.
  public var queue: Queue?
  /// What may overtake its head.
  public var backfilling: Backfilling?
  /// How many waiting tasks are looked at.
  public var depth: Int?
  /// The name of the lowest class that may evict lower ones.
  public var preempt: String?
  /// Whether schedulers are told true run times where the workload has no estimates.
  public var exactEstimates: Bool?
  /// Whether what does not fit at once is refused.
  public var refuse: Bool?
  /// Step of the clock in seconds; 0 is the continuous clock.
  public var step: Double?
  /// Age of a scheduler's view of the machines in seconds.
  public var heartbeat: Double?
  /// Delay of every placement in seconds.
  public var networkDelay: Double?
  /// CPU promised over CPU there.
  public var overcommitCpu: Double?
  /// Memory promised over memory there.
  public var overcommitMemory: Double?
  /// How often an evicted task may be tried again.
  public var retries: Int?
  /// Seconds after the first submission in which tasks are simulated but not measured.
  public var warmUp: Double?
  /// Seconds after the last submission until which use and energy are accounted for.
  public var accountTail: Double?
  /// Trace time in seconds from which use and energy are accounted for; the end of the warm-up if nil.
  public var accountFrom: Double?
  /// Seconds at which a run stops.
  public var until: Double?
  /// Whether idle power is drawn at all times.
  public var alwaysOn: Bool?

  /// The engine's defaults.
  public init() {}

  /// Sets what is not nil here in `options`.
  public func apply(to options: inout SimulationOptions) {
    func set<Value>(
      _ path: WritableKeyPath<SimulationOptions, Value>, _ value: Value?,
      _ options: inout SimulationOptions
    ) {
      if let value { options[keyPath: path] = value }
    }
    set(\.mode, mode.map { $0 == .central ? .central : .dispatch }, &options)
    set(\.gateways, gateways, &options)
    set(\.order, queue?.order, &options)
    set(\.backfilling, backfilling?.kind, &options)
    set(\.depth, depth, &options)
    set(\.estimates, exactEstimates.map { $0 ? .exact : .declared }, &options)
    set(\.refusesAtOnce, refuse, &options)
    set(\.step, step.map(Microseconds.init(seconds:)), &options)
    set(\.heartbeat, heartbeat.map(Microseconds.init(seconds:)), &options)
    set(\.retries, retries.map(Int32.init(clamping:)), &options)
    set(\.warmUp, warmUp.map(Microseconds.init(seconds:)), &options)
    set(\.accountsTail, accountTail.map(Microseconds.init(seconds:)), &options)
    set(\.accountsFrom, accountFrom.map(Microseconds.init(seconds:)), &options)
    set(\.until, until.map(Microseconds.init(seconds:)), &options)
    set(\.alwaysOn, alwaysOn, &options)
    if let preempt {
      options.preemption = PriorityClass.allCases.first { $0.name == preempt }
    }
    if let networkDelay, networkDelay > 0 {
      options.network = NetworkModel(constant: Microseconds(seconds: networkDelay))
    }
    if overcommitCpu != nil || overcommitMemory != nil {
      options.overcommit = .init(cpu: overcommitCpu ?? 1, memory: overcommitMemory ?? 1)
    }
  }

  /// The settings in a file; what is wrong with them is noted there.
  public init(_ node: ConfigurationNode) {
    let year = NumberRange.from(Self.times.lowerBound, to: Self.times.upperBound)
    mode = node.choice("mode", of: Mode.self)
    gateways = node.flag("gateways")
    queue = node.choice("queue", of: Queue.self)
    backfilling = node.choice("backfilling", of: Backfilling.self)
    depth = node.integer("depth", in: 1...1_000_000)
    preempt = node.choice("preempt", of: PriorityClass.allCases.map(\.name))
    exactEstimates = node.flag("exactEstimates")
    refuse = node.flag("refuse")
    step = node.seconds("step", in: year)
    heartbeat = node.seconds("heartbeat", in: year)
    networkDelay = node.seconds("networkDelay", in: year)
    overcommitCpu = node.number("overcommitCpu", in: .from(1e-6, to: 1000))
    overcommitMemory = node.number("overcommitMemory", in: .from(1e-6, to: 1000))
    retries = node.integer("retries", in: 0...Int(Int32.max))
    warmUp = node.seconds("warmUp", in: year)
    accountTail = node.seconds("accountTail", in: year)
    accountFrom = node.seconds("accountFrom", in: year)
    until = node.seconds("until", in: year)
    alwaysOn = node.flag("alwaysOn")
  }
}

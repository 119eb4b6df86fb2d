import Configuration
import Simulation
import Workload

/// How the engine works and what it replays: the one form in which the command line, experiment files,
/// scenarios and JSON say it. What is nil is not said: the engine's default, or what another layer says.
///
/// A key of a file is an option of `tracemill simulate` in camel case: `--overcommit-cpu` is
/// `overcommitCpu`. All ranges are checked by ``issues``, wherever the values come from.
public struct EngineSettings: Codable, Hashable, Sendable {
  /// Where tasks wait.
  public enum Mode: String, Codable, CaseIterable, Sendable { case central, dispatch }
  /// An order of the central queue, by its name: the engine's own, and the rules of
  /// `QueueRule.catalogue`.
  public struct Queue: RawRepresentable, Codable, Hashable, CaseIterable, Sendable {
    public let rawValue: String
    /// The engine's own.
    public let order: SimulationOptions.Order

    private static let own: [(name: String, order: SimulationOptions.Order)] = [
      ("fifo", .fifo), ("priority", .priority), ("sjf", .sjf),
      ("edf", .earliestDeadline), ("fair-share", .fairShare), ("drf", .dominantResource),
    ]

    /// The order called so; nil if there is none.
    public init?(rawValue: String) {
      let order =
        Self.own.first { $0.name == rawValue }?.order
        ?? QueueRule.named(rawValue).map(SimulationOptions.Order.rule)
      guard let order else { return nil }
      (self.rawValue, self.order) = (rawValue, order)
    }

    public static let allCases: [Self] = (own.map(\.name) + QueueRule.catalogue.map(\.name))
      .compactMap(Self.init)
    /// First come, first served.
    public static let fifo = allCases[0]
  }
  /// What may overtake a waiting head.
  public enum Backfilling: String, Codable, CaseIterable, Sendable {
    case none, greedy, easy, conservative, shadow

    /// The engine's own.
    public var kind: SimulationOptions.Backfilling {
      switch self {
      case .none: .none
      case .greedy: .greedy
      case .easy: .easy
      case .conservative: .conservative
      case .shadow: .shadow
      }
    }
  }

  /// What to do with tasks that were running when a trace began.
  public enum AtStart: String, Codable, CaseIterable, Sendable {
    /// Replay them from the trace's beginning to their end, or to the trace's.
    case observed
    /// Leave them out.
    case skip
  }

  /// Where tasks wait.
  public var mode: Mode?
  /// Whether each task arrives at a machine drawn at random, whose agent sends it on.
  public var gateways: Bool?
  /// Order of the central queue.
  public var queue: Queue?
  /// What may overtake its head.
  public var backfilling: Backfilling?
  /// Whether a head that does not fit stays the head until it starts.
  public var bindHead: Bool?
  /// Whether events of one instant happen one by one, arrivals before ends.
  public var eventsOneByOne: Bool?
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
  /// Delays of the network.
  public var network: NetworkSettings?
  /// Delay of every placement in seconds: `network` of one time, under its older name; 0 is none.
  public var networkDelay: Double?
  /// Whether the instances of a record start together and end together.
  public var gangs: Bool?
  /// Whether a rigid parallel job is one piece that must fit on one machine.
  public var onePiece: Bool?
  /// Random failures of machines.
  public var failures: FailureSettings?
  /// CPU promised over CPU there.
  public var overcommitCpu: Double?
  /// Memory promised over memory there.
  public var overcommitMemory: Double?
  /// How often an evicted task may be tried again.
  public var retries: Int?
  /// How many tasks may be in flight at once.
  public var maxInFlight: Int?
  /// Seconds after the first submission in which tasks are simulated but not measured.
  public var warmUp: Double?
  /// Whether what happens after the last submission is left out of use and energy.
  public var cutDrain: Bool?
  /// Seconds after the last submission until which use and energy are accounted for.
  public var accountTail: Double?
  /// Trace time in seconds from which use and energy are accounted for; the end of the warm-up if nil.
  public var accountFrom: Double?
  /// Seconds at which a run stops.
  public var until: Double?
  /// Whether idle power is drawn at all times.
  public var alwaysOn: Bool?
  /// Seconds that shorter run times count as in bounded slowdown.
  public var slowdownBound: Double?
  /// Whether to measure how long the scheduler's decisions take.
  public var decisionTimes: Bool?
  /// Whether the engine checks its own accounts.
  public var audit: Bool?
  /// What predicts run times from tasks that have ended, by its name in `RunTimePrediction.catalogue`; `none`
  /// for nothing.
  public var prediction: String?
  /// What predictions are for: `order`, `backfilling` or `both`.
  public var predictFor: String?
  /// Whether GPUs are devices, each claimed for itself.
  public var devices: Bool?
  /// What becomes of tasks that were running when a trace began.
  public var atStart: AtStart?
  /// Whether what tasks require of machines' attributes is ignored.
  public var ignoreConstraints: Bool?

  /// Names that ``prediction`` may have.
  public static let predictions = ["none"] + RunTimePrediction.catalogue.map(\.name)
  /// Names that ``predictFor`` may have.
  public static let predictionUses = SimulationOptions.PredictionUse.allCases.map(\.rawValue)

  /// The engine's defaults.
  public init() {}

  /// The engine's options: the defaults, and what is said here.
  public var options: SimulationOptions {
    var options = SimulationOptions()
    apply(to: &options)
    return options
  }

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
    set(\.bindsHead, bindHead, &options)
    set(\.takesEventsOneByOne, eventsOneByOne, &options)
    set(\.depth, depth, &options)
    set(\.estimates, exactEstimates.map { $0 ? .exact : .declared }, &options)
    set(\.refusesAtOnce, refuse, &options)
    set(\.step, step.map(Microseconds.init(seconds:)), &options)
    set(\.heartbeat, heartbeat.map(Microseconds.init(seconds:)), &options)
    set(\.retries, retries.map(Int32.init(clamping:)), &options)
    set(\.maximumInFlight, maxInFlight, &options)
    set(\.warmUp, warmUp.map(Microseconds.init(seconds:)), &options)
    set(\.accountsTail, cutDrain.map { $0 ? .zero : .never }, &options)
    set(\.accountsTail, accountTail.map(Microseconds.init(seconds:)), &options)
    set(\.accountsFrom, accountFrom.map(Microseconds.init(seconds:)), &options)
    set(\.until, until.map(Microseconds.init(seconds:)), &options)
    set(\.alwaysOn, alwaysOn, &options)
    set(\.gangs, gangs, &options)
    set(\.spansMachines, onePiece.map { !$0 }, &options)
    set(\.failures, failures.map(\.model), &options)
    set(\.network, network.map(\.model), &options)
    set(\.slowdownBound, slowdownBound.map(Microseconds.init(seconds:)), &options)
    set(\.measuresDecisions, decisionTimes, &options)
    set(\.audit, audit, &options)
    if let prediction { options.prediction = RunTimePrediction.named(prediction) }
    set(\.predictionUse, predictFor.flatMap(SimulationOptions.PredictionUse.init), &options)
    if let preempt {
      options.preemption = PriorityClass.allCases.first { $0.name == preempt }
    }
    if let networkDelay {
      options.network =
        networkDelay > 0 ? NetworkModel(constant: Microseconds(seconds: networkDelay)) : nil
    }
    if overcommitCpu != nil || overcommitMemory != nil {
      options.overcommit = .init(cpu: overcommitCpu ?? 1, memory: overcommitMemory ?? 1)
    }
  }

  /// The settings in a file that are all there is, with no other layer; see ``idle(in:)``.
  public init(whole node: ConfigurationNode) {
    self.init(node)
    for issue in idle(in: self) { node.problem(at: issue.path, issue.message) }
  }

  /// The settings in a file; what is wrong with them is noted there.
  public init(_ node: ConfigurationNode) {
    mode = node.choice("mode", of: Mode.self)
    gateways = node.flag("gateways")
    queue = node.choice("queue", of: Queue.self)
    backfilling = node.choice("backfilling", of: Backfilling.self)
    bindHead = node.flag("bindHead")
    eventsOneByOne = node.flag("eventsOneByOne")
    depth = node.integer("depth", in: .min ... .max)
    preempt = node.choice("preempt", of: PriorityClass.allCases.map(\.name))
    exactEstimates = node.flag("exactEstimates")
    refuse = node.flag("refuse")
    step = node.seconds("step", in: .any)
    heartbeat = node.seconds("heartbeat", in: .any)
    network = node["network"].flatMap(NetworkSettings.init)
    networkDelay = node.seconds("networkDelay", in: .any)
    gangs = node.flag("gangs")
    onePiece = node.flag("onePiece")
    failures = node["failures"].flatMap(FailureSettings.init)
    overcommitCpu = node.number("overcommitCpu")
    overcommitMemory = node.number("overcommitMemory")
    retries = node.integer("retries", in: .min ... .max)
    maxInFlight = node.integer("maxInFlight", in: .min ... .max)
    warmUp = node.seconds("warmUp", in: .any)
    cutDrain = node.flag("cutDrain")
    accountTail = node.seconds("accountTail", in: .any)
    accountFrom = node.seconds("accountFrom", in: .any)
    until = node.seconds("until", in: .any)
    alwaysOn = node.flag("alwaysOn")
    slowdownBound = node.seconds("slowdownBound", in: .any)
    decisionTimes = node.flag("decisionTimes")
    audit = node.flag("audit")
    prediction = node.choice("prediction", of: Self.predictions)
    predictFor = node.choice("predictFor", of: Self.predictionUses)
    devices = node.flag("devices")
    atStart = node.choice("atStart", of: AtStart.self)
    ignoreConstraints = node.flag("ignoreConstraints")
    for issue in issues { node.problem(at: issue.path, issue.message) }
  }

  /// What is out of range or excludes each other, each with its dotted path: `network.rackLatency`.
  public var issues: [DescriptionIssue] {
    let time = NumberRange.from(0, to: 1e9)
    let factor = NumberRange.from(1e-6, to: 1000)
    var issues = [
      NumberRange.from(1, to: 1e6).issue("depth", depth.map(Double.init)),
      factor.issue("overcommitCpu", overcommitCpu),
      factor.issue("overcommitMemory", overcommitMemory),
      NumberRange.from(0, to: Double(Int32.max)).issue("retries", retries.map(Double.init)),
      NumberRange.from(1, to: 0x1p26).issue("maxInFlight", maxInFlight.map(Double.init)),
    ]
    if let preempt, !PriorityClass.allCases.contains(where: { $0.name == preempt }) {
      issues.append(
        .init(path: "preempt", message: "is '\(preempt.prefix(40))', no priority class"))
    }
    for (path, value) in [
      ("step", step), ("heartbeat", heartbeat), ("networkDelay", networkDelay),
      ("warmUp", warmUp), ("accountTail", accountTail), ("accountFrom", accountFrom),
      ("until", until), ("slowdownBound", slowdownBound),
    ] {
      issues.append(time.issue(path, value))
    }
    func below(_ path: String, _ parts: [DescriptionIssue]?) {
      for var issue in parts ?? [] {
        issue.path = issue.path.isEmpty ? path : path + "." + issue.path
        issues.append(issue)
      }
    }
    below("network", network?.issues)
    below("failures", failures?.issues)
    if network != nil, networkDelay != nil {
      issues.append(.init(path: "networkDelay", message: "is network under another name: give one"))
    }
    if cutDrain == true, accountTail != nil {
      issues.append(.init(path: "cutDrain", message: "is accountTail 0: give one of them"))
    }
    return issues.compactMap(\.self)
  }
}

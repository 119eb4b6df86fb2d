import ArgumentParser
import Simulation
import Workload

/// How a simulation works, on the command line.
struct EngineOptions: ParsableArguments, Sendable {
  @Option(
    help: ArgumentHelp(
      "central: one queue, a task starts only where it fits; dispatch: placed on arrival, it waits at its machine.",
      valueName: "mode"))
  var mode = ModeName.central

  @Option(
    help: ArgumentHelp(
      "Order of the central queue: \(OrderName.allValueStrings.joined(separator: ", ")).",
      valueName: "order"))
  var queue = OrderName.fifo

  @Option(
    help: ArgumentHelp(
      "What may overtake a head that must wait: none, greedy, easy, conservative.",
      valueName: "kind"))
  var backfilling = BackfillingName.none

  @Option(
    help: ArgumentHelp(
      "How many waiting tasks are looked at for overtaking and by batch schedulers.",
      valueName: "tasks"))
  var depth = SimulationOptions().depth

  @Option(
    help: ArgumentHelp(
      "The lowest class that may evict lower ones: batch, mid, production, monitoring.",
      valueName: "class"))
  var preempt: PriorityClass?

  @Flag(help: "Tell schedulers true run times where the workload has no estimates.")
  var exactEstimates = false

  @Flag(help: "Refuse for good what does not fit at once, as the original study's code does.")
  var refuse = false

  @Option(
    help: ArgumentHelp(
      "Step of the clock; 0 is the continuous clock, 5s the original study's.", valueName: "time"))
  var step = TraceTime.zero

  @Option(
    help: ArgumentHelp(
      "Age of the scheduler's view of the machines; 0 is the present.", valueName: "time"))
  var heartbeat = TraceTime.zero

  @Option(
    help: ArgumentHelp(
      """
      Delays of the network: one for every placement, such as 1ms, or \(NetworkArgument.keys): \
      times, machines a rack, racks a cluster, bytes a second, and bytes that every task fetches \
      from and carries to storage.
      """, valueName: "model"))
  var network: NetworkArgument?

  @Flag(help: "Start the instances of a record together, and end them together.")
  var gangs = false

  @Flag(help: "Take a rigid parallel job (SWF) as one piece that must fit on one machine.")
  var onePiece = false

  @Flag(
    help: """
      Submit each task at a random machine, whose agent decides: it sees itself as it is, the others \
      as of the last heartbeat, and only tasks that it sends away are delayed by the network.
      """)
  var gateways = false

  @Option(help: ArgumentHelp("CPU promised over CPU there.", valueName: "factor"))
  var overcommitCpu = 1.0

  @Option(help: ArgumentHelp("Memory promised over memory there.", valueName: "factor"))
  var overcommitMemory = 1.0

  @Option(
    help: ArgumentHelp(
      "Random failures: Weibull shape, Weibull scale and mean repair, such as 0.7,30d,1h.",
      valueName: "model"))
  var failures: FailureArgument?

  @Option(
    help: ArgumentHelp("How often an evicted task may be tried again.", valueName: "times"))
  var retries: Int32 = .max

  @Option(
    help: ArgumentHelp(
      "Tasks submitted this soon after the first are simulated but not measured.",
      valueName: "time"))
  var warmUp = TraceTime.zero

  @Flag(help: "Leave what happens after the last submission out of utilisation and energy.")
  var cutDrain = false

  @Option(
    help: ArgumentHelp(
      "Account for utilisation and energy from this trace time on; not before the end of the warm-up if not given.",
      valueName: "time"))
  var accountFrom: TraceTime?

  @Option(
    help: ArgumentHelp(
      "Account for utilisation and energy until so long after the last submission.",
      valueName: "time"))
  var accountTail: TraceTime?

  @Option(
    help: ArgumentHelp(
      "Shorter run times count as this in bounded slowdown.", valueName: "time"))
  var slowdownBound = TraceTime(argument: "10s") ?? .zero

  @Option(help: ArgumentHelp("Stop here.", valueName: "time"))
  var until: TraceTime?

  @Flag(help: "Count idle power at all times, whatever the machines' rules of sleep.")
  var alwaysOn = false

  @Flag(help: "Measure how long the scheduler's decisions take.")
  var decisionTimes = false

  @Flag(help: "Check the engine's own accounts while it runs (slower).")
  var audit = false

  mutating func validate() throws {
    for (name, value) in [
      ("--overcommit-cpu", overcommitCpu), ("--overcommit-memory", overcommitMemory),
    ] where !(value > 0 && value <= 1000) {
      throw ValidationError("\(name) is more than 0 and at most 1000")
    }
    guard depth > 0 else { throw ValidationError("--depth is at least 1") }
    guard accountTail == nil || !cutDrain else {
      throw ValidationError("--cut-drain is --account-tail 0: give one of them")
    }
    guard retries >= 0 else { throw ValidationError("--retries is not negative") }
  }

  var options: SimulationOptions {
    var options = SimulationOptions()
    options.mode = mode == .central ? .central : .dispatch
    options.order = queue.order
    options.backfilling = backfilling.kind
    options.depth = depth
    options.preemption = preempt
    options.estimates = exactEstimates ? .exact : .declared
    options.refusesAtOnce = refuse
    options.step = step.value
    options.heartbeat = heartbeat.value
    options.gateways = gateways
    options.overcommit = .init(cpu: overcommitCpu, memory: overcommitMemory)
    options.network = network?.model
    options.gangs = gangs
    options.spansMachines = !onePiece
    options.failures = failures?.model
    options.retries = retries
    options.warmUp = warmUp.value
    if cutDrain { options.accountsTail = .zero }
    if let accountFrom { options.accountsFrom = accountFrom.value }
    if let accountTail { options.accountsTail = accountTail.value }
    options.slowdownBound = slowdownBound.value
    if let until { options.until = until.value }
    options.alwaysOn = alwaysOn
    options.measuresDecisions = decisionTimes
    options.audit = audit
    return options
  }
}

/// Where tasks wait.
enum ModeName: String, ExpressibleByArgument, CaseIterable {
  case central, dispatch
}

/// Names of queue orders.
enum OrderName: String, ExpressibleByArgument, CaseIterable {
  case fifo, priority, sjf, edf
  case fairShare = "fair-share"
  case drf

  var order: SimulationOptions.Order {
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

/// Names of kinds of backfilling.
enum BackfillingName: String, ExpressibleByArgument, CaseIterable {
  case none, greedy, easy, conservative

  var kind: SimulationOptions.Backfilling {
    switch self {
    case .none: .none
    case .greedy: .greedy
    case .easy: .easy
    case .conservative: .conservative
    }
  }
}

/// `shape,scale,repair`.
struct FailureArgument: ExpressibleByArgument {
  let model: SimulationOptions.FailureModel

  init?(argument: String) {
    let parts = argument.split(separator: ",").map(String.init)
    guard parts.count == 3, let shape = Double(parts[0]), shape > 0, shape.isFinite,
      let scale = TraceTime(argument: parts[1]), scale.value > .zero,
      let repair = TraceTime(argument: parts[2])
    else { return nil }
    model = .init(shape: shape, scale: scale.value, meanRepair: repair.value)
  }
}

extension PriorityClass: ExpressibleByArgument {
  public init?(argument: String) {
    guard let named = Self.allCases.first(where: { $0.name == argument }) else { return nil }
    self = named
  }
}

import ArgumentParser
import Experiments
import Foundation
import Runs
import Simulation
import Workload

/// How a simulation works, on the command line.
struct EngineOptions: ParsableArguments, Sendable {
  @Option(
    help: ArgumentHelp(
      "central: one queue, a task starts only where it fits; dispatch: placed on arrival, it waits at its machine.",
      valueName: "mode"))
  var mode = EngineSettings.Mode.central

  @Option(
    help: ArgumentHelp(
      "Order of the central queue: \(EngineSettings.Queue.allValueStrings.joined(separator: ", ")).",
      valueName: "order"))
  var queue = EngineSettings.Queue.fifo

  @Option(
    help: ArgumentHelp(
      "What may overtake a head that must wait: none, greedy, easy, conservative, shadow (RLScheduler's).",
      valueName: "kind"))
  var backfilling = EngineSettings.Backfilling.none

  @Flag(help: "A head that does not fit stays the head until it starts, whoever comes by then.")
  var bindHead = false

  @Flag(help: "Take events of one instant one by one, arrivals before ends, as RLScheduler does.")
  var eventsOneByOne = false

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

  @Option(
    help: ArgumentHelp(
      "Predict run times from tasks that have ended: \(EngineSettings.predictions.joined(separator: ", ")).",
      valueName: "kind"))
  var prediction: String?

  @Option(
    help: ArgumentHelp(
      "What predictions are for: order, backfilling or both.", valueName: "use"))
  var predictFor: String?

  @Flag(help: "GPUs are devices, each claimed for itself, whole or shared.")
  var devices = false

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
      Delays of the network: one for every placement, such as 1ms, or \(NetworkSettings.keys): \
      times, machines a rack, racks a cluster, bytes a second, and bytes that every task fetches \
      from and carries to storage.
      """, valueName: "model"))
  var network: NetworkSettings?

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
  var failures: FailureSettings?

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

  @Option(
    help: ArgumentHelp(
      "How many tasks may be in flight at once, at about 250 bytes each.", valueName: "tasks"))
  var maxInFlight = SimulationOptions().maximumInFlight

  @Option(help: ArgumentHelp("Stop here.", valueName: "time"))
  var until: TraceTime?

  @Flag(help: "Count idle power at all times, whatever the machines' rules of sleep.")
  var alwaysOn = false

  @Flag(help: "Measure how long the scheduler's decisions take.")
  var decisionTimes = false

  @Flag(help: "Check the engine's own accounts while it runs (slower).")
  var audit = false

  mutating func validate() throws {
    for (option, value, names) in [
      ("--prediction", prediction, EngineSettings.predictions),
      ("--predict-for", predictFor, EngineSettings.predictionUses),
    ] {
      if let value, !names.contains(value) {
        throw ValidationError(
          "\(option) is '\(value.prefix(40))'; expected one of \(names.joined(separator: ", "))")
      }
    }
    try Self.requireMeaning(settings)
  }

  /// Refuses what is out of range, cannot be together, or changes nothing.
  static func requireMeaning(_ settings: EngineSettings) throws {
    if let issue = (settings.issues + settings.idle(in: settings)).first {
      throw ValidationError("\(option(issue.path)) \(issue.message)")
    }
  }

  /// `--overcommit-cpu` for `overcommitCpu`.
  private static func option(_ path: String) -> String {
    "--"
      + path.prefix { $0 != "." }.map { $0.isUppercase ? "-" + $0.lowercased() : String($0) }
      .joined()
  }

  /// What the options say.
  var settings: EngineSettings {
    var settings = EngineSettings()
    settings.mode = mode
    settings.gateways = gateways
    settings.queue = queue
    settings.backfilling = backfilling
    if bindHead { settings.bindHead = true }
    if eventsOneByOne { settings.eventsOneByOne = true }
    settings.depth = depth
    settings.preempt = preempt?.name
    settings.exactEstimates = exactEstimates
    settings.prediction = prediction
    settings.predictFor = predictFor
    settings.refuse = refuse
    if devices { settings.devices = true }
    settings.step = step.value.seconds
    settings.heartbeat = heartbeat.value.seconds
    settings.network = network
    settings.gangs = gangs
    settings.onePiece = onePiece
    settings.failures = failures
    settings.overcommitCpu = overcommitCpu
    settings.overcommitMemory = overcommitMemory
    settings.retries = Int(retries)
    settings.maxInFlight = maxInFlight
    settings.warmUp = warmUp.value.seconds
    settings.cutDrain = cutDrain
    settings.accountTail = accountTail?.value.seconds
    settings.accountFrom = accountFrom?.value.seconds
    settings.until = until?.value.seconds
    settings.alwaysOn = alwaysOn
    settings.slowdownBound = slowdownBound.value.seconds
    settings.decisionTimes = decisionTimes
    settings.audit = audit
    return settings
  }
}

extension EngineOptions {
  /// What was said on the command line, as far as it is not the default: the engine of an experiment that is
  /// made of options.
  func said() throws -> EngineSettings {
    try settings.differences(from: Self.parse([]).settings)
  }
}

extension EngineSettings.Mode: ExpressibleByArgument {}
extension EngineSettings.Queue: ExpressibleByArgument {}
extension EngineSettings.Backfilling: ExpressibleByArgument {}

extension EngineSettings.AtStart: ExpressibleByArgument {}

extension NetworkSettings: ReadFromText, ExpressibleByArgument {}

extension FailureSettings: ReadFromText, ExpressibleByArgument {}

extension PriorityClass: ExpressibleByArgument {
  public static var allValueStrings: [String] { allCases.map(\.name) }

  public init?(argument: String) {
    guard let named = Self.allCases.first(where: { $0.name == argument }) else { return nil }
    self = named
  }
}

import Experiments
import Simulation
import Workload

extension SimulationJob {
  /// What queueing theory says of the run; nil where it is of no station that theory knows.
  ///
  /// It knows Poisson arrivals at equal servers without losses, served one after the other first come first served
  /// or the shortest first, as they stand: every task of the station, on its own cores, under a policy that only says
  /// where a task goes.
  var theory: [QueueTheory.Value]? {
    guard givenTasks == nil, givenLayout == nil, givenPolicy == nil, workload == cluster,
      takesAll, scaleArrivals == 1, scaleRunTimes == 1,
      engine.options.isPlainQueue, Self.placing.contains(scheduler),
      let station = try? NamedStation(workload)
    else { return nil }
    return station.theory.values(isShortestFirst: engine.options.order == .sjf)
  }

  /// Schedulers that are asked about the head of the queue and take a machine that has room, whenever there is one.
  private static let placing: Set<String> = [
    "random", "round-robin", "weighted-round-robin", "first-fit", "next-fit", "best-fit",
    "worst-fit",
    "least-loaded", "power-of-two", "dot-product", "least-allocated", "most-allocated",
    "balanced-allocation", "minimum-energy", "earliest-completion", "fastest-fit",
    "weighted-random",
  ]

  /// Whether every task of the workload is run.
  private var takesAll: Bool {
    selection.from == nil && selection.to == nil && selection.priority == nil
      && selection.sample == nil && selection.columns.isEmpty
  }
}

extension SimulationReport {
  /// The simulated figure of what theory speaks of.
  func simulated(_ name: String) -> Double? {
    switch name {
    case "mean wait, s": total.wait.mean * 1e-6
    case "mean completion, s": total.completion.mean * 1e-6
    case "tasks waiting": usage.meanWaiting
    case "share that waits": Double(total.wait.counts(above: [0])[0]) / Double(total.wait.count)
    case "99th percentile of wait, s": total.wait.quantile(0.99) * 1e-6
    case "utilisation": usage.whileSubmitting.cpu
    default: nil
    }
  }
}

extension SimulationOptions {
  /// Whether tasks wait in one queue, first come first served or the shortest first, and nothing else happens to them.
  /// An option that is not named here has to be as it is by default.
  fileprivate var isPlainQueue: Bool {
    guard [.fifo, .sjf].contains(order) else { return false }
    var plain = SimulationOptions()
    plain.order = order
    // What is only looked at, or of what one server needs no regard.
    (plain.audit, plain.measuresDecisions) = (audit, measuresDecisions)
    (plain.warmUp, plain.accountsFrom, plain.accountsTail) = (warmUp, accountsFrom, accountsTail)
    (plain.slowdownBound, plain.alwaysOn) = (slowdownBound, alwaysOn)
    (plain.gangs, plain.spansMachines, plain.estimates) = (gangs, spansMachines, estimates)
    (plain.depth, plain.bindsHead, plain.retries) = (depth, bindsHead, retries)
    (plain.maximumInFlight, plain.maximumFailures) = (maximumInFlight, maximumFailures)
    return self == plain
  }
}

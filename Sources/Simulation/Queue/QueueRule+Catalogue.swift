import PortableMath
import Workload

// Orders by name. r is the requested time in seconds, n the processors, s the submission in seconds of the
// trace, w the wait in seconds.
extension QueueRule {
  /// The rules that can be asked for by name; a new one is one line here.
  public static let catalogue: [QueueRule] = [
    smallestArea, narrowest, f1, f2, f3, f4, wfp3, unicep, largestExpansion, rlschedulerWFP3,
    rlschedulerUNICEP,
  ]

  /// The rule of the catalogue called `name`; nil if there is none.
  public static func named(_ name: String) -> QueueRule? { catalogue.first { $0.name == name } }

  /// r · n: the least work first (smallest area, or shortest job in processor-seconds).
  public static let smallestArea = QueueRule(
    name: "smallest-area", summary: "requested time x processors, the least first"
  ) { $0.requestedSeconds * $0.cores }

  /// n: the fewest processors first.
  public static let narrowest = QueueRule(
    name: "narrowest", summary: "the fewest processors first", goesByEstimates: false
  ) { $0.cores }

  /// Carastan-Santos and de Camargo, "Obtaining dynamic scheduling policies with simulation and machine
  /// learning", SC'17, Table 4: F1.
  public static let f1 = QueueRule(name: "f1", summary: "log10(r) n + 870 log10(s) (SC'17)") {
    logarithm($0.requestedSeconds) * $0.cores + 870 * logarithm($0.submit.seconds)
  }

  /// F2 of the same table.
  public static let f2 = QueueRule(name: "f2", summary: "sqrt(r) n + 25600 log10(s) (SC'17)") {
    $0.requestedSeconds.squareRoot() * $0.cores + 25_600 * logarithm($0.submit.seconds)
  }

  /// F3 of the same table.
  public static let f3 = QueueRule(name: "f3", summary: "r n + 6860000 log10(s) (SC'17)") {
    $0.requestedSeconds * $0.cores + 6_860_000 * logarithm($0.submit.seconds)
  }

  /// F4 of the same table.
  public static let f4 = QueueRule(name: "f4", summary: "r sqrt(n) + 530000 log10(s) (SC'17)") {
    $0.requestedSeconds * $0.cores.squareRoot() + 530_000 * logarithm($0.submit.seconds)
  }

  /// Tang, Lan, Desai and Buettner, "Fault-aware, utility-based job scheduling on Blue Gene/P systems",
  /// CLUSTER 2009: (w / r)³ n, the greatest first.
  public static let wfp3 = QueueRule(name: "wfp3", summary: "(wait / r)^3 n, the greatest first") {
    WaitScorer { wait, task in
      let share = wait / task.requestedSeconds
      return -(share * share * share * task.cores)
    }
  }

  /// UNICEP, of the same paper: w / (log2(n) r), the greatest first. log2(n) is at least 1, so that jobs of
  /// one processor have a score.
  public static let unicep = QueueRule(
    name: "unicep", summary: "wait / (log2(n) r), the greatest first"
  ) {
    WaitScorer { wait, task in
      -(wait / (max(PortableMath.log(task.cores) / PortableMath.log(2), 1) * task.requestedSeconds))
    }
  }

  /// (w + r) / r, the greatest first (largest expansion factor).
  public static let largestExpansion = QueueRule(
    name: "largest-expansion", summary: "(wait + r) / r, the greatest first"
  ) {
    WaitScorer { wait, task in -((wait + task.requestedSeconds) / task.requestedSeconds) }
  }

  /// WFP3 as RLScheduler's code has it (Zhang et al., SC'20): a job that waits has -1 for its start, so that
  /// its wait is -1 - s and the jobs that would be last are first. For comparison with the paper's table.
  public static let rlschedulerWFP3 = QueueRule(
    name: "rlscheduler-wfp3", summary: "WFP3 with the wait as -1 - s, a fault of RLScheduler's code"
  ) { task in
    let share = (-1 - task.submit.seconds) / task.requestedSeconds
    return -(share * share * share * task.cores)
  }

  /// UNICEP as RLScheduler's code has it: the same fault, and log2(n) of one processor is next to nothing.
  public static let rlschedulerUNICEP = QueueRule(
    name: "rlscheduler-unicep",
    summary: "UNICEP with the wait as -1 - s, a fault of RLScheduler's code"
  ) { task in
    let width = PortableMath.log(task.cores + 1e-15) / PortableMath.log(2)
    return -((-1 - task.submit.seconds + 1e-15) / (width * task.requestedSeconds))
  }

  /// The decimal logarithm, that of 0 being the one of 0.1, as the paper's code has it.
  private static func logarithm(_ value: Double) -> Double {
    PortableMath.log(value == 0 ? 0.1 : value) / PortableMath.log(10)
  }
}

/// A score by how long a task has waited, in seconds.
private struct WaitScorer: QueueScorer {
  private let rule: @Sendable (_ wait: Double, borrowing TaskView) -> Double
  private var now = Microseconds.zero

  init(_ rule: @escaping @Sendable (_ wait: Double, borrowing TaskView) -> Double) {
    self.rule = rule
  }

  mutating func begin(at now: Microseconds, waiting: Int, on cluster: borrowing Cluster) {
    self.now = now
  }

  func score(_ task: borrowing TaskView) -> Double { rule((now - task.submit).seconds, task) }
}

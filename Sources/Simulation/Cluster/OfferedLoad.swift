import PortableMath
import Workload

/// What has been offered of late: how much CPU work, over what the machines can do in that time, and how long its tasks run.
///
/// Every task that has an estimate counts, the less the longer ago it came: exponentially, as in Unix's load
/// average over one minute. Work is divided by the weight of the time since the first task, not of all time, so
/// that the load is right from the beginning.
struct OfferedLoad {
  /// Time in which what came before loses all but 1/e of its weight, in seconds.
  static let window = 60.0
  /// A rate over less than these seconds says nothing.
  static let least = 5.0

  /// As of the task that came last; 1 is as much as the machines can do.
  private(set) var value = 0.0
  private var last = Microseconds.never
  /// Core-seconds, tasks, their seconds, and the seconds that passed, all weighted.
  private var work = 0.0
  private var tasks = 0.0
  private var runTime = 0.0
  private var time = 0.0

  /// Mean run time of the tasks in reference seconds; 0 before the first.
  var meanRunTime: Double { tasks > 0 ? runTime / tasks : 0 }

  /// A task has come that runs for `seconds` on `cores` by its estimate.
  ///
  /// - Parameter capacity: cores × speed of all machines that are up.
  mutating func note(seconds: Double, cores: Double, at now: Microseconds, capacity: Double) {
    if last.isKnown {
      let kept = exp(-(now - last).seconds / Self.window)
      work *= kept
      tasks *= kept
      runTime *= kept
      time = time * kept + (1 - kept) * Self.window
    }
    last = now
    work += seconds * cores
    tasks += 1
    runTime += seconds
    value = capacity > 0 ? work / (max(time, Self.least) * capacity) : 0
  }
}

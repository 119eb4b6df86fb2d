// Min-min, max-min, sufferage and priority min-min over the waiting tasks. Ibarra and Kim, "Heuristic
// algorithms for scheduling independent tasks on nonidentical processors", J. ACM 24 (1977);
// Maheswaran, Ali, Siegel, Hensgen and Freund, J. Parallel and Distributed Computing 59 (1999).
import Workload

/// Where a waiting task would end first, and what it would lose elsewhere.
struct Completion {
  var machine: Int
  var first: Double
  /// On the second-best machine; infinite if there is none.
  var second: Double

  /// The task's best machine, ties to the lowest index; nil if none can take it. O(n).
  init?(_ task: TaskView, _ cluster: borrowing Cluster) {
    machine = -1
    first = .infinity
    second = .infinity
    for candidate in 0..<cluster.count where cluster.canTake(task, on: candidate) {
      let completion = cluster.expectedCompletion(of: task, on: candidate)
      if machine < 0 || completion < first {
        (second, first, machine) = (first, completion, candidate)
      } else {
        second = min(second, completion)
      }
    }
    if machine < 0 { return nil }
  }
}

/// Chooses the task of greatest merit, ties to the first in the queue, for its best machine.
/// O(tasks × machines).
func chooseByMerit(
  _ waiting: [TaskView], _ cluster: borrowing Cluster, merit: (TaskView, Completion) -> Double
) -> (task: Int, machine: Int)? {
  var best: (task: Int, machine: Int)?
  var greatest = -Double.infinity
  for (index, task) in waiting.enumerated() {
    guard let completion = Completion(task, cluster) else { continue }
    let merit = merit(task, completion)
    if best == nil || merit > greatest {
      best = (index, completion.machine)
      greatest = merit
    }
  }
  return best
}

/// The waiting task that can end first goes first, to the machine where it does.
public struct MinMin: BatchPlacementPolicy {
  /// `min-min`.
  public let name = "min-min"
  /// A min-min policy.
  public init() {}

  /// Takes the task that ends first.
  public mutating func choose(
    from waiting: [TaskView], on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> (task: Int, machine: Int)? {
    chooseByMerit(waiting, cluster) { -$1.first }
  }
}

/// The waiting task whose earliest end is latest goes first, to the machine where it ends first.
public struct MaxMin: BatchPlacementPolicy {
  /// `max-min`.
  public let name = "max-min"
  /// A max-min policy.
  public init() {}

  /// Takes the task that ends last.
  public mutating func choose(
    from waiting: [TaskView], on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> (task: Int, machine: Int)? {
    chooseByMerit(waiting, cluster) { $1.first }
  }
}

/// The waiting task that would lose most by its second-best machine goes first; one that only one
/// machine can take comes before all.
public struct Sufferage: BatchPlacementPolicy {
  /// `sufferage`.
  public let name = "sufferage"
  /// A sufferage policy.
  public init() {}

  /// Takes the task that would suffer most.
  public mutating func choose(
    from waiting: [TaskView], on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> (task: Int, machine: Int)? {
    chooseByMerit(waiting, cluster) { $1.second - $1.first }
  }
}

/// Min-min among the waiting tasks of the highest class that any machine can take.
public struct PriorityMinMin: BatchPlacementPolicy {
  /// `priority-min-min`.
  public let name = "priority-min-min"
  /// A priority min-min policy.
  public init() {}

  /// Takes the task of the highest class that ends first.
  public mutating func choose(
    from waiting: [TaskView], on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> (task: Int, machine: Int)? {
    var best: (task: Int, machine: Int)?
    var key = (PriorityClass.unknown, -Double.infinity)
    for (index, task) in waiting.enumerated() where best == nil || task.priorityClass >= key.0 {
      guard let completion = Completion(task, cluster) else { continue }
      let candidate = (task.priorityClass, -completion.first)
      if best == nil || candidate > key {
        best = (index, completion.machine)
        key = candidate
      }
    }
    return best
  }
}

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
      if machine < 0 || Cluster.isLess(completion, than: first) {
        (second, first, machine) = (first, completion, candidate)
      } else {
        second = min(second, completion)
      }
    }
    if machine < 0 { return nil }
  }
}

/// A batch policy whose machines are those on which tasks end first.
protocol CompletionPolicy: BatchPlacementPolicy {}

extension CompletionPolicy {
  /// In how many seconds the task should end there, negated.
  public func scores(
    _ task: TaskView, on cluster: borrowing Cluster, into scores: inout [Double]
  ) {
    cluster.score(task, into: &scores) { cluster, machine in
      -cluster.expectedCompletion(of: task, on: machine)
    }
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
    if best == nil || Cluster.isLess(greatest, than: merit) {
      best = (index, completion.machine)
      greatest = merit
    }
  }
  return best
}

// Priority min-min: min-min within the highest class (Ibarra and Kim, J. ACM 24, 1977).
import Workload

/// Min-min among the waiting tasks of the highest class that any machine can take.
///
/// Min-min of Ibarra and Kim, "Heuristic algorithms for scheduling independent tasks on
/// nonidentical processors", J. ACM 24 (1977), class by class.
public struct PriorityMinMin: BatchPlacementPolicy, CompletionPolicy {
  /// `priority-min-min`.
  public let name = "priority-min-min"
  /// True.
  public var goesByEstimates: Bool { true }
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
      if best == nil || task.priorityClass > key.0
        || Cluster.isLess(key.1, than: -completion.first)
      {
        best = (index, completion.machine)
        key = (task.priorityClass, -completion.first)
      }
    }
    return best
  }
}

// What happened: each task when and where its trace says.
import Workload

/// Starts each task when its trace says (`TaskRecord.recordedStart`) and on the machine that the
/// trace names. Where it names none, on the machine that the task leaves with the least room.
///
/// Nothing is moved: a task that does not fit then and there is refused, and
/// ``RunRemarks/RecordedStarts`` counts it. So a run of this is also a check of a trace against a cluster.
/// In a ``LiveCluster``, where nothing is recorded, it is best fit.
public struct Recorded: PlacementPolicy {
  /// `recorded`.
  public let name = "recorded"
  private var rule = BestFit()
  /// A policy that does what was done.
  public init() {}

  public var followsRecord: Bool { true }

  public mutating func runBegan(on cluster: borrowing Cluster) { rule.runBegan(on: cluster) }

  public mutating func machineChanged(_ machine: Int, on cluster: borrowing Cluster) {
    rule.machineChanged(machine, on: cluster)
  }

  /// Asked only of tasks whose machine is not recorded.
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement { rule.place(task, on: cluster, using: &rng) }
}

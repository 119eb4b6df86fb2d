import Workload

/// Decides which of the waiting tasks goes next, and where: min-min, sufferage and their kin.
///
/// In addition to the requirements of ``PlacementPolicy``, what is chosen must be a valid placement.
/// The policy is asked again after each choice, until it has none. On a continuous clock its batch
/// is what waits; with a step it is what has come since the last one as well.
public protocol BatchPlacementPolicy: PlacementPolicy {
  /// The index in `waiting` of the task to place next, and its machine; nil to wait.
  mutating func choose(
    from waiting: [TaskView], on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> (task: Int, machine: Int)?
}

extension BatchPlacementPolicy {
  /// A batch of one.
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    choose(from: [task], on: cluster, using: &rng).map { .machine($0.machine) } ?? .wait
  }
}

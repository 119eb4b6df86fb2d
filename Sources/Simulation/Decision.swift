import Workload

/// What is to be decided in a ``SimulationSession``, with its candidates.
///
/// Kinds are added as the simulator learns to ask for more (stages of jobs, devices); a `switch` should
/// have a `default`.
public enum Decision: Hashable, Sendable {
  /// Where does this task go, now?
  ///
  /// The candidates are the machines of ``SimulationSession/cluster`` for which ``Cluster/canTake(_:on:)``
  /// holds. Of a gang each instance is asked about in turn, and the task starts when all have a machine.
  /// The answer is ``Answer/placement(_:)``.
  case place(TaskView)
  /// Which of the tasks that wait goes next, and where?
  ///
  /// The candidates are the tasks of ``SimulationSession/waiting``, in the queue's order, on the machines
  /// that can take them. It is asked again after each answer, until that is ``Answer/nothing``. Of a gang
  /// the machine of each instance is then asked for by ``place(_:)``.
  case choose(waiting: Int)

  /// What is decided.
  public enum Answer: Hashable, Sendable {
    /// To ``Decision/place(_:)``.
    case placement(Placement)
    /// To ``Decision/choose(waiting:)``: the index in ``SimulationSession/waiting`` of the task that goes
    /// next, and its machine.
    case task(Int, on: Int)
    /// To ``Decision/choose(waiting:)``: no task goes now.
    case nothing
  }
}

/// Stands in for decisions that are made outside a ``SimulationSession``: it has a name and decides nothing.
public struct ExternalPolicy: PlacementPolicy {
  /// The name in reports.
  public let name: String

  /// A stand-in of this name.
  public init(name: String) { self.name = name }

  /// Waits.
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement { .wait }
}

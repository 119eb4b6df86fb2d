import Simulation
import Workload

/// A learned order of the queue as a scheduler: tasks go, in that order, to the first machine that has room.
public struct OrderScheduler: PlacementPolicy {
  public let name: String
  public let queueOrder: QueueRule?
  private var placement = FirstFit()

  /// The scheduler of a learned order.
  ///
  /// - Parameters:
  ///   - model: what it learned.
  ///   - name: in reports.
  ///   - isGated: whether smallest area first decides where it does worse than that.
  public init(_ model: OrderModel, name: String, isGated: Bool = false) {
    self.name = name
    queueOrder = model.rule(named: name, isGated: isGated)
  }

  public mutating func runBegan(on cluster: borrowing Cluster) { placement.runBegan(on: cluster) }

  public mutating func machineChanged(_ machine: Int, on cluster: borrowing Cluster) {
    placement.machineChanged(machine, on: cluster)
  }

  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    placement.place(task, on: cluster, using: &rng)
  }
}

// Most free memory: the machine with the most memory left.
import Simulation
import Workload

struct MostFreeMemory: PlacementPolicy {
  let name = "most-free-memory"

  mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    cluster.cheapest(for: task) { cluster, machine in -cluster.free(machine).memory.gibibytes }
  }
}

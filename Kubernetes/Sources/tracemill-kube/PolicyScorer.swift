import KubeRules
import Runs
import Simulation
import Workload

/// A policy of Tracemill's over the nodes of a view.
///
/// A node is a machine of a ``LiveCluster`` and what its pods hold is one claim there, so that a policy sees
/// free and claimed amounts as it saw them in the simulator. Cores, memory, ephemeral storage and GPUs are
/// modelled; other resources are the rules' business. Estimates of run times there are none.
final class PolicyScorer: NodeScorer, @unchecked Sendable {
  let name: String
  private let make: () -> any PlacementPolicy
  private let seed: UInt64
  private var live: LiveCluster?
  private var holds: [LiveCluster.Hold?] = []
  private var gpu: Int?
  private var buffer: [Double] = []
  private var clock: Int64 = 0

  /// A policy by name, as `tracemill simulate --scheduler` has it.
  ///
  /// - Throws: `RunError` if there is none.
  init(_ name: String, seed: UInt64) throws {
    let scheduler = try NamedScheduler(name)
    self.name = name
    self.seed = seed
    make = { scheduler.policy() }
  }

  // Whoever owns the scorer holds a lock around every call: hence the unchecked conformance.
  func changed(_ nodes: [Int], on view: ClusterView) {
    gpu = view.resources.firstIndex(of: "nvidia.com/gpu")
    if live == nil || holds.count < view.nodes.count { return build(view) }
    for node in nodes { update(node, view) }
  }

  private func build(_ view: ClusterView) {
    let machines = view.nodes.indices.map { node in
      MachineDescription(
        number: Int64(node), capacity: amounts(view.nodes[node].offered),
        isUp: view.nodes[node].isThere)
    }
    live = try? LiveCluster(machines, policy: make(), seed: seed)
    holds = Array(repeating: nil, count: machines.count)
    for node in view.nodes.indices { update(node, view) }
  }

  private func update(_ node: Int, _ view: ClusterView) {
    let state = view.nodes[node]
    if let hold = holds[node] { try? live?.release(hold) }
    holds[node] = nil
    guard state.isThere else {
      _ = try? live?.takeDown(node)
      return
    }
    try? live?.bringUp(node)
    try? live?.setCapacity(of: node, to: amounts(state.offered))
    holds[node] = try? live?.claim(TaskView(request: amounts(state.held)), on: node)
  }

  func scores(_ shape: Int32, nodes: [Int], on view: ClusterView) -> [Double?] {
    guard live != nil else { return nodes.map { _ in nil } }
    clock += 1
    let task = TaskView(
      id: TaskID(job: clock), request: amounts(view.amounts(of: shape)),
      submit: Microseconds(clock))
    live?.scores(task, into: &buffer)
    return nodes.map { node in
      node < buffer.count && buffer[node].isFinite ? buffer[node] : nil
    }
  }

  /// Amounts of a view as the simulator has them: cpu comes in thousandths of a core.
  private func amounts(_ list: [Int64]) -> Resources {
    func amount(_ index: Int?) -> Int64 {
      guard let index, index < list.count else { return 0 }
      return list[index]
    }
    return Resources(
      cpu: Cores(nano: amount(0) * 1_000_000),
      memory: Bytes(amount(1)), disk: Bytes(amount(2)),
      milliGPU: min(amount(gpu), 1 << 40) * 1000)
  }
}

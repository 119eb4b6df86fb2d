import Dispatch
import KubeRules
import Runs
import Simulation
import Workload

/// A policy of Tracemill's over the nodes of a view.
///
/// A node is a machine of a ``LiveCluster`` and each of its pods a claim there, so that a policy sees free
/// and claimed amounts and running tasks as it saw them in the simulator. Cores, memory, ephemeral storage
/// and GPUs are modelled; other resources are the rules' business.
final class PolicyScorer: NodeScorer, @unchecked Sendable {
  let name: String
  let choosesAmongPods: Bool
  private let make: () -> any PlacementPolicy
  private let seed: UInt64
  private var live: LiveCluster?
  /// Claims by the slot of their pod.
  private var holds: [LiveCluster.Hold?] = []
  /// The nodes that are up in the cluster.
  private var isUp: [Bool] = []
  private var gpu: Int?
  private var buffer: [Double] = []
  private var decisions: Int64 = 0
  private let start = DispatchTime.now().uptimeNanoseconds

  /// A policy by name, as `tracemill simulate --scheduler` has it.
  ///
  /// - Throws: `RunError` if there is none.
  init(_ name: String, seed: UInt64) throws {
    let scheduler = try NamedScheduler(name)
    self.name = name
    self.seed = seed
    make = { scheduler.policy() }
    choosesAmongPods = scheduler.policy() is any BatchPlacementPolicy
  }

  // Whoever owns the scorer holds a lock around every call: hence the unchecked conformance.
  func changed(_ changes: [ClusterView.Change], on view: ClusterView) {
    gpu = view.resources.firstIndex(of: "nvidia.com/gpu")
    guard let count = live?.names.count, count >= view.nodes.count else { return build(view) }
    for change in changes {
      switch change {
      case .node(let node): update(node, view)
      case .placed(let slot, let shape, let node): claim(slot, shape, node, view)
      case .left(let slot, _): release(slot)
      }
    }
  }

  private func build(_ view: ClusterView) {
    let machines = view.nodes.indices.map { node in
      MachineDescription(
        number: Int64(node), capacity: amounts(view.nodes[node].offered),
        isUp: view.nodes[node].isThere)
    }
    live = try? LiveCluster(machines, policy: make(), seed: seed)
    isUp = view.nodes.map(\.isThere)
    holds.removeAll()
    for pod in view.pods.values { claim(pod.slot, pod.shape, Int(pod.node), view) }
  }

  private func update(_ node: Int, _ view: ClusterView) {
    let state = view.nodes[node]
    guard state.isThere else {
      isUp[node] = false
      _ = try? live?.takeDown(node)
      return
    }
    let wasDown = !isUp[node]
    isUp[node] = true
    try? live?.bringUp(node)
    try? live?.setCapacity(of: node, to: amounts(state.offered))
    guard wasDown else { return }
    for pod in state.pods.compactMap({ view.pods[$0] }).sorted(by: { $0.slot < $1.slot }) {
      claim(pod.slot, pod.shape, node, view)
    }
  }

  private func claim(_ slot: Int32, _ shape: Int32, _ node: Int, _ view: ClusterView) {
    while holds.count <= Int(slot) { holds.append(nil) }
    release(slot)
    holds[Int(slot)] = try? live?.claim(
      TaskView(id: TaskID(job: Int64(slot)), request: amounts(view.amounts(of: shape))), on: node)
  }

  private func release(_ slot: Int32) {
    guard Int(slot) < holds.count, let hold = holds[Int(slot)] else { return }
    // A claim on a node that has gone ended with it.
    try? live?.release(hold)
    holds[Int(slot)] = nil
  }

  private func task(_ shape: Int32, _ estimate: Double?, _ view: ClusterView) -> TaskView {
    let now = Microseconds(Int64((DispatchTime.now().uptimeNanoseconds - start) / 1000))
    live?.advance(to: now)
    decisions += 1
    // Claims are known by slots, of which there are fewer.
    return TaskView(
      id: TaskID(job: 1 << 40 + decisions), request: amounts(view.amounts(of: shape)), submit: now,
      estimate: estimate.map { Microseconds(seconds: $0) } ?? .never)
  }

  func scores(_ shape: Int32, nodes: [Int], on view: ClusterView) -> [Double?] {
    guard live != nil else { return nodes.map { _ in nil } }
    let task = task(shape, nil, view)
    live?.scores(task, into: &buffer)
    return nodes.map { node in
      node < buffer.count && buffer[node].isFinite ? buffer[node] : nil
    }
  }

  func choose(_ shape: Int32, allowed: [Bool], on view: ClusterView) -> Int? {
    var task = task(shape, nil, view)
    guard (try? live?.restrict(&task, to: allowed)) != nil,
      case .machine(let machine)? = live?.place(task)
    else { return nil }
    return machine
  }

  func choose(among waiting: [WaitingPod], on view: ClusterView) -> (pod: Int, node: Int)? {
    var tasks = waiting.map { task($0.shape, $0.estimate, view) }
    guard (try? live?.restrict(&tasks, to: waiting.map(\.allowed))) != nil,
      let chosen = live?.choose(from: tasks)
    else { return nil }
    return (chosen.task, chosen.machine)
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

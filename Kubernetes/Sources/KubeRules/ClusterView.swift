import KubeObjects
import Simulation
import Workload

/// Nodes and pods as the API server last showed them, with what this process has promised since.
///
/// Pods of one template share one ``PodShape``, so that a pod costs its names and a few words. All
/// changes cost O(resources of the pod).
public struct ClusterView: Sendable {
  /// A node.
  public struct NodeState: Sendable {
    /// What the API server says of it.
    public internal(set) var node: Node
    /// What it offers, by resource number.
    public internal(set) var offered: [Int64]
    /// What its pods hold, by resource number.
    public internal(set) var held: [Int64]
    /// Its pods, by UID.
    public internal(set) var pods: Set<String> = []
    /// Whether the API server still lists it.
    public internal(set) var isThere = true
  }

  /// A pod on a node.
  public struct PodState: Sendable {
    /// `namespace/name`.
    public let key: String
    /// Its shape's number.
    public let shape: Int32
    /// Its node's number.
    public let node: Int32
    /// When the promise lapses, in seconds of the view's clock; nil once the API server has shown it.
    public var promisedUntil: Double?
  }

  /// Nodes by number; numbers are not used again.
  public private(set) var nodes: [NodeState] = []
  private var numbers: [String: Int] = [:]
  /// Pods that hold something, by UID.
  public private(set) var pods: [String: PodState] = [:]
  /// The shapes there are.
  public private(set) var shapes: [PodShape] = []
  private var shapeNumbers: [PodShape: Int32] = [:]
  /// Resource names by number: cpu (thousandths), memory and ephemeral-storage (bytes), pods, others.
  public private(set) var resources = ["cpu", "memory", "ephemeral-storage", "pods"]
  private var resourceNumbers = ["cpu": 0, "memory": 1, "ephemeral-storage": 2, "pods": 3]
  private var shapeAmounts: [[Int64]] = []
  /// UIDs of pods on nodes that must keep others away.
  public private(set) var keepingAway: Set<String> = []
  /// Pods of the API server whose node has not been listed yet, by the node's name.
  private var orphans: [String: [String: Int32]] = [:]
  private var keys: [String: String] = [:]
  /// Nodes whose offer or pods have changed since ``takeChanges()``.
  private var changes: Set<Int> = []

  /// No nodes.
  public init() {}

  /// A node's number.
  public func number(_ name: String) -> Int? {
    numbers[name].flatMap { nodes[$0].isThere ? $0 : nil }
  }

  /// The numbers of nodes that have changed since it was last asked, in order.
  public mutating func takeChanges() -> [Int] {
    defer { changes.removeAll(keepingCapacity: true) }
    return changes.sorted()
  }

  // MARK: nodes

  /// The API server shows a node, new or changed.
  public mutating func show(_ node: Node) {
    let offered = amounts(node.allocatable)
    if let number = numbers[node.name] {
      nodes[number].node = node
      nodes[number].offered = offered
      nodes[number].isThere = true
      changes.insert(number)
    } else {
      numbers[node.name] = nodes.count
      changes.insert(nodes.count)
      nodes.append(NodeState(node: node, offered: offered, held: []))
    }
    for (uid, shape) in orphans.removeValue(forKey: node.name) ?? [:] {
      place(uid, keys[uid] ?? uid, shape, on: numbers[node.name]!, until: nil)
    }
  }

  /// The API server no longer has a node. Its pods stay counted until they go too.
  public mutating func removeNode(_ name: String) {
    guard let number = numbers[name] else { return }
    nodes[number].isThere = false
    changes.insert(number)
  }

  // MARK: pods

  /// The API server shows a pod, new or changed.
  public mutating func show(_ pod: Pod) {
    guard let name = pod.spec.nodeName, !name.isEmpty, !pod.isOver else {
      // A promise outlives an update that came before the binding.
      if pods[pod.uid]?.promisedUntil == nil || pod.isOver { removePod(pod.uid) }
      return
    }
    removePod(pod.uid)
    let shape = number(of: PodShape(pod))
    if let number = numbers[name] {
      place(pod.uid, pod.key, shape, on: number, until: nil)
    } else {
      orphans[name, default: [:]][pod.uid] = shape
      keys[pod.uid] = pod.key
    }
  }

  /// Counts a pod on a node before the API server shows it there.
  ///
  /// - Parameter until: when the promise lapses, in seconds of the clock given to ``lapse(at:)``.
  public mutating func promise(_ pod: Pod, to node: Int, until: Double) {
    removePod(pod.uid)
    place(pod.uid, pod.key, number(of: PodShape(pod)), on: node, until: until)
  }

  /// Takes a promise back, if it still is one.
  public mutating func withdraw(_ uid: String) {
    if pods[uid]?.promisedUntil != nil { removePod(uid) }
  }

  /// Takes back promises that the API server has not confirmed in time; how many.
  @discardableResult public mutating func lapse(at time: Double) -> Int {
    let lapsed = pods.filter { $0.value.promisedUntil.map { $0 < time } ?? false }.map(\.key)
    for uid in lapsed { removePod(uid) }
    return lapsed.count
  }

  /// The API server no longer has a pod.
  public mutating func removePod(_ uid: String) {
    if keys.removeValue(forKey: uid) != nil {
      for name in orphans.keys { orphans[name]?[uid] = nil }
    }
    guard let pod = pods.removeValue(forKey: uid) else { return }
    let node = Int(pod.node)
    nodes[node].pods.remove(uid)
    for (index, amount) in shapeAmounts[Int(pod.shape)].enumerated() {
      nodes[node].held[index] -= amount
    }
    keepingAway.remove(uid)
    changes.insert(node)
  }

  /// Forgets the pods and nodes that a fresh list does not name.
  public mutating func keepOnly(nodes names: Set<String>) {
    for node in nodes where node.isThere && !names.contains(node.node.name) {
      removeNode(node.node.name)
    }
  }

  /// Forgets pods that a fresh list does not name; promises stay.
  public mutating func keepOnly(pods uids: Set<String>) {
    for (uid, pod) in pods where !uids.contains(uid) && pod.promisedUntil == nil { removePod(uid) }
    for uid in keys.keys where !uids.contains(uid) { removePod(uid) }
  }

  private mutating func place(
    _ uid: String, _ key: String, _ shape: Int32, on node: Int, until: Double?
  ) {
    pods[uid] = PodState(key: key, shape: shape, node: Int32(node), promisedUntil: until)
    keys[uid] = nil
    nodes[node].pods.insert(uid)
    let amounts = shapeAmounts[Int(shape)]
    while nodes[node].held.count < amounts.count { nodes[node].held.append(0) }
    for (index, amount) in amounts.enumerated() { nodes[node].held[index] += amount }
    if !shapes[Int(shape)].antiAffinity.isEmpty { keepingAway.insert(uid) }
    changes.insert(node)
  }

  // MARK: amounts

  /// A shape's number, the same for equal shapes.
  public mutating func number(of shape: PodShape) -> Int32 {
    if let number = shapeNumbers[shape] { return number }
    let number = Int32(shapes.count)
    shapeNumbers[shape] = number
    shapes.append(shape)
    shapeAmounts.append(amounts(shape.requests))
    return number
  }

  /// What a shape holds, by resource number.
  public func amounts(of shape: Int32) -> [Int64] { shapeAmounts[Int(shape)] }

  /// Amounts by resource number; cpu in thousandths of a core, all else in whole units, rounded up.
  /// Each is at most 2^53, so that 2^10 of them stay within Int64 on one node.
  private mutating func amounts(_ list: ResourceList) -> [Int64] {
    for name in list.keys.sorted() where resourceNumbers[name] == nil {
      resourceNumbers[name] = resources.count
      resources.append(name)
    }
    var amounts = [Int64](repeating: 0, count: resources.count)
    for (name, quantity) in list {
      let number = resourceNumbers[name]!
      amounts[number] = min(max(number == 0 ? quantity.milli : quantity.units, 0), 1 << 53)
    }
    return amounts
  }

  /// What is free on a node of a resource; never less than 0.
  public func free(_ node: Int, _ resource: Int) -> Int64 {
    let state = nodes[node]
    let offered = resource < state.offered.count ? state.offered[resource] : 0
    let held = resource < state.held.count ? state.held[resource] : 0
    return max(offered - held, 0)
  }

  /// The first resource of which a node has too little for amounts; nil if all of it fits.
  public func shortage(of amounts: [Int64], on node: Int) -> String? {
    for (index, amount) in amounts.enumerated() where amount > 0 && free(node, index) < amount {
      return resources[index]
    }
    return nil
  }
}

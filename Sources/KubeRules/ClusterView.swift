import KubeObjects

/// Nodes and pods as the API server last showed them, with what this process has promised since.
///
/// Pods of one template share one ``PodShape``, so that a pod costs its names and a few words; a shape that
/// no pod has is forgotten. All changes cost O(resources of the pod).
public struct ClusterView: Sendable {
  /// A node.
  public struct NodeState: Sendable {
    /// What the API server says of it.
    public internal(set) var node: Node
    /// What it offers, by resource number.
    public internal(set) var offered: [Int64]
    /// What its pods hold, by resource number.
    public internal(set) var held: [Int64]
    /// What its pods are presumed to hold of CPU and memory, as ``PodShape/presumed``.
    public internal(set) var presumed: [Int64] = [0, 0]
    /// Its pods, by UID.
    public internal(set) var pods: Set<String> = []
    /// Whether the API server still lists it.
    public internal(set) var isThere = true
  }

  /// What has changed, for a policy that keeps its own account.
  public enum Change: Sendable {
    /// A node: what it offers, whether it is there.
    case node(Int)
    /// A pod holds what its shape asks for on a node, known by its slot until it leaves.
    case placed(slot: Int32, shape: Int32, node: Int)
    /// The pod of a slot has left its node.
    case left(slot: Int32, node: Int)

    /// The node that it is about.
    public var node: Int {
      switch self {
      case .node(let node), .placed(_, _, let node), .left(_, let node): node
      }
    }
  }

  /// A pod on a node.
  public struct PodState: Sendable {
    /// `namespace/name`.
    public let key: String
    /// Its shape's number.
    public let shape: Int32
    /// Its node's number.
    public let node: Int32
    /// A number that no other pod on a node has.
    public let slot: Int32
    /// When the promise lapses, in seconds of the view's clock; nil once the API server has shown it.
    public var promisedUntil: Double?
  }

  /// Nodes by number; the number of one that is gone, and its pods with it, is used again.
  public private(set) var nodes: [NodeState] = []
  private var freeNodes: [Int] = []
  /// Nodes that are there.
  public private(set) var nodeCount = 0
  private var numbers: [String: Int] = [:]
  /// Pods that hold something, by UID.
  public private(set) var pods: [String: PodState] = [:]
  private var freeSlots: [Int32] = []
  private var slotCount: Int32 = 0
  /// The shapes there are, by number; those of no pod are kept until there are many of them.
  public private(set) var shapes: [PodShape] = []
  private var shapeNumbers: [PodShape: Int32] = [:]
  private var shapeUses: [Int32] = []
  private var freeShapes: [Int32] = []
  private var unusedShapes = 0
  /// Resource names by number: cpu (thousandths), memory and ephemeral-storage (bytes), pods, others.
  public private(set) var resources = ["cpu", "memory", "ephemeral-storage", "pods"]
  private var resourceNumbers = ["cpu": 0, "memory": 1, "ephemeral-storage": 2, "pods": 3]
  private var shapeAmounts: [[Int64]] = []
  /// UIDs of pods on nodes that must keep others away, by their shape.
  public private(set) var keepingAway: [Int32: Set<String>] = [:]
  /// Pods of the API server whose node has not been listed yet, by the node's name.
  private var orphans: [String: [String: Int32]] = [:]
  private var keys: [String: String] = [:]
  private var promised: Set<String> = []
  /// What has changed since ``takeChanges()``.
  private var changes: [Change] = []

  /// No nodes.
  public init() {}

  /// A node's number.
  public func number(_ name: String) -> Int? {
    numbers[name].flatMap { nodes[$0].isThere ? $0 : nil }
  }

  /// What has changed since it was last asked, in order.
  public mutating func takeChanges() -> [Change] {
    defer { changes.removeAll() }
    return changes
  }

  private mutating func note(_ change: Change) { changes.append(change) }

  // MARK: nodes

  /// The API server shows a node, new or changed.
  public mutating func show(_ node: Node) {
    let offered = amounts(node.allocatable)
    if let number = numbers[node.name] {
      if nodes[number].isThere, nodes[number].node.isAlike(node) { return }
      nodeCount += nodes[number].isThere ? 0 : 1
      nodes[number].node = node.lean
      nodes[number].offered = offered
      nodes[number].isThere = true
      note(.node(number))
    } else {
      nodeCount += 1
      let number = freeNodes.popLast() ?? nodes.count
      let state = NodeState(node: node.lean, offered: offered, held: [])
      if number == nodes.count { nodes.append(state) } else { nodes[number] = state }
      numbers[node.name] = number
      note(.node(number))
    }
    for (uid, shape) in orphans.removeValue(forKey: node.name) ?? [:] {
      place(uid, keys[uid] ?? uid, shape, on: numbers[node.name]!, until: nil)
      release(shape)
    }
  }

  /// Shows a node under a number of the caller's, the next or one there is. For views of which the caller
  /// keeps all of the nodes.
  public mutating func show(number: Int, _ node: Node, isThere: Bool) {
    let offered = amounts(node.allocatable)
    if number == nodes.count {
      nodes.append(NodeState(node: node, offered: offered, held: []))
      nodes[number].isThere = isThere
      nodeCount += isThere ? 1 : 0
    } else {
      nodeCount += (isThere ? 1 : 0) - (nodes[number].isThere ? 1 : 0)
      nodes[number].node = node
      nodes[number].offered = offered
      nodes[number].isThere = isThere
    }
    note(.node(number))
  }

  /// Counts a pod on a node until it is removed.
  public mutating func promise(_ uid: String, _ shape: Int32, to node: Int) {
    retain(shape)
    removePod(uid)
    place(uid, uid, shape, on: node, until: nil)
    release(shape)
  }

  /// The API server no longer has a node. Its pods stay counted until they go too.
  public mutating func removeNode(_ name: String) {
    guard let number = numbers[name], nodes[number].isThere else { return }
    nodes[number].isThere = false
    nodeCount -= 1
    note(.node(number))
    forgetIfEmpty(number)
  }

  /// Frees the number of a node that is gone and holds nothing.
  private mutating func forgetIfEmpty(_ number: Int) {
    guard !nodes[number].isThere, nodes[number].pods.isEmpty,
      numbers.removeValue(forKey: nodes[number].node.name) != nil
    else { return }
    freeNodes.append(number)
  }

  // MARK: pods

  /// The API server shows a pod, new or changed.
  public mutating func show(_ pod: Pod) {
    guard let name = pod.spec.nodeName, !name.isEmpty, !pod.isOver else {
      // A promise outlives an update that came before the binding.
      if pods[pod.uid]?.promisedUntil == nil || pod.isOver { removePod(pod.uid) }
      return
    }
    let shape = number(of: PodShape(pod))
    if let number = numbers[name], let old = pods[pod.uid], old.node == Int32(number),
      old.shape == shape
    {
      pods[pod.uid]!.promisedUntil = nil
      promised.remove(pod.uid)
      return
    }
    retain(shape)
    removePod(pod.uid)
    if let number = numbers[name] {
      place(pod.uid, pod.key, shape, on: number, until: nil)
      release(shape)
    } else {
      orphans[name, default: [:]][pod.uid] = shape
      keys[pod.uid] = pod.key
    }
  }

  /// Counts a pod on a node before the API server shows it there.
  ///
  /// - Parameters:
  ///   - shape: its shape's number.
  ///   - until: when the promise lapses, in seconds of the clock given to ``lapse(at:)``.
  public mutating func promise(_ pod: Pod, _ shape: Int32, to node: Int, until: Double) {
    retain(shape)
    removePod(pod.uid)
    place(pod.uid, pod.key, shape, on: node, until: until)
    release(shape)
    promised.insert(pod.uid)
  }

  /// Takes a pod off its node for a moment; ``putBack(_:_:)`` undoes it.
  mutating func lift(_ uid: String) -> PodState? {
    guard let pod = pods[uid] else { return nil }
    retain(pod.shape)
    removePod(uid)
    return pod
  }

  /// Puts back what ``lift(_:)`` took.
  mutating func putBack(_ uid: String, _ pod: PodState) {
    place(uid, pod.key, pod.shape, on: Int(pod.node), until: pod.promisedUntil)
    if pod.promisedUntil != nil { promised.insert(uid) }
    release(pod.shape)
  }

  /// Lets a promise last longer, if it still is one.
  public mutating func prolong(_ uid: String, until: Double) {
    if pods[uid]?.promisedUntil != nil { pods[uid]!.promisedUntil = until }
  }

  /// Takes a promise back, if it still is one.
  public mutating func withdraw(_ uid: String) {
    if pods[uid]?.promisedUntil != nil { removePod(uid) }
  }

  /// Takes back promises that the API server has not confirmed in time; how many.
  @discardableResult public mutating func lapse(at time: Double) -> Int {
    let lapsed = promised.filter { (pods[$0]?.promisedUntil ?? time) < time }.sorted()
    for uid in lapsed { removePod(uid) }
    return lapsed.count
  }

  /// The API server no longer has a pod.
  public mutating func removePod(_ uid: String) {
    if keys.removeValue(forKey: uid) != nil {
      for name in orphans.keys {
        if let shape = orphans[name]?.removeValue(forKey: uid) { release(shape) }
      }
    }
    guard let pod = pods.removeValue(forKey: uid) else { return }
    promised.remove(uid)
    let node = Int(pod.node)
    nodes[node].pods.remove(uid)
    for (index, amount) in shapeAmounts[Int(pod.shape)].enumerated() {
      nodes[node].held[index] -= amount
    }
    let presumed = shapes[Int(pod.shape)].presumed
    for index in 0..<2 { nodes[node].presumed[index] -= presumed[index] }
    if keepingAway[pod.shape]?.remove(uid) != nil, keepingAway[pod.shape]!.isEmpty {
      keepingAway[pod.shape] = nil
    }
    freeSlots.append(pod.slot)
    note(.left(slot: pod.slot, node: node))
    release(pod.shape)
    forgetIfEmpty(node)
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
    retain(shape)
    var slot = slotCount
    if let free = freeSlots.popLast() { slot = free } else { slotCount += 1 }
    pods[uid] = PodState(
      key: key, shape: shape, node: Int32(node), slot: slot, promisedUntil: until)
    keys[uid] = nil
    nodes[node].pods.insert(uid)
    let amounts = shapeAmounts[Int(shape)]
    while nodes[node].held.count < amounts.count { nodes[node].held.append(0) }
    for (index, amount) in amounts.enumerated() { nodes[node].held[index] += amount }
    let presumed = shapes[Int(shape)].presumed
    for index in 0..<2 { nodes[node].presumed[index] += presumed[index] }
    if !shapes[Int(shape)].antiAffinity.isEmpty { keepingAway[shape, default: []].insert(uid) }
    note(.placed(slot: slot, shape: shape, node: node))
  }

  // MARK: amounts

  /// A shape's number, the same for equal shapes. It holds until the next ``tidy()``, or as long as a pod of
  /// it is on a node.
  public mutating func number(of shape: PodShape) -> Int32 {
    if let number = shapeNumbers[shape] { return number }
    let amounts = amounts(shape.requests)
    let number = freeShapes.popLast() ?? Int32(shapes.count)
    if Int(number) == shapes.count {
      shapes.append(shape)
      shapeAmounts.append(amounts)
      shapeUses.append(0)
    } else {
      shapes[Int(number)] = shape
      shapeAmounts[Int(number)] = amounts
    }
    shapeNumbers[shape] = number
    unusedShapes += 1
    return number
  }

  private mutating func retain(_ shape: Int32) {
    if shapeUses[Int(shape)] == 0 { unusedShapes -= 1 }
    shapeUses[Int(shape)] += 1
  }

  private mutating func release(_ shape: Int32) {
    shapeUses[Int(shape)] -= 1
    if shapeUses[Int(shape)] == 0 { unusedShapes += 1 }
  }

  /// Forgets the shapes of no pod, where there are many: pods of jobs carry labels of their own, so shapes
  /// come and go with them.
  public mutating func tidy() {
    guard unusedShapes >= 1024 else { return }
    for (shape, number) in shapeNumbers where shapeUses[Int(number)] == 0 {
      shapeNumbers[shape] = nil
      freeShapes.append(number)
    }
    unusedShapes = 0
  }

  /// What a shape holds, by resource number.
  public func amounts(of shape: Int32) -> [Int64] { shapeAmounts[Int(shape)] }

  /// Amounts by resource number; cpu in thousandths of a core, all else in whole units, rounded up.
  /// Each is at most 2^50, and cpu at most 2^30 (a million cores), so that the pods of a node stay within
  /// Int64, and cpu in billionths too.
  private mutating func amounts(_ list: ResourceList) -> [Int64] {
    for name in list.keys.sorted() where resourceNumbers[name] == nil {
      resourceNumbers[name] = resources.count
      resources.append(name)
    }
    var amounts = [Int64](repeating: 0, count: resources.count)
    for (name, quantity) in list {
      let number = resourceNumbers[name]!
      amounts[number] =
        number == 0 ? min(max(quantity.milli, 0), 1 << 30) : min(max(quantity.units, 0), 1 << 50)
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

import Workload

/// What machines will ever offer from now on: decides whether a task can be placed at all.
///
/// The engine knows the availability events to come; policies do not. A machine whose capacity
/// changes over time counts with its greatest, dimension by dimension.
struct Prospects {
  private var tree: FitTree
  /// For each availability event, the most that its machine offers after it.
  private let afterwards: [Resources]
  /// A machine that has lately been found to have room for a task when empty.
  private var usual = 0
  /// The most that any machine will ever offer, dimension by dimension; nil until it is needed.
  private var most: Resources?

  init(_ layout: ClusterLayout) {
    var later = Array(repeating: FitTree.nothing, count: layout.machines.count)
    var afterwards = Array(repeating: FitTree.nothing, count: layout.events.count)
    for (index, event) in layout.events.enumerated().reversed() {
      afterwards[index] = later[event.machine]
      // An update of an absent machine offers nothing yet; counting it errs towards waiting.
      if event.kind != .remove { later[event.machine] = later[event.machine].union(event.capacity) }
    }
    self.afterwards = afterwards
    tree = FitTree(count: layout.machines.count, largest: layout.largestCapacity)
    for (index, machine) in layout.machines.enumerated() {
      tree.update(index, to: machine.isUp ? machine.capacity.union(later[index]) : later[index])
    }
  }

  /// Availability event `index` has happened; `capacity` is what its machine offers now, nil if it
  /// is down. Returns whether the prospects have become worse.
  mutating func passed(event index: Int, machine: Int, capacity: Resources?) -> Bool {
    let offer = capacity.map { $0.union(afterwards[index]) } ?? afterwards[index]
    let before = tree[machine]
    tree.update(machine, to: offer)
    most = nil
    return !before.fits(in: offer)
  }

  /// Why the task can never be placed; nil if it can. `allowed`: the machines that its constraints
  /// allow, nil for all.
  mutating func obstacle(to task: TaskView, allowed: [Bool]?) -> UnplaceableReason? {
    if let reason = obstacle(to: task.request) { return reason }
    guard allowed != nil || task.instances > 1 else { return nil }
    var left = Int(task.instances)
    var next = tree.first(fitting: task.request)
    while let machine = next, left > 0 {
      if allowed?[machine] ?? true {
        left -= task.mustBeApart ? 1 : tree[machine].room(for: task.request)
      }
      next = tree.first(fitting: task.request, from: machine + 1)
    }
    if left <= 0 { return nil }
    return left == Int(task.instances) ? .constraint : .gang
  }

  private mutating func obstacle(to request: Resources) -> UnplaceableReason? {
    if usual < tree.count, request.fits(in: tree[usual]) { return nil }
    if let machine = tree.first(fitting: request) {
      usual = machine
      return nil
    }
    let most = self.most ?? tree.most
    self.most = most
    if most == FitTree.nothing { return .noMachine }
    if request.cpu > most.cpu { return .cpu }
    if request.memory > most.memory { return .memory }
    if request.disk > most.disk { return .disk }
    if request.milliGPU > most.milliGPU { return .gpu }
    return .combination
  }
}

extension Resources {
  /// How many of `request` fit in here at once; at most `Int32.max`.
  func room(for request: Resources) -> Int {
    guard request.fits(in: self) else { return 0 }
    var room = Int64(Int32.max)
    if request.cpu.nano > 0 { room = min(room, cpu.nano / request.cpu.nano) }
    if request.memory.rawValue > 0 { room = min(room, memory.rawValue / request.memory.rawValue) }
    if request.disk.rawValue > 0 { room = min(room, disk.rawValue / request.disk.rawValue) }
    if request.milliGPU > 0 { room = min(room, milliGPU / request.milliGPU) }
    return Int(room)
  }
}

import Workload

/// How good a machine, and which of its devices, is for a task: one rule of ``DevicePlacement``.
///
/// A score goes by the state of that machine alone, and by kind of task: it is kept until the machine changes.
public protocol DeviceRule: Sendable {
  /// The name in reports and on the command line.
  var name: String { get }
  /// Whether a task that shares a device goes to the device of the best score, and not to the one with the least
  /// room that it fits into. False by default.
  var weighsDevices: Bool { get }

  /// Whether its scores are never cut to whole numbers. False by default.
  var isExact: Bool { get }

  /// A run begins. Nothing is done by default.
  mutating func runBegan(on cluster: borrowing Cluster)

  /// How good it is to put a task of that kind on those devices of a machine, where it fits: the larger the better,
  /// 0 to 100 where it is to be cut to whole numbers. O(devices).
  ///
  /// - Parameters:
  ///   - request: what the task asks for.
  ///   - asked: the devices that it asks for; nil for none.
  ///   - taken: the devices that it would take; empty for none.
  ///   - machine: the machine as it is before.
  ///   - cluster: its cluster.
  func score(
    _ request: Resources, _ asked: DeviceRequest?, on taken: DeviceSet, of machine: Int,
    in cluster: borrowing Cluster
  ) -> Double
}

extension DeviceRule {
  public var weighsDevices: Bool { false }
  public var isExact: Bool { false }
  public mutating func runBegan(on cluster: borrowing Cluster) {}
}

/// Puts each task on the machine of the best score by a rule, as Weng et al.'s code does it (USENIX ATC 2023).
///
/// Kubernetes' schedulers score in whole numbers: scores are cut unless ``exactScores``. Equal scores go to the
/// first machine in an order that is drawn once for the run, or in that of the cluster (``tiesByIndex``). O(n) a
/// task, and a score for each machine that has changed since a task of its kind came.
public struct DevicePlacement<Rule: DeviceRule>: PlacementPolicy, Sendable {
  /// The rule.
  public private(set) var rule: Rule
  /// Whether scores are taken as they are, and not cut to whole numbers.
  public let exactScores: Bool
  /// Whether equal scores go to the first machine of the cluster, and not to the first in an order drawn for the
  /// run.
  public let tiesByIndex: Bool
  private var memory = DeviceScores()
  private var order: [Int32] = []
  private var chosen: DeviceSet = []

  /// A policy by `rule`.
  public init(_ rule: Rule, exactScores: Bool = false, tiesByIndex: Bool = false) {
    self.rule = rule
    self.exactScores = exactScores
    self.tiesByIndex = tiesByIndex
  }

  /// The rule's, with the options that are not as usual.
  public var name: String {
    var options: [String] = []
    if exactScores { options.append("scores=exact") }
    if tiesByIndex { options.append("ties=index") }
    return options.isEmpty ? rule.name : rule.name + ":" + options.joined(separator: ",")
  }

  /// True.
  public var needsDevices: Bool { true }

  /// Forgets all scores.
  public mutating func runBegan(on cluster: borrowing Cluster) {
    rule.runBegan(on: cluster)
    memory = DeviceScores(machines: cluster.count)
    order = tiesByIndex ? (0..<Int32(cluster.count)).map { $0 } : []
  }

  /// Forgets the machine's scores.
  public mutating func machineChanged(_ machine: Int, on cluster: borrowing Cluster) {
    memory.changed(machine)
  }

  /// Takes the machine of the best score.
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    if order.count != cluster.count {
      order = (0..<Int32(cluster.count)).map { $0 }
      for place in stride(from: order.count - 1, to: 0, by: -1) {
        order.swapAt(place, rng.below(place + 1))
      }
    }
    let asked = cluster.deviceRequest(of: task)
    let row = memory.row(of: task.request, asked)
    let lanes = cluster.lanes(task.request)
    var best: (machine: Int, score: Float) = (-1, -.infinity)
    for index in order {
      let machine = Int(index)
      guard cluster.mayTake(lanes, on: machine), cluster.canTake(task, on: machine) else {
        continue
      }
      let known = memory.score(row, machine)
      let score = known ?? work(task, asked, machine, cluster, row)
      if score > best.score { best = (machine, score) }
    }
    guard best.machine >= 0 else { return .wait }
    chosen = memory.devices(row, best.machine)
    return .machine(best.machine)
  }

  /// Those of the best score.
  public mutating func devices(
    for task: TaskView, on machine: Int, in cluster: borrowing Cluster,
    using rng: inout RandomStream
  ) -> DeviceSet? { chosen }

  /// The rule's scores.
  public func scores(
    _ task: TaskView, on cluster: borrowing Cluster, into scores: inout [Double]
  ) {
    let asked = cluster.deviceRequest(of: task)
    cluster.score(task, into: &scores) { cluster, machine in
      Double(best(task.request, asked, machine, cluster).score)
    }
  }

  private mutating func work(
    _ task: TaskView, _ asked: DeviceRequest?, _ machine: Int, _ cluster: borrowing Cluster,
    _ row: Int
  ) -> Float {
    let (score, devices) = best(task.request, asked, machine, cluster)
    memory.keep(score, devices, row, machine)
    return score
  }

  /// The best score on a machine, and its devices.
  private func best(
    _ request: Resources, _ asked: DeviceRequest?, _ machine: Int, _ cluster: borrowing Cluster
  ) -> (score: Float, devices: DeviceSet) {
    guard let asked else {
      return (cut(rule.score(request, nil, on: [], of: machine, in: cluster)), [])
    }
    let free = cluster.freeDevices(machine)
    guard rule.weighsDevices, asked.isSharing else {
      let devices = free.tightest(for: asked)
      return (cut(rule.score(request, asked, on: devices, of: machine, in: cluster)), devices)
    }
    var best: (score: Float, devices: DeviceSet) = (-.infinity, [])
    var tried = DeviceLanes.zero
    for device in 0..<cluster.deviceCount(machine) where free[device] >= asked.milli {
      // A device as full as one before it has its score.
      if any(tried .== DeviceLanes(repeating: free[device])) { continue }
      tried[device] = free[device]
      let devices = DeviceSet(device: device)
      let score = cut(rule.score(request, asked, on: devices, of: machine, in: cluster))
      if score > best.score { best = (score, devices) }
    }
    return best
  }
}

extension DevicePlacement {
  private func cut(_ score: Double) -> Float {
    // What rounding alone keeps below a whole number is that number.
    Float(exactScores || rule.isExact ? score : (score + 1e-9).rounded(.down))
  }
}

/// Scores by kind of task and machine, each valid until the machine changes.
private struct DeviceScores {
  private struct Kind: Hashable {
    var request: Resources
    var devices: DeviceRequest?
  }

  private struct Entry {
    var version: UInt32 = 0
    var score: Float = 0
    var devices: DeviceSet = []
  }

  private var rows: [Kind: Int] = [:]
  /// Row by row, a machine after the other.
  private var entries: [Entry] = []
  private var versions: [UInt32] = []
  /// Beyond so many entries all kinds are forgotten, and met anew.
  private static var limit: Int { 1 << 24 }

  init(machines: Int = 0) { versions = Array(repeating: 1, count: machines) }

  mutating func changed(_ machine: Int) { versions[machine] &+= 1 }

  mutating func row(of request: Resources, _ devices: DeviceRequest?) -> Int {
    let kind = Kind(request: request, devices: devices)
    if let known = rows[kind] { return known }
    if entries.count + versions.count > Self.limit {
      rows.removeAll(keepingCapacity: true)
      entries.removeAll(keepingCapacity: true)
    }
    let row = entries.count
    rows[kind] = row
    entries += repeatElement(Entry(), count: versions.count)
    return row
  }

  @inline(__always)
  func score(_ row: Int, _ machine: Int) -> Float? {
    let entry = entries[row + machine]
    return entry.version == versions[machine] ? entry.score : nil
  }

  func devices(_ row: Int, _ machine: Int) -> DeviceSet { entries[row + machine].devices }

  mutating func keep(_ score: Float, _ devices: DeviceSet, _ row: Int, _ machine: Int) {
    entries[row + machine] = Entry(version: versions[machine], score: score, devices: devices)
  }
}

/// The policies for devices by name, `fgd`, or with options: `fgd:scores=exact,ties=index`.
enum DevicePolicies {
  /// The policy of that name; nil if there is none.
  static func make(_ name: String) -> (any PlacementPolicy)? {
    let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let rule = rules[String(parts[0])] else { return nil }
    var (exact, byIndex) = (false, false)
    for option in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
      switch option {
      case "scores=integer": exact = false
      case "scores=exact": exact = true
      case "ties=drawn": byIndex = false
      case "ties=index": byIndex = true
      default: return nil
      }
    }
    return rule(exact, byIndex)
  }

  private static let rules: [String: @Sendable (Bool, Bool) -> any PlacementPolicy] = [
    "fgd": { DevicePlacement(FGD(), exactScores: $0, tiesByIndex: $1) },
    "gpu-best-fit": { DevicePlacement(GPUBestFit(), exactScores: $0, tiesByIndex: $1) },
    "gpu-packing": { DevicePlacement(GPUPacking(), exactScores: $0, tiesByIndex: $1) },
    "gpu-clustering": { DevicePlacement(GPUClustering(), exactScores: $0, tiesByIndex: $1) },
    "gpu-dot-product": { DevicePlacement(GPUDotProduct(), exactScores: $0, tiesByIndex: $1) },
  ]
}

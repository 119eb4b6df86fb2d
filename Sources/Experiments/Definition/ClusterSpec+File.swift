import Configuration
import Simulation

extension ClusterSpec {
  /// The groups of a specification (`groups:`), every issue noted.
  public init?(_ root: ConfigurationNode) {
    let groups = root.list("groups", required: true)?.map { MachineGroup($0) } ?? []
    let known = groups.compactMap { $0 }
    guard !known.isEmpty || groups.isEmpty, known.count == groups.count else { return nil }
    self.init(groups: known)
    for issue in issues() { root.problem(at: issue.path, issue.message) }
  }
}

extension MachineGroup {
  fileprivate init?(_ node: ConfigurationNode) {
    let name = node.string("name")
    let count = node.integer("count", in: 0...ClusterSpec.machineLimit, required: true)
    let cores = ValueRange(node, "cores", required: true)
    let memory = ValueRange(node, "memoryGiB")
    // What is wrong with these has been noted by the time that a missing one ends the group.
    let disk = ValueRange(node, "diskGiB")
    let gpus = ValueRange(node, "gpus")
    let gpuType = node.string("gpuType")
    let speed = ValueRange(node, "speed")
    let power = ["idleWatts", "dynamicWatts", "sleepWatts"].map { ValueRange(node, $0) }
    let sleepAfter = node.number("sleepAfterSeconds")
    let wake = node.number("wakeSeconds")
    let curve = node.numbers("powerCurve")
    guard let count, let cores else { return nil }
    self.init(name: name, count: count, cores: 0...0, memoryGiB: 0...0)
    (self.cores, memoryGiB, diskGiB, self.gpus, self.speed) = (cores, memory, disk, gpus, speed)
    (idleWatts, dynamicWatts, sleepWatts) = (power[0], power[1], power[2])
    (sleepAfterSeconds, wakeSeconds, powerCurve) = (sleepAfter, wake, curve)
    self.gpuType = gpuType
  }
}

extension ValueRange {
  /// A number, or a pair of them.
  fileprivate init?(_ node: ConfigurationNode, _ key: String, required: Bool = false) {
    if node[key]?.elements == nil {
      guard let value = node.number(key, required: required) else { return nil }
      self.init(value)
    } else {
      guard let pair = node.numbers(key, count: 2) else { return nil }
      self.init(low: pair[0], high: pair[1])
    }
  }
}

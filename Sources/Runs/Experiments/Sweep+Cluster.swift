import Experiments
import Foundation
import Quoting
import Simulation

extension Sweep {
  /// The groups of a cluster that has any.
  private func groups(_ definition: ClusterDefinition) throws -> [MachineGroup] {
    if let groups = definition.groups { return groups }
    let path = URL(fileURLWithPath: folder).appendingPathComponent(definition.source).path
    let source = FileManager.default.fileExists(atPath: path) ? path : definition.source
    guard let spec = try NamedCluster(source, reading: reading).specification() else {
      throw RunError(
        message: "the machines of '\(definition.source)' are a trace's own; "
          + "`tracemill cluster --file \(Quoting.shell(definition.source)) > mine.yaml` writes them "
          + "as groups")
    }
    return spec.groups
  }

  func cluster(_ definition: ClusterDefinition, machines value: AxisValue) throws
    -> ClusterDefinition
  {
    guard let machines = value.number, machines >= 1, machines == machines.rounded(),
      machines <= Double(ClusterSpec.machineLimit)
    else {
      throw RunError(message: "\(value) is no number of machines")
    }
    let count = Int(machines)
    var changed = definition
    for prefix in ["study:", "tiers:"] where definition.source.hasPrefix(prefix) {
      changed.source = "\(prefix)\(count)"
      return changed
    }
    var groups = try groups(definition)
    let total = groups.reduce(0) { $0 + $1.count }
    guard total > 0 else { throw RunError(message: "the cluster has none") }
    // Each group's share, the rest to those that lose most by rounding down.
    let exact = groups.map { Double($0.count) * machines / Double(total) }
    for place in groups.indices { groups[place].count = Int(exact[place]) }
    let rest = count - groups.reduce(0) { $0 + $1.count }
    let order = groups.indices.sorted {
      (exact[$1].truncatingRemainder(dividingBy: 1), $0)
        < (exact[$0].truncatingRemainder(dividingBy: 1), $1)
    }
    for place in order.prefix(rest) { groups[place].count += 1 }
    changed.source = ""
    changed.groups = groups
    return changed
  }

  func cluster(
    _ definition: ClusterDefinition, _ path: String, _ text: AxisValue
  ) throws -> ClusterDefinition {
    let ranges: [String: WritableKeyPath<MachineGroup, ValueRange?>] = [
      "diskGiB": \.diskGiB, "gpus": \.gpus, "speed": \.speed, "idleWatts": \.idleWatts,
      "dynamicWatts": \.dynamicWatts, "sleepWatts": \.sleepWatts,
    ]
    let numbers: [String: WritableKeyPath<MachineGroup, Double?>] = [
      "sleepAfterSeconds": \.sleepAfterSeconds, "wakeSeconds": \.wakeSeconds,
    ]
    guard let value = text.number else {
      throw RunError(message: "'\(text)' is no number")
    }
    var changed = definition
    var groups = try groups(definition)
    // `cores` is of every group, `compute.cores` of those of that name.
    let dot = path.lastIndex(of: ".")
    let named = dot.map { String(path[..<$0]) }
    let field = dot.map { String(path[path.index(after: $0)...]) } ?? path
    if let named, !groups.contains(where: { $0.name == named }) {
      throw RunError(
        message: unknownName(
          "group of the cluster", named, among: groups.compactMap(\.name)))
    }
    for place in groups.indices where named == nil || groups[place].name == named {
      switch field {
      case "cores": groups[place].cores = ValueRange(value)
      case "memoryGiB": groups[place].memoryGiB = ValueRange(value)
      case "count" where value >= 0 && value == value.rounded() && value < 1e7:
        groups[place].count = Int(value)
      default:
        if let path = ranges[field] {
          groups[place][keyPath: path] = ValueRange(value)
        } else if let path = numbers[field] {
          groups[place][keyPath: path] = value
        } else {
          throw RunError(
            message: unknownName(
              "key of a cluster", field,
              among: (["cores", "memoryGiB", "count"] + ranges.keys + numbers.keys).sorted()))
        }
      }
    }
    for issue in ClusterSpec(groups: groups).issues() {
      throw RunError(message: "\(issue.path): \(issue.message)")
    }
    changed.source = ""
    changed.groups = groups
    return changed
  }
}

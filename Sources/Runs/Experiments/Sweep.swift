import Experiments
import Foundation
import Simulation
import TraceParsing

/// An experiment over the values of one key.
public struct Sweep: Sendable {
  private let base: ExperimentDefinition
  let folder: String
  private let reading: ReadingSettings

  /// A sweep of `base`.
  ///
  /// - Parameters:
  ///   - base: everything but the key.
  ///   - folder: what relative paths begin from.
  ///   - reading: how traces are read.
  public init(_ base: ExperimentDefinition, folder: String, reading: ReadingSettings) {
    (self.base, self.folder, self.reading) = (base, folder, reading)
  }

  /// How traces are read, without a word.
  var quietReading: ReadingSettings {
    var quiet = reading
    quiet.logger = nil
    return quiet
  }

  /// The experiment in which `key` takes each of `values`.
  ///
  /// - Parameters:
  ///   - key: `load`, `machines`, `workload.KEY`, `cluster.KEY`, `engine.KEY` or `scheduler.KEY`.
  ///   - values: its values, each once.
  ///   - other: what else is run; the sweep's own experiment if nil.
  /// - Throws: ``RunError`` for a key that there is not, or a value that it cannot have.
  public func definition(
    _ key: String, _ values: [Double], of other: ExperimentDefinition? = nil
  ) throws -> ExperimentDefinition {
    let base = other ?? base
    var swept = base
    let parts = key.split(separator: ".", maxSplits: 1).map(String.init)
    func each<Part>(_ all: [Part], _ change: (Part, Double) throws -> Part) rethrows -> [Part] {
      try all.flatMap { part in try values.map { try change(part, $0) } }
    }
    switch (parts[0], parts.count > 1 ? parts[1] : nil) {
    case ("machines", nil):
      swept.clusters = try each(base.clusters) { try cluster($0, machines: $1) }
    case ("cluster", let field?):
      swept.clusters = try each(base.clusters) { try cluster($0, key, field, $1) }
    case ("workload", let field?):
      swept.workloads = try each(base.workloads) { try workload($0, key, field, $1) }
    case ("engine", let field?):
      swept.schedulers = try each(base.schedulers) { try scheduler($0, key, engine: field, $1) }
    case ("scheduler", let field?):
      swept.schedulers = try each(base.schedulers) { try scheduler($0, key, field, $1) }
    case (let name, nil) where NamedModel.parameterKeys.contains(name):
      swept.workloads = try each(base.workloads) { try workload($0, parameter: name, $1) }
    default:
      let known =
        NamedModel.parameterKeys + [
          "machines", "workload.KEY", "cluster.KEY", "engine.KEY", "scheduler.KEY",
        ]
      throw RunError(message: "--vary: " + unknownName("key", key, among: known))
    }
    if let baseline = base.baseline, !swept.schedulers.contains(where: { $0.name == baseline }) {
      swept.baseline = swept.schedulers.first?.name
    }
    return swept
  }

  private func label(_ name: String, _ key: String, _ value: Double) -> String {
    let short = key.split(separator: ".").last.map(String.init) ?? key
    return name == "workload" || name == "cluster"
      ? "\(short) \(significant(value, digits: 6))"
      : "\(name), \(short) \(significant(value, digits: 6))"
  }

  private func workload(
    _ definition: WorkloadDefinition, parameter key: String, _ value: Double
  ) throws -> WorkloadDefinition {
    guard NamedModel.takesParameters(definition.source) else {
      throw RunError(
        message:
          "--vary \(key): '\(definition.source)' is a trace; a trace is made denser by workload.scaleArrivals or workload.scaleRunTimes"
      )
    }
    var changed = definition
    changed.source = NamedModel.setting(key, to: value, in: definition.source)
    changed.name = label(definition.name, key, value)
    changed.parameters = [key: value]
    return changed
  }

  private func workload(
    _ definition: WorkloadDefinition, _ key: String, _ field: String, _ value: Double
  ) throws -> WorkloadDefinition {
    var changed = definition
    switch field {
    case "scaleArrivals" where value > 0: changed.scaleArrivals = value
    case "scaleRunTimes" where value > 0, "scaleLoad" where value > 0: changed.scaleRunTimes = value
    case "sample" where (0...1).contains(value): changed.sample = value
    case "from" where value >= 0: changed.from = value
    case "to" where value > 0: changed.to = value
    case "tasks" where value >= 1 && value == value.rounded(): changed.tasks = Int(value)
    case "scaleArrivals", "scaleRunTimes", "scaleLoad", "sample", "from", "to", "tasks":
      throw RunError(message: "--vary \(key): \(value) is out of range")
    default:
      throw RunError(
        message: "--vary: "
          + unknownName(
            "key of a workload", field,
            among: ["scaleArrivals", "scaleRunTimes", "sample", "from", "to", "tasks"]))
    }
    changed.name = label(definition.name, key, value)
    changed.parameters = [key: value]
    return changed
  }

  /// The groups of a cluster that has any.
  private func groups(_ definition: ClusterDefinition, _ key: String) throws -> [MachineGroup] {
    if let groups = definition.groups { return groups }
    let path = URL(fileURLWithPath: folder).appendingPathComponent(definition.source).path
    let source = FileManager.default.fileExists(atPath: path) ? path : definition.source
    guard let spec = try NamedCluster(source, reading: reading).specification() else {
      throw RunError(
        message: "--vary \(key): the machines of '\(definition.source)' are a trace's own")
    }
    return spec.groups
  }

  private func cluster(_ definition: ClusterDefinition, machines: Double) throws
    -> ClusterDefinition
  {
    guard machines >= 1, machines == machines.rounded(),
      machines <= Double(ClusterSpec.machineLimit)
    else {
      throw RunError(message: "--vary machines: \(machines) is no number of machines")
    }
    let count = Int(machines)
    var changed = definition
    changed.name = label(definition.name, "machines", machines)
    changed.parameters = ["machines": machines]
    for prefix in ["study:", "tiers:"] where definition.source.hasPrefix(prefix) {
      changed.source = "\(prefix)\(count)"
      return changed
    }
    var groups = try groups(definition, "machines")
    let total = groups.reduce(0) { $0 + $1.count }
    guard total > 0 else { throw RunError(message: "--vary machines: the cluster has none") }
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

  private func cluster(
    _ definition: ClusterDefinition, _ key: String, _ field: String, _ value: Double
  ) throws -> ClusterDefinition {
    let ranges: [String: WritableKeyPath<MachineGroup, ValueRange?>] = [
      "diskGiB": \.diskGiB, "gpus": \.gpus, "speed": \.speed, "idleWatts": \.idleWatts,
      "dynamicWatts": \.dynamicWatts, "sleepWatts": \.sleepWatts,
    ]
    let numbers: [String: WritableKeyPath<MachineGroup, Double?>] = [
      "sleepAfterSeconds": \.sleepAfterSeconds, "wakeSeconds": \.wakeSeconds,
    ]
    var changed = definition
    var groups = try groups(definition, key)
    for place in groups.indices {
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
            message: "--vary: "
              + unknownName(
                "key of a cluster", field,
                among: (["cores", "memoryGiB", "count"] + ranges.keys + numbers.keys).sorted()))
        }
      }
    }
    for issue in ClusterSpec(groups: groups).issues() {
      throw RunError(message: "--vary \(key): \(issue.path): \(issue.message)")
    }
    changed.source = ""
    changed.groups = groups
    changed.name = label(definition.name, key, value)
    changed.parameters = [key: value]
    return changed
  }

  private func scheduler(
    _ definition: SchedulerDefinition, _ key: String, engine field: String, _ value: Double
  ) throws -> SchedulerDefinition {
    var changed = definition
    guard changed.engine.set(field, to: value) else {
      throw RunError(
        message: "--vary: "
          + unknownName("number of the engine", field, among: EngineSettings.numberKeys))
    }
    changed.name = label(definition.name, key, value)
    changed.parameters = [key: value]
    return changed
  }

  private func scheduler(
    _ definition: SchedulerDefinition, _ key: String, _ field: String, _ value: Double
  ) throws -> SchedulerDefinition {
    var parts = definition.policy.split(separator: ",").map(String.init)
    guard let place = parts.firstIndex(where: { $0.hasPrefix("\(field)=") }) else {
      throw RunError(
        message: "--vary \(key): the scheduler '\(definition.policy)' has no '\(field)='")
    }
    parts[place] = "\(field)=\(significant(value, digits: 12))"
    var changed = definition
    changed.policy = parts.joined(separator: ",")
    guard NamedScheduler.policy(named: changed.policy) != nil else {
      throw RunError(message: "--vary \(key): " + NamedScheduler.noSuch(changed.policy))
    }
    changed.name = label(definition.name, key, value)
    changed.parameters = [key: value]
    return changed
  }
}

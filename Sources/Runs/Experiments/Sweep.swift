import Experiments
import Foundation
import Simulation
import TraceParsing

/// An experiment over the values of one key.
public struct Sweep: Sendable {
  let base: ExperimentDefinition
  let folder: String
  let reading: ReadingSettings

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
  ///   - key: `machines`, `cluster.KEY`, `engine.KEY` or `scheduler.KEY`; `workload.KEY`; a parameter of the
  ///     workload (`load`, `rate`, of a station `law`, …), or a key deep in its scenario.
  ///   - values: its values, each once.
  ///   - other: what else is run; the sweep's own experiment if nil.
  /// - Throws: ``RunError`` for a key that there is not, or a value that it cannot have.
  public func definition(
    _ key: String, _ values: [SweepValue], of other: ExperimentDefinition? = nil
  ) throws -> ExperimentDefinition {
    let base = other ?? base
    var swept = base
    let parts = key.split(separator: ".", maxSplits: 1).map(String.init)
    func each<Part>(_ all: [Part], _ change: (Part, SweepValue) throws -> Part) rethrows -> [Part] {
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
    case (_, _?),
      (_, nil) where key.contains("["):
      swept.workloads = try each(base.workloads) { try workload($0, key, parameter: key, $1) }
    case (let name, nil):
      let known = Set(base.workloads.flatMap { NamedWorkload.parameterKeys(of: $0.source) })
      guard known.contains(name) else {
        let others = ["machines", "workload.KEY", "cluster.KEY", "engine.KEY", "scheduler.KEY"]
        throw RunError(
          message: "--vary: " + unknownName("key", key, among: known.sorted() + others))
      }
      swept.workloads = try each(base.workloads) { try workload($0, key, parameter: name, $1) }
    }
    if let baseline = base.baseline, !swept.schedulers.contains(where: { $0.name == baseline }) {
      swept.baseline = swept.schedulers.first?.name
    }
    return swept
  }

  func label(_ name: String, _ key: String, _ value: SweepValue) -> String {
    let short = key.split(separator: ".").last.map(String.init) ?? key
    return name == "workload" || name == "cluster"
      ? "\(short) \(value)" : "\(name), \(short) \(value)"
  }

  private func workload(
    _ definition: WorkloadDefinition, _ key: String, parameter: String, _ value: SweepValue
  ) throws -> WorkloadDefinition {
    guard NamedModel.takesParameters(definition.source) else {
      throw RunError(
        message:
          "--vary \(key): '\(definition.source)' is a trace; a trace is made denser by workload.scaleArrivals or workload.scaleRunTimes"
      )
    }
    guard !NamedStation.isOne(definition.source) || parameter != "c" else {
      throw RunError(
        message: "--vary c: it is the cluster's too; machines varies servers of one core each")
    }
    var changed = definition
    changed.source = NamedModel.setting(parameter, to: value.text, in: definition.source)
    changed.name = label(definition.name, key, value)
    (changed.parameters, changed.words) = value.parameters(key)
    return changed
  }

  private func workload(
    _ definition: WorkloadDefinition, _ key: String, _ field: String, _ value: SweepValue
  ) throws -> WorkloadDefinition {
    var changed = definition
    let own = ["scaleArrivals", "scaleRunTimes", "sample", "from", "to", "tasks"]
    guard own.contains(field) || field == "scaleLoad" else {
      // Anything else is the scenario's, which says itself what is wrong.
      guard NamedModel.takesParameters(definition.source) else {
        throw RunError(
          message: "--vary: " + unknownName("key of a workload", field, among: own))
      }
      return try workload(definition, key, parameter: field, value)
    }
    switch (field, value.number ?? .nan) {
    case ("scaleArrivals", let value) where value > 0: changed.scaleArrivals = value
    case ("scaleRunTimes", let value) where value > 0, ("scaleLoad", let value) where value > 0:
      changed.scaleRunTimes = value
    case ("sample", let value) where (0...1).contains(value): changed.sample = value
    case ("from", let value) where value >= 0: changed.from = value
    case ("to", let value) where value > 0: changed.to = value
    case ("tasks", let value) where value >= 1 && value == value.rounded() && value < 1e15:
      changed.tasks = Int(value)
    default: throw RunError(message: "--vary \(key): \(value) is out of range")
    }
    changed.name = label(definition.name, key, value)
    (changed.parameters, changed.words) = value.parameters(key)
    return changed
  }

  private func scheduler(
    _ definition: SchedulerDefinition, _ key: String, engine field: String, _ value: SweepValue
  ) throws -> SchedulerDefinition {
    var changed = definition
    do {
      changed.engine = try changed.engine.setting(field, to: value.text)
    } catch {
      throw RunError(
        lines: error.issues.map { "--vary engine.\($0.path): \($0.message)" })
    }
    changed.name = label(definition.name, key, value)
    (changed.parameters, changed.words) = value.parameters(key)
    return changed
  }

  private func scheduler(
    _ definition: SchedulerDefinition, _ key: String, _ field: String, _ value: SweepValue
  ) throws -> SchedulerDefinition {
    var parts = definition.policy.split(separator: ",").map(String.init)
    guard let place = parts.firstIndex(where: { $0.hasPrefix("\(field)=") }) else {
      throw RunError(
        message: "--vary \(key): the scheduler '\(definition.policy)' has no '\(field)='")
    }
    parts[place] = "\(field)=\(value.text)"
    var changed = definition
    changed.policy = parts.joined(separator: ",")
    guard NamedScheduler.policy(named: changed.policy) != nil else {
      throw RunError(message: "--vary \(key): " + NamedScheduler.noSuch(changed.policy))
    }
    changed.name = label(definition.name, key, value)
    (changed.parameters, changed.words) = value.parameters(key)
    return changed
  }
}

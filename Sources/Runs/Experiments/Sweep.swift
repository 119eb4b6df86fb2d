import Configuration
import Experiments
import Foundation
import Simulation
import TraceParsing
import Workload

/// An experiment over the values of some keys.
public struct Sweep: Sendable {
  let base: ExperimentDefinition
  let folder: String
  let reading: ReadingSettings

  /// A sweep of `base`.
  ///
  /// - Parameters:
  ///   - base: everything but the keys.
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

  /// The experiment in which `key` takes each of `values`; see ``definition(_:of:)``.
  public func definition(
    _ key: String, _ values: [AxisValue], of other: ExperimentDefinition? = nil
  ) throws -> ExperimentDefinition {
    try definition(ExperimentAxes([.init(key, values, option: "--vary")]), of: other)
  }

  /// The experiment over the product of `axes`, but for what goes together and what is left out.
  ///
  /// A key is `machines`, `cluster.KEY`, `engine.KEY` or `scheduler.KEY`; `workload.KEY`; a parameter of the
  /// workload (`load`, `rate`, of a station `law`, …), or a key deep in its scenario. What is varied goes before
  /// what else is said of it. Cells that differ in axes only have the same random numbers: these come from
  /// their seed.
  ///
  /// - Parameters:
  ///   - axes: what is varied.
  ///   - other: what else is run; the sweep's own experiment if nil.
  /// - Throws: ``RunError`` for a key that there is not, a value that it cannot have or that means nothing beside
  ///   the others, and rules that leave out nothing or everything.
  public func definition(
    _ axes: ExperimentAxes, of other: ExperimentDefinition? = nil
  ) throws -> ExperimentDefinition {
    let base = other ?? base
    var swept = base
    let varied = (base.varied?.keys ?? []) + axes.axes.map(\.key)
    var spanning: [[ExperimentAxes.Axis]] = []
    for axis in axes.axes where varied.count(where: { $0 == axis.key }) > 1 {
      throw axes.mistake(axis.place.issue("is an axis of the experiment already"))
    }
    for unit in axes.units {
      let sides = try unit.map { axis in
        try telling(axis.place, axes) { try side(of: axis.key, in: base) }
      }
      if Set(sides).count > 1 { spanning.append(unit) }
      func rows(_ side: Side) -> Rows {
        Rows(
          axes: zip(unit, sides).filter { $1 == side }.map(\.0), names: varied, whole: axes)
      }
      swept.workloads = try each(swept.workloads, rows(.workload), changed)
      swept.clusters = try each(swept.clusters, rows(.cluster)) { part, key, value in
        try changed(part, key, value, in: base.engine)
      }
      swept.schedulers = try each(swept.schedulers, rows(.scheduler)) { part, key, value in
        try changed(part, key, value, in: base.engine)
      }
    }
    for axis in axes.axes {
      guard let key = Self.engineKey(axis.key) else { continue }
      swept.engine = swept.engine.without(key)
      guard !EngineSettings.isOfScheduling(key) else { continue }
      for place in swept.schedulers.indices {
        swept.schedulers[place].engine = swept.schedulers[place].engine.without(key)
      }
    }
    try refuseOverwritten(axes, of: base)
    if let issue = swept.leaveOut(axes, spanning: spanning) { throw axes.mistake(issue) }
    try refuseIdle(swept, axes)
    if let baseline = base.baseline, !swept.schedulers.contains(where: { $0.name == baseline }) {
      swept.baseline =
        (swept.schedulers.first { $0.base == baseline } ?? swept.schedulers.first)?.name
    }
    return swept
  }

  /// `heartbeat` of `engine.heartbeat`.
  private static func engineKey(_ key: String) -> String? {
    key.hasPrefix("engine.") ? String(key.dropFirst("engine.".count)) : nil
  }

  /// Refuses values that mean nothing, or cannot be, beside the others of a cell.
  private func refuseIdle(_ swept: ExperimentDefinition, _ axes: ExperimentAxes) throws {
    var seen: Set<[EngineSettings]> = []
    for cell in swept.combinations {
      let (cluster, scheduler) = (swept.clusters[cell.cluster], swept.schedulers[cell.scheduler])
      guard seen.insert([cluster.engine ?? .init(), scheduler.engine]).inserted else { continue }
      let whole = swept.engine(of: scheduler, on: cluster)
      for issue in whole.idle(in: whole) {
        let key = "engine.\(issue.path)"
        guard let axis = axes.axes.first(where: { $0.key == key }) else { continue }
        throw axes.mistake(
          axis.place.issue(
            "\(scheduler.name) on \(cluster.name): \(issue.path) \(issue.message); exclude: leaves "
              + "such cells out"))
      }
    }
  }

  /// What a key is of.
  enum Side { case workload, cluster, scheduler }

  func side(of key: String, in base: ExperimentDefinition) throws -> Side {
    let parts = key.split(separator: ".", maxSplits: 1).map(String.init)
    switch (parts.first ?? "", parts.count > 1 ? parts[1] : nil) {
    case ("machines", nil), ("cluster", _?): return .cluster
    case ("engine", let field?): return EngineSettings.isOfScheduling(field) ? .scheduler : .cluster
    case ("scheduler", _?): return .scheduler
    case (_, _?): return .workload
    case (_, nil) where key.contains("["): return .workload
    case (let name, nil):
      let known = Set(base.workloads.flatMap { NamedWorkload.parameterKeys(of: $0.source) })
      guard !known.contains(name) else { return .workload }
      let others = ["machines", "workload.KEY", "cluster.KEY", "engine.KEY", "scheduler.KEY"]
      throw RunError(message: unknownName("key", key, among: known.sorted() + others))
    }
  }

  /// Axes of one part that take their values together.
  private struct Rows {
    let axes: [ExperimentAxes.Axis]
    /// Keys of all axes, which tell how short one may be in a name.
    let names: [String]
    /// What they are of.
    let whole: ExperimentAxes

    /// Places of the rows, each combination of values once.
    var places: [Int] {
      var seen: Set<[AxisValue]> = []
      return axes.first?.values.indices.filter { row in
        seen.insert(axes.map { $0.values[row] }).inserted
      } ?? []
    }

    func label(_ name: String, _ key: String, _ value: AxisValue) -> String {
      func short(_ key: String) -> String {
        key.split(separator: ".").last.map(String.init) ?? key
      }
      let isAlone = names.count { short($0) == short(key) } == 1
      let words = "\(isAlone ? short(key) : key) \(value)"
      return ["workload", "cluster"].contains(name) ? words : "\(name), \(words)"
    }
  }

  /// Every part with every row of values.
  private func each<Part: VariedPart>(
    _ parts: [Part], _ rows: Rows, _ change: (Part, String, AxisValue) throws -> Part
  ) throws -> [Part] {
    guard !rows.axes.isEmpty else { return parts }
    return try parts.flatMap { part in
      try rows.places.map { row in
        var changed = part
        changed.base = part.base ?? part.name
        for axis in rows.axes {
          let value = axis.values[row]
          changed = try telling(axis.places[row], rows.whole) {
            try change(changed, axis.key, value)
          }
          changed.name = rows.label(changed.name, axis.key, value)
          changed.set(axis.key, value)
        }
        return changed
      }
    }
  }

  /// What `body` has to say, with where it went wrong.
  private func telling<Value>(
    _ place: ExperimentAxes.Place, _ axes: ExperimentAxes, _ body: () throws -> Value
  ) throws -> Value {
    do { return try body() } catch let error as RunError {
      throw axes.mistake(error.lines.map(place.issue))
    }
  }

  func changed(
    _ definition: WorkloadDefinition, _ key: String, _ value: AxisValue
  ) throws -> WorkloadDefinition {
    key.hasPrefix("workload.")
      ? try workload(definition, String(key.dropFirst("workload.".count)), value)
      : try workload(definition, parameter: key, value)
  }

  func changed(
    _ definition: ClusterDefinition, _ key: String, _ value: AxisValue, in whole: EngineSettings
  ) throws -> ClusterDefinition {
    if key == "machines" { return try cluster(definition, machines: value) }
    guard let field = Self.engineKey(key) else {
      return try cluster(definition, String(key.dropFirst("cluster.".count)), value)
    }
    var changed = definition
    changed.engine = try setting(field, value, of: definition.engine ?? .init(), in: whole)
    return changed
  }

  func changed(
    _ definition: SchedulerDefinition, _ key: String, _ value: AxisValue, in whole: EngineSettings
  ) throws -> SchedulerDefinition {
    var changed = definition
    if let field = Self.engineKey(key) {
      changed.engine = try setting(field, value, of: definition.engine, in: whole)
    } else {
      changed.policy = try policy(
        definition.policy, String(key.dropFirst("scheduler.".count)), value)
    }
    return changed
  }

  private func setting(
    _ field: String, _ value: AxisValue, of own: EngineSettings, in whole: EngineSettings
  ) throws -> EngineSettings {
    do { return try own.setting(field, to: value.text, in: whole) } catch {
      throw RunError(
        lines: error.issues.map {
          $0.path == field ? $0.message : "engine.\($0.path): \($0.message)"
        })
    }
  }

  private func workload(
    _ definition: WorkloadDefinition, parameter: String, _ value: AxisValue
  ) throws -> WorkloadDefinition {
    guard NamedModel.takesParameters(definition.source) else {
      throw RunError(
        message:
          "'\(definition.source)' is a trace; a trace is made denser by workload.scaleArrivals or workload.scaleRunTimes"
      )
    }
    guard !NamedStation.isOne(definition.source) || parameter != "c" else {
      throw RunError(
        message: "is the cluster's too; machines varies servers of one core each")
    }
    var changed = definition
    changed.source = NamedModel.setting(parameter, to: value.text, in: definition.source)
    // What a value cannot be is told where it stands.
    if NamedModel.isOne(changed.source) { _ = try NamedModel(changed.source) }
    return changed
  }

  private func workload(
    _ definition: WorkloadDefinition, _ field: String, _ value: AxisValue
  ) throws -> WorkloadDefinition {
    var changed = definition
    let own = ["scaleArrivals", "scaleRunTimes", "sample", "from", "to", "tasks"]
    guard own.contains(field) || field == "scaleLoad" else {
      // Anything else is the scenario's, which says itself what is wrong.
      guard NamedModel.takesParameters(definition.source) else {
        throw RunError(
          message: unknownName("key of a workload", field, among: own))
      }
      return try workload(definition, parameter: field, value)
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
    default: throw RunError(message: "\(value) is out of range")
    }
    return changed
  }

  private func policy(_ policy: String, _ field: String, _ value: AxisValue) throws -> String {
    var parts = policy.split(separator: ",").map(String.init)
    guard let place = parts.firstIndex(where: { $0.hasPrefix("\(field)=") }) else {
      throw RunError(message: "the scheduler '\(policy)' has no '\(field)='")
    }
    parts[place] = "\(field)=\(value.text)"
    let made = parts.joined(separator: ",")
    guard NamedScheduler.policy(named: made) != nil else {
      throw RunError(message: NamedScheduler.noSuch(made))
    }
    return made
  }
}

extension ExperimentAxes {
  /// What is wrong with them: mistakes of the file or description that they stand in, of options else.
  func mistake(_ issues: [DescriptionIssue]) -> any Error {
    file.map { ConfigurationError(file: $0, issues: issues) }
      ?? RunError(lines: issues.map { "\($0)" })
  }

  func mistake(_ issue: DescriptionIssue) -> any Error { mistake([issue]) }
}

import Diagnostics
import Foundation
import Simulation
import TraceInput
import TraceParsing
import Workload

/// What a trace says of its machines' attributes and what its tasks require of them.
///
/// Lists of Kubernetes: labels, taints, node selectors, required node affinities and tolerations, by kube-scheduler's
/// own rules (`PlacementRules`).
///
/// Google's trace of 2011: its tables `machine_attributes` and `task_constraints`.
/// The format of 2019 puts the comparisons into words (clusterdata_trace_format_v3.proto,
/// MachineConstraint.Relation): "For EQUAL and NOT_EQUAL relationships, the comparison is a string
/// comparison; for LESS_THAN, GREATER_THAN, etc., the values are converted to floating point numbers
/// first; for PRESENT and NOT_PRESENT, the test is merely whether the supplied attribute exists for
/// the machine in question". The format of 2011 has the first four only, and what it means by an empty
/// value we have found stated nowhere. **This is our interpretation**: no value is no attribute. A
/// machine whose attribute has no value counts as one without it; EQUAL with no value asks for its
/// absence, NOT EQUAL with no value for its presence, and NOT EQUAL with a value holds where it is
/// absent. Nothing is less or greater than what is absent or not a whole number.
public struct TraceConstraints: Sendable {
  /// The requirements, by task, and what machines have.
  public private(set) var table = ConstraintTable()
  /// Tasks that require anything.
  public private(set) var tasks = 0
  /// Requirements of attributes that no machine has.
  public private(set) var unknown = 0
  /// Changes of attributes during the trace: the first value holds for the whole run.
  public private(set) var changes = 0
  /// Tasks have constraints, but nothing is said of the machines.
  public private(set) var hasNoAttributes = false

  /// Nothing is required.
  public init() {}

  /// Reads both tables. O(rows); the tasks' are kept until the end.
  public init(_ trace: Google2011Trace, _ options: ReadOptions) throws(TraceError) {
    // Equality is of texts; order of those that are whole numbers, in an attribute of its own.
    var texts = SymbolTable()
    var names = SymbolTable()
    func number(_ name: String, _ symbols: inout SymbolTable) -> UInt32 { symbols.intern(name) * 2 }
    struct Place: Hashable {
      var machine: Int64
      var attribute: UInt32
    }
    var known: Set<Place> = []
    var attributes: Set<UInt32> = []
    var table = ConstraintTable()
    var changes = 0
    try trace.machineAttributes(options) { row in
      let attribute = number(row.name, &names)
      guard known.insert(Place(machine: row.machine, attribute: attribute)).inserted else {
        changes += 1
        return
      }
      // Our interpretation, as above: no value is no attribute.
      guard !row.isDeleted, let text = row.value else { return }
      attributes.insert(attribute)
      table.setAttribute(attribute, of: row.machine, to: Int64(texts.intern(text)))
      if let value = Int64(text) {
        table.setAttribute(attribute + 1, of: row.machine, to: value)
      }
    }
    var required: [TaskID: (time: Microseconds, constraints: [ConstraintTable.Constraint])] = [:]
    var order: [TaskID] = []
    var unknown = 0
    try trace.taskConstraints(options) { row in
      let attribute = number(row.name, &names)
      let constraint = Self.constraint(row, attribute, &texts)
      if required[row.id] == nil {
        required[row.id] = (row.time, [])
        order.append(row.id)
      }
      // Each submission repeats them; the first counts.
      guard let entry = required[row.id], entry.time == row.time,
        !entry.constraints.contains(constraint)
      else { return }
      required[row.id]?.constraints.append(constraint)
      if !attributes.contains(attribute) { unknown += 1 }
    }
    guard !attributes.isEmpty else {
      hasNoAttributes = !order.isEmpty
      return
    }
    for id in order { table.require(required[id]?.constraints ?? [], of: id) }
    self.table = table
    (tasks, self.unknown, self.changes) = (order.count, unknown, changes)
  }

  /// What the tasks of a workload require of a cluster; nothing unless the cluster is a google-2011 trace or
  /// Kubernetes' lists of pods and nodes, and the workload is it, or a record file.
  ///
  /// - Parameters:
  ///   - workload: the workload, as ``NamedWorkload`` takes it.
  ///   - format: the format that it is read from.
  ///   - cluster: the cluster, as ``NamedCluster`` takes it.
  ///   - reading: how traces are read.
  public init(
    of workload: String, format: String?, on cluster: String, reading: ReadingSettings
  ) throws {
    self.init()
    guard workload == cluster || format == "records",
      FileManager.default.fileExists(atPath: cluster),
      !SettingsFile.isOne(cluster, keys: ["groups"])
    else { return }
    var reading = reading
    reading.table = nil
    let meter = ReadMeter()
    let options = reading.readOptions(meter: meter, rejects: try reading.rejectLog())
    switch try reading.open(cluster, meter: meter, notes: false, mustBe: false) {
    case let trace as Google2011Trace: self = try Self(trace, options)
    case let trace as KubernetesTrace: self = try Self(trace, options)
    default: break
    }
  }

  /// What the pods of Kubernetes' lists require of the nodes in them. O(nodes) for each different set of rules.
  public init(_ trace: KubernetesTrace, _ options: ReadOptions) throws(TraceError) {
    self.init()
    let (nodes, rules) = try trace.placement(options)
    guard !nodes.isEmpty else { return }
    // An attribute for each set of rules, of the nodes that meet it; none where all do.
    var numbers: [PlacementRules: UInt32?] = [:]
    var next: UInt32 = 0
    for (task, rules) in rules {
      if numbers[rules] == nil {
        let allowed = nodes.filter { rules.allows($0) }
        if allowed.count < nodes.count {
          for node in allowed { table.setAttribute(next, of: node.machine, to: 1) }
          numbers[rules] = next
          next += 1
        } else {
          numbers.updateValue(nil, forKey: rules)
        }
      }
      guard let attribute = numbers[rules] ?? nil else { continue }
      table.require([.init(attribute, .present, 0)], of: task)
      tasks += 1
    }
  }

  private static func constraint(
    _ row: TaskConstraint, _ attribute: UInt32, _ texts: inout SymbolTable
  ) -> ConstraintTable.Constraint {
    switch row.comparison {
    case .equal, .notEqual:
      guard let value = row.value else {
        // Our interpretation, as above: no value stands for the attribute's absence.
        return .init(attribute, row.comparison == .equal ? .absent : .present, 0)
      }
      return .init(
        attribute, row.comparison == .equal ? .equal : .notEqual, Int64(texts.intern(value)))
    case .less: return .init(attribute + 1, .less, row.value.flatMap { Int64($0) } ?? .min)
    case .greater: return .init(attribute + 1, .greater, row.value.flatMap { Int64($0) } ?? .max)
    }
  }

  /// What the user should know, a line each.
  public var notes: [Note] {
    var notes: [Note] = []
    if tasks > 0 {
      notes.append(
        Note(
          .constraints, "task_constraints", ["tasks": Double(tasks)],
          "\(grouped(tasks)) \(tasks == 1 ? "task" : "tasks") of the trace with constraints: honoured"
        ))
    }
    if hasNoAttributes {
      notes.append(
        Note(
          .leftOut, "task_constraints",
          "the trace's task constraints are ignored: it has no machine attributes"))
    }
    if unknown > 0 {
      notes.append(
        Note(
          .constraints, "machine_attributes", ["constraints": Double(unknown)],
          "\(grouped(unknown)) \(unknown == 1 ? "constraint" : "constraints") on attributes that no machine has"
        ))
    }
    if changes > 0 {
      notes.append(
        Note(
          .leftOut, "machine_attributes", ["changes": Double(changes)],
          "\(grouped(changes)) later \(changes == 1 ? "change" : "changes") of machine attributes: ignored"
        ))
    }
    return notes
  }
}

extension Note.Kind {
  /// What became of the tasks' constraints on machines.
  public static let constraints = Note.Kind(rawValue: "constraints")
}

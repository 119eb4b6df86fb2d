import Diagnostics
import KubeObjects
import TraceInput
import Workload

/// What a list says of a node.
public struct KubernetesNode: Sendable {
  /// Its name.
  public let name: String
  /// Its labels.
  public let labels: [String: String]
  /// What keeps pods away that do not tolerate it. Taints by which Kubernetes marks the state of a moment (not ready,
  /// unschedulable, under pressure) are none of these: see `KubernetesNodes`.
  public let taints: [Taint]
  /// Its machine's number in records.
  public let machine: Int64
  let capacity: Resources
  let unknown: MachineEvent.Unknown
  /// The type of its GPUs where it says one, else its own type.
  let platform: String
  /// Why it took no pods when it was listed; nil where it did.
  let absence: Absence?

  /// Why a node takes no pods.
  enum Absence: String, CaseIterable, Sendable {
    /// Its condition Ready is not True.
    case notReady = "not ready"
    /// It is cordoned: `spec.unschedulable`.
    case unschedulable
  }

  private struct Condition: Decodable {
    var type: String
    var status: String?
  }

  init(_ object: KubernetesObject) throws(RowError) {
    name = try object.name(.name)
    guard let number = Array(name.utf8).withUnsafeBytes({ Self.number($0) }) else {
      throw RowError(column: nil, message: "metadata.name is empty", reason: "no metadata.name")
    }
    machine = number
    labels = try object.decode([String: String].self, .labels) ?? [:]
    let passing = ["node.kubernetes.io/", "node.cloudprovider.kubernetes.io/"]
    taints = (try object.decode([Taint].self, .taints) ?? []).filter { taint in
      !passing.contains { taint.key.hasPrefix($0) }
    }
    let field: KubernetesObject.Field = object[.allocatable].isEmpty ? .capacity : .allocatable
    guard let amounts = try object.decode(ResourceList.self, field) else {
      throw RowError(
        column: nil, message: "node \(name.prefix(60)) has no status.allocatable",
        reason: "no status.allocatable")
    }
    capacity = KubernetesAmounts.resources(amounts)
    if let issue = capacity.rangeIssue {
      throw RowError(
        column: nil, message: "\(field.path) has \(issue)", reason: "value out of range")
    }
    var unknown: MachineEvent.Unknown = []
    if amounts["cpu"] == nil { unknown.insert(.cpu) }
    if amounts["memory"] == nil { unknown.insert(.memory) }
    if amounts["ephemeral-storage"] == nil { unknown.insert(.disk) }
    self.unknown = unknown
    let type =
      labels["node.kubernetes.io/instance-type"] ?? labels["beta.kubernetes.io/instance-type"] ?? ""
    platform = capacity.milliGPU > 0 ? labels["nvidia.com/gpu.product"] ?? type : type
    let conditions = try object.decode([Condition].self, .conditions) ?? []
    let isReady = conditions.first { $0.type == "Ready" }.map { $0.status == "True" } ?? true
    absence =
      !isReady ? .notReady : object.text(.unschedulable) == "true" ? .unschedulable : nil
  }

  /// The number that records have for a node of this name.
  static func number(_ name: UnsafeRawBufferPointer) -> Int64? {
    name.isEmpty ? nil : NameNumbers.whole(name) ?? NameNumbers.hashes(of: name).number
  }
}

/// The nodes of a cluster as machines.
///
/// A list is of one moment, and pods are of all the time before. So every node is a machine, those too that took no
/// pods just then; how many these are is told.
struct KubernetesNodes {
  private(set) var nodes: [KubernetesNode] = []
  private(set) var survey = TableSurvey()
  private var places: [String: Int] = [:]
  private var repeated = 0

  /// Takes a node; what is said of one later goes before.
  mutating func add(_ node: KubernetesNode) {
    if let place = places[node.name] {
      nodes[place] = node
      repeated += 1
    } else {
      places[node.name] = nodes.count
      nodes.append(node)
    }
  }

  mutating func count(rows: Int) { survey.rows += rows }

  /// The machines, and what was counted.
  func list() throws(TraceError) -> MachineEventList {
    var list = MachineEventList(events: [], symbols: SymbolTable())
    var survey = survey
    var owners: [Int64: String] = [:]
    var counts: [(name: String, count: Int)] = []
    func count(_ name: String) {
      if let place = counts.firstIndex(where: { $0.name == name }) {
        counts[place].count += 1
      } else {
        counts.append((name, 1))
      }
    }
    for node in nodes {
      if let other = owners.updateValue(node.name, forKey: node.machine), other != node.name {
        throw TraceError(
          .malformedRow, "nodes '\(other.prefix(60))' and '\(node.name.prefix(60))' have one number"
        )
      }
      count(node.platform.isEmpty ? "no platform" : node.platform)
      list.events.append(
        MachineEvent(
          time: .zero, machine: node.machine, kind: .add, capacity: node.capacity,
          unknown: node.unknown, platform: list.symbols.intern(node.platform)))
    }
    survey.beforeStart = list.events.count
    survey.repeated = repeated
    survey.events = counts.map { .init(name: $0.name, count: $0.count) }
    list.survey = survey
    list.notes = notes
    return list
  }

  private var notes: [Note] {
    var notes: [Note] = []
    let absent = KubernetesNode.Absence.allCases.map { kind in
      (kind, nodes.count { $0.absence == kind })
    }.filter { $0.1 > 0 }
    if !absent.isEmpty {
      notes.append(.idleMachines(absent.map { ($0.0.rawValue, $0.1) }, of: nodes.count))
    }
    var taints: [(text: String, count: Int)] = []
    for taint in nodes.flatMap(\.taints) {
      let text = PlacementText.taint(taint)
      if let place = taints.firstIndex(where: { $0.text == text }) {
        taints[place].count += 1
      } else if taints.count < 1000 {
        taints.append((text, 1))
      }
    }
    if !taints.isEmpty {
      let shown = taints.prefix(10).map { "\($0.text) on \($0.count)" }.joined(separator: ", ")
      let more = taints.count > 10 ? " and \(taints.count - 10) others" : ""
      notes.append(
        Note(
          .assumed, "taints", ["taints": Double(taints.reduce(0) { $0 + $1.count })],
          "taints of nodes keep pods of the same lists away that do not tolerate them, and no other "
            + "tasks: \(shown)\(more)"))
    }
    if repeated > 0 {
      notes.append(
        Note(
          .odd, "nodes", ["nodes": Double(repeated)],
          "\(repeated) \(repeated == 1 ? "node" : "nodes") listed again: what is said last counts"))
    }
    return notes
  }
}

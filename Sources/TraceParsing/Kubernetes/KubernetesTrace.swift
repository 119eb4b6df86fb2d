import Diagnostics
import TraceInput
import Workload

/// Lists of Kubernetes' objects that were found: pods, and the nodes and events beside them.
public struct KubernetesTrace: RecognisedTrace {
  /// The format's name.
  public let format: String
  let lists: [KubernetesList]
  /// The files that no table is made of.
  public let passedOver: [PassedOverFile]

  private static let tableOf: [KubernetesKind: String] = [
    .pod: "pods", .node: "nodes", .event: "events",
  ]

  private var kinds: [KubernetesKind] {
    KubernetesKind.allCases.filter { kind in
      lists.contains { $0.has(kind) && !(kind == .node && isUnread($0)) }
    }
  }
  /// Whether a list's nodes are not read: it comes once, and its pods are read of it.
  private func isUnread(_ list: KubernetesList) -> Bool { list.isPipe && list.has(.pod) }
  private var hasPods: Bool { kinds.contains(.pod) }

  /// Pods, nodes and events, as far as the beginnings of the files show them.
  public var tables: [TraceTable] {
    kinds.compactMap { kind in
      let parts = lists.filter { $0.has(kind) }.reduce(0) { $0 + $1.group.files.count }
      return Self.tableOf[kind].map { TraceTable(name: $0, parts: parts) }
    }
  }

  /// What is assumed of pods.
  public var notes: [Note] {
    guard hasPods else { return [] }
    var notes = KubernetesFormat.limits.map { Note(.assumed, format, $0) }
    if lists.contains(where: { isUnread($0) && $0.has(.node) }) {
      notes.append(
        Note(.leftOut, "nodes", "nodes in a pipe are not read where pods are: a file has both"))
    }
    return notes
  }

  /// The table of nodes, where one is seen.
  public var machineTable: String? { kinds.contains(.node) ? Self.tableOf[.node] : nil }

  /// From pods alone.
  public func canMakeRecords(from table: String?) -> Bool {
    hasPods && (table == nil || table == Self.tableOf[.pod])
  }

  // MARK: - Reading

  /// One object of a list.
  private enum Item: Sendable {
    case pod(KubernetesPod)
    case event(KubernetesEvent)
    case other(String)
  }

  /// What was read of pods and events.
  private struct Reading {
    var pods = KubernetesPods()
    var events = KubernetesEvents()
    /// Objects of all kinds, those that could not be read with them.
    var rows = 0
    /// Objects of other kinds, by kind.
    var others: [String: Int] = [:]
  }

  private func read(
    _ options: ReadOptions, keepsAttributes: Bool, pods takesPods: Bool
  ) throws(TraceError) -> Reading {
    var reading = Reading()
    let places = KubernetesObject.places(KubernetesObject.Field.ofPods)
    for list in lists where list.mayHold(.event) || (takesPods && list.mayHold(.pod)) {
      for file in list.group.files {
        var reader = list.reader(file, "pods", KubernetesObject.Field.ofPods, options)
        try reader.forEachRow(
          { row throws(RowError) -> Item in
            let object = KubernetesObject(places) { row[$0] }
            switch KubernetesKind(rawValue: object.kind) {
            case .pod where takesPods:
              return .pod(try KubernetesPod(object, keepsAttributes: keepsAttributes))
            case .event: return .event(try KubernetesEvent(object))
            default: return .other(object.kind)
            }
          },
          { item throws(TraceError) in
            switch item {
            case .pod(let pod): reading.pods.add(pod)
            case .event(let event): reading.events.add(event)
            case .other(let kind):
              let isKept = reading.others[kind] != nil || reading.others.count < 100
              reading.others[isKept ? kind : "other kinds", default: 0] += 1
            }
          })
        reading.rows += reader.rows
      }
    }
    return reading
  }

  /// The pods in order of creation.
  ///
  /// - Throws: `TraceError` where a pod cannot be read, or there are none.
  public func records(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    try gather(options).stream()
  }

  private func gather(_ options: ReadOptions) throws(TraceError) -> RecordGathering {
    guard hasPods else { throw withoutPods(options) }
    var gathering = RecordGathering(options)
    let reading = try read(options, keepsAttributes: gathering.keepsAttributes, pods: true)
    let context = MappedContext(clock: ZoneClock(.gmt), hasDecimalCommas: false)
    context.noteDates()
    let notes = try reading.pods.forEach(reading.events.scheduled, context) {
      record, check, pod throws(TraceError) in
      var record = record
      record.user = UserID(gathering.symbols.intern(pod.namespace))
      if !gathering.keepsAttributes { gathering.attributes.omitted += 1 }
      for attribute in pod.attributes {
        var text = attribute.text
        text.withUTF8 { bytes in
          let bytes = UnsafeRawBufferPointer(bytes)
          gathering.attributes.set(
            attribute.name, of: record.id, to: bytes, number: parseNumber(bytes),
            &gathering.symbols)
        }
      }
      gathering.survey.add(record)
      gathering.count(record.outcome.name)
      gathering.add(record, check: check)
    }
    gathering.report.notes += notes
    gathering.tell(context, .gmt, isStated: true, origin: .first)
    let others = reading.others.filter { $0.key != KubernetesKind.node.rawValue }
    if !others.isEmpty {
      let words = others.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key.prefix(40))" }
      gathering.report.notes.append(
        Note(
          .leftOut, "objects", ["objects": Double(others.values.reduce(0, +))],
          "objects of other kinds: \(words.prefix(10).joined(separator: ", "))"))
    }
    let rows = reading.rows - reading.others.values.reduce(0, +) - reading.events.survey.rows
    gathering.finish("pods", rows: rows, comments: 0, options)
    if reading.events.survey.rows > 0 {
      let survey = reading.events.summary
      gathering.report.rows["events"] = survey.rows
      gathering.report.surveys["events"] = survey
    }
    return gathering
  }

  /// What an input without pods is refused with.
  private func withoutPods(_ options: ReadOptions) -> TraceError {
    let file = lists[0].group.files[0].name
    if kinds.contains(.node) {
      return TraceError(
        .unrecognised,
        "the machines of \(format); records are made of the table of its tasks: give both, in one "
          + "folder", file: file)
    }
    let events = (try? read(options, keepsAttributes: false, pods: false))?.events
    return TraceError(
      .unrecognised,
      "\(events?.survey.rows ?? 0) events of Kubernetes (\(events?.words ?? "")): they say when pods "
        + "were scheduled and not what they ask for; kubectl get pods -A -o json has the pods: give "
        + "both, in one folder", file: file)
  }

  /// The nodes of the lists, as machines that are there from the start.
  public func machineEvents(_ options: ReadOptions) throws(TraceError) -> MachineEventList? {
    let nodes = try readNodes(options)
    return nodes.nodes.isEmpty ? nil : try nodes.list()
  }

  private func readNodes(_ options: ReadOptions) throws(TraceError) -> KubernetesNodes {
    var nodes = KubernetesNodes()
    let places = KubernetesObject.places(KubernetesObject.Field.ofNodes)
    for list in lists where list.mayHold(.node) && !isUnread(list) {
      // What cannot be read at all of a list that pods are read of, too, is counted there.
      var again = options
      let isShared = list.mayHold(.pod) || list.mayHold(.event)
      if isShared, hasPods, options.rejects != nil { again.rejects = try RejectLog { _ in } }
      for file in list.group.files {
        var reader = list.reader(file, "nodes", KubernetesObject.Field.ofNodes, again)
        try reader.forEachRow { row throws(RowError) in
          let object = KubernetesObject(places) { row[$0] }
          guard object.kind == KubernetesKind.node.rawValue else { return }
          nodes.count(rows: 1)
          nodes.add(try KubernetesNode(object))
        }
      }
    }
    return nodes
  }

  /// What can be said of a table without making records.
  public func survey(_ table: String, _ options: ReadOptions) throws(TraceError) -> TableSurvey {
    switch table {
    case Self.tableOf[.pod]: return try gather(options).survey
    case Self.tableOf[.node]:
      return try readNodes(options).list().survey ?? TableSurvey()
    default: return try read(options, keepsAttributes: false, pods: false).events.summary
    }
  }

  // MARK: - Placement

  /// Which nodes each pod may be put on by its own rules, as far as its nodes are listed.
  ///
  /// - Returns: the nodes, and the rules of each pod's task; equal rules are one.
  public func placement(
    _ options: ReadOptions
  ) throws(TraceError) -> (nodes: [KubernetesNode], rules: [(task: TaskID, rules: PlacementRules)])
  {
    guard hasPods else { return ([], []) }
    let nodes = try readNodes(options).nodes
    let reading = try read(options, keepsAttributes: false, pods: true)
    let context = MappedContext(clock: ZoneClock(.gmt), hasDecimalCommas: false)
    var rules: [(task: TaskID, rules: PlacementRules)] = []
    _ = try reading.pods.forEach([:], context) { record, _, pod throws(TraceError) in
      rules.append((record.id, pod.rules))
    }
    return (nodes, rules)
  }
}

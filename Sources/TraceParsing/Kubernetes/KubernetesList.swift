import Diagnostics
import TraceInput

/// Files of Kubernetes' objects: lists (`kubectl get -o json`), or objects one behind the other.
struct KubernetesList: Sendable {
  let group: TraceInput.Group
  /// The path to the objects; empty where they stand one behind the other.
  let rows: String
  /// The kinds of the first objects, in the order in which they come, and any other kind's name.
  private(set) var kinds: [String]
  /// Whether objects of other kinds may follow: not all of it was looked at.
  private(set) var goesOn: Bool

  /// The objects in `group`; nil if it holds none.
  init?(_ group: TraceInput.Group) {
    guard TableLayout.kind(of: group.head) == .json else { return nil }
    for rows in ["items", ""] {
      let (kinds, isCut) = Self.kinds(group, rows)
      guard !kinds.isEmpty else { continue }
      (self.group, self.rows, self.kinds) = (group, rows, kinds)
      goesOn = isCut || group.files.count > 1
      if goesOn, !has(.pod), !isPipe { lookOn() }
      return
    }
    return nil
  }

  /// Whether it can be read only once.
  var isPipe: Bool {
    group.files.contains { if case .standardInput = $0.location { true } else { false } }
  }

  /// Looks for pods behind other objects: `kubectl get nodes,pods` lists nodes first. What cannot be read is told
  /// where it is read.
  private mutating func lookOn() {
    let fields = KubernetesObject.Field.telling
    let places = KubernetesObject.places(fields)
    var seen = Set(kinds)
    var hasPods = false
    for file in group.files where !hasPods {
      var reader = reader(file, "objects", fields, ReadOptions())
      try? reader.forEachRow { row throws(RowError) in
        let kind = KubernetesObject(places) { row[$0] }.kind
        hasPods = hasPods || kind == KubernetesKind.pod.rawValue
        if !kind.isEmpty, kinds.count < 20, seen.insert(kind).inserted { kinds.append(kind) }
        guard !hasPods else {
          throw RowError(column: nil, message: "a pod", reason: "a pod")  // seen enough
        }
      }
    }
    goesOn = hasPods
  }

  /// Whether an object of a kind may be in it.
  func mayHold(_ kind: KubernetesKind) -> Bool { goesOn || has(kind) }

  /// Whether one of the first objects is of a kind.
  func has(_ kind: KubernetesKind) -> Bool { kinds.contains(kind.rawValue) }

  private static func kinds(
    _ group: TraceInput.Group, _ rows: String
  ) -> (kinds: [String], isCut: Bool) {
    let isCut = group.head.count >= TraceInput.headLength
    let fields = KubernetesObject.Field.telling
    let places = KubernetesObject.places(fields)
    var kinds: [String] = []
    guard
      let reader = try? JSONRowReader(
        MemoryStream(group.head, name: ""), paths: fields.map(\.path), rows: rows,
        isBeginning: isCut)
    else { return ([], isCut) }
    let batch = RowBatch()
    var goesOn = true
    while goesOn {
      // Where an object cannot be read, those before it are there.
      goesOn = (try? reader.nextBatch(batch)) ?? false
      for index in 0..<batch.count {
        let row = batch[index]
        let object = KubernetesObject(places) { row[$0] }
        let kind = object.kind
        guard !kind.isEmpty, !object[.name].isEmpty else { continue }
        if !kinds.contains(kind), kinds.count < 20 { kinds.append(kind) }
      }
    }
    // The first object is longer than what is looked at: what its text says is all there is to see.
    if kinds.isEmpty, isCut, reader.isInList, rows == "items" {
      let text = String(decoding: group.head, as: UTF8.self)
      kinds = KubernetesKind.allCases.map(\.rawValue).filter { kind in
        ["\"kind\":\"\(kind)", "\"kind\": \"\(kind)"].contains(where: text.contains)
      }
    }
    return (kinds, isCut)
  }

  /// A reader of some fields of the objects in one of its files.
  func reader(
    _ file: TraceInput.File, _ table: String, _ fields: [KubernetesObject.Field],
    _ options: ReadOptions
  ) -> FieldTableReader {
    var layout = TableLayout()
    layout.rows = rows.isEmpty ? nil : rows
    return FieldTableReader(
      group.only(file), FieldTable(table, fields.map { ColumnSpec($0.path, .text, false) }),
      .layout(layout, .json), options: options)
  }
}

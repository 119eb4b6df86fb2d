import Diagnostics
import Foundation
import TraceInput

/// What the objects of Kubernetes' lists are, as far as traces are made of them.
enum KubernetesKind: String, CaseIterable, Sendable {
  case pod = "Pod"
  case node = "Node"
  case event = "Event"
}

/// One object of a list: some of its fields, as text; those that are objects or lists as JSON.
struct KubernetesObject {
  /// What is read of an object, by its path.
  enum Field: String, CaseIterable, Sendable {
    case kind
    // What only one kind has: lists of one kind (`kubectl get --raw`) do not repeat it.
    case containers = "spec.containers.#"
    case involvedKind = "involvedObject.kind"
    case regardingKind = "regarding.kind"
    case capacity = "status.capacity"

    case name = "metadata.name"
    case namespace = "metadata.namespace"
    case uid = "metadata.uid"
    case created = "metadata.creationTimestamp"
    case owners = "metadata.ownerReferences"
    case labels = "metadata.labels"
    case spec
    case phase = "status.phase"
    case reason = "status.reason"
    case started = "status.startTime"
    case conditions = "status.conditions"
    case ends = "status.containerStatuses.*.state.terminated.finishedAt"
    case initEnds = "status.initContainerStatuses.*.state.terminated.finishedAt"
    case unschedulable = "spec.unschedulable"
    case taints = "spec.taints"
    case allocatable = "status.allocatable"
    case eventReason = "@event.reason"
    case eventTime = "eventTime"
    case firstTimestamp = "firstTimestamp"
    case deprecatedFirst = "deprecatedFirstTimestamp"
    case involvedUID = "involvedObject.uid"
    case regardingUID = "regarding.uid"

    /// Where it stands.
    var path: String { self == .eventReason ? "reason" : rawValue }

    /// What tells the kind.
    static let telling: [Field] = [
      .kind, .containers, .involvedKind, .regardingKind, .capacity, .name,
    ]
    /// What is read of pods and of events.
    static let ofPods: [Field] =
      telling + [
        .namespace, .uid, .created, .owners, .spec, .phase, .reason, .started, .conditions, .ends,
        .initEnds, .eventReason, .eventTime, .firstTimestamp, .deprecatedFirst, .involvedUID,
        .regardingUID,
      ]
    /// What is read of nodes.
    static let ofNodes: [Field] =
      telling + [.labels, .unschedulable, .taints, .allocatable, .conditions]
  }

  private let places: [Field: Int]
  private let field: (Int) -> UnsafeRawBufferPointer

  /// - Parameters:
  ///   - places: which column of a row has a field.
  ///   - field: the text of a column.
  init(_ places: [Field: Int], _ field: @escaping (Int) -> UnsafeRawBufferPointer) {
    (self.places, self.field) = (places, field)
  }

  /// The places of fields that are read in this order.
  static func places(_ fields: [Field]) -> [Field: Int] {
    Dictionary(uniqueKeysWithValues: fields.enumerated().map { ($1, $0) })
  }

  /// A field's bytes; empty where it is not there.
  subscript(field: Field) -> UnsafeRawBufferPointer {
    places[field].map(self.field) ?? UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// A field as text.
  func text(_ field: Field) -> String { String(decoding: self[field], as: UTF8.self) }

  /// What it says that it is, or what only one kind has.
  var kind: String {
    if !self[.kind].isEmpty { return text(.kind) }
    if !self[.containers].isEmpty { return KubernetesKind.pod.rawValue }
    if !self[.involvedKind].isEmpty || !self[.regardingKind].isEmpty {
      return KubernetesKind.event.rawValue
    }
    return self[.capacity].isEmpty ? "" : KubernetesKind.node.rawValue
  }

  /// A text that must be there.
  func name(_ field: Field) throws(RowError) -> String {
    guard !self[field].isEmpty else {
      throw RowError(
        column: nil, message: "\(field.path) is missing", reason: "no \(field.path)")
    }
    return text(field)
  }

  /// A date-time in µs since 1970; nil where there is none.
  func time(_ field: Field) throws(RowError) -> Int64? {
    self[field].isEmpty ? nil : try Self.time(self[field], field.path)
  }

  /// The latest of a list of date-times; nil where there is none.
  func latest(_ field: Field) throws(RowError) -> Int64? {
    guard let texts = try decode([String].self, field) else { return nil }
    var latest: Int64?
    for text in texts {
      let time = try Self.time(text, field.path)
      latest = max(latest ?? time, time)
    }
    return latest
  }

  /// A date-time in µs since 1970.
  ///
  /// - Parameters:
  ///   - text: the date-time.
  ///   - path: where it stands.
  static func time(_ text: String, _ path: String) throws(RowError) -> Int64 {
    try Array(text.utf8).withUnsafeBytes { bytes in
      Result { () throws(RowError) in try time(bytes, path) }
    }.get()
  }

  private static func time(
    _ bytes: UnsafeRawBufferPointer, _ path: String
  ) throws(RowError) -> Int64 {
    func problem(_ what: String) -> RowError {
      RowError(
        column: nil,
        message: "\(path) '\(String(decoding: bytes.prefix(40), as: UTF8.self))' \(what)",
        reason: "bad \(path)")
    }
    let date: DateText
    do throws(DateText.Failure) { date = try DateText(bytes, nil) } catch {
      throw problem("is no date-time: \(error.reason)")
    }
    let time = date.local - (date.offset ?? 0) * 1_000_000
    guard time >= 0 else { throw problem("is before 1970") }
    return time
  }

  /// A field's JSON as a value; nil where it is not there. What cannot be one is told by its path.
  func decode<Value: Decodable>(
    _ type: Value.Type, _ field: Field
  ) throws(RowError) -> Value? {
    let bytes = self[field]
    guard !bytes.isEmpty else { return nil }
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch {
      throw RowError(
        column: nil, message: Self.words(error, at: field.path), reason: "bad \(field.path)")
    }
  }

  /// Where a decoder stumbled, and why, in one line.
  private static func words(_ error: any Error, at path: String) -> String {
    guard let error = error as? DecodingError else { return "\(path) cannot be read" }
    let (context, what): (DecodingError.Context, String) =
      switch error {
      case .typeMismatch(_, let context): (context, "has another type than it should")
      case .valueNotFound(_, let context): (context, "is null")
      // No JSON to a decoder that takes less than simdjson, which has read it.
      case .dataCorrupted(let context) where context.codingPath.isEmpty:
        (context, "is nested too deeply, or has a number that is too large")
      case .dataCorrupted(let context): (context, context.debugDescription)
      case .keyNotFound(let key, let context): (context, "has no \(key.stringValue)")
      @unknown default: (.init(codingPath: [], debugDescription: ""), "cannot be read")
      }
    let steps = context.codingPath.map { key in
      key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue.prefix(60))"
    }
    return "\(path)\(steps.joined()) \(what)"
  }
}

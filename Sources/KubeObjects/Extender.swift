import Foundation

/// What kube-scheduler sends an extender for the verbs filter and prioritize.
///
/// Source: k8s.io/kube-scheduler/extender/v1. The structs there have no JSON tags: names are capital on
/// the wire; Go reads them in any case, and so does this.
public struct ExtenderArguments: Sendable {
  /// The pod.
  public let pod: Pod
  /// Its nodes by name, in the order that they came.
  public let nodeNames: [String]
  /// The whole nodes, as ranges of the body, where the scheduler sent them.
  public let nodeItems: [Range<Int>]?
  /// Of each whole node the range of its `managedFields`, name and comma and all; empty for none.
  private let unread: [Range<Int>]
  /// The request's bytes.
  public let body: JSONSlices

  /// Why a body is refused.
  public struct Refusal: Error, CustomStringConvertible {
    public let description: String
    /// A reason in one line.
    public init(_ description: String) { self.description = description }
  }

  /// Reads a body.
  ///
  /// - Throws: `Refusal`, in one line.
  public init(_ bytes: [UInt8]) throws(Refusal) {
    do {
      body = JSONSlices(bytes)
      var pod: Pod?
      var names: [String]?
      var items: [Range<Int>]?
      var itemNames: [String] = []
      var unread: [Range<Int>] = []
      let body = body
      try body.members(of: body.root()) { name, range in
        guard !body.isNull(range) else { return }
        switch name.lowercased() {
        case "pod": pod = try JSONDecoder().decode(Pod.self, from: Data(body.bytes[range]))
        case "nodenames":
          var list: [String] = []
          try body.elements(of: range) { element in
            guard let name = body.plainString(element) else {
              throw Refusal("NodeNames has an element that is no name")
            }
            list.append(name)
          }
          names = list
        case "nodes":
          try body.members(of: range) { name, range in
            guard name.lowercased() == "items", !body.isNull(range) else { return }
            var list: [Range<Int>] = []
            try body.elements(of: range) { element in
              list.append(element)
              let (name, fields) = try Self.name(of: element, in: body)
              itemNames.append(name)
              unread.append(fields)
            }
            items = list
          }
          items = items ?? []
        default: break
        }
      }
      guard let pod else { throw Refusal("the body has no Pod") }
      guard names != nil || items != nil else {
        throw Refusal("the body has neither NodeNames nor Nodes")
      }
      self.pod = pod
      nodeNames = names ?? itemNames
      nodeItems = names == nil ? items : nil
      self.unread = unread
    } catch let refusal as Refusal {
      throw refusal
    } catch let error as DecodingError {
      throw Refusal(Self.words(error))
    } catch {
      throw Refusal("\(error)")
    }
  }

  private static func name(
    of node: Range<Int>, in body: JSONSlices
  ) throws -> (name: String, managedFields: Range<Int>) {
    var found: String?
    var fields = node.lowerBound..<node.lowerBound
    try body.members(of: node) { name, range in
      guard name == "metadata" else { return }
      try body.members(of: range) { name, range in
        if name == "name" { found = body.plainString(range) }
        if name == "managedFields" { fields = body.member(name, range) ?? fields }
      }
    }
    guard let found else { throw Refusal("Nodes has an item without metadata.name") }
    return (found, fields)
  }

  /// Appends a whole node as it came, but for its `managedFields`: a third of the bytes, which no plugin of
  /// kube-scheduler reads and which it would decode again.
  public func append(item: Int, to text: inout [UInt8]) {
    guard let range = nodeItems?[item] else { return }
    let fields = unread[item]
    text.append(contentsOf: body.bytes[range.lowerBound..<fields.lowerBound])
    text.append(contentsOf: body.bytes[fields.upperBound..<range.upperBound])
  }

  /// Where a decoder stumbled, as a path.
  static func words(_ error: DecodingError) -> String {
    let (context, what): (DecodingError.Context, String) =
      switch error {
      case .typeMismatch(_, let context), .valueNotFound(_, let context),
        .dataCorrupted(let context):
        (context, context.debugDescription)
      case .keyNotFound(let key, let context): (context, "has no \(key.stringValue)")
      @unknown default: (.init(codingPath: [], debugDescription: ""), "\(error)")
      }
    let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }
      .joined()
    let line = what.split(whereSeparator: \.isNewline).joined(separator: " ")
    return "Pod\(path): \(line)".filter { !$0.isNewline }
  }
}

/// The verb bind (ExtenderBindingArgs).
public struct ExtenderBinding: Decodable, Sendable {
  public let podName: String
  public let podNamespace: String
  public let podUID: String
  public let node: String

  /// Reads a body.
  public init(_ body: [UInt8]) throws(ExtenderArguments.Refusal) {
    do { self = try JSONDecoder().decode(Self.self, from: Data(body)) } catch {
      throw ExtenderArguments.Refusal("the body is no binding")
    }
  }

  public init(from decoder: any Decoder) throws {
    let values = try AnyCase(decoder)
    podName = try values.decode("podname")
    podNamespace = try values.decode("podnamespace")
    podUID = try values.decode("poduid")
    node = try values.decode("node")
  }
}

/// The verb preempt (ExtenderPreemptionArgs): victims by node, whole or by UID.
public struct ExtenderPreemption: Decodable, Sendable {
  public let pod: Pod
  /// UIDs of victims and the count of violated budgets, by node.
  public let victims: [String: (uids: [String], violations: Int)]

  /// Reads a body.
  public init(_ body: [UInt8]) throws(ExtenderArguments.Refusal) {
    do { self = try JSONDecoder().decode(Self.self, from: Data(body)) } catch {
      let words = (error as? DecodingError).map(ExtenderArguments.words)
      throw ExtenderArguments.Refusal("preempt: \(words ?? "the body cannot be read")")
    }
  }

  public init(from decoder: any Decoder) throws {
    let values = try AnyCase(decoder)
    pod = try values.decode("pod")
    var victims: [String: (uids: [String], violations: Int)] = [:]
    if let whole: [String: Victims<Pod>] = try values.decodeIfPresent("nodenametovictims") {
      for (node, list) in whole { victims[node] = (list.pods.map(\.uid), list.violations) }
    }
    if let meta: [String: Victims<MetaPod>] = try values.decodeIfPresent("nodenametometavictims") {
      for (node, list) in meta { victims[node] = (list.pods.map(\.uid), list.violations) }
    }
    self.victims = victims
  }

  private struct MetaPod: Decodable {
    let uid: String
    init(from decoder: any Decoder) throws { uid = try AnyCase(decoder).decode("uid") }
  }
  private struct Victims<Element: Decodable>: Decodable {
    let pods: [Element]
    let violations: Int
    init(from decoder: any Decoder) throws {
      let values = try AnyCase(decoder)
      pods = try values.decodeIfPresent("pods") ?? []
      violations = try values.decodeIfPresent("numpdbviolations") ?? 0
    }
  }
}

/// Keys in any case, as Go reads them.
private struct AnyCase {
  struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
  let container: KeyedDecodingContainer<Key>
  init(_ decoder: any Decoder) throws { container = try decoder.container(keyedBy: Key.self) }

  private func key(_ name: String) -> Key? {
    container.allKeys.first { $0.stringValue.lowercased() == name }
  }
  func decode<T: Decodable>(_ name: String) throws -> T {
    try container.decode(T.self, forKey: key(name) ?? Key(stringValue: name))
  }
  func decodeIfPresent<T: Decodable>(_ name: String) throws -> T? {
    try key(name).flatMap { try container.decodeIfPresent(T.self, forKey: $0) }
  }
}

import Workload
import Yams

/// A value in a configuration file, with readers for the values below it.
///
/// Every reader returns nil where the key is absent or its value wrong; the latter is noted, as is
/// the former where it is `required`. Asking for a key makes it known: keys that were never asked for
/// are reported with the nearest one that was. So a builder asks for all its keys before it gives
/// up on a value, or calls ``ignoreOtherKeys()``.
public final class ConfigurationNode {
  /// Where it is, as a dotted path: `groups[2].cores`; empty for the root.
  public let path: String
  private let node: Node
  private let collector: IssueCollector
  private var known: [String] = []
  private var reportsUnknown = true
  private var children: [String: ConfigurationNode] = [:]
  /// Lists that stand for one value here, by their keys; see ``takeLists()``.
  private var taken: [String: ConfigurationNode] = [:]

  init(_ node: Node, path: String, _ collector: IssueCollector) {
    self.node = node
    self.path = path
    self.collector = collector
    collector.visited.append(self)
    noteWrongKeys()
  }

  /// Notes keys that are there twice (YAML takes `1` and `"1"` for two, here they are one name), and names with NUL.
  private func noteWrongKeys() {
    guard let mapping = node.mapping else { return }
    var seen: Set<String> = []
    for (key, _) in mapping {
      guard let name = key.string else { continue }
      let isNew = seen.insert(name).inserted
      guard !isNew || name.utf8.contains(0) else { continue }
      collector.issues.append(
        DescriptionIssue(
          path: join(String(name.prefix(60))),
          message: isNew ? "has the character NUL in its name" : "is there twice",
          line: key.mark?.line ?? 0, column: key.mark?.column ?? 0))
    }
  }

  /// Notes that something is wrong with this value.
  public func problem(_ message: String) {
    collector.issues.append(
      DescriptionIssue(
        path: path, message: message, line: node.mark?.line ?? 0, column: node.mark?.column ?? 0))
  }

  /// Notes that something is wrong at a place that is known already.
  public func problem(_ message: String, path: String, line: Int, column: Int) {
    collector.issues.append(
      DescriptionIssue(path: path, message: message, line: line, column: column))
  }

  /// Its line and column in the file, from 1; 0 if there is no such place.
  public var place: (line: Int, column: Int) { (node.mark?.line ?? 0, node.mark?.column ?? 0) }

  /// A single value as it is written, or a mapping of such in one line as YAML has it; nil for anything else.
  public var flow: String? {
    if let text = node.scalar?.string { return isNull || text.utf8.contains(0) ? nil : text }
    guard let mapping = node.mapping, !mapping.isEmpty else { return nil }
    var parts: [String] = []
    for (key, value) in mapping {
      guard let key = key.string, let text = value.scalar?.string, value.null == nil else {
        return nil
      }
      let isPlain = (key + text).unicodeScalars.allSatisfy {
        ("0"..."9").contains($0) || ("a"..."z").contains($0) || ("A"..."Z").contains($0)
          || $0 == "." || $0 == "-" || $0 == "_"
      }
      guard isPlain, !text.isEmpty else { return nil }
      parts.append("\(key): \(text)")
    }
    return "{" + parts.joined(separator: ", ") + "}"
  }

  /// The lists below this mapping, by their paths from here, in the order of the file. From then on each
  /// stands for its first value that is not `none`.
  public func takeLists() -> [(path: String, list: ConfigurationNode)] {
    var lists: [(path: String, list: ConfigurationNode)] = []
    for key in keys {
      guard let child = self[key] else { continue }
      if let elements = child.elements {
        lists.append((key, child))
        taken[key] = elements.first { $0.node.scalar?.string != "none" } ?? elements.first ?? child
      } else if child.isObject {
        lists += child.takeLists().map { ("\(key).\($0.path)", $0.list) }
      }
    }
    // To look at a key is not to know it.
    known = []
    return lists
  }

  /// Notes that something is wrong with the value at a path below this one, such as
  /// `groups[2].cores`, or with its absence.
  public func problem(at below: String, _ message: String) {
    var place = self
    for step in below.split(whereSeparator: { $0 == "." || $0 == "[" }) {
      let index = step.last == "]" ? Int(step.dropLast()) : nil
      guard
        let next = index.map({ place.elements?[safe: $0] }) ?? place.children[String(step)]
          ?? place[String(step)]
      else { break }
      place = next
    }
    collector.issues.append(
      DescriptionIssue(
        path: join(below), message: message, line: place.node.mark?.line ?? 0,
        column: place.node.mark?.column ?? 0))
  }

  /// Keys that were not asked for are not reported: it is not known which there could be.
  public func ignoreOtherKeys() { reportsUnknown = false }

  /// The keys of this mapping in the order of the file; asking for them does not make them known.
  public var keys: [String] { node.mapping?.keys.compactMap(\.string) ?? [] }

  /// The value of `key`, whatever it is; nil if it is absent or `null`.
  public subscript(key: String) -> ConfigurationNode? {
    if !known.contains(key) { known.append(key) }
    if let value = taken[key] { return value }
    if let child = children[key] { return child }
    guard let value = values[key], value.null == nil || value.isQuoted else { return nil }
    let child = ConfigurationNode(value, path: join(key), collector)
    children[key] = child
    return child
  }

  /// The values of this mapping by their keys, as those are written: `0` and `"0"` are one key.
  private lazy var values: [String: Node] = {
    let pairs = (node.mapping ?? Node.Mapping([])).compactMap { key, value in
      key.string.map { ($0, value) }
    }
    return Dictionary(pairs) { $1 }
  }()

  /// A number in `range`.
  public func number(
    _ key: String, in range: NumberRange = .any, required: Bool = false
  ) -> Double? { child(key, required)?.number(in: range) }

  /// A number that earlier versions called `former`, which is still read where `key` is not there.
  public func number(
    _ key: String, formerly former: String, in range: NumberRange = .any
  ) -> Double? {
    guard values[key] == nil, values[former] != nil else { return number(key, in: range) }
    return number(former, in: range)
  }

  /// A whole number in `range`.
  public func integer(
    _ key: String, in range: ClosedRange<Int>, required: Bool = false
  ) -> Int? {
    guard let child = child(key, required) else { return nil }
    guard let number = child.scalarNumber, let whole = Int(exactly: number) else {
      return child.wrong("a whole number")
    }
    guard range.contains(whole) else {
      return child.wrong("\(range.lowerBound) to \(range.upperBound)")
    }
    return whole
  }

  /// Seconds: a number of them, or with a unit, such as 90s, 10m, 2h, 1d.
  public func seconds(
    _ key: String, in range: NumberRange = .nonnegative, required: Bool = false
  ) -> Double? {
    child(key, required)?.seconds(in: range)
  }

  /// This value as seconds.
  public func seconds(in range: NumberRange = .nonnegative) -> Double? {
    if scalarNumber != nil { return number(in: range) }
    guard let text = node.scalar?.string, let seconds = TimeText.seconds(text) else {
      return wrong(TimeText.expectation)
    }
    return range.contains(seconds) ? seconds : wrong("\(range.words) seconds")
  }

  /// True or false.
  public func flag(_ key: String, required: Bool = false) -> Bool? {
    guard let child = child(key, required) else { return nil }
    return child.node.bool ?? child.wrong("true or false")
  }

  /// A text that is not empty. Numbers are taken as they are written.
  public func string(_ key: String, required: Bool = false) -> String? {
    child(key, required)?.string()
  }

  /// One of a few names.
  public func choice(_ key: String, of names: [String], required: Bool = false) -> String? {
    guard let child = child(key, required), let name = child.string() else { return nil }
    guard !names.contains(name) else { return name }
    return child.wrong(
      "one of \(names.joined(separator: ", "))" + suggestion(for: name, among: names))
  }

  /// One of the cases of an enumeration, by its raw value.
  public func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ key: String, of type: Choice.Type, required: Bool = false
  ) -> Choice? {
    choice(key, of: type.allCases.map(\.rawValue), required: required).flatMap(Choice.init)
  }

  /// A mapping.
  public func object(_ key: String, required: Bool = false) -> ConfigurationNode? {
    guard let child = child(key, required) else { return nil }
    return child.node.mapping != nil ? child : child.wrong("keys with values")
  }

  /// The elements of a list.
  public func list(_ key: String, required: Bool = false) -> [ConfigurationNode]? {
    guard let child = child(key, required) else { return nil }
    return child.elements ?? child.wrong("a list")
  }

  /// A list of numbers in `range`, `count` of them if that is given.
  public func numbers(
    _ key: String, count: Int? = nil, in range: NumberRange = .any, required: Bool = false
  ) -> [Double]? {
    guard let child = child(key, required) else { return nil }
    guard let elements = child.elements, count == nil || elements.count == count else {
      return child.wrong("a list of \(count.map { "\($0) " } ?? "")numbers")
    }
    let values = elements.compactMap { $0.number(in: range) }
    return values.count == elements.count ? values : nil
  }

  /// The elements, if this is a list.
  public private(set) lazy var elements: [ConfigurationNode]? = makeElements()

  /// Lists that refer to lists can stand for far more values than the file has bytes.
  private func makeElements() -> [ConfigurationNode]? {
    guard let sequence = node.sequence else { return nil }
    guard collector.visited.count + sequence.count <= IssueCollector.valueLimit else {
      problem("is one list too many: a file has at most \(IssueCollector.valueLimit) values")
      return []
    }
    return sequence.enumerated().map { .init($1, path: "\(path)[\($0)]", collector) }
  }

  /// This value as a number in `range`.
  public func number(in range: NumberRange = .any) -> Double? {
    guard let number = scalarNumber else { return wrong("a number") }
    return range.contains(number) ? number : wrong(range.words)
  }

  /// This value as a text that is not empty.
  ///
  /// The character NUL is refused: SQLite, C libraries and the system would read what is before it.
  public func string() -> String? {
    guard let text = node.scalar?.string, !text.isEmpty else { return wrong("a name or a text") }
    guard !text.utf8.contains(0) else { return wrong("a text without the character NUL") }
    return text
  }

  /// Whether this is `null`.
  public var isNull: Bool { node.null != nil && !node.isQuoted }

  /// Whether this is one of the words that stand in JSON where a number is infinite or undefined:
  /// "inf", "-inf", "nan", in quotes.
  public var isUndefinedNumber: Bool {
    node.isQuoted && ["inf", "-inf", "nan"].contains(node.scalar?.string ?? "")
  }

  /// Whether this value has keys, and is not a list or a single value.
  public var isObject: Bool { node.mapping != nil }

  private func child(_ key: String, _ required: Bool) -> ConfigurationNode? {
    let child = self[key]
    if child == nil, required, node.mapping != nil { problem(at: key, "is missing") }
    return child
  }

  /// Notes what was expected in place of this value.
  private func wrong<Value>(_ expected: String) -> Value? {
    problem("is \(kind); expected \(expected)")
    return nil
  }

  /// What this value is, for messages.
  var kind: String {
    switch node {
    case .mapping: return "a mapping"
    case .sequence(let sequence): return "a list of \(sequence.count)"
    case .scalar(let scalar):
      return scalarNumber == nil ? "'\(scalar.string.prefix(40))'" : scalar.string
    case .alias: return "an alias"
    }
  }

  private var scalarNumber: Double? {
    guard let text = node.scalar?.string, !node.isQuoted else { return nil }
    return Double(text.filter { $0 != "_" })
  }

  private func join(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  func noteUnknownKeys() {
    guard reportsUnknown, !known.isEmpty, let mapping = node.mapping else { return }
    for (key, _) in mapping {
      let name = key.string ?? "?"
      if known.contains(name) { continue }
      let asked = nearestName(to: name, among: known)
      let hint =
        asked.map { "did you mean '\($0)'?" } ?? "expected one of \(known.joined(separator: ", "))"
      collector.issues.append(
        DescriptionIssue(
          path: join(String(name.prefix(60))), message: "is not known here; \(hint)",
          line: key.mark?.line ?? 0, column: key.mark?.column ?? 0))
    }
  }
}

extension Array {
  fileprivate subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}

extension Node {
  fileprivate var isQuoted: Bool {
    scalar?.style == .singleQuoted || scalar?.style == .doubleQuoted
  }
}

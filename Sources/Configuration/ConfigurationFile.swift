import Foundation
import Workload
import Yams

/// A YAML file (JSON is YAML too) on its way to a validated value.
///
/// Reading never stops at the first mistake: readers of the tree return nil and note what is wrong,
/// and at the end all of it is thrown at once, keys that were never asked for included.
///
/// ```swift
/// let arrivals = try ConfigurationFile(path: "scenario.yaml").read { root in
///   let rate = root.number("rate", in: .positive, required: true)
///   let kind = root.choice("kind", of: Kind.self) ?? .poisson
///   return rate.map { Arrivals(rate: $0, kind: kind) }
/// }
/// ```
/// Files of more than 16 MiB, of more than 4,000,000 values (however aliases repeat them) and nesting
/// of more than 1,000 levels are refused.
public struct ConfigurationFile: Sendable {
  /// What errors call it.
  public let name: String
  /// All of it.
  public let text: String
  /// Values that take the place of some in it, the last last.
  public var overrides: [ConfigurationOverride] = []

  private static let sizeLimit = 16 << 20

  /// The file at `path`; throws where it cannot be read as text.
  public init(path: String) throws(ConfigurationError) {
    func failure(_ message: String) -> ConfigurationError {
      ConfigurationError(file: path, issues: [.init(path: "", message: message)])
    }
    let data: Data
    do {
      let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      data = try handle.read(upToCount: Self.sizeLimit + 1) ?? Data()
    } catch {
      let reason = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
      let isPOSIX = reason?.domain == NSPOSIXErrorDomain
      let why = isPOSIX ? reason.map { String(cString: strerror(Int32($0.code))) } : nil
      throw failure("cannot be read" + (why.map { ": \($0.lowercased())" } ?? ""))
    }
    guard data.count <= Self.sizeLimit else { throw failure("is longer than 16 MiB") }
    guard let text = String(data: data, encoding: .utf8) else { throw failure("is not UTF-8 text") }
    self.init(text: text, name: path)
  }

  /// A text; errors call it `name`.
  public init(text: String, name: String) {
    self.text = text
    self.name = name
  }

  /// The value that `build` makes of the root mapping.
  ///
  /// - Throws: ``ConfigurationError`` with every issue that was found. `build` may return nil only
  ///   where it, or a reader that it called, noted one.
  public func read<Value>(
    _ build: (ConfigurationNode) -> Value?
  ) throws(ConfigurationError) -> Value {
    let collector = IssueCollector()
    // Nodes refer to it and it to them: this cycle of references has to be broken by hand.
    defer { collector.visited = [] }
    var node: Node
    do {
      node = try Yams.compose(yaml: JSONText.asYAML(text) ?? text) ?? Node.mapping(.init([]))
    } catch {
      throw ConfigurationError(file: name, issues: [issue(error)])
    }
    for override in overrides {
      if let issue = override.apply(to: &node) { collector.issues.append(issue) }
    }
    let root = ConfigurationNode(node, path: "", collector)
    if node.mapping == nil { root.problem("is \(root.kind); expected keys with values") }
    let value = build(root)
    collector.noteUnknownKeys()
    guard let value, collector.issues.isEmpty else {
      let issues = collector.issues.enumerated()
        .sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element)
      throw ConfigurationError(
        file: name, issues: issues.isEmpty ? [.init(path: "", message: "is incomplete")] : issues)
    }
    return value
  }

  /// Lines such as `clusters[0].seed: is odd`, each behind the file's name and the place of its path; one of
  /// which the file has no such path stays as it is.
  public func placing(_ lines: [String]) -> [String] {
    guard let tree = try? Yams.compose(yaml: JSONText.asYAML(text) ?? text) else { return lines }
    return lines.map { line in
      let path = line.prefix { $0 != ":" }
      var node = tree
      for step in path.split(whereSeparator: { $0 == "." || $0 == "[" }) {
        let next: Node?
        if step.last == "]" {
          let elements = node.sequence.map(Array.init) ?? []
          next = Int(step.dropLast()).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
        } else {
          next = node.mapping?[String(step)]
        }
        guard let next else { return line }
        node = next
      }
      guard let mark = node.mark else { return line }
      return "\(name):\(mark.line):\(mark.column): \(line)"
    }
  }

  /// What the YAML parser has to say, in one line.
  private func issue(_ error: any Error) -> DescriptionIssue {
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      .init(
        path: "", message: "is not YAML: \(problem)", line: mark.line, column: mark.column)
    case .duplicatedKeysInMapping(let keys, let context):
      .init(
        path: "", message: "there twice: \(keys.map { "'\($0)'" }.joined(separator: ", "))",
        line: context.mark.line, column: context.mark.column)
    case .reader(let problem, let offset, let value, _):
      character(problem, at: offset ?? 0, value)
    default: .init(path: "", message: "is not YAML")
    }
  }
}

extension ConfigurationFile {
  /// A character that YAML does not have, at an offset in bytes.
  private func character(_ problem: String, at offset: Int, _ value: Int32) -> DescriptionIssue {
    let before = text.utf8.prefix(offset)
    let column =
      before.count
      - (before.lastIndex(of: 0x0a).map { before.distance(from: before.startIndex, to: $0) + 1 }
        ?? 0)
    return DescriptionIssue(
      path: "", message: "is not YAML: \(problem) (U+\(String(format: "%04X", value)))",
      line: before.count { $0 == 0x0a } + 1, column: column + 1)
  }
}

/// What was found while a tree was read.
final class IssueCollector {
  /// So many values of a file are looked at.
  static let valueLimit = 4_000_000
  var issues: [DescriptionIssue] = []
  var visited: [ConfigurationNode] = []

  func noteUnknownKeys() {
    for node in visited { node.noteUnknownKeys() }
  }
}

import Workload
import Yams

/// A value that takes the place of one in a file: `classes.short.share=0.7`.
public struct ConfigurationOverride: Hashable, Sendable {
  /// Where, as messages name it: keys joined by dots, `[2]` for the third of a list. A list's entry that has
  /// a `name` may be called by that.
  public var path: String
  /// The value as YAML.
  public var value: String

  /// `value` at `path`.
  public init(path: String, value: String) {
    self.path = path
    self.value = value
  }

  /// The keys and places that lead to it; nil where it is no path.
  private var steps: [String]? {
    let parts = path.split(separator: ".", omittingEmptySubsequences: false)
    var steps: [String] = []
    for part in parts {
      let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
      guard let key = pieces.first, !key.isEmpty else { return nil }
      steps.append(String(key))
      for piece in pieces.dropFirst() {
        guard piece.last == "]", Int(piece.dropLast()) != nil else { return nil }
        steps.append(String(piece.dropLast()))
      }
    }
    return steps
  }

  /// Puts the value where it belongs in `root`. Keys that are not there are made; what stands below
  /// something that has no keys, or in a list that has no such entry, is an issue.
  func apply(to root: inout Node) -> DescriptionIssue? {
    guard let steps, let value = try? Yams.compose(yaml: value) else {
      return DescriptionIssue(path: path, message: "cannot be set to '\(value.prefix(40))'")
    }
    guard Self.set(&root, steps[...], value) else {
      return DescriptionIssue(path: path, message: "is not there to be set")
    }
    return nil
  }

  private static func set(_ node: inout Node, _ steps: ArraySlice<String>, _ value: Node) -> Bool {
    guard let step = steps.first else {
      node = value
      return true
    }
    switch node {
    case .mapping(var mapping):
      var child = mapping[Node(step)] ?? Node.mapping(.init([]))
      guard set(&child, steps.dropFirst(), value) else { return false }
      mapping[Node(step)] = child
      node = .mapping(mapping)
      return true
    case .sequence(var sequence):
      let named = sequence.firstIndex { $0.mapping?["name"]?.string == step }
      guard let place = named ?? Int(step), sequence.indices.contains(place) else { return false }
      var child = sequence[place]
      guard set(&child, steps.dropFirst(), value) else { return false }
      sequence[place] = child
      node = .sequence(sequence)
      return true
    default: return false
    }
  }
}

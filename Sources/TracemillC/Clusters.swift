import Configuration
import Experiments
import Runs
import Simulation

/// A cluster in a description: a name, or `{"groups": [...]}` as a specification's file has them.
struct DescribedCluster: Sendable {
  private enum Kind {
    case name(String)
    case groups(ClusterSpec)
  }

  private let kind: Kind

  /// What results call it.
  var name: String {
    switch kind {
    case .name(let name): name
    case .groups: "cluster"
    }
  }

  /// The cluster at `key`; nil where there is none, or a mistake was noted.
  init?(_ node: ConfigurationNode, _ key: String) {
    guard let value = node[key] else { return nil }
    if value.isObject {
      guard let spec = ClusterSpec(value) else { return nil }
      kind = .groups(spec)
    } else {
      guard let name = value.string() else { return nil }
      kind = .name(name)
    }
  }

  /// The groups; nil for a name.
  var specification: ClusterSpec? {
    if case .groups(let spec) = kind { spec } else { nil }
  }

  func layout(
    seed: UInt64, reading: ReadingSettings = ReadingSettings()
  ) throws -> ClusterLayout {
    switch kind {
    case .name(let name): try NamedCluster(name, reading: reading).layout(seed: seed)
    case .groups(let spec): try Self.layout(spec, seed: seed)
    }
  }

  static func layout(_ spec: ClusterSpec, seed: UInt64) throws -> ClusterLayout {
    do { return try ClusterLayout(spec, seed: seed) } catch {
      throw RunError(message: "cluster: \(error)")
    }
  }
}

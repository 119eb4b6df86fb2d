import Configuration
import KubeRules
import Workload

/// A KubeSchedulerConfiguration as a scheduler: `kube:FILE`.
///
/// Of the first profile, or that of a name, the score plugins with their weights and arguments count, and
/// `percentageOfNodesToScore`. Versions v1beta1 to v1 of `kubescheduler.config.k8s.io` are read; what a version
/// turns on by itself is on here too.
struct KubernetesConfiguration {
  var plugins: ScorePlugins
  /// 0 lets the number of nodes decide, as kube-scheduler does.
  var percentageOfNodesToScore = 0
  /// What the file says that is not modelled, a line each.
  var notes: [Note] = []

  private static let versions = ["v1beta1", "v1beta2", "v1beta3", "v1"].map {
    "kubescheduler.config.k8s.io/" + $0
  }
  /// Plugins of before v1beta2 whose work NodeResourcesFit does now.
  private static let earlyFits: [String: ScorePlugins.Strategy] = [
    "NodeResourcesLeastAllocated": .leastAllocated, "NodeResourcesMostAllocated": .mostAllocated,
    "RequestedToCapacityRatio": .requestedToCapacityRatio([]),
  ]

  /// Reads a file.
  ///
  /// - Throws: `ConfigurationError` with every mistake.
  init(path: String) throws(ConfigurationError) {
    self = try ConfigurationFile(path: path).read { root in Self(root) }
  }

  private init(_ root: ConfigurationNode) {
    root.ignoreOtherKeys()
    let version = root.choice("apiVersion", of: Self.versions, required: true)
    _ = root.choice("kind", of: ["KubeSchedulerConfiguration"], required: true)
    let isEarly = version == Self.versions[0]
    plugins = ScorePlugins(era: isEarly ? .early : .late)
    percentageOfNodesToScore = root.integer("percentageOfNodesToScore", in: 0...100) ?? 0
    if let extenders = root.list("extenders"), !extenders.isEmpty {
      notes.append(
        Note(
          .notModelled, "extenders", ["extenders": Double(extenders.count)],
          "extenders are not asked: \(extenders.count) in the file"))
    }
    guard let profiles = root.list("profiles"), let profile = profiles.first else { return }
    if profiles.count > 1 {
      notes.append(
        Note(
          .assumed, "profiles", ["profiles": Double(profiles.count)],
          "the first of \(profiles.count) profiles is meant"))
    }
    profile.ignoreOtherKeys()
    percentageOfNodesToScore =
      profile.integer("percentageOfNodesToScore", in: 0...100) ?? percentageOfNodesToScore
    if let sets = profile.object("plugins") {
      sets.ignoreOtherKeys()
      for point in ["multiPoint", "score"] {
        if let set = sets.object(point) { apply(set, isScore: point == "score") }
      }
      for point in ["filter", "preFilter"] where sets[point] != nil {
        notes.append(
          Note(
            .notModelled, "plugins.\(point)",
            "plugins.\(point) is not read: all filters stay on"))
      }
    }
    for entry in profile.list("pluginConfig") ?? [] {
      entry.ignoreOtherKeys()
      guard let name = entry.string("name", required: true) else { continue }
      guard let arguments = entry.object("args") else { continue }
      arguments.ignoreOtherKeys()
      read(arguments, of: name)
    }
  }

  private mutating func apply(_ set: ConfigurationNode, isScore: Bool) {
    set.ignoreOtherKeys()
    for entry in set.list("disabled") ?? [] {
      entry.ignoreOtherKeys()
      guard let name = entry.string("name", required: true) else { continue }
      if name == "*" {
        plugins.weights.removeAll()
      } else if Self.earlyFits[name] != nil {
        plugins.weights[.resourcesFit] = nil
      } else if let plugin = ScorePlugins.Plugin(rawValue: name) {
        plugins.weights[plugin] = nil
      }
    }
    for entry in set.list("enabled") ?? [] {
      entry.ignoreOtherKeys()
      guard let name = entry.string("name", required: true) else { continue }
      let weight = Int64(entry.integer("weight", in: 0...1_000_000) ?? 1)
      if let strategy = Self.earlyFits[name] {
        if plugins.weights[.resourcesFit] != nil {
          entry.problem(at: "name", "a second plugin of what nodes have left: one is modelled")
        }
        plugins.strategy = strategy
        plugins.weights[.resourcesFit] = max(weight, 1)
      } else if let plugin = ScorePlugins.Plugin(rawValue: name) {
        plugins.weights[plugin] = max(weight, 1)
      } else if isScore, name != "ImageLocality", name != "NodePreferAvoidPods" {
        notes.append(Note(.notModelled, name, "score plugin \(name) is not modelled"))
      }
    }
  }

  private mutating func read(_ arguments: ConfigurationNode, of name: String) {
    switch name {
    case "NodeResourcesLeastAllocatedArgs", "NodeResourcesMostAllocatedArgs",
      "NodeResourcesLeastAllocated", "NodeResourcesMostAllocated":
      readResources(arguments)
    case "RequestedToCapacityRatio":
      readResources(arguments)
      readShape(arguments)
    case "NodeResourcesFit":
      guard let strategy = arguments.object("scoringStrategy") else { return }
      strategy.ignoreOtherKeys()
      let types = ["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"]
      switch strategy.choice("type", of: types) {
      case "MostAllocated"?: plugins.strategy = .mostAllocated
      case "RequestedToCapacityRatio"?:
        guard let ratio = strategy.object("requestedToCapacityRatio", required: true) else {
          return
        }
        readShape(ratio)
      default: plugins.strategy = .leastAllocated
      }
      readResources(strategy)
    case "NodeResourcesBalancedAllocation":
      let names = arguments.list("resources")?.compactMap { entry in
        entry.ignoreOtherKeys()
        return entry.string("name", required: true)
      }
      if let names, !names.isEmpty { plugins.balanced = names }
    case "InterPodAffinity":
      plugins.hardPodAffinityWeight = Int64(
        arguments.integer("hardPodAffinityWeight", in: 0...100) ?? 1)
    case "PodTopologySpread":
      if let list = arguments.list("defaultConstraints"), !list.isEmpty {
        notes.append(
          Note(
            .notModelled, name, "default constraints of topology spread are not modelled"))
      }
    case "NodeAffinity":
      if arguments["addedAffinity"] != nil {
        notes.append(Note(.notModelled, name, "addedAffinity is not modelled"))
      }
    default: break
    }
  }

  private mutating func readResources(_ node: ConfigurationNode) {
    guard let list = node.list("resources"), !list.isEmpty else { return }
    plugins.resources = list.compactMap { entry in
      entry.ignoreOtherKeys()
      guard let name = entry.string("name", required: true) else { return nil }
      let weight = entry.integer("weight", in: 0...100) ?? 1
      return (name, Int64(max(weight, 1)))
    }
  }

  private mutating func readShape(_ node: ConfigurationNode) {
    guard let list = node.list("shape", required: true) else { return }
    var points: [ScorePlugins.Point] = []
    for entry in list {
      entry.ignoreOtherKeys()
      guard let used = entry.integer("utilization", in: 0...100, required: true),
        let score = entry.integer("score", in: 0...10, required: true)
      else { continue }
      if let last = points.last, Int64(used) <= last.utilisation {
        entry.problem(at: "utilization", "must be above the one before it")
      }
      points.append(.init(utilisation: Int64(used), score: Int64(score) * 10))
    }
    plugins.strategy = .requestedToCapacityRatio(points)
  }
}

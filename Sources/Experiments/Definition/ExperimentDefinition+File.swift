import Configuration
import Foundation
import Simulation
import Workload

extension ExperimentDefinition {
  /// Reads an experiment file (YAML; JSON is YAML too).
  ///
  /// - Parameters:
  ///   - file: the file.
  ///   - schedulers: names of the policies there are, for suggestions where one is misspelt; any
  ///     name is taken if empty. A name with a `:` is the business of who provides the inputs.
  /// - Throws: `ConfigurationError` with everything that is wrong.
  public init(
    _ file: ConfigurationFile, schedulers: [String] = []
  ) throws(ConfigurationError) {
    self = try file.read { root in Self(root, policies: schedulers) }
    axes?.file = file.name
  }

  private init?(_ root: ConfigurationNode, policies: [String]) {
    let name = root.string("name", required: true)
    question = root.string("question") ?? ""
    workloads = Self.entries(root, "workloads", WorkloadDefinition.init)
    clusters = Self.entries(root, "clusters", ClusterDefinition.init)
    schedulers = Self.entries(root, "schedulers") {
      SchedulerDefinition($0, policies: policies)
    }
    seeds = Self.seeds(root)
    let lists = root.object("engine")?.takeLists() ?? []
    engine = root.object("engine").map { EngineSettings($0) } ?? EngineSettings()
    axes = ExperimentAxes(root, lists: lists)
    if let warmUp = root.seconds("warmUp", in: .from(0, to: 1e9)) { engine.warmUp = warmUp }
    baseline = root.choice("baseline", of: schedulers.map(\.name))
    level = root.number("level", in: .from(0.5, to: 0.9999)) ?? 0.95
    precision = root.number("precision", in: .above(0, to: 10)) ?? 0.01
    lastSeeds = root.integer("lastSeeds", in: 1...1_000_000)
    metrics = Self.names(
      root, "metrics", among: Metric.catalogue.map(\.name), Array(Metric.formerNames.keys)
    ) { Metric($0)?.priorityClass != nil }
    let waitsBy = Self.names(root, "waitsBy", among: WaitGrouping.allCases.map(\.rawValue))
      .compactMap(WaitGrouping.init)
    self.waitsBy = waitsBy.isEmpty ? nil : waitsBy
    outputs =
      root["outputs"] == nil
      ? ReportOutput.allCases
      : Self.names(root, "outputs", among: ReportOutput.allCases.map(\.rawValue))
        .compactMap(ReportOutput.init)
    guard let name, !workloads.isEmpty, !clusters.isEmpty, !schedulers.isEmpty, !seeds.isEmpty
    else { return nil }
    self.name = name
    let count = workloads.count * clusters.count * schedulers.count
    guard seeds.count <= Self.cellLimit / count else {
      root.problem("asks for more than \(Self.cellLimit) cells")
      return nil
    }
  }

  /// The most cells of an experiment.
  public static var cellLimit: Int { 10_000_000 }

  /// The parts of one kind, all named differently.
  private static func entries<Entry: Named>(
    _ root: ConfigurationNode, _ key: String, _ read: (ConfigurationNode) -> Entry?
  ) -> [Entry] {
    guard let nodes = root.list(key, required: true) else { return [] }
    if nodes.isEmpty { root.problem(at: key, "is empty; expected at least one") }
    var entries = nodes.compactMap { node in read(node).map { (node: node, entry: $0) } }
    // Files of one name in several folders are told apart by the folders.
    let unnamed = entries.indices.filter { entries[$0].node["name"] == nil }
    let alike = Dictionary(grouping: unnamed) { entries[$0].entry.name }.values
      .filter { Set($0.map { entries[$0].entry.origin }).count == $0.count && $0.count > 1 }
    for places in alike {
      let names = distinctNames(of: places.map { entries[$0].entry.origin })
      for (place, name) in zip(places, names) { entries[place].entry.name = name }
    }
    var seen: Set<String> = []
    for (node, entry) in entries where !seen.insert(entry.name).inserted {
      node.problem("has the name '\(entry.name)' again")
    }
    return entries.map(\.entry)
  }

  /// `30` (from 1), `[1, 2, 5]` or `{from: 0, count: 30}`.
  private static func seeds(_ root: ConfigurationNode) -> [UInt64] {
    guard let node = root["seeds"] else {
      root.problem(at: "seeds", "is missing; expected how many, or a list of them")
      return []
    }
    let range = NumberRange.from(0, to: Double(seedLimit))
    if let list = node.elements {
      let numbers = list.compactMap { $0.number(in: range) }
      if list.isEmpty { node.problem("is empty; expected at least one seed") }
      if Set(numbers).count < numbers.count { node.problem("has a seed twice") }
      for (element, number) in zip(list, numbers) where number != number.rounded() {
        element.problem("is no whole number")
      }
      return numbers.map { UInt64($0) }
    }
    if node.isObject {
      let first = node.integer("from", in: 0...Int(9e15), required: true)
      let count = node.integer("count", in: 1...cellLimit, required: true)
      guard let first, let count else { return [] }
      return (0..<count).map { UInt64(first + $0) }
    }
    guard let count = root.integer("seeds", in: 1...cellLimit) else { return [] }
    return (1...count).map { UInt64($0) }
  }

  private static func names(
    _ root: ConfigurationNode, _ key: String, among known: [String], _ others: [String] = [],
    or isMore: (String) -> Bool = { _ in false }
  ) -> [String] {
    (root.list(key) ?? []).compactMap { node in
      guard let name = node.string() else { return nil }
      guard !known.contains(name), !others.contains(name), !isMore(name) else { return name }
      node.problem(
        "is '\(name)'; expected one of \(known.joined(separator: ", "))"
          + suggestion(for: name, among: known))
      return nil
    }
  }
}

/// What tables call by a name.
private protocol Named {
  var name: String { get set }
  /// The path or name that it is made from.
  var origin: String { get }
}
extension WorkloadDefinition: Named { fileprivate var origin: String { source } }
extension ClusterDefinition: Named { fileprivate var origin: String { source } }
extension SchedulerDefinition: Named { fileprivate var origin: String { policy } }

extension WorkloadDefinition {
  fileprivate init?(_ node: ConfigurationNode) {
    guard node.isObject else {
      guard let source = node.string() else { return nil }
      self.init(name: shortName(source), source: source)
      return
    }
    let source = node.string("source", required: true)
    let name = node.string("name")
    let from = node.seconds("from", in: .from(0, to: Ranges.seconds.upperBound))
    let to = node.seconds("to", in: .from(0, to: Ranges.seconds.upperBound))
    let priority = node.string("priority")
    let select = node["select"].flatMap {
      $0.elements?.compactMap { $0.string() } ?? $0.string().map { [$0] }
    }
    let sample = node.number("sample", in: .share)
    let tasks = node.integer("tasks", in: 1...Int(Int32.max))
    let starts = node.list("starts")?.compactMap { element -> Int? in
      let place = element.number(in: .from(0, to: Double(Int32.max)))
      if let place, place != place.rounded() { element.problem("is no whole number") }
      return place.map { Int($0) }
    }
    let scaleArrivals = node.number(
      "scaleArrivals", in: .from(Ranges.factor.lowerBound, to: Ranges.factor.upperBound))
    let scaleRunTimes = node.number(
      "scaleRunTimes", formerly: "scaleLoad",
      in: .from(Ranges.factor.lowerBound, to: Ranges.factor.upperBound))
    if let from, let to, from >= to { node.problem("begins (from) after its end (to)") }
    guard let source else { return nil }
    self.init(name: name ?? shortName(source), source: source)
    self.from = from
    self.to = to
    self.priority = priority
    self.select = select
    self.sample = sample
    self.tasks = tasks
    self.starts = starts
    self.scaleArrivals = scaleArrivals
    self.scaleRunTimes = scaleRunTimes
  }
}

extension ClusterDefinition {
  fileprivate init?(_ node: ConfigurationNode) {
    guard node.isObject else {
      guard let source = node.string() else { return nil }
      self.init(name: shortName(source), source: source)
      return
    }
    let hasGroups = node["groups"] != nil
    let source = node.string("source", required: !hasGroups)
    let name = node.string("name", required: hasGroups)
    let seed = node.integer("seed", in: 0...Int(9e15))
    let engine = node.object("engine").map { EngineSettings($0) }
    if hasGroups {
      if source != nil { node.problem("has both a source and groups; expected one of them") }
      guard let spec = ClusterSpec(node), let name else { return nil }
      self.init(name: name, groups: spec.groups)
    } else {
      guard let source else { return nil }
      self.init(name: name ?? shortName(source), source: source)
    }
    self.seed = seed.map(UInt64.init)
    self.engine = engine
  }
}

extension SchedulerDefinition {
  fileprivate init?(_ node: ConfigurationNode, policies: [String]) {
    let policy: String?
    var name: String?
    var curve: String?
    var engine = EngineSettings()
    if node.isObject {
      policy = node.string("policy", required: true)
      name = node.string("name")
      curve = node.string("curve")
      if let part = node.object("engine") {
        engine = EngineSettings(part)
        // Under one seed all schedulers meet the same tasks with the same requirements.
        for (key, isThere) in [
          ("atStart", engine.atStart != nil),
          ("ignoreConstraints", engine.ignoreConstraints != nil),
          ("devices", engine.devices != nil),
        ] where isThere {
          part.problem(
            at: key, "is the same for all schedulers: it stands in the experiment's engine")
        }
      }
    } else {
      policy = node.string()
    }
    guard let policy else { return nil }
    if !policies.isEmpty, !policy.contains(":"), !policies.contains(policy) {
      let near = suggestion(for: policy, among: policies)
      node.problem(
        "unknown scheduler '\(policy)'"
          + (near.isEmpty ? "; there are \(policies.joined(separator: ", "))" : near))
    }
    self.init(name: name ?? shortName(policy), policy: policy, engine: engine)
    self.curve = curve
  }
}

/// A name for what has none: the last part of a path, without its ending.
private func shortName(_ source: String) -> String {
  let last = source.split(separator: "/").last.map(String.init) ?? source
  let stem = last.contains(":") ? last : String(last.prefix { $0 != "." })
  return stem.isEmpty ? last : stem
}

import Configuration
import Workload

/// The axes of an experiment: keys, each with its values. Their product is what is run, but for those that
/// take their values together and for what is left out.
public struct ExperimentAxes: Hashable, Sendable {
  /// Where something stands.
  public struct Place: Hashable, Sendable {
    /// A path in the file, or the option.
    public var path: String
    /// Line and column in the file, from 1; 0 where it is in none.
    public var (line, column) = (0, 0)

    /// A place that is in no file.
    public init(_ path: String) { self.path = path }

    init(_ node: ConfigurationNode) {
      path = node.path
      (line, column) = node.place
    }
  }

  /// A key with its values.
  public struct Axis: Hashable, Sendable {
    /// `load`, `machines`, `engine.heartbeat`.
    public var key: String
    /// Its values, each once.
    public var values: [AxisValue]
    /// Where it stands, and each of its values.
    public var place: Place
    /// Where each of its values stands.
    public var places: [Place]

    /// An axis that a command's option says.
    public init(_ key: String, _ values: [AxisValue], option: String) {
      (self.key, self.values) = (key, values)
      place = Place("\(option) \(key)")
      places = values.map { _ in Place("\(option) \(key)") }
    }

    init(_ key: String, _ values: [AxisValue], _ node: ConfigurationNode) {
      (self.key, self.values, place) = (key, values, Place(node))
      places = node.elements?.map { Place($0) } ?? values.map { _ in Place(node) }
    }
  }

  /// Keys that take their values together, the first of each, the second of each, and so on.
  public struct Pairing: Hashable, Sendable {
    /// Two or more keys of axes.
    public var keys: [String]
    /// Where it stands.
    public var place: Place
  }

  /// What is left out: cells in which every key has one of the values.
  public struct Exclusion: Hashable, Sendable {
    /// Values by key; of `workload`, `cluster` and `scheduler`, names.
    public var values: [String: [AxisValue]]
    /// Where each name of a part stands.
    var names: [String: [Place]] = [:]
    /// Where it stands.
    public var place: Place
  }

  /// The axes, the slowest first.
  public var axes: [Axis]
  /// Which of them go together.
  public var pairings: [Pairing] = []
  /// What is left out.
  public var exclusions: [Exclusion] = []
  /// The file that they stand in, for messages.
  public var file: String?

  /// Axes whose product is run whole.
  public init(_ axes: [Axis]) { self.axes = axes }

  /// What takes its values together: axes alone, or those of a pairing, in the order of their first.
  public var units: [[Axis]] {
    axes.compactMap { axis in
      guard let pairing = pairings.first(where: { $0.keys.contains(axis.key) }) else {
        return [axis]
      }
      let together = axes.filter { pairing.keys.contains($0.key) }
      return together.first?.key == axis.key ? together : nil
    }
  }
}

extension ExperimentAxes {
  /// The names that stand for parts in ``Exclusion/values``.
  static let parts = ["workload", "cluster", "scheduler"]

  /// `axes:`, `zip:` and `exclude:` of an experiment, and the lists in its `engine:`; nil if there is none of
  /// them.
  init?(_ root: ConfigurationNode, lists: [(path: String, list: ConfigurationNode)]) {
    axes = []
    for (path, node) in lists {
      if let values = Self.values(node) { axes.append(Axis("engine.\(path)", values, node)) }
    }
    if let node = root.object("axes") {
      if node.keys.isEmpty { node.problem("is empty; expected keys with lists of values") }
      for key in node.keys {
        guard let values = node[key].flatMap(Self.values), let entry = node[key] else { continue }
        if axes.contains(where: { $0.key == key }) {
          entry.problem("is a list in engine, too: say it once")
        }
        axes.append(Axis(key, values, entry))
      }
    }
    let known = axes.map(\.key)
    for node in root.list("zip").map({ Self.groups($0, root["zip"]) }) ?? [] {
      let keys = (node.elements ?? []).compactMap { element -> String? in
        guard let key = element.string() else { return nil }
        guard known.contains(key) else {
          element.problem("'\(key)' is no axis" + suggestion(for: key, among: known))
          return nil
        }
        return key
      }
      pair(keys, node)
    }
    for axis in axes where !pairings.contains(where: { $0.keys.contains(axis.key) }) {
      var seen: Set<String> = []
      for (value, place) in zip(axis.values, axis.places)
      where !seen.insert(value.canonical).inserted {
        root.problem(at: place, "\(value) is there twice")
      }
    }
    if let nodes = root.list("exclude") {
      if nodes.isEmpty { root.problem(at: "exclude", "is empty; expected what is left out") }
      exclusions = nodes.compactMap(exclusion)
    }
    if axes.isEmpty, exclusions.isEmpty, pairings.isEmpty { return nil }
    var product = 1
    for unit in units {
      let (more, isTooMuch) = product.multipliedReportingOverflow(by: unit[0].values.count)
      product = isTooMuch ? .max : max(1, more)
    }
    if product > ExperimentDefinition.cellLimit {
      root.problem(at: "axes", "ask for more than \(ExperimentDefinition.cellLimit) cells")
    }
  }

  /// `[a, b]` is one group, `[[a, b], [c, d]]` are two.
  private static func groups(
    _ list: [ConfigurationNode], _ whole: ConfigurationNode?
  ) -> [ConfigurationNode] {
    if list.isEmpty { whole?.problem("is empty; expected keys of axes") }
    return list.contains { $0.elements != nil } ? list : whole.map { [$0] } ?? []
  }

  private mutating func pair(_ keys: [String], _ node: ConfigurationNode) {
    guard keys.count == node.elements?.count else {
      if node.elements == nil { node.problem("is no list; expected keys of axes") }
      return
    }
    guard keys.count > 1, Set(keys).count == keys.count else {
      return node.problem("pairs nothing; expected two or more axes, each once")
    }
    for key in keys where pairings.contains(where: { $0.keys.contains(key) }) {
      return node.problem("'\(key)' is paired already")
    }
    let paired = keys.compactMap { key in axes.first { $0.key == key } }
    let counts = paired.map { "\($0.key) has \($0.values.count)" }
    guard Set(paired.map(\.values.count)).count == 1 else {
      return node.problem("needs as many values of each: \(counts.joined(separator: ", "))")
    }
    let rows = paired[0].values.indices.map { row in paired.map { $0.values[row].canonical } }
    if Set(rows).count < rows.count { node.problem("has the same values together twice") }
    pairings.append(Pairing(keys: keys, place: Place(node)))
  }

  private func exclusion(_ node: ConfigurationNode) -> Exclusion? {
    guard node.isObject, !node.keys.isEmpty else {
      node.problem("is \(node.isObject ? "empty" : "no mapping"); expected axes with values")
      return nil
    }
    var values: [String: [AxisValue]] = [:]
    var places: [String: [Place]] = [:]
    for key in node.keys {
      guard let entry = node[key] else { return nil }
      if Self.parts.contains(key) {
        let names = (entry.elements ?? [entry]).map { (name: $0.flow ?? $0.string(), node: $0) }
        places[key] = names.map { Place($0.node) }
        values[key] = names.compactMap { $0.name.map(AxisValue.init(name:)) }
        continue
      }
      guard let wanted = Self.values(entry) else { return nil }
      guard let axis = axes.first(where: { $0.key == key }) else {
        let known = axes.map(\.key) + Self.parts
        entry.problem("'\(key)' is no axis" + suggestion(for: key, among: known))
        continue
      }
      values[key] = wanted.compactMap { value in
        let found = axis.values.first {
          $0.text == value.text || $0.number != nil && $0.number == value.number
        }
        if found == nil {
          entry.problem(
            "\(value) is no value of \(key): "
              + axis.values.map(\.description).joined(separator: ", "))
        }
        return found
      }
    }
    return Exclusion(values: values, names: places, place: Place(node))
  }

  /// A list, a range such as `0.5:0.95:0.05`, or a single value.
  private static func values(_ node: ConfigurationNode) -> [AxisValue]? {
    if let elements = node.elements {
      if elements.isEmpty { node.problem("is empty; expected at least one value") }
      let texts = elements.compactMap { element -> String? in
        if element.flow == nil { element.problem("is no value") }
        return element.flow
      }
      return texts.count == elements.count && !texts.isEmpty ? AxisValue.values(texts) : nil
    }
    guard let text = node.flow else {
      node.problem("is no list of values")
      return nil
    }
    if let range = AxisValue.range(text) { return range }
    let ends = text.split(separator: ":", omittingEmptySubsequences: false)
    if ends.count > 1, ends.allSatisfy({ DecimalText.number($0) != nil }) {
      node.problem("is \(text.prefix(60)); expected FROM:TO:STEP, at most 10000 values")
      return nil
    }
    return AxisValue.values([text])
  }
}

extension ConfigurationNode {
  fileprivate func problem(at place: ExperimentAxes.Place, _ message: String) {
    problem(message, path: place.path, line: place.line, column: place.column)
  }
}

import Configuration
import Diagnostics
import Tables
import TraceInput

extension TableMapping {
  /// The mapping in a YAML or JSON file.
  ///
  /// - Throws: `ConfigurationError` with every mistake, each with its path, line and column.
  public init(file: ConfigurationFile) throws(ConfigurationError) {
    self = try file.read(TableMapping.init)
  }

  /// The mapping that a file states, every issue noted.
  public init?(_ root: ConfigurationNode) {
    let columns = root.object("columns", required: true)
    self.init(columns: columns.map(Self.sources) ?? [:], table: TableLayout(root))
    name = root.string("name")
    about = root.string("about")
    attributes = root.object("attributes").map(Self.sources) ?? [:]
    dependencies = root["dependencies"].flatMap(Dependencies.init)
    if let joined = root.object("join") {
      joins = joined.keys.compactMap { key in
        joined.object(key).map { Join(name: key, $0) }
      }
    }
    machines = root.object("machines").map(Machines.init)
    fold = root["fold"].map(\.texts) ?? []
    rowsAreAttempts = root.choice("rows_are", of: ["attempts"]) != nil
    if rowsAreAttempts, fold.isEmpty {
      root.problem(
        at: "rows_are", "says what rows of one task are; fold says which are of one task")
    }
    usage = root.object("usage").map(Self.usage)
    timeZone = root.string("time_zone")
    compare = root.object("compare").map(Self.sources) ?? [:]
    recognise = root["recognise"].map(\.texts) ?? []
    checks = root.object("check").map(Self.ranges) ?? [:]
    notes = root["notes"].map(\.texts) ?? []
    switch root.choice("origin", of: ["first", "none"]) {
    case "first": origin = .first
    case "none": origin = .none
    default: origin = .automatic
    }
    guard columns != nil else { return nil }
    for problem in problems { root.problem(at: problem.path, problem.message) }
  }

  private static func usage(_ node: ConfigurationNode) -> Usage {
    var usage = Usage()
    if node.flag("own_table") ?? true { usage.table = TableLayout(node) }
    usage.key = node["key"].map(\.texts) ?? []
    usage.of = node["of"].map(\.texts) ?? usage.key
    usage.columns = node.object("columns", required: true).map(sources) ?? [:]
    usage.full = node["full"].map { Source($0) }
    return usage
  }

  /// `{column: [least, largest]}`.
  private static func ranges(_ node: ConfigurationNode) -> [String: ClosedRange<Double>] {
    var ranges: [String: ClosedRange<Double>] = [:]
    for name in node.keys {
      guard let child = node[name] else { continue }
      let limits = child.elements?.compactMap { $0.number() } ?? []
      guard limits.count == 2, limits[0] <= limits[1] else {
        child.problem("is a list of two numbers, the least and the largest")
        continue
      }
      ranges[name] = limits[0]...limits[1]
    }
    return ranges
  }

  private static func sources(_ node: ConfigurationNode) -> [String: Source] {
    var sources: [String: Source] = [:]
    for name in node.keys {
      guard let child = node[name] else { continue }
      sources[name] = Source(child)
    }
    return sources
  }
}

extension TableMapping.Source {
  /// A name alone, a list of names, or an object.
  fileprivate init(_ node: ConfigurationNode) {
    self.init()
    guard node.isObject else {
      from = node.texts
      return
    }
    from = node["from"].map(\.texts) ?? []
    value = node.string("value")
    factor = node.number("factor")
    unit = node.string("unit")
    if let words = node.object("values") {
      for word in words.keys { values[word] = words.string(word) }
    }
    other = node.string("other")
    missing = node["missing"].map(\.texts) ?? []
    key = node["key"].map(\.texts) ?? []
    match = node.string("match")
    form = node.string("form")
    sum = node.list("sum")?.map { TableMapping.Source($0) } ?? []
    any = node.list("any")?.map { TableMapping.Source($0) } ?? []
    if let factors = node["times"] {
      times = factors.elements?.map { TableMapping.Source($0) } ?? [TableMapping.Source(factors)]
    }
    perNode = node.string("per_node")
    perCore = node.string("per_core")
    above = node.number("above")
    spans = node["spans"].map(\.texts) ?? []
    alive = node["alive"].flatMap(TableMapping.Alive.init)
    isOptional = node.flag("optional") ?? false
    conditions = node.object("where").map(TableMapping.Condition.all) ?? []
    isNumbered = node.flag("numbered") ?? false
    unitIsUsual = node.flag("usual") ?? false
  }
}

extension TableMapping.Alive {
  fileprivate init?(_ node: ConfigurationNode) {
    guard node.isObject else {
      guard node.string() == "empty" else {
        node.problem("is empty, or an object of empty, at_most, below, at_least")
        return nil
      }
      empty = true
      return
    }
    empty = node.flag("empty") ?? false
    atMost = node.number("at_most")
    below = node.number("below")
    atLeast = node.number("at_least")
  }
}

extension TableMapping.Condition {
  /// `{state: [3, 5], JobID: {not: "*.*"}}`.
  fileprivate static func all(_ node: ConfigurationNode) -> [TableMapping.Condition] {
    node.keys.compactMap { key in
      guard let child = node[key] else { return nil }
      if child.isObject {
        guard let not = child["not"] else {
          child.problem("says which texts, or not: which")
          return nil
        }
        return TableMapping.Condition(column: key, patterns: not.texts, isNegated: true)
      }
      return TableMapping.Condition(column: key, patterns: child.texts)
    }
  }
}

extension TableMapping.Dependencies {
  fileprivate init?(_ node: ConfigurationNode) {
    guard node.isObject else {
      guard let name = node.string() else { return nil }
      from = name
      return
    }
    let name = node.string("from", required: true)
    if let text = node.string("separator") {
      guard let byte = TableLayout.separator(text) ?? (text == "blanks" ? 0x20 : nil) else {
        node.problem(at: "separator", "'\(text)' is not one character, tab or blanks")
        return nil
      }
      separator = byte
    }
    areTasks = node.choice("of", of: ["jobs", "tasks"]) == "tasks"
    guard let name else { return nil }
    from = name
  }
}

extension TableMapping.Join {
  fileprivate init(name: String, _ node: ConfigurationNode) {
    self.name = name
    table = TableLayout(node)
    by = node["by"].map(\.texts) ?? []
    key = node["key"].map(\.texts) ?? by
    least = node.string("least")
    isNeeded = node.flag("needed") ?? false
    choice = node.string("choose")
    if by.isEmpty { node.problem(at: "by", "is missing") }
  }
}

extension TableMapping.Machines {
  fileprivate init(_ node: ConfigurationNode) {
    table = TableLayout(node)
    columns = [:]
    listing = node.choice("listing", of: MachineListings.all.keys.sorted())
    if listing != nil { return }
    guard let object = node.object("columns", required: true) else { return }
    for name in object.keys {
      guard let child = object[name] else { continue }
      columns[name] = TableMapping.Source(child)
    }
  }
}

extension TableLayout {
  /// The layout that a mapping's file states.
  init(_ node: ConfigurationNode) {
    self.init()
    file = node.string("file")
    header = node.list("header")?.compactMap { $0.string() }
    if let text = node.string("separator") {
      separator = text == "none" ? Self.noSeparator : Self.separator(text)
      if separator == nil, text != "blanks" {
        node.problem(at: "separator", "'\(text)' is not one character, tab, blanks or none")
      }
    }
    if let text = node.string("quotes") {
      quote = text == "none" ? nil : Self.separator(text)
      if quote == nil, text != "none" {
        node.problem(at: "quotes", "'\(text)' is not one character or none")
      }
    }
    if let text = node.choice("decimal", of: [".", ","]) { hasDecimalCommas = text == "," }
    if let text = node.string("comment") {
      if let byte = Self.separator(text) {
        comment = byte
      } else {
        node.problem(at: "comment", "'\(text)' is not one character")
      }
    }
    rows = node.string("rows")
    table = node.string("table")
    missing = node["missing"].map(\.texts) ?? []
    only = node.object("only").map(TableMapping.Condition.all) ?? []
    if hasDecimalCommas, separator == UInt8(ascii: ",") {
      node.problem(at: "decimal", "',' is what separates fields too: separator: says another")
    }
  }

  /// What stands in no text: a line is one field (the unit separator of ASCII).
  private static let noSeparator: UInt8 = 0x1f

  /// A single byte, or `tab`.
  static func separator(_ text: String) -> UInt8? {
    if text == "tab" { return 0x09 }
    guard text.utf8.count == 1, let byte = text.utf8.first, byte >= 0x09, byte != 0x0a, byte != 0x0d
    else { return nil }
    return byte
  }
}

extension ConfigurationNode {
  /// A text, or a list of them.
  fileprivate var texts: [String] {
    if let elements { return elements.compactMap { $0.string() } }
    return string().map { [$0] } ?? []
  }
}

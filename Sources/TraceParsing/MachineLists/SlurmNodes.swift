import Diagnostics
import Tables
import TraceInput
import Workload

/// The nodes of a Slurm cluster as machines with their partitions.
///
/// Of `scontrol show node` (a node a line or a node a block, and `--json`) and of `sinfo` (`-N -l`, `-o` with a
/// header, with or without `-N`, and `--json`). A node that is listed once for each of its partitions is one
/// machine.
struct SlurmNodes: MachineListing {
  /// How they are listed.
  enum Form: Sendable {
    case scontrol, sinfo, nodesJSON, sinfoJSON
  }

  private let group: TraceInput.Group
  private let form: Form

  /// The nodes in `group`; nil if it is no such list.
  init?(_ group: TraceInput.Group) {
    guard let form = Self.form(of: group) else { return nil }
    (self.group, self.form) = (group, form)
  }

  private static func form(of group: TraceInput.Group) -> Form? {
    switch TableLayout.kind(of: group.head) {
    case .parquet, .sqlite: return nil
    case .json:
      let text = String(decoding: group.head.prefix(1 << 14), as: UTF8.self)
      if text.contains("\"sinfo\""), text.contains("\"partition\"") { return .sinfoJSON }
      return text.contains("\"nodes\"") && text.contains("\"real_memory\"") ? .nodesJSON : nil
    case .text:
      let lines = String(decoding: group.head.prefix(1 << 14), as: UTF8.self)
        .split(whereSeparator: \.isNewline).prefix(2)
      if lines.first?.hasPrefix("NodeName=") == true { return .scontrol }
      return lines.contains { Header($0[...]) != nil } ? .sinfo : nil
    }
  }

  // MARK: - Reading

  /// What one entry says of its nodes.
  private struct Entry {
    var names: [String]
    var cores: Double?
    var memory: Double?
    var disk: Double?
    var resources = ""
    var partitions: [String] = []
    var state = ""
  }

  /// The machines in the order in which they come first, and what was counted.
  func read(_ options: ReadOptions) throws(TraceError) -> MachineEventList {
    var nodes = Nodes()
    switch form {
    case .scontrol: try readBlocks(options, &nodes)
    case .sinfo: try readColumns(options, &nodes)
    case .nodesJSON, .sinfoJSON: try readJSON(options, &nodes)
    }
    nodes.list.notes = nodes.notes
    return nodes.list
  }

  private func reader(_ options: ReadOptions) -> FieldTableReader {
    var layout = TableLayout()
    (layout.separator, layout.quote, layout.header) = (0x1f, nil, ["line"])
    return FieldTableReader(
      group, FieldTable("machines", [ColumnSpec("line", .text, true)]), .layout(layout, .text),
      options: options)
  }

  /// `Name=value` between blanks; a node begins with `NodeName=`.
  private func readBlocks(_ options: ReadOptions, _ nodes: inout Nodes) throws(TraceError) {
    var reader = reader(options)
    var held: Entry?
    var list = nodes
    // scontrol says the state of every node, behind its amounts; slurm.conf says none.
    var saysStates = false
    func requireWhole(_ entry: Entry) throws(RowError) {
      if !entry.state.isEmpty { saysStates = true }
      guard saysStates, entry.state.isEmpty else { return }
      throw RowError(
        column: nil,
        message: "node \(entry.names.first ?? "") has no State, as those before it have: "
          + "it ends in the middle",
        reason: "a node that is cut off")
    }
    try reader.forEachRow { row throws(RowError) in
      let line = row.text(0)
      let isNew = line.hasPrefix("NodeName=")
      // What is wrong with a node's own lines is told there; what it lacks where the next begins.
      if isNew, let entry = held.take() {
        try requireWhole(entry)
        try list.add(entry)
      }
      if isNew { held = Entry(names: []) }
      guard held != nil else {
        throw RowError(
          column: nil, message: "'\(line.prefix(40))' stands before the first NodeName=",
          reason: "no node")
      }
      for word in line.split(separator: " ") {
        guard let sign = word.firstIndex(of: "=") else { continue }
        let value = String(word[word.index(after: sign)...])
        // The first counts: what an administrator's remark says comes behind.
        switch word[..<sign] {
        case "NodeName": held?.names = try HostList.names(value)
        // slurm.conf says CPUs.
        case "CPUTot" where held?.cores == nil, "CPUs" where held?.cores == nil:
          held?.cores = try Self.amount(value, String(word[..<sign]))
        case "RealMemory" where held?.memory == nil:
          held?.memory = try Self.amount(value, "RealMemory")
        case "TmpDisk" where held?.disk == nil: held?.disk = try Self.amount(value, "TmpDisk")
        case "Gres" where held?.resources == "": held?.resources = value
        case "State" where held?.state == "": held?.state = value
        case "Partitions" where held?.partitions == []:
          held?.partitions = value.split(separator: ",").map(String.init)
        default: break
        }
      }
    }
    nodes = list
    if let held {
      do throws(RowError) {
        try requireWhole(held)
        try nodes.add(held)
      } catch {
        let located = TraceError(error.code, error.message, file: group.files.last?.name ?? "")
        guard let rejects = options.rejects else { throw located }
        try rejects.add(located, reason: error.reason, row: "")
      }
    }
    let count = nodes.count
    nodes.list.survey?.rows = count
  }

  /// Columns under a header, which may stand behind a line with the date.
  private func readColumns(_ options: ReadOptions, _ nodes: inout Nodes) throws(TraceError) {
    var reader = reader(options)
    var header: Header?
    var (list, hasDate) = (nodes, false)
    try reader.forEachRow { row throws(RowError) in
      let line = row.text(0)
      guard let known = header else {
        header = Header(line[...])
        guard header == nil else { return }
        guard !hasDate else {
          throw RowError(column: nil, message: "no header of sinfo", reason: "no header")
        }
        return hasDate = true
      }
      // Lists that are joined begin with a header of their own.
      if Header(line[...]) == known { return }
      try list.add(try known.entry(line))
    }
    nodes = list
    nodes.list.survey?.rows = reader.rows - (header == nil ? 0 : 1) - (hasDate ? 1 : 0)
  }

  private func readJSON(_ options: ReadOptions, _ nodes: inout Nodes) throws(TraceError) {
    var layout = TableLayout()
    layout.rows = form == .sinfoJSON ? "sinfo" : "nodes"
    let paths =
      form == .sinfoJSON
      ? [
        "nodes.nodes", "nodes.total", "cpus.minimum", "cpus.maximum", "memory.minimum",
        "memory.maximum", "gres.total", "partition.name", "node.state",
      ] : ["name", "cpus", "real_memory", "gres", "partitions", "state", "temporary_disk"]
    var reader = FieldTableReader(
      group, FieldTable("machines", paths.map { ColumnSpec($0, .text, false) }),
      .layout(layout, .json), options: options)
    var list = nodes
    let isSinfo = form == .sinfoJSON
    try reader.forEachRow { row throws(RowError) in
      func texts(_ column: Int) -> [String] {
        let bytes = row[column]
        return
          (bytes.first == UInt8(ascii: "[")
          ? QuantityText.elements(bytes, separator: UInt8(ascii: ","))
          : bytes.isEmpty ? [] : [bytes])
          .map { String(decoding: $0, as: UTF8.self) }
      }
      func amount(_ column: Int) throws(RowError) -> Double? {
        let text = row.text(column)
        return text.isEmpty ? nil : try Self.amount(text, paths[column])
      }
      var entry = Entry(names: texts(0))
      if isSinfo {
        guard entry.names.count == Int(try amount(1) ?? 0) else {
          throw RowError(
            column: nil,
            message: "nodes.total is \(row.text(1)), and \(entry.names.count) are named",
            reason: "nodes are not named")
        }
        for column in [2, 4] where row.text(column) != row.text(column + 1) {
          throw RowError(
            column: nil,
            message:
              "nodes of \(row.text(column)) to \(row.text(column + 1)) in \(paths[column]) are one entry: "
              + "scontrol show node --json has each", reason: "nodes that differ")
        }
        (entry.cores, entry.memory) = (try amount(2), try amount(4))
        (entry.resources, entry.partitions) = (row.text(6), texts(7))
        entry.state = texts(8).joined(separator: "+")
      } else {
        (entry.cores, entry.memory, entry.disk) = (try amount(1), try amount(2), try amount(6))
        (entry.resources, entry.partitions) = (row.text(3), texts(4))
        entry.state = texts(5).joined(separator: "+")
      }
      guard isSinfo || !entry.names.isEmpty, !entry.names.contains("") else {
        throw RowError(column: nil, message: "a node has no name", reason: "no name")
      }
      try list.add(entry)
    }
    nodes = list
    nodes.list.survey?.rows = reader.rows
  }

  fileprivate static func amount(_ text: String, _ name: String) throws(RowError) -> Double {
    guard let number = Double(text), (0...1e12).contains(number) else {
      let isLeast = text.hasSuffix("+") && Double(text.dropLast()) != nil
      throw RowError(
        column: nil,
        message: "\(name) '\(text.prefix(30))' is not a number"
          + (isLeast ? " but the least of several nodes: sinfo -N has each" : ""),
        reason: "bad \(name)")
    }
    return number
  }

  // MARK: - Columns

  /// Where sinfo's columns are.
  private struct Header: Equatable {
    private let names: [Substring]
    private let hasPipes: Bool

    /// A line that names nodes and their CPUs; nil for any other.
    init?(_ line: Substring) {
      hasPipes = line.contains("|")
      names = Self.fields(line, hasPipes)
      guard names.contains("NODELIST") || names.contains("HOSTNAMES"), names.count > 1,
        names.allSatisfy({ $0.uppercased() == $0 })
      else { return nil }
    }

    private static func fields(_ line: Substring, _ hasPipes: Bool) -> [Substring] {
      guard hasPipes else { return line.split(separator: " ") }
      return line.split(separator: "|", omittingEmptySubsequences: false).map { field in
        var field = field.drop { $0 == " " }
        while field.last == " " { field = field.dropLast() }
        return field
      }
    }

    /// What a line says.
    func entry(_ line: String) throws(RowError) -> Entry {
      let fields = Self.fields(line[...], hasPipes)
      // A reason has blanks, and stands last.
      let isOpen = !hasPipes && names.last == "REASON"
      guard fields.count == names.count || (isOpen && fields.count > names.count) else {
        throw RowError(
          column: nil, message: "sinfo has \(names.count) columns; this row has \(fields.count)",
          reason: fields.count < names.count ? "too few columns" : "too many columns")
      }
      func value(_ name: Substring) -> String? {
        names.firstIndex(of: name).map { String(fields[$0]) }
      }
      func amount(_ name: Substring) throws(RowError) -> Double? {
        guard let text = value(name) else { return nil }
        return try SlurmNodes.amount(text, String(name))
      }
      // %C: allocated, idle, other, total.
      let states = try value("CPUS(A/I/O/T)").map { text throws(RowError) in
        try SlurmNodes.amount(
          text.split(separator: "/").count == 4
            ? text.split(separator: "/").last.map(String.init) ?? "" : text,
          "CPUS(A/I/O/T)")
      }
      guard states != nil || names.contains("CPUS") else {
        throw RowError(
          column: nil, message: "sinfo shows no CPUS: sinfo -N -o '%N %c %m %G %P %T' does",
          reason: "no CPUS")
      }
      var entry = Entry(names: try HostList.names(value("NODELIST") ?? value("HOSTNAMES") ?? ""))
      if let stated = try amount("NODES"), stated != Double(entry.names.count) {
        throw RowError(
          column: nil, message: "NODES is \(decimal(stated)), and \(entry.names.count) are named",
          reason: "nodes are not named")
      }
      (entry.cores, entry.memory, entry.disk) = (
        try amount("CPUS") ?? states, try amount("MEMORY"), try amount("TMP_DISK")
      )
      entry.resources = value("GRES") ?? ""
      entry.state = value("STATE") ?? ""
      if let partition = value("PARTITION") {
        entry.partitions = [partition.hasSuffix("*") ? String(partition.dropLast()) : partition]
      }
      return entry
    }
  }

  // MARK: - Machines

  /// The machines so far.
  private struct Nodes {
    var list = MachineEventList(events: [], symbols: SymbolTable())
    /// Where each node's event is; nil of one that does not exist yet.
    private var places: [String: Int?] = [:]
    private var numbers = NameNumbers()
    private var states = SlurmNodeStates()

    init() { list.survey = TableSurvey() }

    /// How many nodes are listed.
    var count: Int { places.count }
    /// What is to be said of their states.
    var notes: [Note] { states.notes(of: list.events.count) }

    mutating func add(_ entry: Entry) throws(RowError) {
      for name in entry.names { try add(name, entry) }
    }

    private mutating func add(_ name: String, _ entry: Entry) throws(RowError) {
      guard let cores = entry.cores else {
        throw RowError(column: nil, message: "node \(name) has no CPUs", reason: "no CPUs")
      }
      let number = Array(name.utf8).withUnsafeBytes { numbers.identifier($0) }
      guard let number else {
        throw RowError(
          column: nil, message: "'\(name)' has the number of another name", reason: "bad name")
      }
      let gpus = try GenericResources.gpus(entry.resources)
      let mebibyte = 1_048_576.0
      let event = MachineEvent(
        time: .zero, machine: number, kind: .add,
        capacity: Resources(
          cpu: Cores(min(cores, 9e9)), memory: Bytes(rounding: (entry.memory ?? 0) * mebibyte),
          disk: Bytes(rounding: (entry.disk ?? 0) * mebibyte), milliGPU: Int64(gpus.count) * 1000),
        // Slurm shows 0 MiB of a disk that nobody told it of.
        unknown: MachineEvent.Unknown(entry.memory == nil ? [.memory] : [])
          .union(entry.disk ?? 0 == 0 ? [.disk] : []),
        platform: list.symbols.intern(gpus.kind))
      if let known = places[name] {
        guard let place = known else { return }
        guard list.events[place] == event else {
          throw RowError(
            column: nil, message: "node \(name) is there twice, with other amounts",
            reason: "a node twice")
        }
      } else {
        guard states.add(entry.state) else {
          places.updateValue(nil, forKey: name)
          return count(entry.state)
        }
        places[name] = list.events.count
        list.events.append(event)
        list.survey?.beforeStart += 1
        count(entry.state)
      }
      for partition in entry.partitions where partition != "(null)" {
        list.partitions[partition, default: []].insert(number)
      }
    }

    /// Counts the state that a node was in when it was listed.
    private mutating func count(_ state: String) {
      let name = state.isEmpty ? "no state" : state.lowercased()
      if let place = list.survey?.events.firstIndex(where: { $0.name == name }) {
        list.survey?.events[place].count += 1
      } else {
        list.survey?.events.append(.init(name: name, count: 1))
      }
    }
  }
}

/// Slurm's generic resources, as `gpu:a100:4(S:0-1),gpu:v100:2,license:3`.
private enum GenericResources {
  /// The GPUs, and what kinds they are of.
  static func gpus(_ text: String) throws(RowError) -> (count: Int, kind: String) {
    var (count, kinds): (Int, [String]) = (0, [])
    // Sockets stand in parentheses, with commas of their own.
    var (plain, depth) = ("", 0)
    for letter in text {
      if letter == "(" { depth += 1 }
      if depth == 0 { plain.append(letter) }
      if letter == ")" { depth = max(0, depth - 1) }
    }
    for resource in plain.split(separator: ",")
    where resource == "gpu" || resource.hasPrefix("gpu:") {
      let parts = resource.split(separator: ":", omittingEmptySubsequences: false)
      let number = parts.count == 1 ? 1 : Int(parts[parts.count - 1])
      guard let number, (0...100_000).contains(number), parts.count <= 3 else {
        throw RowError(
          column: nil, message: "generic resource '\(resource.prefix(40))' has no number of GPUs",
          reason: "bad generic resource")
      }
      count += number
      if parts.count == 3, !kinds.contains(String(parts[1])) { kinds.append(String(parts[1])) }
    }
    return (count, kinds.joined(separator: "+"))
  }
}

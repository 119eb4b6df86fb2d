import Diagnostics
import Parquet
import Tables
import TraceInput
import Workload

/// Tables of tasks by others, text, JSON or Parquet, read through a `TableMapping`.
///
/// Rows may be in any order. A job number that is a name becomes a number from 2^62 on, by its
/// hash; rows without job numbers are numbered. Times that the mapping does not name are worked out
/// of the others where they follow from them (`MappedLife`).
public struct MappedTableFormat: TraceFormat {
  /// The name for `--format`.
  public let name: String
  private let source: Source
  /// Whether the user describes the table: then what it lacks is told.
  let isDescribed: Bool

  /// A format called `name`.
  ///
  /// - Parameters:
  ///   - name: the name for `--format`.
  ///   - mapping: what its columns stand for.
  ///   - isDescribed: whether the user describes the input with it, so that the columns that it lacks are
  ///     told.
  public init(name: String, mapping: TableMapping, isDescribed: Bool = false) {
    self.name = name
    source = .given(mapping)
    self.isDescribed = isDescribed
  }

  /// A format of the program's own.
  init(name: String, preset: PresetMapping) {
    self.name = name
    source = .preset(preset)
    isDescribed = false
  }

  private enum Source: Sendable {
    case given(TableMapping)
    case preset(PresetMapping)
  }

  /// What its columns stand for.
  var mapping: TableMapping {
    switch source {
    case .given(let mapping): mapping
    case .preset(let preset): preset.mapping
    }
  }

  /// Any column of numbers could be a table of one column without a header, of which every row is taken: only a folder of files without
  /// endings is taken for one, as PlanetLab's are.
  public func isTold(by input: TraceInput) -> Bool {
    guard !isDescribed, mapping.table.header?.count == 1, mapping.table.only.isEmpty else {
      return true
    }
    return input.groups.contains { group in
      group.files.count > 1 && group.files.allSatisfy { !$0.baseName.contains(".") }
    }
  }

  /// The table in `input`, if it has every column that the mapping names.
  public func recognise(
    _ input: TraceInput, table: String?
  ) throws(TraceError) -> (any RecognisedTrace)? {
    let mapping = mapping
    guard mapping.problems.isEmpty else {
      let list = mapping.problems.map(\.description).joined(separator: "; ")
      throw TraceError(.missing, "the column mapping is wrong: \(list)")
    }
    let plan = MappingPlan(mapping)
    let main = try find(
      mapping.table, plan.names.filter { !plan.optional.contains($0) }, in: input.groups)
    let usable = main.filter { canRead($0, plan) }
    guard let first = usable.first else { return nil }
    var joined: [String: [TraceInput.Group]] = [:]
    var notes: [Note] = []
    for join in mapping.joins {
      let found =
        join.isInSameFile(first)
        ? [first] : try find(join.table, join.key, in: input.groups, isMain: false)
      joined[join.name] = found
      if found.isEmpty {
        notes.append(
          Note(
            .partsMissing, join.name,
            "no table \(join.name) (\(join.table.file ?? "")…): what it would say is missing"))
      }
    }
    let machineGroup = try findMachines(in: input).first { group in
      !usable.contains { $0.files[0].name == group.files[0].name }
    }
    var usageGroups: [TraceInput.Group] = []
    if let usage = mapping.usage {
      usageGroups = usable
      if let table = usage.table {
        let needed = usage.columns.values.filter { !$0.isOptional && $0.from.count < 2 }
        usageGroups = try find(
          table, usage.key + needed.flatMap(\.columnsInUse), in: input.groups, isMain: false
        )
        .filter { group in !usable.contains { $0.files[0].name == group.files[0].name } }
      }
    }
    return MappedTableTrace(
      format: name, groups: usable, joined: joined, machineGroup: machineGroup,
      usageGroups: usageGroups, mapping: mapping, findings: notes,
      passedOver: input.passedOver(
        besides: usable + joined.values.joined() + usageGroups
          + [machineGroup].compactMap { $0 }, format: name))
  }

  /// The tables that could be of its machines.
  private func findMachines(in input: TraceInput) throws(TraceError) -> [TraceInput.Group] {
    guard let machines = mapping.machines else { return [] }
    if let listing = machines.list { return input.groups.filter { listing.init($0) != nil } }
    let needed = machines.columns.values.filter { !$0.isOptional && $0.from.count < 2 }
    return try find(machines.table, needed.flatMap(\.from), in: input.groups)
  }

  /// Its machines, where they are told by their columns or the file's name.
  public func machinesAlone(
    _ input: TraceInput
  ) throws(TraceError) -> (any RecognisedTrace)? {
    guard mapping.problems.isEmpty, let machines = mapping.machines,
      let group = try findMachines(in: input).first,
      machines.listing != nil || (machines.table.header == nil && mapping.hasTellingMachines)
        || !machines.table.only.isEmpty || machines.table.isNamed(group)
    else { return nil }
    let tasks = mapping.table.file.map { "its \($0) table" } ?? "the table of its tasks"
    return MachinesAlone(
      format: name, group: group, machines: machines, tasks: tasks,
      passedOver: input.passedOver(besides: [group], format: name))
  }

  /// What is here of the trace where its tasks are not: a table that is joined.
  public func refusal(_ input: TraceInput, isAsked: Bool) -> TraceError? {
    guard mapping.problems.isEmpty else { return nil }
    let tasks = mapping.table.file.map { "its \($0) table" } ?? "the table of its tasks"
    func error(_ what: String, _ group: TraceInput.Group) -> TraceError {
      TraceError(
        .unrecognised,
        "\(what) of \(name); records are made of \(tasks): give both, in one folder",
        file: group.files[0].name)
    }
    for join in mapping.joins where join.table.file != nil {
      if let group = (try? find(join.table, join.key, in: input.groups))?.first,
        join.table.isNamed(group)
      {
        return error("the table \(join.name)", group)
      }
    }
    guard let group = input.groups.first,
      let columns = try? group.columnNames(mapping.table), !columns.isEmpty
    else { return nil }
    let plan = MappingPlan(mapping)
    let needed = plan.names.filter { !plan.optional.contains($0) }
    let missing = needed.filter { !group.has([$0], columns) }.sorted()
    guard !missing.isEmpty, isAsked || (isDescribed && missing.count * 2 <= needed.count) else {
      return nil
    }
    return TraceError(
      .unrecognised,
      "\(name) needs the columns \(missing.joined(separator: ", ")); the file has "
        + columns.joined(separator: ", "), file: group.files[0].name)
  }

  /// The groups that could be a table: by the file's name, and by the columns that it must have. A file that is
  /// alone is the main table, whatever it is called.
  private func find(
    _ layout: TableLayout, _ columns: [String], in groups: [TraceInput.Group], isMain: Bool = true
  ) throws(TraceError) -> [TraceInput.Group] {
    var found: [TraceInput.Group] = []
    for group in groups {
      let isAlone = isMain && groups.count == 1
      guard layout.file == nil || layout.isNamed(group) || isAlone else { continue }
      let kind = TableLayout.kind(of: group.head)
      // A path to a list is of a document, a table's name of a database; a table that need have no column
      // could be any.
      guard layout.rows == nil || kind == .json, layout.table == nil || kind != .text,
        kind == .json || layout.header != nil
          || columns.contains(where: { !MappingPlan.isOwn($0) })
      else { continue }
      switch kind {
      case .parquet:
        let reader = try group.files[0].openParquet()
        let names = reader.columns.map(\.name) + reader.unreadableColumns.map(\.name)
        guard group.has(columns, names) else { continue }
      case .sqlite:
        guard try group.files[0].hasTable(layout.table, columns) else { continue }
      case .json:
        guard group.firstObject(layout, columns) else { continue }
      case .text:
        // A log may begin with many rows that do not count.
        var rows = group.rows(layout, limit: layout.only.isEmpty ? 20 : 2000)
        guard let first = rows.first else { continue }
        if let header = layout.header {
          // Some copies of a headerless table have one after all.
          if first == header {
            rows.removeFirst()
          } else if !isDescribed, layout.separator == UInt8(ascii: ","), group.beginsWithNames {
            continue  // another's names
          }
          guard rows.filter({ $0.count == header.count }).count * 2 > rows.count else { continue }
        } else {
          guard group.has(columns, first) else { continue }
        }
        guard layout.accepts(rows) else { continue }
      }
      found.append(group)
    }
    return found
  }

  /// Whether most of the first rows of a headerless table can be read: nothing else tells it.
  private func canRead(
    _ group: TraceInput.Group, _ plan: MappingPlan
  ) -> Bool {
    guard let header = mapping.table.header, !group.isParquet, !group.isSQLite else { return true }
    let rows = group.rows(mapping.table, limit: 50)
      .filter { $0.count == header.count && $0 != header }
    guard !rows.isEmpty else { return false }
    for (column, range) in mapping.checks {
      guard let place = header.firstIndex(of: column) else { continue }
      guard rows.allSatisfy({ Double($0[place]).map(range.contains) ?? false }) else {
        return false
      }
    }
    let places = plan.names.map { header.firstIndex(of: $0) }
    let missing = MissingWords(mapping.table.missing)
    let context = MappedContext(
      clock: ZoneClock(.gmt), hasDecimalCommas: mapping.table.hasDecimalCommas)
    let row = MappedRow(slots: plan.slotCount)
    var (good, counting) = (0, 0)
    for fields in rows {
      context.arena.reset()
      for (slot, place) in places.enumerated() {
        let text = place.map { fields[$0] } ?? ""
        let value: CellValue? = text.isEmpty ? nil : .text(context.arena.copy(text.utf8))
        row.values[slot] = value.flatMap { missing.contains($0) ? nil : $0 }
      }
      guard plan.conditions.allSatisfy({ $0.holds(row) }) else { continue }
      counting += 1
      let builder = MappedTaskBuilder(plan)
      var symbols = SymbolTable()
      if (try? builder.read(row, context, &symbols)) != nil { good += 1 }
    }
    // Rows that do not count say nothing; where all of the first are such, the columns decide.
    return counting == 0 || good * 2 > counting
  }
}

extension TableMapping {
  /// Whether the columns of its machines tell what the table is: those that records have too do not.
  fileprivate var hasTellingMachines: Bool {
    let own = Set(RecordColumn.all.map(\.name))
    return machines?.columns.values.filter { !$0.isOptional }.flatMap(\.from)
      .contains { !own.contains($0) } ?? false
  }
}

extension TableMapping.Join {
  /// Whether its table is another part of the same document or database.
  func isInSameFile(_ group: TraceInput.Group) -> Bool {
    guard table.file == nil else { return false }
    return group.isSQLite ? table.table != nil : table.rows != nil
  }
}

extension TableLayout {
  /// Whether the name of a group's files says that it is this table: it begins so, or has the name
  /// behind a dash, a dot or an underscore.
  fileprivate func isNamed(_ group: TraceInput.Group) -> Bool {
    guard let file else { return false }
    let name = group.files[0].baseName
    return name.hasPrefix(file) || "-_.".contains { name.contains("\($0)\(file)") }
  }

  /// Whether at least one of the first rows counts; they begin with the header where none is stated.
  fileprivate func accepts(_ rows: [[String]]) -> Bool {
    let names = header ?? rows.first ?? []
    let places = only.map { names.firstIndex(of: $0.column) }
    let rest = rows.dropFirst(header == nil ? 1 : 0)
    return rest.isEmpty
      || rest.contains { row in
        zip(only, places).allSatisfy { condition, place in
          let text = place.flatMap { $0 < row.count ? row[$0] : nil } ?? ""
          return condition.patterns.contains { fits(text.utf8, $0.utf8) } != condition.isNegated
        }
      }
  }
}

extension TraceInput.Group {
  /// Whether all of `columns` are among `names`, or in the names of the folders that it is in.
  fileprivate func has(_ columns: [String], _ names: [String]) -> Bool {
    let partition = files[0].partition
    return columns.allSatisfy { column in
      names.contains(column) || MappingPlan.isOwn(column)
        || partition.contains { $0.column == column }
    }
  }

  /// The names of a table's columns; empty where it is JSON.
  fileprivate func columnNames(_ layout: TableLayout) throws(TraceError) -> [String] {
    switch TableLayout.kind(of: head) {
    case .parquet:
      let reader = try files[0].openParquet()
      return reader.columns.map(\.name) + reader.unreadableColumns.map(\.name)
    case .sqlite:
      let tables = try files[0].openDatabase().tables
      return tables.first { layout.table.map($0.isCalled) ?? true }?.columns ?? []
    case .json: return []
    case .text: return layout.header == nil ? rows(layout, limit: 1).first ?? [] : []
    }
  }

  /// The first rows as texts.
  func rows(_ layout: TableLayout, limit: Int) -> [[String]] {
    var bytes = head[...]
    if bytes.count >= TraceInput.headLength, let end = bytes.lastIndex(of: 0x0a) {
      bytes = bytes[...end]
    }
    var rows: [[String]] = []
    let batch = RowBatch()
    guard
      let reader = try? layout.reader(
        MemoryStream(Array(bytes), name: ""), kind: .text, paths: [])
    else { return [] }
    while rows.count < limit, (try? reader.nextBatch(batch)) ?? false {
      for index in 0..<batch.count where rows.count < limit {
        let row = batch[index]
        if row[0].first == layout.comment { continue }
        rows.append((0..<row.count).map(row.text))
      }
    }
    return rows
  }

  /// Whether the first object of a JSON text has something under every path.
  fileprivate func firstObject(_ layout: TableLayout, _ paths: [String]) -> Bool {
    guard
      let reader = try? JSONRowReader(
        MemoryStream(head, name: ""), paths: paths, rows: layout.rows ?? "", isBeginning: true)
    else { return false }
    let batch = RowBatch()
    guard (try? reader.nextBatch(batch)) ?? false, batch.count > 0 else {
      // The first object is longer than what is looked at: its keys are all there is to see.
      let text = String(decoding: head, as: UTF8.self)
      return reader.isInList
        && paths.allSatisfy { text.contains("\"\($0.prefix { $0 != "." && $0 != "[" })\"") }
    }
    // Some objects may lack a value; in one of the first all are there.
    return (0..<batch.count).contains { row in
      (0..<paths.count).allSatisfy { !batch[row][$0].isEmpty }
    }
  }
}

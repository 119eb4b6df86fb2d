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
  let mapping: TableMapping

  /// A format called `name`.
  public init(name: String, mapping: TableMapping) {
    self.name = name
    self.mapping = mapping
  }

  /// The table in `input`, if it has every column that the mapping names.
  public func recognise(
    _ input: TraceInput, table: String?
  ) throws(TraceError) -> (any RecognisedTrace)? {
    guard mapping.problems.isEmpty else {
      let list = mapping.problems.map(\.description).joined(separator: "; ")
      throw TraceError(.missing, "the column mapping is wrong: \(list)")
    }
    let plan = MappingPlan(mapping)
    let main = try find(
      mapping.table, plan.names.filter { !plan.optional.contains($0) }, in: input.groups)
    let usable = main.filter { canRead($0, plan) }
    guard let first = usable.first else { return nil }
    var joined: [String: TraceInput.Group] = [:]
    var notes: [String] = []
    for join in mapping.joins {
      let isInSameFile = join.table.file == nil && join.table.rows != nil
      joined[join.name] =
        isInSameFile ? first : try find(join.table, join.key, in: input.groups).first
      if joined[join.name] == nil {
        notes.append(
          "no table \(join.name) (\(join.table.file ?? "")…): what it would say is missing")
      }
    }
    var machineGroup: TraceInput.Group?
    if let machines = mapping.machines {
      let needed = machines.columns.values.filter { !$0.isOptional && $0.from.count < 2 }
      let found = try find(machines.table, needed.flatMap(\.from), in: input.groups)
      machineGroup = found.first { group in
        !usable.contains { $0.files[0].name == group.files[0].name }
      }
    }
    return MappedTableTrace(
      format: name, groups: usable, joined: joined, machineGroup: machineGroup, mapping: mapping,
      findings: notes,
      passedOver: input.passedOver(
        besides: usable + Array(joined.values) + [machineGroup].compactMap { $0 }, format: name))
  }

  /// The groups that could be a table: by the file's name, and by the columns that it must have.
  private func find(
    _ layout: TableLayout, _ columns: [String], in groups: [TraceInput.Group]
  ) throws(TraceError) -> [TraceInput.Group] {
    var found: [TraceInput.Group] = []
    for group in groups {
      let isNamed = layout.file.map { group.files[0].baseName.hasPrefix($0) } ?? true
      guard isNamed || groups.count == 1 else { continue }
      // A path to a list is of a document; a table that need have no column could be any.
      let kind = TableLayout.kind(of: group.head)
      let isTold = layout.header != nil || columns.contains { $0 != MappingPlan.fileColumn }
      guard kind == .json || (layout.rows == nil && isTold) else { continue }
      switch kind {
      case .parquet:
        let names = Set(try group.files[0].openParquet().columns.map(\.name))
        guard columns.allSatisfy(names.contains) else { continue }
      case .json:
        guard group.firstObject(layout, columns) else { continue }
      case .text:
        let rows = group.rows(layout, limit: 20)
        guard let first = rows.first else { continue }
        if let header = layout.header {
          guard rows.filter({ $0.count == header.count }).count * 2 > rows.count,
            Set(first) != Set(header)
          else { continue }
        } else {
          guard columns.allSatisfy(Set(first).contains) else { continue }
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
    guard let header = mapping.table.header else { return true }
    let rows = group.rows(mapping.table, limit: 50).filter { $0.count == header.count }
    guard !rows.isEmpty else { return false }
    let places = plan.names.map { header.firstIndex(of: $0) }
    let missing = MissingWords(mapping.table.missing)
    let context = MappedContext(
      clock: ZoneClock(.gmt), hasDecimalCommas: mapping.table.hasDecimalCommas)
    let row = MappedRow(slots: plan.slotCount)
    var good = 0
    for fields in rows {
      context.arena.reset()
      for (slot, place) in places.enumerated() {
        let text = place.map { fields[$0] } ?? ""
        let value: CellValue? = text.isEmpty ? nil : .text(context.arena.copy(text.utf8))
        row.values[slot] = value.flatMap { missing.contains($0) ? nil : $0 }
      }
      var builder = MappedTaskBuilder(plan)
      var symbols = SymbolTable()
      if (try? builder.read(row, context, &symbols)) != nil { good += 1 }
    }
    return good * 2 > rows.count
  }
}

extension TableLayout {
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

import CTracemill
import Diagnostics
import TraceInput
import Workload

/// Task records out of a foreign table: any Arrow stream, with a `TableMapping` or our own names.
public struct ArrowRecordReader {
  /// The records, in order of submission.
  public let table: TaskTable
  /// The users' names.
  public let symbols: SymbolTable

  /// Drains `stream` and releases it, whatever happens. Nothing of it is kept. O(rows log rows).
  ///
  /// - Parameters:
  ///   - stream: batches of a struct of columns.
  ///   - mapping: which of its columns stand for which of ours; nil takes those that have our names.
  ///     What it says of other tables and of files (`join`, `machines`, `fold`) is refused.
  ///   - name: what errors call the table.
  ///   - isCancelled: asked now and then; true ends the reading with a `CancellationError`.
  /// - Throws: `TraceError` naming column and row (from 1), `CancellationError`.
  public init(
    _ stream: UnsafeMutablePointer<ArrowArrayStream>, mapping: TableMapping? = nil,
    name: String = "table", isCancelled: () -> Bool = { false }
  ) throws {
    defer { stream.pointee.release?(stream) }
    var schema = ArrowSchema()
    guard stream.pointee.get_schema?(stream, &schema) == 0 else {
      throw Self.failure(of: stream, name)
    }
    defer { schema.release?(&schema) }
    guard schema.format != nil, String(cString: schema.format) == "+s" else {
      throw TraceError(.unrecognised, "is no table: expected a struct of columns", file: name)
    }
    let fields = (0..<Int(schema.n_children)).compactMap { schema.children[$0]?.pointee }
    let names = fields.map { $0.name.map { String(cString: $0) } ?? "" }
    var maker: any ArrowRowTaker
    if let mapping {
      maker = try ArrowMappedRows(mapping, fields, names, name)
    } else {
      maker = try ArrowOwnRows(fields, names, name)
    }
    var count = 0
    while true {
      var batch = ArrowArray()
      guard stream.pointee.get_next?(stream, &batch) == 0 else {
        throw Self.failure(of: stream, name)
      }
      guard let release = batch.release else { break }
      defer { release(&batch) }
      if isCancelled() { throw CancellationError() }
      try Self.read(batch, schema, &maker, name, isCancelled, &count)
    }
    table = TaskTable(maker.finished())
    symbols = maker.symbols
  }

  private static func read(
    _ batch: ArrowArray, _ schema: ArrowSchema, _ maker: inout any ArrowRowTaker, _ name: String,
    _ isCancelled: () -> Bool, _ count: inout Int
  ) throws {
    let (offset, length) = (Int(batch.offset), Int(batch.length))
    var cells: [ArrowColumn] = []
    for (place, label) in zip(maker.places, maker.labels) {
      guard batch.n_children == schema.n_children, let field = schema.children[place],
        let array = batch.children[place], array.pointee.length >= offset + length,
        let column = ArrowColumn(field.pointee, array.pointee)
      else {
        throw TraceError(.damaged, "column '\(label)' is not as its schema says", file: name)
      }
      cells.append(column)
    }
    for row in offset..<offset + length {
      if row & 0xffff == 0xffff, isCancelled() { throw CancellationError() }
      do throws(RowError) {
        try maker.take(cells, row)
      } catch {
        throw TraceError(error.code, error.message, file: name, line: count + 1)
      }
      count += 1
    }
  }

  private static func failure(
    of stream: UnsafeMutablePointer<ArrowArrayStream>, _ name: String
  ) -> TraceError {
    let text = stream.pointee.get_last_error?(stream).map { String(cString: $0) }
    return TraceError(.inputOutput, text ?? "cannot be read", file: name)
  }

  /// Throws if a column is of a type that is not understood.
  fileprivate static func check(
    _ field: borrowing ArrowSchema, _ column: String, _ table: String
  ) throws(TraceError) {
    guard !ArrowColumn.canRead(field) else { return }
    throw TraceError(
      .unrecognised,
      "column '\(column)' is of Arrow type '\(String(cString: field.format))'; expected "
        + ArrowColumn.expected, file: table)
  }
}

/// Makes records of the rows of Arrow tables.
private protocol ArrowRowTaker {
  /// Which of the table's columns are read, and what messages call them.
  var places: [Int] { get }
  var labels: [String] { get }
  var symbols: SymbolTable { get }
  /// Takes a row, given the columns that are read.
  mutating func take(_ cells: [ArrowColumn], _ row: Int) throws(RowError)
  /// The records, all rows taken.
  mutating func finished() -> [TaskRecord]
}

/// Columns that have our names.
private struct ArrowOwnRows: ArrowRowTaker {
  let places: [Int]
  let labels: [String]
  var symbols = SymbolTable()
  private let columns: [MappedColumn]
  private let mapper: RecordMapper
  private var records: [TaskRecord] = []
  private var names = NameNumbers()

  init(_ fields: [ArrowSchema], _ there: [String], _ table: String) throws(TraceError) {
    var (columns, places): ([MappedColumn], [Int]) = ([], [])
    for target in RecordColumn.all {
      guard let place = there.firstIndex(of: target.name) else { continue }
      try ArrowRecordReader.check(fields[place], target.name, table)
      var column = MappedColumn(target)
      if target.isTime {
        column.factor = ArrowColumn.microseconds(String(cString: fields[place].format))
      }
      columns.append(column)
      places.append(place)
    }
    guard columns.contains(where: { $0.target.name == "submit_us" }) else {
      throw TraceError(
        .missing,
        "columns.submit_us: is missing; the table has \(there.joined(separator: ", "))",
        file: table)
    }
    self.columns = columns
    self.places = places
    labels = columns.map(\.target.name)
    mapper = RecordMapper(present: Set(labels))
  }

  mutating func take(_ cells: [ArrowColumn], _ row: Int) throws(RowError) {
    var record = mapper.blank(number: Int64(records.count))
    for (column, cell) in zip(columns, cells) {
      try cell.withValue(row) { value throws(RowError) in
        try column.set(value, in: &record, &symbols, &names)
      }
    }
    try mapper.complete(&record)
    records.append(record)
  }

  mutating func finished() -> [TaskRecord] { records }
}

/// Columns that a mapping names.
private struct ArrowMappedRows: ArrowRowTaker {
  let places: [Int]
  let labels: [String]
  var symbols = SymbolTable()
  private let mapping: TableMapping
  private let plan: MappingPlan
  private let slots: [Int]
  private let builder: MappedTaskBuilder
  private let row: MappedRow
  private let context: MappedContext
  private let missing: MissingWords
  private var records: [TaskRecord] = []
  private var first = Microseconds.never

  init(
    _ mapping: TableMapping, _ fields: [ArrowSchema], _ there: [String], _ table: String
  ) throws(TraceError) {
    let problems = mapping.problems
    guard problems.isEmpty else {
      throw TraceError(
        .missing,
        problems.map(\.description).joined(separator: "; ") + "; the table has "
          + there.joined(separator: ", "), file: table)
    }
    guard mapping.joins.isEmpty, mapping.machines == nil, mapping.fold.isEmpty,
      mapping.dependencies == nil
    else {
      throw TraceError(
        .unrecognised,
        "join, machines, fold and dependencies are of files, not of tables in memory",
        file: table)
    }
    self.mapping = mapping
    plan = MappingPlan(mapping)
    builder = MappedTaskBuilder(plan)
    row = MappedRow(slots: plan.slotCount)
    let zone = mapping.timeZone.flatMap(ZoneClock.zone(named:)) ?? .gmt
    context = MappedContext(
      clock: ZoneClock(zone), hasDecimalCommas: mapping.table.hasDecimalCommas)
    missing = MissingWords(mapping.table.missing)
    var (slots, places, labels): ([Int], [Int], [String]) = ([], [], [])
    for (slot, name) in plan.names.enumerated() {
      guard let place = there.firstIndex(of: name) else {
        guard !plan.optional.contains(name) else { continue }
        let target = mapping.columns.first { $0.value.columnsInUse.contains(name) }?.key
        throw TraceError(
          .missing,
          "no column '\(name)'\(target.map { " for \($0)" } ?? ""); there are "
            + there.joined(separator: ", "), file: table)
      }
      try ArrowRecordReader.check(fields[place], name, table)
      // A timestamp without a zone, as `tsu:`, is what a clock somewhere showed.
      let format = String(cString: fields[place].format)
      let unit = ArrowColumn.microseconds(format)
      if let unit, case .time(let factor)? = plan.typed[name], factor != unit {
        throw TraceError(
          .malformedRow,
          "column '\(name)' has a unit of its own (Arrow type '\(format)'); the mapping says another "
            + "unit: leave it out there", file: table)
      }
      row.declared[slot] = unit.map {
        DeclaredUnit(
          factor: $0,
          isLocal: format.hasPrefix("ts") && format.hasSuffix(":") || format.hasPrefix("td"))
      }
      slots.append(slot)
      places.append(place)
      labels.append(name)
    }
    (self.slots, self.places, self.labels) = (slots, places, labels)
  }

  mutating func take(_ cells: [ArrowColumn], _ index: Int) throws(RowError) {
    context.arena.reset()
    for (slot, cell) in zip(slots, cells) {
      try cell.withValue(index) { value throws(RowError) in
        let found = value.map { CellValue($0, context.arena) }
        row.values[slot] = found.flatMap { missing.contains($0) ? nil : $0 }
      }
    }
    guard plan.conditions.allSatisfy({ $0.holds(row) }) else { return }
    var task = try builder.read(row, context, &symbols)
    if mapping.columns["job_id"] == nil { task.record.id.job = Int64(records.count) }
    let record = try builder.finish(task, context)
    if record.submit > .zero { first = min(first, record.submit) }
    records.append(record)
  }

  mutating func finished() -> [TaskRecord] {
    let shifts = mapping.origin == .first || (mapping.origin == .automatic && context.sawDates)
    guard shifts, first.isKnown else { return records }
    return records.map { $0.shifted(by: first) }
  }
}

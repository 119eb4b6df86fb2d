import CTracemill
import Diagnostics
import TraceInput
import Workload

/// Task records out of a foreign table: any Arrow stream, with a `ColumnMapping` or our own names.
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
  ///   - name: what errors call the table.
  ///   - isCancelled: asked now and then; true ends the reading with a `CancellationError`.
  /// - Throws: `TraceError` naming column and row (from 1), `CancellationError`.
  public init(
    _ stream: UnsafeMutablePointer<ArrowArrayStream>, mapping: ColumnMapping? = nil,
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
    let mapping = mapping ?? .identity(names)
    let problems = mapping.problems
    guard problems.isEmpty else {
      throw TraceError(
        .missing,
        problems.map(\.description).joined(separator: "; ") + "; the table has "
          + names.joined(separator: ", "), file: name)
    }
    var columns: [(mapped: MappedColumn, place: Int)] = []
    for column in mapping.resolved {
      guard let place = names.firstIndex(of: column.source) else {
        if mapping.columns[column.target.name]?.isOptional == true { continue }
        throw TraceError(
          .missing,
          "no column '\(column.source)' for \(column.target.name); there are "
            + names.joined(separator: ", "), file: name)
      }
      let format = String(cString: fields[place].format)
      guard ArrowColumn.canRead(fields[place]) else {
        throw TraceError(
          .unrecognised,
          "column '\(column.source)' is of Arrow type '\(format)'; expected \(ArrowColumn.expected)",
          file: name)
      }
      var mapped = column
      if mapped.factor == nil || mapped.unitIsUsual, mapped.target.name.hasSuffix("_us") {
        mapped.factor = ArrowColumn.microseconds(format) ?? mapped.factor
      }
      columns.append((mapped, place))
    }
    var records: [TaskRecord] = []
    var symbols = SymbolTable()
    let mapper = RecordMapper(present: Set(columns.map(\.mapped.target.name)))
    var numbers = NameNumbers()
    while true {
      var batch = ArrowArray()
      guard stream.pointee.get_next?(stream, &batch) == 0 else {
        throw Self.failure(of: stream, name)
      }
      guard let release = batch.release else { break }
      defer { release(&batch) }
      if isCancelled() { throw CancellationError() }
      try Self.read(
        batch, schema, columns, mapper, name, isCancelled, &records, &symbols, &numbers)
    }
    table = TaskTable(records)
    self.symbols = symbols
  }

  private static func read(
    _ batch: ArrowArray, _ schema: ArrowSchema, _ columns: [(mapped: MappedColumn, place: Int)],
    _ mapper: RecordMapper, _ name: String, _ isCancelled: () -> Bool,
    _ records: inout [TaskRecord], _ symbols: inout SymbolTable,
    _ numbers: inout NameNumbers
  ) throws {
    let (offset, length) = (Int(batch.offset), Int(batch.length))
    var cells: [(MappedColumn, ArrowColumn)] = []
    for (mapped, place) in columns {
      guard batch.n_children == schema.n_children, let field = schema.children[place],
        let array = batch.children[place], array.pointee.length >= offset + length,
        let column = ArrowColumn(field.pointee, array.pointee)
      else {
        throw TraceError(
          .damaged, "column '\(mapped.source)' is not as its schema says", file: name)
      }
      cells.append((mapped, column))
    }
    for row in offset..<offset + length {
      if row & 0xffff == 0xffff, isCancelled() { throw CancellationError() }
      var record = mapper.blank(number: Int64(records.count))
      do throws(RowError) {
        for (mapped, column) in cells {
          try column.withValue(row) { value throws(RowError) in
            try mapped.set(value, in: &record, &symbols, &numbers)
          }
        }
        try mapper.complete(&record)
      } catch {
        throw TraceError(error.code, error.message, file: name, line: records.count + 1)
      }
      records.append(record)
    }
  }

  private static func failure(
    of stream: UnsafeMutablePointer<ArrowArrayStream>, _ name: String
  ) -> TraceError {
    let text = stream.pointee.get_last_error?(stream).map { String(cString: $0) }
    return TraceError(.inputOutput, text ?? "cannot be read", file: name)
  }
}

extension ColumnMapping {
  /// The columns that have our names.
  static func identity(_ names: [String]) -> ColumnMapping {
    let known = Set(RecordColumn.all.map(\.name))
    return ColumnMapping(
      columns: Dictionary(
        names.filter(known.contains).map { ($0, Source(from: $0)) }, uniquingKeysWith: { a, _ in a }
      ))
  }
}

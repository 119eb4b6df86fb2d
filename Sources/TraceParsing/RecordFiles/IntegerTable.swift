import Diagnostics
import Foundation
import Parquet
import Tables
import TraceInput
import Workload

/// A table of whole numbers beside a record file, in the same kind of file.
struct IntegerTable {
  let file: String
  /// Its columns.
  let names: [String]
  /// Which of them, if any, a file may leave out, or a row empty: it is 0 then. The last one.
  var optional: Int?

  /// The values of each row, one a column.
  func forEachRow(
    _ options: ReadOptions, _ body: ([Int64]) throws(RowError) -> Void
  ) throws(TraceError) {
    if file.hasSuffix(TableFileKind.parquet.rawValue) {
      return try forEachParquetRow(options, body)
    }
    guard let group = try TraceInput(path: file).groups.first else { return }
    let columns = names.indices.map { ColumnSpec(names[$0], .integer, $0 != optional) }
    var reader = FieldTableReader(
      group, FieldTable("rows", columns), .csvWithHeader, options: options)
    try reader.forEachRow { row throws(RowError) in
      var values: [Int64] = []
      for place in names.indices {
        values.append(
          place == optional ? try row.optionalInteger(place) ?? 0 : try row.integer(place))
      }
      try body(values)
    }
  }

  private func forEachParquetRow(
    _ options: ReadOptions, _ body: ([Int64]) throws(RowError) -> Void
  ) throws(TraceError) {
    let reader = try openParquetFile(file)
    try catching(file) {
      try reader.checkExpansion(limit: options.maximumExpansion, allowance: Expansion.allowance)
    }
    let isThere = optional.map { (try? reader.column(names[$0])) != nil } ?? true
    let present = isThere ? names[...] : names.dropLast()
    let cursors = try catching(file) { try present.map { try MappedParquetCursor(reader, $0) } }
    var done = 0
    while done < reader.rowCount {
      let count = min(4096, reader.rowCount - done)
      try catching(file) { for cursor in cursors { try cursor.read(count) } }
      for row in 0..<count {
        var values: [Int64] = []
        for cursor in cursors { if let value = cursor.integer(row) { values.append(value) } }
        if present.count < names.count { values.append(0) }
        do throws(RowError) {
          guard values.count == names.count else {
            throw RowError(column: nil, message: "a value is missing", reason: "missing value")
          }
          try body(values)
        } catch {
          throw TraceError(.malformedRow, "row \(done + row + 1): \(error.message)", file: file)
        }
      }
      done += count
    }
  }
}

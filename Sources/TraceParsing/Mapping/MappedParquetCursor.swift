import Diagnostics
import Parquet
import Tables
import TraceInput

/// A cursor over a column of any flat type.
final class MappedParquetCursor {
  private enum Cursor {
    case flag(ParquetCursor<Bool>)
    case int32(ParquetCursor<Int32>)
    case int64(ParquetCursor<Int64>)
    case float(ParquetCursor<Float>)
    case double(ParquetCursor<Double>)
    case string(ParquetStringCursor)
  }

  let annotation: ParquetAnnotation
  private let cursor: Cursor
  private var flags = ParquetColumnBuffer<Bool>()
  private var narrow = ParquetColumnBuffer<Int32>()
  private var integers = ParquetColumnBuffer<Int64>()
  private var floats = ParquetColumnBuffer<Float>()
  private var numbers = ParquetColumnBuffer<Double>()
  private var strings = ParquetStringBuffer()

  init(_ reader: ParquetReader, _ name: String) throws {
    let column = try reader.column(name)
    annotation = column.annotation
    cursor =
      switch column.type {
      case .boolean: .flag(try reader.cursor(name))
      case .int32: .int32(try reader.cursor(name))
      case .int64: .int64(try reader.cursor(name))
      case .float: .float(try reader.cursor(name))
      case .double: .double(try reader.cursor(name))
      case .string: .string(try reader.stringCursor(name))
      }
  }

  /// Reads the next `count` rows.
  func read(_ count: Int) throws {
    switch cursor {
    case .flag(let cursor): _ = try cursor.read(count, into: &flags)
    case .int32(let cursor): _ = try cursor.read(count, into: &narrow)
    case .int64(let cursor): _ = try cursor.read(count, into: &integers)
    case .float(let cursor): _ = try cursor.read(count, into: &floats)
    case .double(let cursor): _ = try cursor.read(count, into: &numbers)
    case .string(let cursor): _ = try cursor.read(count, into: &strings)
    }
  }

  /// The value of a row in a column of integers; nil is a null or something else.
  func integer(_ row: Int) -> Int64? {
    switch cursor {
    case .int32: narrow[row].map(Int64.init)
    case .int64: integers[row]
    default: nil
    }
  }

  /// Calls `body` with the value of a row that was read; nil is a null.
  func withValue(
    _ row: Int, _ body: (MappedValue?) throws(RowError) -> Void
  ) throws(RowError) {
    switch cursor {
    case .flag: try body(flags[row].map { .flag($0) })
    case .int32: try body(narrow[row].map { .integer(Int64($0)) })
    case .int64: try body(integers[row].map { .integer($0) })
    case .float: try body(floats[row].map { .number(Double($0)) })
    case .double: try body(numbers[row].map { .number($0) })
    case .string:
      guard strings.validity.isEmpty || strings.validity[row] else { return try body(nil) }
      var failure: RowError?
      strings.table.withBytes(of: Int(strings.codes[row])) { bytes in
        do throws(RowError) { try body(.text(bytes)) } catch { failure = error }
      }
      if let failure { throw failure }
    }
  }
}

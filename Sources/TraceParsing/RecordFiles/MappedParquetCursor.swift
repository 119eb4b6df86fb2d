import Diagnostics
import Foundation
import Parquet
import Tables
import TraceInput

/// A cursor over a column of any flat type, which gives values as the file declares them: unsigned
/// integers, decimals with their scale.
final class MappedParquetCursor {
  private enum Cursor {
    case flag(ParquetCursor<Bool>)
    case int32(ParquetCursor<Int32>)
    case int64(ParquetCursor<Int64>)
    case float(ParquetCursor<Float>)
    case double(ParquetCursor<Double>)
    case string(ParquetStringCursor)
    /// Lists, as text: `[1, 2]`.
    case list(ParquetListCursor)
  }

  let column: ParquetColumn
  /// Whether dates and times are given as text, `2024-05-31`, and not as the numbers that are stored.
  var spellsOut = false
  private let cursor: Cursor
  private var flags = ParquetColumnBuffer<Bool>()
  private var narrow = ParquetColumnBuffer<Int32>()
  private var integers = ParquetColumnBuffer<Int64>()
  private var floats = ParquetColumnBuffer<Float>()
  private var numbers = ParquetColumnBuffer<Double>()
  private var strings = ParquetStringBuffer()
  private var lists: [[UInt8]] = []

  /// - Parameter takesLists: whether a column of lists will do.
  init(_ reader: ParquetReader, _ name: String, takesLists: Bool = false) throws {
    if takesLists, let list = reader.listColumns.first(where: { $0.name == name }) {
      column = list
      cursor = .list(try reader.listCursor(name))
      return
    }
    column = try reader.column(name)
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
    case .list(let cursor): lists = try cursor.read(count).map(Self.text)
    }
  }

  /// The value of a row in a column of integers; nil is a null or something else.
  func integer(_ row: Int) -> Int64? {
    switch cursor {
    case .int32: narrow[row].flatMap { exact(meaning(of: Int64($0))) }
    case .int64: integers[row].flatMap { exact(meaning(of: $0)) }
    case .float: floats[row].flatMap { RecordColumn.integer(Double($0)) }
    case .double: numbers[row].flatMap { RecordColumn.integer($0) }
    case .flag, .string, .list: nil
    }
  }

  /// A list as text, elements without a value left out.
  private static func text(_ elements: [ParquetElement]) -> [UInt8] {
    var text: [UInt8] = [UInt8(ascii: "[")]
    for element in elements {
      let bytes: [UInt8]
      switch element {
      case .null: continue
      case .flag(let flag): bytes = Array("\(flag)".utf8)
      case .integer(let integer): bytes = Array("\(integer)".utf8)
      case .number(let number): bytes = Array(decimal(number).utf8)
      case .text(let value): bytes = value
      }
      if text.count > 1 { text.append(UInt8(ascii: ",")) }
      text += bytes
    }
    return text + [UInt8(ascii: "]")]
  }

  private func exact(_ value: MappedValue) -> Int64? {
    if case .integer(let integer) = value { integer } else { nil }
  }

  /// What a stored integer stands for.
  private func meaning(of stored: Int64) -> MappedValue {
    switch column.annotation {
    case .integer(_, isSigned: false):
      if column.type == .int32 { return .integer(Int64(UInt32(truncatingIfNeeded: stored))) }
      return stored < 0 ? .large(UInt64(bitPattern: stored)) : .integer(stored)
    case .decimal(_, let scale) where scale > 0:
      // As an integer where it is one: a double may not hold all its digits.
      guard scale <= 18, let power = Int64(exactly: pow(10, Double(scale))) else {
        return .number(Double(stored) / pow(10, Double(scale)))
      }
      let (whole, rest) = stored.quotientAndRemainder(dividingBy: power)
      return rest == 0 ? .integer(whole) : .number(Double(stored) / Double(power))
    default: return .integer(stored)
    }
  }

  /// A date or a time as text; nil where the column holds neither.
  private func spelled(_ row: Int) -> String? {
    let stored: Int64?
    switch cursor {
    case .int32: stored = narrow[row].map { Int64($0) }
    case .int64: stored = integers[row]
    default: return nil
    }
    guard let stored else { return nil }
    switch column.annotation {
    case .date:
      guard stored.magnitude < 100_000_000 else { return nil }
      return String(DateText.text(stored * 86_400_000_000).prefix { $0 != "T" })
    case .time(let decimals, _), .localTime(let decimals):
      var sinceMidnight = false
      if case .time(_, true) = column.annotation { sinceMidnight = true }
      let units: [Int: Int64] = [3: 1000, 6: 1_000_000, 9: 1_000_000_000]
      guard let unit = units[decimals] else { return nil }
      let below: Int64 = stored % unit
      let rest: Int64 = below < 0 ? below + unit : below
      let seconds: Int64 = stored / unit - (below < 0 ? 1 : 0)
      guard seconds.magnitude < 9_000_000_000_000 else { return nil }
      var text = String(DateText.text(seconds * 1_000_000).dropLast())
      if sinceMidnight { text = String(text.suffix(8)) }
      if rest > 0 { text += ".\(String(rest + unit).dropFirst())" }
      return text
    case .duration(let decimals):
      let units: [Int: Int64] = [0: 1, 3: 1000, 6: 1_000_000, 9: 1_000_000_000]
      guard let unit = units[decimals] else { return nil }
      let (seconds, rest) = stored.quotientAndRemainder(dividingBy: unit)
      let sign = stored < 0 ? "-" : ""
      let digits = rest == 0 ? "" : ".\(String(abs(rest) + unit).dropFirst())"
      return "\(sign)PT\(abs(seconds))\(digits)S"
    default: return nil
    }
  }

  /// Calls `body` with the value of a row that was read; nil is a null.
  func withValue(
    _ row: Int, _ body: (MappedValue?) throws(RowError) -> Void
  ) throws(RowError) {
    if spellsOut, var text = spelled(row) {
      var failure: RowError?
      text.withUTF8 { bytes in
        do throws(RowError) {
          try body(.text(UnsafeRawBufferPointer(bytes)))
        } catch {
          failure = error
        }
      }
      if let failure { throw failure }
      return
    }
    switch cursor {
    case .flag: try body(flags[row].map { .flag($0) })
    case .int32: try body(narrow[row].map { meaning(of: Int64($0)) })
    case .int64: try body(integers[row].map { meaning(of: $0) })
    case .float: try body(floats[row].map { .number(Double($0)) })
    case .double: try body(numbers[row].map { .number($0) })
    case .list:
      var failure: RowError?
      lists[row].withUnsafeBytes { bytes in
        do throws(RowError) { try body(.text(bytes)) } catch { failure = error }
      }
      if let failure { throw failure }
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

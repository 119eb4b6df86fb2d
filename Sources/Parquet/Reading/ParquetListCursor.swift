/// A value of a list.
public enum ParquetElement: Sendable, Equatable {
  /// An element without a value.
  case null
  case flag(Bool)
  case integer(Int64)
  case number(Double)
  /// Text as its bytes.
  case text([UInt8])
}

/// Reads a column of lists in batches, across row groups; see `ParquetReader.listCursor`.
///
/// Holds a few thousand entries beside one page and one dictionary. A list that is missing counts as
/// empty.
public final class ParquetListCursor {
  private let decoder: ColumnDecoder
  private let shape: ListShape
  /// Entries that were decoded, and how many of them were taken.
  private var elements: [ParquetElement?] = []
  private var starts: [Bool] = []
  private var taken = 0

  init(_ decoder: ColumnDecoder, _ shape: ListShape) {
    self.decoder = decoder
    self.shape = shape
  }

  /// The next rows' lists, at most `count`: fewer only at the end of the file, none there.
  ///
  /// - Throws: `ParquetError` of code `.unsupported`, `.corrupt` or `.limitExceeded`; what the
  ///   input throws. After that the cursor must be dropped.
  public func read(_ count: Int) throws -> [[ParquetElement]] {
    var rows: [[ParquetElement]] = []
    var isOpen = false
    while true {
      if taken == elements.count, try !fill() { return rows }
      if starts[taken] {
        if rows.count == count { return rows }
        rows.append([])
        isOpen = true
      } else if !isOpen {
        throw ParquetError(
          .corrupt, "the first entry goes on with a list", column: decoder.column.name)
      }
      if let element = elements[taken] { rows[rows.count - 1].append(element) }
      taken += 1
    }
  }

  /// Decodes more entries of one page; false at the end.
  private func fill() throws -> Bool {
    let count = min(try decoder.advance(), 4096)
    guard count > 0 else { return false }
    let values = try decode(count)
    elements = zip(values, decoder.definitions).map { value, level in
      Int(level) >= shape.element ? value : nil
    }
    starts = decoder.repetitions.map { $0 == 0 }
    taken = 0
    return true
  }

  private func decode(_ count: Int) throws -> [ParquetElement] {
    func elements<Value: ParquetValue>(
      _ type: Value.Type, _ make: (Value) -> ParquetElement
    ) throws -> [ParquetElement] {
      var buffer = ParquetColumnBuffer<Value>()
      _ = try decoder.fill(&buffer, count)
      return (0..<count).map { buffer[$0].map(make) ?? .null }
    }
    switch decoder.column.type {
    case .boolean: return try elements(Bool.self) { .flag($0) }
    case .int32: return try elements(Int32.self) { .integer(Int64($0)) }
    case .int64: return try elements(Int64.self) { .integer($0) }
    case .float: return try elements(Float.self) { .number(Double($0)) }
    case .double: return try elements(Double.self) { .number($0) }
    case .string:
      var buffer = ParquetStringBuffer()
      _ = try decoder.fill(&buffer, count)
      return (0..<count).map { row in
        guard buffer.validity.isEmpty || buffer.validity[row] else { return .null }
        return buffer.table.withBytes(of: Int(buffer.codes[row])) { .text(Array($0)) }
      }
    }
  }
}

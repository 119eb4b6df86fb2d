/// Values of one column, one slot a row: what the reader fills and the writer takes.
///
/// Meant to be reused: reading into a buffer keeps its memory.
public struct ParquetColumnBuffer<Value: ParquetValue>: Sendable {
  /// One value a row; the slot of a null holds `Value.parquetZero`.
  public var values: [Value] = []
  /// Whether each row has a value. Empty if all of them do.
  public var validity: [Bool] = []

  /// An empty buffer.
  public init() {}

  /// A row for each of `values`, none of them null.
  public init(_ values: [Value]) { self.values = values }

  /// The number of rows.
  @inlinable public var count: Int { values.count }

  /// The value of `row`, or nil if it is null.
  @inlinable public subscript(row: Int) -> Value? {
    validity.isEmpty || validity[row] ? values[row] : nil
  }

  /// Adds a row. Complexity: amortised constant; linear in `count` for the first null.
  @inlinable public mutating func append(_ value: Value?) {
    if let value {
      if !validity.isEmpty { validity.append(true) }
      values.append(value)
    } else {
      if validity.isEmpty { validity = Array(repeating: true, count: values.count) }
      validity.append(false)
      values.append(Value.parquetZero)
    }
  }

  /// Removes all rows and keeps the memory.
  @inlinable public mutating func removeAll() {
    values.removeAll(keepingCapacity: true)
    validity.removeAll(keepingCapacity: true)
  }
}

/// Strings of one column, one code a row, and the table that the codes refer to.
public struct ParquetStringBuffer: Sendable {
  /// One code a row, an index into `table`; 0 for a null.
  public var codes: [UInt32] = []
  /// Whether each row has a value. Empty if all of them do.
  public var validity: [Bool] = []
  /// What the codes refer to. After a read it may hold strings that no row uses.
  public var table = ParquetStringTable()
  /// After a read through a cursor, the number of the dictionary that `table` is; nil if it was made
  /// for these rows. The tables of two reads with the same number are the same.
  public internal(set) var dictionary: Int?

  /// An empty buffer.
  public init() {}

  /// The number of rows.
  @inlinable public var count: Int { codes.count }

  /// The string of `row`, or nil if it is null.
  public subscript(row: Int) -> String? {
    validity.isEmpty || validity[row] ? table[Int(codes[row])] : nil
  }

  /// Adds a row and, unless it is null, an entry to the table. To repeat a string cheaply, append
  /// its code instead.
  public mutating func append(_ string: String?) {
    append(code: string.map { table.append($0) })
  }

  /// Adds a row that refers to an entry of the table, or a null.
  @inlinable public mutating func append(code: UInt32?) {
    if let code {
      if !validity.isEmpty { validity.append(true) }
      codes.append(code)
    } else {
      if validity.isEmpty { validity = Array(repeating: true, count: codes.count) }
      validity.append(false)
      codes.append(0)
    }
  }

  /// Removes all rows and keeps the memory; the table is emptied only if `strings` is true.
  @inlinable public mutating func removeAll(strings: Bool = true) {
    codes.removeAll(keepingCapacity: true)
    validity.removeAll(keepingCapacity: true)
    if strings { table.removeAll() }
  }
}

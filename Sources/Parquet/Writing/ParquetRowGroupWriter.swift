/// Takes the columns of one row group; see `ParquetWriter`.
public struct ParquetRowGroupWriter: ~Copyable {
  /// The number of rows each column must have.
  public let rowCount: Int
  @usableFromInline let writer: ParquetWriter

  init(rowCount: Int, writer: ParquetWriter) {
    self.rowCount = rowCount
    self.writer = writer
  }

  /// Writes a column that has a value in every row; `value` is called once a row, in order.
  @inlinable
  public borrowing func write<Value: ParquetValue>(
    _ name: String, value: (_ row: Int) throws -> Value
  ) throws {
    try writer.open(name, Value.parquetType)
    let values = writer.scratch.values.bindMemory(to: Value.self, capacity: rowCount)
    for row in 0..<rowCount { values[row] = try value(row) }
    try writer.close(name, present: rowCount)
  }

  /// Writes a column of which some rows lack a value: those for which `value` is nil.
  @inlinable
  public borrowing func writeOptional<Value: ParquetValue>(
    _ name: String, value: (_ row: Int) throws -> Value?
  ) throws {
    try writer.open(name, Value.parquetType)
    let values = writer.scratch.values.bindMemory(to: Value.self, capacity: rowCount)
    let validity = writer.scratch.validity
    var present = 0
    for row in 0..<rowCount {
      if let value = try value(row) {
        values[present] = value
        present += 1
        validity[row] = true
      } else {
        validity[row] = false
      }
    }
    try writer.close(name, present: present)
  }

  /// Writes a string column that has a value in every row, given as codes into `table`.
  @inlinable
  public borrowing func writeStrings(
    _ name: String, table: ParquetStringTable, code: (_ row: Int) throws -> UInt32
  ) throws {
    try writer.open(name, .string)
    let codes = writer.scratch.values.bindMemory(to: UInt32.self, capacity: rowCount)
    for row in 0..<rowCount { codes[row] = try code(row) }
    try writer.close(name, present: rowCount, table: table)
  }

  /// Writes a string column of which some rows lack a value, given as codes into `table`.
  @inlinable
  public borrowing func writeOptionalStrings(
    _ name: String, table: ParquetStringTable, code: (_ row: Int) throws -> UInt32?
  ) throws {
    try writer.open(name, .string)
    let codes = writer.scratch.values.bindMemory(to: UInt32.self, capacity: rowCount)
    let validity = writer.scratch.validity
    var present = 0
    for row in 0..<rowCount {
      if let code = try code(row) {
        codes[present] = code
        present += 1
        validity[row] = true
      } else {
        validity[row] = false
      }
    }
    try writer.close(name, present: present, table: table)
  }

  /// Writes a column whose values `fill` puts into place at once.
  ///
  /// - Parameters:
  ///   - name: the column's name.
  ///   - type: the type of its values.
  ///   - fill: puts the values that rows have end to end, and for each row whether it has one (which
  ///     may be left out if all have), and returns how many have.
  @inlinable
  public borrowing func write<Value: ParquetValue>(
    _ name: String, of type: Value.Type,
    fill: (UnsafeMutablePointer<Value>, UnsafeMutablePointer<Bool>) throws -> Int
  ) throws {
    try writer.open(name, Value.parquetType)
    let values = writer.scratch.values.bindMemory(to: Value.self, capacity: rowCount)
    let present = try fill(values, writer.scratch.validity)
    try writer.close(name, present: present)
  }

  /// Writes a string column whose codes into `table` `fill` puts into place at once, one a row.
  ///
  /// - Parameters:
  ///   - name: the column's name.
  ///   - table: what the codes refer to.
  ///   - nullCode: the code of a missing value; nil if none is missing.
  ///   - fill: puts a code for every row.
  @inlinable
  public borrowing func writeStrings(
    _ name: String, table: ParquetStringTable, nullCode: UInt32?,
    fill: (UnsafeMutablePointer<UInt32>) throws -> Void
  ) throws {
    try writer.open(name, .string)
    let codes = writer.scratch.values.bindMemory(to: UInt32.self, capacity: rowCount)
    let validity = writer.scratch.validity
    try fill(codes)
    guard let nullCode else { return try writer.close(name, present: rowCount, table: table) }
    var present = 0
    for row in 0..<rowCount {
      let code = codes[row]
      validity[row] = code != nullCode
      codes[present] = code
      present += code != nullCode ? 1 : 0
    }
    try writer.close(name, present: present, table: table)
  }

  /// Writes a column from a buffer.
  @inlinable
  public borrowing func write<Value: ParquetValue>(
    _ name: String, _ buffer: ParquetColumnBuffer<Value>
  ) throws {
    try writer.require(name, values: buffer.values.count, validity: buffer.validity.count, rowCount)
    try buffer.values.withUnsafeBufferPointer { values in
      if buffer.validity.isEmpty { return try write(name) { values[$0] } }
      try buffer.validity.withUnsafeBufferPointer { validity in
        try writeOptional(name) { validity[$0] ? values[$0] : nil }
      }
    }
  }

  /// Writes a string column from a buffer.
  public borrowing func write(_ name: String, _ buffer: ParquetStringBuffer) throws {
    try writer.require(name, values: buffer.codes.count, validity: buffer.validity.count, rowCount)
    try buffer.codes.withUnsafeBufferPointer { codes in
      if buffer.validity.isEmpty {
        return try writeStrings(name, table: buffer.table) { codes[$0] }
      }
      try buffer.validity.withUnsafeBufferPointer { validity in
        try writeOptionalStrings(name, table: buffer.table) { validity[$0] ? codes[$0] : nil }
      }
    }
  }
}

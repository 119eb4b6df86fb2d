/// Takes the columns of one row group; see `ParquetWriter`.
public struct ParquetRowGroupWriter: ~Copyable {
  /// The number of rows each column must have.
  public let rowCount: Int
  @usableFromInline let writer: ParquetWriter

  /// Writes a column that has a value in every row; `value` is called once a row, in order.
  @inlinable
  public borrowing func write<Value: ParquetValue>(
    _ name: String, value: (_ row: Int) throws -> Value
  ) throws {
    fatalError("skeleton")
  }

  /// Writes a column of which some rows lack a value: those for which `value` is nil.
  @inlinable
  public borrowing func writeOptional<Value: ParquetValue>(
    _ name: String, value: (_ row: Int) throws -> Value?
  ) throws {
    fatalError("skeleton")
  }

  /// Writes a string column that has a value in every row, given as codes into `table`.
  @inlinable
  public borrowing func writeStrings(
    _ name: String, table: ParquetStringTable, code: (_ row: Int) throws -> UInt32
  ) throws {
    fatalError("skeleton")
  }

  /// Writes a string column of which some rows lack a value, given as codes into `table`.
  @inlinable
  public borrowing func writeOptionalStrings(
    _ name: String, table: ParquetStringTable, code: (_ row: Int) throws -> UInt32?
  ) throws {
    fatalError("skeleton")
  }

  /// Writes a column from a buffer.
  public borrowing func write<Value: ParquetValue>(
    _ name: String, _ buffer: ParquetColumnBuffer<Value>
  ) throws {
    fatalError("skeleton")
  }

  /// Writes a string column from a buffer.
  public borrowing func write(_ name: String, _ buffer: ParquetStringBuffer) throws {
    fatalError("skeleton")
  }
}

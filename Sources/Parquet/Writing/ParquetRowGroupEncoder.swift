/// Encodes row groups apart from the file that they will stand in, so that several threads can work
/// on one file: each has an encoder, and one of them appends what they made, in order.
///
/// The file is the same as if `ParquetWriter.writeRowGroup` had been called. An encoder belongs to
/// one thread at a time and can be used again.
public final class ParquetRowGroupEncoder {
  private final class Output {
    var bytes: [UInt8] = []
  }

  private let writer: ParquetWriter
  private let output = Output()

  /// - Parameters: as those of `ParquetWriter`.
  public init(
    columns: [ParquetColumn], options: ParquetWriter.Options = ParquetWriter.Options()
  ) throws {
    writer = try ParquetWriter(columns: columns, options: options) { [output] in
      output.bytes.append(contentsOf: $0)
    }
  }

  /// Encodes a row group; see `ParquetWriter.writeRowGroup`.
  ///
  /// - Parameters:
  ///   - range: the columns to encode, all if it is nil: the pieces of a row group may come from
  ///     several encoders.
  ///   - rowCount: how many rows there are.
  ///   - body: writes the columns of `range`.
  public func encode(
    columns range: Range<Int>? = nil, rowCount: Int,
    _ body: (borrowing ParquetRowGroupWriter) throws -> Void
  ) throws -> EncodedRowGroup {
    let range = range ?? writer.columns.indices
    guard range.upperBound <= writer.columns.count, !range.isEmpty else {
      throw ParquetError(.invalidUse, "there are no such columns")
    }
    output.bytes = []
    let start = writer.byteCount
    try writer.writeRowGroup(rowCount: rowCount, columns: range, body)
    guard let metadata = writer.metadata.rowGroups.popLast() else {
      throw ParquetError(.invalidUse, "the row group was not written")
    }
    defer { output.bytes = [] }
    return EncodedRowGroup(
      bytes: output.bytes, start: start, metadata: metadata,
      columns: Array(writer.columns[range]))
  }
}

/// A row group, or some columns of one, in its final bytes, to be appended to a file.
public struct EncodedRowGroup: Sendable {
  let bytes: [UInt8]
  /// What its offsets count from.
  let start: Int
  let metadata: RowGroupMetadata
  let columns: [ParquetColumn]
}

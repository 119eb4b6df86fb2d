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
  public func encode(
    rowCount: Int, _ body: (borrowing ParquetRowGroupWriter) throws -> Void
  ) throws -> EncodedRowGroup {
    output.bytes = []
    let start = writer.byteCount
    try writer.writeRowGroup(rowCount: rowCount, body)
    guard let metadata = writer.metadata.rowGroups.popLast() else {
      throw ParquetError(.invalidUse, "the row group was not written")
    }
    defer { output.bytes = [] }
    return EncodedRowGroup(
      bytes: output.bytes, start: start, metadata: metadata, columns: writer.columns)
  }
}

/// A row group in its final bytes, to be appended to a file.
public struct EncodedRowGroup: Sendable {
  let bytes: [UInt8]
  /// What its offsets count from.
  let start: Int
  let metadata: RowGroupMetadata
  let columns: [ParquetColumn]
}

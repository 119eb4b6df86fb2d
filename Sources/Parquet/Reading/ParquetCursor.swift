/// Reads a column in batches, across row groups; see `ParquetReader.cursor`.
///
/// Holds one page and one dictionary of its column. Cursors of several columns that are asked for
/// the same numbers of rows stay in step.
public final class ParquetCursor<Value: ParquetValue> {
  @usableFromInline let decoder: ColumnDecoder

  init(_ decoder: ColumnDecoder) { self.decoder = decoder }

  /// Replaces the content of `buffer` by the next rows, at most `count` (more than 0): fewer only
  /// at the end of the file. Returns how many; 0 means the end, and stays so.
  ///
  /// - Throws: `ParquetError` of code `.unsupported`, `.corrupt` or `.limitExceeded`; what the
  ///   input throws. After that the cursor must be dropped.
  @inlinable
  public func read(_ count: Int, into buffer: inout ParquetColumnBuffer<Value>) throws -> Int {
    try decoder.fill(&buffer, count)
  }
}

/// Reads a string column in batches, across row groups; see `ParquetReader.stringCursor`.
public final class ParquetStringCursor {
  private let decoder: ColumnDecoder

  init(_ decoder: ColumnDecoder) { self.decoder = decoder }

  /// Replaces the content of `buffer` by the next rows, at most `count` (more than 0): fewer only
  /// at the end of the file. Returns how many; 0 means the end, and stays so.
  ///
  /// While rows are dictionary encoded, `buffer.table` is the dictionary itself: it changes only
  /// from one row group to the next, and is not copied. Throws as `ParquetCursor.read` does.
  public func read(_ count: Int, into buffer: inout ParquetStringBuffer) throws -> Int {
    try decoder.fill(&buffer, count)
  }
}

/// Splits one part's bytes into rows, block by block.
///
/// The place for readers of different speed and care: whatever they are, they accept the same rows.
protocol RowReader {
  /// Replaces the rows of `batch` with the next ones; false when there are none left.
  ///
  /// Throws `TraceError` with the line for what is not CSV, and whatever the stream throws; after
  /// `recover()` reading goes on with the next line.
  mutating func nextBatch(_ batch: inout RowBatch) throws(TraceError) -> Bool

  /// After an error in the text: skips the rest of the line.
  mutating func recover()
}

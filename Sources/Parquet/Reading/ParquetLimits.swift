/// Bounds on what a file may make the reader hold; past them it throws `.limitExceeded`.
public struct ParquetLimits: Sendable, Hashable {
  /// Bytes of the footer.
  public var footerBytes = 32 << 20
  /// Bytes of one page after decompression.
  public var pageBytes = 256 << 20
  /// Rows that one call may read; a cursor has no such bound, since its caller says how many.
  public var rows = 1 << 24

  /// The defaults.
  public init() {}
}

/// Random access to the bytes of a Parquet file.
public protocol ParquetInput {
  /// The number of bytes.
  var count: Int { get }
  /// Copies the bytes from `offset` on into `buffer`, all of it.
  ///
  /// The reader asks only for bytes below `count`. Throws if they cannot be had.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws
}

/// A Parquet file in memory.
public struct ParquetBytes: ParquetInput, Sendable {
  /// The bytes.
  public var bytes: [UInt8]

  /// The file whose content is `bytes`.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The number of bytes.
  public var count: Int { bytes.count }

  /// Copies the bytes from `offset` on into `buffer`.
  public func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) {
    bytes.withUnsafeBytes {
      buffer.copyMemory(from: .init(rebasing: $0[offset..<offset + buffer.count]))
    }
  }
}

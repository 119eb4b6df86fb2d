import CZstd

/// Decompresses pages. A further codec is one more case in `decompress` and its largest ratio in
/// `largestExpansion`.
struct PageDecompressor: ~Copyable {
  private var zstd: OpaquePointer?
  private var gzip: GzipExpander?

  init() {}

  deinit { if let zstd { ZSTD_freeDCtx(zstd) } }

  /// The most bytes that one compressed byte can stand for: a page whose header claims more is
  /// refused before any memory is taken for it.
  private static func largestExpansion(_ codec: Codec) -> Int {
    switch codec {
    case .snappy: 32  // a 3-byte copy of 64 bytes
    case .gzip: 1032  // 258 bytes in two bits
    default: 1 << 16  // Zstandard: a 128 KiB block in 4 bytes
    }
  }

  /// Appends the `size` bytes that `bytes` stand for to `out`; any other number is an error.
  mutating func decompress(
    _ bytes: UnsafeRawBufferPointer, codec number: Int, size: Int, to out: inout ByteBuffer
  ) throws(ParquetError) {
    guard let codec = Codec(rawValue: number) else {
      throw ParquetError(.unsupported, "compression codec \(number) is not known")
    }
    if codec == .uncompressed {
      guard bytes.count == size else {
        throw ParquetError(.corrupt, "an uncompressed page of \(bytes.count) bytes claims \(size)")
      }
      return out.append(bytes)
    }
    guard size <= (bytes.count + 16) * PageDecompressor.largestExpansion(codec) else {
      throw ParquetError(.corrupt, "a page of \(bytes.count) bytes claims to hold \(size)")
    }
    out.reserve(size)
    let target = UnsafeMutableRawBufferPointer(start: out.base + out.count, count: size)
    let written: Int
    switch codec {
    case .uncompressed: written = size
    case .zstd: written = try expandZstd(bytes, to: target)
    case .snappy: written = try Snappy.expand(bytes, to: target)
    case .gzip: written = try expandGzip(bytes, to: target)
    case .lzo, .brotli, .lz4, .lz4Raw:
      throw ParquetError(
        .unsupported, "pages compressed with \(codec) are not supported; use zstd, snappy or gzip")
    }
    guard written == size else {
      throw ParquetError(.corrupt, "a page holds \(written) bytes and claims \(size)")
    }
    out.count += size
  }

  private mutating func expandZstd(
    _ bytes: UnsafeRawBufferPointer, to out: UnsafeMutableRawBufferPointer
  ) throws(ParquetError) -> Int {
    if zstd == nil { zstd = ZSTD_createDCtx() }
    let size = ZSTD_decompressDCtx(
      zstd, out.baseAddress, out.count, bytes.baseAddress, bytes.count)
    guard ZSTD_isError(size) == 0 else {
      throw ParquetError(
        .corrupt, "a page is not valid Zstandard: \(String(cString: ZSTD_getErrorName(size)))")
    }
    return size
  }

  private mutating func expandGzip(
    _ bytes: UnsafeRawBufferPointer, to out: UnsafeMutableRawBufferPointer
  ) throws(ParquetError) -> Int {
    let expander = gzip.take() ?? GzipExpander()
    let result = Result { () throws(ParquetError) in try expander.expand(bytes, to: out) }
    gzip = consume expander
    return try result.get()
  }
}

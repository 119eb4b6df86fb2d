import CZstd

/// Compresses pages with one reused Zstandard context.
struct ZstdCompressor: ~Copyable {
  private let context: OpaquePointer

  init(level: Int32) {
    context = ZSTD_createCCtx()
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
    // Every Zstandard reader checks it: a changed byte in a page is noticed.
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
  }

  deinit { ZSTD_freeCCtx(context) }

  /// Replaces the content of `out` by one frame that holds `bytes`.
  borrowing func compress(_ bytes: UnsafeRawBufferPointer, to out: inout ByteBuffer) {
    out.count = 0
    let bound = ZSTD_compressBound(bytes.count)
    out.reserve(bound)
    let size = ZSTD_compress2(context, out.base, bound, bytes.baseAddress, bytes.count)
    precondition(ZSTD_isError(size) == 0, "Zstandard failed with enough room")
    out.count = size
  }
}

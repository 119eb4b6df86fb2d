import CISAL

/// Gzip members, through ISA-L, which checks their CRC and length.
struct GzipExpander: ~Copyable {
  /// ISA-L's state is 80 KB: made once, and only where a file needs it.
  private let state: UnsafeMutablePointer<inflate_state>

  init() { state = .allocate(capacity: 1) }

  deinit { state.deallocate() }

  /// Expands the members in `bytes` to `out` and returns how many bytes that made.
  borrowing func expand(
    _ bytes: UnsafeRawBufferPointer, to out: UnsafeMutableRawBufferPointer
  ) throws(ParquetError) -> Int {
    var input = bytes
    var done = 0
    repeat {
      isal_inflate_init(state)
      state.pointee.crc_flag = UInt32(ISAL_GZIP)
      // ISA-L takes the input as mutable and does not write to it.
      state.pointee.next_in = UnsafeMutablePointer(
        mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
      state.pointee.avail_in = UInt32(input.count)
      state.pointee.next_out = (out.baseAddress! + done).assumingMemoryBound(to: UInt8.self)
      state.pointee.avail_out = UInt32(out.count - done)
      let code = isal_inflate(state)
      guard code == ISAL_DECOMP_OK, state.pointee.block_state == ISAL_BLOCK_FINISH else {
        throw ParquetError(.corrupt, "a page is not valid gzip of its stated size (\(code))")
      }
      done = out.count - Int(state.pointee.avail_out)
      let left = Int(state.pointee.avail_in)
      input = UnsafeRawBufferPointer(rebasing: input[(input.count - left)...])
    } while !input.isEmpty
    return done
  }
}

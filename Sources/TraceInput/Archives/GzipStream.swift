import CISAL
import Diagnostics

/// Inflates gzip through ISA-L: every member, each one's CRC-32 and length checked.
///
/// libarchive would accept a member with a wrong CRC without a word, so gzip does not go through it.
package final class GzipStream: ByteStream {
  private let base: any ByteStream
  private let state: UnsafeMutablePointer<inflate_state>
  private let input: UnsafeMutableRawBufferPointer
  private var betweenMembers = true
  private var members = 0
  private var ended = false
  /// What is wrong behind the bytes that were given.
  private var damage: TraceError?

  package static let magic: [UInt8] = [0x1f, 0x8b]
  private static let headroom = 16

  package init(_ base: any ByteStream) {
    self.base = base
    state = .allocate(capacity: 1)
    input = .allocate(byteCount: 1 << 18, alignment: 64)
    isal_inflate_init(state)
    state.pointee.avail_in = 0
  }

  deinit {
    state.deallocate()
    input.deallocate()
  }

  package var name: String { base.name }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    guard !buffer.isEmpty else { return 0 }
    if let damage { throw damage }
    while !ended {
      if betweenMembers, try !beginMember() { break }
      let capacity = min(buffer.count, Int(UInt32.max))
      state.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
      state.pointee.avail_out = UInt32(capacity)
      let status = isal_inflate(state)
      let count = capacity - Int(state.pointee.avail_out)
      guard status >= ISAL_DECOMP_OK else {
        let error = failure(status)
        if count == 0 { throw error }
        damage = error
        return count
      }
      if state.pointee.block_state == ISAL_BLOCK_FINISH { endMember() }
      if count > 0 { return count }
      if !betweenMembers, state.pointee.avail_in == 0, try fill() == 0 {
        throw TraceError(
          .damaged, "the gzip data end in the middle of member \(members): the file is truncated",
          file: name)
      }
    }
    ended = true
    return 0
  }

  /// Gives back the whole bytes that the decoder holds beyond the end of the member. They may come
  /// from the block before, so `input` keeps room for them in front.
  private func endMember() {
    betweenMembers = true
    var held = Int(state.pointee.read_in_length) / 8
    var bits = state.pointee.read_in >> UInt64(state.pointee.read_in_length % 8)
    state.pointee.next_in -= held
    state.pointee.avail_in += UInt32(held)
    var place = state.pointee.next_in
    while held > 0 {
      place?.pointee = UInt8(truncatingIfNeeded: bits)
      place = place?.successor()
      bits >>= 8
      held -= 1
    }
  }

  /// Sets up the next member; false at the end of the file. Zero bytes may pad the end (tape
  /// blocks); anything else there is an error.
  private func beginMember() throws(TraceError) -> Bool {
    if members > 0 {
      while true {
        if state.pointee.avail_in == 0, try fill() == 0 { return false }
        if state.pointee.next_in.pointee != 0 { break }
        state.pointee.next_in += 1
        state.pointee.avail_in -= 1
      }
    } else if try fill() == 0 {
      throw TraceError(.damaged, "the file is empty, not gzip", file: name)
    }
    if state.pointee.next_in.pointee != Self.magic[0] {
      throw TraceError(
        .damaged, "what follows gzip member \(members) is not gzip: the file is damaged", file: name
      )
    }
    let (next, available) = (state.pointee.next_in, state.pointee.avail_in)
    isal_inflate_reset(state)
    state.pointee.crc_flag = UInt32(ISAL_GZIP)
    state.pointee.next_in = next
    state.pointee.avail_in = available
    members += 1
    betweenMembers = false
    return true
  }

  private func fill() throws(TraceError) -> Int {
    let space = UnsafeMutableRawBufferPointer(rebasing: input[Self.headroom...])
    let count = try base.read(into: space)
    state.pointee.next_in = space.baseAddress?.assumingMemoryBound(to: UInt8.self)
    state.pointee.avail_in = UInt32(count)
    return count
  }

  private func failure(_ status: Int32) -> TraceError {
    let what =
      switch status {
      case ISAL_INCORRECT_CHECKSUM:
        "wrong CRC or length in gzip member \(members): the file is damaged"
      case ISAL_UNSUPPORTED_METHOD: "gzip member \(members) uses an unknown compression method"
      case ISAL_INVALID_WRAPPER: "gzip member \(members) has a damaged header"
      default: "damaged gzip data in member \(members)"
      }
    return TraceError(.damaged, what, file: name)
  }
}

/// Texts that live until they are let go of, all at once.
package final class TextArena {
  private var chunks: [UnsafeMutableRawBufferPointer] = []
  private var chunk = 0
  private var used = 0

  private static let chunkBytes = 1 << 16

  package init() {}

  deinit { for chunk in chunks { chunk.deallocate() } }

  /// Lets go of all texts.
  package func reset() { (chunk, used) = (0, 0) }

  /// A copy of `bytes`.
  package func copy(_ bytes: some Collection<UInt8>) -> UnsafeRawBufferPointer {
    while chunk < chunks.count, chunks[chunk].count - used < bytes.count {
      (chunk, used) = (chunk + 1, 0)
    }
    if chunk == chunks.count {
      chunks.append(.allocate(byteCount: max(Self.chunkBytes, bytes.count), alignment: 8))
    }
    let place = UnsafeMutableRawBufferPointer(rebasing: chunks[chunk][used..<used + bytes.count])
    place.copyBytes(from: bytes)
    used += bytes.count
    return UnsafeRawBufferPointer(place)
  }
}

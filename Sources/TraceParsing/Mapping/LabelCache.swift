/// What short texts were last found to mean, by the columns that they stand in: states and classes are a
/// few words over and over.
final class LabelCache {
  private struct Entry {
    var low: UInt64 = 0
    var high: UInt64 = 0
    var column: Int32 = -1
    var count: Int32 = 0
    var meaning: Int64 = 0
  }

  private static let size = 256
  private let entries: UnsafeMutablePointer<Entry>

  init() {
    entries = .allocate(capacity: Self.size)
    entries.initialize(repeating: Entry(), count: Self.size)
  }

  deinit { entries.deallocate() }

  /// A text of up to 16 bytes as two words; nil for a longer one.
  @inline(__always)
  private static func words(_ bytes: UnsafeRawBufferPointer) -> (low: UInt64, high: UInt64)? {
    let count = bytes.count
    if count >= 8 {
      guard count <= 16 else { return nil }
      return (
        bytes.loadUnaligned(as: UInt64.self),
        bytes.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
      )
    }
    var low: UInt64 = 0
    for byte in bytes { low = low << 8 | UInt64(byte) }
    return (low, 0)
  }

  @inline(__always)
  private static func place(_ words: (low: UInt64, high: UInt64), _ column: Int, _ count: Int)
    -> Int
  {
    let mixed = (words.low ^ words.high &* 31 ^ UInt64(truncatingIfNeeded: column &* 64 &+ count))
    return Int(truncatingIfNeeded: (mixed &* 0x9e37_79b9_7f4a_7c15) >> 56)
  }

  /// What `bytes` mean in a column; nil where that is not known.
  @inline(__always)
  func meaning(of bytes: UnsafeRawBufferPointer, in column: Int) -> Int64? {
    guard let words = Self.words(bytes) else { return nil }
    let entry = entries[Self.place(words, column, bytes.count)]
    guard entry.low == words.low, entry.high == words.high, Int(entry.column) == column,
      Int(entry.count) == bytes.count
    else { return nil }
    return entry.meaning
  }

  /// Notes what `bytes` mean in a column.
  func note(_ meaning: Int64, of bytes: UnsafeRawBufferPointer, in column: Int) {
    guard let words = Self.words(bytes) else { return }
    entries[Self.place(words, column, bytes.count)] = Entry(
      low: words.low, high: words.high, column: Int32(truncatingIfNeeded: column),
      count: Int32(truncatingIfNeeded: bytes.count), meaning: meaning)
  }
}

/// Strings numbered from 0, their bytes end to end in one buffer: what the codes of a string column
/// refer to.
///
/// Entries need not be distinct; the writer stores equal ones once.
public struct ParquetStringTable: Sendable, Hashable {
  /// The bytes of all strings, one after the other.
  @usableFromInline var bytes: [UInt8] = []
  /// Where each string ends in `bytes`.
  @usableFromInline var ends: [Int] = []

  /// An empty table.
  public init() {}

  /// The strings in their order. Complexity: linear in their bytes.
  public init(_ strings: some Sequence<String>) {
    for string in strings { append(string) }
  }

  /// The number of strings.
  @inlinable public var count: Int { ends.count }

  /// Adds a string and returns its code. Complexity: amortised linear in its bytes.
  @discardableResult
  public mutating func append(_ string: String) -> UInt32 {
    bytes.append(contentsOf: string.utf8)
    return close()
  }

  /// Adds a string given as bytes and returns its code. The bytes are not checked here; the writer
  /// refuses a column that refers to bytes that are not UTF-8.
  @discardableResult
  @inlinable
  public mutating func append(bytes string: UnsafeRawBufferPointer) -> UInt32 {
    bytes.append(contentsOf: string)
    return close()
  }

  /// Adds all strings of another table.
  mutating func append(contentsOf other: ParquetStringTable) {
    let start = bytes.count
    bytes.append(contentsOf: other.bytes)
    ends.append(contentsOf: other.ends.lazy.map { $0 + start })
  }

  /// Ends the string whose bytes were just added.
  @usableFromInline mutating func close() -> UInt32 {
    precondition(ends.count < UInt32.max, "a string table holds at most 2^32 - 1 strings")
    ends.append(bytes.count)
    return UInt32(truncatingIfNeeded: ends.count - 1)
  }

  /// Where string `code` lies in `bytes`.
  @inlinable func range(_ code: Int) -> Range<Int> {
    Range(uncheckedBounds: (code == 0 ? 0 : ends[code - 1], ends[code]))
  }

  /// String `code`, with bytes that are not UTF-8 replaced by U+FFFD. `code` must be below `count`.
  public subscript(code: Int) -> String {
    String(decoding: bytes[range(code)], as: UTF8.self)
  }

  /// Calls `body` with the bytes of string `code`, which must be below `count`.
  @inlinable
  public func withBytes<R, E: Error>(
    of code: Int, _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    let range = range(code)
    return try bytes.span.withUnsafeBytes { (all) throws(E) -> R in
      try body(UnsafeRawBufferPointer(rebasing: all[range]))
    }
  }

  /// Removes all strings and keeps the memory.
  public mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
  }
}

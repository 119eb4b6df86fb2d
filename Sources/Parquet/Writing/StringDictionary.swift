/// Finds the distinct strings of a column, in order of first appearance.
struct StringDictionary: ~Copyable {
  /// For each code of the caller's table, the chunk that last used it and its number there.
  private var known: [(chunk: UInt32, number: UInt32)] = []
  private var chunk: UInt32 = 0
  /// Open addressing by content: the number of an entry plus 1, or 0.
  private var slots: [UInt32] = []
  /// The distinct strings, as codes of the caller's table.
  private(set) var entries: [UInt32] = []
  /// The bytes that the column takes PLAIN.
  private(set) var plainSize = 0
  /// The bytes that the dictionary and the indices take.
  private(set) var encodedSize = 0

  init() {}

  /// Numbers the strings of `codes` and leaves the numbers in `indices`. Throws if a code is not
  /// in the table or its string is not UTF-8. Complexity: linear in the codes and in the bytes of
  /// the distinct strings, on average.
  mutating func build(
    _ codes: UnsafeBufferPointer<UInt32>, _ table: ParquetStringTable, indices: inout ByteBuffer
  ) throws {
    indices.count = 0
    indices.reserve(codes.count * 4)
    let out = indices.base.assumingMemoryBound(to: UInt32.self)
    entries.removeAll(keepingCapacity: true)
    slots = Array(repeating: 0, count: 1024)
    plainSize = 0
    chunk &+= 1
    if known.count < table.count || chunk == 0 {
      chunk = 1
      known = Array(repeating: (0, 0), count: max(table.count, known.count))
    }
    var dictionarySize = 0
    for (index, code) in codes.enumerated() {
      guard code < table.count else {
        throw ParquetError(
          .invalidUse, "row code \(code) is not below the table's \(table.count) strings")
      }
      if known[Int(code)].chunk != chunk {
        let (number, isNew) = try enter(code, table)
        known[Int(code)] = (chunk, number)
        if isNew { dictionarySize += 4 + table.range(Int(code)).count }
      }
      out[index] = known[Int(code)].number
      plainSize += 4 + table.range(Int(code)).count
    }
    let width = bitWidth(forCount: entries.count)
    encodedSize = dictionarySize + HybridEncoder.bound(count: codes.count, width: width)
  }

  /// The number of a string that no code led to yet: equal strings may have several codes.
  private mutating func enter(
    _ code: UInt32, _ table: ParquetStringTable
  ) throws -> (number: UInt32, isNew: Bool) {
    if (entries.count + 1) * 2 > slots.count { rehash(table) }
    var slot = StringDictionary.hash(code, table) & (slots.count - 1)
    while slots[slot] != 0 {
      let number = slots[slot] - 1
      if StringDictionary.areEqual(entries[Int(number)], code, table) { return (number, false) }
      slot = (slot + 1) & (slots.count - 1)
    }
    guard table.withBytes(of: Int(code), isUTF8) else {
      throw ParquetError(.invalidUse, "string \(code), '\(table[Int(code)])', is not UTF-8")
    }
    entries.append(code)
    slots[slot] = UInt32(entries.count)
    return (UInt32(entries.count - 1), true)
  }

  private mutating func rehash(_ table: ParquetStringTable) {
    let mask = slots.count * 2 - 1
    slots = Array(repeating: 0, count: mask + 1)
    for (number, code) in entries.enumerated() {
      var slot = StringDictionary.hash(code, table) & mask
      while slots[slot] != 0 { slot = (slot + 1) & mask }
      slots[slot] = UInt32(number + 1)
    }
  }

  /// FNV-1a, mixed. Only the place in the table depends on it, never the output.
  private static func hash(_ code: UInt32, _ table: ParquetStringTable) -> Int {
    table.withBytes(of: Int(code)) { bytes in
      var hash: UInt64 = 0xcbf2_9ce4_8422_2325
      for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      return Int(truncatingIfNeeded: (hash ^ hash >> 29) >> 1)
    }
  }

  private static func areEqual(_ a: UInt32, _ b: UInt32, _ table: ParquetStringTable) -> Bool {
    table.withBytes(of: Int(a)) { a in
      table.withBytes(of: Int(b)) { b in a.count == b.count && a.elementsEqual(b) }
    }
  }

  /// The first and the last of the strings in the order of their bytes; nil if there are none.
  func leastAndGreatest(_ table: ParquetStringTable) -> (least: [UInt8], greatest: [UInt8])? {
    guard var least = entries.first else { return nil }
    var greatest = least
    func precedes(_ a: UInt32, _ b: UInt32) -> Bool {
      table.withBytes(of: Int(a)) { a in
        table.withBytes(of: Int(b)) { b in a.lexicographicallyPrecedes(b) }
      }
    }
    for code in entries {
      if precedes(code, least) { least = code }
      if precedes(greatest, code) { greatest = code }
    }
    return (
      table.withBytes(of: Int(least)) { Array($0) },
      table.withBytes(of: Int(greatest)) { Array($0) }
    )
  }
}

/// Whether `bytes` are valid UTF-8.
private func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
  var all: UInt8 = 0
  for byte in bytes { all |= byte }
  return all < 0x80 || String(validating: bytes, as: UTF8.self) != nil
}

/// Bounds of strings that are too long to stand in the statistics whole.
enum StringBound {
  /// The most bytes of a bound.
  static let limit = 64

  /// A string that is not after `string`, and whether it is `string` itself.
  static func lower(_ string: [UInt8]) -> (bound: [UInt8], isExact: Bool) {
    string.count <= limit ? (string, true) : (prefix(string), false)
  }

  /// A string that is not before `string`, and whether it is `string` itself; nil if none as short
  /// as that exists.
  static func upper(_ string: [UInt8]) -> (bound: [UInt8]?, isExact: Bool) {
    if string.count <= limit { return (string, true) }
    // The last character that has a successor gets it; what follows is dropped.
    var scalars = Array(String(decoding: prefix(string), as: UTF8.self).unicodeScalars)
    while let last = scalars.popLast() {
      let next = last.value == 0xd7ff ? 0xe000 : last.value + 1
      if let scalar = Unicode.Scalar(next) {
        scalars.append(scalar)
        return (scalars.flatMap { Array(String($0).utf8) }, false)
      }
    }
    return (nil, false)
  }

  /// The longest prefix of at most `limit` bytes that ends with a whole character.
  private static func prefix(_ string: [UInt8]) -> [UInt8] {
    var end = limit
    while end > 0 && string[end] & 0xc0 == 0x80 { end -= 1 }
    return Array(string[..<end])
  }
}

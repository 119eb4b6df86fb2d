/// Strings told apart by small numbers, given out in order of first appearance.
///
/// Number 0 is the empty string: "not known". Interning is O(length) on average and allocates
/// nothing for a string that is there already.
public struct SymbolTable: Sendable, Equatable {
  /// The strings, by number.
  public private(set) var strings: [String] = [""]
  private var bytes: [UInt8] = []
  private var ends = [0]
  /// Open addressing with linear probing; `UInt32.max` marks a free slot.
  private var slots = [UInt32](repeating: .max, count: 64)
  /// The number given last: neighbours are often the same.
  private var last: UInt32 = 0

  /// A table that holds the empty string only.
  public init() {}

  /// Whether both give the same numbers to the same strings.
  public static func == (a: SymbolTable, b: SymbolTable) -> Bool { a.strings == b.strings }

  /// The number of `string`, new or old.
  public mutating func intern(_ string: String) -> UInt32 {
    var string = string
    return string.withUTF8 { intern(UnsafeRawBufferPointer($0)) }
  }

  /// The number of the string with these UTF-8 bytes, new or old; what is not UTF-8 is replaced
  /// when it is printed.
  public mutating func intern(_ utf8: UnsafeRawBufferPointer) -> UInt32 {
    guard !utf8.isEmpty else { return 0 }
    if last > 0, holds(last, utf8) { return last }
    last = number(of: utf8)
    return last
  }

  private mutating func number(of utf8: UnsafeRawBufferPointer) -> UInt32 {
    var slot = Self.hash(utf8) & (slots.count - 1)
    while slots[slot] != .max {
      if holds(slots[slot], utf8) { return slots[slot] }
      slot = (slot + 1) & (slots.count - 1)
    }
    let number = UInt32(strings.count)
    strings.append(String(decoding: utf8, as: UTF8.self))
    bytes.append(contentsOf: utf8)
    ends.append(bytes.count)
    slots[slot] = number
    if strings.count * 2 > slots.count { grow() }
    return number
  }

  private func holds(_ number: UInt32, _ utf8: UnsafeRawBufferPointer) -> Bool {
    let range = ends[Int(number) - 1]..<ends[Int(number)]
    guard range.count == utf8.count else { return false }
    return bytes.withUnsafeBytes { known in
      var place = 0
      while place + 8 <= utf8.count {
        let a = known.loadUnaligned(fromByteOffset: range.lowerBound + place, as: UInt64.self)
        if a != utf8.loadUnaligned(fromByteOffset: place, as: UInt64.self) { return false }
        place += 8
      }
      while place < utf8.count {
        if known[range.lowerBound + place] != utf8[place] { return false }
        place += 1
      }
      return true
    }
  }

  private mutating func grow() {
    slots = [UInt32](repeating: .max, count: slots.count * 2)
    for number in 1..<strings.count {
      let range = ends[number - 1]..<ends[number]
      var slot = bytes.withUnsafeBytes {
        Self.hash(UnsafeRawBufferPointer(rebasing: $0[range])) & (slots.count - 1)
      }
      while slots[slot] != .max { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = UInt32(number)
    }
  }

  /// Multiply and fold, eight bytes at a time. It decides where a string stands in the table, never
  /// its number.
  private static func hash(_ utf8: UnsafeRawBufferPointer) -> Int {
    var hash = UInt64(truncatingIfNeeded: utf8.count)
    var start = 0
    while start < utf8.count {
      var word: UInt64 = 0
      if start + 8 <= utf8.count {
        word = utf8.loadUnaligned(fromByteOffset: start, as: UInt64.self)
      } else {
        for byte in utf8[start...] { word = word << 8 | UInt64(byte) }
      }
      hash = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
      hash ^= hash >> 32
      start += 8
    }
    return Int(truncatingIfNeeded: hash & 0x7fff_ffff_ffff_ffff)
  }

  /// The string of a number; empty for a number that was never given out.
  public subscript(number: UInt32) -> String {
    Int(number) < strings.count ? strings[Int(number)] : ""
  }

  /// The name of a user.
  public subscript(user: UserID) -> String { self[user.rawValue] }

  /// How many strings there are, the empty one included.
  public var count: Int { strings.count }
}

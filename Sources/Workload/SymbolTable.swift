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
  /// Numbers given lately, by a few bits of their strings.
  private var recent = [UInt32](repeating: 0, count: 1024)

  /// A table that holds the empty string only.
  public init() {}

  /// Whether both give the same numbers to the same strings.
  public static func == (a: SymbolTable, b: SymbolTable) -> Bool { a.strings == b.strings }

  /// The number of `string`, new or old.
  public mutating func intern(_ string: String) -> UInt32 {
    var string = string
    return string.withUTF8 { intern(UnsafeRawBufferPointer($0)) }
  }

  /// The number of the string with these bytes, new or old; a byte that is no UTF-8 is written `\xE9`.
  public mutating func intern(_ utf8: UnsafeRawBufferPointer) -> UInt32 {
    guard !utf8.isEmpty else { return 0 }
    let place = Self.recentPlace(utf8)
    let known = recent[place]
    if known > 0, holds(known, utf8) { return known }
    let number = number(of: utf8)
    recent[place] = number
    return number
  }

  private mutating func number(of utf8: UnsafeRawBufferPointer) -> UInt32 {
    var slot = Self.hash(utf8) & (slots.count - 1)
    while slots[slot] != .max {
      if holds(slots[slot], utf8) { return slots[slot] }
      slot = (slot + 1) & (slots.count - 1)
    }
    let number = UInt32(strings.count)
    strings.append(Self.text(utf8))
    bytes.append(contentsOf: utf8)
    ends.append(bytes.count)
    slots[slot] = number
    if strings.count * 2 > slots.count { grow() }
    return number
  }

  /// The string that `bytes` are. What is not UTF-8 stands as `\xE9`, so that names that differ there
  /// still differ when they are written.
  private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    var text = ""
    var place = 0
    while place < bytes.count {
      let first = bytes[place]
      let length = min(
        first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4, bytes.count - place)
      let piece = UnsafeRawBufferPointer(rebasing: bytes[place..<place + length])
      if let scalar = String(validating: piece, as: UTF8.self), scalar.unicodeScalars.count == 1 {
        text += scalar
        place += length
      } else {
        text += "\\x" + String(first, radix: 16, uppercase: true)
        place += 1
      }
    }
    return text
  }

  private func holds(_ number: UInt32, _ utf8: UnsafeRawBufferPointer) -> Bool {
    let (start, end) = (ends[Int(number) - 1], ends[Int(number)])
    guard end - start == utf8.count else { return false }
    return bytes.withUnsafeBytes { known in
      guard utf8.count >= 8 else {
        return (0..<utf8.count).allSatisfy { known[start + $0] == utf8[$0] }
      }
      var difference: UInt64 = 0
      var place = 0
      while place < utf8.count - 8 {
        difference |= Self.word(known, start + place) ^ Self.word(utf8, place)
        place += 8
      }
      // The last eight overlap those before them.
      place = utf8.count - 8
      return difference | (Self.word(known, start + place) ^ Self.word(utf8, place)) == 0
    }
  }

  @inline(__always)
  private static func recentPlace(_ utf8: UnsafeRawBufferPointer) -> Int {
    guard utf8.count >= 8 else { return Int(utf8[utf8.count - 1]) }
    let ends = word(utf8, 0) ^ (word(utf8, utf8.count - 8) &* 0xd6e8_feb8_6659_fd93)
    return Int(truncatingIfNeeded: (ends &* 0x9e37_79b9_7f4a_7c15) >> 54)
  }

  @inline(__always)
  private static func word(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> UInt64 {
    bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
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

  /// Multiply and fold, eight bytes at a time, in two chains for the processor to work on at once.
  /// It decides where a string stands in the table, never its number.
  private static func hash(_ utf8: UnsafeRawBufferPointer) -> Int {
    let count = utf8.count
    guard count >= 8 else {
      var word: UInt64 = 0
      for byte in utf8 { word = word << 8 | UInt64(byte) }
      return folded(word ^ UInt64(truncatingIfNeeded: count) << 56)
    }
    var even = UInt64(truncatingIfNeeded: count)
    // The last eight bytes overlap those before them.
    var odd = word(utf8, count - 8)
    var place = 0
    while place + 16 <= count {
      even = (even ^ word(utf8, place)) &* 0x9e37_79b9_7f4a_7c15
      odd = (odd ^ word(utf8, place + 8)) &* 0xd6e8_feb8_6659_fd93
      even ^= even >> 32
      odd ^= odd >> 32
      place += 16
    }
    if place + 8 <= count { even = (even ^ word(utf8, place)) &* 0x9e37_79b9_7f4a_7c15 }
    return folded(even ^ (even >> 32) ^ odd)
  }

  private static func folded(_ word: UInt64) -> Int {
    let product = word &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: (product ^ product >> 32) & 0x7fff_ffff_ffff_ffff)
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

/// A JSON text that is looked into without being decoded: values are ranges of its bytes.
///
/// The envelope of an extender's request can hold megabytes of nodes that are only to be handed back.
/// Finding their ranges costs one pass, O(bytes), and no allocation a value.
public struct JSONSlices: Sendable {
  /// The text.
  public let bytes: [UInt8]

  /// What is wrong with the text, and at which byte.
  public struct Malformed: Error, CustomStringConvertible {
    public var offset: Int
    public var expected: String
    public var description: String { "byte \(offset + 1): expected \(expected)" }
  }

  /// The deepest that values may be nested.
  private static let depthLimit = 256

  /// A text, which need not be JSON.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Calls `body` with each member's name and its value's range.
  public func members(
    of range: Range<Int>, _ body: (String, Range<Int>) throws -> Void
  ) throws {
    var place = try expect(UInt8(ascii: "{"), "an object", from: range.lowerBound, range.upperBound)
    place = skipBlanks(place, range.upperBound)
    if place < range.upperBound, bytes[place] == UInt8(ascii: "}") { return }
    while true {
      place = skipBlanks(place, range.upperBound)
      let end = try skipString(place, range.upperBound)
      let name = String(decoding: bytes[(place + 1)..<(end - 1)], as: UTF8.self)
      place = try expect(UInt8(ascii: ":"), "':'", from: end, range.upperBound)
      place = skipBlanks(place, range.upperBound)
      let next = try skipValue(place, range.upperBound)
      try body(name, place..<next)
      place = skipBlanks(next, range.upperBound)
      guard place < range.upperBound else { throw Malformed(offset: place, expected: "'}'") }
      if bytes[place] == UInt8(ascii: "}") { return }
      place = try expect(UInt8(ascii: ","), "',' or '}'", from: place, range.upperBound)
    }
  }

  /// Calls `body` with the range of each element.
  public func elements(of range: Range<Int>, _ body: (Range<Int>) throws -> Void) throws {
    var place = try expect(UInt8(ascii: "["), "a list", from: range.lowerBound, range.upperBound)
    place = skipBlanks(place, range.upperBound)
    if place < range.upperBound, bytes[place] == UInt8(ascii: "]") { return }
    while true {
      place = skipBlanks(place, range.upperBound)
      let next = try skipValue(place, range.upperBound)
      try body(place..<next)
      place = skipBlanks(next, range.upperBound)
      guard place < range.upperBound else { throw Malformed(offset: place, expected: "']'") }
      if bytes[place] == UInt8(ascii: "]") { return }
      place = try expect(UInt8(ascii: ","), "',' or ']'", from: place, range.upperBound)
    }
  }

  /// The range of the whole text's value.
  ///
  /// - Throws: `Malformed` where there is none, or something after it.
  public func root() throws -> Range<Int> {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw Malformed(offset: 0, expected: "UTF-8")
    }
    let start = skipBlanks(0, bytes.count)
    let end = try skipValue(start, bytes.count)
    let rest = skipBlanks(end, bytes.count)
    guard rest == bytes.count else { throw Malformed(offset: rest, expected: "the end") }
    return start..<end
  }

  /// The range of a member of which `value` is the value: its name, and the comma before it or else behind it.
  /// Nil where the name is written with escapes.
  func member(_ name: String, _ value: Range<Int>) -> Range<Int>? {
    let blanks: [UInt8] = [0x20, 0x09, 0x0a, 0x0d]
    var start = value.lowerBound
    func back() { while start > 0, blanks.contains(bytes[start - 1]) { start -= 1 } }
    back()
    guard start > 0, bytes[start - 1] == UInt8(ascii: ":") else { return nil }
    start -= 1
    back()
    let key = Array("\"\(name)\"".utf8)
    guard start >= key.count, bytes[(start - key.count)..<start].elementsEqual(key) else {
      return nil
    }
    start -= key.count
    back()
    if start > 0, bytes[start - 1] == UInt8(ascii: ",") { return (start - 1)..<value.upperBound }
    let end = skipBlanks(value.upperBound, bytes.count)
    if end < bytes.count, bytes[end] == UInt8(ascii: ",") { return start..<(end + 1) }
    return start..<value.upperBound
  }

  /// Whether the value is `null`.
  public func isNull(_ range: Range<Int>) -> Bool { bytes[range].elementsEqual("null".utf8) }

  /// The text of a string without escapes; nil for anything else.
  public func plainString(_ range: Range<Int>) -> String? {
    guard range.count >= 2, bytes[range.lowerBound] == UInt8(ascii: "\"") else { return nil }
    let inner = bytes[(range.lowerBound + 1)..<(range.upperBound - 1)]
    return inner.contains(UInt8(ascii: "\\")) ? nil : String(decoding: inner, as: UTF8.self)
  }

  private func skipBlanks(_ start: Int, _ end: Int) -> Int {
    var place = start
    while place < end {
      switch bytes[place] {
      case 0x20, 0x09, 0x0a, 0x0d: place += 1
      default: return place
      }
    }
    return place
  }

  private func expect(
    _ byte: UInt8, _ what: String, from start: Int, _ end: Int
  ) throws(Malformed) -> Int {
    let place = skipBlanks(start, end)
    guard place < end, bytes[place] == byte else { throw Malformed(offset: place, expected: what) }
    return place + 1
  }

  private func skipString(_ start: Int, _ end: Int) throws(Malformed) -> Int {
    guard start < end, bytes[start] == UInt8(ascii: "\"") else {
      throw Malformed(offset: start, expected: "a string")
    }
    var place = start + 1
    while place < end {
      switch bytes[place] {
      case UInt8(ascii: "\""): return place + 1
      case UInt8(ascii: "\\"): place = try skipEscape(place, end)
      case 0..<0x20: throw Malformed(offset: place, expected: "no control character in a string")
      default: place += 1
      }
    }
    throw Malformed(offset: end, expected: "the end of a string")
  }

  /// Past an escape; half of a surrogate pair has to have its other half.
  private func skipEscape(_ start: Int, _ end: Int) throws(Malformed) -> Int {
    guard start + 1 < end else { throw Malformed(offset: end, expected: "an escape") }
    guard bytes[start + 1] == UInt8(ascii: "u") else {
      guard #""\/bfnrt"#.utf8.contains(bytes[start + 1]) else {
        throw Malformed(offset: start + 1, expected: "an escape")
      }
      return start + 2
    }
    let unit = try hexadecimal(start + 2, end)
    switch unit {
    case 0xd800..<0xdc00:
      guard start + 7 < end, bytes[start + 6] == UInt8(ascii: "\\"),
        bytes[start + 7] == UInt8(ascii: "u"),
        (0xdc00..<0xe000).contains(try hexadecimal(start + 8, end))
      else { throw Malformed(offset: start, expected: "both halves of a surrogate pair") }
      return start + 12
    case 0xdc00..<0xe000:
      throw Malformed(offset: start, expected: "both halves of a surrogate pair")
    default: return start + 6
    }
  }

  private func hexadecimal(_ start: Int, _ end: Int) throws(Malformed) -> UInt32 {
    guard start + 4 <= end,
      let value = UInt32(String(decoding: bytes[start..<(start + 4)], as: UTF8.self), radix: 16),
      bytes[start] != UInt8(ascii: "+"), bytes[start] != UInt8(ascii: "-")
    else { throw Malformed(offset: start, expected: "four hexadecimal digits") }
    return value
  }

  /// Past a value, every byte of which is checked: what is handed back must be JSON.
  private func skipValue(_ start: Int, _ end: Int, _ depth: Int = 0) throws(Malformed) -> Int {
    guard start < end else { throw Malformed(offset: start, expected: "a value") }
    guard depth <= Self.depthLimit else {
      throw Malformed(offset: start, expected: "at most \(Self.depthLimit) levels")
    }
    switch bytes[start] {
    case UInt8(ascii: "\""): return try skipString(start, end)
    case UInt8(ascii: "{"): return try skipNested(start, end, depth, close: UInt8(ascii: "}"))
    case UInt8(ascii: "["): return try skipNested(start, end, depth, close: UInt8(ascii: "]"))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try skipNumber(start, end)
    default:
      for word in ["true", "false", "null"] where bytes[start..<end].starts(with: word.utf8) {
        return start + word.utf8.count
      }
      throw Malformed(offset: start, expected: "a value")
    }
  }

  private func skipNested(
    _ start: Int, _ end: Int, _ depth: Int, close: UInt8
  ) throws(Malformed) -> Int {
    let isObject = close == UInt8(ascii: "}")
    var place = skipBlanks(start + 1, end)
    if place < end, bytes[place] == close { return place + 1 }
    while true {
      place = skipBlanks(place, end)
      if isObject {
        place = try expect(UInt8(ascii: ":"), "':'", from: skipString(place, end), end)
        place = skipBlanks(place, end)
      }
      place = skipBlanks(try skipValue(place, end, depth + 1), end)
      if place < end, bytes[place] == close { return place + 1 }
      place = try expect(UInt8(ascii: ","), "',' or a closing bracket", from: place, end)
    }
  }

  private func skipNumber(_ start: Int, _ end: Int) throws(Malformed) -> Int {
    var place = start
    func digits() throws(Malformed) {
      let first = place
      while place < end, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[place]) {
        place += 1
      }
      guard place > first else { throw Malformed(offset: place, expected: "a digit") }
    }
    if bytes[place] == UInt8(ascii: "-") { place += 1 }
    if place < end, bytes[place] == UInt8(ascii: "0") { place += 1 } else { try digits() }
    if place < end, bytes[place] == UInt8(ascii: ".") {
      place += 1
      try digits()
    }
    if place < end, bytes[place] | 0x20 == UInt8(ascii: "e") {
      place += 1
      if place < end, bytes[place] == UInt8(ascii: "+") || bytes[place] == UInt8(ascii: "-") {
        place += 1
      }
      try digits()
    }
    return place
  }
}

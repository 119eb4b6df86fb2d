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
    let start = skipBlanks(0, bytes.count)
    let end = try skipValue(start, bytes.count)
    let rest = skipBlanks(end, bytes.count)
    guard rest == bytes.count else { throw Malformed(offset: rest, expected: "the end") }
    return start..<end
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
    while place < end, bytes[place] == 0x20 || (0x09...0x0d).contains(bytes[place]) { place += 1 }
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
      case UInt8(ascii: "\\"): place += 2
      default: place += 1
      }
    }
    throw Malformed(offset: end, expected: "the end of a string")
  }

  private func skipValue(_ start: Int, _ end: Int) throws(Malformed) -> Int {
    guard start < end else { throw Malformed(offset: start, expected: "a value") }
    switch bytes[start] {
    case UInt8(ascii: "\""): return try skipString(start, end)
    case UInt8(ascii: "{"), UInt8(ascii: "["): return try skipNested(start, end)
    default:
      var place = start
      while place < end, !",]} \t\r\n".utf8.contains(bytes[place]) { place += 1 }
      guard place > start else { throw Malformed(offset: start, expected: "a value") }
      return place
    }
  }

  /// Past the bracket that closes the one at `start`. What is between is checked when it is decoded.
  private func skipNested(_ start: Int, _ end: Int) throws(Malformed) -> Int {
    var depth = 0
    var place = start
    while place < end {
      switch bytes[place] {
      case UInt8(ascii: "\""):
        place = try skipString(place, end)
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        guard depth <= Self.depthLimit else {
          throw Malformed(offset: place, expected: "at most \(Self.depthLimit) levels")
        }
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if depth == 0 { return place + 1 }
      default: break
      }
      place += 1
    }
    throw Malformed(offset: end, expected: "a closing bracket")
  }
}

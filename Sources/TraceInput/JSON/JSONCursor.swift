import Diagnostics

/// Reads one JSON text from front to back, value by value, and says where something is wrong.
///
/// For documents that are one value of some megabytes, of which each part is looked at once. Rows of a trace go through
/// simdjson. Numbers are whole. Nesting is that of the calls, so that a text cannot make it deep.
package struct JSONCursor {
  private let bytes: [UInt8]
  private let file: String
  /// How many bytes were read: what ``error(_:at:)`` takes as a place.
  package private(set) var place = 0

  /// The most bytes of a text.
  package static let mostBytes = 1 << 30

  /// A text.
  package init(_ text: [UInt8], file: String) { (bytes, self.file) = (text, file) }

  /// The text of a file, without compression.
  ///
  /// - Throws: `TraceError` where it cannot be read, or is longer than ``mostBytes``.
  package init(path: String) throws(TraceError) {
    let stream = try OpenedStream(
      decoding: FileStream(path: path), limit: Expansion.defaultLimit
    ).stream
    var text: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = try Self.read(stream, &part)
      guard count > 0 else { break }
      guard text.count + count <= Self.mostBytes else {
        throw TraceError(.unrecognised, "the text is longer than 1 GiB", file: path)
      }
      text += part[..<count]
    }
    self.init(text, file: path)
  }

  private static func read(_ stream: any ByteStream, _ part: inout [UInt8]) throws(TraceError)
    -> Int
  {
    let result = part.withUnsafeMutableBytes { buffer -> Result<Int, TraceError> in
      do throws(TraceError) { return .success(try stream.read(into: buffer)) } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// What is wrong at a place.
  package func error(_ message: String, at place: Int) -> TraceError {
    var (line, start) = (1, 0)
    for (offset, byte) in bytes[..<min(place, bytes.count)].enumerated() where byte == 0x0a {
      (line, start) = (line + 1, offset + 1)
    }
    return TraceError(
      .malformedRow, message, file: file, line: line, column: min(place, bytes.count) - start + 1)
  }

  private mutating func skipBlanks() {
    while place < bytes.count, [0x20, 0x0a, 0x0d, 0x09].contains(bytes[place]) { place += 1 }
  }

  private func fail(_ expected: String) -> TraceError {
    place < bytes.count
      ? error("expected \(expected)", at: place)
      : error("the text ends where \(expected) should be", at: place)
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipBlanks()
    guard place < bytes.count, bytes[place] == byte else { return false }
    place += 1
    return true
  }

  /// Goes through the members of an object; `body` reads each value.
  ///
  /// - Throws: what `body` throws, and where there is no object or a key is there twice.
  package mutating func object(
    _ body: (inout JSONCursor, _ key: String, _ place: Int) throws(TraceError) -> Void
  ) throws(TraceError) {
    guard take(UInt8(ascii: "{")) else { throw fail("an object, {…}") }
    var keys: Set<String> = []
    if take(UInt8(ascii: "}")) { return }
    repeat {
      skipBlanks()
      let start = place
      let key = try string()
      guard keys.insert(key).inserted else { throw error("'\(key)' is there twice", at: start) }
      guard take(UInt8(ascii: ":")) else { throw fail("':'") }
      try body(&self, key, start)
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw fail("',' or '}'") }
  }

  /// Goes through the elements of a list; `body` reads each.
  ///
  /// - Throws: what `body` throws, and where there is no list.
  package mutating func list(
    _ body: (inout JSONCursor, _ place: Int) throws(TraceError) -> Void
  ) throws(TraceError) {
    guard take(UInt8(ascii: "[")) else { throw fail("a list, […]") }
    if take(UInt8(ascii: "]")) { return }
    repeat {
      skipBlanks()
      try body(&self, place)
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw fail("',' or ']'") }
  }

  /// A whole number of a range, written without fraction or exponent.
  package mutating func integer(in range: ClosedRange<Int>) throws(TraceError) -> Int {
    skipBlanks()
    let start = place
    let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
    let isNegative = place < bytes.count && bytes[place] == UInt8(ascii: "-")
    if isNegative { place += 1 }
    var value = 0
    let digits = place
    while place < bytes.count, (0x30...0x39).contains(bytes[place]) {
      let (product, overflows) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowsToo) = product.addingReportingOverflow(Int(bytes[place] & 15))
      guard !overflows, !overflowsToo else { throw error("expected \(expected)", at: start) }
      value = sum
      place += 1
    }
    let ends = place == bytes.count || ",]} \t\r\n".utf8.contains(bytes[place])
    if isNegative { value = -value }
    guard place > digits, ends, range.contains(value) else {
      if start == bytes.count { throw fail(expected) }
      throw error("expected \(expected)", at: start)
    }
    return value
  }

  /// A string.
  package mutating func string() throws(TraceError) -> String {
    guard take(UInt8(ascii: "\"")) else { throw fail("a string in quotes") }
    let start = place
    var text: [UInt8] = []
    while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
      guard bytes[place] >= 0x20, bytes[place] != UInt8(ascii: "\\") else {
        throw error("a name has neither backslashes nor control characters", at: place)
      }
      text.append(bytes[place])
      place += 1
    }
    guard place < bytes.count else { throw error("the string does not end", at: start - 1) }
    place += 1
    guard let string = String(validating: text, as: UTF8.self) else {
      throw error("the string is not UTF-8", at: start - 1)
    }
    return string
  }

  /// Nothing may follow.
  package mutating func end() throws(TraceError) {
    skipBlanks()
    if place < bytes.count { throw error("something follows the value", at: place) }
  }
}

/// Finds places in the text of a JSON object for messages about it: simdjson, which reads it, does
/// not say where. Offsets count bytes from 0. O(n), and only run once something is wrong.
package struct JSONPlaces {
  private let text: UnsafeRawBufferPointer
  private var position = 0
  private var found: Int?

  /// Deeper nesting is refused, by simdjson too.
  private static let maximumDepth = 1024

  private struct SyntaxError: Error {}

  private init(_ text: UnsafeRawBufferPointer) { self.text = text }

  /// Where `text` stops being JSON; nil if it is JSON as far as the grammar goes.
  package static func firstError(in text: UnsafeRawBufferPointer) -> Int? {
    var places = JSONPlaces(text)
    do throws(SyntaxError) {
      try places.value(nil, depth: 1)
      return places.position < text.count ? places.position : nil
    } catch {
      return places.position
    }
  }

  /// Where the value of a field begins: a key, or two joined by a dot; nil if it is not there.
  package static func value(of field: String, in text: UnsafeRawBufferPointer) -> Int? {
    var places = JSONPlaces(text)
    let keys = field.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1).map(Array.init)
    try? places.value(keys[...], depth: 1)
    return places.found
  }

  /// A value with the blanks around it. `path` leads from it to what is looked for.
  private mutating func value(_ path: ArraySlice<[UInt8]>?, depth: Int) throws(SyntaxError) {
    skipBlanks()
    if path?.isEmpty == true { found = position }
    guard position < text.count, depth <= Self.maximumDepth else { throw SyntaxError() }
    switch text[position] {
    case UInt8(ascii: "{"):
      try elements(until: UInt8(ascii: "}")) { (places) throws(SyntaxError) in
        let start = places.position + 1
        try places.string()
        let key = places.text[start..<places.position - 1]
        places.skipBlanks()
        try places.expect(UInt8(ascii: ":"))
        let leads = path?.first.map { key.elementsEqual($0) } ?? false
        try places.value(leads ? path?.dropFirst() : nil, depth: depth + 1)
      }
    case UInt8(ascii: "["):
      try elements(until: UInt8(ascii: "]")) { (places) throws(SyntaxError) in
        try places.value(nil, depth: depth + 1)
      }
    case UInt8(ascii: "\""): try string()
    case UInt8(ascii: "t"): for byte in "true".utf8 { try expect(byte) }
    case UInt8(ascii: "f"): for byte in "false".utf8 { try expect(byte) }
    case UInt8(ascii: "n"): for byte in "null".utf8 { try expect(byte) }
    default: try number()
    }
    skipBlanks()
  }

  /// What stands between a bracket and `end`, separated by commas.
  private mutating func elements(
    until end: UInt8, _ element: (inout JSONPlaces) throws(SyntaxError) -> Void
  ) throws(SyntaxError) {
    position += 1
    skipBlanks()
    if next == end {
      position += 1
      return
    }
    while true {
      skipBlanks()
      try element(&self)
      guard next == UInt8(ascii: ",") else { return try expect(end) }
      position += 1
    }
  }

  private mutating func string() throws(SyntaxError) {
    try expect(UInt8(ascii: "\""))
    while let byte = next, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw SyntaxError() }
      position += 1
      guard byte == UInt8(ascii: "\\") else { continue }
      guard let escape = next, "\"\\/bfnrtu".utf8.contains(escape) else { throw SyntaxError() }
      position += 1
      guard escape == UInt8(ascii: "u") else { continue }
      for _ in 0..<4 {
        guard let digit = next, Character(Unicode.Scalar(digit)).isHexDigit else {
          throw SyntaxError()
        }
        position += 1
      }
    }
    try expect(UInt8(ascii: "\""))
  }

  private mutating func number() throws(SyntaxError) {
    if next == UInt8(ascii: "-") { position += 1 }
    if next == UInt8(ascii: "0") { position += 1 } else { try digits() }
    if next == UInt8(ascii: ".") {
      position += 1
      try digits()
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      position += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
  }

  private mutating func digits() throws(SyntaxError) {
    let start = position
    while let byte = next, byte &- 0x30 < 10 { position += 1 }
    guard position > start else { throw SyntaxError() }
  }

  private var next: UInt8? { position < text.count ? text[position] : nil }

  private mutating func expect(_ byte: UInt8) throws(SyntaxError) {
    guard next == byte else { throw SyntaxError() }
    position += 1
  }

  private mutating func skipBlanks() {
    while let byte = next, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { position += 1 }
  }
}

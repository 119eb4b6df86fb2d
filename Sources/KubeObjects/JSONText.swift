/// Appends JSON to bytes. O(length).
extension [UInt8] {
  /// Appends `text` as it is.
  public mutating func append(json text: StaticString) {
    text.withUTF8Buffer { append(contentsOf: $0) }
  }

  /// Appends a JSON string.
  public mutating func append(jsonString text: String) {
    append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        append(UInt8(ascii: "\\"))
        append(byte)
      case 0..<0x20:
        append(json: "\\u00")
        for digit in [byte >> 4, byte & 15] {
          append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
      default: append(byte)
      }
    }
    append(UInt8(ascii: "\""))
  }

  /// Appends a list, each element by `body`.
  public mutating func append<Elements: Sequence>(
    jsonList elements: Elements, _ body: (Elements.Element, inout [UInt8]) -> Void
  ) {
    append(UInt8(ascii: "["))
    var isFirst = true
    for element in elements {
      if !isFirst { append(UInt8(ascii: ",")) }
      isFirst = false
      body(element, &self)
    }
    append(UInt8(ascii: "]"))
  }
}

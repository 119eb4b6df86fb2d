import Foundation

/// JSON on its way to a parser of YAML, which JSON is but for a few characters.
///
/// Inside strings JSON may have DEL, the controls of C1, byte order marks, and U+0085, U+2028 and U+2029 (RFC 8259, section 7), and writes what is
/// beyond 16 bits as two surrogates. YAML 1.1 refuses the first, takes the next for line ends, and knows no surrogates.
enum JSONText {
  /// The same values as YAML writes them; nil where the text is not JSON, or is YAML as it is.
  ///
  /// Complexity: linear in the text's length.
  static func asYAML(_ text: String) -> String? {
    let first = text.utf8.first { !" \t\r\n".utf8.contains($0) }
    guard first == UInt8(ascii: "{") || first == UInt8(ascii: "["), isSpecial(text),
      (try? JSONSerialization.jsonObject(with: Data(text.utf8))) != nil
    else { return nil }
    // Scalar by scalar: append(contentsOf:) of a view of scalars copies what is there already.
    var result = String.UnicodeScalarView()
    var scalars = text.unicodeScalars.makeIterator()
    while let scalar = scalars.next() {
      guard scalar == "\\" else {
        if needsEscape(scalar) { escape(scalar.value, &result) } else { result.append(scalar) }
        continue
      }
      guard let kind = scalars.next() else { break }
      guard kind == "u" else {
        result.append(scalar)
        result.append(kind)
        continue
      }
      var value = hexadecimal(&scalars)
      if (0xd800..<0xdc00).contains(value) {  // A low one follows: it is JSON.
        _ = (scalars.next(), scalars.next())
        value = 0x1_0000 + (value - 0xd800) << 10 + (hexadecimal(&scalars) - 0xdc00)
      }
      escape(value, &result)
    }
    return String(result)
  }

  /// Whether anything in it would be read otherwise as YAML.
  private static func isSpecial(_ text: String) -> Bool {
    text.unicodeScalars.contains(where: needsEscape) || text.utf8.contains(UInt8(ascii: "\\"))
  }

  private static func needsEscape(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x7f...0x9f, 0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff: true
    default: false
    }
  }

  private static func escape(_ value: UInt32, _ result: inout String.UnicodeScalarView) {
    let digits = String(value, radix: 16)
    let text = "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
    for scalar in text.unicodeScalars { result.append(scalar) }
  }

  private static func hexadecimal(_ scalars: inout String.UnicodeScalarView.Iterator) -> UInt32 {
    var digits = ""
    for _ in 0..<4 { scalars.next().map { digits.unicodeScalars.append($0) } }
    return UInt32(digits, radix: 16) ?? 0
  }
}

extension Quoting {
  /// A text as a cell of CSV (RFC 4180), in quotes where it needs them.
  ///
  /// A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return for a
  /// formula, quoted or not. Such a text gets a `'` before it, which a spreadsheet reads as "this is
  /// text"; ``textOfCSV(_:)`` takes it off again. Numbers are not texts: they are written as they are.
  public static func csv(_ text: String) -> String {
    csvField(startsFormula(text.utf8) ? "'" + text : text)
  }

  /// A field as it is, in quotes where CSV needs them: for layouts of others, where the bytes count.
  public static func csvField(_ field: String) -> String {
    let bytes = field.utf8
    // Blanks around a field that is not quoted are no part of it.
    let hasOuterBlanks = [0x20, 0x09].contains { bytes.first == $0 || bytes.last == $0 }
    guard hasOuterBlanks || bytes.contains(where: { [0x22, 0x2c, 0x0a, 0x0d].contains($0) }) else {
      return field
    }
    var quoted = "\""
    for scalar in field.unicodeScalars {
      if scalar == "\"" { quoted += "\"" }
      quoted.unicodeScalars.append(scalar)
    }
    return quoted + "\""
  }

  /// The text that ``csv(_:)`` was given, from the field as a CSV reader hands it over.
  public static func textOfCSV(_ field: String) -> String {
    isProtectedCSV(field.utf8) ? String(field.utf8.dropFirst())! : field
  }

  /// Whether the first byte of a field is the `'` that ``csv(_:)`` put there.
  public static func isProtectedCSV(_ field: some Collection<UInt8>) -> Bool {
    field.first == 0x27 && startsFormula(field)
  }

  /// Whether a text, after any number of `'`, begins as a formula does. The `'` count so that what is
  /// read back is always what was written.
  private static func startsFormula(_ text: some Collection<UInt8>) -> Bool {
    for byte in text where byte != 0x27 {
      return [UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 9, 13]
        .contains(byte)
    }
    return false
  }
}

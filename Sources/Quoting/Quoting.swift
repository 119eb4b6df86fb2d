/// Writes any text into a language that Tracemill generates, so that it is read there as text and as
/// nothing else.
///
/// Every function goes by Unicode scalar. A Swift `Character` can hold a metacharacter behind a mark
/// that joins it, as U+0600 joins `<`, so that a comparison of Characters would pass it by.
/// Each costs O(length).
public enum Quoting {
  /// Text between tags, or in an attribute in double or single quotes, of HTML and SVG.
  ///
  /// Reads back as `text`, but for what HTML cannot hold: U+0000 becomes the picture of it, U+2400.
  public static func html(_ text: String) -> String {
    mapped(text) { scalar, out in
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case "'": out += "&#39;"
      case "\0": out += "\u{2400}"
      // A carriage return would be read as a line feed, and the others are errors of the parser.
      case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t":
        out += "&#\(scalar.value);"
      default: out.unicodeScalars.append(scalar)
      }
    }
  }

  /// A name for `id` attributes, links and files: ASCII letters and digits, with hyphens for runs of
  /// all else. Different texts may have the same name.
  public static func identifier(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "a"..."z", "0"..."9": out.unicodeScalars.append(scalar)
      case "A"..."Z": out.unicodeScalars.append(Unicode.Scalar(UInt8(scalar.value) + 32))
      default: if out.last != "-" { out += "-" }
      }
    }
    return out
  }

  /// A string of gnuplot in double quotes, in which gnuplot replaces nothing: every ASCII character that
  /// could mean something is written as an octal escape, which gnuplot reads after it has looked for
  /// commands in backticks, macros and the string's end. (In single quotes a doubled quote at the
  /// beginning ends the string: gnuplot 5.4.) The drawing has to be told `noenhanced`, else the terminal
  /// reads markup.
  ///
  /// Control characters are shown as ``visible(_:)`` shows them, since a figure has no place for them.
  public static func gnuplot(_ text: String) -> String {
    "\""
      + mapped(visible(text)) { scalar, out in
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", " ", ".", ",", "(", ")", "-", "+", "=", ":", "/", "_":
          out.unicodeScalars.append(scalar)
        case _ where scalar.isASCII:
          let octal = String(scalar.value, radix: 8)
          out += "\\" + String(repeating: "0", count: 3 - octal.count) + octal
        default: out.unicodeScalars.append(scalar)
        }
      } + "\""
  }

  /// Running text of LaTeX.
  public static func latex(_ text: String) -> String {
    mapped(text) { scalar, out in
      switch scalar {
      case "\\": out += "\\textbackslash{}"
      case "&", "%", "$", "#", "_", "{", "}":
        out += "\\"
        out.unicodeScalars.append(scalar)
      case "~": out += "\\textasciitilde{}"
      case "^": out += "\\textasciicircum{}"
      case "\"": out += "\\textquotedbl{}"
      case "`": out += "\\textasciigrave{}"
      case "±": out += "$\\pm$"
      case "–": out += "--"
      case "<": out += "$<$"
      case ">": out += "$>$"
      case "|": out += "$|$"
      case "δ": out += "$\\delta$"
      default: appendVisible(scalar, &out) { $0 == "\\" ? "\\textbackslash{}" : latexBrace($0) }
      }
    }
  }

  /// Running text of GitHub-flavoured Markdown, also in a cell of a table: on one line, without
  /// markup or HTML.
  public static func markdown(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    var out = ""
    for (index, scalar) in scalars.enumerated() {
      switch scalar {
      case "_"
      where index > 0 && index + 1 < scalars.count && isWord(scalars[index - 1])
        && isWord(scalars[index + 1]):
        out += "_"  // Inside a word it is no emphasis.
      case "\\", "`", "*", "_", "[", "]", "<", ">", "|", "#", "~", "$":
        out += "\\"
        out.unicodeScalars.append(scalar)
      case "&": out += "&amp;"
      default: appendVisible(scalar, &out) { $0 == "\\" ? "\\\\" : String($0) }
      }
    }
    return out
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    scalar.isASCII && scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
  }

  /// A word of a POSIX shell, in single quotes where it needs them.
  ///
  /// Control characters are written in the `$'…'` form, so that a printed hint stays on its line.
  public static func shell(_ text: String) -> String {
    let isPlain = text.unicodeScalars.allSatisfy { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "_", "-", "+", "=", ":", ",", ".", "/", "@", "%": true
      default: false
      }
    }
    if isPlain && !text.isEmpty { return text }
    guard text.unicodeScalars.contains(where: isHidden) else {
      return "'" + mapped(text) { $1 += $0 == "'" ? "'\\''" : String($0) } + "'"
    }
    return "$'"
      + mapped(text) { scalar, out in
        switch scalar {
        case "'", "\\":
          out += "\\"
          out.unicodeScalars.append(scalar)
        case _ where isHidden(scalar):
          for byte in String(scalar).utf8 { out += "\\x" + hex(UInt32(byte), digits: 2) }
        default: out.unicodeScalars.append(scalar)
        }
      } + "'"
  }

  /// Text as a person can be shown it on a terminal, on one line: control characters, line ends and
  /// marks that turn the direction of writing are written out, as `\u{1b}` or `\n`.
  public static func visible(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isHidden) else { return text }
    return mapped(text) { appendVisible($0, &$1) }
  }

  /// The same for text of several lines: line feeds and tabs stay.
  public static func visibleLines(_ text: String) -> String {
    func stays(_ scalar: Unicode.Scalar) -> Bool {
      scalar == "\n" || scalar == "\t" || !isHidden(scalar)
    }
    guard !text.unicodeScalars.allSatisfy(stays) else { return text }
    return mapped(text) { scalar, out in
      if stays(scalar) { out.unicodeScalars.append(scalar) } else { appendVisible(scalar, &out) }
    }
  }

  /// A JSON document with nothing in it that a terminal would act on: such scalars, which JSON has
  /// inside of strings only, become `\uXXXX`. The document means what it meant.
  public static func json(_ document: String) -> String {
    guard document.unicodeScalars.contains(where: { isHidden($0) && $0 != "\n" }) else {
      return document
    }
    return mapped(document) { scalar, out in
      guard isHidden(scalar), scalar != "\n" else { return out.unicodeScalars.append(scalar) }
      for unit in String(scalar).utf16 { out += "\\u" + hex(UInt32(unit), digits: 4) }
    }
  }

  /// Whether a terminal would act on the scalar or hide it: C0, DEL and C1, line and paragraph
  /// separators, the marks and embeddings of bidirectional text (Unicode Standard Annex 9), and the
  /// two private-use scalars that the command line marks emphasis with.
  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0, 0x061c, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff,
      0xf8f0...0xf8f1, 0xfff9...0xfffb, 0xe0000...0xe007f:
      true
    default: false
    }
  }

  private static func appendVisible(
    _ scalar: Unicode.Scalar, _ out: inout String,
    _ written: (Character) -> String = { String($0) }
  ) {
    guard isHidden(scalar) else { return out.unicodeScalars.append(scalar) }
    let escape =
      switch scalar {
      case "\n": "\\n"
      case "\r": "\\r"
      case "\t": "\\t"
      default: "\\u{\(String(scalar.value, radix: 16))}"
      }
    for character in escape { out += written(character) }
  }

  private static func latexBrace(_ character: Character) -> String {
    character == "{" || character == "}" ? "\\\(character)" : String(character)
  }

  private static func hex(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  private static func mapped(
    _ text: String, _ append: (Unicode.Scalar, inout String) -> Void
  ) -> String {
    var out = ""
    out.reserveCapacity(text.utf8.count + 16)
    for scalar in text.unicodeScalars { append(scalar, &out) }
    return out
  }
}

import Quoting
import Testing

/// Names as a hostile input might have them: every metacharacter of every language, alone and behind
/// marks that join it to one Character.
enum HostileNames {
  static let joiners = ["", "\u{600}", "\u{301}", "\u{200d}", "\u{fe0f}", "\u{e0061}", "\u{110bd}"]
  static let metacharacters =
    (0..<0x20).map { String(Unicode.Scalar($0)) } + [
      "\u{7f}", "\u{85}", "\u{9b}", "<", ">", "&", "\"", "'", "`", "\\", "$", "%", "#", "_", "{",
      "}", "~",
      "^", "|", "*", "[", "]", "!", ";", "=", "+", "-", "@", ",", "\u{202e}", "\u{2066}",
      "\u{2028}",
      "\u{feff}",
    ]
  static let all =
    joiners.flatMap { joiner in metacharacters.map { joiner + $0 + "x" } }
    + [
      "`touch owned`", "\"\nsystem('touch owned')\n#", "$(touch owned)", "'; touch owned; '",
      "\u{600}<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "]]>", "-->",
      "\\input{/etc/passwd}", "=cmd|' /C calc'!A0", "''=1", "'plain", "", " x ",
      "a\u{1b}]0;owned\u{7}b",
      String(repeating: "<'\"\\", count: 25_000),
    ]
}

@Suite struct QuotingTests {
  /// Undoes character references, as an HTML parser does.
  static func htmlText(_ html: String) -> String {
    var out = String.UnicodeScalarView()
    var rest = Substring(html).unicodeScalars
    let named = ["amp": "&", "lt": "<", "gt": ">", "quot": "\""]
    while let scalar = rest.popFirst() {
      guard scalar == "&", let end = rest.firstIndex(of: ";") else {
        out.append(scalar)
        continue
      }
      let name = String(rest[..<end])
      rest = rest[rest.index(after: end)...]
      if name.hasPrefix("#"), let number = UInt32(name.dropFirst()) {
        out.append(Unicode.Scalar(number)!)
      } else {
        out.append(contentsOf: named[name]!.unicodeScalars)
      }
    }
    return String(out)
  }

  @Test func htmlHasNoMetacharacterAndReadsBack() {
    for name in HostileNames.all {
      let html = Quoting.html(name)
      #expect(!html.unicodeScalars.contains { "<>\"'".unicodeScalars.contains($0) })
      let read = Self.htmlText(html)
      let expected = String(
        String.UnicodeScalarView(name.unicodeScalars.map { $0 == "\0" ? "\u{2400}" : $0 }))
      #expect(Array(read.unicodeScalars) == Array(expected.unicodeScalars))
    }
  }

  @Test func gnuplotStringHasNoMetacharacter() {
    for name in HostileNames.all {
      let inner = Quoting.gnuplot(name).unicodeScalars.dropFirst().dropLast()
      #expect(!inner.contains { $0.value < 0x20 || "\"'`@$~^{}&".unicodeScalars.contains($0) })
      // A backslash stands before three octal digits only.
      let scalars = Array(inner)
      for (index, scalar) in scalars.enumerated() where scalar == "\\" {
        let digits = scalars[(index + 1)...].prefix(3)
        #expect(digits.count == 3 && digits.allSatisfy { ("0"..."7").contains($0) })
      }
    }
    #expect(Quoting.gnuplot("`a` 'b' \\") == #""\140a\140 \047b\047 \134""#)
  }

  @Test func latexHasNoLiveMetacharacter() {
    for name in HostileNames.all {
      var rest = Substring(Quoting.latex(name)).unicodeScalars
      #expect(!rest.contains { $0.value < 0x20 })
      let written = [
        "\\textbackslash{}", "\\textasciitilde{}", "\\textasciicircum{}", "\\textquotedbl{}",
        "\\textasciigrave{}", "$\\pm$", "$<$", "$>$", "$|$", "$\\delta$", "\\&", "\\%", "\\$",
        "\\#",
        "\\_", "\\{", "\\}",
      ]
      while let first = rest.first {
        if let known = written.first(where: { rest.starts(with: $0.unicodeScalars) }) {
          rest = rest.dropFirst(known.unicodeScalars.count)
        } else {
          #expect(!"\\&%$#_{}~^".unicodeScalars.contains(first))
          rest = rest.dropFirst()
        }
      }
    }
  }

  @Test func markdownStaysOnItsLineAndInItsCell() {
    for name in HostileNames.all {
      var isEscaped = false
      for scalar in Quoting.markdown(name).unicodeScalars {
        #expect(scalar.value >= 0x20)
        if !isEscaped { #expect(!"|<`*_[]".unicodeScalars.contains(scalar)) }
        isEscaped = scalar == "\\" && !isEscaped
      }
      #expect(!isEscaped)
    }
  }

  @Test func csvIsNoFormulaAndReadsBack() {
    for name in HostileNames.all {
      let cell = Quoting.csv(name)
      var field = String.UnicodeScalarView(cell.unicodeScalars)
      if field.first == "\"" {
        var inner = String.UnicodeScalarView()
        var isQuote = false
        for scalar in field.dropFirst().dropLast() {
          if scalar == "\"" && !isQuote {
            isQuote = true
          } else {
            inner.append(scalar)
            isQuote = false
          }
        }
        field = inner
      } else {
        #expect(!field.contains { ",\n\r\"".unicodeScalars.contains($0) })
      }
      if let first = field.first { #expect(!"=+-@\t\r".unicodeScalars.contains(first)) }
      #expect(Array(Quoting.textOfCSV(String(field)).unicodeScalars) == Array(name.unicodeScalars))
    }
  }

  @Test func terminalIsShownNothingThatItActsOn() {
    for name in HostileNames.all {
      for scalar in Quoting.visible(name).unicodeScalars {
        #expect(scalar.value >= 0x20 && !(0x7f..<0xa0).contains(scalar.value))
        #expect(!(0x2028...0x202e).contains(scalar.value))
      }
      #expect(
        Quoting.visibleLines(name).unicodeScalars.allSatisfy {
          $0 == "\n" || $0 == "\t" || $0.value >= 0x20
        })
    }
    #expect(Quoting.visible("a\u{1b}[2Jb\nc\u{202e}d") == "a\\u{1b}[2Jb\\nc\\u{202e}d")
    #expect(Quoting.visible("naïve – 数") == "naïve – 数")
  }

  @Test func identifiersAreFileNames() {
    for name in HostileNames.all {
      #expect(
        Quoting.identifier(name).utf8.allSatisfy {
          (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d
        })
    }
    #expect(Quoting.identifier("Wait, p99/../x") == "wait-p99-x")
  }
}

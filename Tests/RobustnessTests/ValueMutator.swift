import TestSupport

/// Changes values where `FuzzTests` change bytes: the file stays what it is, so that what is read goes
/// on to whatever works with it.
struct ValueMutator {
  var random: TestRandom

  /// Ends of types, of ranges and of patience.
  static let odd = [
    "-1", "0", "1", "2", "-0.0", "0.5", "1e-310", "1e-9", "1e9", "1e18", "1e30", "1e308", "-1e308",
    "9e999", "nan", "inf", "-inf", "255", "256", "32767", "32768", "65536", "1000000", "1000001",
    "2147483647", "2147483648", "4294967295", "9007199254740991", "9007199254740992",
    "18014398509481983", "18014398509481984", "1152921504606846976", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "18446744073709551615",
    "99999999999999999999999", "", "x", "\"1\"", "0x10", "1_000", "+7", "007",
  ]

  /// `text` with one to four of its numbers replaced.
  mutating func mutate(_ text: String) -> String {
    var tokens = Self.tokens(text)
    let numbers = tokens.indices.filter { tokens[$0].isNumber }
    guard !numbers.isEmpty else { return text }
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let place = numbers[Int.random(in: 0..<numbers.count, using: &random)]
      tokens[place].text = Self.odd[Int.random(in: 0..<Self.odd.count, using: &random)]
    }
    return tokens.map(\.text).joined()
  }

  /// An integer: an odd one, or one near.
  mutating func integer(_ value: Int64) -> Int64 {
    switch Int.random(in: 0...4, using: &random) {
    case 0: value &+ Int64.random(in: -3...3, using: &random)
    case 1: Int64.random(in: .min ... .max, using: &random)
    case 2: value &* Int64.random(in: -1000...1000, using: &random)
    default:
      [
        0, 1, -1, .max, .min, 1 << 53, 1 << 54, (1 << 53) - 1, (1 << 54) - 1, 1_000_000, 1 << 31,
        1 << 32,
      ]
      .randomElement(using: &random) ?? 0
    }
  }

  private struct Token {
    var text: String
    var isNumber: Bool
  }

  private static func tokens(_ text: String) -> [Token] {
    var tokens: [Token] = []
    var (current, isNumber) = ("", false)
    var before: Unicode.Scalar = " "
    func isPart(_ scalar: Unicode.Scalar) -> Bool {
      ("0"..."9").contains(scalar) || (isNumber && (scalar == "." || scalar == "e"))
        || (!isNumber && scalar == "-" && !("a"..."z").contains(before))
    }
    for scalar in text.unicodeScalars {
      let belongs = isPart(scalar) && (isNumber || !("a"..."z").contains(before))
      if belongs != isNumber, !current.isEmpty {
        tokens.append(Token(text: current, isNumber: isNumber && current != "-"))
        current = ""
      }
      isNumber = belongs
      current.unicodeScalars.append(scalar)
      before = scalar
    }
    if !current.isEmpty {
      tokens.append(Token(text: current, isNumber: isNumber && current != "-"))
    }
    return tokens
  }
}

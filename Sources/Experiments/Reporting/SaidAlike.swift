/// A sentence that is said several times with other numbers, as one with their ranges.
struct SaidAlike {
  /// A word: a number, the least and the greatest so far, between what stands before and behind it; or other text.
  private enum Word: Equatable {
    case text(Substring)
    case number(before: Substring, least: Substring, most: Substring, behind: Substring)
  }

  private var words: [Word]

  init(_ sentence: String) {
    words = sentence.split(separator: " ", omittingEmptySubsequences: false).map { word in
      let before = word.prefix { $0 == "(" }
      let rest = word.dropFirst(before.count)
      var number = rest
      while let last = number.last, ".,;:)%".contains(last) { number.removeLast() }
      guard Self.value(number) != nil else { return .text(word) }
      return .number(
        before: before, least: number, most: number, behind: rest.dropFirst(number.count))
    }
  }

  /// Whether only numbers differ.
  func isAlike(_ other: SaidAlike) -> Bool {
    words.count == other.words.count
      && zip(words, other.words).allSatisfy { mine, theirs in
        switch (mine, theirs) {
        case (.text(let a), .text(let b)): a == b
        case (.number(let a, _, _, let b), .number(let c, _, _, let d)): a == c && b == d
        default: false
        }
      }
  }

  /// Takes in the numbers of a sentence that is alike.
  mutating func join(_ other: SaidAlike) {
    for (place, word) in other.words.enumerated() {
      guard case .number(let before, var least, var most, let behind) = words[place],
        case .number(_, let low, let high, _) = word
      else { continue }
      if let a = Self.value(low), let b = Self.value(least), a < b { least = low }
      if let a = Self.value(high), let b = Self.value(most), a > b { most = high }
      words[place] = .number(before: before, least: least, most: most, behind: behind)
    }
  }

  /// `39,147 to 70,060 tasks ask for it`.
  var text: String {
    words.map { word in
      switch word {
      case .text(let text): String(text)
      case .number(let before, let least, let most, let behind):
        "\(before)\(least == most ? String(least) : "\(least) to \(most)")\(behind)"
      }
    }.joined(separator: " ")
  }

  private static func value(_ text: Substring) -> Double? {
    guard text.first?.isNumber == true else { return nil }
    return Double(text.filter { $0 != "," })
  }
}

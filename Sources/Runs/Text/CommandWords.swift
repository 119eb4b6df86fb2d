/// Words of a command line, those of some options taken out.
struct CommandWords {
  /// What was not taken out.
  private(set) var left: [String]

  init(_ words: [String]) { left = words }

  /// Whether an option is among them.
  func have(_ option: String) -> Bool {
    left.contains { $0 == option || $0.hasPrefix(option + "=") }
  }

  /// Takes options with their values out, or flags; returns their words.
  mutating func take(_ names: [String], isFlag: Bool = false) -> [String] {
    var (taken, kept) = ([String](), [String]())
    var place = 0
    while place < left.count {
      let word = left[place]
      place += 1
      if names.contains(word) {
        taken.append(word)
        if !isFlag, place < left.count {
          taken.append(left[place])
          place += 1
        }
      } else if !isFlag, names.contains(where: { $0.hasPrefix("--") && word.hasPrefix($0 + "=") }) {
        taken.append(word)
      } else {
        kept.append(word)
      }
    }
    left = kept
    return taken
  }
}

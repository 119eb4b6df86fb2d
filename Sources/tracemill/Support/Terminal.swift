import Foundation
import Quoting

/// Emphasis on a terminal. Nothing depends on it: elsewhere, and where the user has set NO_COLOR
/// (no-color.org) or TERM=dumb, text stays as it is.
struct Terminal {
  /// Standard output.
  static let output = Terminal(STDOUT_FILENO)
  /// Standard error.
  static let errors = Terminal(STDERR_FILENO)

  private let isStyled: Bool

  private init(_ descriptor: Int32) {
    let environment = ProcessInfo.processInfo.environment
    isStyled =
      isatty(descriptor) == 1 && environment["NO_COLOR", default: ""].isEmpty
      && environment["TERM"] != "dumb"
  }

  // Emphasis is marked by two private-use scalars on its way to `shown`, the only place that
  // writes control sequences: no text of an input can have one.
  private static let begin: Unicode.Scalar = "\u{f8f0}"
  private static let end: Unicode.Scalar = "\u{f8f1}"

  /// `text` in bold, where that can be shown.
  func strong(_ text: String) -> String {
    "\(Character(Self.begin))\(Quoting.visible(text))\(Character(Self.end))"
  }

  /// `text` as it is written: emphasis as control sequences or not at all, everything else that a
  /// terminal would act on written out.
  func shown(_ text: String) -> String {
    text.unicodeScalars.split(omittingEmptySubsequences: false) {
      $0 == Self.begin || $0 == Self.end
    }
    .enumerated().map { index, piece in
      let piece = Quoting.visibleLines(String(piece))
      return isStyled && !index.isMultiple(of: 2) ? "\u{1b}[1m\(piece)\u{1b}[0m" : piece
    }.joined()
  }
}

import Foundation

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

  /// `text` in bold, where that can be shown.
  func strong(_ text: String) -> String { isStyled ? "\u{1b}[1m\(text)\u{1b}[0m" : text }
}

import Foundation

/// Writes to standard error; a reader that has gone is no reason to stop.
func writeError(_ text: String) {
  try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
}

/// What became of what was printed.
enum OutputState {
  case written
  /// The reader went away, as `head` does: no error worth a message.
  case readerGone
  case failed(String)

  /// Flushes standard output.
  static func flush() -> OutputState {
    // All streams: what could not be written is kept and tried again here.
    if fflush(nil) == 0 { return .written }
    return errno == EPIPE ? .readerGone : .failed(String(cString: strerror(errno)))
  }
}

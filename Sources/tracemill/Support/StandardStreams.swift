import Foundation
import TraceParsing

/// Writes to standard error; a reader that has gone is no reason to stop.
func writeError(_ text: String) {
  try? FileHandle.standardError.write(contentsOf: Data(FileName.printed(text).utf8))
}

/// Writes to standard output, at once and whole.
///
/// Where the reader has gone, as `head` does, the process ends as if SIGPIPE had ended it, with
/// nothing half-written left behind.
func writeOutput(_ text: String) throws {
  var rest = Array(FileName.printed(text).utf8)[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else {
      let error = errno
      OutputFile.removePartialFiles()
      if error == EPIPE { exit(128 + SIGPIPE) }
      throw CommandFailure(message: "<stdout>: cannot write: \(String(cString: strerror(error)))")
    }
    rest = rest.dropFirst(count)
  }
}

import Diagnostics
import Foundation
import Quoting
import Tables
import TraceParsing

/// Writes to standard error; a reader that has gone is no reason to stop. What a terminal would act
/// on is written out, but for line ends and our own emphasis.
func writeError(_ text: String) {
  try? FileHandle.standardError.write(
    contentsOf: Data(Terminal.errors.shown(FileName.printed(text)).utf8))
}

/// Writes `text` over the line that the cursor is in, on standard error; nothing just clears it.
func writeErrorLine(_ text: String = "") {
  let line = "\r\u{1b}[K" + Quoting.visible(FileName.printed(text))
  try? FileHandle.standardError.write(contentsOf: Data(line.utf8))
}

/// Writes what was done: to standard error where one of the outputs took standard output.
func writeSummary(_ text: String, of outputs: [String]) throws {
  if outputs.contains(where: OutputFile.isStandardOutput) {
    writeError(text)
  } else {
    try writeOutput(text)
  }
}

/// Writes to standard output, at once and whole. What a terminal would act on is written out, but for
/// line ends and our own emphasis; JSON comes here with such scalars escaped (`Quoting.json`).
///
/// Where the reader has gone, as `head` does, the process ends as if SIGPIPE had ended it, with
/// nothing half-written left behind.
func writeOutput(_ text: String) throws {
  var rest = Array(Terminal.output.shown(text).utf8)[...]
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

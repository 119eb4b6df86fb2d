import ArgumentParser
import Logging
import Quoting

/// How much is said on standard error. Shared by all commands.
struct MessageOptions: ParsableArguments, Sendable {
  @Flag(name: .shortAndLong, help: "No progress and no notes.")
  var quiet = false

  @Flag(name: .shortAndLong, help: "More notes: what was recognised, which files are used.")
  var verbose = false

  mutating func validate() throws {
    guard !(quiet && verbose) else {
      throw ValidationError("--quiet and --verbose exclude each other")
    }
  }

  /// Logs to standard error; nil if the user wants quiet.
  var logger: Logger? {
    guard !quiet else { return nil }
    var logger = Logger(label: "tracemill", factory: { _ in TerminalLogHandler() })
    logger.logLevel = verbose ? .debug : .info
    return logger
  }
}

/// One line a message: `note: …` or `warning: …` on standard error.
struct TerminalLogHandler: LogHandler {
  var logLevel = Logger.Level.info
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let prefix = event.level >= .warning ? Terminal.errors.strong("warning") : "note"
    writeError("\(prefix): \(Quoting.visible("\(event.message)"))\n")
  }
}

import Logging
import Synchronization

/// Passes each message on once.
struct OnceLogHandler: LogHandler {
  private final class Said: Sendable {
    let messages = Mutex<Set<String>>([])
  }

  private let base: Logger
  private let said = Said()
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level

  private init(_ base: Logger) {
    self.base = base
    logLevel = base.logLevel
  }

  /// A logger that says nothing twice.
  static func logger(_ base: Logger) -> Logger {
    var logger = Logger(label: base.label) { _ in OnceLogHandler(base) }
    logger.logLevel = base.logLevel
    return logger
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let isNew = said.messages.withLock { $0.insert("\(event.level) \(event.message)").inserted }
    if isNew { base.log(level: event.level, event.message) }
  }
}

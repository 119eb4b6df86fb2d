import Experiments
import Foundation
import Logging
import Runs
import Synchronization

/// Shows how far an experiment has come: a line on a terminal, a log line now and then elsewhere.
final class CellProgress: Sendable {
  private let name: String
  private let logger: Logger?
  private let draws: Bool
  private let lastLog = Mutex<(time: Double, done: Int)>((0, -1))

  init(_ name: String, logger: Logger?) {
    self.name = name
    self.logger = logger
    draws = logger != nil && isatty(STDERR_FILENO) == 1
  }

  func show(_ progress: RunProgress) {
    guard let logger else { return }
    if draws { return writeErrorLine("\(name)  \(progress.bar) \(progress.text)") }
    let counts = progress.counts
    let isDue = lastLog.withLock { last in
      guard progress.elapsed - last.time >= 10 || (last.done < 0) || (counts.done == counts.total)
      else { return false }
      guard last.done != counts.done else { return false }
      last = (progress.elapsed, counts.done)
      return true
    }
    if isDue { logger.info("\(name): \(progress.text)") }
  }

  /// Removes the line.
  func finish() {
    if draws { writeErrorLine() }
  }
}

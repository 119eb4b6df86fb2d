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
    let counts = progress.counts
    if draws {
      let share = Double(counts.done) / Double(max(1, counts.total))
      let filled = Int(share * 24)
      let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: 24 - filled)
      writeErrorLine("\(name)  [\(bar)] \(line(progress))")
      return
    }
    let isDue = lastLog.withLock { last in
      guard progress.elapsed - last.time >= 10 || (last.done < 0) || (counts.done == counts.total)
      else { return false }
      guard last.done != counts.done else { return false }
      last = (progress.elapsed, counts.done)
      return true
    }
    if isDue { logger.info("\(name): \(line(progress))") }
  }

  /// Removes the line.
  func finish() {
    if draws { writeErrorLine() }
  }

  private func line(_ progress: RunProgress) -> String {
    let counts = progress.counts
    var line = "\(grouped(counts.done)) of \(grouped(counts.total)) cells done"
    if counts.running > 0 { line += ", \(counts.running) running" }
    if counts.failed > 0 { line += ", \(counts.failed) failed" }
    if let left = progress.left, counts.done < counts.total { line += ", \(clock(left)) left" }
    return line
  }
}

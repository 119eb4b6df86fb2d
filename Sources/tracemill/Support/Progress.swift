import Foundation
import Logging
import Runs
import Synchronization
import TraceInput
import TraceParsing

/// Shows how far a long job has come: a bar on a terminal, log lines elsewhere.
final class Progress: Sendable {
  private let meter: ReadMeter
  private let label: String
  private let started = ContinuousClock.now
  private let stopped = Atomic<Bool>(false)
  private let done = DispatchSemaphore(value: 0)
  private let logger: Logger?
  private let draws: Bool

  /// - Parameter logger: nil keeps quiet.
  init(_ label: String, meter: ReadMeter, logger: Logger?) {
    self.label = label
    self.meter = meter
    self.logger = logger
    draws = logger != nil && isatty(STDERR_FILENO) == 1
    if draws {
      Thread.detachNewThread { [self] in draw() }
    } else {
      logger?.info("\(label)")
    }
  }

  /// Removes the bar, and says what was done.
  ///
  /// - Parameters:
  ///   - count: how many of what was read or run; nil for no count. Rows read are no such number: a
  ///     table may be read twice, and a generator reads none.
  ///   - what: what it is that is counted.
  func finish(_ count: Int? = nil, _ what: String = "tasks") {
    guard !stopped.exchange(true, ordering: .relaxed) else { return }
    if draws {
      done.wait()
      writeErrorLine()
    } else {
      let seconds = (ContinuousClock.now - started).seconds
      let counted = count.map { "\(grouped($0)) \(what) in " } ?? ""
      logger?.info("\(label): \(counted)\(fixed(seconds, 1)) s")
    }
  }

  private func draw() {
    while !stopped.load(ordering: .relaxed) {
      writeErrorLine(line)
      Thread.sleep(forTimeInterval: 0.1)
    }
    done.signal()
  }

  private var line: String {
    let seconds = max(1e-3, (ContinuousClock.now - started).seconds)
    let rate = "\(short(Double(meter.rows) / seconds)) rows/s"
    guard meter.total > 0 else { return "\(label)  \(short(Double(meter.rows))) rows  \(rate)" }
    let share = min(1, Double(meter.bytes) / Double(meter.total))
    let filled = Int(share * 24)
    let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: 24 - filled)
    let left = share > 0.01 ? "  \(clock(seconds / share - seconds)) left" : ""
    return "\(label)  [\(bar)] \(Int(share * 100)) %  \(rate)\(left)"
  }
}

import Workload

/// How a batch task of Alibaba's traces stands.
enum AlibabaStatus: String, CaseIterable {
  case ready = "Ready"
  case waiting = "Waiting"
  case running = "Running"
  case terminated = "Terminated"
  case failed = "Failed"
  case cancelled = "Cancelled"
  case interrupted = "Interrupted"

  static let names = allCases.map(\.rawValue)

  /// The outcome that it stands for.
  var outcome: Outcome {
    switch self {
    case .ready, .waiting: .pending
    case .running: .running
    case .terminated: .finished
    case .failed: .failed
    case .cancelled: .killed
    case .interrupted: .evicted
    }
  }
}

extension TaskRecord {
  /// Fills in a life of which the trace tells a beginning, the time of the last change, and a
  /// status: when it was scheduled is not known, so waiting counts as running.
  ///
  /// - Parameters:
  ///   - last: zero where the trace does not know it.
  ///   - hasRun: whether it was ever started.
  mutating func setLife(_ status: AlibabaStatus, last: Microseconds, hasRun: Bool) {
    outcome = status.outcome
    flags.insert(.diskUnknown)
    let span = last - submit
    let isKnown = last > .zero && span >= .zero
    if last > .zero && span < .zero { flags.insert(.irregular) }
    if !outcome.hasEnded { flags.insert(.cutOffAtEnd) } else if isKnown { end = last }
    guard hasRun else {
      waitTime = isKnown ? span : .zero
      if !isKnown { flags.insert(.waitTimeUnknown) }
      return
    }
    attempts = 1
    firstSchedule = submit
    lastSchedule = submit
    flags.insert(.waitTimeUnknown)
    runTime = isKnown ? span : .zero
    if !isKnown { flags.insert(.runTimeUnknown) }
  }
}

extension Outcome {
  /// Whether the task's life is over, as far as the trace shows it.
  var hasEnded: Bool { self != .pending && self != .running }
}

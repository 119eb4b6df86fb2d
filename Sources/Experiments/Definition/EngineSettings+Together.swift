import Simulation
import Workload

// What settings mean together: those of one file or command, or of layers, an experiment's and its
// scheduler's.
extension EngineSettings {
  /// What is said here and means nothing, or cannot be, in an engine that is set up as `whole` is: these settings
  /// alone, or with those of other layers. Each with its dotted path; empty if all of it means something.
  public func idle(in whole: EngineSettings) -> [DescriptionIssue] {
    var issues = whole.rules.options.idleSettings.filter { asks(for: $0.key) }.map {
      DescriptionIssue(path: $0.key, message: $0.reason)
    }
    if predictFor != nil, (whole.prediction ?? "none") == "none" {
      issues.append(
        .init(
          path: "predictFor",
          message: "means nothing without prediction: nothing predicts run times"
        ))
    }
    for clash in whole.clashes {
      if asks(for: clash.path) {
        issues.append(.init(path: clash.path, message: clash.message))
      } else if asks(for: clash.other) {
        issues.append(
          .init(
            path: clash.other, message: "does not go with \(clash.path), which \(clash.message)"))
      }
    }
    return issues
  }

  /// Takes out what would be ``idle(in:)`` here.
  public mutating func leaveOutIdle() {
    for issue in idle(in: self) {
      switch issue.path {
      case "gangs": gangs = nil
      case "preempt": preempt = nil
      case "backfilling": backfilling = nil
      case "prediction": prediction = nil
      case "predictFor": predictFor = nil
      default: break
      }
    }
  }

  /// These settings without the numbers, which may be out of range.
  private var rules: EngineSettings {
    var rules = EngineSettings()
    (rules.mode, rules.gangs) = (mode, gangs)
    (rules.preempt, rules.backfilling) = (preempt, backfilling)
    return rules
  }

  /// Two settings that cannot both be.
  private struct Clash {
    let path: String
    let other: String
    let message: String
  }

  private var clashes: [Clash] {
    var clashes: [Clash] = []
    if backfilling == .conservative, mode != .dispatch {
      if let queue, queue.order.changesWithTime {
        clashes.append(
          Clash(
            path: "queue", other: "backfilling",
            message:
              "is \(queue.rawValue), which changes while tasks wait: conservative backfilling "
              + "promises starts in an order that stays; use easy"))
      }
      if bindHead == true {
        clashes.append(
          Clash(
            path: "bindHead", other: "backfilling",
            message:
              "means nothing to conservative backfilling, which promises every task its start"))
      }
    }
    if let prediction, prediction != "none", mode == .dispatch {
      clashes.append(
        Clash(
          path: "prediction", other: "mode",
          message: "is of tasks in one queue: it goes with mode central"))
    }
    if eventsOneByOne == true, (step ?? 0) > 0 {
      clashes.append(
        Clash(path: "eventsOneByOne", other: "step", message: "goes with no step of the clock"))
    }
    return clashes
  }

  /// Whether a setting that others can make meaningless is asked for here.
  private func asks(for key: String) -> Bool {
    switch key {
    case "gangs": gangs == true
    case "preempt": preempt != nil
    case "backfilling": backfilling == .conservative
    case "queue": queue != nil && queue != .fifo
    case "bindHead": bindHead == true
    case "prediction": prediction != nil && prediction != "none"
    case "mode": mode == .dispatch
    case "eventsOneByOne": eventsOneByOne == true
    case "step": (step ?? 0) > 0
    default: false
    }
  }
}

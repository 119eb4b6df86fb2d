import Fitting
import Workload

/// All that is wrong with a workload model.
public struct WorkloadModelError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The issues; at least one.
  public var issues: [DescriptionIssue]

  /// An error of at least one issue.
  public init(issues: [DescriptionIssue]) { self.issues = issues }

  public var description: String { issues.map(\.description).joined(separator: "\n") }
}

/// Collects issues under a path.
private struct Notes {
  var path = ""
  var issues: [DescriptionIssue] = []

  mutating func note(_ key: String, _ message: String) {
    issues.append(DescriptionIssue(path: path + key, message: message))
  }

  mutating func require(_ holds: Bool, _ key: String, _ message: @autoclosure () -> String) {
    if !holds { note(key, message()) }
  }

  /// Shares lie in 0...1 and add up to 1.
  mutating func shares(_ shares: [Double], _ key: String, element: (Int) -> String) {
    for (index, share) in shares.enumerated() where !(0...1).contains(share) {
      note(element(index), "is \(share); expected 0 to 1")
    }
    let total = shares.reduce(0, +)
    require(abs(total - 1) <= 1e-6, key, "have shares that add up to \(total); expected 1")
  }

  mutating func law(_ law: Law, _ key: String) {
    require(
      law.lowerBound >= 0, key, "can be \(law.lowerBound); expected a law of nothing below 0")
  }
}

extension WorkloadModel {
  /// Everything that is wrong with it; empty if nothing is. Correlations are looked into only where
  /// the laws are right.
  public func issues() -> [DescriptionIssue] {
    var notes = Notes()
    arrivals.check(&notes)
    notes.require(
      (1...255).contains(classes.count), "classes", "are \(classes.count); expected 1 to 255")
    for (index, part) in classes.enumerated() {
      notes.path = "classes[\(index)]."
      part.check(&notes)
    }
    notes.path = ""
    if !classes.isEmpty {
      notes.shares(classes.map(\.share), "classes") { "classes[\($0)].share" }
    }
    if let estimates {
      notes.law(estimates.factor, "estimates.factor")
      let times = estimates.roundedTo
      notes.require(
        times.allSatisfy { $0 > 0 && $0.isFinite } && zip(times, times.dropFirst()).allSatisfy(<),
        "estimates.roundedTo", "is \(times); expected times above 0, each greater than the last")
    }
    graph?.check(&notes)
    details?.check(&notes)
    repeats?.check(&notes)
    resubmissions?.check(&notes)
    if let resubmissions, resubmissions.share > 0 {
      notes.require(
        classes.contains { $0.outcomes.contains { $0.outcome == .failed && $0.share > 0 } },
        "resubmissions", "are of jobs that failed, and no class has outcomes with failed")
    }
    standing?.check(&notes)
    if let ticks {
      for (name, step) in [("submission", ticks.submission), ("runTime", ticks.runTime)] {
        notes.require(
          (0...1e6).contains(step), "ticks.\(name)", "is \(step); expected 0 to 1000000 seconds")
      }
    }
    return notes.issues
  }
}

extension ArrivalModel {
  fileprivate func check(_ notes: inout Notes) {
    notes.require(
      Ranges.rate.contains(rate), "arrivals.rate",
      "is \(rate); expected 1e-9 to 1e9 jobs a second")
    if case .replayed(let gaps) = process {
      let total = gaps.reduce(0, +)
      notes.require(
        total > 0 && total.isFinite && gaps.allSatisfy { $0 >= 0 }, "arrivals.gaps",
        "are \(gaps.count) gaps of \(total) s in all; expected some of 0 or more that take time")
      notes.require(
        weeklyCurve.isEmpty, "arrivals.weeklyCurve",
        "is given for replayed gaps, which have their own")
    }
    if case .renewal(let law) = process {
      notes.law(law, "arrivals.gapLaw")
      notes.require(
        law.mean > 0 && law.mean.isFinite, "arrivals.gapLaw",
        "has a mean of \(law.mean); expected one above 0")
    }
    if let batches {
      notes.require(
        batches.share >= 0 && batches.share < 1, "arrivals.batches.share",
        "is \(batches.share); expected 0 or more and less than 1")
      notes.require(
        batches.gaps.allSatisfy { $0 >= 0 && $0.isFinite }, "arrivals.batches.gaps",
        "has gaps below 0 or without end")
    }
    if case .cascade(let stages) = process {
      notes.require(
        (1...8).contains(stages.count), "arrivals.cascade",
        "has \(stages.count) processes; expected 1 to 8")
    }
    guard !weeklyCurve.isEmpty else { return }
    notes.require(
      [168, 336].contains(weeklyCurve.count), "arrivals.weeklyCurve",
      "has \(weeklyCurve.count) values; expected one for each of 168 hours or 336 half-hours")
    for (hour, rate) in weeklyCurve.enumerated() where !(rate >= 0 && rate.isFinite) {
      notes.note("arrivals.weeklyCurve[\(hour)]", "is \(rate); expected 0 or more")
    }
    notes.require(
      weeklyCurve.contains { $0 > 0 }, "arrivals.weeklyCurve", "is 0 all the time")
  }
}

extension TaskClass {
  fileprivate func check(_ notes: inout Notes) {
    let before = notes.issues.count
    notes.require(
      Ranges.priority.contains(Int64(priority)), "priority",
      "is \(priority); expected -1 to \(Ranges.priority.upperBound)")
    for (name, law) in [("runTime", runTime), ("cpu", cpu), ("memory", memory)] {
      notes.law(law, name)
    }
    let others = [
      ("jobSize", jobSize), ("disk", disk), ("wait", wait), ("gpus", gpus),
      ("instances", instances),
    ]
    notes.require(
      (0...1).contains(withinJobs), "withinJobs", "is \(withinJobs); expected 0 to 1")
    for (name, law) in others {
      if let law { notes.law(law, name) }
    }
    notes.require(
      (0...1).contains(unstarted), "unstarted", "is \(unstarted); expected 0 to 1")
    if let factor = deadlineFactor {
      notes.require(
        factor > 0 && factor <= 1e6, "deadlineFactor",
        "is \(factor); expected more than 0 and at most 1e6")
    }
    if !outcomes.isEmpty {
      notes.shares(outcomes.map(\.share), "outcomes") { "outcomes.\(outcomes[$0].outcome.name)" }
    }
    if let attempts { notes.law(attempts, "attempts") }
    if !earlierEnds.isEmpty {
      notes.shares(earlierEnds.map(\.share), "earlierEnds") {
        "earlierEnds.\(earlierEnds[$0].outcome.name)"
      }
    }
    guard let correlations, notes.issues.count == before else { return }
    let pairs = [
      ("cpuMemory", correlations.cpuMemory), ("runTimeCPU", correlations.runTimeCPU),
      ("runTimeMemory", correlations.runTimeMemory),
    ]
    for (name, value) in pairs {
      notes.require(
        (-1...1).contains(value), "correlations.\(name)", "is \(value); expected -1 to 1")
    }
    if let degrees = correlations.degreesOfFreedom {
      notes.require(
        (2...100).contains(degrees) && degrees % 2 == 0, "correlations.degreesOfFreedom",
        "is \(degrees); expected an even number from 2 to 100")
    }
    guard notes.issues.count == before else { return }
    do {
      _ = try Copula(correlations, self)
    } catch {
      switch error {
      case .unreachable(let pair, let most):
        notes.note(
          "correlations.\(pair)",
          "cannot be reached: with the ties of these laws the greatest size is \(most)")
      case .notPositiveDefinite:
        notes.note(
          "correlations", "are not positive definite: no three quantities hang together like this")
      }
    }
  }
}

extension GraphModel {
  fileprivate func check(_ notes: inout Notes) {
    switch shape {
    case .chain, .forkJoin, .alibaba2018: break
    case .learned(let shapes): shapes.check(&notes)
    case .layered(let width, let density):
      notes.require(
        (1...100_000).contains(width), "graph.width", "is \(width); expected 1 to 100000")
      notes.require(
        (0...1).contains(density), "graph.density", "is \(density); expected 0 to 1")
    case .inDegrees(let shares):
      notes.require(
        (1...1000).contains(shares.count), "graph.inDegrees",
        "has \(shares.count) shares; expected 1 to 1000")
      notes.shares(shares, "graph.inDegrees") { "graph.inDegrees[\($0)]" }
    }
    if let data { notes.law(data, "graph.data") }
  }
}

extension GraphShapes {
  fileprivate func check(_ notes: inout Notes) {
    let limits = Self.limits
    notes.require(
      (1...limits.shapes).contains(shapes.count), "graph.shapes",
      "are \(shapes.count); expected 1 to \(limits.shapes)")
    let edges = shapes.reduce(0) { $0 + $1.edgeCount }
    notes.require(
      edges <= limits.edges, "graph.shapes",
      "have \(edges) dependencies; expected at most \(limits.edges)")
    for (place, shape) in shapes.enumerated() {
      if let issue = shape.issue { return notes.note("graph.shapes[\(place)]", issue) }
    }
  }
}

extension RepeatModel {
  fileprivate func check(_ notes: inout Notes) {
    notes.require((0...1).contains(share), "repeats.share", "is \(share); expected 0 to 1")
    notes.require(
      !lags.isEmpty && lags.allSatisfy { (1...255).contains($0) }, "repeats.lags",
      "are \(lags); expected some of 1 to 255 jobs")
    notes.require(
      (-1...1).contains(runTimeCorrelation), "repeats.runTimeCorrelation",
      "is \(runTimeCorrelation); expected -1 to 1")
  }
}

extension ResubmissionModel {
  fileprivate func check(_ notes: inout Notes) {
    notes.path = "resubmissions."
    defer { notes.path = "" }
    notes.require((0...1).contains(share), "share", "is \(share); expected 0 to 1")
    notes.require(
      !delays.isEmpty && delays.allSatisfy(Ranges.seconds.contains), "delays",
      "are \(delays.count) values; expected some of 0 to \(Ranges.seconds.upperBound) seconds")
    if let failsAgain {
      notes.require(
        (0...1).contains(failsAgain), "failsAgain", "is \(failsAgain); expected 0 to 1")
    }
    notes.require(
      (-1...1).contains(runTimeCorrelation), "runTimeCorrelation",
      "is \(runTimeCorrelation); expected -1 to 1")
  }
}

extension StandingModel {
  fileprivate func check(_ notes: inout Notes) {
    notes.require(
      (0...10_000_000).contains(count), "standing.count", "is \(count); expected 0 to 10000000")
    notes.require(!sample.isEmpty || count == 0, "standing.sample", "is empty")
    let isFine = sample.allSatisfy { task in
      [task.cpu, task.memory, task.gpus, task.rest].allSatisfy { $0 >= 0 && $0.isFinite }
    }
    notes.require(isFine, "standing.sample", "has amounts below 0 or without end")
  }
}

extension TraceDetails {
  fileprivate func check(_ notes: inout Notes) {
    for (name, count) in [("users", users), ("machines", machines)] {
      notes.require(
        (1...1_000_000).contains(count), "details.\(name)", "is \(count); expected 1 to 1000000")
    }
    notes.require(
      (0...1).contains(differentMachines), "details.differentMachines",
      "is \(differentMachines); expected 0 to 1")
  }
}

extension WorkloadExtent {
  var issues: [DescriptionIssue] {
    var issues: [DescriptionIssue] = []
    if let tasks, !Ranges.tasks.contains(tasks) {
      issues.append(
        DescriptionIssue(
          path: "tasks", message: "is \(tasks); expected 0 to \(Ranges.tasks.upperBound)"))
    }
    if let duration, !duration.isInRange {
      issues.append(
        DescriptionIssue(
          path: "duration",
          message: "is \(duration.seconds) s; expected 0 to \(Ranges.seconds.upperBound)"))
    }
    return issues
  }
}

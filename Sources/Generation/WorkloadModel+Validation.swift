import Fitting
import Workload

/// Something wrong with a workload model, and where.
public struct ModelIssue: Hashable, Sendable, CustomStringConvertible {
  /// Where, as a dotted path: `classes[2].share`.
  public var path: String
  /// What is wrong, and what was expected.
  public var message: String

  /// An issue at `path`.
  public init(path: String, message: String) {
    self.path = path
    self.message = message
  }

  public var description: String { "\(path): \(message)" }
}

/// All that is wrong with a workload model.
public struct WorkloadModelError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The issues; at least one.
  public var issues: [ModelIssue]

  /// An error of at least one issue.
  public init(issues: [ModelIssue]) { self.issues = issues }

  public var description: String { issues.map(\.description).joined(separator: "\n") }
}

extension WorkloadModel {
  /// Everything that is wrong with it; empty if nothing is.
  public func issues() -> [ModelIssue] {
    var issues: [ModelIssue] = []
    func note(_ path: String, _ message: String) {
      issues.append(ModelIssue(path: path, message: message))
    }
    if !(arrivals.rate > 0 && arrivals.rate <= 1e9) {
      note(
        "arrivals.rate", "is \(arrivals.rate); expected more than 0 and at most 1e9 jobs a second")
    }
    if classes.isEmpty { note("classes", "is empty; expected at least one") }
    if classes.count > 255 { note("classes", "has \(classes.count); expected at most 255") }
    for (index, part) in classes.enumerated() {
      let path = "classes[\(index)]"
      if !(0...1).contains(part.share) {
        note("\(path).share", "is \(part.share); expected 0 to 1")
      }
      for (name, law) in [("runTime", part.runTime), ("cpu", part.cpu), ("memory", part.memory)]
      where !(law.lowerBound >= 0) {
        note("\(path).\(name)", "can be \(law.lowerBound); expected a law of nothing below 0")
      }
      if let factor = part.deadlineFactor, !(factor > 0 && factor <= 1e6) {
        note("\(path).deadlineFactor", "is \(factor); expected more than 0 and at most 1e6")
      }
    }
    let total = classes.map(\.share).reduce(0, +)
    if !classes.isEmpty, !(abs(total - 1) <= 1e-6) {
      note("classes", "have shares that add up to \(total); expected 1")
    }
    return issues
  }
}

extension WorkloadModel {
  /// Mean CPU request of a task in cores, from the laws.
  public var meanCPU: Double { mean { $0.cpu.mean } }
  /// Mean run time of a task in seconds, from the laws.
  public var meanRunTime: Double { mean { $0.runTime.mean } }
  /// Mean memory of a task in GiB, from the laws.
  public var meanMemory: Double { mean { $0.memory.mean } }
  /// Mean CPU time that a task claims, its cores times its run time, in core-seconds.
  public var meanCoreSeconds: Double { mean { $0.cpu.mean * $0.runTime.mean } }

  private func mean(_ value: (TaskClass) -> Double) -> Double {
    classes.reduce(0) { $0 + ($1.share > 0 ? $1.share * value($1) : 0) }
  }

  /// Cores that are busy on average if everything is run at once: Little's law, rate × core-seconds.
  public var offeredCores: Double { arrivals.rate * meanCoreSeconds }

  /// Sets the arrival rate so that the offered CPU load on `cores` cores (times their speeds, where
  /// they differ) is `load`: 1 is as much as they can do.
  ///
  /// - Throws: where a number is not finite and positive, or the laws have no finite mean.
  public mutating func setLoad(
    _ load: Double, onCores cores: Double
  ) throws(WorkloadModelError) {
    let work = meanCoreSeconds
    let rate = load * cores / work
    guard load > 0, cores > 0, work > 0, rate.isFinite, rate > 0 else {
      throw WorkloadModelError(issues: [
        ModelIssue(
          path: "load",
          message: "\(load) on \(cores) cores cannot be set with \(work) core-seconds a task")
      ])
    }
    arrivals.rate = rate
  }
}

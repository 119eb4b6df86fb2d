import Fitting
import Workload

extension WorkloadModel {
  /// Multiplies run times.
  public mutating func scaleRunTimes(by factor: Double) throws(FittingError) {
    for index in classes.indices {
      classes[index].runTime = try classes[index].runTime.scaled(by: factor)
    }
  }

  /// Multiplies CPU and memory.
  public mutating func scaleRequests(by factor: Double) throws(FittingError) {
    for index in classes.indices {
      classes[index].cpu = try classes[index].cpu.scaled(by: factor)
      classes[index].memory = try classes[index].memory.scaled(by: factor)
    }
  }

  /// Gives the run times of all classes a tail index.
  public mutating func setTailIndex(_ index: Double) throws(FittingError) {
    for place in classes.indices {
      classes[place].runTime = try classes[place].runTime.withTailIndex(index)
    }
  }

  /// Gives classes other shares; those that are not named keep theirs in proportion.
  ///
  /// - Throws: for names that there are not, and for shares that are no shares.
  public mutating func setClassMix(_ shares: [String: Double]) throws(WorkloadModelError) {
    var issues: [DescriptionIssue] = []
    for (name, share) in shares.sorted(by: { $0.key < $1.key }) {
      if !classes.contains(where: { $0.name == name }) {
        let names = classes.map(\.name).joined(separator: ", ")
        issues.append(
          DescriptionIssue(path: "mix.\(name)", message: "no such class; there are \(names)"))
      }
      if !(0...1).contains(share) {
        issues.append(
          DescriptionIssue(path: "mix.\(name)", message: "is \(share); expected 0 to 1"))
      }
    }
    let given = classes.reduce(0) { $0 + (shares[$1.name] ?? 0) }
    let others = classes.reduce(0) { $0 + (shares[$1.name] == nil ? $1.share : 0) }
    if given > 1 + 1e-9 || (others == 0 && abs(given - 1) > 1e-6) {
      issues.append(DescriptionIssue(path: "mix", message: "adds up to \(given); expected 1"))
    }
    guard issues.isEmpty else { throw WorkloadModelError(issues: issues) }
    for index in classes.indices {
      let own = classes[index].share
      classes[index].share =
        shares[classes[index].name] ?? (others > 0 ? own * (1 - given) / others : 0)
    }
  }

  /// Sends arrivals in bursts: a Poisson process that is `factor` times as dense as on average for
  /// `share` of the time, in stays of `length` seconds on average.
  public mutating func setBursts(
    factor: Double, share: Double, length: Double
  ) throws(WorkloadModelError) {
    guard factor > 1, share > 0, factor * share <= 1, length > 0, length.isFinite,
      let process = try? MMPP2(
        busyRate: factor, quietRate: max(0, (1 - factor * share) / (1 - share)),
        leavingBusy: 1 / length, leavingQuiet: share / (1 - share) / length)
    else {
      throw WorkloadModelError(issues: [
        DescriptionIssue(
          path: "arrivals.bursts",
          message:
            "factor \(factor), share \(share), length \(length) s; expected a factor above 1, "
            + "a share above 0, their product at most 1, and a length above 0")
      ])
    }
    arrivals.process = .mmpp(process)
  }
}

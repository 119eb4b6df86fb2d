import Foundation

extension Conclusions {
  /// What it comes to, in plain words, the number first.
  public var verdicts: [String] {
    guard let error = meanAbsoluteLogRatio else {
      return ["conclusions: nobody waits at these loads, in the trace or here: nothing to conclude"]
    }
    var allowed = Self.goal
    var beside = "the goal is \(fixed(Self.goal, 2))"
    if let stretches {
      allowed = max(allowed, stretches)
      beside =
        "two stretches of the trace differ by \(fixed(stretches, 2)); the goal is \(fixed(allowed, 2))"
    }
    var verdicts = [
      "mean waits: \(error <= allowed ? "as in the trace" : "NOT as in the trace"): |log ratio| "
        + "\(fixed(error, 2)), a factor of \(significant(exp(error))) on average; \(beside)"
    ]
    if let tau {
      let wrong = pairs.filter { !$0.agrees }
      verdicts.append(
        "ranks of schedulers: \(wrong.isEmpty ? "as in the trace" : "NOT as in the trace"): of "
          + "\(pairs.count) pairs that the trace tells apart, \(pairs.count - wrong.count) come in the "
          + "same order here (Kendall's tau \(fixed(tau, 2)))")
      for pair in wrong.sorted(by: { abs($0.original) > abs($1.original) }).prefix(3) {
        verdicts.append(
          "at load \(pair.load) the trace makes \(pair.first) wait \(significant(exp(pair.original))) times "
            + "as long as \(pair.second), here \(significant(exp(pair.generated))) times")
      }
    } else {
      verdicts.append("ranks of schedulers: the trace tells no two of the eight apart")
    }
    return verdicts
  }

  /// The table, for people.
  public var text: String {
    var text =
      "\nconclusions: \(grouped(tasks)) tasks of the trace and \(workloads) generated workloads on "
      + "\(cluster), arrivals of each scaled to the load\n"
    for note in notes { text += "note: \(note)\n" }
    var table = TextTable(
      header: [
        "load", "scheduler", "mean wait, s", "here / trace", "p99 wait, s", "here / trace",
        "bounded slowdown", "here / trace",
      ], left: [1])
    func ratio(_ ratio: Ratio) -> String {
      "\(significant(ratio.value)) (\(significant(ratio.lower)) to \(significant(ratio.upper)))"
    }
    for cell in cells {
      table.add([
        "\(cell.load)", cell.scheduler, significant(cell.meanWait), ratio(cell.meanWaitRatio),
        significant(cell.p99Wait), ratio(cell.p99WaitRatio), significant(cell.boundedSlowdown),
        ratio(cell.boundedSlowdownRatio),
      ])
    }
    return text + table.text
  }
}

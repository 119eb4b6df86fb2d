import Workload

/// How the tasks of one class, or all tasks, fared.
public struct ClassMetrics: Hashable, Sendable {
  /// Tasks submitted.
  public var submitted = 0
  /// Tasks that were started at least once.
  public var started = 0
  /// Tasks by what became of them, in the order of ``TaskOutcome``.
  public var outcomes = Array(repeating: 0, count: TaskOutcome.allCases.count)
  /// Starts beyond each task's first.
  public var restarts = 0
  /// Tasks with a deadline.
  public var withDeadline = 0
  /// Tasks that finished by their deadline.
  public var metDeadline = 0
  /// Waiting time of tasks that started, in µs.
  public var wait = Tally()
  /// Time from submission to the end of tasks that finished, in µs.
  public var completion = Tally()
  /// (waiting + run time) / run time of tasks that finished and ran at all, in millionths.
  public var slowdown = Tally()
  /// max(1, completion / max(run time, bound)) of tasks that finished, in millionths (Feitelson,
  /// "Metrics for parallel job scheduling and their convergence", 2001).
  public var boundedSlowdown = Tally()
  /// Run time that evictions threw away.
  public var wasted = Microseconds.zero

  /// How many tasks ended as `outcome`.
  public subscript(outcome: TaskOutcome) -> Int { outcomes[Int(outcome.rawValue)] }

  /// Share of tasks with a deadline that finished by it: a task that was dropped, could not
  /// be placed or did not finish has missed it. NaN where no task has one.
  public var deadlineShare: Double {
    withDeadline > 0 ? Double(metDeadline) / Double(withDeadline) : .nan
  }

  /// Dynamic energy of its tasks.
  public var energy = Joules.zero

  mutating func record(_ result: TaskResult, slowdownBound: Microseconds) {
    submitted += 1
    outcomes[Int(result.outcome.rawValue)] += 1
    wasted += result.wasted
    energy += result.energy
    if result.deadline.isKnown {
      withDeadline += 1
      if result.metDeadline { metDeadline += 1 }
    }
    if result.attempts > 0 {
      started += 1
      restarts += Int(result.attempts) - 1
      wait.record(result.wait.rawValue)
    }
    guard result.outcome == .finished else { return }
    let (turnaround, run) = (result.completion.rawValue, result.runTime.rawValue)
    completion.record(turnaround)
    let own = run > 0 ? Self.millionths(turnaround, run) : 0
    if run > 0 { slowdown.record(own) }
    let bounded = max(run, slowdownBound.rawValue, 1)
    let stretch = bounded == run ? own : Self.millionths(turnaround, bounded)
    boundedSlowdown.record(max(1_000_000, stretch))
  }

  private static func millionths(_ a: Int64, _ b: Int64) -> Int64 {
    // Nobody waited, as is common.
    if a == b { return 1_000_000 }
    let ratio = Double(a) / Double(b) * 1e6
    guard ratio < 0x1p52 else { return Int64(exactly: ratio.rounded()) ?? .max }
    // The same as rounding, without a call.
    let whole = Int64(ratio)
    return ratio - Double(whole) >= 0.5 ? whole + 1 : whole
  }

  /// Makes quantiles cheap, once all tasks are recorded.
  mutating func settle() {
    wait.settle()
    completion.settle()
    slowdown.settle()
    boundedSlowdown.settle()
  }

  mutating func merge(_ other: ClassMetrics) {
    submitted += other.submitted
    started += other.started
    for index in outcomes.indices { outcomes[index] += other.outcomes[index] }
    restarts += other.restarts
    withDeadline += other.withDeadline
    metDeadline += other.metDeadline
    wait.merge(other.wait)
    completion.merge(other.completion)
    slowdown.merge(other.slowdown)
    boundedSlowdown.merge(other.boundedSlowdown)
    wasted += other.wasted
    energy += other.energy
  }
}

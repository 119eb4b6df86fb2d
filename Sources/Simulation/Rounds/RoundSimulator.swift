import Workload

/// A job that runs some steps on one GPU of any type.
public struct RoundJob: Hashable, Sendable {
  /// When it comes, in seconds.
  public var arrival: Double
  /// Its kind: the row of ``RoundSimulator/throughputs``.
  public var kind: Int
  /// Steps that it is of (> 0).
  public var steps: Double

  /// A job.
  public init(arrival: Double, kind: Int, steps: Double) {
    (self.arrival, self.kind, self.steps) = (arrival, kind, steps)
  }
}

/// Jobs that share GPUs of several types in rounds, each type with a speed of its own for each kind of job.
///
/// The mechanism is that of Gavel (Narayanan et al., "Heterogeneity-aware cluster scheduling policies for deep
/// learning workloads", OSDI 2020), as its simulator works. A policy gives each job a share of the time on each type.
/// In a round the GPUs of a type go to the jobs whose share, over the part of the type's time that they had since
/// shares were last made, is greatest. Shares are made anew when jobs have come or gone, at most every
/// ``leastReset`` seconds. A job goes on with what it has done wherever it is next; moving costs nothing. A round is as
/// long as the longest of its runs: whole steps, at most ``round`` seconds.
public struct RoundSimulator: Sendable {
  /// Steps a second by kind and type; 0 where a kind cannot run.
  public var throughputs: [[Double]]
  /// GPUs of each type.
  public var gpus: [Int]
  /// Length of a round in seconds (> 0).
  public var round = 360.0
  /// Seconds from one making of shares to the next, at least.
  public var leastReset = 1000.0
  /// What chance comes from.
  public var seed: UInt64 = 1

  /// A simulator of GPUs of these types, as many as `throughputs` has columns.
  public init(throughputs: [[Double]], gpus: [Int]) {
    precondition(
      throughputs.allSatisfy { $0.count == gpus.count }, "each kind has a speed on each type")
    (self.throughputs, self.gpus) = (throughputs, gpus)
  }

  /// What a run came to.
  public struct Report: Hashable, Sendable {
    /// When each job ended, in seconds; NaN for one that had not when the run was over.
    public var ends: [Double]
    /// Rounds.
    public var rounds = 0
    /// How often shares were made.
    public var resets = 0
    /// Of the GPUs' time up to the end, the part in which a job ran.
    public var use = 0.0
  }

  /// A job that has come and not ended, and what it had.
  private struct Active {
    var task: RoundScene.Task
    /// By type.
    var share: [Double]
    var had: [Double]
    var owed: [Double]
    var hasShare = false
  }

  private struct Run {
    var task: Int
    var type: Int
    var steps: Double
    var end: Double
  }

  /// Runs jobs, which come in order, until all of `awaited` have ended. O(active log active) a round, and the policy.
  ///
  /// - Parameters:
  ///   - jobs: by arrival.
  ///   - policy: who gets how much of which type.
  ///   - awaited: the jobs whose ends are waited for; others may be under way when it is over.
  public func run(_ jobs: [RoundJob], by policy: any RoundPolicy, awaiting awaited: Range<Int>)
    -> Report
  {
    var policy = policy
    var random = RandomStream(seed: seed, name: "rounds")
    var report = Report(ends: Array(repeating: .nan, count: jobs.count))
    var active: [Active] = []
    var typeTime = Array(repeating: 0.0, count: gpus.count)
    var (now, isChanged, next) = (0.0, false, 0)
    // The end of the time without new shares is kept: a difference of times may fall short of it by a rounding.
    var (lastReset, nextReset) = (0.0, -Double.infinity)
    var runs: [Run] = []
    var left = awaited.count
    var busy = 0.0
    while true {
      if let end = runs.map(\.end).max() {
        settle(runs, from: now, &active, &typeTime, &busy)
        now = end
        for task in active where task.task.remaining <= 0 {
          report.ends[task.task.job] = task.task.since
          if awaited.contains(task.task.job) { left -= 1 }
          isChanged = true
        }
        active.removeAll { $0.task.remaining <= 0 }
      } else {
        // Nothing runs: on to the next arrival, or to where those that are there may have shares.
        let arrival = next < jobs.count ? jobs[next].arrival : .infinity
        let reset = isChanged && !active.isEmpty ? nextReset : .infinity
        guard min(arrival, reset) < .infinity else { break }
        now = max(now, min(arrival, reset))
      }
      if left == 0 { break }
      while next < jobs.count, jobs[next].arrival <= now {
        let none = gpus.map { _ in 0.0 }
        let task = RoundScene.Task(
          job: next, kind: jobs[next].kind, arrival: jobs[next].arrival,
          remaining: jobs[next].steps, since: now)
        active.append(
          Active(task: task, share: none, had: none.map { _ in round / 2 }, owed: none))
        isChanged = true
        next += 1
      }
      if isChanged, now >= nextReset {
        report.resets += 1
        makeShares(&active, &typeTime, since: lastReset, now, &policy)
        (lastReset, nextReset, isChanged) = (now, now + leastReset, false)
      }
      runs = assign(active, typeTime, at: now, policy, &random)
      report.rounds += 1
    }
    report.use = now > 0 ? busy / (now * Double(gpus.reduce(0, +))) : 0
    return report
  }

  /// Books what a round's runs did. A job's `since` is then the end of its last run.
  private func settle(
    _ runs: [Run], from now: Double, _ active: inout [Active], _ typeTime: inout [Double],
    _ busy: inout Double
  ) {
    for run in runs {
      active[run.task].task.remaining -= run.steps
      active[run.task].task.since = run.end
      active[run.task].had[run.type] += run.end - now
      typeTime[run.type] += run.end - now
      busy += run.end - now
    }
  }

  /// Asks the policy for shares, and books what each job should have had by the old ones.
  private func makeShares(
    _ active: inout [Active], _ typeTime: inout [Double], since lastReset: Double, _ now: Double,
    _ policy: inout any RoundPolicy
  ) {
    for place in active.indices {
      for type in gpus.indices {
        active[place].owed[type] +=
          active[place].share[type] * (now - lastReset) - (active[place].had[type] - round / 2)
        active[place].had[type] = round / 2
      }
    }
    for type in gpus.indices { typeTime[type] = Double(active.count) * round / 2 }
    let scene = RoundScene(
      now: now, tasks: active.map(\.task), throughputs: throughputs, gpus: gpus)
    let shares = policy.shares(scene)
    precondition(shares.count == active.count, "each job has a share")
    for place in active.indices {
      active[place].share = shares[place]
      active[place].hasShare = true
    }
  }

  /// Who runs where in a round.
  private func assign(
    _ active: [Active], _ typeTime: [Double], at now: Double, _ policy: any RoundPolicy,
    _ random: inout RandomStream
  ) -> [Run] {
    var types = Array(gpus.indices)
    if policy.drawsOrder {
      for place in types.indices.dropFirst().reversed() {
        types.swapAt(place, random.below(place + 1))
      }
    }
    var isTaken = Array(repeating: false, count: active.count)
    var runs: [Run] = []
    for type in types {
      let ranks = active.map { task -> (priority: Double, owed: Double, share: Double) in
        let share = task.share[type]
        let part = typeTime[type] > 0 ? task.had[type] / typeTime[type] : 0
        return (
          task.hasShare ? (part > 0 ? share / part : share * 1e9) : 0, task.owed[type], share
        )
      }
      let order = active.indices.sorted {
        ranks[$0] != ranks[$1] ? ranks[$0] > ranks[$1] : $0 < $1
      }
      var free = gpus[type]
      for place in order where free > 0 && !isTaken[place] {
        let speed = throughputs[active[place].task.kind][type]
        guard speed > 0, ranks[place].priority > 0 || !policy.waitsForShare else { continue }
        let steps = min((speed * round).rounded(.down), active[place].task.remaining)
        guard steps > 0 else { continue }
        isTaken[place] = true
        free -= 1
        runs.append(Run(task: place, type: type, steps: steps, end: now + steps / speed))
      }
    }
    return runs
  }
}

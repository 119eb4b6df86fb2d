import Foundation
import Testing
import Workload

@testable import Simulation

/// Orders of the queue by score, heads that are bound, and events one by one, against a simulator of a few
/// lines that shares nothing with the engine: RLScheduler's, as its paper's code has it (Zhang et al., SC'20).
@Suite struct QueueRuleTests {
  /// A rigid job in whole seconds.
  struct Job {
    var submit: Int
    var run: Int
    var requested: Int
    var processors: Int
  }

  /// The smallest score first, ties in order of submission.
  typealias Score = @Sendable (_ job: Job, _ now: Int) -> Double

  static let rules: [(rule: SimulationOptions.Order, score: Score)] = [
    (.fifo, { job, _ in Double(job.submit) }),
    (.rule(.smallestArea), { job, _ in Double(job.requested * job.processors) }),
    (.rule(.narrowest), { job, _ in Double(job.processors) }),
    (
      .rule(.f4),
      { job, _ in
        Double(job.requested) * Double(job.processors).squareRoot()
          + 530_000 * log10(job.submit == 0 ? 0.1 : Double(job.submit))
      }
    ),
    (
      .rule(.wfp3),
      { job, now in
        let share = Double(now - job.submit) / Double(job.requested)
        return -(share * share * share * Double(job.processors))
      }
    ),
    (
      .rule(.largestExpansion),
      { job, now in
        -(Double(now - job.submit + job.requested) / Double(job.requested))
      }
    ),
    (
      .rule(.rlschedulerWFP3),
      { job, _ in
        let share = Double(-1 - job.submit) / Double(job.requested)
        return -(share * share * share * Double(job.processors))
      }
    ),
  ]

  static func name(_ order: SimulationOptions.Order) -> String {
    if case .rule(let rule) = order { rule.name } else { "\(order)" }
  }

  /// When each job starts.
  static func starts(
    _ jobs: [Job], processors: Int, backfills: Bool, score: Score
  ) -> [Int] {
    var starts = Array(repeating: -1, count: jobs.count)
    var (queue, running, next, now) = ([Int](), [Int](), 0, jobs[0].submit)
    var free = processors
    func end(_ job: Int) -> Int { starts[job] + jobs[job].run }
    func start(_ job: Int) {
      starts[job] = now
      free -= jobs[job].processors
      running.append(job)
      queue.removeAll { $0 == job }
    }
    /// An arrival, if it is not after the next end, else that end.
    func step() {
      // Those that end together end in the order in which they started.
      let ending = running.enumerated().min {
        (end($0.element), $0.offset) < (end($1.element), $1.offset)
      }?.element
      if next < jobs.count, ending.map({ jobs[next].submit <= end($0) }) ?? true {
        now = max(now, jobs[next].submit)
        queue.append(next)
        next += 1
      } else if let ending {
        now = max(now, end(ending))
        free += jobs[ending].processors
        running.removeAll { $0 == ending }
      }
    }
    while true {
      while queue.isEmpty, next < jobs.count { step() }
      guard !queue.isEmpty else { return starts }
      let head = queue.min {
        (score(jobs[$0], now), $0) < (score(jobs[$1], now), $1)
      }!
      if jobs[head].processors > free {
        var (room, shadow) = (free, now)
        for job in running.sorted(by: {
          starts[$0] + jobs[$0].requested < starts[$1] + jobs[$1].requested
        }) {
          room += jobs[job].processors
          shadow = starts[job] + jobs[job].requested
          if room >= jobs[head].processors { break }
        }
        while jobs[head].processors > free {
          if backfills {
            for job in queue.sorted() where job != head && jobs[job].processors <= free {
              if now + jobs[job].requested < shadow { start(job) }
            }
          }
          step()
        }
      }
      start(head)
    }
  }

  @Test(arguments: 0..<40) func isTheProtocolOfRLScheduler(seed: Int) throws {
    var random = RandomStream(seed: UInt64(seed), name: "jobs")
    let processors = 16
    // Few distinct times, so that arrivals and ends meet.
    var now = 0
    let jobs = (0..<60).map { _ -> Job in
      now += random.below(3) == 0 ? 0 : random.below(6)
      let run = 1 + random.below(20)
      return Job(
        submit: now, run: run, requested: max(1, run + random.below(25) - 8),
        processors: 1 + random.below(processors))
    }
    let records = jobs.enumerated().map { number, job in
      var record = TaskRecord(
        id: TaskID(job: Int64(number)), submit: Microseconds(seconds: Double(job.submit)),
        runTime: Microseconds(seconds: Double(job.run)),
        request: Resources(cpu: Cores(Double(job.processors)), memory: .zero))
      record.estimate = Microseconds(seconds: Double(job.requested))
      return record
    }
    let layout = try machines([(Double(processors), 0)])
    for (order, score) in Self.rules {
      for backfills in [false, true] {
        var options = SimulationOptions()
        options.order = order
        options.backfilling = backfills ? .shadow : .none
        options.bindsHead = true
        options.takesEventsOneByOne = true
        options.spansMachines = false
        options.audit = true
        var results = CollectedResults()
        let report = try Simulator(
          cluster: layout, policy: FirstFit(), options: options, seed: 1
        ).run(TaskTable(records).source(), results: &results)
        let starts = results.results.sorted { $0.id < $1.id }.map { Int($0.start.seconds) }
        let expected = Self.starts(
          jobs, processors: processors, backfills: backfills, score: score)
        #expect(starts == expected, "\(Self.name(order)), backfills \(backfills)")
        #expect(report.audit?.passed == true, "\(Self.name(order)), backfills \(backfills)")
      }
    }
  }

  /// Keys of fixed scores keep the order of scores, and what is no number is last.
  @Test func keysKeepTheOrderOfScores() {
    var random = RandomStream(seed: 5, name: "scores")
    var scores = [0.0, -0.0, .infinity, -.infinity, 1e-320, -1e-320, 5e300, -5e300]
    for _ in 0..<500 {
      scores.append((random.uniform() - 0.5) * pow(10, Double(random.below(60) - 30)))
    }
    for a in scores {
      for b in scores { #expect((a < b) == (QueueRule.key(a) < QueueRule.key(b))) }
      #expect(QueueRule.key(a) < QueueRule.key(.nan))
    }
  }
}

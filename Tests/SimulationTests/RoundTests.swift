import Testing
import Workload

@testable import Simulation

/// Jobs that share GPUs in rounds.
@Suite struct RoundTests {
  private static func hours(
    _ jobs: [RoundJob], _ simulator: RoundSimulator, _ policy: String
  ) throws -> [Double] {
    let rule = try #require(RoundPolicies.named(policy))
    let report = simulator.run(jobs, by: rule, awaiting: 0..<jobs.count)
    return zip(report.ends, jobs).map { $0 - $1.arrival }
  }

  private static func random(_ seed: UInt64, jobs: Int) -> (RoundSimulator, [RoundJob]) {
    var random = RandomStream(seed: seed, name: "round-jobs")
    let speeds = (0..<5).map { _ in (0..<3).map { _ in 0.5 + 9.5 * random.uniform() } }
    var at = 0.0
    let list = (0..<jobs).map { _ in
      at += 400 * random.uniform()
      return RoundJob(
        arrival: at, kind: random.below(5), steps: Double(100 + random.below(20_000)))
    }
    return (RoundSimulator(throughputs: speeds, gpus: [2, 1, 3]), list)
  }

  /// Every job ends, none before it could on its fastest type; the same seed gives the same ends.
  @Test(arguments: ["fifo", "fifo-aware", "las", "las-aware", "allox", "allox-preemptive"])
  func allEndAndNoneTooSoon(policy: String) throws {
    for seed in UInt64(1)...3 {
      let (simulator, jobs) = Self.random(seed, jobs: 40)
      let rule = try #require(RoundPolicies.named(policy))
      let report = simulator.run(jobs, by: rule, awaiting: 0..<jobs.count)
      for (job, end) in zip(jobs, report.ends) {
        let best = job.steps / simulator.throughputs[job.kind].max()!
        #expect(end >= job.arrival + best - 1e-6)
      }
      #expect(report.use > 0 && report.use <= 1)
      let again = simulator.run(jobs, by: rule, awaiting: 0..<jobs.count)
      #expect(report == again)
    }
  }

  /// Alone, a job runs from round to round without a gap; whole steps fit a round here.
  @Test(arguments: ["fifo", "fifo-aware", "las-aware", "allox", "allox-preemptive"])
  func aloneIsTheFastest(policy: String) throws {
    let simulator = RoundSimulator(throughputs: [[2, 1]], gpus: [1, 1])
    let times = try Self.hours(
      [RoundJob(arrival: 50, kind: 0, steps: 5000)], simulator, policy)
    #expect(times == [2500])
  }

  /// Two alike jobs on one GPU: first come first served runs one after the other, equal shares in turns.
  @Test func whoSharesEndsLater() throws {
    let simulator = RoundSimulator(throughputs: [[1]], gpus: [1])
    let jobs = [0, 0].map { RoundJob(arrival: $0, kind: 0, steps: 3600) }
    #expect(try Self.hours(jobs, simulator, "fifo") == [3600, 7200])
    let shared = try Self.hours(jobs, simulator, "las").sorted()
    #expect(shared == [6840, 7200])
  }

  /// On one GPU with all jobs there, the matching is shortest job first.
  @Test(arguments: ["allox", "allox-preemptive"]) func matchingIsShortestFirst(policy: String)
    throws
  {
    let simulator = RoundSimulator(throughputs: [[1]], gpus: [1])
    let jobs = [3600.0, 1080, 2160].map { RoundJob(arrival: 0, kind: 0, steps: $0) }
    let times = try Self.hours(jobs, simulator, policy)
    #expect(times == [6840, 1080, 3240])
  }

  /// A kind that cannot run on a type never does, and ends all the same.
  @Test(arguments: ["fifo", "fifo-aware", "las", "las-aware", "allox", "allox-preemptive"])
  func runsWhereItCan(policy: String) throws {
    let simulator = RoundSimulator(throughputs: [[0, 1], [5, 1]], gpus: [1, 1])
    let jobs = (0..<6).map { RoundJob(arrival: Double($0), kind: $0 % 2, steps: 700) }
    let times = try Self.hours(jobs, simulator, policy)
    #expect(times.allSatisfy { $0.isFinite && $0 >= 140 })
  }

  /// Against all assignments.
  @Test func assignmentIsTheLeast() {
    var random = RandomStream(seed: 3, name: "assignment")
    for _ in 0..<40 {
      let (rows, columns) = (1 + random.below(4), 4 + random.below(3))
      let cost = (0..<rows).map { _ in (0..<columns).map { _ in random.uniform() * 100 } }
      let found = Assignment.least(rows: rows, columns: columns) { cost[$0][$1] }
      #expect(Set(found).count == rows)
      func best(_ row: Int, _ taken: Set<Int>) -> Double {
        guard row < rows else { return 0 }
        return (0..<columns).filter { !taken.contains($0) }.map {
          cost[row][$0] + best(row + 1, taken.union([$0]))
        }.min()!
      }
      let sum = found.enumerated().reduce(0.0) { $0 + cost[$1.offset][$1.element] }
      #expect(abs(sum - best(0, [])) < 1e-9)
    }
  }

  /// Against all corners, of programs of two variables.
  @Test func linearProgramIsTheBest() {
    var random = RandomStream(seed: 5, name: "program")
    for _ in 0..<100 {
      typealias Row = (a: Double, b: Double, limit: Double)
      var rows: [Row] = (0..<4).map { _ in
        (random.uniform() * 2 - 0.5, random.uniform() * 2 - 0.5, random.uniform())
      }
      rows += [(1, 0, 5), (0, 1, 5)]
      let goal = (random.uniform() * 2 - 0.5, random.uniform() * 2 - 0.5)
      var program = LinearProgram(variables: 2)
      program.objective = [goal.0, goal.1]
      for row in rows { program.add([row.a, row.b], atMost: row.limit) }
      let found = program.solve()
      let constraints = rows
      func fits(_ x: Double, _ y: Double) -> Bool {
        x >= -1e-9 && y >= -1e-9
          && constraints.allSatisfy { $0.a * x + $0.b * y <= $0.limit + 1e-9 }
      }
      #expect(fits(found[0], found[1]))
      let lines: [Row] = rows + [(1, 0, 0), (0, 1, 0)]
      var best = 0.0
      for (number, one) in lines.enumerated() {
        for two in lines[(number + 1)...] {
          let determinant = one.a * two.b - two.a * one.b
          guard abs(determinant) > 1e-12 else { continue }
          let x = (one.limit * two.b - two.limit * one.b) / determinant
          let y = (one.a * two.limit - two.a * one.limit) / determinant
          if fits(x, y) { best = max(best, goal.0 * x + goal.1 * y) }
        }
      }
      #expect(abs(goal.0 * found[0] + goal.1 * found[1] - best) < 1e-6)
    }
  }

  /// Shares fit the machine and the jobs, and no kind can have more without another having less than the least.
  @Test func maxMinIsFairAndFits() {
    for seed in UInt64(1)...5 {
      let (simulator, jobs) = Self.random(seed, jobs: 30)
      let tasks = jobs.enumerated().map {
        RoundScene.Task(
          job: $0, kind: $1.kind, arrival: $1.arrival, remaining: $1.steps, since: 0)
      }
      let scene = RoundScene(
        now: 0, tasks: tasks, throughputs: simulator.throughputs, gpus: simulator.gpus)
      var (rule, equal) = (MaxMinShares(), EqualShares())
      func least(_ shares: [[Double]]) -> Double {
        for type in simulator.gpus.indices {
          #expect(shares.reduce(0) { $0 + $1[type] } <= Double(simulator.gpus[type]) + 1e-6)
        }
        #expect(shares.allSatisfy { $0.reduce(0, +) <= 1 + 1e-6 })
        return zip(tasks, shares).map { task, share in
          let speeds = simulator.throughputs[task.kind]
          let mean = zip(speeds, simulator.gpus).reduce(0) { $0 + $1.0 * Double($1.1) } / 6
          return zip(speeds, share).reduce(0) { $0 + $1.0 * $1.1 } / mean
        }.min()!
      }
      #expect(least(rule.shares(scene)) > least(equal.shares(scene)))
    }
  }
}

import Simulation
import Testing
import Workload

/// Clusters made by hand on which every shipped policy gives an answer of its own. The answers are
/// derived by hand, in the comments, from what the policies' sources say.
@Suite struct SeparationTests {
  /// What a policy does with four tasks, and with a batch.
  struct Answer: Hashable {
    /// Machine of a task of 2 cores and 2 GiB, estimated at 60 s.
    var first: Int64
    /// Machine of another of these, after one that needs a GPU went to machine 12; nil where that is
    /// not looked at.
    var second: Int64?
    /// Whether it refuses a task for which there is no room now.
    var refuses = false
    /// Who runs on the fast and on the slow machine of the batch, in order; nil if not looked at.
    var batch: [[Int64]]?
  }

  /// Fourteen machines, after what is claimed has been placed:
  ///
  /// | machine | cores | claimed | GiB | claimed | speed | W a core |
  /// | ------- | ----- | ------- | --- | ------- | ----- | -------- |
  /// | 0       | 16    | 10      | 32  | 10      | 1     | 10       |
  /// | 1       | 16    | 9       | 32  | 10      | 1     | 10       |
  /// | 2       | 64    | 40      | 256 | 160     | 1     | 10       |
  /// | 3       | 4     | 2       | 8   | 4       | 1     | 10       |
  /// | 4       | 48    | 8       | 256 | 32      | 1     | 10       |
  /// | 5       | 8     | 0       | 16  | 12      | 1     | 10       |
  /// | 6       | 4     | 1       | 5   | 1       | 1     | 10       |
  /// | 7       | 32    | 1       | 64  | 0       | 1     | 10       |
  /// | 8       | 32    | 29      | 32  | 30      | 1     | 10       |
  /// | 9       | 16    | 6       | 32  | 14      | 1     | 10       |
  /// | 10      | 16    | 8       | 32  | 4       | 1     | 0.5      |
  /// | 11      | 16    | 8       | 32  | 20      | 3     | 10       |
  /// | 12      | 16    | 4       | 32  | 8       | 1     | 10       | and a GPU, the only one
  /// | 13      | 16    | 7       | 32  | 10      | 1     | 10       |
  private static let park: [(Double, Double, Double, Double, speed: Double, watts: Double)] = [
    (16, 10, 32, 10, 1, 10), (16, 9, 32, 10, 1, 10), (64, 40, 256, 160, 1, 10), (4, 2, 8, 4, 1, 10),
    (48, 8, 256, 32, 1, 10), (8, 0, 16, 12, 1, 10), (4, 1, 5, 1, 1, 10), (32, 1, 64, 0, 1, 10),
    (32, 29, 32, 30, 1, 10), (16, 6, 32, 14, 1, 10), (16, 8, 32, 4, 1, 0.5), (16, 8, 32, 20, 3, 10),
    (16, 4, 32, 8, 1, 10), (16, 7, 32, 10, 1, 10),
  ]

  // The task of 2 cores and 2 GiB fits on all fourteen.
  //
  // First fit, next fit, round robin: 0. Then the GPU's task goes to 12, and from there: first fit
  // begins at 0 again; next fit stays at 12, where 11 cores are left; round robin goes on to 13.
  // The study's round robin begins with 1, and goes on to 13 as well.
  // Weighted round robin, cores × speed: 16 16 64 4 48 8 4 32 32 16 16 48 16 16: 2 has most.
  // Room, free cores / 64 + free GiB / 256, and 1 for the free GPU: 0.180 0.195 0.750 0.047 1.500
  // 0.141 0.063 0.734 0.055 0.227 0.234 0.172 1.281 0.227: best fit 3, worst fit 4.
  // Share of the CPU claimed: 0.63 0.56 0.63 0.50 0.17 0 0.25 0.03 0.91 0.38 0.50 0.50 0.25 0.44:
  // least loaded 5, and the study's priority min-min, 60 s × (1 + share), too; but it refuses.
  // Request · free, as shares: 2/4 · 3/4 + 2/5 · 4/5 = 0.695 on 6; next is 3: 2/4 · 2/4 + 2/8 · 4/8.
  // Mean share with the task: 0.56 0.53 0.64 0.88 0.17 0.56 0.68 0.06 0.98 0.50 0.41 0.66 0.34 0.47:
  // least allocated 7 (3/32 and 2/64), most allocated 8 (31/32 and 32/32).
  // Distance of the shares: 9 has 8/16 and 16/32, none; next is 2 with 42/64 - 162/256 = 0.023.
  // Watts for 2 cores over speed: 20 everywhere but 20 / 3 on 11 and 1 on 10.
  // 60 s over speed: 20 s on 11, else 60 s; so all policies of batches with this batch of one.
  //
  // The batch, all on a machine of speed 1 and one of speed 1/2, of one core each, in dispatch mode:
  // tasks 0 to 3 of 4 s (batch), 1 s (best effort), 6 s (batch), 2 s (production) come at 0; 4 of 9 s
  // comes when 1 has ended. Completions on (fast, slow) start at (4,8) (1,2) (6,12) (2,4).
  // - Min-min: 1 fast (1); 3 fast at 3 beats slow at 4; 0: fast 7, slow 8; 2: fast 13, slow 12. 4
  //   comes at 1: fast has 6 s to go, 15; slow 11 + 18.
  // - Max-min: 2 fast (6); 0: fast 10, slow 8; then 3: fast 8, slow 12; 1: fast 9. 4 comes at 9, when
  //   both are idle: fast 9, slow 18.
  // - Sufferage 4 1 6 2: 2 fast. Then 0 fast 10 slow 8 (2); 1: 7, 2 (5); 3: 8, 4 (4): 1 slow. Then
  //   0: 10, 10 (0); 3: 8, 6 (2): 3 slow. Then 0: 10, 14: fast. 4 comes at 2: 8 + 9 and 4 + 18.
  // - Priority min-min: 3 fast (2). Batch: 0 fast 6, slow 8; 2 fast 8, slow 12: 0 fast; 2: 12 and 12:
  //   fast. 1: fast 13, slow 2. 4 comes at 2: fast 10 + 9, slow 18.
  // - HEFT: ranks 4, 1 + 9, 6, 2. 1 fast (1); 2: fast 7, slow 12; 0: fast 11, slow 8; 3: fast 9, slow
  //   12. 4 comes at 1: fast 8 + 9, slow 7 + 18.
  // - Earliest completion, one at a time in order: 0 fast 4; 1: fast 5, slow 2; 2: fast 10, slow 14;
  //   3: fast 12, slow 6. 4 comes at 2: fast 8 + 9, slow 4 + 18.
  private static let answers: [(String, Answer)] = [
    ("round-robin", Answer(first: 0, second: 13)),
    ("weighted-round-robin", Answer(first: 2)),
    ("first-fit", Answer(first: 0, second: 0)),
    ("next-fit", Answer(first: 0, second: 12)),
    ("best-fit", Answer(first: 3)),
    ("worst-fit", Answer(first: 4)),
    ("least-loaded", Answer(first: 5)),
    ("dot-product", Answer(first: 6)),
    ("least-allocated", Answer(first: 7)),
    ("most-allocated", Answer(first: 8)),
    ("balanced-allocation", Answer(first: 9)),
    ("minimum-energy", Answer(first: 10)),
    ("earliest-completion", Answer(first: 11, batch: [[0, 2, 4], [1, 3]])),
    ("min-min", Answer(first: 11, batch: [[1, 3, 0, 4], [2]])),
    ("max-min", Answer(first: 11, batch: [[2, 3, 1, 4], [0]])),
    ("sufferage", Answer(first: 11, batch: [[2, 0, 4], [1, 3]])),
    ("priority-min-min", Answer(first: 11, batch: [[3, 0, 2], [1, 4]])),
    ("heft", Answer(first: 11, batch: [[1, 2, 3, 4], [0]])),
    ("study-weighted-round-robin", Answer(first: 1, second: 13, refuses: true)),
    ("study-priority-min-min", Answer(first: 5, refuses: true)),
  ]

  @Test func everyPolicyGivesItsOwnAnswer() throws {
    #expect(Set(Self.answers.map(\.1)).count == Self.answers.count)
    for (name, expected) in Self.answers {
      var answer = try single(try #require(PolicyCatalog.make(name)))
      if expected.second == nil { answer.second = nil }
      if expected.batch != nil { answer.batch = try batch(try #require(PolicyCatalog.make(name))) }
      #expect(answer == expected, "\(name)")
    }
  }

  private func single(_ policy: any PlacementPolicy) throws -> Answer {
    let layout = try ClusterLayout(
      machines: Self.park.enumerated().map { index, machine in
        MachineDescription(
          number: Int64(index),
          capacity: Resources(
            cpu: Cores(machine.0), memory: Bytes(gibibytes: machine.2),
            milliGPU: index == 12 ? 1000 : 0),
          speed: machine.speed,
          power: PowerModel(idle: Watts(100), dynamic: Watts(machine.watts * machine.0)))
      })
    let claims = Self.park.enumerated().filter { $0.element.1 + $0.element.3 > 0 }
    var records = claims.map { index, machine in
      task(Int64(index), at: 0, runs: 1000, cores: machine.1, memory: machine.3)
    }
    for (job, at) in [(100, 1.0), (101, 2), (102, 3), (103, 4)] {
      var record = task(Int64(job), at: at, runs: 500, cores: 2, memory: 2)
      if job == 101 {
        record.request = Resources(cpu: Cores(1.0), milliGPU: 1000)
      } else if job == 103 {
        record.request.cpu = Cores(48.0)
      }
      record.estimate = Microseconds(seconds: 60)
      records.append(record)
    }
    let (report, results) = try run(
      records, on: layout, Scripted(first: claims.map(\.offset), then: policy))
    #expect(report.audit?.passed == true)
    func result(_ job: Int64) throws -> TaskResult {
      try #require(results.first { $0.id.job == job })
    }
    #expect(try result(101).machine == 12)
    return Answer(
      first: try result(100).machine, second: try result(102).machine,
      refuses: try result(103).outcome == .refused)
  }

  private func batch(_ policy: any PlacementPolicy) throws -> [[Int64]] {
    var layout = try machines([(1, 0), (1, 0)])
    layout.machines[1].speed = 0.5
    let runs: [Double] = [4, 1, 6, 2, 9]
    let classes: [PriorityClass] = [.batch, .bestEffort, .batch, .production, .batch]
    let records = runs.indices.map { index in
      var record = task(Int64(index), at: 0, runs: runs[index])
      record.priorityClass = classes[index]
      return record
    }
    var options = SimulationOptions()
    options.mode = .dispatch
    options.estimates = .exact
    options.audit = true
    var simulator = Simulator(cluster: layout, policy: policy, options: options, seed: 1)
    simulator.dependencies.add(TaskID(job: 4), after: TaskID(job: 1))
    var sink = CollectedResults()
    let report = try simulator.run(TaskTable(records).source(), results: &sink)
    #expect(report.audit?.passed == true)
    return [0, 1].map { machine in
      sink.results.filter { $0.machine == machine }.sorted { $0.start < $1.start }.map(\.id.job)
    }
  }

  /// How often each machine is chosen out of `runs` seeds, and whether a second task is refused.
  ///
  /// Five machines of 4 cores with 0, 1, 2, 3 and 4 of them claimed, and a task of one core; then one
  /// of four cores, for which there is room only where nothing was claimed, if there still is.
  private func choices(_ name: String, runs: Int) throws -> (counts: [Int], refuses: Bool) {
    var counts = Array(repeating: 0, count: 5)
    var refuses = false
    let layout = try machines(5, cores: 4)
    var records = (1...4).map { task(Int64($0), at: 0, runs: 1000, cores: Double($0)) }
    records.append(task(10, at: 1, runs: 1000))
    records.append(task(11, at: 2, runs: 1000, cores: 4))
    for seed in 0..<runs {
      let policy = Scripted(first: [1, 2, 3, 4], then: try #require(PolicyCatalog.make(name)))
      let (_, results) = try run(records, on: layout, policy, seed: UInt64(seed))
      counts[Int(try #require(results.first { $0.id.job == 10 }).machine)] += 1
      refuses = refuses || results.contains { $0.outcome == .refused }
    }
    return (counts, refuses)
  }

  @Test func thoseThatDrawHaveTheirOwnOdds() throws {
    // Uniform among the four with room: 1/4 each. The less loaded of two such draws, with
    // replacement: the r-th of four by load is it unless a less loaded one is drawn too:
    // (16 - 9) / 16, (9 - 4) / 16, (4 - 1) / 16, 1 / 16. Chi-square of 3 degrees of freedom is below
    // 16.3 in 999 of 1000 cases; the other law's would be above 100.
    let runs = 1600
    let expected: [(String, [Double], Bool)] = [
      ("random", [4, 4, 4, 4], false), ("power-of-two", [7, 5, 3, 1], false),
      ("study-random", [4, 4, 4, 4], true),
    ]
    for (name, sixteenths, refuses) in expected {
      let answer = try choices(name, runs: runs)
      #expect(answer.counts[4] == 0)
      #expect(answer.refuses == refuses, "\(name)")
      var square = 0.0
      for (count, share) in zip(answer.counts, sixteenths) {
        let mean = share / 16 * Double(runs)
        square += (Double(count) - mean) * (Double(count) - mean) / mean
      }
      #expect(square < 16.3, "\(name): \(answer.counts)")
    }
  }
}

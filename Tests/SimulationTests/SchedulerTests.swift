import Simulation
import Testing
import Workload

/// Every policy on clusters made by hand so that each gives an answer that is derived by hand.
@Suite struct SchedulerTests {
  /// Five machines, all with 16 GiB but the third and fifth, after the first five tasks have gone to
  /// them one by one:
  ///
  /// | machine | cores | claimed | free | GiB | claimed | speed | idle W | dynamic W |
  /// | 0 | 8  | 5 | 3  | 16 | 2  | 1   | 100 | 80  |
  /// | 1 | 4  | 1 | 3  | 16 | 13 | 1   | 50  | 100 |
  /// | 2 | 16 | 6 | 10 | 64 | 32 | 1.5 | 200 | 480 |
  /// | 3 | 4  | 0 | 4  | 16 | 0  | 0.5 | 30  | 20  |
  /// | 4 | 32 | 1 | 31 | 32 | 24 | 2   | 300 | 320 |
  private func layout() throws -> ClusterLayout {
    func machine(
      _ number: Int64, _ cores: Double, _ memory: Double, _ speed: Double, _ idle: Double,
      _ dynamic: Double
    ) -> MachineDescription {
      MachineDescription(
        number: number,
        capacity: Resources(cpu: Cores(cores), memory: Bytes(gibibytes: memory)), speed: speed,
        power: PowerModel(
          idle: Watts(idle), dynamic: Watts(dynamic), sleepAfter: .zero, wakeDelay: .zero))
    }
    return try ClusterLayout(machines: [
      machine(0, 8, 16, 1, 100, 80), machine(1, 4, 16, 1, 50, 100),
      machine(2, 16, 64, 1.5, 200, 480), machine(3, 4, 16, 0.5, 30, 20),
      machine(4, 32, 32, 2, 300, 320),
    ])
  }

  private func chosen(_ policy: any PlacementPolicy) throws -> Int64 {
    let claims: [(cores: Double, memory: Double, machine: Int)] = [
      (5, 2, 0), (1, 13, 1), (6, 32, 2), (1, 24, 4),
    ]
    var records = claims.enumerated().map { index, claim in
      task(Int64(index), at: 0, runs: 1000, cores: claim.cores, memory: claim.memory)
    }
    var last = task(99, at: 1, runs: 60, cores: 2, memory: 2)
    last.estimate = last.runTime
    records.append(last)
    let (_, results) = try run(
      records, on: try layout(), Scripted(first: claims.map(\.machine), then: policy))
    return try #require(results.first { $0.id.job == 99 }).machine
  }

  @Test func eachGivesItsOwnAnswer() throws {
    #expect(try chosen(FirstFit()) == 0)
    // Room as shares of 32 cores and 64 GiB: 0.313, 0.141, 0.813, 0.375, 1.094.
    #expect(try chosen(BestFit()) == 1)
    #expect(try chosen(WorstFit()) == 4)
    // Share of the CPU asked for: 0.625, 0.25, 0.375, 0, 0.031.
    #expect(try chosen(LeastLoaded()) == 3)
    // Mean shares with the task: (0.875 + 0.25) / 2 = 0.5625; (0.75 + 0.9375) / 2 = 0.844;
    // (0.5 + 0.531) / 2 = 0.516; (0.5 + 0.125) / 2 = 0.3125; (0.094 + 0.8125) / 2 = 0.453.
    #expect(try chosen(LeastAllocated()) == 3)
    #expect(try chosen(MostAllocated()) == 1)
    // Their distances: 0.625, 0.1875, 0.031, 0.375, 0.719.
    #expect(try chosen(BalancedAllocation()) == 2)
    // Request · free: 0.25·0.375 + 0.125·0.875 = 0.203; 0.5·0.75 + 0.125·0.1875 = 0.398;
    // 0.125·0.625 + 0.031·0.5 = 0.094; 0.5·1 + 0.125·1 = 0.625; 0.0625·0.969 + 0.0625·0.25 = 0.076.
    #expect(try chosen(DotProduct()) == 3)
    // Rise in power over speed: 20; 50; 60 / 1.5 = 40; asleep, so (30 + 10) / 0.5 = 80; 20 / 2 = 10.
    #expect(try chosen(MinimumEnergy()) == 4)
    // 60, 60, 40, 120, 30 s.
    #expect(try chosen(EarliestCompletion()) == 4)
    for policy in [MinMin(), MaxMin(), Sufferage(), PriorityMinMin()] as [any PlacementPolicy] {
      #expect(try chosen(policy) == 4)
    }
  }

  /// Machines by order of placement for like tasks of one core that come one after the other.
  private func sequence(
    _ policy: any PlacementPolicy, _ count: Int, on layout: ClusterLayout, runs: Double = 1000
  ) throws -> [Int64] {
    let records = (0..<count).map { task(Int64($0), at: Double($0), runs: runs) }
    return try run(records, on: layout, policy).results.sorted { $0.id < $1.id }.map(\.machine)
  }

  @Test func turns() throws {
    let layout = try machines([(2, 0), (5, 0), (1, 0)])
    #expect(try sequence(RoundRobin(), 7, on: layout) == [0, 1, 2, 0, 1, 1, 1])
    #expect(try sequence(NextFit(), 7, on: layout) == [0, 0, 1, 1, 1, 1, 1])
    #expect(try sequence(FirstFit(), 7, on: layout) == [0, 0, 1, 1, 1, 1, 1])
    // Next fit does not look back at 0 while it goes on from 1; first fit does.
    #expect(try sequence(NextFit(), 5, on: layout, runs: 2.5) == [0, 0, 1, 1, 1])
    #expect(try sequence(FirstFit(), 5, on: layout, runs: 2.5) == [0, 0, 1, 0, 0])
    #expect(try sequence(StudyWeightedRoundRobin(), 4, on: layout) == [1, 2, 0, 1])
  }

  @Test func weightedTurnsAreSmooth() throws {
    // nginx's own example: weights 5, 1, 1 give a a b a c a a. Short tasks keep all free.
    let layout = try machines([(5, 0), (1, 0), (1, 0)])
    #expect(
      try sequence(WeightedRoundRobin(), 14, on: layout, runs: 0.5)
        == [0, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 2, 0, 0])
  }

  @Test func twoChoicesBeatOne() throws {
    // Balls into bins: 1,000 tasks on 1,000 machines; the fullest has about ln n / ln ln n = 3.6 and
    // more with one choice, about ln ln n / ln 2 = 2.8 with two (Mitzenmacher 2001).
    let layout = try machines(1000, cores: 100)
    func fullest(_ policy: any PlacementPolicy) throws -> Int {
      var counts: [Int64: Int] = [:]
      for machine in try sequence(policy, 1000, on: layout) { counts[machine, default: 0] += 1 }
      return counts.values.max() ?? 0
    }
    #expect(try fullest(RandomPlacement()) >= 5)
    #expect(try (3...4).contains(fullest(PowerOfChoices())))
    #expect(try fullest(PowerOfChoices(choices: 1)) >= 5)
    #expect(PowerOfChoices(choices: 3).name == "power-of-3")
  }

  /// Tasks that come together, on a fast and a slow machine of one core, waiting at the machines: the
  /// order of placement is the order of start there.
  private func batch(_ policy: any PlacementPolicy) throws -> [[Int64]] {
    var layout = try machines([(1, 0), (1, 0)])
    layout.machines[1].speed = 0.5
    let runs: [Double] = [4, 1, 6, 2]
    let classes: [PriorityClass] = [.batch, .bestEffort, .batch, .production]
    let records = runs.indices.map { index in
      var record = task(Int64(index), at: 0, runs: runs[index])
      record.estimate = record.runTime
      record.priorityClass = classes[index]
      return record
    }
    let (report, results) = try run(records, on: layout, policy) { $0.mode = .dispatch }
    #expect(report.audit?.passed == true)
    return [0, 1].map { machine in
      results.filter { $0.machine == machine }.sorted { $0.start < $1.start }.map(\.id.job)
    }
  }

  @Test func batches() throws {
    // Completions start at (4,8) (1,2) (6,12) (2,4).
    // Min-min: 1 fast (1); 3 fast at 3 beats slow at 4; 0: fast 7, slow 8; 2: fast 13, slow 12.
    #expect(try batch(MinMin()) == [[1, 3, 0], [2]])
    // Max-min: 2 fast (6); 0: fast 10, slow 8; then 3: fast 8, slow 12; 1: fast 7 and 9.
    #expect(try batch(MaxMin()) == [[2, 3, 1], [0]])
    // Sufferage: 4 1 6 2: 2 fast. Then 0 fast 10 slow 8 (2); 1: 7, 2 (5); 3: 8, 4 (4): 1 slow. Then
    // 0: 10, 10 (0); 3: 8, 6 (2): 3 slow. Then 0: 10, 14: fast.
    #expect(try batch(Sufferage()) == [[2, 0], [1, 3]])
    // Priority: 3 fast (2). Batch: 0 fast 6, slow 8; 2 fast 8, slow 12: 0 fast; 2: 12 and 12: fast.
    // 1: fast 13, slow 2.
    #expect(try batch(PriorityMinMin()) == [[3, 0, 2], [1]])
    // One at a time in order: 0 fast 4; 1: fast 5, slow 2; 2: fast 10, slow 14; 3: fast 12, slow 6.
    #expect(try batch(EarliestCompletion()) == [[0, 2], [1, 3]])
  }
}

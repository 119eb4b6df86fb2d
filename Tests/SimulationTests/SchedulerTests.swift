import Simulation
import Testing
import Workload

/// Policies that go by turns or by chance, over several tasks.
@Suite struct SchedulerTests {
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
}

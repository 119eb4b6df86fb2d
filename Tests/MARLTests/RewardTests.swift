import Simulation
import Testing
import Workload

@testable import MARL

/// Sends each task to the machine of its number modulo the machines.
private struct ByNumber: PlacementPolicy {
  let name = "by-number"
  mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement { .machine(Int(task.id.job) % cluster.count) }
}

@Suite struct RewardTests {
  @Test func everyTermByHand() throws {
    let layout = try ClusterLayout(machines: [
      machine(0, cores: 4, speed: 2, idle: 10, dynamic: 40, sleepAfter: Microseconds(seconds: 60)),
      machine(1, cores: 4, idle: 5, dynamic: 8, sleepAfter: Microseconds(seconds: 60)),
    ])
    var options = SimulationOptions()
    options.mode = .dispatch
    let simulator = Simulator(
      cluster: layout, policy: ByNumber(), options: options, seed: 1)
    var meter = RewardMeter(layout, RewardUnits(energy: 100, variance: 0.5))
    let tasks = [
      task(0, at: 0, run: 20, cores: 4, deadline: 15, .production),  // 0-10 on machine 0
      task(1, at: 0, run: 10, cores: 2, deadline: 9),  // 0-10 on machine 1: late
      task(2, at: 4, run: 20, cores: 4, deadline: 30, .bestEffort),  // waits; 10-20 on machine 0
      task(4, at: 40, run: 20, cores: 1),  // 40-50 on machine 0, awake and empty for 20 s
    ]
    let report = try simulator.run(ListedTasks(tasks), results: &meter)
    let reward = meter.reward(report)
    #expect(reward.tasks == 4)
    // Class weights 3, 2, 1, 2 over 2.1: met, missed, met, met (no deadline).
    #expect(abs(reward.service - (3 - 2 + 1 + 2) / 2.1 / 4) < 1e-12)
    // Completion 10, 10, 16, 10 over three times 20, 10, 20, 20.
    let completions: [Double] = [1 - 10.0 / 60, 1 - 10.0 / 30, 1 - 16.0 / 60, 1 - 10.0 / 60]
    #expect(abs(reward.completion - completions.reduce(0, +) / 4) < 1e-9)
    // Machine 0 is awake for 20 + 20 + 10 s, machine 1 for 10 s; dynamic 400 + 400 + 100, 40 J.
    let (idle, dynamic) = (550.0, 940.0)
    let joules = (idle + dynamic) / 4
    #expect(abs(reward.joules - joules) < 1e-9)
    #expect(abs(reward.energy - joules / 100) < 1e-9)
    // Until 40 s: utilisation 1, 0.5 for 10 s, then 1, 0 for 10 s, then 0, 0.
    #expect(abs(reward.variance - (10 * 0.0625 + 10 * 0.25) / 40) < 1e-6)
    #expect(abs(reward.imbalance - 2 * reward.variance) < 1e-12)
    var total = 0.4 * reward.service + 0.3 * reward.completion
    total -= 0.2 * reward.energy + 0.1 * reward.imbalance
    #expect(abs(reward.total - total) < 1e-12)
  }

  @Test func unfinishedTasksAreMisses() throws {
    let layout = try ClusterLayout(machines: [machine(0, cores: 4)])
    var meter = RewardMeter(layout, RewardUnits(energy: 1, variance: 1))
    let report = try Simulator(cluster: layout, policy: FirstFit(), seed: 1)
      .run(ListedTasks([task(0, at: 0, run: 5, cores: 8)]), results: &meter)
    let reward = meter.reward(report)
    #expect(abs(reward.service + 2 / 2.1) < 1e-12)
    #expect(reward.completion == 0 && reward.deadlinesMet == 0)
  }

  @Test func awakeTimeIsTheUnionOfRunsAndShortGaps() {
    var rng = RandomStream(seed: 2, name: "awake")
    for _ in 0..<200 {
      var start = 0
      let runs = (0..<8).map { _ in
        start += rng.below(40)
        return (start, start + 1 + rng.below(60))
      }
      var awake = AwakeTime()
      var sum = 0.0
      for run in runs {
        sum += awake.add(
          Microseconds(seconds: Double(run.0)), Microseconds(seconds: Double(run.1)),
          sleepAfter: Microseconds(seconds: 10))
      }
      let last = runs.map(\.1).max()!
      // Second by second: busy, or not more than 10 s after the end of a run and before the next.
      let lastStart = runs.map(\.0).max()!
      let seconds = (0..<last).filter { t in
        runs.contains { $0.0 <= t && t < $0.1 }
          || t < lastStart && t >= runs[0].1 && runs.contains { $0.1 <= t && t < $0.1 + 10 }
            && runs.contains { $0.0 > t }
      }
      #expect(abs(sum - Double(seconds.count)) < 1e-9, "\(runs)")
    }
  }

  @Test func creditsAreMarginal() throws {
    // Task 0 holds the machine; task 1 waits for it and loses its deadline.
    let layout = try ClusterLayout(machines: [machine(0, cores: 4)])
    let scenario = Scenario(
      name: "harm", units: [1: RewardUnits(energy: 1, variance: 1e9)],
      cluster: { _ in layout },
      source: { _, _, _ in
        ListedTasks([
          task(0, at: 0, run: 20, cores: 4), task(1, at: 10, run: 10, cores: 4, deadline: 15),
        ])
      })
    let model = PolicyModel.initialised(.candidates, seed: 1)
    func rewards(_ scheme: Credit.Scheme) throws -> [Float] {
      var credit = Credit()
      credit.scheme = scheme
      return try scenario.rollout(
        heldOut(1, load: 1), model, credit: credit, hasCentralCritic: false
      ).experience.reward
    }
    // Own: met 2/2.1, completion 1 - 20/60; missed, completion 1 - 20/30.
    let own = [0.4 * 2 / 2.1 + 0.3 * 2 / 3, -0.4 * 2 / 2.1 + 0.3 / 3]
    for (a, b) in zip(try rewards(.selfish), own) { #expect(abs(Double(a) - b) < 1e-5) }
    // Task 1 lost a third of C (2/3 without the wait, 1/3 with it) and its deadline.
    let charge = 6 * (0.3 / 3 + 0.8 * 2 / 2.1)
    let marginal = try rewards(.marginal)
    #expect(abs(Double(marginal[0]) - (own[0] - charge)) < 1e-4)
    #expect(abs(Double(marginal[1]) - own[1]) < 1e-5)
  }
}

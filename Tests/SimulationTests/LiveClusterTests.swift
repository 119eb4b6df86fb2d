import Testing
import Workload

@testable import Simulation

/// What a policy was told, in order.
private final class Diary {
  var entries: [String] = []
}

private struct Witness: PlacementPolicy {
  let name = "witness"
  let diary: Diary

  mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement { cluster.firstFit(for: task).map { .machine($0) } ?? .wait }

  mutating func runBegan(on cluster: borrowing Cluster) {
    diary.entries.append("began \(cluster.count)")
  }

  mutating func machineChanged(_ machine: Int, on cluster: borrowing Cluster) {
    diary.entries.append("\(machine) \(cluster.free(machine).cpu.value)")
  }

  mutating func taskEnded(_ result: TaskResult, on cluster: borrowing Cluster) {
    diary.entries.append(
      "\(result.key.task.job)/\(result.key.instance)/\(result.key.attempt) \(result.outcome.name)"
        + (result.isFinal ? "" : ", again"))
  }
}

private func description(_ number: Int64, cores: Double, memory: Double = 8) -> MachineDescription {
  MachineDescription(
    number: number, capacity: Resources(cpu: Cores(cores), memory: Bytes(gibibytes: memory)))
}

private func request(_ cores: Double, _ memory: Double = 1) -> Resources {
  Resources(cpu: Cores(cores), memory: Bytes(gibibytes: memory))
}

@Suite struct LiveClusterTests {
  @Test func aPolicyIsToldWhatARunTellsIt() throws {
    let simulated = Diary()
    var first = task(1, at: 0, runs: 10, cores: 2)
    first.estimate = Microseconds(seconds: 10)
    let records = [first, task(2, at: 1, runs: 20, cores: 3), task(3, at: 12, runs: 5, cores: 1)]
    let layout = try ClusterLayout(machines: [
      description(0, cores: 4), description(1, cores: 4),
    ])
    _ = try Simulator(cluster: layout, policy: Witness(diary: simulated), seed: 1).run(
      TaskTable(records).source())

    let told = Diary()
    var live = try LiveCluster(layout.machines, policy: Witness(diary: told), seed: 1)
    var holds: [LiveCluster.Hold] = []
    func at(_ seconds: Double) -> Microseconds { Microseconds(seconds: seconds) }
    for (time, event) in [(0.0, 0), (1, 1), (10, -1), (12, 2), (17, -3), (21, -2)] {
      live.advance(to: at(time))
      if event >= 0 {
        let view = TaskView(records[event])
        guard case .machine(let machine) = live.place(view) else {
          Issue.record("no machine")
          return
        }
        holds.append(try live.claim(view, on: machine))
      } else {
        try live.release(holds[-event - 1])
      }
    }
    #expect(told.entries == simulated.entries)
    #expect(live.holdCount == 0)
    #expect(live.cluster.totalClaimed == .zero && live.cluster.totalRunning == 0)
  }

  @Test func machinesGoComeAndChange() throws {
    let diary = Diary()
    var live = try LiveCluster(
      [description(7, cores: 4), description(8, cores: 2)], names: ["a", "b"],
      policy: Witness(diary: diary))
    #expect(live.machine(named: "b") == 1 && live.machine(named: "c") == nil)
    let one = try live.claim(TaskView(id: TaskID(job: 1), request: request(1)), on: 0)
    let two = try live.claim(TaskView(id: TaskID(job: 2), request: request(2)), on: 0)
    let other = try live.claim(TaskView(id: TaskID(job: 3), request: request(1)), on: 1)
    #expect(try live.takeDown(0) == [one, two])
    #expect(try live.takeDown(0).isEmpty)
    #expect(!live.cluster.isUp(0) && live.cluster.totalClaimed.cpu == Cores(1.0))
    #expect(throws: LiveClusterError.notHeld) { try live.release(one) }
    #expect(throws: LiveClusterError.isDown("a")) {
      _ = try live.claim(TaskView(request: request(1)), on: 0)
    }
    try live.bringUp(0)
    #expect(live.cluster.free(0) == live.cluster.capacity(0))
    // It shrinks below what its task holds, which stays.
    try live.setCapacity(of: 1, to: request(0.5, 8))
    #expect(live.cluster.free(1).cpu == Cores(-0.5))
    try live.release(other, as: .abandoned)
    #expect(live.cluster.free(1).cpu == Cores(0.5))
    #expect(
      diary.entries == [
        "began 2", "0 3.0", "0 1.0", "1 1.0", "0 2.0", "1/0/0 unfinished, again", "0 4.0",
        "2/0/0 unfinished, again", "0 0.0", "0 4.0", "1 -0.5", "1 0.5", "3/0/0 abandoned",
      ])
    // Nonsense is told, and changes nothing.
    #expect(throws: LiveClusterError.noMachine(2)) { try live.bringUp(2) }
    #expect(throws: LiveClusterError.self) {
      try live.setCapacity(of: 0, to: Resources(cpu: Cores(-1.0), memory: .zero))
    }
    #expect(throws: LiveClusterError.self) {
      _ = try live.claim(TaskView(request: request(-1)), on: 0)
    }
    #expect(throws: LiveClusterError.nameTwice("a")) {
      _ = try LiveCluster(
        [description(1, cores: 1), description(2, cores: 1)], names: ["a", "a"], policy: FirstFit())
    }
    #expect(live.cluster.totalCapacity.cpu == Cores(4.5))
  }

  @Test func anotherMachineAppears() throws {
    var live = try LiveCluster([description(1, cores: 4)], names: ["a"], policy: BestFit())
    live.advance(to: Microseconds(seconds: 5))
    let hold = try live.claim(TaskView(request: request(3)), on: 0)
    #expect(live.place(TaskView(request: request(2))) == .wait)
    #expect(try live.add(description(2, cores: 2), name: "b") == 1)
    #expect(live.cluster.free(0).cpu == Cores(1.0) && live.cluster.now == Microseconds(seconds: 5))
    #expect(live.place(TaskView(request: request(2))) == .machine(1))
    #expect(live.place(TaskView(request: request(1))) == .machine(0))
    try live.release(hold)
    #expect(live.cluster.totalClaimed == .zero)
    #expect(throws: LiveClusterError.nameTwice("b")) {
      _ = try live.add(description(3, cores: 2), name: "b")
    }
  }

  @Test func selectorsRestrict() throws {
    var live = try LiveCluster(
      (0..<4).map { description($0, cores: 4) }, policy: FirstFit())
    var view = TaskView(request: request(1))
    try live.restrict(&view, to: [false, false, true, true])
    #expect(live.place(view) == .machine(2))
    var scores: [Double] = []
    live.scores(view, into: &scores)
    #expect(scores[0] == -.infinity && scores[1] == -.infinity && scores[2] > scores[3])
    #expect(throws: LiveClusterError.self) { try live.restrict(&view, to: [true]) }
  }
}

@Suite struct ScoreTests {
  /// Full and empty, fast and slow machines, some claimed, some asleep, one down.
  private static func cluster(_ policy: any PlacementPolicy, seed: UInt64) throws -> LiveCluster {
    var rng = RandomStream(seed: seed, name: "scores")
    let machines = (0..<12).map { index in
      MachineDescription(
        number: Int64(index),
        capacity: request(Double(2 + rng.below(7)), Double(4 + rng.below(13))),
        speed: [0.5, 1, 2][rng.below(3)],
        power: PowerModel(
          idle: Watts(Double(50 + rng.below(100))), dynamic: Watts(Double(50 + rng.below(200)))))
    }
    var live = try LiveCluster(machines, policy: policy, seed: seed)
    for _ in 0..<20 {
      var view = TaskView(request: request(Double(1 + rng.below(3)), Double(1 + rng.below(4))))
      view.estimate = Microseconds(seconds: Double(10 + rng.below(50)))
      let machine = rng.below(12)
      if live.cluster.canTake(view, on: machine) { _ = try live.claim(view, on: machine) }
    }
    try live.takeDown(rng.below(12))
    return live
  }

  @Test func everyPolicyScoresEveryMachine() throws {
    for entry in PolicyCatalog.entries {
      for seed in 0..<4 {
        let live = try Self.cluster(entry.make(), seed: UInt64(seed))
        let task = TaskView(
          request: request(2, 2), estimate: Microseconds(seconds: 30),
          deadline: Microseconds(seconds: 50))
        var scores = [1.0]
        live.scores(task, into: &scores)
        #expect(scores.count == 12)
        for machine in 0..<12 {
          #expect((scores[machine] == -.infinity) == !live.cluster.canTake(task, on: machine))
          #expect(!scores[machine].isNaN, "\(entry.name)")
        }
        var again: [Double] = []
        live.scores(task, into: &again)
        #expect(scores == again, "\(entry.name)")
      }
    }
  }

  /// The machine of greatest score, ties to the lowest index, is where the task goes.
  @Test func scoresSayWhereTheTaskGoes() throws {
    var tried = 0
    for entry in PolicyCatalog.entries {
      let policy = entry.make()
      guard policy is any ScoredPolicy || policy is any CompletionPolicy else { continue }
      tried += 1
      for seed in 0..<8 {
        var live = try Self.cluster(policy, seed: UInt64(seed))
        let task = TaskView(request: request(1, 1), estimate: Microseconds(seconds: 30))
        var scores: [Double] = []
        live.scores(task, into: &scores)
        let best = scores.max()!
        let expected: Placement =
          best == -.infinity ? .wait : .machine(scores.firstIndex(of: best)!)
        #expect(live.place(task) == expected, "\(entry.name)")
      }
    }
    #expect(tried >= 15)
  }

  @Test func byDefaultTheChosenMachineHasOne() throws {
    let live = try LiveCluster(
      (0..<3).map { description($0, cores: 4) }, policy: RoundRobin())
    var scores: [Double] = []
    live.scores(TaskView(request: request(1)), into: &scores)
    #expect(scores == [1, 0, 0])
    live.scores(TaskView(request: request(5)), into: &scores)
    #expect(scores == [-.infinity, -.infinity, -.infinity])
  }
}

/// Decisions and ends are told apart by task, instance and attempt.
@Suite struct DecisionKeyTests {
  private final class Ledger {
    var placed: [DecisionKey] = []
    var ended: [(key: DecisionKey, isFinal: Bool, outcome: TaskOutcome)] = []
  }

  private struct Keeping: PlacementPolicy {
    let name = "keeping"
    let ledger: Ledger
    var base: any PlacementPolicy

    mutating func place(
      _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
    ) -> Placement {
      let placement = base.place(task, on: cluster, using: &rng)
      if case .machine = placement { ledger.placed.append(task.key) }
      return placement
    }

    mutating func taskEnded(_ result: TaskResult, on cluster: borrowing Cluster) {
      ledger.ended.append((result.key, result.isFinal, result.outcome))
    }
  }

  @Test(arguments: [SimulationOptions.Mode.central, .dispatch])
  func everyDecisionEndsOnce(_ mode: SimulationOptions.Mode) throws {
    let records = randomRecords(120, seed: 4).map { record in
      var record = record
      if record.id.job % 3 == 0 { record.instances = 3 }
      return record
    }
    let ledger = Ledger()
    let (report, results) = try run(
      records, on: try machines([(4, 8), (6, 16), (3, 8)]),
      Keeping(ledger: ledger, base: RandomPlacement())
    ) {
      $0.mode = mode
      $0.failures = .init(
        shape: 0.7, scale: Microseconds(seconds: 200), meanRepair: Microseconds(seconds: 30))
      $0.retries = 3
    }
    #expect(report.evictions > 5)
    #expect(Set(ledger.placed).count == ledger.placed.count)
    let ends = ledger.ended.filter { ledger.placed.contains($0.key) }
    #expect(Set(ends.map(\.key)) == Set(ledger.placed))
    #expect(ends.count == ledger.placed.count || mode == .central)
    // What is not final is followed by the next attempt, and a task has one end.
    #expect(ledger.ended.filter(\.isFinal).count == results.count)
    for end in ledger.ended where !end.isFinal { #expect(end.outcome == .unfinished) }
    #expect(results.allSatisfy { $0.isFinal })
  }
}

import Simulation
import Testing
import Workload

/// Energy, overcommitment, failures, stale views, dependencies, network, what is measured.
@Suite struct ModelTests {
  private func machine(_ power: PowerModel, cores: Double = 4) throws -> ClusterLayout {
    try ClusterLayout(machines: [
      MachineDescription(number: 0, capacity: Resources(cpu: Cores(cores)), power: power)
    ])
  }

  @Test func energyByHand() throws {
    // Idle 100 W, dynamic 200 W, asleep 10 W after 20 s, 5 s to wake up.
    // 0-10: 2 of 4 cores: 1000 J idle, 1000 J dynamic. 10-30 awake, 2000 J; 30-100 asleep, 700 J.
    // At 100 a task of 4 cores for 10 s: 5 s to wake, then 10 s; held for 15 s: 1500 + 3000 J.
    let power = PowerModel(
      idle: Watts(100), dynamic: Watts(200), sleep: Watts(10),
      sleepAfter: Microseconds(seconds: 20), wakeDelay: Microseconds(seconds: 5))
    var second = task(1, at: 100, runs: 10, cores: 4)
    second.priorityClass = .production
    let records = [task(0, at: 0, runs: 10, cores: 2), second]
    let (report, results) = try run(records, on: try machine(power), FirstFit())
    #expect(results[1].startup.seconds == 5)
    #expect(results[1].finish.seconds == 115)
    #expect(results[1].runTime.seconds == 10)
    #expect(abs(report.energy.idle.value - (1000 + 2000 + 1500)) < 1e-6)
    #expect(abs(report.energy.sleep.value - 700) < 1e-6)
    #expect(abs(report.energy.dynamic.value - 4000) < 1e-6)
    #expect(abs(results[0].energy.value - 1000) < 1e-6)
    #expect(report.classes.map(\.priorityClass) == [.unknown, .production])
    #expect(abs(report.classes[1].metrics.energy.value - 3000) < 1e-6)
    #expect(abs(report.energy.machines[0].value - report.energy.total.value) < 1e-9)
    #expect(report.audit?.passed == true)

    // Always on: it never sleeps, so it need not wake.
    let on = try run(records, on: try machine(power), FirstFit()) { $0.alwaysOn = true }
    #expect(abs(on.report.energy.idle.value - 11_000) < 1e-6)
    #expect(on.report.energy.sleep == .zero)
    #expect(on.results[1].finish.seconds == 110)
  }

  @Test func powerFollowsItsCurve() throws {
    // A quarter of the machine draws half its dynamic power.
    let power = PowerModel(idle: Watts(0), dynamic: Watts(100), curve: [0, 0.5, 0.7, 0.9, 1])
    #expect(power.dynamicShare(at: 0.25) == 0.5)
    #expect(abs(power.dynamicShare(at: 0.375) - 0.6) < 1e-12)
    #expect(power.dynamicShare(at: 2) == 1)
    let (report, results) = try run(
      [task(0, at: 0, runs: 10, cores: 1), task(1, at: 5, runs: 5, cores: 1)],
      on: try machine(power), FirstFit())
    // 0-5: 50 W. 5-10: two of four cores, 70 W, shared equally.
    #expect(abs(report.energy.total.value - 600) < 1e-6)
    #expect(abs(results.first { $0.id.job == 0 }!.energy.value - 425) < 1e-6)
    #expect(report.audit?.passed == true)
  }

  @Test func overcommitment() throws {
    let layout = try machine(PowerModel(dynamic: Watts(100)), cores: 2)
    let records = (0..<4).map { task(Int64($0), at: 0, runs: 10) }
    let plain = try run(records, on: layout, FirstFit())
    #expect(plain.report.makespan.seconds == 20)
    let (report, _) = try run(records, on: layout, FirstFit()) { $0.overcommit.cpu = 2 }
    #expect(report.makespan.seconds == 10)
    #expect(report.usage.cpu == 2)
    // Power is that of the real machine, which has no more than all of it to give.
    #expect(abs(report.energy.total.value - 1000) < 1e-6)
    #expect(report.audit?.passed == true)
    #expect(throws: SimulationError.self) {
      try run(records, on: try machines(100, cores: 1e6), FirstFit()) { $0.overcommit.cpu = 1e9 }
    }
  }

  @Test func machinesFailAsOftenAsTheyShould() throws {
    // 100 machines, exponential: up for 90 s and down for 10 s on average. One task of no resources
    // keeps time; the CPU that is there over time is 90 % of all.
    let layout = try machines(100, cores: 1)
    var clock = task(0, at: 0, runs: 10_000, cores: 0)
    clock.request = .zero
    let fillers = (0..<100).map { task(Int64($0 + 1), at: Double($0) * 100, runs: 1) }
    let (report, results) = try run([clock] + fillers, on: layout, FirstFit()) {
      $0.failures = .init(
        shape: 1, scale: Microseconds(seconds: 90), meanRepair: Microseconds(seconds: 10))
      $0.until = Microseconds(seconds: 10_000)
      $0.audit = false
    }
    let bins = report.series.bins
    let available = bins.reduce(0.0) { $0 + $1.cpuCapacity * $1.length.seconds }
    let share = available / 100 / report.usage.span.seconds
    // 100 × 100 cycles: a standard error of about 0.0013.
    #expect(abs(share - 0.9) < 0.006)
    #expect(abs(Double(report.failures) / (100.0 * 10_000 / 100) - 1) < 0.05)
    #expect(report.evictions > 0)
    #expect(results.count == 101)
  }

  @Test func aStalePolicyHerds() throws {
    // Two machines of one core. Fresh, two tasks at 1 s and 2 s go to different machines. With a view
    // of every 10 s, both see machine 0 empty: the second conflicts and waits for the next view.
    let records = [task(0, at: 1, runs: 30), task(1, at: 2, runs: 30)]
    let fresh = try run(records, on: try machines([(1, 0), (1, 0)]), FirstFit())
    #expect(fresh.results.map(\.machine) == [0, 1])
    let (report, results) = try run(records, on: try machines([(1, 0), (1, 0)]), FirstFit()) {
      $0.heartbeat = Microseconds(seconds: 10)
    }
    let second = results.first { $0.id.job == 1 }
    #expect(second?.machine == 1)
    #expect(report.conflicts == 1)
    #expect(second?.start.seconds == 10)
    #expect(report.audit?.passed == true)

    // In dispatch mode it simply queues behind the first.
    let dispatched = try run(records, on: try machines([(1, 0), (1, 0)]), LeastLoaded()) {
      $0.heartbeat = Microseconds(seconds: 10)
      $0.mode = .dispatch
    }
    #expect(dispatched.results.map(\.machine) == [0, 0])
  }

  @Test func dependentsWait() throws {
    // 0 → 1 (think 5) and 0 → 2; 3 after both; all submitted at once, on enough cores.
    var table = DependencyTable()
    func id(_ job: Int64) -> TaskID { TaskID(job: job) }
    table.add(id(1), after: id(0), think: Microseconds(seconds: 5))
    table.add(id(2), after: id(0))
    table.add(id(3), after: id(1))
    table.add(id(3), after: id(2))
    table.add(id(5), after: id(4))
    table.add(id(6), after: id(5))
    table.add(id(8), after: id(7))
    let records = [
      task(0, at: 0, runs: 10), task(1, at: 0, runs: 10), task(2, at: 0, runs: 30),
      task(3, at: 0, runs: 1), task(4, at: 0, runs: 1, cores: 99), task(5, at: 1, runs: 1),
      task(6, at: 1, runs: 1), task(8, at: 2, runs: 1),
    ]
    var options = SimulationOptions()
    options.audit = true
    var simulator = Simulator(
      cluster: try machines([(8, 0)]), policy: FirstFit(), options: options, seed: 1)
    simulator.dependencies = table
    var sink = CollectedResults()
    let report = try simulator.run(TaskTable(records).source(), results: &sink)
    let results = sink.results.sorted { $0.id < $1.id }
    #expect(results.map(\.start.seconds).prefix(4) == [0, 15, 10, 40])
    #expect(results.map(\.submit.seconds).prefix(4) == [0, 15, 10, 40])
    #expect(results.prefix(4).allSatisfy { $0.wait == .zero })
    // 4 fits nowhere, so 5 and then 6 are cancelled; 7 never comes, so 8 need not wait for it.
    #expect(
      results.suffix(4).map(\.outcome) == [.unplaceable, .cancelled, .cancelled, .finished])
    #expect(results.last?.start.seconds == 2)
    #expect(report.droppedDependencies == 1)
    #expect(report.audit?.passed == true)

    table.add(id(0), after: id(3))
    simulator.dependencies = table
    #expect {
      try simulator.run(TaskTable(records).source())
    } throws: { error in
      "\(error)".contains("waits for itself")
    }
  }

  @Test func longChainsNeedNoStack() throws {
    var table = DependencyTable()
    let count: Int64 = 20_000
    for job in 1..<count { table.add(TaskID(job: job), after: TaskID(job: job - 1)) }
    var records = (0..<count).map { task($0, at: 0, runs: 0) }
    var simulator = Simulator(cluster: try machines([(1, 0)]), policy: FirstFit(), seed: 1)
    simulator.dependencies = table
    #expect(try simulator.run(TaskTable(records).source()).total[.finished] == Int(count))
    records[0] = task(0, at: 0, runs: 1, cores: 2)
    #expect(try simulator.run(TaskTable(records).source()).total[.cancelled] == Int(count) - 1)
  }

  @Test func heftTakesTheLongestPathFirst() throws {
    // Topcuoglu's rule on a fork: 1 (5 s) leads to 3 (20 s), 2 (10 s) to nothing. On one core, the
    // ranks 25 and 10 put 1 before 2 though 2 came first.
    var table = DependencyTable()
    table.add(TaskID(job: 1), after: TaskID(job: 0))
    table.add(TaskID(job: 2), after: TaskID(job: 0))
    table.add(TaskID(job: 3), after: TaskID(job: 1))
    var options = SimulationOptions()
    options.estimates = .exact
    let records = [
      task(0, at: 0, runs: 1), task(2, at: 0, runs: 10), task(1, at: 0, runs: 5),
      task(3, at: 0, runs: 20),
    ]
    func order(_ policy: any PlacementPolicy) throws -> [Int64] {
      var simulator = Simulator(
        cluster: try machines([(1, 0)]), policy: policy, options: options, seed: 1)
      simulator.dependencies = table
      var sink = CollectedResults()
      _ = try simulator.run(TaskTable(records).source(), results: &sink)
      return sink.results.map(\.id.job)
    }
    #expect(try order(HEFT()) == [0, 1, 3, 2])
    #expect(try order(FirstFit()) == [0, 1, 2, 3])
    #expect(try order(MaxMin()) == [0, 2, 1, 3])
  }

  @Test func theNetworkTakesItsTime() throws {
    // Racks of 2, clusters of 2 racks: 0 and 1 share a rack, 0 and 2 a cluster, 0 and 4 the site.
    func level(_ milliseconds: Double) -> NetworkModel.Level {
      .init(latency: Microseconds(seconds: milliseconds / 1000), bandwidth: 1e6)
    }
    let network = NetworkModel(
      dispatch: Microseconds(seconds: 1), machinesPerRack: 2, racksPerCluster: 2, rack: level(1),
      cluster: level(10), site: level(100))
    #expect(network.transfer(Bytes(2_000_000), from: 0, to: 0) == .zero)
    #expect(network.transfer(Bytes(2_000_000), from: 0, to: 1).seconds == 2.001)
    #expect(network.transfer(Bytes(2_000_000), from: 0, to: 2).seconds == 2.01)
    #expect(network.transfer(Bytes(2_000_000), from: 0, to: 4).seconds == 2.1)

    var table = DependencyTable()
    table.add(TaskID(job: 1), after: TaskID(job: 0), data: Bytes(2_000_000))
    var options = SimulationOptions()
    options.network = network
    var simulator = Simulator(
      cluster: try machines(5, cores: 1), policy: Scripted(first: [0, 4], then: FirstFit()),
      options: options, seed: 1)
    simulator.dependencies = table
    var sink = CollectedResults()
    _ = try simulator.run(
      TaskTable([task(0, at: 0, runs: 10), task(1, at: 0, runs: 10)]).source(), results: &sink)
    #expect(sink.results.map(\.finish.seconds) == [11, 24.1])
    #expect(sink.results[1].startup.seconds == 3.1)
  }

  @Test func warmUpAndDrainAreCutOff() throws {
    let records = (0..<10).map { task(Int64($0), at: Double($0) * 10, runs: 20) }
    let (report, results) = try run(records, on: try machines([(1, 0)]), FirstFit()) {
      $0.warmUp = Microseconds(seconds: 30)
      $0.accountsTail = .zero
    }
    #expect(results.count == 10)
    #expect(report.warmUpTasks == 3)
    #expect(report.total.submitted == 7)
    #expect(report.total.wait.count == 7)
    // Task n starts at 20 n and waits 10 n.
    #expect(report.total.wait.minimum == 30_000_000)
    // From 30 s to the last submission at 90 s the machine is never idle.
    #expect(report.usage.span.seconds == 60)
    #expect(report.usage.cpu == 1)
    #expect(report.makespan.seconds == 200)
    #expect(report.audit?.passed == true)
  }

  @Test func loadIsSpreadOrNot() throws {
    // One of two machines half full for 10 s: mean 0.25, variance 0.0625, Jain 0.5; then idle.
    let (report, _) = try run(
      [task(0, at: 0, runs: 10, cores: 2), task(1, at: 10, runs: 10, cores: 0)],
      on: try machines(2, cores: 4), FirstFit())
    #expect(abs(report.usage.loadVariance - 0.03125) < 1e-6)
    #expect(abs(report.usage.jain - 0.75) < 1e-6)
  }

  @Test func decisionsCanBeTimed() throws {
    let (report, _) = try run(randomRecords(50, seed: 1), on: try machines([(8, 64)]), BestFit()) {
      $0.measuresDecisions = true
    }
    #expect(report.decisionTimes.count == report.decisions)
    #expect(report.decisionTimes.count > 0)
  }

  @Test func deadlinesMissedByWhatNeverRan() throws {
    var records = [
      task(0, at: 0, runs: 10), task(1, at: 0, runs: 10), task(2, at: 0, runs: 1, cores: 9),
    ]
    for index in records.indices { records[index].deadline = Microseconds(seconds: 15) }
    let (report, _) = try run(records, on: try machines([(1, 0)]), FirstFit())
    #expect(report.total.metDeadline == 1)
    #expect(abs(report.total.deadlineShare - 1.0 / 3) < 1e-12)
    // Who has no deadline meets none.
    var mixed = records + [task(3, at: 0, runs: 1), task(4, at: 0, runs: 1)]
    mixed[0].deadline = .never
    let (other, _) = try run(mixed, on: try machines([(9, 0)]), FirstFit())
    #expect(other.total.withDeadline == 2 && other.total.metDeadline == 2)
    #expect(other.total.deadlineShare == 1)
    // 10 / 10 and 20 / 10.
    #expect(report.total.slowdown.mean == 1.5e6)
    #expect(report.total.boundedSlowdown.mean == 1.5e6)
  }

  @Test func replicationsKeepTheirOrder() async throws {
    let layout = try machines([(2, 16)])
    let seeds = (1...40).map(UInt64.init)
    let body: @Sendable (UInt64) throws -> Double = { seed in
      let source = TaskTable(randomRecords(50, seed: seed)).source()
      return try Simulator(cluster: layout, policy: RandomPlacement(), seed: seed).run(source)
        .total.wait.mean
    }
    let together = try await Replications.run(seeds: seeds, width: 7, body)
    let alone = try await Replications.run(seeds: seeds, width: 1, body)
    #expect(together == alone)
    #expect(together == (try seeds.map(body)))
  }
}

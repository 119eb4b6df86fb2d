import Simulation
import Testing
import Workload

/// Orders of the queue, overtaking, preemption, gangs.
@Suite struct QueueTests {
  private func record(
    _ job: Int64, at: Double, runs: Double, cores: Double = 1,
    _ change: (inout TaskRecord) -> Void = { _ in }
  ) -> TaskRecord {
    var record = task(job, at: at, runs: runs, cores: cores)
    record.estimate = record.runTime
    change(&record)
    return record
  }

  /// One core, busy until 10 s; four tasks come meanwhile. The order in which they then run.
  private func order(_ order: SimulationOptions.Order) throws -> [Int64] {
    let (report, results) = try run(
      [
        record(0, at: 0, runs: 10),
        record(1, at: 1, runs: 4) {
          $0.priorityClass = .bestEffort
          $0.deadline = Microseconds(seconds: 300)
        },
        record(2, at: 2, runs: 3) {
          $0.priorityClass = .batch
          $0.deadline = Microseconds(seconds: 100)
        },
        record(3, at: 3, runs: 2) {
          $0.priorityClass = .production
          $0.deadline = Microseconds(seconds: 200)
        },
        record(4, at: 4, runs: 1) { $0.priorityClass = .batch },
      ], on: try machines([(1, 0)]), FirstFit()
    ) { $0.order = order }
    #expect(report.audit?.passed == true)
    return results.sorted { $0.start < $1.start }.map(\.id.job)
  }

  @Test func ordersByTask() throws {
    #expect(try order(.fifo) == [0, 1, 2, 3, 4])
    #expect(try order(.priority) == [0, 3, 2, 4, 1])
    #expect(try order(.sjf) == [0, 4, 3, 2, 1])
    #expect(try order(.earliestDeadline) == [0, 2, 3, 1, 4])
  }

  @Test func priorityNumbersBreakTiesWithinAClass() throws {
    let records = (0..<4).map { index in
      record(Int64(index), at: Double(index), runs: 10) {
        $0.priorityClass = .batch
        $0.priority = [0, 2, 8, 5][index]
      }
    }
    let (_, results) = try run(records, on: try machines([(1, 0)]), FirstFit()) {
      $0.order = .priority
    }
    #expect(results.map(\.id.job) == [0, 2, 3, 1])
  }

  @Test func fairShareAlternatesBetweenUsers() throws {
    // User 1 holds 3 of 4 cores when user 2 comes; whatever ends first goes to user 2 until both
    // hold as much.
    var records = (0..<6).map { index in
      record(Int64(index), at: 0, runs: Double(10 + index)) { $0.user = UserID(1) }
    }
    records += (6..<9).map { index in
      record(Int64(index), at: 1, runs: 100) { $0.user = UserID(2) }
    }
    let (report, results) = try run(records, on: try machines([(4, 0)]), FirstFit()) {
      $0.order = .fairShare
    }
    let starts = results.sorted { $0.id < $1.id }.map(\.start.seconds)
    // 6 at 10 (user 1 holds 3), 7 at 11 (2 and 1); then at 2 and 2 the tie goes to the user who
    // came first: 4 at 12, and so on.
    #expect(starts == [0, 0, 0, 0, 12, 13, 10, 11, 26])
    #expect(report.audit?.passed == true)
  }

  @Test func dominantResourceFairness() throws {
    // The example of Ghodsi et al.: 9 cores, 18 GB; A asks for (1, 4), B for (3, 1). DRF gives A
    // three tasks and B two.
    let records = (0..<20).map { index in
      var record = record(Int64(index), at: 0, runs: 100, cores: index < 10 ? 1 : 3)
      record.request.memory = Bytes(gibibytes: index < 10 ? 4 : 1)
      record.user = UserID(index < 10 ? 1 : 2)
      return record
    }
    let (report, results) = try run(records, on: try machines([(9, 18)]), FirstFit()) {
      $0.order = .dominantResource
      $0.until = Microseconds(seconds: 50)
    }
    #expect(results.count { $0.attempts > 0 && $0.id.job < 10 } == 3)
    #expect(results.count { $0.attempts > 0 && $0.id.job >= 10 } == 2)
    #expect(report.audit?.passed == true)
  }

  /// The textbook picture: 8 processors; 0 takes 5 until 10; 1 wants 6 and must wait for it; behind
  /// it 2 (3 for 20 s) would delay 1; 3 (2 for 8 s) ends in time; 4 (1 for 50 s) fits beside 1; 5 (1
  /// for 50 s) does too.
  private func overtaking(_ backfilling: SimulationOptions.Backfilling) throws -> [Double] {
    let (report, results) = try run(
      [
        record(0, at: 0, runs: 10, cores: 5), record(1, at: 1, runs: 10, cores: 6),
        record(2, at: 1, runs: 20, cores: 3), record(3, at: 1, runs: 8, cores: 2),
        record(4, at: 1, runs: 50, cores: 1), record(5, at: 1, runs: 50, cores: 1),
      ], on: try machines([(8, 0)]), FirstFit()
    ) { $0.backfilling = backfilling }
    #expect(report.audit?.passed == true)
    return results.sorted { $0.id < $1.id }.map(\.start.seconds)
  }

  @Test func whatMayOvertake() throws {
    #expect(try overtaking(.none) == [0, 10, 20, 20, 20, 20])
    // 2 goes at once; 0 and 2 leave no room for 1 until 21, 3-5 follow as room comes.
    #expect(try overtaking(.greedy) == [0, 21, 1, 10, 10, 10])
    // 3 and 4 go at once; 5 goes when 3 has ended, beside 1 and 4.
    #expect(try overtaking(.easy) == [0, 10, 20, 1, 1, 9])
    // 2 is promised 20; 4 and 5 leave it room then.
    #expect(try overtaking(.conservative) == [0, 10, 20, 1, 1, 9])
  }

  @Test func conservativeDelaysNobodyWhomEasyWould() throws {
    // 4 processors. 0 holds 2 until 10. 1 (4) is promised 10-20; 2 (3, for 10 s) then 20-30. 3 (2,
    // for 10 s at t = 0) ends at 10 and may go. 4 (1, for 25 s) comes at 11: beside nothing.
    let records = [
      record(0, at: 0, runs: 10, cores: 2), record(1, at: 0, runs: 10, cores: 3),
      record(2, at: 0, runs: 10, cores: 4), record(3, at: 0, runs: 30, cores: 1),
    ]
    let layout = try machines([(4, 0)])
    func starts(_ backfilling: SimulationOptions.Backfilling) throws -> [Double] {
      try run(records, on: layout, FirstFit()) { $0.backfilling = backfilling }
        .results.sorted { $0.id < $1.id }.map(\.start.seconds)
    }
    // EASY keeps room for 1 only: 3 goes at once and delays 2 to 30.
    #expect(try starts(.easy) == [0, 10, 30, 0])
    // Conservative keeps 20 for 2: 3 must wait until 30.
    #expect(try starts(.conservative) == [0, 10, 20, 30])
  }

  @Test func productionEvictsLowerClassesOnly() throws {
    func waiting(_ job: Int64, _ priorityClass: PriorityClass, at: Double, cores: Double)
      -> TaskRecord
    {
      record(job, at: at, runs: 100, cores: cores) { $0.priorityClass = priorityClass }
    }
    // Machine 0: production (2) and best effort (2); machine 1: batch (2), best effort (1, started
    // later), 1 free. Production wants 2: evicting the best-effort core on machine 1 loses least.
    let (report, results) = try run(
      [
        waiting(0, .production, at: 0, cores: 2), waiting(1, .bestEffort, at: 0, cores: 2),
        waiting(2, .batch, at: 0, cores: 2), waiting(3, .bestEffort, at: 5, cores: 1),
        waiting(4, .production, at: 10, cores: 2), waiting(5, .batch, at: 11, cores: 2),
      ], on: try machines([(4, 0), (4, 0)]), FirstFit()
    ) {
      $0.preemption = .production
      $0.order = .priority
    }
    let byJob = results.sorted { $0.id < $1.id }
    #expect(byJob.map(\.attempts) == [1, 1, 1, 2, 1, 1])
    #expect(byJob[4].start.seconds == 10)
    #expect(byJob[4].machine == 1)
    #expect(byJob[3].wasted.seconds == 5)
    // Batch is below the threshold: it waits.
    #expect(byJob[5].start.seconds == 100)
    #expect(report.preemptions == 1)
    #expect(report.audit?.passed == true)
  }

  @Test func aGangStartsTogether() throws {
    // Three instances of 2 cores on two machines of 4: they need one machine whole and half the
    // other. 0 holds 3 cores of machine 0 until 10.
    let (report, results) = try run(
      [
        record(0, at: 0, runs: 10, cores: 3),
        record(1, at: 1, runs: 5, cores: 2) { $0.instances = 3 },
        record(2, at: 2, runs: 1, cores: 2) { $0.instances = 5 },
        record(3, at: 3, runs: 1),
      ], on: try machines([(4, 0), (4, 0)]), FirstFit()
    ) { $0.gangs = true }
    let byJob = results.sorted { $0.id < $1.id }
    #expect(byJob[1].start.seconds == 10)
    #expect(byJob[1].finish.seconds == 15)
    #expect(byJob[2].outcome == .unplaceable)
    #expect(report.unplaceable.first { $0.count > 0 }?.reason == .gang)
    #expect(report.total.submitted == 4)
    // 3 × 10 + 6 × 5 + 1 core-seconds of 8 × 15.
    #expect(abs(report.usage.cpu - 61.0 / 120) < 1e-12)
    #expect(report.audit?.passed == true)
  }

  @Test func aGangEndsWithItsSlowest() throws {
    var layout = try machines([(1, 0), (1, 0)])
    layout.machines[1].speed = 0.5
    let (_, results) = try run(
      [record(0, at: 0, runs: 10) { $0.instances = 2 }], on: layout, FirstFit()
    ) { $0.gangs = true }
    #expect(results.map(\.finish.seconds) == [20])
  }

  @Test func tasksThatMustBeApartAre() throws {
    let records = (0..<3).map { index in
      var record = TaskRecord(
        id: TaskID(job: 1, index: Int32(index)), submit: .zero,
        runTime: Microseconds(seconds: 10), request: Resources(cpu: Cores(1.0)))
      record.flags = .differentMachines
      return record
    }
    for entry in PolicyCatalog.entries
    where !entry.name.hasPrefix("study-") && !entry.make().followsRecord {
      let (report, results) = try run(records, on: try machines(2, cores: 8), entry.make())
      #expect(results.map(\.start.seconds).sorted() == [0, 0, 10], "\(entry.name)")
      #expect(Set(results.prefix(2).map(\.machine)) == [0, 1], "\(entry.name)")
      #expect(report.audit?.passed == true)
    }
    // A gang that must be apart needs as many machines.
    var gang = records[0]
    gang.instances = 3
    let (report, _) = try run([gang], on: try machines(2, cores: 8), FirstFit()) { $0.gangs = true }
    #expect(report.total[.unplaceable] == 1)
  }

  @Test func instancesAreIndependentUnlessAskedOtherwise() throws {
    // Three instances on two cores: the third starts when the first is over. 1 waits for all of 0.
    for mode in [SimulationOptions.Mode.central, .dispatch] {
      var options = SimulationOptions()
      options.mode = mode
      options.audit = true
      var simulator = Simulator(
        cluster: try machines([(1, 0), (1, 0)]), policy: RoundRobin(), options: options, seed: 1)
      simulator.dependencies.add(TaskID(job: 1), after: TaskID(job: 0))
      let records = [
        record(0, at: 0, runs: 10) { $0.instances = 3 }, record(1, at: 0, runs: 1),
        record(2, at: 0, runs: 1, cores: 9) { $0.instances = 2 },
        record(3, at: 0, runs: 1) { $0.instances = .max },
      ]
      var sink = CollectedResults()
      let report = try simulator.run(TaskTable(records).source(), results: &sink)
      #expect(report.audit?.passed == true)
      #expect(report.total.submitted == 7)
      let done = sink.results.filter { $0.outcome == .finished }
      #expect(done.map(\.id.job) == [0, 0, 0, 1])
      #expect(done.map(\.instance) == [0, 1, 2, 0])
      #expect(done.map(\.finish.seconds) == [10, 10, 20, 21])
      #expect(
        report.unplaceable.filter { $0.count > 0 }.map { "\($0.reason) \($0.count)" }
          == ["cpu 2", "invalid 1"])
    }
  }

  @Test func aRigidParallelJobSpansMachines() throws {
    // Four machines of one core. A job of 3 cores and 3 GiB takes three of them; another waits.
    let records = (0..<2).map { index in
      record(Int64(index), at: 0, runs: 10, cores: 3) {
        $0.request.memory = Bytes(gibibytes: 3)
        $0.flags = .spansMachines
      }
    }
    let layout = try machines(4, cores: 1, memory: 1)
    let (report, results) = try run(records, on: layout, FirstFit())
    #expect(results.map(\.start.seconds) == [0, 10])
    #expect(results.map(\.finish.seconds) == [10, 20])
    #expect(report.usage.cpu == 0.75)
    #expect(report.usage.memory == 0.75)
    #expect(report.audit?.passed == true)
    // As one piece it fits nowhere.
    let whole = try run(records, on: layout, FirstFit()) { $0.spansMachines = false }
    #expect(whole.report.total[.unplaceable] == 2)
    // More processors than there are can never start.
    var huge = records[0]
    huge.request.cpu = Cores(5.0)
    let (never, _) = try run([huge], on: layout, FirstFit())
    #expect(never.unplaceable.first { $0.count > 0 }?.reason == .gang)
  }

  /// First fit that notes whether it is shown machine 0 asleep.
  private struct Watcher: PlacementPolicy {
    final class Notes { var asleep: [Bool] = [] }
    let name = "watcher"
    let notes = Notes()

    mutating func place(
      _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
    ) -> Placement {
      notes.asleep.append(cluster.isAsleep(0))
      return cluster.firstFit(for: task).map(Placement.machine) ?? .wait
    }
  }

  @Test(arguments: [0.0, 100])
  func aGangsTentativeClaimsWakeNoMachine(_ heartbeat: Double) throws {
    // Machine 1 is full; machine 0 is empty from the beginning and sleeps when a gang of two comes,
    // of which it has room for one. Who then overtakes the gang must see it asleep still.
    let power = PowerModel(
      idle: Watts(100), dynamic: Watts(100), sleepAfter: Microseconds(seconds: 5))
    let layout = try ClusterLayout(
      machines: (0..<2).map {
        MachineDescription(
          number: $0, capacity: Resources(cpu: Cores($0 == 0 ? 7.0 : 8)), power: power)
      })
    var gang = task(1, at: 110, runs: 10, cores: 5)
    gang.instances = 2
    let policy = Watcher()
    let (report, _) = try run(
      [task(0, at: 0, runs: 500, cores: 8), gang, task(2, at: 120, runs: 1, cores: 1)],
      on: layout, policy
    ) {
      $0.gangs = true
      $0.backfilling = .greedy
      $0.heartbeat = Microseconds(seconds: heartbeat)
    }
    #expect(report.total[.finished] == 3)
    // Task 0, the gang's first and second instance, task 2.
    #expect(policy.notes.asleep.prefix(4) == [false, true, false, true])
  }
}

import Simulation
import Testing
import Workload

@Suite struct ConstraintTests {
  /// Attribute 1 is the kernel version, 5 to 8 on machines 0 to 3; attribute 2 only machine 3 has.
  private var table: ConstraintTable {
    var table = ConstraintTable()
    for machine in 0..<4 { table.setAttribute(1, of: Int64(machine), to: Int64(5 + machine)) }
    table.setAttribute(2, of: 3, to: 1)
    return table
  }

  /// The machines that a task with these constraints is put on, over all policies.
  private func chosen(_ constraints: [ConstraintTable.Constraint]) throws -> Set<Int64> {
    var simulator = Simulator(
      cluster: try machines(4, cores: 4), policy: FirstFit(), seed: 1)
    simulator.constraints = table
    simulator.constraints.require(constraints, of: TaskID(job: 1))
    var chosen: Set<Int64> = []
    for entry in PolicyCatalog.entries where !entry.make().followsRecord {
      simulator.policy = entry.make()
      for seed in 0..<5 {
        simulator.seed = UInt64(seed)
        var sink = CollectedResults()
        _ = try simulator.run(TaskTable([task(1, at: 0, runs: 1)]).source(), results: &sink)
        chosen.insert(sink.results[0].machine)
      }
    }
    return chosen
  }

  @Test func comparisons() throws {
    #expect(try chosen([.init(1, .equal, 6)]) == [1])
    #expect(try chosen([.init(1, .greater, 5), .init(1, .less, 7)]) == [1])
    #expect(try chosen([.init(1, .notEqual, 5), .init(2, .notEqual, 1)]).isSubset(of: [1, 2]))
    #expect(try chosen([.init(2, .equal, 1)]) == [3])
    // No machine has it: never placed.
    #expect(try chosen([.init(9, .equal, 1)]) == [-1])
    #expect(try chosen([.init(9, .less, 1)]) == [-1])
    #expect(try chosen([.init(9, .notEqual, 1)]).isSubset(of: [0, 1, 2, 3]))
  }

  @Test func whatNoMachineMeetsIsSaidAtOnce() throws {
    var simulator = Simulator(cluster: try machines(4, cores: 4), policy: FirstFit(), seed: 1)
    simulator.constraints = table
    simulator.constraints.require([.init(9, .equal, 1)], of: TaskID(job: 0))
    // Only machine 3 has attribute 2, and it has 4 cores.
    simulator.constraints.require([.init(2, .equal, 1)], of: TaskID(job: 1))
    var gang = task(1, at: 0, runs: 1, cores: 4)
    gang.instances = 2
    simulator.options.gangs = true
    let report = try simulator.run(
      TaskTable([task(0, at: 0, runs: 1), gang, task(2, at: 0, runs: 1)]).source())
    #expect(report.total[.finished] == 1)
    let reasons = report.unplaceable.filter { $0.count > 0 }
    #expect(reasons.map(\.reason) == [.constraint, .gang])
  }

  @Test(arguments: 0..<6)
  func constraintsAreNeverViolated(_ seed: Int) throws {
    let records = randomRecords(200, seed: UInt64(seed))
    var rng = RandomStream(seed: UInt64(seed), name: "constraints")
    var constraints = table
    var allowed: [TaskID: Range<Int64>] = [:]
    for record in records where rng.below(2) == 0 {
      let least = Int64(5 + rng.below(4))
      constraints.require([.init(1, .greater, least - 1)], of: record.id)
      allowed[record.id] = least - 5..<4
    }
    for entry in PolicyCatalog.entries {
      for backfilling in SimulationOptions.Backfilling.allCases {
        var options = SimulationOptions()
        options.backfilling = backfilling
        options.estimates = .exact
        options.audit = true
        options.preemption = seed % 2 == 0 ? .production : nil
        var simulator = Simulator(
          cluster: try machines(4, cores: 4, memory: 16), policy: entry.make(), options: options,
          seed: 1)
        simulator.constraints = constraints
        var sink = CollectedResults()
        let report = try simulator.run(TaskTable(records).source(), results: &sink)
        #expect(report.audit?.passed == true, "\(entry.name) \(backfilling)")
        for result in sink.results where result.attempts > 0 {
          #expect(allowed[result.id]?.contains(result.machine) ?? true)
        }
      }
    }
  }

  @Test(arguments: 0..<24)
  func neitherInAnyMode(_ seed: Int) throws {
    // Constraints, tasks that must be apart, machines that come and go, stale views, parallel jobs.
    var rng = RandomStream(seed: UInt64(seed), name: "modes")
    var constraints = table
    var allowed: [TaskID: Int64] = [:]
    var records = randomRecords(160, seed: UInt64(seed))
    for place in records.indices {
      records[place].id = TaskID(job: Int64(place / 3), index: Int32(place % 3))
      if place / 3 % 3 == 0 { records[place].flags.insert(.differentMachines) }
      if rng.below(3) == 0 {
        records[place].request.cpu = Cores(Double(1 + rng.below(4)))
        records[place].flags.insert(.spansMachines)
      }
      guard rng.below(2) == 0 else { continue }
      let least = Int64(rng.below(4))
      constraints.require([.init(1, .greater, least + 4)], of: records[place].id)
      allowed[records[place].id] = least
    }
    var events: [MachineEvent] = []
    let capacity = Resources(cpu: Cores(6.0), memory: Bytes(gibibytes: 24))
    for machine in 0..<4 {
      for (turn, kind) in [MachineEvent.Kind.add, .remove, .add].enumerated()
      where machine > 0 || turn == 0 {
        events.append(
          MachineEvent(
            time: Microseconds(seconds: Double(turn * (50 + rng.below(100)))),
            machine: Int64(machine), kind: kind, capacity: capacity))
      }
    }
    let layout = try ClusterLayout(events)
    for entry in PolicyCatalog.entries {
      var options = SimulationOptions()
      options.mode = seed % 4 == 3 ? .dispatch : .central
      options.backfilling = SimulationOptions.Backfilling.allCases[seed % 4]
      options.estimates = .exact
      options.heartbeat = seed % 5 == 4 ? Microseconds(seconds: 7) : .zero
      options.preemption = seed % 2 == 0 ? .production : nil
      options.audit = true
      var simulator = Simulator(
        cluster: layout, policy: entry.make(), options: options, seed: UInt64(seed))
      simulator.constraints = constraints
      var sink = CollectedResults()
      let report = try simulator.run(TaskTable(records).source(), results: &sink)
      #expect(report.audit?.passed == true, "\(entry.name)")
      #expect(sink.results.count == records.count)
      let ran = sink.results.filter { $0.outcome == .finished }
      for result in ran { #expect(result.machine >= allowed[result.id] ?? 0, "\(entry.name)") }
      let byJob = Dictionary(grouping: ran.filter { $0.id.job % 3 == 0 }) { $0.id.job }
      for siblings in byJob.values {
        for (place, one) in siblings.enumerated() {
          for other in siblings[(place + 1)...] where other.machine == one.machine {
            #expect(other.start >= one.finish || one.start >= other.finish, "\(entry.name)")
          }
        }
      }
    }
  }
}

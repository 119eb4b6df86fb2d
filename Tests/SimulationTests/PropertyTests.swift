import Simulation
import Testing
import Workload

@Suite struct PropertyTests {
  /// A cluster whose machines come and go.
  private func restlessLayout(seed: UInt64) throws -> ClusterLayout {
    var rng = RandomStream(seed: seed, name: "test machines")
    var events: [MachineEvent] = []
    for machine in 0..<8 {
      let capacity = Resources(
        cpu: Cores(Double(2 + rng.below(7))), memory: Bytes(gibibytes: Double(4 + rng.below(13))))
      var time = Double(rng.below(3) * 50)
      var kind = MachineEvent.Kind.add
      for _ in 0..<(1 + rng.below(8)) {
        events.append(
          MachineEvent(
            time: Microseconds(seconds: time), machine: Int64(machine), kind: kind,
            capacity: capacity))
        time += Double(1 + rng.below(400))
        kind = kind == .add ? .remove : .add
      }
    }
    return try ClusterLayout(events)
  }

  @Test(arguments: 0..<12)
  func everythingIsConserved(_ seed: Int) throws {
    let seed = UInt64(seed)
    for entry in PolicyCatalog.entries {
      for mode in [SimulationOptions.Mode.central, .dispatch] {
        let records = randomRecords(300, seed: seed)
        let (report, results) = try run(
          records, on: try restlessLayout(seed: seed), entry.make(), seed: seed
        ) {
          $0.mode = mode
          $0.retries = seed % 3 == 0 ? 1 : .max
          if seed % 4 == 1 { $0.until = Microseconds(seconds: 300) }
        }
        let audit = try #require(report.audit)
        #expect(audit.passed, "\(entry.name) \(mode): \(audit)")
        #expect(results.count == report.total.submitted)
        #expect(Set(results.map(\.id)).count == results.count)
        for result in results {
          #expect(result.firstStart >= result.submit)
          if result.outcome == .finished {
            let record = records[Int(result.id.job)]
            #expect(result.finish - result.start == record.runTime)
            #expect(
              result.submit + result.wait + result.wasted + record.runTime == result.finish)
          }
        }
      }
    }
  }

  @Test func theSameSeedGivesTheSameRun() throws {
    for entry in PolicyCatalog.entries {
      let layout = try restlessLayout(seed: 3)
      let records = randomRecords(400, seed: 3)
      let once = try run(records, on: layout, entry.make(), seed: 9)
      let again = try run(records, on: layout, entry.make(), seed: 9) { $0.audit = false }
      #expect(once.results == again.results)
      #expect(once.report.usage == again.report.usage)
      #expect(once.report.series == again.report.series)
    }
  }

  @Test func differentSeedsDifferUnderRandom() throws {
    let layout = try machines(20, cores: 8, memory: 16)
    let records = randomRecords(200, seed: 3)
    let once = try run(records, on: layout, RandomPlacement(), seed: 1)
    let again = try run(records, on: layout, RandomPlacement(), seed: 2)
    #expect(once.results.map(\.machine) != again.results.map(\.machine))
  }

  @Test func memoryFollowsTasksInFlight() throws {
    let layout = try machines(4, cores: 2)
    let records = (0..<20_000).map { task(Int64($0), at: Double($0), runs: 3) }
    let report = try Simulator(cluster: layout, policy: FirstFit(), seed: 1)
      .run(TaskTable(records).source())
    #expect(report.mostInFlight == 3)
    #expect(report.total[.finished] == 20_000)
  }
}

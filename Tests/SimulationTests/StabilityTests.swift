import Simulation
import Testing
import Workload

/// Results as bytes, pinned: whatever the hash seed of the process, they are these.
@Suite struct StabilityTests {
  @Test func theSameBytesInEveryProcess() throws {
    var table = DependencyTable()
    for job in stride(from: Int64(3), to: 300, by: 3) {
      table.add(TaskID(job: job), after: TaskID(job: job - 2), think: Microseconds(seconds: 1))
    }
    var constraints = ConstraintTable()
    for machine in 0..<10 {
      constraints.setAttribute(1, of: Int64(machine), to: Int64(machine % 3))
    }
    for job in stride(from: Int64(0), to: 300, by: 5) {
      constraints.require([.init(1, .less, 2)], of: TaskID(job: job))
    }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ value: Int64) {
      hash = (hash ^ UInt64(bitPattern: value)) &* 0x0000_0100_0000_01b3
    }
    for order in SimulationOptions.Order.allCases {
      var options = SimulationOptions()
      options.order = order
      options.backfilling = .easy
      options.estimates = .exact
      options.preemption = .production
      options.failures = .init(
        shape: 0.8, scale: Microseconds(seconds: 500), meanRepair: Microseconds(seconds: 20))
      var simulator = Simulator(
        cluster: try machines(10, cores: 4, memory: 16), policy: RandomPlacement(),
        options: options, seed: 7)
      simulator.dependencies = table
      simulator.constraints = constraints
      var sink = CollectedResults()
      _ = try simulator.run(TaskTable(randomRecords(300, seed: 11)).source(), results: &sink)
      for result in sink.results {
        add(result.id.job)
        add(result.start.rawValue)
        add(result.finish.rawValue)
        add(result.machine)
        add(Int64(result.attempts))
      }
    }
    #expect(hash == 14_657_774_625_975_051_150)
  }
}

import Simulation
import Testing
import Workload

/// Amounts at the ends of their ranges, and runs that would never end.
@Suite struct BoundsTests {
  private let largest = Cores(nano: Ranges.amount.upperBound)

  private func record(
    _ job: Int64, at: Double = 0, runs: Microseconds, _ cpu: Cores, instances: Int32 = 1
  ) -> TaskRecord {
    var record = task(job, at: at, runs: 0)
    (record.runTime, record.instances) = (runs, instances)
    record.request = Resources(cpu: cpu)
    return record
  }

  private func machine(_ cpu: Cores) throws -> ClusterLayout {
    try ClusterLayout(machines: [MachineDescription(number: 0, capacity: Resources(cpu: cpu))])
  }

  @Test(arguments: [SimulationOptions.Mode.central, .dispatch])
  func aMachineShrinksToNothingUnderItsTasks(_ mode: SimulationOptions.Mode) throws {
    for cpu in [Cores(nano: 0), Cores(nano: 1), Cores(nano: 3200)] {
      let full = Resources(cpu: Cores(16))
      let layout = try ClusterLayout([
        MachineEvent(time: .zero, machine: 1, kind: .add, capacity: full),
        MachineEvent(
          time: Microseconds(2_000_000), machine: 1, kind: .update,
          capacity: Resources(cpu: cpu, memory: Bytes(1))),
      ])
      let (report, _) = try run(
        [record(1, at: 1, runs: Microseconds(10_000_000), Cores(16))], on: layout, FirstFit()
      ) { $0.mode = mode }
      #expect(report.audit?.passed == true)
      #expect(report.total.outcomes.reduce(0, +) == 1)
    }
  }

  /// What waits at a machine asks for more nanocores than 64 bits hold.
  @Test func queuedRequestsAddUp() throws {
    for policy in ["round-robin", "least-loaded", "min-min", "power-of-2"] {
      guard let policy = PolicyCatalog.make(policy) else { continue }
      let (report, results) = try run(
        [record(1, runs: Microseconds(1000), largest, instances: 2000)],
        on: try machine(largest), policy
      ) {
        $0.mode = .dispatch
        // A batch policy looks at so many at a time.
        $0.depth = 5000
      }
      #expect(report.audit?.passed == true)
      #expect(results.count { $0.outcome == .finished } == 2000)
    }
  }

  /// A clock that would pass the end of 64 bits leaves its tasks unfinished.
  @Test func timeEnds() throws {
    let century = Microseconds(Ranges.time.upperBound)
    let tasks = (0..<1100).map { record(Int64($0), runs: century, Cores(1)) }
    for backfilling in SimulationOptions.Backfilling.allCases {
      let (report, results) = try run(tasks, on: try machine(Cores(1)), FirstFit()) {
        $0.backfilling = backfilling
        $0.estimates = .exact
      }
      #expect(results.count == 1100)
      #expect(results.contains { $0.outcome == .unfinished })
      #expect(report.audit?.checks.first?.holds == true)
    }
  }

  @Test func noMoreTasksInFlightThanAllowed() throws {
    let many = (0..<3).map { record($0, runs: Microseconds(1_000_000), Cores(1), instances: 400) }
    let error = #expect(throws: SimulationError.self) {
      _ = try run(many, on: try machine(Cores(1)), FirstFit()) { $0.maximumInFlight = 1000 }
    }
    #expect("\(error, default: "")".contains("--max-in-flight"))
    _ = try run(many, on: try machine(Cores(1)), FirstFit()) { $0.maximumInFlight = 1200 }
  }

  /// A rigid job of more processors than there may be tasks.
  @Test func noLargerGangThanAllowed() throws {
    var job = record(1, runs: Microseconds(1_000_000), Cores(2000))
    job.flags.insert(.spansMachines)
    let layout = try machines(200, cores: 10)
    for backfilling in SimulationOptions.Backfilling.allCases {
      #expect(throws: SimulationError.self) {
        _ = try run([job], on: layout, FirstFit()) {
          ($0.maximumInFlight, $0.backfilling) = (1000, backfilling)
        }
      }
      let (_, results) = try run([job], on: layout, FirstFit()) { $0.backfilling = backfilling }
      #expect(results.map(\.outcome) == [.finished])
    }
  }

  /// Machines fail every second: an hour's task never ends, and an empty century is as long.
  @Test func failuresEndTheRun() throws {
    let layout = try machines(4, cores: 1)
    let hour = Microseconds(3_600_000_000)
    let century = Microseconds(Ranges.time.upperBound)
    var late = record(2, runs: hour, Cores(1))
    late.submit = century
    for tasks in [[record(1, runs: hour, Cores(1))], [record(1, runs: .zero, Cores(1)), late]] {
      let error = #expect(throws: SimulationError.self) {
        _ = try run(tasks, on: layout, FirstFit()) {
          $0.failures = .init(
            shape: 0.7, scale: Microseconds(1_000_000), meanRepair: Microseconds(1_000_000))
          $0.maximumFailures = 5000
        }
      }
      #expect("\(error, default: "")".contains("failed more than"))
    }
  }

  @Test func capacitiesSpeedsAndTimesHaveRanges() throws {
    func make(_ change: (inout MachineDescription) -> Void) throws {
      var machine = MachineDescription(number: 7, capacity: Resources(cpu: Cores(1)))
      change(&machine)
      _ = try ClusterLayout(machines: [machine])
    }
    try make { $0.capacity.cpu = largest }
    #expect(throws: ClusterError.self) { try make { $0.capacity.cpu = Cores(nano: 1 << 54) } }
    #expect(throws: ClusterError.self) { try make { $0.capacity.memory = Bytes(-1) } }
    #expect(throws: ClusterError.self) { try make { $0.capacity.milliGPU = 2_000_000_000 } }
    for speed in [0, -1, 1e-300, 1e300, .nan, .infinity] {
      #expect(throws: ClusterError.self) { try make { $0.speed = speed } }
    }
    let full = MachineDescription(number: 0, capacity: Resources(cpu: largest))
    #expect(throws: ClusterError.self) {
      _ = try ClusterLayout(machines: Array(repeating: full, count: 200))
    }
    #expect(throws: ClusterError.self) {
      _ = try ClusterLayout([
        MachineEvent(time: Microseconds(1 << 53), machine: 1, kind: .add, capacity: .zero)
      ])
    }
  }
}

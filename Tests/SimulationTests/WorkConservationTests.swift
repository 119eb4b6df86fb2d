import Simulation
import Testing
import Workload

/// What the engine's audit sees: nobody waits beside room that his mode lets him have, and nobody is left
/// waiting when nothing is left to happen.
@Suite struct WorkConservationTests {
  /// How well users know their run times.
  enum Knowledge: CaseIterable { case exact, over, both, tiny, some, none }

  /// What a run is beside order and backfilling.
  enum Kind: CaseIterable {
    case plain, gangs, shallow, steps, stale, staleGangs, sleepers, failures, gateways, preemption,
      machinesThatCome, pool
  }

  private static func records(
    _ count: Int, _ seed: UInt64, _ knowledge: Knowledge, _ kind: Kind
  ) -> [TaskRecord] {
    var rng = RandomStream(seed: seed, name: "estimates")
    return randomRecords(count, seed: seed).map { record in
      var record = record
      record.request.cpu = min(record.request.cpu, Cores(8.0))
      if kind == .pool {
        record.request = Resources(cpu: Cores(Double(1 + rng.below(12))))
        record.flags.insert(.spansMachines)
      } else if rng.below(5) == 0 {
        record.instances = Int32(1 + rng.below(4))
      }
      let factor: Double? =
        switch knowledge {
        case .exact: 1
        case .over: 1 + 3 * rng.uniform()
        case .both: 0.3 + 2 * rng.uniform()
        case .tiny: rng.below(3) == 0 ? 0 : 0.001
        case .some: rng.below(2) == 0 ? 1.5 : nil
        case .none: nil
        }
      if let factor { record.estimate = record.runTime.scaled(by: factor) }
      return record
    }
  }

  /// Machines that are up at the end, whatever came before.
  private static func layout(_ seed: UInt64, _ kind: Kind) throws -> ClusterLayout {
    var rng = RandomStream(seed: seed, name: "machines that come")
    let machines = (0..<4).map { index in
      MachineDescription(
        number: Int64(index),
        capacity: Resources(cpu: Cores(8.0), memory: Bytes(gibibytes: 32)),
        speed: kind == .pool ? 1 : [1, 1, 0.5, 2][seed % 2 == 0 ? 0 : index],
        power: kind == .sleepers
          ? PowerModel(
            sleepAfter: Microseconds(seconds: 4), wakeDelay: Microseconds(seconds: 3)) : .none)
    }
    guard kind == .machinesThatCome else { return try ClusterLayout(machines: machines) }
    var events: [AvailabilityEvent] = []
    for machine in 0..<3 {
      let start = Double(10 + rng.below(100))
      for (time, kind) in [
        (start, MachineEvent.Kind.remove), (start + Double(1 + rng.below(60)), .add),
      ] {
        events.append(
          AvailabilityEvent(
            time: Microseconds(seconds: time), machine: machine, kind: kind,
            capacity: machines[machine].capacity))
      }
    }
    return try ClusterLayout(machines: machines, events: events)
  }

  private static func configure(_ options: inout SimulationOptions, _ seed: UInt64, _ kind: Kind) {
    options.gangs = seed % 2 == 0
    switch kind {
    case .plain, .sleepers, .machinesThatCome, .pool: break
    case .gangs: options.gangs = true
    case .shallow: options.depth = 7
    case .steps: options.step = Microseconds(seconds: 2)
    case .stale: options.heartbeat = Microseconds(seconds: 5)
    case .staleGangs:
      options.heartbeat = Microseconds(seconds: 5)
      options.gangs = true
    case .failures:
      options.failures = .init(
        shape: 0.7, scale: Microseconds(seconds: 600), meanRepair: Microseconds(seconds: 20))
    case .gateways:
      options.gateways = true
      options.network = NetworkModel(constant: Microseconds(seconds: 1.5))
    case .preemption: options.preemption = .production
    }
  }

  /// Every kind of run in every order and with every kind of backfilling.
  static func conserve(_ count: Int, seed: UInt64, _ kind: Kind) throws {
    let layout = try layout(seed, kind)
    let policies: [any PlacementPolicy] = [FirstFit(), BestFit(), RandomPlacement()]
    for (place, knowledge) in Knowledge.allCases.enumerated() {
      let records = records(count, seed, knowledge, kind)
      for backfilling in SimulationOptions.Backfilling.allCases {
        for order in SimulationOptions.Order.allCases {
          try conserve(records, layout, policies[(Int(seed) + place) % 3], seed, kind) {
            $0.backfilling = backfilling
            $0.order = order
          }
        }
      }
      for policy in [MinMin(), HEFT(), Sufferage(), FirstFit()] as [any PlacementPolicy] {
        for mode in [SimulationOptions.Mode.central, .dispatch] {
          try conserve(records, layout, policy, seed, kind) { $0.mode = mode }
        }
      }
    }
  }

  private static func conserve(
    _ records: [TaskRecord], _ layout: ClusterLayout, _ policy: any PlacementPolicy, _ seed: UInt64,
    _ kind: Kind, _ configure: (inout SimulationOptions) -> Void
  ) throws {
    var options = SimulationOptions()
    let (report, results) = try run(records, on: layout, policy, seed: seed) {
      Self.configure(&$0, seed, kind)
      configure(&$0)
      options = $0
    }
    let failed = try #require(report.audit).checks.filter { !$0.holds }
    let what =
      "\(policy.name), \(options.mode), \(options.backfilling), \(options.order), seed \(seed)"
    #expect(failed.isEmpty, "\(what): \(failed.map { "\($0.name): \($0.left)" })")
    #expect(!results.contains { $0.outcome == .unfinished }, "\(what)")
  }

  @Test(arguments: Kind.allCases, [0, 1])
  func everyModeConservesWork(_ kind: Kind, _ seed: UInt64) throws {
    try Self.conserve(45, seed: seed, kind)
  }

  /// Says wait when it is asked for the first time, and is not asked again.
  private struct Reluctant: PlacementPolicy {
    let name = "reluctant"
    mutating func place(
      _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
    ) -> Placement { .wait }
  }

  @Test func theAuditSeesWhoIsLost() throws {
    let (report, results) = try run(
      [task(0, at: 0, runs: 1), task(1, at: 1, runs: 1)], on: try machines([(4, 0)]), Reluctant())
    #expect(results.map(\.outcome) == [.unfinished, .unfinished])
    let audit = try #require(report.audit)
    #expect(!audit.passed)
    let lost = audit.checks.filter { !$0.holds }
    #expect(lost.map(\.name) == ["tasks still waiting when nothing is left to happen"])
    #expect(lost.map(\.left) == [2])
  }

  @Test func whoEndsWithTheRunIsNotLost() throws {
    let (report, _) = try run(
      [task(0, at: 0, runs: 100, cores: 4), task(1, at: 1, runs: 1)], on: try machines([(4, 0)]),
      FirstFit()
    ) { $0.until = Microseconds(seconds: 50) }
    #expect(report.audit?.passed == true)
  }

  @Test func aPromiseBetweenTwoEventsIsKept() throws {
    // 4 processors. 1 (2, 11 s by its estimate, really 3) and 2 (4, for 2 s) come at 1; 3 (2, for 2 s) and
    // 4 (2, for 1 s) at 3: the four of cases/simulation/01 by other numbers.
    func job(_ id: Int64, _ at: Double, _ runs: Double, _ size: Double, _ estimate: Double)
      -> TaskRecord
    {
      var record = task(id, at: at, runs: runs, cores: size)
      record.flags = .spansMachines
      record.estimate = Microseconds(seconds: estimate)
      return record
    }
    for layout in [try machines([(4, 0)]), try machines(4, cores: 1), try machines(2, cores: 2)] {
      let (report, results) = try run(
        [job(1, 1, 3, 2, 11), job(4, 1, 2, 4, 2), job(2, 3, 2, 2, 2), job(6, 3, 1, 2, 1)],
        on: layout, FirstFit()
      ) { $0.backfilling = .conservative }
      #expect(results.allSatisfy { $0.outcome == .finished })
      #expect(report.audit?.passed == true)
      // 4 waits for all four processors: 1 ends at 4, 2 at 5 and 6 by then.
      #expect(results.first { $0.id.job == 4 }!.start.seconds <= 6)
    }
  }
}

/// The same at length.
@Suite(.enabled(if: isSlowWanted, "heavy: set TRACEMILL_SLOW=1"))
struct SlowWorkConservationTests {
  @Test(arguments: WorkConservationTests.Kind.allCases, 2..<8)
  func everyModeConservesWork(_ kind: WorkConservationTests.Kind, _ seed: Int) throws {
    try WorkConservationTests.conserve(150, seed: UInt64(seed), kind)
  }
}

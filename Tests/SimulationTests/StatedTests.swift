import Simulation
import Testing
import Workload

/// What a run says of itself: waits for waking, what is not modelled, what a rule had to go by; and that
/// it does not hang on where trace time begins or on the last bit of a fraction.
@Suite struct StatedTests {
  private func sleepers(_ count: Int) throws -> ClusterLayout {
    var spec = ClusterSpec(groups: [MachineGroup(count: count, cores: 1...1, memoryGiB: 1...1)])
    spec.groups[0].idleWatts = ValueRange(100)
    spec.groups[0].dynamicWatts = ValueRange(100)
    spec.groups[0].sleepAfterSeconds = 10
    spec.groups[0].sleepWatts = ValueRange(0)
    spec.groups[0].wakeSeconds = 2
    return try ClusterLayout(spec, seed: 1)
  }

  @Test(arguments: [0.0, 7, 100, 86_400.5])
  func runsDoNotHangOnWhereTimeBegins(_ shift: Double) throws {
    let layout = try sleepers(2)
    let (report, results) = try run(
      [task(1, at: shift, runs: 60), task(2, at: shift + 30, runs: 60)], on: layout, FirstFit())
    // Both machines are awake when the first comes; the second finds the other asleep.
    #expect(results.map(\.wait.seconds) == [0, 2])
    #expect(results.map(\.completion.seconds) == [60, 62])
    // Each is claimed for 60 and 62 s at 200 W, and empty and awake for 10 s at 100 W.
    let joules: Double = (60 + 62) * 200 + (10 + 10) * 100
    #expect(abs(report.energy.total.value - joules) < 1e-6)
    #expect(report.audit?.passed == true)
  }

  @Test func aWaitForWakingIsWait() throws {
    let (report, results) = try run(
      [task(1, at: 0, runs: 5), task(2, at: 60, runs: 5)], on: try sleepers(1), FirstFit())
    #expect(results.map(\.wait.seconds) == [0, 2])
    #expect(results.map(\.waking.seconds) == [0, 2])
    #expect(results[1].submit + results[1].wait + results[1].runTime == results[1].finish)
    #expect(report.total.wait.maximum == 2_000_000)
    #expect(report.audit?.passed == true)
  }

  @Test func equalFractionsAreTies() throws {
    // Claimed shares with the task, over CPU and memory: 1/10 + 2/10 and 1/4 + 1/20 are both 0.3, and
    // 0.1 + 0.2 > 0.3 in binary.
    let layout = try machines([(10, 10), (4, 40)])
    let (_, results) = try run(
      [task(0, at: 0, runs: 1, cores: 1, memory: 2)], on: layout, LeastAllocated())
    #expect(results[0].machine == 0)
    // |0.7 - 0.6| and |0.4 - 0.3| are a tenth, and differ in their last bits.
    let other = try run(
      [task(0, at: 0, runs: 1, cores: 7, memory: 6)], on: try machines([(17.5, 20), (10, 10)]),
      BalancedAllocation())
    #expect(other.results[0].machine == 0)
  }

  @Test(arguments: 0..<40)
  func placementsAreThoseOfExactFractions(_ seed: Int) throws {
    var rng = RandomStream(seed: UInt64(seed), name: "fractions")
    let sizes = (0..<5).map { _ in ([4, 8, 10, 16][rng.below(4)], [16, 32, 100][rng.below(3)]) }
    let tasks = (0..<14).map { _ in (1 + rng.below(3), 1 + rng.below(12)) }
    let records = tasks.enumerated().map { index, size in
      task(
        Int64(index), at: Double(index), runs: 1e6, cores: Double(size.0), memory: Double(size.1))
    }
    let layout = try machines(sizes.map { (Double($0.0), Double($0.1)) })
    for policy in [LeastAllocated(), MostAllocated(), BalancedAllocation()]
      as [any PlacementPolicy]
    {
      let (_, results) = try run(records, on: layout, policy) {
        $0.backfilling = .greedy
        $0.until = Microseconds(seconds: 100)
      }
      // In whole numbers: shares over the product of all capacities.
      var used = sizes.map { _ in (0, 0) }
      for (index, size) in tasks.enumerated() {
        var best: (cost: Int, machine: Int)?
        for (machine, whole) in sizes.enumerated() {
          let (cpu, memory) = (used[machine].0 + size.0, used[machine].1 + size.1)
          guard cpu <= whole.0, memory <= whole.1 else { continue }
          let unit = 4 * 8 * 10 * 16 * 32 * 100
          let (a, b) = (cpu * unit / whole.0, memory * unit / whole.1)
          let cost =
            switch policy.name {
            case "least-allocated": a + b
            case "most-allocated": -(a + b)
            default: abs(a - b)
            }
          if best.map({ cost < $0.cost }) ?? true { best = (cost, machine) }
        }
        let result = results.first { $0.id.job == Int64(index) }!
        #expect(result.machine == Int64(best?.machine ?? -1), "\(policy.name), task \(index)")
        if let best {
          used[best.machine].0 += size.0
          used[best.machine].1 += size.1
        }
      }
    }
  }

  @Test func whatIsNotSaidOfAnyMachineIsNotModelled() throws {
    var spec = ClusterSpec(groups: [MachineGroup(count: 1, cores: 4...4, memoryGiB: 8...8)])
    var asks = task(1, at: 0, runs: 1, memory: 2)
    asks.request.milliGPU = 1000
    asks.request.disk = Bytes(gibibytes: 5)
    var (report, results) = try run([asks], on: try ClusterLayout(spec, seed: 1), FirstFit())
    #expect(results.map(\.outcome) == [.finished])
    #expect(report.remarks.notModelled == ["disk": 1, "gpu": 1])
    let said = report.notes(SimulationOptions())
    #expect(
      said.contains { $0.kind == .notModelled && $0.scope == "gpu" && $0.figures == ["tasks": 1] })
    #expect(report.allUnplaceable == nil)
    // What is said to be none is none.
    spec.groups[0].gpus = ValueRange(0)
    (report, results) = try run([asks], on: try ClusterLayout(spec, seed: 1), FirstFit())
    #expect(results.map(\.outcome) == [.unplaceable])
    #expect(report.allUnplaceable?.contains("(gpus)") == true)
    // Nor is memory, if no group says any.
    spec.groups[0].memoryGiB = nil
    spec.groups[0].gpus = ValueRange(1)
    (report, results) = try run([asks], on: try ClusterLayout(spec, seed: 1), FirstFit())
    #expect(results.map(\.outcome) == [.finished])
    #expect(report.remarks.notModelled == ["memory": 1, "disk": 1])
  }

  @Test func aRuleWithNothingToGoBySaysSo() throws {
    let plain = [task(1, at: 0, runs: 1), task(2, at: 0, runs: 1)]
    var known = plain
    known[0].estimate = Microseconds(seconds: 1)
    func said(
      _ records: [TaskRecord], _ policy: any PlacementPolicy = FirstFit(),
      _ set: (inout SimulationOptions) -> Void
    ) throws -> (remarks: [Note], failure: String?) {
      var options = SimulationOptions()
      set(&options)
      let report = try run(records, on: try machines([(4, 0)]), policy, set).report
      return (report.notes(options), report.remarks.failure(options))
    }
    #expect(try said(plain) { _ in }.remarks.isEmpty)
    #expect(
      try said(plain) { $0.backfilling = .easy }.remarks.texts
        == ["0 of 2 tasks have estimates: EASY is greedy here"])
    #expect(
      try said(known) { $0.backfilling = .easy }.remarks.texts
        == ["1 of 2 tasks have estimates: EASY takes the others to run for ever"])
    #expect(
      try said(plain) {
        $0.backfilling = .easy
        $0.estimates = .exact
      }.remarks.isEmpty)
    #expect(try said(plain) { $0.order = .sjf }.failure?.contains("0 of 2 tasks") == true)
    #expect(try said(known) { $0.order = .sjf }.failure == nil)
    #expect(try said(known) { $0.order = .sjf }.remarks.count == 1)
    #expect(try said(plain) { $0.order = .earliestDeadline }.failure != nil)
    #expect(try said(plain, MinMin()) { _ in }.remarks.first?.scope == "min-min")
    var idle = plain
    idle[0].request.cpu = .zero
    #expect(try said(idle) { _ in }.remarks.first?.kind == .withoutRequest)
    var several = plain
    several[1].instances = 3
    #expect(try said(several) { _ in }.remarks.first?.scope == "instances")
    #expect(try said(several) { $0.gangs = true }.remarks.isEmpty)
  }

  private func report(
    _ records: [TaskRecord], _ policy: any PlacementPolicy = FirstFit(),
    _ configure: (inout SimulationOptions) -> Void
  ) throws -> (notes: [String], failure: String?) {
    var options = SimulationOptions()
    configure(&options)
    let report = try run(records, on: try machines([(1, 0)]), policy) { configure(&$0) }.report
    return (report.notes(options).map(\.text), report.remarks.failure(options))
  }

  /// A rule of the queue that finds nothing of what it goes by says so, and what it then does.
  @Test func everyOrderSaysWhatItLacks() throws {
    var records = (0..<4).map { task($0, at: Double($0), runs: 10) }
    let lacking: [(SimulationOptions.Order, String, String)] = [
      (
        .priority, "0 of 4 tasks have priorities",
        "the highest priority first is first come, first served"
      ),
      (.fairShare, "0 of 4 tasks have users", "fair sharing is first come, first served"),
      (.dominantResource, "0 of 4 tasks have users", "dominant resource fairness is first come"),
    ]
    for (order, count, what) in lacking {
      let (notes, failure) = try report(records) { $0.order = order }
      #expect(failure == nil)
      #expect(notes.count == 1 && notes[0].hasPrefix(count) && notes[0].contains(what), "\(notes)")
    }
    #expect(try report(records) { $0.order = .fifo }.notes == [])
    records[1].priority = 3
    records[1].user = UserID(7)
    #expect(
      try report(records) { $0.order = .priority }.notes
        == [
          "1 of 4 tasks have priorities: the highest priority first takes the others last, as they come"
        ])
    for place in records.indices {
      records[place].priorityClass = .batch
      records[place].user = UserID(7)
    }
    for (order, _, _) in lacking { #expect(try report(records) { $0.order = order }.notes == []) }
  }

  @Test func minimumEnergyNeedsWatts() throws {
    let records = [task(0, at: 0, runs: 5), task(1, at: 1, runs: 5)]
    let (notes, _) = try report(records, MinimumEnergy()) { _ in }
    #expect(
      notes.count == 1 && notes[0].contains("no machine draws power (idleWatts, dynamicWatts)"))
    let metered = try run(records, on: try sleepers(2), MinimumEnergy()).report
    #expect(metered.notes(SimulationOptions()) == [])
  }

  /// Predictions are known to whom they are for. One user's tasks, one after the other: all but the first two are
  /// predicted when they end, from those that ended before.
  @Test func predictionsCountWhereTheyAreUsed() throws {
    var records = (0..<6).map { task($0, at: Double($0) * 20, runs: 10) }
    for place in records.indices { records[place].user = UserID(1) }
    func said(_ use: SimulationOptions.PredictionUse, _ order: SimulationOptions.Order) throws -> (
      notes: [String], failure: String?
    ) {
      try report(records) {
        ($0.prediction, $0.predictionUse, $0.order) = (.named("last-two"), use, order)
        $0.backfilling = .easy
      }
    }
    let predicted = "0 of 6 tasks have estimates and 5 of the others a prediction (last-two): "
    #expect(
      try said(.backfilling, .fifo).notes == [predicted + "EASY takes the others to run for ever"])
    #expect(
      try said(.order, .fifo).notes == ["0 of 6 tasks have estimates: EASY is greedy here"])
    let ordered = try said(.order, .sjf)
    #expect(ordered.failure == nil)
    #expect(
      ordered.notes.first == predicted + "shortest job first takes the others last, as they come")
    #expect(
      try said(.backfilling, .sjf).failure?.hasPrefix("0 of 6 tasks have estimates, by") == true)
    // What has an estimate is not counted twice.
    records[4].estimate = Microseconds(seconds: 60)
    #expect(
      try said(.both, .sjf).notes.first?.hasPrefix(
        "1 of 6 tasks have estimates and 4 of the others a prediction (last-two): ") == true)
  }
}

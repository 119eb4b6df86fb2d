import Simulation
import Testing
import Workload

/// A session that is driven from outside and ``Simulator/run(_:results:)`` are one engine.
@Suite struct SessionTests {
  /// Engines of every kind: modes, backfilling, orders, stale views, gateways, steps, refusal.
  static let engines: [(name: String, configure: @Sendable (inout SimulationOptions) -> Void)] = {
    var engines: [(String, @Sendable (inout SimulationOptions) -> Void)] = []
    for backfilling in SimulationOptions.Backfilling.allCases {
      engines.append(("central, \(backfilling)", { $0.backfilling = backfilling }))
      engines.append(
        (
          "central, gangs, \(backfilling)",
          {
            $0.backfilling = backfilling
            $0.gangs = true
          }
        ))
      engines.append(
        (
          "stale, \(backfilling)",
          {
            $0.backfilling = backfilling
            $0.gangs = true
            $0.heartbeat = Microseconds(seconds: 7)
          }
        ))
      engines.append(
        (
          "gateways, \(backfilling)",
          {
            $0.backfilling = backfilling
            $0.mode = .dispatch
            $0.gateways = true
            $0.heartbeat = Microseconds(seconds: 5)
            $0.network = NetworkModel(constant: Microseconds(seconds: 0.05))
          }
        ))
      engines.append(
        (
          "gateways, central, gangs, \(backfilling)",
          {
            $0.backfilling = backfilling
            $0.gateways = true
            $0.gangs = true
            $0.heartbeat = Microseconds(seconds: 5)
          }
        ))
    }
    for order in SimulationOptions.Order.allCases {
      engines.append(
        (
          "\(order), preemption, failures",
          {
            $0.order = order
            $0.backfilling = .easy
            $0.preemption = .production
            $0.failures = .init(
              shape: 0.7, scale: Microseconds(seconds: 900), meanRepair: Microseconds(seconds: 60))
            $0.retries = 2
          }
        ))
    }
    engines.append(("dispatch", { $0.mode = .dispatch }))
    engines.append(
      (
        "step, refusal",
        {
          $0.step = Microseconds(seconds: 5)
          $0.refusesAtOnce = true
        }
      ))
    engines.append(
      (
        "step, gangs",
        {
          $0.step = Microseconds(seconds: 5)
          $0.gangs = true
        }
      ))
    engines.append(("until", { $0.until = Microseconds(seconds: 200) }))
    return engines
  }()

  static let policies = ["random", "best-fit", "heft"]

  static func records(seed: UInt64) -> [TaskRecord] {
    var rng = RandomStream(seed: seed, name: "session test")
    return randomRecords(80, seed: seed).map { record in
      var record = record
      if rng.below(4) == 0 { record.instances = Int32(1 + rng.below(4)) }
      if rng.below(8) > 0 {
        record.estimate = record.runTime.scaled(by: [0.5, 1, 2, 4][rng.below(4)])
      }
      if rng.below(6) == 0 { record.flags.insert(.differentMachines) }
      return record
    }
  }

  static func layout() throws -> ClusterLayout {
    try machines([(4, 8), (6, 16), (3, 8), (8, 12), (5, 6)])
  }

  static func simulator(
    _ policy: any PlacementPolicy, _ configure: (inout SimulationOptions) -> Void
  ) throws -> Simulator {
    var options = SimulationOptions()
    options.audit = true
    configure(&options)
    return Simulator(cluster: try layout(), policy: policy, options: options, seed: 5)
  }

  @Test(arguments: engines.indices)
  func aSessionIsARun(_ engine: Int) throws {
    let (name, configure) = Self.engines[engine]
    for policy in Self.policies {
      let simulator = try Self.simulator(try #require(PolicyCatalog.make(policy)), configure)
      let records = Self.records(seed: UInt64(engine))
      var expected = CollectedResults()
      let report = try simulator.run(TaskTable(records).source(), results: &expected)

      var results = CollectedResults()
      var session = try SimulationSession(simulator, TaskTable(records).source())
      // Conservative backfilling in a stale view starts tasks as promised, and asks nobody.
      var decisions = 0
      while let decision = try session.advance(results: &results) {
        decisions += 1
        #expect(session.decision == decision)
        let suggestion = session.suggestion()
        let answer = try #require(suggestion)
        switch (decision, answer) {
        case (.place, .placement), (.choose, .task), (.choose, .nothing): break
        default: Issue.record("\(name), \(policy): \(decision) is answered by \(answer)")
        }
        try session.decide(answer)
      }
      let own = try session.finish(results: &results)
      #expect(results.results == expected.results, "\(name), \(policy)")
      #expect(own.usage == report.usage && own.series == report.series, "\(name), \(policy)")
      #expect(own.total.outcomes == report.total.outcomes)
      #expect(own.decisions == report.decisions && own.decisions >= decisions)
      #expect(own.evictions == report.evictions && own.backfilled == report.backfilled)
      #expect(own.energy.total == report.energy.total && own.conflicts == report.conflicts)
    }
  }

  /// Whoever decides from outside needs nothing but what the session shows.
  @Test(arguments: engines.indices)
  func aPolicyOutsideDecidesAlike(_ engine: Int) throws {
    let (_, configure) = Self.engines[engine]
    for name in ["random", "least-loaded", "sufferage"] {
      var policy = try #require(PolicyCatalog.make(name))
      let inside = try Self.simulator(policy, configure)
      let records = Self.records(seed: UInt64(engine))
      var expected = CollectedResults()
      _ = try inside.run(TaskTable(records).source(), results: &expected)

      let outside = try Self.simulator(ExternalPolicy(name: "outside"), configure)
      var session = try SimulationSession(
        outside, TaskTable(records).source(), choosesTasks: policy is any BatchPlacementPolicy)
      var results = CollectedResults()
      var rng = RandomStream(seed: 5, name: "policy")
      policy.runBegan(on: session.cluster)
      while let decision = try session.advance(results: &results) {
        switch decision {
        case .place(let task):
          try session.decide(.placement(policy.place(task, on: session.cluster, using: &rng)))
        case .choose(let waiting):
          #expect(session.waiting.count == waiting)
          var batch = try #require(policy as? any BatchPlacementPolicy)
          let choice = batch.choose(from: session.waiting, on: session.cluster, using: &rng)
          policy = batch
          try session.decide(choice.map { .task($0.task, on: $0.machine) } ?? .nothing)
        }
      }
      _ = try session.finish(results: &results)
      #expect(results.results == expected.results, "\(Self.engines[engine].name), \(name)")
    }
  }

  @Test func aWrongAnswerLeavesTheDecisionOpen() throws {
    let records = [task(1, at: 0, runs: 10, cores: 2), task(2, at: 1, runs: 10, cores: 2)]
    let simulator = Simulator(
      cluster: try machines([(2, 0), (1, 0)]), policy: ExternalPolicy(name: "mine"), seed: 1)
    var session = try SimulationSession(simulator, TaskTable(records).source())
    #expect(throws: SimulationError.self) { try session.decide(.nothing) }
    guard case .place(let first) = try session.advance() else {
      Issue.record("no decision")
      return
    }
    #expect(first.id == TaskID(job: 1))
    for wrong: Decision.Answer in [
      .nothing, .task(0, on: 0), .placement(.machine(1)), .placement(.machine(-1)),
      .placement(.machine(2)),
    ] {
      #expect(throws: SimulationError.self) { try session.decide(wrong) }
      #expect(session.decision == .place(first))
    }
    try session.decide(.placement(.machine(0)))
    #expect(session.decision == nil && session.suggestion() == nil)
    #expect(session.cluster.runningCount(0) == 1)
    guard case .place(let second) = try session.advance() else {
      Issue.record("no second decision")
      return
    }
    #expect(second.id == TaskID(job: 2) && session.now == Microseconds(seconds: 1))
    #expect(session.pending().map(\.id) == [second.id] && session.pendingCount == 1)
    var results = CollectedResults()
    let report = try session.finish(results: &results)
    #expect(report.total[.unfinished] == 2)
    #expect(results.results.count == 2)
  }

  /// A run that is ended in the middle of a gang leaves nothing behind.
  @Test func aSessionEndsAnywhere() throws {
    var gang = task(1, at: 0, runs: 10, cores: 2)
    gang.instances = 3
    for heartbeat in [0.0, 5] {
      var options = SimulationOptions()
      options.gangs = true
      options.audit = true
      options.heartbeat = Microseconds(seconds: heartbeat)
      options.gateways = heartbeat > 0
      let simulator = Simulator(
        cluster: try machines([(4, 0), (4, 0)]), policy: ExternalPolicy(name: "mine"),
        options: options, seed: 1)
      for answers in 0..<3 {
        var session = try SimulationSession(simulator, TaskTable([gang]).source())
        for _ in 0..<answers {
          _ = try session.advance()
          try session.decide(.placement(.machine(0)))
          if answers == 2 { break }
        }
        _ = try session.advance()
        let report = try session.finish()
        #expect(report.total[.unfinished] == 1)
        #expect(try #require(report.audit).passed)
      }
    }
  }
}

import Testing
import Workload

@testable import Simulation

/// Jobs of stages that share executors.
@Suite struct StageTests {
  private typealias Run = StageSimulator.Run

  private static func run(
    _ graphs: [StageGraph], _ jobs: [StageJob], executors: Int, _ policy: any StagePolicy,
    options: StageOptions = StageOptions(), seed: UInt64 = 1
  ) -> (report: StageSimulator.Report, runs: [Run]) {
    var runs: [Run] = []
    let simulator = StageSimulator(graphs, executors: executors, options: options, seed: seed)
    return (simulator.run(jobs, by: policy) { runs.append($0) }, runs)
  }

  /// Two executors come after 2 s and warm up for 1 s: first tasks 2,000 to 4,000, the others to 4,500. The end of the
  /// stage frees both; one of them, new again after its wait, runs the second stage in 1.1 s.
  @Test func aChainByHand() throws {
    let graph = try StageGraph(
      name: "chain",
      stages: [Stages.stage(4, first: [1000], rest: [500]), Stages.stage(1, first: [100])],
      edges: [(0, 1)])
    let (report, runs) = Self.run(
      [graph], [StageJob(arrival: 0, graph: 0)], executors: 2, StagePolicies.fair)
    #expect(runs.map(\.start) == [2000, 2000, 4000, 4000, 4500])
    #expect(runs.map(\.end) == [4000, 4000, 4500, 4500, 5600])
    #expect(runs.map(\.wave) == [0, 0, 2, 2, 0])
    #expect(report.ends == [5600])
    #expect(report.use == Double(4000 + 1000 + 1100) / Double(2 * 5600))
    #expect(report.moves == 2)
  }

  /// Two stages without parents: an executor goes from one to the other at once, and begins there with a first task.
  @Test func fromStageToStage() throws {
    let graph = try StageGraph(
      name: "two",
      stages: [
        Stages.stage(2, first: [1000], rest: [500], fresh: [1300]),
        Stages.stage(1, first: [700], fresh: [9000]),
      ], edges: [])
    let (report, runs) = Self.run(
      [graph], [StageJob(arrival: 5000, graph: 0)], executors: 1, StagePolicies.fair)
    #expect(runs.map(\.start) == [7000, 8300, 8800])
    #expect(runs.map(\.wave) == [0, 2, 1])
    #expect(report.ends == [9500])
    #expect(report.meanCompletion == 4500)
  }

  /// Equal shares of two jobs that come together; shortest first gives all to one, and the other what is left over.
  @Test func sharesByHand() throws {
    let short = try StageGraph(name: "short", stages: [Stages.stage(4, first: [1000])], edges: [])
    let long = try StageGraph(name: "long", stages: [Stages.stage(40, first: [1000])], edges: [])
    let jobs = [StageJob(arrival: 0, graph: 1), StageJob(arrival: 0, graph: 0)]
    func first(_ policy: any StagePolicy) -> [Int] {
      let runs = Self.run([short, long], jobs, executors: 4, policy).runs
      return [0, 1].map { job in runs.count { $0.job == job && $0.start == 2000 } }
    }
    #expect(first(StagePolicies.fair) == [2, 2])
    #expect(first(FirstComeStages()) == [4, 0])
    #expect(first(ShortestStages()) == [0, 4])
    // √(4 / 1) executors for the short one, √(40 / 1) for the long one.
    #expect(first(ShortestStages(workPerSquare: 1)) == [2, 2])
    #expect(first(ShortestStages(workPerSquare: 4)) == [3, 1])
    #expect(first(YieldingStages(workPerSquare: 1)) == [2, 2])
    // Shares 4 · 40/44 and 4 · 4/44, rounded up, by arrival.
    #expect(first(FairStages(exponent: 1)) == [4, 0])
    #expect(first(FairStages(exponent: -1)) == [1, 3])
  }

  /// Who is above its limit gives the executors of a stage that ends to the other job.
  @Test func yieldingGivesAway() throws {
    let long = try StageGraph(
      name: "long", stages: (0..<2).map { _ in Stages.stage(4, first: [10_000]) }, edges: [(0, 1)])
    let short = try StageGraph(name: "short", stages: [Stages.stage(9, first: [1000])], edges: [])
    let jobs = [StageJob(arrival: 0, graph: 0), StageJob(arrival: 5000, graph: 1)]
    func moved(_ policy: any StagePolicy) -> Int {
      let runs = Self.run([long, short], jobs, executors: 4, policy).runs
      return runs.filter { $0.job == 1 }.map(\.start).min() ?? .max
    }
    // The tasks of the long job's first stage end at 13,000.
    #expect(moved(YieldingStages(workPerSquare: 4)) == 15_000)
    #expect(moved(StagePolicies.fair) > 15_000)
  }

  /// Each task runs once, on one executor at a time, after its parents, at its job's executors; moving is paid; times
  /// are what the tables say; the same seed gives the same bytes.
  @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
  func rulesHold(seed: UInt64) throws {
    let graphs = try Stages.graphs(seed)
    let jobs = Stages.jobs(seed, count: 25, of: graphs.count)
    var options = StageOptions()
    options.movingDelay = seed.isMultiple(of: 3) ? 0 : 700
    options.drawsFartherPoint = seed.isMultiple(of: 2)
    if seed > 3 { options.points = [2, 4, 8] }
    for policy in Stages.policies {
      let executors = 1 + Int(seed) * 2
      let (report, runs) = Self.run(
        graphs, jobs, executors: executors, policy, options: options, seed: seed)
      let again = Self.run(
        graphs, jobs, executors: executors, policy, options: options, seed: seed)
      #expect(report == again.report && runs == again.runs)
      check(runs, report, graphs, jobs, executors: executors, options, "\(policy.name) \(seed)")
    }
  }

  private func check(
    _ runs: [Run], _ report: StageSimulator.Report, _ graphs: [StageGraph], _ jobs: [StageJob],
    executors: Int, _ options: StageOptions, _ name: String
  ) {
    for (number, job) in jobs.enumerated() {
      let graph = graphs[job.graph]
      let own = runs.filter { $0.job == number }
      for (stage, kind) in graph.stages.enumerated() {
        #expect(own.count { $0.stage == stage } == kind.tasks, "\(name)")
      }
      for (parent, child) in graph.edges {
        let end = own.filter { $0.stage == parent }.map(\.end).max() ?? .max
        let start = own.filter { $0.stage == child }.map(\.start).min() ?? .min
        #expect(start >= end, "\(name): a task before its parents")
      }
      #expect(report.ends[number] == own.map(\.end).max(), "\(name)")
      let start = own.map(\.start).min() ?? .min
      #expect(start >= job.arrival + options.movingDelay, "\(name)")
    }
    for executor in 0..<executors {
      let own = runs.filter { $0.executor == executor }
      for (a, b) in zip(own, own.dropFirst()) {
        #expect(b.start >= a.end, "\(name): two tasks at once")
        if a.job != b.job { #expect(b.start >= a.end + options.movingDelay, "\(name)") }
        if b.wave == 2 { #expect(b.start == a.end && a.stage == b.stage, "\(name)") }
        if b.wave == 1 { #expect(a.job == b.job && a.stage != b.stage, "\(name)") }
      }
    }
    let busy = runs.reduce(0) { $0 + $1.end - $1.start }
    let last = report.ends.max() ?? 0
    #expect(report.use == Double(busy) / (Double(last) * Double(executors)), "\(name)")
    #expect(report.tasks == runs.count && runs.allSatisfy { $0.executors >= 1 }, "\(name)")
  }

  /// What a simulation written for plainness comes to, task by task.
  @Test(arguments: Array(1...40) as [UInt64])
  func isTheNaiveSimulation(seed: UInt64) throws {
    let graphs = try Stages.graphs(seed + 100)
    let jobs = Stages.jobs(seed + 100, count: 12, of: graphs.count, mean: 3000)
    var options = StageOptions()
    options.movingDelay = Int(seed % 4) * 500
    options.drawsFartherPoint = seed.isMultiple(of: 2)
    let executors = 1 + Int(seed % 9)
    for policy in [StagePolicies.fair, YieldingStages(workPerSquare: 1), AnyStages(seed: seed)] {
      let simulator = StageSimulator(graphs, executors: executors, options: options, seed: seed)
      var runs: [Run] = []
      let report = simulator.run(jobs, by: policy) { runs.append($0) }
      let naive = NaiveStages(simulator, jobs)
      naive.run(policy)
      #expect(runs == naive.runs, "\(policy.name)")
      #expect(report.ends == naive.jobs.map(\.end))
    }
  }

  /// A policy that leaves all waiting is not left alone: the simulator places them and says so.
  @Test func waitingForEverEnds() throws {
    struct Never: StagePolicy {
      let name = "never"
      mutating func choose(_ scene: borrowing StageScene) -> StageChoice? { nil }
    }
    let graphs = try Stages.graphs(7)
    let jobs = Stages.jobs(7, count: 9, of: graphs.count)
    let (report, _) = Self.run(graphs, jobs, executors: 3, Never())
    #expect(report.forced > 0)
    #expect(report.ends.allSatisfy { $0 > 0 })
  }
}

/// Graphs and their tables.
@Suite struct StageTableTests {
  private static func error(
    _ stages: [StageGraph.Stage], _ edges: [(parent: Int, child: Int)] = []
  ) -> StageGraphError? {
    do throws(StageGraphError) {
      _ = try StageGraph(name: "g", stages: stages, edges: edges)
      return nil
    } catch {
      return error
    }
  }

  @Test func wrongGraphsAreRefused() throws {
    let good = Stages.stage(2, first: [10])
    #expect(Self.error([good]) == nil)
    let cases: [(StageGraphError?, String, StageGraphError.Place)] = [
      (Self.error([]), "no stages", .graph),
      (Self.error([good, good, good], [(0, 1), (1, 2), (2, 1)]), "circle", .graph),
      (Self.error([good], [(0, 0)]), "waits for itself", .edge(0)),
      (Self.error([good, good], [(0, 1), (0, 1)]), "twice", .edge(1)),
      (Self.error([good, good], [(0, 1), (0, 2)]), "no stage 2", .edge(1)),
      (Self.error([good, good], [(-1, 1)]), "no stage -1", .edge(0)),
      (Self.error([good, Stages.stage(0, first: [10])]), "0 tasks", .stage(1)),
      (Self.error([Stages.stage(.max, first: [10])]), "tasks", .stage(0)),
      (Self.error([Stages.stage(1, first: [])]), "no first task time", .stage(0)),
      (Self.error([Stages.stage(1, first: [-5])]), "-5 ms", .stage(0)),
      (Self.error([Stages.stage(1, first: [1], rest: [.max])]), "ms", .stage(0)),
      (Self.error([.init(tasks: 1, points: [])]), "no task times", .stage(0)),
      (
        Self.error([.init(tasks: 1, points: [.init(executors: 0, first: [1])])]), "0 executors",
        .stage(0)
      ),
      (
        Self.error([
          .init(
            tasks: 1, points: [.init(executors: 2, first: [1]), .init(executors: 2, first: [1])])
        ]), "twice", .stage(0)
      ),
    ]
    for (error, words, place) in cases {
      let error = try #require(error, "\(words)")
      #expect(error.message.contains(words) && error.place == place, "\(error)")
    }
  }

  /// Between points the nearer is drawn more often, or the farther; beyond the last, and where a stage lacks a point, the
  /// next smaller.
  @Test func pointsAreDrawn() throws {
    func point(_ executors: Int) -> StageGraph.Point {
      .init(executors: executors, first: [executors * 1000])
    }
    let graph = try StageGraph(
      name: "g", stages: [.init(tasks: 1, points: [point(5), point(10)])], edges: [])
    var options = StageOptions()
    let nearer = StageTables([graph], executors: 40, options)
    options.drawsFartherPoint = true
    let farther = StageTables([graph], executors: 40, options)
    options.points = [10, 20, 40]
    let lacking = StageTables([graph], executors: 40, options)
    func means(_ tables: StageTables) -> [Double] {
      [1, 5, 6, 9, 10, 40].map { tables.mean(0, executors: $0, .first).rounded() }
    }
    #expect(means(nearer) == [5000, 5000, 6000, 9000, 10_000, 10_000])
    #expect(means(farther) == [5000, 5000, 9000, 6000, 10_000, 10_000])
    #expect(means(lacking) == [10_000, 10_000, 10_000, 10_000, 10_000, 10_000])
    // What is drawn has that mean.
    var random = RandomStream(seed: 1, name: "points")
    let drawn = (0..<20_000).map { _ in
      nearer.time(nearer.kinds[0], executors: 9, 1, random.next())
    }
    #expect(abs(Double(drawn.reduce(0, +)) / 20_000 - 9000) < 60)
  }

  /// Fresh samples are not first ones; each wave has samples of another where it has none.
  @Test func wavesHaveSamples() throws {
    let stage = StageGraph.Stage(points: [
      .init(executors: 1, fresh: [900, 900], first: [900, 900, 300], rest: [100]),
      .init(executors: 2, fresh: [800], first: [800]),
      .init(executors: 4, first: [500, 700]),
    ])
    #expect(stage.tasks == 4)
    let graph = try StageGraph(name: "g", stages: [stage], edges: [])
    let tables = StageTables([graph], executors: 4, StageOptions())
    func means(_ executors: Int) -> [Double] {
      [.fresh, .first, .rest].map { tables.mean(0, executors: executors, $0) }
    }
    #expect(means(1) == [900, 300, 100])
    // No first one is left at 2: those of 1.
    #expect(means(2) == [800, 300, 300])
    #expect(means(4) == [1600, 600, 600])
    // The mean of all samples: fresh ones count once.
    #expect(tables.kinds[0].mean == Double(900 * 2 + 300 + 100 + 800 + 300 + 500 + 700) / 8)
  }

  @Test func criticalPathsAreTheLongest() throws {
    let graph = try StageGraph(
      name: "g",
      stages: [100, 20, 3, 7].map { Stages.stage(5, first: [$0]) },
      edges: [(0, 2), (1, 2), (1, 3), (2, 3)])
    let tables = StageTables([graph], executors: 1, StageOptions())
    #expect(tables.kinds.map(\.criticalPath) == [110, 30, 10, 7])
    #expect(tables.graphs[0].criticalPath == 110)
    #expect(tables.graphs[0].work == 650)
    #expect(tables.graphs[0].tasks == 20)
  }
}

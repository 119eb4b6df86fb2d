import Fitting
import Foundation
import Generation
import Testing
import Workload
import WorkloadTestKit

/// Models with everything in them: arrivals, jobs, correlations, graphs, estimates, outcomes.
@Suite struct ModelTests {
  /// Two classes that differ in all, jobs of several tasks, bursts by day and hour.
  static func rich() throws -> WorkloadModel {
    var production = TaskClass(
      name: "production", share: 0.3, priorityClass: .production, priority: 9,
      runTime: try Law(.lognormal, [5, 1.5]), cpu: try Law(.gamma, [2, 1]),
      memory: try Law(.weibull, [1.5, 4]), deadlineFactor: 2)
    production.jobSize = .empirical(try Empirical([1, 1, 1, 2, 7]))
    production.correlations = TaskCorrelations(
      runTimeCPU: 0.3, runTimeMemory: -0.2, cpuMemory: 0.6)
    production.outcomes = [.init(.finished, 0.7), .init(.failed, 0.1), .init(.running, 0.2)]
    var batch = TaskClass(
      name: "batch", share: 0.7, priorityClass: .batch,
      runTime: try Law(.logLogistic, [2.5, 60]),
      cpu: .empirical(try Empirical([0.25, 0.5, 0.5, 1, 1, 1, 2, 4])),
      memory: try Law(.exponential, [0.5]))
    batch.jobSize = .empirical(try Empirical([1, 1, 3, 40]))
    batch.sharesRequests = true
    batch.correlations = TaskCorrelations(runTimeCPU: 0.5, runTimeMemory: 0.1, cpuMemory: 0.4)
    let process = try MMPP2(busyRate: 4, quietRate: 0.2, leavingBusy: 0.02, leavingQuiet: 0.005)
    return WorkloadModel(
      arrivals: ArrivalModel(
        rate: 0.2, process: .mmpp(process),
        weeklyCurve: ArrivalModel.dailyCurve(amplitude: 0.6, peakHour: 15)),
      classes: [production, batch],
      estimates: EstimateModel(
        factor: try Law(.uniform, [1, 3]), roundedTo: [60, 300, 900, 3600, 14400]),
      graph: GraphModel(shape: .inDegrees([0.3, 0.5, 0.2]), data: try Law(.exponential, [2])))
  }

  @Test func `every source keeps the requirements, under adapters too`() throws {
    let model = try Self.rich()
    func source(_ seed: UInt64 = 3) throws -> SyntheticWorkload {
      try SyntheticWorkload(model, .tasks(3000), seed: seed)
    }
    let day = Microseconds(seconds: 3600)
    var violations = WorkloadTestKit.check { try source() }
    violations += WorkloadTestKit.check { try source().window(from: day, to: day + day) }
    violations += WorkloadTestKit.check { try source().sample(fraction: 0.3, seed: 5) }
    violations += WorkloadTestKit.check { try source().scaleRunTimes(by: 1.7) }
    violations += WorkloadTestKit.check { try source().scaleArrivals(by: 0.4) }
    violations += WorkloadTestKit.check {
      MergedSource([AnyWorkloadSource(try source()), AnyWorkloadSource(try source(4))])
    }
    #expect(violations.isEmpty, "\(violations)")
  }

  @Test(arguments: [0, 1, 300, 5000]) func `jobs are reached by a jump`(job: Int) throws {
    var walking = try SyntheticWorkload(Self.rich(), seed: 8)
    var jumping = walking
    jumping.skip(toJob: job)
    var next = walking.next()
    while let record = next, record.id.job < job { next = walking.next() }
    for _ in 0..<500 {
      #expect(next == jumping.next())
      next = walking.next()
    }
  }

  @Test func `other arrivals leave the sizes alone`() throws {
    var model = try Self.rich()
    let before = records(try SyntheticWorkload(model, .tasks(2000), seed: 1))
    model.arrivals = ArrivalModel(rate: 3)
    let after = records(try SyntheticWorkload(model, .tasks(2000), seed: 1))
    #expect(zip(before, after).contains { $0.submit != $1.submit })
    for (a, b) in zip(before, after) {
      #expect(a.id == b.id && a.runTime == b.runTime && a.request == b.request)
      #expect(a.estimate == b.estimate && a.outcome == b.outcome)
    }
    // And other sizes leave the arrivals alone.
    model.classes[0].runTime = try Law(.exponential, [1])
    let third = records(try SyntheticWorkload(model, .tasks(2000), seed: 1))
    #expect(third.map(\.submit) == after.map(\.submit))
    #expect(third.map(\.request) == after.map(\.request))
  }

  @Test func `rank correlations come back, with ties and across families`() throws {
    var model = try Self.rich()
    for index in model.classes.indices { model.classes[index].jobSize = nil }
    model.classes[0].share = 0.5
    model.classes[1].share = 0.5
    let tasks = records(try SyntheticWorkload(model, .tasks(400_000), seed: 5))
    for part in model.classes {
      let own = tasks.filter { $0.priorityClass == part.priorityClass }
      let wanted = try #require(part.correlations)
      let columns = [
        own.map(\.runTime.seconds), own.map(\.request.cpu.value),
        own.map(\.request.memory.gibibytes),
      ]
      for (a, b, target) in [
        (0, 1, wanted.runTimeCPU), (0, 2, wanted.runTimeMemory), (1, 2, wanted.cpuMemory),
      ] {
        let found = try #require(rankCorrelation(columns[a], columns[b]))
        #expect(abs(found - target) < 0.01, "\(part.name) \(a) \(b): \(found)")
      }
      #expect(pValue(columns[0], part.runTime) > 1e-3)
      #expect(pValue(columns[1], part.cpu) > 1e-3)
      #expect(pValue(columns[2], part.memory) > 1e-3)
    }
  }

  @Test func `jobs, outcomes and estimates are as stated`() throws {
    let model = try Self.rich()
    let tasks = records(try SyntheticWorkload(model, .tasks(100_000), seed: 2))
    var sizes: [Int64: [TaskRecord]] = [:]
    for task in tasks { sizes[task.id.job, default: []].append(task) }
    let jobs = sizes.sorted { $0.key < $1.key }.dropLast().map(\.value)
    for job in jobs {
      #expect(job.map { Int($0.id.index) } == Array(0..<job.count))
      #expect(Set(job.map(\.submit)).count == 1)
      if job[0].priorityClass == .batch { #expect(Set(job.map(\.request)).count == 1) }
    }
    let batch = jobs.filter { $0[0].priorityClass == .batch }
    let forty = Double(batch.count { $0.count == 40 }) / Double(batch.count)
    #expect(abs(forty - 0.25) < 4 * (0.25 * 0.75 / Double(batch.count)).squareRoot())
    let mean = Double(jobs.reduce(0) { $0 + $1.count }) / Double(jobs.count)
    #expect(abs(mean / model.meanJobSize - 1) < 0.05)
    let production = tasks.filter { $0.priorityClass == .production }
    for (outcome, share) in [(Outcome.finished, 0.7), (.failed, 0.1), (.running, 0.2)] {
      let found = Double(production.count { $0.outcome == outcome }) / Double(production.count)
      #expect(abs(found - share) < 4 / Double(production.count).squareRoot())
    }
    #expect(production.allSatisfy { $0.attempts == 1 && $0.firstSchedule == $0.submit })
    #expect(production.allSatisfy { $0.end.isKnown == ($0.outcome != .running) })
    for task in tasks {
      #expect(task.estimate >= task.runTime)
      let allowed = [60, 300, 900, 3600, 14400].map { Microseconds(seconds: $0) }
      #expect(allowed.contains(task.estimate) || task.estimate > allowed[4])
    }
    // A rate that gives the load, with jobs and a copula.
    let work = tasks.reduce(0) { $0 + $1.request.cpu.value * $1.runTime.seconds }
    #expect(abs(work / Double(tasks.count) / model.meanCoreSeconds - 1) < 0.05)
  }

  @Test func `graphs have their shapes`() throws {
    func table(_ shape: GraphModel.Shape, _ size: Double) throws -> (DependencyTable, Int) {
      var model = WorkloadModel.study
      for index in model.classes.indices {
        model.classes[index].jobSize = .empirical(try Empirical([size]))
      }
      model.graph = GraphModel(shape: shape, data: try Law(.uniform, [1, 2]))
      let source = try SyntheticWorkload(model, .tasks(Int(size) * 50 - 1), seed: 4)
      return (try source.dependencies(), records(source).count)
    }
    func degree(_ table: DependencyTable, _ index: Int32) -> Int {
      table.dependencies(of: TaskID(job: 3, index: index)).count
    }
    let (chain, tasks) = try table(.chain, 5)
    #expect(tasks == 249 && chain.count == 50 * 4 - 1 && degree(chain, 0) == 0)
    let (fork, _) = try table(.forkJoin, 6)
    #expect(degree(fork, 3) == 1 && degree(fork, 5) == 4)
    let (layers, _) = try table(.layered(width: 4, density: 0.25), 20)
    let edges = Double(layers.count - 0) / Double(50 * 16)
    #expect(degree(layers, 3) == 0 && abs(edges - 1.75) < 0.15)
    let (mixed, _) = try table(.inDegrees([0.2, 0.5, 0.3]), 200)
    #expect(abs(Double(mixed.count) / 10_000 - 1.1) < 0.05)
    for table in [chain, fork, layers, mixed] {
      #expect(table.firstCycle() == nil)
      for task in table.tasks {
        for edge in table.dependencies(of: task) {
          #expect(edge.predecessor.job == task.job && edge.predecessor.index < task.index)
          #expect((1...2).contains(edge.data.gibibytes))
        }
      }
    }
  }

  @Test func `what is inconsistent is told at once`() throws {
    var model = try Self.rich()
    model.arrivals.weeklyCurve = [1, -1]
    model.classes[0].outcomes[0].share = 0.9
    model.classes[1].correlations = TaskCorrelations(
      runTimeCPU: 0.9, runTimeMemory: -0.9, cpuMemory: 0.9)
    model.estimates?.roundedTo = [5, 5]
    model.graph?.shape = .layered(width: 0, density: 2)
    #expect(
      model.issues().map(\.path) == [
        "arrivals.weeklyCurve", "arrivals.weeklyCurve[1]", "classes[0].outcomes",
        "classes[1].correlations", "estimates.roundedTo", "graph.width", "graph.density",
      ], "\(model.issues())")
    // Where nearly all ask for the same, ranks cannot hang together much.
    model.classes[1].cpu = .empirical(try Empirical(Array(repeating: 1, count: 99) + [2]))
    model.classes[1].correlations?.runTimeMemory = 0.9
    #expect(model.issues().map(\.path).contains("classes[1].correlations.cpuMemory"))
  }
}

@Suite struct ArrivalTests {
  private func times(_ model: ArrivalModel, _ count: Int, seed: UInt64 = 1) throws -> [Double] {
    var workload = WorkloadModel.study
    workload.arrivals = model
    return records(try SyntheticWorkload(workload, .tasks(count), seed: seed)).map(\.submit.seconds)
  }

  @Test(arguments: [
    (20.0, 1.0, 0.05, 0.02), (3, 0, 2, 0.5), (1.2, 0.8, 0.001, 0.003),
  ]) func `modulated arrivals have the process's dispersion`(
    busy: Double, quiet: Double, leavingBusy: Double, leavingQuiet: Double
  ) throws {
    let process = try MMPP2(
      busyRate: busy, quietRate: quiet, leavingBusy: leavingBusy, leavingQuiet: leavingQuiet)
    let times = try times(ArrivalModel(rate: process.rate, process: .mmpp(process)), 120_000)
    var counter = try ArrivalCounter(baseWindow: 0.5)
    for time in times { counter.add(at: time) }
    let cycle = 1 / leavingBusy + 1 / leavingQuiet
    let rateError = (process.dispersion(1e9) / Double(times.count)).squareRoot()
    #expect(abs(counter.rate / process.rate - 1) < 4 * rateError)
    var checked = 0
    for window in counter.statistics(minimumWindows: 500) {
      let truth = process.dispersion(window.window)
      // Windows shorter than a cycle hang together.
      let free = min(Double(window.windows), times[times.count - 1] / cycle)
      #expect(abs(window.dispersion / truth - 1) < 5 * (6 / free).squareRoot() + 0.02)
      checked += 1
    }
    #expect(checked > 3)
  }

  @Test func `a weekly curve is followed`() throws {
    var curve = ArrivalModel.dailyCurve(amplitude: 0.8, peakHour: 14)
    curve[30] = 0
    let model = ArrivalModel(rate: 0.25, weeklyCurve: curve)
    let times = try times(model, 320_000)
    var counts = [Double](repeating: 0, count: 168)
    let weeks = Int(times[times.count - 1] / 604_800)
    for time in times where time < Double(weeks) * 604_800 { counts[Int(time / 3600) % 168] += 1 }
    let scale = 0.25 * 3600 * Double(weeks) * 168 / curve.reduce(0, +)
    for hour in 0..<168 {
      let expected = scale * curve[hour]
      #expect(abs(counts[hour] - expected) <= 5 * expected.squareRoot(), "hour \(hour)")
    }
  }

  @Test func `gaps are replayed in order, over again, at the rate asked for`() throws {
    let gaps = [1.0, 0, 4, 2, 13]
    let times = try times(ArrivalModel(rate: 0.5, process: .replayed(gaps)), 1000)
    for place in 1..<1000 {
      #expect(abs(times[place] - times[place - 1] - gaps[place % 5] / 2) < 2e-6)
    }
  }

  @Test func `bursts and class mixes are set`() throws {
    var model = WorkloadModel.study
    try model.setBursts(factor: 5, share: 0.1, length: 60)
    guard case .mmpp(let process) = model.arrivals.process else { throw CancellationError() }
    #expect(abs(process.rate - 1) < 1e-12 && abs(process.busyShare - 0.1) < 1e-12)
    #expect(throws: WorkloadModelError.self) {
      try model.setBursts(factor: 20, share: 0.1, length: 60)
    }
    try model.setClassMix(["production": 0.5])
    #expect(abs(model.classes[1].share - 0.4) < 1e-12 && model.issues().isEmpty)
    #expect(throws: WorkloadModelError.self) { try model.setClassMix(["prod": 0.5]) }
    #expect(throws: WorkloadModelError.self) { try model.setClassMix(["batch": 1.5]) }
    let mean = model.meanCPU
    try model.scaleRequests(by: 2)
    #expect(abs(model.meanCPU / mean - 2) < 1e-9)
    try model.setTailIndex(1.5)
    #expect(abs(model.classes[0].runTime.survival(100) / pow(10, -1.5) - 1) < 1e-12)
  }
}

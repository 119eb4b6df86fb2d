import CVectorMath
import Fitting
import Testing
import Workload

@testable import Generation

/// What profiles know beyond single quantities: kinds of jobs, repeats, what runs at the beginning, bursts on
/// several time scales.
@Suite struct FidelityTests {
  /// A log without memory in which big jobs run long, users repeat themselves, and 40 tasks ran before.
  private func log(jobs: Int = 6000) -> [TaskRecord] {
    var rng = RandomStream(seed: 8, name: "log")
    var records: [TaskRecord] = (0..<40).map { place in
      var record = TaskRecord(
        id: TaskID(job: Int64(1_000_000 + place)), submit: .zero,
        runTime: Microseconds(seconds: 20_000 + 100 * Double(place)),
        request: Resources(cpu: Cores(2)))
      record.flags = [.cutOffAtStart, .memoryUnknown]
      (record.attempts, record.outcome) = (1, .finished)
      record.end = record.runTime
      return record
    }
    var time = 1.0
    var last: [UInt32: (cpu: Double, run: Double)] = [:]
    for job in 0..<jobs {
      time += rng.exponential(mean: 10)
      let user = UInt32(1 + rng.below(5))
      var cpu = [1.0, 4, 32][rng.below(3)]
      var run = cpu * rng.exponential(mean: 20)
      if let before = last[user], rng.uniform() < 0.6 {
        cpu = before.cpu
        run = before.run * (0.9 + 0.2 * rng.uniform())
      }
      last[user] = (cpu, run)
      var record = TaskRecord(
        id: TaskID(job: Int64(job)), submit: Microseconds(seconds: time),
        runTime: Microseconds(seconds: run), request: Resources(cpu: Cores(cpu)))
      record.user = UserID(user)
      record.flags = .memoryUnknown
      (record.attempts, record.outcome) = (1, .finished)
      record.end = record.submit + record.runTime
      records.append(record)
    }
    return records
  }

  private func profile(_ records: [TaskRecord]) async throws -> WorkloadProfile {
    var options = ProfileOptions()
    options.tails = false
    options.families = [.lognormal]
    var builder = try ProfileBuilder(options)
    for record in records { builder.add(record) }
    return await builder.finish(ProfileProvenance(input: "log", tool: "test"))
  }

  private func share(ofAlike records: [TaskRecord]) -> Double {
    let pairs = zip(records, records.dropFirst())
    return Double(pairs.count { $0.request.cpu == $1.request.cpu }) / Double(records.count - 1)
  }

  /// A missing column costs its own pairs alone; the work that is asked for comes back.
  @Test func dependenceSurvivesAMissingColumn() async throws {
    let records = log()
    let profile = try await profile(records)
    #expect(profile.all.rankCorrelations.runTimeMemory == nil)
    #expect(try #require(profile.all.rankCorrelations.runTimeCPU) > 0.5)
    #expect(profile.kinds?.count == 3)
    var notes: [Note] = []
    let model = try WorkloadModel(profile, notes: &notes)
    let jobs = records.dropFirst(40)
    let work = jobs.reduce(0) { $0 + $1.request.cpu.value * $1.runTime.seconds }
    #expect(abs(model.meanJobCoreSeconds / (work / Double(jobs.count)) - 1) < 0.03)
    // What others do: too little, for big jobs run longer.
    let independent = try WorkloadModel(
      profile, margins: .empirical, dependence: .none, notes: &notes)
    #expect(independent.meanJobCoreSeconds < 0.8 * model.meanJobCoreSeconds)
  }

  @Test func usersRepeatThemselves() async throws {
    let profile = try await profile(log())
    let repeats = try #require(profile.repeats)
    #expect(repeats.byUser)
    // 0.6 of the jobs repeat their user's last, where there is one; their run times go with it.
    #expect(abs(repeats.share - 0.6) < 0.03)
    #expect(repeats.runTimeCorrelation > 0.9)
    var notes: [Note] = []
    var model = try WorkloadModel(profile, notes: &notes)
    model.standing = nil
    let drawn = records(try SyntheticWorkload(model, .tasks(20_000), seed: 3))
    var independent = model
    independent.repeats = nil
    let others = records(try SyntheticWorkload(independent, .tasks(20_000), seed: 3))
    #expect(share(ofAlike: drawn) > share(ofAlike: others) + 0.05)
    // The laws are the same with and without.
    for cpu in [1.0, 4, 32] {
      let shares = [drawn, others].map { part in
        Double(part.count { $0.request.cpu.value == cpu }) / Double(part.count)
      }
      #expect(abs(shares[0] - shares[1]) < 0.03)
    }
  }

  @Test func beginsWithWhatRuns() async throws {
    let profile = try await profile(log())
    let standing = try #require(profile.standing)
    #expect(standing.tasks == 40)
    #expect(standing.cores == 80)
    var notes: [Note] = []
    var model = try WorkloadModel(profile, notes: &notes)
    let drawn = records(try SyntheticWorkload(model, .tasks(1000), seed: 3))
    #expect(drawn.count == 1000)
    #expect(drawn.prefix(40).allSatisfy { $0.submit == .zero && $0.request.cpu == Cores(2) })
    #expect(Set(drawn.prefix(40).map(\.runTime)).count == 40)
    #expect(drawn[40].id == TaskID(job: 0))
    // A load counts it: twice the load is twice the rate and twice the population.
    let span = profile.span
    let offered =
      model.offeredCores + standing.sample.reduce(0) { $0 + 2 * min($1.rest, span) } / span
    let rate = model.arrivals.rate
    try model.setLoad(1, onCores: 2 * offered)
    #expect(model.standing?.count == 80)
    #expect(abs(model.arrivals.rate / rate - 2) < 1e-9)
  }

  /// Jumping ahead and drawing on several threads give the same records with repeats and a population.
  @Test func sameRecordsWhicheverWay() async throws {
    let profile = try await profile(log())
    var notes: [Note] = []
    let model = try WorkloadModel(profile, notes: &notes)
    let source = try SyntheticWorkload(model, .tasks(6000), seed: 9)
    let all = records(source)
    for threads in [1, 3] {
      var parallel: [TaskRecord] = []
      source.forEachPart(threads: threads) { parallel += $0 }
      #expect(parallel == all)
    }
    var jumped = source
    jumped.skip(toJob: 1000)
    #expect(jumped.next() == all[1040])
  }

  /// The dispersion of a drawn cascade is that of the formula, and a fit finds it again.
  @Test(arguments: [1, 2]) func cascadesComeBack(order: Int) throws {
    let stages = [
      ArrivalCascade.Stage(variance: 0.8, switching: 0.002, skew: 0.6),
      ArrivalCascade.Stage(variance: 1.5, switching: 0.3, skew: 0.6),
    ].suffix(order)
    let cascade = ArrivalCascade(stages: Array(stages))
    var clock = ArrivalClock(
      ArrivalModel(rate: 2, process: .cascade(stages.compactMap(\.process))), seed: 4)
    var counter = try ArrivalCounter()
    var block = [Double](repeating: 0, count: GammaBridge.blockSize)
    for number in 0..<800 {
      block.withUnsafeMutableBufferPointer { clock.times(of: number, into: $0) }
      for time in block { counter.add(at: time) }
    }
    #expect(abs(counter.rate / 2 - 1) < 0.1)
    let curve = counter.statistics()
    for point in curve where point.windows > 500 {
      let ratio = point.dispersion / cascade.dispersion(point.window, rate: 2)
      // One inside another is not quite the product that the formula is of.
      #expect((0.7...1.35).contains(ratio), "window \(point.window): \(ratio)")
    }
    let found = try #require(ArrivalCascade.fit(curve, rate: counter.rate, order: order))
    for (own, other) in zip(cascade.stages, found.cascade.stages) {
      #expect(abs(cvm_log(other.variance / own.variance)) < 0.6)
      #expect(abs(cvm_log(other.switching / own.switching)) < 1)
    }
  }

  /// Values of a table are right to what it promises, against the law's own distribution function.
  @Test(arguments: [
    try Law(.gamma, [0.3, 100]), try Law(.gamma, [7, 2]),
    try Law(.truncatedPowerLaw, [1.2, 0.001, 1]), try Law(.truncatedPowerLaw, [2.5, 0.01, 10]),
  ]) func tablesKeepTheirBound(law: Law) throws {
    let grid = try #require(QuantileGrid(law))
    #expect(grid.error <= QuantileGrid.tolerance)
    var rng = RandomStream(seed: 1, name: "grid")
    var p = (0..<4096).map { _ in rng.openUniform() }
    p += [1e-12, 1e-6, 0.5, 1 - 1e-6, 1 - 1e-12]
    var x = p
    x.withUnsafeMutableBufferPointer { grid.transform($0) }
    for (p, x) in zip(p, x) {
      // A relative error of the value counts by the law's slope, which is moderate here: in the lower half
      // of the probability itself, in the upper of what is left of it.
      let error = p < 0.5 ? law.cdf(x) - p : law.survival(x) / (1 - p) - 1
      #expect(abs(error) < 1e-5, "p \(p): \(error)")
    }
  }

  /// A trace that ends at a time holds no more than it could know.
  @Test func cutOffTellsNothingOfLater() {
    let second = Microseconds(seconds: 1)
    func task(submit: Double, wait: Double, run: Double) -> TaskRecord {
      var record = TaskRecord(
        id: TaskID(job: 1), submit: Microseconds(seconds: submit),
        runTime: Microseconds(seconds: run), request: .zero)
      record.firstSchedule = Microseconds(seconds: submit + wait)
      record.lastSchedule = record.firstSchedule
      record.end = record.firstSchedule + record.runTime
      (record.attempts, record.outcome) = (1, .finished)
      return record
    }
    let end = Microseconds(seconds: 100)
    var done = task(submit: 0, wait: 10, run: 50)
    done.cutOff(at: end)
    #expect(done == task(submit: 0, wait: 10, run: 50))
    var running = task(submit: 50, wait: 10, run: 500)
    running.cutOff(at: end)
    #expect(running.runTime == second.scaled(by: 40))
    #expect(running.outcome == .running && running.flags.contains(.cutOffAtEnd))
    #expect(!running.end.isKnown)
    var waiting = task(submit: 90, wait: 20, run: 5)
    waiting.cutOff(at: end)
    #expect(waiting.outcome == .pending && waiting.runTime == .zero && waiting.attempts == 0)
    #expect(!waiting.isKnown(asOf: Microseconds(seconds: 90)))
  }

  /// Times of a trace of whole seconds and run times of ten are such in what is generated.
  @Test func clocksKeepTheirTicks() async throws {
    var coarse = log()
    for place in coarse.indices {
      let second: Int64 = 1_000_000
      coarse[place].submit = Microseconds(coarse[place].submit.rawValue / second * second)
      let tens = max(1, coarse[place].runTime.rawValue / (10 * second))
      coarse[place].runTime = Microseconds(tens * 10 * second)
      coarse[place].end = coarse[place].submit + coarse[place].runTime
    }
    let profile = try await profile(coarse)
    #expect(profile.ticks == ClockTicks(submission: 1, runTime: 10))
    #expect(try await self.profile(log()).ticks == nil)
    var notes: [Note] = []
    var model = try WorkloadModel(profile, notes: &notes)
    model.standing = nil
    let drawn = records(try SyntheticWorkload(model, .tasks(2000), seed: 3))
    #expect(drawn.allSatisfy { $0.submit.rawValue % 1_000_000 == 0 })
    #expect(drawn.allSatisfy { $0.runTime.rawValue % 10_000_000 == 0 })
  }

  /// Jobs that come in groups: the rate stays, the dispersion rises by what the formula says, and a fit finds
  /// groups.
  @Test func groupsComeBack() async throws {
    var arrivals = ArrivalModel(rate: 0.1)
    arrivals.batches = BatchModel(share: 0.6, gaps: [0.01, 0.02])
    let one = try Law(.uniform, [1, 2])
    let part = TaskClass(name: "all", share: 1, runTime: one, cpu: one, memory: one)
    let model = WorkloadModel(arrivals: arrivals, classes: [part])
    #expect(model.issues().isEmpty)
    let drawn = records(try SyntheticWorkload(model, .tasks(20_000), seed: 3))
    var counter = try ArrivalCounter()
    for record in drawn { counter.add(at: record.submit.seconds) }
    #expect(abs(counter.rate / 0.1 - 1) < 0.05)
    for point in counter.statistics() where point.window >= 16 && point.windows > 500 {
      #expect(abs(point.dispersion / (1 + arrivals.batches!.dispersion(point.window)) - 1) < 0.25)
    }
    // Some of the groups are taken for short bursts.
    let found = try #require(try await profile(drawn).all.arrivals.cascade?.batches)
    #expect((0.1...0.7).contains(found.share))
    // Any block without those before it.
    var later = try SyntheticWorkload(model, .tasks(20_000), seed: 3)
    later.skip(toJob: 5000)
    #expect(later.next() == drawn[5000])
  }
}

extension FidelityTests {
  @Test func areaUnderTheCurveIsTheShareOfRightPairs() throws {
    let area = try #require(AreaUnderCurve(positives: [3, 2, 2], negatives: [1, 2]))
    // 3 > 1, 3 > 2, twice 2 > 1, twice 2 = 2: 5 of 6.
    #expect(abs(area.value - 5.0 / 6) < 1e-12)
    #expect(AreaUnderCurve(positives: [], negatives: [1]) == nil)
  }

  /// Trees tell what can be told by two features together, and nothing where there is nothing.
  @Test func treesTellWhatCanBeTold() throws {
    var rng = RandomStream(seed: 2, name: "trees")
    let rows = (0..<1200).map { _ in (0..<3).map { _ in rng.uniform() } }
    let labels = rows.map { ($0[0] > 0.5) != ($0[2] > 0.3) }
    let trees = BoostedTrees(Array(rows[..<800]), labels: Array(labels[..<800]))
    func area(_ trees: BoostedTrees, _ labels: [Bool]) throws -> Double {
      let held = zip(rows[800...], labels[800...]).map { (trees.score($0), $1) }
      return try #require(
        AreaUnderCurve(
          positives: held.filter(\.1).map(\.0), negatives: held.filter { !$0.1 }.map(\.0))
      ).value
    }
    #expect(try area(trees, labels) > 0.98)
    #expect(trees.importance[1] < 0.1)
    let coins = rows.map { _ in rng.uniform() < 0.5 }
    let blind = BoostedTrees(Array(rows[..<800]), labels: Array(coins[..<800]))
    #expect(abs(try area(blind, coins) - 0.5) < 0.1)
  }

  /// A workload is not told from another seed's; one whose order was lost is.
  @Test func detectsALostOrder() async throws {
    let profile = try await profile(log())
    var notes: [Note] = []
    var model = try WorkloadModel(profile, notes: &notes)
    model.repeats = RepeatModel(share: 0.9, lags: [1], runTimeCorrelation: 0.95)
    let a = records(try SyntheticWorkload(model, .tasks(2400), seed: 1))
    let b = records(try SyntheticWorkload(model, .tasks(2400), seed: 2))
    model.repeats = nil
    let c = records(try SyntheticWorkload(model, .tasks(2400), seed: 2))
    let like = try #require(Detectability(original: a, generated: b, length: 8))
    let unlike = try #require(Detectability(original: a, generated: c, length: 8))
    #expect(abs(like.area.value - 0.5) < 0.1)
    #expect(unlike.area.value > 0.9)
  }
}

import Configuration
import Fitting
import Testing
import Workload

@testable import Generation

/// Jobs that failed and come again: found where they are, and not where they are not.
@Suite struct ResubmissionTests {
  /// Jobs of which a fifth fail, and a fifth repeat another whether that failed or not.
  private func model(_ resubmissions: ResubmissionModel?, rate: Double = 1) throws -> WorkloadModel
  {
    var part = TaskClass(
      name: "all", share: 1, runTime: try Law(.exponential, [0.2]),
      cpu: try Law(.lognormal, [1, 0.5]), memory: try Law(.lognormal, [1, 0.5]))
    part.outcomes = [OutcomeShare(.finished, 0.8), OutcomeShare(.failed, 0.2)]
    part.correlations = TaskCorrelations(runTimeCPU: 0.3, runTimeMemory: 0, cpuMemory: 0)
    var model = WorkloadModel(arrivals: ArrivalModel(rate: rate), classes: [part])
    model.repeats = RepeatModel(share: 0.2, lags: [20, 30, 40], runTimeCorrelation: 0.5)
    model.resubmissions = resubmissions
    return model
  }

  private let truth = ResubmissionModel(
    share: 0.6, delays: (0..<64).map { 2 + Double($0) / 4 }, failsAgain: 0.5,
    runTimeCorrelation: 0.7)

  /// Jobs with users: those that ask for the very same are of one, by a number made of the request.
  private func jobs(_ model: WorkloadModel, _ count: Int, seed: UInt64 = 1) throws -> [TaskRecord] {
    records(try SyntheticWorkload(model, .tasks(count), seed: seed)).map { record in
      var record = record
      record.user = UserID(1 + UInt32(truncatingIfNeeded: record.request.cpu.nano % 40))
      return record
    }
  }

  private func ledger(_ records: [TaskRecord]) -> JobLedger {
    var ledger = JobLedger()
    for record in records { _ = ledger.add(record) }
    return ledger
  }

  @Test(arguments: [1, 2, 3] as [UInt64]) func comeBack(seed: UInt64) throws {
    let model = try model(truth)
    let drawn = try jobs(model, 40_000, seed: seed)
    #expect(zip(drawn, drawn.dropFirst()).allSatisfy { $0.submit <= $1.submit })
    guard case .found(let found) = ledger(drawn).resubmissions() else {
      Issue.record("none found")
      return
    }
    // Those beyond the block are not drawn.
    let share = truth.share * truth.reach(rate: 1, model.classes[0].runTime)
    #expect(abs(found.share - share) < 3 * found.standardError, "\(found.share), not \(share)")
    // The jobs that fail are as many as the class says.
    let n = Double(drawn.count)
    let failed = Double(drawn.count { $0.outcome == .failed }) / n
    // Chains of failures are some two long.
    #expect(abs(failed - 0.2) < 3 * (2 * 0.16 / n).squareRoot(), "\(failed)")
    let again = Double(found.failed) * found.observedShare
    let others = 0.2 * (1 - found.share / found.observedShare)
    let failing = 0.5 * found.share / found.observedShare + others
    #expect(abs(found.failsAgain - failing) < 3 * (0.25 / again).squareRoot())
    // Uniform from 2 to 18 s; who is put off by another that comes at that time comes a job later.
    let mean = found.delays.reduce(0, +) / 64
    #expect(abs(mean - 9.875) < 3 * 4.6 / again.squareRoot() + 0.3, "\(mean)")
    #expect(found.delays[2] >= 2 && found.delays[61] < 19)
    #expect(abs(found.runTimeCorrelation - 0.7) < 0.1)
    // Laws and rate stay what they are.
    let law = model.classes[0].runTime
    let distance = GoodnessOfFit(sorted: drawn.map(\.runTime.seconds).sorted(), law: law)
    #expect(distance.kolmogorovSmirnov < 2.5 / n.squareRoot())
    #expect(abs(n / drawn[drawn.count - 1].submit.seconds - 1) < 0.02)
  }

  @Test(arguments: [1, 2, 3] as [UInt64]) func nothingIsFoundWhereNothingIs(seed: UInt64) throws {
    let drawn = try jobs(try model(nil), 40_000, seed: seed)
    guard case .leftOut(let reason) = ledger(drawn).resubmissions() else {
      Issue.record("something found")
      return
    }
    #expect(reason.hasPrefix("none beyond chance"))
  }

  /// Users who fail much and come again much, whether they failed or not, are compared with themselves.
  @Test func usersWhoDifferAreNoResubmissions() throws {
    var (busy, calm) = (try model(nil), try model(nil))
    busy.repeats?.share = 0.8
    busy.classes[0].outcomes = [OutcomeShare(.finished, 0.3), OutcomeShare(.failed, 0.7)]
    calm.repeats?.share = 0.05
    calm.classes[0].outcomes = [OutcomeShare(.finished, 0.98), OutcomeShare(.failed, 0.02)]
    var drawn = try jobs(busy, 10_000)
    drawn += try jobs(calm, 10_000, seed: 2).map { record in
      var record = record
      record.user = UserID(record.user.rawValue + 100)
      return record
    }
    drawn.sort(by: TaskRecord.submitOrder)
    guard case .leftOut(let reason) = ledger(drawn).resubmissions() else {
      Issue.record("something found")
      return
    }
    #expect(reason.hasPrefix("none beyond chance"))
  }

  /// Jobs that fail at once end while their user is still submitting others, which are no resubmissions.
  @Test(arguments: [1, 2, 3] as [UInt64]) func burstsAreNoResubmissions(seed: UInt64) throws {
    var rng = RandomStream(seed: seed, name: "bursts")
    var records: [TaskRecord] = []
    for burst in 0..<1500 {
      let user = UserID(1 + UInt32(rng.below(20)))
      for place in 0..<6 {
        // A job fails at once, or takes an hour; some that take as little finish.
        let isShort = rng.uniform() < 0.4
        let fails = rng.uniform() < (isShort ? 0.7 : 0.02)
        var record = TaskRecord(
          id: TaskID(job: Int64(6 * burst + place)),
          submit: Microseconds(seconds: 9000 * Double(burst) + 3 * Double(place)),
          runTime: Microseconds(seconds: (isShort ? 1 : 3000) * (1 + rng.uniform())),
          request: Resources(cpu: Cores(2)))
        (record.user, record.attempts, record.outcome) = (user, 1, fails ? .failed : .finished)
        record.end = record.submit + record.runTime
        records.append(record)
      }
    }
    guard case .leftOut(let reason) = ledger(records).resubmissions() else {
      Issue.record("something found")
      return
    }
    #expect(reason.hasPrefix("none beyond chance"))
  }

  @Test func tooFewAreLeftOut() async throws {
    let few = try jobs(try model(truth), 120)
    var options = ProfileOptions()
    options.tails = false
    options.families = [.lognormal]
    var builder = try ProfileBuilder(options)
    for record in few { builder.add(record) }
    let profile = await builder.finish(ProfileProvenance(input: "few", tool: "test"))
    #expect(profile.resubmissions == nil)
    let entry = try #require(profile.card?.first { $0.part == "resubmission" })
    #expect(entry.fittedTo.hasPrefix("left out: "))
    let untold = few.map { record in
      var record = record
      record.user = .unknown
      return record
    }
    #expect(ledger(untold).resubmissions() == .leftOut("users are not told"))
  }

  @Test func sameRecordsWhicheverWay() throws {
    let source = try SyntheticWorkload(model(truth), .tasks(6000), seed: 9)
    let all = records(source)
    for threads in [1, 3] {
      var parallel: [TaskRecord] = []
      source.forEachPart(threads: threads) { parallel += $0 }
      #expect(parallel == all)
    }
    var jumped = source
    jumped.skip(toJob: 1000)
    #expect(jumped.next() == all[1000])
  }

  /// On a clock of whole minutes too no job comes again before it has ended, whatever its class's tasks share.
  @Test func noneComesBeforeTheEnd() throws {
    var model = try model(truth, rate: 0.05)
    model.ticks = ClockTicks(submission: 60, runTime: 1)
    model.repeats = nil
    model.resubmissions?.delays = [0]
    model.classes[0].jobSize = try Law.atoms([(1, 1), (3, 1)])
    model.classes[0].sharesRequests = true
    model.classes[0].withinJobs = 0.5
    let drawn = records(try SyntheticWorkload(model, .tasks(20_000), seed: 1))
      .filter { $0.id.index == 0 }
    var ended: [Cores: TaskRecord] = [:]
    var count = 0
    for record in drawn {
      if let before = ended[record.request.cpu] {
        #expect(before.outcome == .failed && record.submit >= before.end)
        #expect(record.submit - before.end < Microseconds(seconds: 600))
        count += 1
      }
      ended[record.request.cpu] = record
    }
    let expected = 0.2 * 0.6 * Double(drawn.count)
    #expect(abs(Double(count) / expected - 1) < 0.1, "\(count), not \(expected)")
  }

  @Test func profilesKeepThem() async throws {
    var options = ProfileOptions()
    options.tails = false
    options.families = [.lognormal]
    var builder = try ProfileBuilder(options)
    for record in try jobs(try model(truth), 10_000) { builder.add(record) }
    let profile = await builder.finish(ProfileProvenance(input: "made", tool: "test"))
    let text = String(decoding: try profile.json(), as: UTF8.self)
    let back = try WorkloadProfile(ConfigurationFile(text: text, name: "p.json"))
    #expect(back == profile)
    var notes: [Note] = []
    let drawn = try WorkloadModel(back, notes: &notes)
    #expect(drawn.resubmissions?.delays == profile.resubmissions?.delays)
    #expect(drawn.issues().isEmpty)
    // Users ask for the same as before about as often as they repeat themselves.
    let sequence = try #require(profile.sequence)
    #expect(sequence.byUser && sequence.runLength > 1 && sequence.autocorrelations.count == 5)
    let near = try #require(sequence.autocorrelations[0].runTime)
    let far = try #require(sequence.autocorrelations[4].runTime)
    #expect(abs(far) < 0.05 && near < 0.5)
    for (from, to) in [
      ("\"failsAgain\" : 0", "\"failsAgain\" : 7"), ("\"share\" : 0.", "\"share\" : -0."),
      ("\"delays\" : [", "\"delays\" : [\n-1,"), ("\"runLength\" : 1", "\"runLength\" : 0"),
    ] {
      let start = try #require(text.range(of: "\"resubmissions\""))
      let broken =
        from.contains("runLength")
        ? text.replacing(from, with: to)
        : String(text[..<start.lowerBound])
          + String(text[start.lowerBound...])
          .replacing(from, with: to, maxReplacements: 1)
      #expect(broken != text)
      #expect(throws: ConfigurationError.self) {
        _ = try WorkloadProfile(ConfigurationFile(text: broken, name: "p.json"))
      }
    }
  }

  @Test func scenariosSayThem() throws {
    let printed = try model(truth).scenario(named: "x")
    let back = try WorkloadScenario(ConfigurationFile(text: printed, name: "s.yaml")) { _ in nil }
    #expect(back.model.resubmissions == truth)
    for (from, to) in [
      ("share: 0.6", "share: 1.5"), ("failsAgain: 0.5", "failsAgain: -1"),
      ("delays: [", "delays: [-1, "), ("delays: [", "delays: [1e300, "),
      ("failed: 0.2", "killed: 0.2"),
    ] {
      #expect(printed.contains(from))
      #expect(throws: ConfigurationError.self) {
        _ = try WorkloadScenario(
          ConfigurationFile(text: printed.replacing(from, with: to), name: "s.yaml")
        ) { _ in nil }
      }
    }
  }

  /// Of two groups with events at rates 1 and 3 the second has an excess at rate 2.
  @Test func relativeSurvivalIsThatOfTheReason() throws {
    var rng = RandomStream(seed: 1, name: "survival")
    func group(_ rate: Double, weight: Double) -> [RelativeSurvival.Observation] {
      (0..<4000).map { _ in
        let (event, end) = (rng.exponential(mean: 1 / rate), 2 * rng.uniform())
        return .init(time: min(event, end), isEvent: event <= end, weight: weight)
      }
    }
    let (first, second) = (group(3, weight: 1), group(1, weight: 7))
    let found = try #require(RelativeSurvival(first, beside: second, horizon: 0.5))
    #expect(abs(found.share - 0.6321) < 3 * found.standardError)
    #expect((0.005...0.05).contains(found.standardError))
    #expect(abs(try #require(found.quantile(0.5)) - 0.190) < 0.03)
    #expect(RelativeSurvival([], beside: second, horizon: 1) == nil)
    #expect(RelativeSurvival(first, beside: group(40, weight: 1), horizon: 1) == nil)
  }
}

import Fitting
import Foundation
import Generation
import Testing
import Workload

/// A workload whose every property is known: the study's laws without caps, three classes, jobs of
/// geometric size, CPU that grows with run time.
private func workload(jobs: Int, seed: UInt64 = 5) throws -> TaskTable {
  let run = try Pareto(shape: 2.5, scale: 10)
  let cpu = try Lognormal(mu: 0.5, sigma: 0.8)
  let memory = try Lognormal(mu: 2, sigma: 1)
  var g = stream("workload", seed: seed)
  var clock = 0.0
  var records: [TaskRecord] = []
  for job in 0..<jobs {
    clock += g.exponential(mean: 2)
    let draw = g.uniform()
    let priority: PriorityClass = draw < 0.25 ? .production : draw < 0.85 ? .batch : .bestEffort
    var index: Int32 = 0
    repeat {
      let time = run.sample(using: &g)
      var record = TaskRecord(
        id: TaskID(job: Int64(job), index: index), submit: Microseconds(seconds: clock),
        runTime: Microseconds(seconds: time),
        request: Resources(
          cpu: Cores(min(500, cpu.sample(using: &g) * (time > 14 ? 2 : 0.5))),
          memory: Bytes(gibibytes: memory.sample(using: &g))))
      record.priorityClass = priority
      record.attempts = 1
      record.outcome = g.uniform() < 0.9 ? .finished : .failed
      records.append(record)
      index += 1
    } while g.uniform() < 0.5
  }
  return TaskTable(records)
}

private func profile(_ table: TaskTable, _ options: ProfileOptions) async throws -> WorkloadProfile
{
  var builder = try ProfileBuilder(options)
  var source = table.source()
  while let record = source.next() { builder.add(record) }
  return await builder.finish(ProfileProvenance(input: "made", tool: "test"))
}

@Suite struct ProfileTests {
  @Test func recoversTheWorkload() async throws {
    var options = ProfileOptions()
    options.byClass = true
    options.families = [.pareto, .lognormal, .exponential]
    let table = try workload(jobs: 3000)
    let profile = try await profile(table, options)
    let all = profile.all
    #expect(all.tasks == table.count && all.jobs == 3000)
    #expect(all.runTime.unit == "s" && all.cpu.unit == "cores" && all.memory.unit == "GiB")
    let run = try #require(all.runTime.fits.first)
    #expect(run.fit.family == .pareto)
    let shape = try #require(run.fit["shape"])
    #expect(abs(shape.value - 2.5) < 4 * shape.standardError)
    let memory = try #require(all.memory.fits.first)
    #expect(memory.fit.family == .lognormal && memory.kolmogorovSmirnov < 0.02)
    #expect(abs(memory.fit["sigma"]!.value - 1) < 4 * memory.fit["sigma"]!.standardError)
    #expect(abs(all.arrivals.rate - 0.5) < 4 * all.arrivals.rateStandardError)
    #expect(all.arrivals.mmpp2 == nil, "Poisson arrivals are not bursty")
    for window in all.arrivals.windows {
      #expect(abs(window.dispersion - 1) < 5 * (2 / Double(window.windows)).squareRoot())
    }
    #expect(
      abs(profile.classMix["batch"]!.share - 0.6) < 4 * profile.classMix["batch"]!.standardError)
    #expect(
      abs(all.outcomes["finished"]!.share - 0.9) < 4 * all.outcomes["finished"]!.standardError)
    #expect(abs(all.jobSize.mean - 2) < 0.15)
    #expect(all.jobSize.atoms?.first?.value == 1)
    #expect(all.rankCorrelations.runTimeCPU! > 0.4 && abs(all.rankCorrelations.cpuMemory!) < 0.05)
    #expect(profile.classes.values.map(\.tasks).reduce(0, +) == table.count)
    #expect(Set(profile.classes.keys) == ["production", "batch", "best-effort"])
    // JSON and back; the same input gives the same bytes.
    let data = try profile.json()
    #expect(try WorkloadProfile(json: data) == profile)
    #expect(try await FittingTests.profile(table, options).json() == data)
    #expect(throws: DecodingError.self) { try WorkloadProfile(json: Data("{}".utf8)) }
  }

  /// A stream longer than the reservoir: sampled, said so, and still right.
  @Test func reservoirIsBounded() async throws {
    var options = ProfileOptions()
    options.reservoir = 500
    options.tails = false
    options.families = [.lognormal, .weibull]
    let table = try workload(jobs: 2000)
    let memory = try await profile(table, options).all.memory
    #expect(memory.sampleSize == 500 && memory.count == table.count)
    let streamed = try #require(memory.streamed.first)
    #expect(streamed.family == .lognormal && streamed.count == table.count)
    let sampled = try #require(memory.fits.first { $0.fit.family == .lognormal }).fit["mu"]!
    #expect(abs(sampled.value - 2) < 4 * sampled.standardError)
    for quantile in memory.quantiles where quantile.p > 0.04 && quantile.p < 0.96 {
      let truth = try Lognormal(mu: 2, sigma: 1).quantile(quantile.p)
      #expect(relative(quantile.value, truth) < 0.12)
    }
    #expect(throws: FittingError.self) {
      options.reservoir = 0
      _ = try ProfileBuilder(options)
    }
  }

  /// Censored, unknown and zero run times are told apart; nothing crashes on an empty stream.
  @Test func whatIsNotKnown() async throws {
    var records = try workload(jobs: 300).records
    for index in records.indices {
      switch index % 10 {
      case 0:
        records[index].flags.insert(.cutOffAtEnd)
        records[index].outcome = .running
      case 1: records[index].flags.insert(.runTimeUnknown)
      case 2: records[index].runTime = .zero
      case 3: records[index].flags.insert(.requestAssumed)
      default: break
      }
    }
    let part = try await profile(TaskTable(records), ProfileOptions()).all
    let tenth = records.count / 10
    #expect(abs(part.runTime.censored - tenth) <= 1 && abs(part.runTime.unknown - tenth) <= 1)
    #expect(abs(part.runTime.screened.zeros - tenth) <= 1 && part.runTime.tail == nil)
    #expect(part.runTime.fits.allSatisfy { $0.andersonDarling > 0 && $0.kolmogorovSmirnov > 0 })
    #expect(abs(part.cpu.unknown - tenth) <= 1)
    let nothing = try await profile(TaskTable([]), ProfileOptions())
    #expect(nothing.all.tasks == 0 && nothing.all.runTime.fits.isEmpty)
    #expect(nothing.all.runTime.failures.count == Family.usual(counts: false).count)
    #expect(try WorkloadProfile(json: nothing.json()) == nothing)
  }

  @Test func burstyArrivalsComeBack() throws {
    let truth = try MMPP2(busyRate: 20, quietRate: 1, leavingBusy: 0.05, leavingQuiet: 0.02)
    var g = stream("mmpp")
    var counter = try ArrivalCounter(baseWindow: 0.5)
    var (clock, busy) = (0.0, false)
    while clock < 200_000 {
      let rate = busy ? truth.busyRate : truth.quietRate
      let leaving = busy ? truth.leavingBusy : truth.leavingQuiet
      clock += g.exponential(mean: 1 / (rate + leaving))
      if g.uniform() < rate / (rate + leaving) { counter.add(at: clock) } else { busy.toggle() }
    }
    let curve = counter.statistics()
    #expect(relative(counter.rate, truth.rate) < 0.05)
    for point in curve where point.windows > 1000 {
      #expect(relative(point.dispersion, truth.dispersion(point.window)) < 0.15, "\(point)")
      #expect(relative(point.mean, truth.rate * point.window) < 0.05)
    }
    let found = try #require(MMPP2(fitting: curve, rate: counter.rate))
    #expect(relative(found.rate, counter.rate) < 1e-9)
    #expect(relative(found.busyRate, 20) < 0.1 && abs(found.quietRate - 1) < 0.7, "\(found)")
    #expect(relative(found.leavingBusy, 0.05) < 0.2 && relative(found.leavingQuiet, 0.02) < 0.2)
  }

  /// Windows counted in a stream equal windows counted by hand, gaps included.
  @Test func windowsAreCountedRight() throws {
    var g = stream("windows")
    var counter = try ArrivalCounter(baseWindow: 1)
    var times: [Double] = []
    var clock = 3.7
    for _ in 0..<3000 {
      clock += g.exponential(mean: g.uniform() < 0.02 ? 40 : 0.3)
      times.append(clock)
      counter.add(at: clock)
    }
    for point in counter.statistics(minimumWindows: 2) {
      let first = Int(times[0] / point.window) + 1
      let end = Int(times.last! / point.window)
      var counts = [Int](repeating: 0, count: max(0, end - first))
      for time in times {
        let window = Int(time / point.window)
        if window >= first, window < end { counts[window - first] += 1 }
      }
      #expect(point.windows == counts.count)
      var moments = Moments()
      for count in counts { moments.add(Double(count)) }
      #expect(relative(point.mean, moments.mean) < 1e-12)
      #expect(relative(point.variance, moments.variance) < 1e-9)
    }
  }

  @Test func rankCorrelations() {
    #expect(rankCorrelation([1, 2, 3, 4], [10, 20, 30, 45]) == 1)
    #expect(rankCorrelation([1, 2, 3, 4], [9, 7, 5, 1]) == -1)
    #expect(rankCorrelation([1, 1, 1], [1, 2, 3]) == nil && rankCorrelation([], []) == nil)
    // Ties share ranks: ranks 1.5 1.5 3 4 against 1 2 3 4.
    #expect(abs(rankCorrelation([5, 5, 6, 7], [1, 2, 3, 4])! - 4.5 / 22.5.squareRoot()) < 1e-15)
  }
}

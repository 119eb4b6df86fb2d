import Configuration
import Fitting
import Foundation
import Testing
import Workload

@testable import Generation

/// Which copula joins run time and memory: found where its tails are, and not where they are not.
@Suite struct CopulaTests {
  private func model(_ rank: Double, _ degrees: Int?) throws -> WorkloadModel {
    var part = TaskClass(
      name: "all", share: 1, runTime: try Law(.lognormal, [3, 1]), cpu: try Law.constant(2),
      memory: try Law(.weibull, [1.5, 4]))
    part.correlations = TaskCorrelations(
      runTimeCPU: 0, runTimeMemory: rank, cpuMemory: 0, degreesOfFreedom: degrees)
    return WorkloadModel(arrivals: ArrivalModel(rate: 1), classes: [part])
  }

  private func drawn(_ model: WorkloadModel, seed: UInt64, _ count: Int = 5000) throws
    -> [TaskRecord]
  {
    records(try SyntheticWorkload(model, .tasks(count), seed: seed))
  }

  private func tail(_ records: [TaskRecord]) throws -> TailDependence {
    try #require(
      TailDependence([
        ("run time", records.map(\.runTime.seconds)),
        ("memory", records.map(\.request.memory.gibibytes)),
      ]))
  }

  @Test(arguments: [(0.5, 4), (-0.4, 4), (0.7, 2), (0, 4), (0.3, 8)])
  func degreesComeBack(rank: Double, degrees: Int) throws {
    let records = try drawn(model(rank, degrees), seed: 3)
    let found = try tail(records)
    // Degrees are tried in steps: what is three standard errors off is less likely by 4.5.
    let chosen = try #require(found.degreesOfFreedom)
    let near = TailDependence.choices.filter { abs(log(Double($0) / Double(degrees))) < 0.45 }
    #expect(near.contains(chosen), "\(chosen), not \(degrees)")
    #expect(found.gain > 0)
    // Spearman's correlation is the one that was asked for, and the laws are what they are.
    let spearman = try #require(
      rankCorrelation(
        records.map(\.runTime.seconds), records.map(\.request.memory.gibibytes)))
    // A t copula's rank correlations vary by more than the Gaussian's.
    #expect(abs(spearman - rank) < 3 * 1.5 / 5000.0.squareRoot(), "\(spearman), not \(rank)")
    let law = try Law(.lognormal, [3, 1])
    #expect(pValue(records.map(\.runTime.seconds), law) > 1e-3)
    let memory = try Law(.weibull, [1.5, 4])
    #expect(pValue(records.map(\.request.memory.gibibytes), memory) > 1e-3)
    // Tails come together oftener than a Gaussian copula's.
    let plain = try tail(drawn(model(rank, nil), seed: 3))
    #expect(
      found.pairs[0].upper + found.pairs[0].lower > plain.pairs[0].upper + plain.pairs[0].lower)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64]) func gaussianStaysGaussian(seed: UInt64) throws {
    for rank in [0, 0.6] {
      let found = try tail(drawn(model(rank, nil), seed: seed))
      #expect(found.degreesOfFreedom == nil, "gain \(found.gain)")
      let kendall = 2 / Double.pi * asin(2 * sin(.pi / 6 * rank))
      #expect(abs(found.pairs[0].kendall - kendall) < 3 * 0.67 / 5000.0.squareRoot())
    }
  }

  @Test func tooFewAndTiesAreLeftOut() throws {
    let records = try drawn(model(0.5, 2), seed: 1)
    func tail(_ records: [TaskRecord], step: Double) -> TailDependence? {
      TailDependence([
        ("run time", records.map { ($0.runTime.seconds / step).rounded() }),
        ("memory", records.map(\.request.memory.gibibytes)),
      ])
    }
    #expect(tail(Array(records.prefix(199)), step: 1e-6) == nil)
    #expect(tail(Array(records.prefix(200)), step: 1e-6) != nil)
    #expect(tail(records, step: 10) == nil)
  }

  /// A profile keeps the choice, `generate` draws it, and what is drawn is fitted alike; the same on any number of
  /// threads, and after a jump.
  @Test func profilesKeepTheChoice() async throws {
    func profile(_ records: [TaskRecord]) async throws -> WorkloadProfile {
      var options = ProfileOptions()
      options.tails = false
      options.families = [.lognormal]
      var builder = try ProfileBuilder(options)
      for record in records { builder.add(record) }
      return await builder.finish(ProfileProvenance(input: "made", tool: "test"))
    }
    let made = try await profile(try drawn(model(0.5, 4), seed: 1))
    let kind = try #require(made.kinds?.first)
    #expect(kind.tail?.degreesOfFreedom == 4)
    let text = String(decoding: try made.json(), as: UTF8.self)
    let back = try WorkloadProfile(ConfigurationFile(text: text, name: "p.json"))
    #expect(back == made)
    var notes: [Note] = []
    let model = try WorkloadModel(back, notes: &notes)
    #expect(model.classes[0].correlations?.degreesOfFreedom == 4)
    let source = try SyntheticWorkload(model, .tasks(5000), seed: 2)
    let all = records(source)
    let again = try await profile(all)
    #expect(again.kinds?.first?.tail?.degreesOfFreedom == 4)
    var parallel: [TaskRecord] = []
    source.forEachPart(threads: 3) { parallel += $0 }
    #expect(parallel == all)
    var jumped = source
    jumped.skip(toJob: 1000)
    #expect(jumped.next() == all[1000 + source.standingCount])
    let entry = try #require(made.card?.first { $0.part == "copulas" })
    #expect(entry.fittedTo.contains("1 with a t copula"))
    for (from, to) in [
      ("\"degreesOfFreedom\" : 4", "\"degreesOfFreedom\" : 3"),
      ("\"degreesOfFreedom\" : 4", "\"degreesOfFreedom\" : 0"),
      ("\"kendall\" : 0", "\"kendall\" : 9"),
    ] {
      #expect(text.contains(from))
      #expect(throws: ConfigurationError.self) {
        _ = try WorkloadProfile(
          ConfigurationFile(text: text.replacing(from, with: to), name: "p.json"))
      }
    }
  }

  @Test func scenariosSayThem() throws {
    let printed = try model(0.5, 6).scenario(named: "x")
    let back = try WorkloadScenario(ConfigurationFile(text: printed, name: "s.yaml")) { _ in nil }
    #expect(back.model.classes[0].correlations?.degreesOfFreedom == 6)
    for degrees in ["5", "1", "102", "-2"] {
      #expect(throws: ConfigurationError.self) {
        _ = try WorkloadScenario(
          ConfigurationFile(
            text: printed.replacing("degreesOfFreedom: 6", with: "degreesOfFreedom: \(degrees)"),
            name: "s.yaml")
        ) { _ in nil }
      }
    }
  }

  /// Against values of SciPy 1.17.1 (`scipy.stats.t.cdf`).
  @Test func studentsLawIsRight() {
    for (t, degrees, p) in [
      (1.0, 2, 0.7886751345948129), (-2.5, 4, 0.03338327240599407), (0.3, 30, 0.6168769473578236),
      (40, 2, 0.9996877926639076),
    ] {
      #expect(abs(StudentT.cdf(t, degrees: degrees) - p) < 1e-13, "\(t) \(degrees)")
      #expect(
        abs(StudentT.quantile(StudentT.cdf(t, degrees: degrees), degrees: degrees) - t) < 1e-6
          * max(1, abs(t)))
    }
  }
}

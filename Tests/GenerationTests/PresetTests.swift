import Fitting
import Foundation
import Generation
import Testing
import Workload
import WorkloadTestKit

@Suite struct PresetTests {
  private static let profiles = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("data/profiles")

  @Test(arguments: WorkloadModel.presetNames) func `presets are valid sources`(name: String) throws
  {
    let model = try #require(WorkloadModel.preset(name))
    #expect(model.issues().isEmpty, "\(model.issues())")
    let violations = WorkloadTestKit.check {
      try SyntheticWorkload(model, .tasks(2000), seed: 7)
    }
    #expect(violations.isEmpty, "\(violations)")
    #expect(model.offeredCores > 0 && model.offeredCores.isFinite, "\(model.offeredCores)")
  }

  @Test(arguments: ["google-2011", "google-2019"]) func `profiles are those of the files`(
    name: String
  ) throws {
    let file = Self.profiles.appendingPathComponent("\(name).json")
    let stored = try WorkloadProfile(json: Data(contentsOf: file))
    #expect(WorkloadProfile.preset(name) == stored)
    #expect(stored.provenance.sha256?.count == 64 && stored.provenance.tool.hasPrefix("tracemill"))
  }

  @Test func `laws and the data's own give the same middle`() throws {
    let profile = try #require(WorkloadProfile.preset("google-2011"))
    for margins in MarginChoice.allCases {
      var notes: [Note] = []
      let model = try WorkloadModel(profile, margins: margins, notes: &notes)
      let median = profile.all.runTime.quantiles.first { $0.p == 0.5 }?.value ?? 0
      let found = model.classes[0].runTime.quantile(0.5)
      #expect(found / median > 0.5 && found / median < 2, "\(margins): \(found), \(median)")
      #expect(!notes.isEmpty, "what the profile does not know is said")
    }
  }

  @Test func `inconsistent profiles are refused with every issue`() throws {
    var profile = try #require(WorkloadProfile.preset("google-2019"))
    profile.all.arrivals.rate = -1
    for name in profile.classMix.keys { profile.classMix[name]?.share = 0.9 }
    var notes: [Note] = []
    do {
      _ = try WorkloadModel(profile, notes: &notes)
      Issue.record("it was taken")
    } catch {
      #expect(error.issues.map(\.path).prefix(2) == ["all.arrivals.rate", "classMix"])
    }
  }

  @Test func `threads do not change what is drawn`() throws {
    let model = try ModelTests.rich()
    for extent in [
      WorkloadExtent.tasks(30_000), .duration(Microseconds(seconds: 20_000)),
      WorkloadExtent(tasks: 5000, duration: Microseconds(seconds: 3000)),
    ] {
      let source = try SyntheticWorkload(model, extent, seed: 9)
      let alone = records(source)
      for threads in [1, 2, 3] {
        var parts: [TaskRecord] = []
        source.forEachPart(threads: threads) { parts += $0 }
        #expect(parts == alone, "\(threads) threads")
      }
    }
  }

  @Test func `a comparison finds what was changed, and nothing else`() throws {
    func sample(_ model: WorkloadModel, _ seed: UInt64) throws -> WorkloadSample {
      var sample = WorkloadSample()
      for task in records(try SyntheticWorkload(model, .tasks(20_000), seed: seed)) {
        sample.add(task)
      }
      return sample
    }
    let original = try sample(.study, 1)
    let same = WorkloadComparison(original: original, generated: try sample(.study, 2))
    #expect(same.margins.allSatisfy { $0.distance.pValue > 0.001 })
    #expect(!same.verdicts.contains { $0.contains("NOT") }, "\(same.verdicts)")
    var other = WorkloadModel.study
    try other.setBursts(factor: 6, share: 0.1, length: 120)
    try other.scaleRunTimes(by: 1.2)
    let changed = WorkloadComparison(original: original, generated: try sample(other, 2))
    let blamed = changed.verdicts.filter { $0.contains("NOT") }.map { $0.prefix { $0 != ":" } }
    #expect(blamed.contains("run-time") && blamed.contains("gap"))
    #expect(blamed.contains { $0.hasPrefix("arrivals in windows") })
    #expect(!blamed.contains("cpu") && !blamed.contains("memory"))
    // The load alone: bursts would move the mean of so few by as much.
    var longer = WorkloadModel.study
    try longer.scaleRunTimes(by: 1.3)
    let loaded = WorkloadComparison(original: original, generated: try sample(longer, 2))
    #expect(loaded.verdicts.contains { $0.hasPrefix("mean load: NOT") }, "\(loaded.verdicts)")
    #expect(loaded.generatedLoad.mean / loaded.originalLoad.mean > 1.2)
  }

  @Test func `tails are not forgiven, and tasks cut off are not left out`() throws {
    // One value in a hundred a hundred times as great: D is 0.01, the mean another.
    let short = (0..<20_000).map { 1 + Double($0 % 1000) / 1000 }
    let long = short.enumerated().map { $0.offset % 100 == 7 ? 100 * $0.element : $0.element }
    var (original, generated) = (WorkloadSample(), WorkloadSample())
    for (values, isLong) in [(short, false), (long, true)] {
      for (place, value) in values.enumerated() {
        let record = TaskRecord(
          id: TaskID(job: Int64(place)), submit: Microseconds(seconds: Double(place)),
          runTime: Microseconds(seconds: value), request: .zero)
        if isLong { generated.add(record) } else { original.add(record) }
      }
    }
    let comparison = WorkloadComparison(original: original, generated: generated)
    let verdict = try #require(comparison.verdicts.first { $0.hasPrefix("run-time") })
    #expect(verdict.contains("NOT captured") && verdict.contains("apart on average"))
    // Exponential run times seen through a window: exact ones alone have too small a mean.
    let law = try Law(.exponential, [0.01])
    let whole = (1...4000).map { law.quantile((Double($0) - 0.5) / 4000) }
    let windows = whole.indices.map { 50 + Double($0 * 7919 % 4000) / 10 }
    let exact = zip(whole, windows).filter { $0 <= $1 }.map(\.0)
    let cut = zip(whole, windows).filter { $0 > $1 }.map(\.1)
    let naive = try #require(TwoSampleDistance(whole, exact))
    let fair = try #require(TwoSampleDistance(whole, exact, censored: ([], cut)))
    #expect(
      naive.secondMean < 0.8 * naive.firstMean
        && naive.kolmogorovSmirnov > 2 * fair.kolmogorovSmirnov)
    #expect(abs(fair.secondMean / fair.firstMean - 1) < 0.03 && fair.kolmogorovSmirnov < 0.03)
    #expect(fair.horizon != nil && naive.horizon == nil)
    let mirrored = try #require(TwoSampleDistance(exact, whole, censored: (cut, [])))
    #expect(mirrored.wasserstein == fair.wasserstein && mirrored.firstMean == fair.secondMean)
  }

  @Test func `two-sample distances are those of the definition`() throws {
    let distance = try #require(TwoSampleDistance([1, 2, 3, 4], [3, 5, 3]))
    // F differs most at 2: 1/2 against 0 is 0.5; at 3: 3/4 against 2/3.
    #expect(distance.kolmogorovSmirnov == 0.5 && distance.at == 2)
    // ∫|F-G|: 1/4 on 1-2, 1/2 on 2-3, 1/12 on 3-4, 1/3 on 4-5.
    #expect(abs(distance.wasserstein - (0.25 + 0.5 + 1.0 / 12 + 1.0 / 3)) < 1e-15)
    #expect(TwoSampleDistance([], [1]) == nil)
    let shifted = try #require(TwoSampleDistance([1, 2, 3], [2.5, 3.5, 4.5]))
    #expect(abs(shifted.wasserstein - 1.5) < 1e-15)
  }
}

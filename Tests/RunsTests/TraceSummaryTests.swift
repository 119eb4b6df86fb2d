import Fitting
import TestSupport
import Testing
import Workload

@testable import Runs

/// What inspect gathers in bounded memory, against all of it kept.
@Suite struct TraceSummaryTests {
  /// The integral is that of the intervals, however often steps became twice as long.
  @Test(arguments: [1.0, 60, 86_400, 3e6])
  func useOverTimeKeepsTheIntegral(span: Double) {
    var random = TestRandom(7)
    var use = UseOverTime()
    var intervals: [(cores: Double, start: Double, end: Double)] = []
    for place in 0..<500 {
      let start = place == 0 ? 5 : 5 + Double.random(in: 0..<span, using: &random)
      let end = start + Double.random(in: 0..<span / 3, using: &random)
      intervals.append((Double.random(in: 0.1..<8, using: &random), start, end))
    }
    for (cores, start, end) in intervals { use.add(cores, from: start, to: end) }
    let steps = use.steps
    #expect(steps.count <= 192 && (steps.count >= 96 || use.width == 1))
    for (place, shown) in steps.enumerated() {
      let (from, to) = (5 + Double(place) * use.width, 5 + Double(place + 1) * use.width)
      let area = intervals.reduce(0) { sum, interval in
        sum + interval.cores * max(0, min(to, interval.end) - max(from, interval.start))
      }
      #expect(abs(shown - area / use.width) <= 1e-6 * max(1, shown))
    }
  }

  /// Kaplan and Meier's mean and median are those of the values.
  @Test func cutOffRunTimesAreCounted() throws {
    var random = TestRandom(3)
    var margin = Margin(censoring: "run time", unit: "s", scale: 1e-6)
    var (values, censored): ([Double], [Double]) = ([], [])
    for _ in 0..<3000 {
      let time = Int64.random(in: 1...900_000_000, using: &random)
      let limit = Int64.random(in: 1...2_000_000_000, using: &random)
      if time <= limit {
        margin.add(time)
        values.append(Double(time) * 1e-6)
      } else {
        margin.addCutOff(limit)
        censored.append(Double(limit) * 1e-6)
      }
    }
    let limit = try #require(margin.productLimit)
    let law = KaplanMeier(values: values, censored: censored)
    #expect(limit.mean == law.mean && !limit.isSampled)
    #expect(limit.median == law.quantile(survival: 0.5))
    #expect(margin.cutOff == censored.count)
    // Nothing cut off, nothing to add.
    var plain = Margin(censoring: "run time", unit: "s", scale: 1e-6)
    plain.add(5)
    #expect(plain.productLimit == nil)
  }

  /// Tasks whose trace tells no wait are counted from their submission, and that is said.
  @Test func untoldWaitsAreSaidBesideTheUse() throws {
    let folder = TemporaryFolder()
    for (wait, told) in [("0", false), ("-1", true)] {
      var text = "; MaxProcs: 4\n"
      for job in 1...3 { text += "\(job) 0 \(wait) 10 4 -1 -1 4 10 -1 1 1 1 -1 1 -1 -1 -1\n" }
      let summary = try TraceSummary(
        path: try folder.write(text, to: "log.swf"), reading: ReadingSettings())
      #expect(
        summary.text.contains("from the submission on for 3 of 3 tasks") == told, "\(summary.text)")
      #expect((summary.useNote != nil) == told)
    }
  }
}

import Experiments
import Foundation
import TestSupport
import Testing
import Workload

/// SciPy on the same numbers (Tests/Oracles/statistics.py).
@Suite(.enabled(if: python != nil, "needs Python with Tests/requirements.txt; tools/test makes it"))
struct StatisticsOracleTests {
  /// Samples with and without ties, zeros and skewness, on both sides of every switch of method.
  static let samples: [[[Double]]] = {
    var rng = RandomStream(seed: 11, name: "samples")
    var samples: [[[Double]]] = []
    for size in [2, 3, 5, 8, 13, 14, 30, 50, 51, 200] {
      for step in [0, 0.5, 2.0] {
        func draw(_ shift: Double) -> [Double] {
          (0..<size).map { _ in
            let value = shift + rng.exponential(mean: 3)
            return step > 0 ? (value / step).rounded() * step : value
          }
        }
        samples.append([draw(0), draw(1)])
      }
    }
    return samples
  }()

  struct Answers: Decodable {
    struct Sample: Decodable {
      var mean: Double
      var sd: Double
      var populationSd: Double
      var t: [Double?]
      var replicates: [Double]
      var bootstraps: [String: [Double?]]
      var wilcoxon: [Double?]
      var shift: [Double?]
      var cohensD: Double?
      var cliffsDelta: Double
    }
    var samples: [Sample]
    var p: [Double]
    var holm: [Double]
    var tQuantiles: [[Double]]
  }

  @Test func everyFigureIsSciPys() throws {
    let folder = TemporaryFolder()
    let input = try folder.write(
      Array(try JSONEncoder().encode(Self.samples)), to: "samples.json")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let answers = try decoder.decode(Answers.self, from: try oracle("statistics.py", input: input))
    #expect(answers.samples.count == Self.samples.count)
    var rng = RandomStream(seed: 1, name: "test")
    for (pair, answer) in zip(Self.samples, answers.samples) {
      let moments = Moments(pair[0])
      #expect(close(moments.mean, answer.mean))
      #expect(close(moments.standardDeviation, answer.sd))
      #expect(close(moments.populationDeviation, answer.populationSd))
      let t = ConfidenceInterval.t(pair[0])
      // Nor an interval; ours has no width.
      if answer.t[0] != nil {
        #expect(close(t?.lower, answer.t[0]) && close(t?.upper, answer.t[1]))
      }

      let bootstrap = MeanBootstrap(pair[0], replicates: answer.replicates)
      for (method, name) in [(MeanBootstrap.Method.percentile, "percentile"), (.bca, "BCa")] {
        let ours = bootstrap.interval(method, isExpanded: false)
        let theirs = try #require(answer.bootstraps[name])
        // SciPy has no answer where all values are equal.
        guard theirs[0] != nil else { continue }
        // Few values make many resamples that permute them; SciPy ranks these by their last bits.
        let slack = method == .bca && pair[0].count < 13 ? 0.03 * (t?.halfWidth ?? 0) : 0
        #expect(
          close(ours?.lower, theirs[0], slack) && close(ours?.upper, theirs[1], slack),
          "\(name) of \(pair[0]): \(String(describing: ours)), not \(theirs)")
      }

      let compared = PairedComparison(pair[0], pair[1], using: &rng)
      #expect(close(compared.shift, answer.shift[0]))
      let differences = compared.differences
      if differences.count <= 60, Set(differences.map(abs)).count == differences.count {
        let interval = SignedRankShift(differences).interval(level: 0.95)
        #expect(
          close(interval?.lower, answer.shift[1]) && close(interval?.upper, answer.shift[2]),
          "shift of \(differences.count): \(String(describing: interval)), not \(answer.shift)")
      }
      if let p = answer.wilcoxon[1] {
        #expect(compared.test.statistic == answer.wilcoxon[0])
        #expect(close(compared.test.pValue, p), "Wilcoxon of \(pair[0].count)")
      }
      #expect(close(compared.cohensD, answer.cohensD))
      #expect(close(compared.cliffsDelta, answer.cliffsDelta))
    }
    for (ours, theirs) in zip(MultipleTesting.holm(answers.p), answers.holm) {
      #expect(close(ours, theirs))
    }
    for row in answers.tQuantiles {
      #expect(close(StudentT(degrees: row[0]).quantile(upperTail: row[1]), row[2]))
    }
  }

  private func close(_ a: Double?, _ b: Double?, _ slack: Double = 0) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    return abs(a - b) <= slack + 1e-9 * max(1, abs(b))
  }
}

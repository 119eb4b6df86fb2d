import Fitting
import Foundation
import Testing
import Workload

/// The exhaustive scan: every distinct value as xmin, every point of its tail.
private func exhaustive(_ values: [Double], _ options: TailOptions) -> (xmin: Double, d: Double)? {
  guard let sample = try? TailSample(values) else { return nil }
  var best: (xmin: Double, d: Double)?
  for xmin in Set(values).sorted() {
    guard let tail = try? sample.powerLaw(xmin: xmin, options) else { continue }
    guard tail.tailCount >= options.minimumTail else { continue }
    if let range = options.exponents, !range.contains(tail.exponent) { continue }
    if best == nil || tail.distance < best!.d { best = (xmin, tail.distance) }
  }
  return best
}

@Suite struct TailTests {
  /// Samples of every kind the search meets: pure and mixed laws, ties, wide and narrow ranges.
  static func samples() throws -> [[Double]] {
    let pareto = try Pareto(shape: 1.5, scale: 10)
    let body = try Lognormal(mu: 3, sigma: 1.2)
    var all: [[Double]] = []
    for seed in 0..<40 as Range<UInt64> {
      var g = stream("tails", seed: seed)
      let count = 2 + g.below(220)
      let values = (0..<count).map { _ in
        g.uniform() < 0.5 ? pareto.sample(using: &g) : body.sample(using: &g)
      }
      switch seed % 5 {
      case 0: all.append(values)
      case 1: all.append(values.map { $0.rounded(.up) })
      case 2: all.append(values.map { ($0 / 20).rounded(.up) })
      case 3: all.append(values.map { 1 + $0 * 1e-12 })
      default: all.append(values.map { pow($0, 8) })
      }
    }
    return all
  }

  @Test func searchEqualsExhaustiveScan() throws {
    let choices = [
      TailOptions(), TailOptions(statistic: .below), TailOptions(exponents: 1...3),
      TailOptions(minimumTail: 30),
    ]
    var compared = 0
    for values in try Self.samples() {
      for options in choices {
        let found = try? TailSample(values).powerLaw(options)
        let truth = exhaustive(values, options)
        #expect((found == nil) == (truth == nil))
        guard let found, let truth else { continue }
        // The two sum logarithms in different orders: equal up to rounding.
        #expect(abs(found.distance - truth.d) < 1e-12, "\(found) is not \(truth)")
        if found.xmin != truth.xmin {
          let there = try TailSample(values).powerLaw(xmin: found.xmin, options)
          #expect(abs(there.distance - truth.d) < 1e-12, "no tie: \(found), \(truth)")
        }
        compared += 1
      }
    }
    #expect(compared > 120)
  }

  /// Scaling the data scales xmin and changes nothing else; order does not matter.
  @Test func invariance() throws {
    // Samples within 1e-10 of 1 are left out: there, scaling costs the logarithms their digits.
    for values in try Self.samples().filter({ $0.max()! > 1.1 * $0.min()! }).prefix(15) {
      let tail = try TailSample(values).powerLaw()
      let scaled = try TailSample(values.reversed().map { $0 * 1024 }).powerLaw()
      #expect(scaled.tailCount == tail.tailCount || abs(scaled.distance - tail.distance) < 1e-10)
      #expect(abs(scaled.distance - tail.distance) < 1e-9)
      #expect(tail.distance > 0 && tail.distance <= 1 && tail.exponent > 1)
      let curve = try TailSample(values).distanceCurve()
      #expect(curve.allSatisfy { $0.distance >= tail.distance - 1e-12 && $0.exponent > 1 })
      #expect(
        abs((curve.map(\.distance).min() ?? 0) - tail.distance) < 1e-9, "every point is on it")
    }
  }

  @Test func sortsLikeTheStandardLibrary() {
    var g = stream("sort")
    for count in [0, 1, 255, 256, 5000] {
      let values = (0..<count).map { _ in (g.uniform() - 0.3) * pow(10, Double(g.below(40)) - 20) }
      #expect(sortedAscending(values) == values.sorted())
    }
  }

  @Test func badInputIsAnswered() throws {
    #expect(throws: FittingError.tooFew(count: 0, needed: 2, purpose: "a power-law tail")) {
      try TailSample([]).powerLaw()
    }
    #expect(throws: FittingError.tooFew(count: 1, needed: 2, purpose: "a power-law tail")) {
      try TailSample([7]).powerLaw()
    }
    #expect(throws: FittingError.allEqual(value: 7, count: 3)) {
      try TailSample([7, 7, 7]).powerLaw()
    }
    #expect(throws: FittingError.self) { try TailSample([1, 0, 2]) }
    #expect(throws: FittingError.self) { try TailSample([1, .nan]) }
    #expect(throws: FittingError.self) {
      try TailSample([1, 2, 3, 9]).powerLaw(TailOptions(exponents: 50...60))
    }
    let two = try TailSample([1, 2]).powerLaw()
    #expect(two.exponent.isFinite && two.warnings.count == 1)
    // Whole seconds: answered, with the ties said.
    let ties = try TailSample((0..<400).map { Double(1 + $0 % 7) }).powerLaw()
    #expect(ties.distance.isFinite && ties.warnings.contains { $0.contains("distinct") })
  }

  @Test func pValueIsTheSameOnAnyThreadCount() async throws {
    let sample = try TailSample(Pareto(shape: 1.5, scale: 1).draw(300, "p"))
    let tail = try sample.powerLaw()
    let named = stream("bootstrap", seed: 3)
    var answers: [BootstrapPValue] = []
    for threads in [1, 2, 5] {
      answers.append(
        await sample.pValue(of: tail, .init(replicates: 60), threads: threads) { named.at($0) })
    }
    #expect(answers[0] == answers[1] && answers[1] == answers[2] && answers[0].replicates == 60)
    #expect(answers[0].value > 0.02)
    #expect(BootstrapPrecision(standardError: 0.01).replicates == 2500)
  }

  @Test func pValueRejectsWhatIsNoPowerLaw() async throws {
    let sample = try TailSample(Exponential(rate: 1).draw(1000, "not a power law"))
    let named = stream("bootstrap")
    let tail = try sample.powerLaw(TailOptions(minimumTail: 500))
    let p = await sample.pValue(of: tail, .init(replicates: 60), threads: 2) { named.at($0) }
    #expect(p.value < 0.05)
    let verdict = try sample.compare(tail, with: .exponential)
    #expect(verdict.verdict() == .alternative && verdict.ratio < 0)
    #expect(verdict.sentence().hasPrefix("exponential preferred to power law, R = -"))
  }

  /// A sample closer to the power law than any member of a family that has it as its limit.
  @Test func alternativesAtTheirLimitSaySo() throws {
    // Quantiles of a law with a heavier tail than its Hill estimate: log-values with E[t²] > 2E[t]².
    let values = (1...500).map { exp(pow(-log(Double($0) / 501), 1.5) / 2.2) }
    let sample = try TailSample(values)
    let tail = try sample.powerLaw(xmin: values.min()!)
    for alternative in [TailAlternative.lognormal, .stretchedExponential, .truncatedPowerLaw] {
      let result = try sample.compare(tail, with: alternative)
      #expect(result.isPowerLawLimit && result.ratio == 0 && result.pValue == 1)
      #expect(result.verdict() == .undecided)
      #expect(relative(result.logLikelihood, sample.logLikelihood(of: tail)) < 1e-12)
    }
  }
}

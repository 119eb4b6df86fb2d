import Fitting
import Foundation
import Testing

/// Against mpmath at 40 digits, computed when the tests run.
@Suite(
  .enabled(if: Place.python != nil, "needs TRACEMILL_PYTHON or .venv with Tests/requirements.txt"))
struct SpecialFunctionTests {
  static let prelude = """
    import json
    from mpmath import mp, mpf
    mp.dps = 40
    def q(a, x): return mp.gammainc(a, x, mp.inf, regularized=True)
    def p(a, x): return mp.gammainc(a, 0, x, regularized=True)
    def out(values): print(json.dumps([float(v) for v in values]))

    """

  func compare(
    _ script: String, _ values: [Double], tolerance: Double,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let expected = try python(Self.prelude + script)
    try #require(expected.count == values.count)
    for (index, pair) in zip(values, expected).enumerated() {
      #expect(
        relative(pair.0, pair.1) < tolerance, "\(index): \(pair.0) is not \(pair.1)",
        sourceLocation: sourceLocation)
    }
  }

  @Test func normal() throws {
    let z = [-38.0, -8, -1.5, -0.5, 0, 0.3, 1, 5, 12, 24.9, 25.1, 37.5, 200]
    let list = "[\(z.map { "\($0)" }.joined(separator: ","))]"
    try compare(
      "out([mp.log1p(-mp.erfc(-mpf(z)/mp.sqrt(2))/2) if z < 0 else mp.log(mp.erfc(mpf(z)/mp.sqrt(2))/2) for z in \(list)])",
      z.map(logNormalSurvival), tolerance: 1e-14)
    try compare(
      "out([mp.npdf(z)/(mp.erfc(mpf(z)/mp.sqrt(2))/2) for z in \(list)])", z.map(normalHazard),
      tolerance: 3e-13)
    for level in [-1e-300, -1e-18, -1e-5, -0.1, -0.69, -0.7, -1, -10, -690, -1e5, -1e8] {
      let z = normalQuantile(logSurvival: level)
      #expect(relative(logNormalSurvival(z), level) < 4e-13, "level \(level)")
    }
    for y in [1e-300, 1e-10, 0.3, 1, 1.7, 2 - 1e-10] {
      try compare("out([mp.erfc(mpf(\(inverseErfc(y))))])", [y], tolerance: 1e-12)
    }
  }

  @Test func digammas() throws {
    let x = [1e-6, 0.1, 0.5, 1, 1.4616321449683623, 3.3, 9.9, 10, 250, 1e8]
    let list = "[\(x.map { "\($0)" }.joined(separator: ","))]"
    let expected = try python(Self.prelude + "out([mp.digamma(v) for v in \(list)])")
    for (value, truth) in zip(x.map(digamma), expected) {
      #expect(abs(value - truth) <= 2e-15 * max(1, abs(truth)))
    }
    try compare("out([mp.polygamma(1, v) for v in \(list)])", x.map(trigamma), tolerance: 1e-14)
  }

  @Test func incompleteGamma() throws {
    let points: [(Double, Double)] = [
      (0.1, 1e-9), (0.1, 0.05), (0.1, 3), (0.5, 1), (1, 69), (2.5, 0.01), (2.5, 40), (9.9, 11),
      (12, 5), (30, 30), (100, 80), (100, 130), (1000, 1000), (1000, 1200), (1e5, 1.003e5),
    ]
    let list = "[\(points.map { "(\($0.0),\($0.1))" }.joined(separator: ","))]"
    try compare(
      "out([mp.log(p(mpf(a), mpf(x))) for a, x in \(list)])",
      points.map { logIncompleteGamma($0.0, $0.1).lower }, tolerance: 2e-11)
    try compare(
      "out([mp.log(q(mpf(a), mpf(x))) for a, x in \(list)])",
      points.map { logIncompleteGamma($0.0, $0.1).upper }, tolerance: 2e-11)
    try compare(
      "out([q(mpf(1)/2, mpf(x)/2) for x in [0.001, 1, 7.09, 60, 1400]])",
      [0.001, 1, 7.09, 60, 1400].map { chiSquareSurvival($0, degrees: 1) }, tolerance: 1e-12)
  }

  /// Γ(a, x) for negative a, and the moments that are its derivatives.
  @Test func upperGammaOfAnyOrder() throws {
    let points: [(Double, Double)] = [
      (-0.86, 6e-3), (-0.5, 1e-8), (-1, 0.3), (-1e-9, 1e-5), (0, 2), (0.7, 1e-4), (-9.3, 0.2),
      (-2, 50), (-40, 1e-6), (1.5, 0.1), (3, 1), (0.5, 800),
    ]
    let list = "[\(points.map { "(\($0.0),\($0.1))" }.joined(separator: ","))]"
    try compare(
      "out([mp.log(mp.gammainc(mpf(a), mpf(x), mp.inf)) for a, x in \(list)])",
      points.map {
        $0.0 * log($0.1) - $0.1 + ExponentialTilt.upper($0.0, $0.1).logIntegral
      }, tolerance: 1e-12)
    let fast: [(Double, Double)] =
      points + [(-0.86, 0.9), (-0.86, 1.1), (-3.5, 0.02), (-3.5, 40), (0.2, 0.9), (-0.02, 1e-7)]
    let fastList = "[\(fast.map { "(\($0.0),\($0.1))" }.joined(separator: ","))]"
    try compare(
      "out([mp.log(mp.gammainc(mpf(a), mpf(x), mp.inf)) for a, x in \(fastList)])",
      fast.map { $0.0 * log($0.1) - $0.1 + logScaledUpperGamma($0.0, $0.1) }, tolerance: 1e-11)
    let moments = points.map { ExponentialTilt.upper($0.0, $0.1) }
    try compare(
      """
      def w(a, x, g):
        f = lambda u: mp.exp(a*u - x*mp.expm1(u))
        cuts = [0, 0.01, 0.1, 0.3, 1, 2, 4, 8, 16, 32]
        return mp.quad(lambda u: g(u)*f(u), cuts) / mp.quad(f, cuts)
      out([w(mpf(a), mpf(x), lambda u: u) for a, x in \(list)])
      """, moments.map(\.mean), tolerance: 1e-11)
    let lower: [(Double, Double)] = [(0.2, 0.5), (1, 3), (2.5, 0.01), (20, 18), (5, 40)]
    let lowerList = "[\(lower.map { "(\($0.0),\($0.1))" }.joined(separator: ","))]"
    try compare(
      "out([mp.log(mp.gammainc(mpf(a), 0, mpf(x))) - mpf(a)*mp.log(mpf(x)) + mpf(x) for a, x in \(lowerList)])",
      lower.map { ExponentialTilt.lower($0.0, $0.1).logIntegral }, tolerance: 1e-11)
  }

  @Test func kolmogorov() throws {
    let t = [0.2, 0.5, 0.9, 1.17, 1.19, 1.36, 2, 4]
    let list = "[\(t.map { "\($0)" }.joined(separator: ","))]"
    let expected = try python(
      "import json, scipy.special as s; print(json.dumps([float(s.kolmogorov(t)) for t in \(list)]))"
    )
    for (value, truth) in zip(t.map(kolmogorovLimitSurvival), expected) {
      #expect(abs(value - truth) < 1e-12)
    }
    let exact = try python(
      "import json, scipy.stats as s; print(json.dumps([float(s.kstwo.sf(d, n)) for n, d in [(10, .3), (10, .5), (100, .1), (1000, .06)]]))"
    )
    let ours = [(10, 0.3), (10, 0.5), (100, 0.1), (1000, 0.06)].map {
      kolmogorovSurvival(distance: $0.1, count: $0.0)
    }
    for (value, truth) in zip(ours, exact) { #expect(abs(value - truth) < 0.01) }
  }
}

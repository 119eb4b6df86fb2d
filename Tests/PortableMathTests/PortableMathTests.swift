import Foundation
import PortableMath
import Testing

/// Against the platform's library, whose errors are below 1 ulp or so.
@Suite struct PortableMathTests {
  private typealias Function = (Double) -> Double

  /// The greatest error in units of `relative` (and of `absolute` near 0) over a range.
  private static func worst(
    _ mine: Function, _ theirs: Function, _ range: ClosedRange<Double>, absolute: Double = 0
  ) -> Double {
    var worst = 0.0
    for step in 0...20_000 {
      let x = range.lowerBound + (range.upperBound - range.lowerBound) * Double(step) / 20_000
      let (a, b) = (mine(x), theirs(x))
      guard a != b else { continue }
      worst = max(worst, abs(a - b) / max(abs(b), absolute, .leastNormalMagnitude))
    }
    return worst / 0x1p-53
  }

  @Test func `functions agree with the platform's to a few units in the last place`() {
    #expect(Self.worst(PortableMath.exp, Foundation.exp, -744...709.7) < 3)
    #expect(Self.worst(PortableMath.exp, Foundation.exp, -1...1) < 3)
    #expect(Self.worst(PortableMath.log, Foundation.log, 1e-3...1e3) < 3)
    #expect(Self.worst(PortableMath.log1p, Foundation.log1p, -0.999...10) < 5)
    #expect(Self.worst(PortableMath.log1p, Foundation.log1p, -1e-6...1e-6) < 5)
    #expect(Self.worst(PortableMath.expm1, Foundation.expm1, -50...50) < 8)
    #expect(Self.worst(PortableMath.expm1, Foundation.expm1, -1e-6...1e-6) < 5)
    #expect(Self.worst(PortableMath.erfc, Foundation.erfc, -6...26.5) < 12)
    #expect(Self.worst(PortableMath.sin, Foundation.sin, -13...13, absolute: 1) < 6)
    #expect(Self.worst(PortableMath.sinh, Foundation.sinh, -20...20) < 12)
    #expect(Self.worst(PortableMath.cosh, Foundation.cosh, -20...20) < 4)
    #expect(Self.worst(PortableMath.logGamma, { lgamma($0) }, 1e-6...60, absolute: 1) < 80)
    #expect(Self.worst(PortableMath.gamma, { tgamma($0) }, 0.01...60) < 1000)
    #expect(Self.worst(PortableMath.gamma, { tgamma($0) }, (-0.99)...(-0.01)) < 100)
    #expect(Self.worst({ PortableMath.pow($0, 1.7) }, { Foundation.pow($0, 1.7) }, 0.01...50) < 24)
    #expect(
      Self.worst(
        { PortableMath.pow(10, $0.rounded()) }, { Foundation.pow(10, $0.rounded()) }, -22...22) < 3)
  }

  @Test func `ends are those of the standard`() {
    #expect(PortableMath.exp(-.infinity) == 0 && PortableMath.exp(.infinity) == .infinity)
    #expect(PortableMath.exp(-1000) == 0 && PortableMath.exp(1000) == .infinity)
    #expect(PortableMath.exp(0) == 1 && PortableMath.exp(.nan).isNaN)
    #expect(PortableMath.exp(-745) > 0 && PortableMath.exp(-745) == Foundation.exp(-745))
    #expect(PortableMath.log(0) == -.infinity && PortableMath.log(-1).isNaN)
    #expect(PortableMath.log(.infinity) == .infinity && PortableMath.log(1) == 0)
    #expect(PortableMath.log(5e-324) == Foundation.log(5e-324))
    #expect(PortableMath.log1p(-1) == -.infinity && PortableMath.log1p(-2).isNaN)
    #expect(PortableMath.log1p(.infinity) == .infinity && PortableMath.log1p(1e-300) == 1e-300)
    #expect(PortableMath.log1p(1e300) == PortableMath.log(1e300))
    #expect(PortableMath.expm1(-.infinity) == -1 && PortableMath.expm1(.infinity) == .infinity)
    #expect(PortableMath.expm1(1e-300) == 1e-300 && PortableMath.expm1(0) == 0)
    #expect(PortableMath.pow(0, 0.5) == 0 && PortableMath.pow(0, -0.5) == .infinity)
    #expect(PortableMath.pow(2, 10) == 1024 && PortableMath.pow(-2, 3) == -8)
    #expect(abs(PortableMath.erfc(0) - 1) < 1e-15 && PortableMath.erfc(.infinity) == 0)
    #expect(PortableMath.erfc(-.infinity) == 2 && PortableMath.erfc(.nan).isNaN)
    #expect(PortableMath.logGamma(.infinity) == .infinity && PortableMath.logGamma(0) == .infinity)
    #expect(abs(PortableMath.logGamma(1)) < 1e-14 && abs(PortableMath.gamma(5) - 24) < 1e-12)
  }

  @Test func `bits are those of any other machine`() {
    // FNV-1a over results of every function: the same number on every platform, or the same seed does
    // not give the same workload there.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    let functions: [Function] = [
      PortableMath.exp, PortableMath.log, PortableMath.log1p, PortableMath.expm1, PortableMath.exp2,
      PortableMath.sin, PortableMath.sinh, PortableMath.cosh, PortableMath.erfc,
      PortableMath.logGamma, PortableMath.gamma, { PortableMath.pow($0, 2.5) },
    ]
    for function in functions {
      for step in 1...5000 {
        hash = (hash ^ function(Double(step) * 0.00390625).bitPattern) &* 0x100_0000_01b3
      }
    }
    #expect(hash == 814_130_868_458_077_971)
  }
}

import CVectorMath
import Foundation
import Testing
import Workload

/// The array functions: accuracy, and the same bits whatever the instructions.
@Suite struct TransformTests {
  private static let functions: [(CVMFunction, @Sendable (Double) -> Double)] = [
    (CVMFunctionLog, cvm_log), (CVMFunctionExp, cvm_exp),
    (CVMFunctionNormalQuantile, cvm_normal_quantile),
    (CVMFunctionNormalProbability, cvm_normal_probability),
  ]

  private func arguments(_ function: CVMFunction, _ count: Int) -> [Double] {
    var rng = RandomStream(seed: 3, name: "transforms")
    return (0..<count).map { index in
      let u = rng.openUniform()
      if function == CVMFunctionNormalProbability { return 18 * u - 9 }
      if function == CVMFunctionExp { return index % 2 == 0 ? 6 * u - 3 : 1417 * u - 708 }
      // Both tails down to 2^-53 as often as the middle.
      let tail = max(exp2(-53 * u), 0x1p-53)
      return index % 3 == 0 ? u : index % 3 == 1 ? tail : 1 - tail / 2
    }
  }

  @Test(arguments: 0..<4) func `all instructions give the bits of one at a time`(place: Int) {
    let (function, single) = Self.functions[place]
    let x = arguments(function, 10_003)
    let expected = x.map { single($0).bitPattern }
    for level in [CVMInstructionsBaseline, CVMInstructionsAVX2, CVMInstructionsAVX512] {
      var y = [Double](repeating: 0, count: x.count)
      cvm_transform_with(level, function, x, &y, x.count)
      #expect(y.map(\.bitPattern) == expected)
    }
  }

  @Test func `single precision rounds what double precision gives`() {
    for count in [1, 7, 8, 10_003] {
      let x = arguments(CVMFunctionExp, count).map { Float($0 / 4) }
      let positive = arguments(CVMFunctionLog, count).map { Float($0) }
      for level in [CVMInstructionsBaseline, CVMInstructionsAVX2, CVMInstructionsAVX512] {
        var (e, l) = ([Float](repeating: 0, count: count), [Float](repeating: 0, count: count))
        cvm_exp_floats_with(level, x, &e, count)
        cvm_log_floats_with(level, positive, &l, count)
        #expect(e.map(\.bitPattern) == x.map { Float(cvm_exp(Double($0))).bitPattern })
        #expect(l.map(\.bitPattern) == positive.map { Float(cvm_log(Double($0))).bitPattern })
      }
    }
  }

  @Test func `exponentials are within an ulp`() {
    for x in arguments(CVMFunctionExp, 30_000) {
      #expect(abs(cvm_exp(x) - exp(x)) <= exp(x).ulp)
    }
    #expect(cvm_exp(0) == 1 && cvm_exp(1e9) == cvm_exp(709) && cvm_exp(-1e9) == cvm_exp(-708))
  }

  /// Against erfc, whose relative error next to the quantile's is that of the argument.
  @Test func `normal quantiles invert the normal law`() {
    for p in arguments(CVMFunctionNormalQuantile, 30_000) {
      let z = cvm_normal_quantile(p)
      let tail = p < 0.5 ? p : 1 - p
      let back = 0.5 * erfc(abs(z) / 2.0.squareRoot())
      // d log Q / dz is at most |z| + 1.
      #expect(abs(back / tail - 1) < 4e-15 * (abs(z) + 1) * (abs(z) + 1), "\(p)")
      #expect(z.sign == (p < 0.5 ? .minus : .plus) || p == 0.5)
    }
    #expect(cvm_normal_quantile(0.5) == 0)
    #expect(abs(cvm_normal_quantile(0.975) - 1.959963984540054) < 1e-15)
  }

  @Test func `normal probabilities are right`() {
    for z in arguments(CVMFunctionNormalProbability, 30_000) {
      let truth = 0.5 * erfc(-z / 2.0.squareRoot())
      #expect(abs(cvm_normal_probability(z) - truth) <= 1e-15)
      if z < 0, z > -7 { #expect(abs(cvm_normal_probability(z) / truth - 1) < 1e-8) }
    }
  }

  @Test func `words of a stream are reached without those before`() {
    var stream = RandomStream(seed: 9, name: "words").at(5)
    let words = (0..<50).map { _ in stream.next() }
    let fresh = RandomStream(seed: 9, name: "words").at(5)
    #expect((0..<50).map { fresh.word(UInt64($0)) } == words)
    for first in 0..<6 {
      for count in [0, 1, 3, 4, 9] {
        var values = [Double](repeating: 0, count: count)
        values.withUnsafeMutableBufferPointer {
          fresh.openUniforms(from: UInt64(first), into: $0)
        }
        #expect(values == words[first..<first + count].map(RandomStream.openUniform))
      }
    }
  }
}

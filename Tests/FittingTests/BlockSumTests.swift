import CVectorMath
import Fitting
import Foundation
import Testing
import Workload

/// The vectorised pass over a column: accuracy, and the same bits whatever the instructions.
@Suite struct BlockSumTests {
  /// Positive finite doubles, every bit pattern alike: all magnitudes.
  private func anyDoubles(_ count: Int, _ g: inout RandomStream) -> [Double] {
    (0..<count).map { _ in Double(bitPattern: 1 + g.next() % (0x7fef_ffff_ffff_ffff)) }
  }

  /// Greatest difference from the C library's logarithm, in ulps of the latter.
  private func worst(_ values: [Double]) -> Double {
    values.map { x in
      let truth = log(x)
      let error = abs(cvm_log(x) - truth)
      return error == 0 ? 0 : error / truth.ulp
    }.max()!
  }

  @Test func logarithmsAreAccurate() {
    var g = stream("logarithms")
    #expect(worst(anyDoubles(100_000, &g)) <= 1)
    // Around 1, where the logarithm itself is small.
    let around: [Double] = (0..<100_000).map { _ in 0.5 + 1.5 * g.uniform() }
    #expect(worst(around) <= 1)
    let steps: [Double] = (1...52).map { scalbn(1.0, -$0) }
    #expect(worst(steps.map { 1 + $0 } + steps.map { 1 - $0 }) <= 1)
    // Subnormal numbers, and the ends of every binade.
    let subnormal = (0..<100_000).map { _ in Double(bitPattern: 1 + g.next() >> 12) }
    #expect(worst(subnormal) <= 1)
    let powers: [Double] = (-1074...1023).map { scalbn(1.0, $0) }
    for values in [
      powers, powers.map(\.nextUp), powers.dropFirst().map(\.nextDown),
      powers.map { $0 * 0.5.squareRoot() }.filter { $0 > 0 },
      [.leastNonzeroMagnitude, .greatestFiniteMagnitude],
    ] { #expect(worst(values) <= 1) }
    #expect(cvm_log(1) == 0 && cvm_log(0) == -.infinity && cvm_log(.infinity) == .infinity)
    #expect(cvm_log(-1).isNaN && cvm_log(.nan).isNaN)
  }

  private func bits(_ sums: CVMBlockSums) -> [UInt64] {
    [sums.sum, sums.squares, sums.logSum, sums.logSquares, sums.minimum, sums.maximum]
      .map(\.bitPattern)
  }

  /// Eight running sums in plain arithmetic.
  private func plainSums(_ values: [Double], _ origin: Double, _ logOrigin: Double) -> [UInt64] {
    func total(_ term: (Double) -> Double) -> UInt64 {
      var lanes = [Double](repeating: 0, count: 8)
      for (index, value) in values.enumerated() { lanes[index % 8] += term(value) }
      let (even, odd) =
        (
          (lanes[0] + lanes[4]) + (lanes[2] + lanes[6]),
          (lanes[1] + lanes[5]) + (lanes[3] + lanes[7])
        )
      return (even + odd).bitPattern
    }
    return [
      total { $0 - origin }, total { ($0 - origin) * ($0 - origin) },
      total { cvm_log($0) - logOrigin },
      total { (cvm_log($0) - logOrigin) * (cvm_log($0) - logOrigin) },
      values.min()!.bitPattern, values.max()!.bitPattern,
    ]
  }

  @Test func bitsDoNotDependOnTheInstructions() {
    var g = stream("instructions")
    for count in [8, 16, 64, 1000, 4096] {
      let near = (0..<count).map { _ in 10 * exp(g.uniform() * 9) }
      // All magnitudes below 2^500, so that squares are finite.
      let wide = anyDoubles(count, &g).map { $0 > 0x1p500 ? $0 * 0x1p-600 : $0 }
      for values in [near, wide, near.map { $0 * 0x1p-1060 }] {
        let (origin, logOrigin) = (values[count / 2], cvm_log(values[count / 2]))
        let plain = plainSums(values, origin, logOrigin)
        #expect(bits(cvm_block_sums(values, count, origin, logOrigin)) == plain)
        for instructions in [
          CVMInstructionsBaseline, CVMInstructionsAVX2, CVMInstructionsAVX512,
        ] where instructions.rawValue <= cvm_best_instructions().rawValue {
          let sums = cvm_block_sums_with(instructions, values, count, origin, logOrigin)
          #expect(sums.isUsable && bits(sums) == plain, "\(instructions) \(count)")
        }
      }
    }
  }

  @Test(arguments: [0, -0.0, -1, -0x1p-1074, .nan, -.nan, .infinity, -.infinity] as [Double])
  func unusableValuesAreSeen(bad: Double) throws {
    for position in [0, 7, 8, 62, 63, 64, 4159, 4160, 4999] {
      var values = (1...5000).map(Double.init)
      let good = values[..<position] + values[(position + 1)...]
      values[position] = bad
      var expected = Screening()
      _ = expected.accepts(bad)
      #expect(throws: FittingError.unusableValues(expected)) {
        try SampleStatistics(screening: values)
      }
      var seen = Screening()
      var statistics = SampleStatistics()
      statistics.add(contentsOf: values, screening: &seen)
      let truth = SampleStatistics(Array(good))
      #expect(seen == expected && statistics.count == 4999)
      #expect(statistics.minimum == truth.minimum && statistics.maximum == truth.maximum)
      #expect(relative(statistics.values.mean, truth.values.mean) < 1e-14)
      #expect(relative(statistics.logarithms.mean, truth.logarithms.mean) < 1e-14)
      #expect(relative(statistics.logarithms.variance, truth.logarithms.variance) < 1e-12)
    }
    let dropped = try SampleStatistics(screening: [bad, bad, 2], policy: .drop)
    #expect(dropped.count == 1 && dropped.maximum == 2)
  }

  /// An outlier in front, as the first block's origin, costs no digits.
  @Test func theFirstValueMayBeFarOff() {
    var g = stream("outlier")
    let rest = (0..<20_000).map { _ in 1 + g.uniform() * 1e-3 }
    for first in [1e12, 1e-300] {
      let logs = ([first] + rest).map { log($0) }
      let mean = logs.reduce(0, +) / 20_001
      let variance = logs.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_001
      let statistics = SampleStatistics([first] + rest)
      #expect(relative(statistics.logarithms.mean, mean) < 1e-12)
      #expect(relative(statistics.logarithms.variance, variance) < 1e-12)
    }
  }
}

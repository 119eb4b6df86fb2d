import CNeural
import CNeuralPlain
import Foundation
import PortableMath
import Testing
import Workload

/// The kernels give the same bits as a processor without wide vectors would, and the right numbers.
@Suite struct KernelTests {
  /// Rows, inputs and outputs: around blocks and tiles, one of each, and those of the shipped networks.
  static let shapes = [
    (1, 1, 1), (1, 50, 128), (2, 3, 5), (5, 16, 16), (6, 17, 15), (7, 32, 33), (13, 12, 64),
    (256, 32, 32), (257, 32, 1), (300, 50, 128), (64, 128, 101), (600, 7, 1), (515, 300, 18),
  ]

  private func numbers(_ count: Int, _ seed: UInt64) -> [Float] {
    var rng = RandomStream(seed: seed, name: "kernels")
    return (0..<count).map { _ in Float(rng.uniform() * 2 - 1) }
  }

  private func same(_ a: [Float], _ b: [Float]) -> Bool {
    zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern }
  }

  /// The largest difference from `expected`, in units of its rounding.
  private func error(_ values: [Float], _ expected: [Double], terms: Int) -> Double {
    zip(values, expected).map { abs(Double($0) - $1) }.max()! / (Double(terms).squareRoot() * 1e-6)
  }

  @Test(arguments: shapes.indices)
  func products(_ index: Int) {
    let (rows, inputs, outputs) = Self.shapes[index]
    let (x, w) = (numbers(rows * inputs, 1), numbers(inputs * outputs, 2))
    let d = numbers(rows * outputs, 3)

    var (y, plainY) = (numbers(rows * outputs, 4), numbers(rows * outputs, 5))
    cnn_product(x, w, &y, rows, inputs, outputs)
    plain_product(x, w, &plainY, rows, inputs, outputs)
    #expect(same(y, plainY))
    var expected = [Double](repeating: 0, count: rows * outputs)
    for r in 0..<rows {
      for i in 0..<inputs {
        for j in 0..<outputs {
          expected[r * outputs + j] += Double(x[r * inputs + i]) * Double(w[i * outputs + j])
        }
      }
    }
    #expect(error(y, expected, terms: inputs) < 1)

    var (g, plainG) = (numbers(inputs * outputs, 6), numbers(inputs * outputs, 6))
    var gradient = g.map { Double($0) }
    cnn_weight_gradient(x, d, &g, rows, inputs, outputs)
    plain_weight_gradient(x, d, &plainG, rows, inputs, outputs)
    #expect(same(g, plainG))
    for r in 0..<rows {
      for i in 0..<inputs {
        for j in 0..<outputs {
          gradient[i * outputs + j] += Double(x[r * inputs + i]) * Double(d[r * outputs + j])
        }
      }
    }
    #expect(error(g, gradient, terms: rows + 1) < 1)

    var turned = [Float](repeating: .nan, count: inputs * outputs)
    var (dx, plainDX) = (numbers(rows * inputs, 7), numbers(rows * inputs, 8))
    cnn_input_gradient(d, w, &turned, &dx, rows, inputs, outputs)
    plain_input_gradient(d, w, &turned, &plainDX, rows, inputs, outputs)
    #expect(same(dx, plainDX))
    var back = [Double](repeating: 0, count: rows * inputs)
    for r in 0..<rows {
      for i in 0..<inputs {
        for j in 0..<outputs {
          back[r * inputs + i] += Double(d[r * outputs + j]) * Double(w[i * outputs + j])
        }
      }
    }
    #expect(error(dx, back, terms: outputs) < 1)
  }

  /// The hyperbolic tangent, to one unit of the last place.
  @Test func tangents() {
    var values: [Float] = (0..<2000).map { (Float($0) - 1000) * 0.011 } + [1e-30, -1e-6, 0.015, 30]
    let arguments = values
    cnn_bias(&values, [Float](repeating: 0, count: values.count), 1, values.count, 2)
    for (x, y) in zip(arguments, values) {
      let expected = Foundation.tanh(Double(x))
      #expect(abs(Double(y) - expected) <= Double(Float(expected).ulp) * 0.51, "\(x)")
    }
  }

  @Test func theOthersAreAlikeToo() {
    for (rows, inputs, hidden) in [(1, 32, 32), (9, 32, 64), (40, 50, 128), (3, 5, 33)] {
      let (x, w, b) = (
        numbers(rows * inputs, 1), numbers(inputs * hidden, 2), numbers(hidden, 3)
      )
      var (y, plainY) = (numbers(rows * hidden, 4), numbers(rows * hidden, 5))
      cnn_dense(x, w, b, &y, rows, inputs, hidden, 1)
      plain_dense(x, w, b, &plainY, rows, inputs, hidden, 1)
      #expect(same(y, plainY))
      guard hidden % 32 == 0 else { continue }
      let (v, c) = (numbers(hidden, 6), numbers(1, 7))
      var (scores, plainScores) = (numbers(rows, 8), numbers(rows, 9))
      cnn_score(x, w, b, v, c, &scores, rows, inputs, hidden)
      plain_score(x, w, b, v, c, &plainScores, rows, inputs, hidden)
      #expect(same(scores, plainScores))
    }
    let count = 1003
    let gradient = numbers(count, 1)
    var (p, plainP) = (numbers(count, 2), numbers(count, 2))
    var (m, plainM) = (numbers(count, 3), numbers(count, 3))
    var v = numbers(count, 4).map { abs($0) }
    var plainV = v
    cnn_adam(&p, gradient, &m, &v, count, 0.3, 1e-3, 0.9, 0.999, 1e-8, 0.5, 0.1)
    plain_adam(&plainP, gradient, &plainM, &plainV, count, 0.3, 1e-3, 0.9, 0.999, 1e-8, 0.5, 0.1)
    #expect(same(p, plainP) && same(m, plainM) && same(v, plainV))
    for kind: Int32 in [1, 2] {
      var (d, plainD) = (numbers(count, 5), numbers(count, 5))
      cnn_unactivate(&d, gradient, count, kind)
      plain_unactivate(&plainD, gradient, count, kind)
      #expect(same(d, plainD))
    }
  }

  /// Softmax, entropy and slopes, bit for bit by their definitions with sums in order: one number at a time, with and
  /// without a mask, from probabilities that are alike to those of which all but one vanish.
  @Test func choices() {
    for count in [1, 2, 10, 15, 16, 17, 100, 131] {
      for scale: Float in [0.01, 3, 100, 3000] {
        for isMasked in [false, true] {
          let logits = numbers(count, UInt64(count)).map { $0 * scale }
          let mask = (0..<count).map { !isMasked || $0 % 3 != 1 }
          var (p, plainP) = (logits, logits)
          var (greatest, plainGreatest): (Float, Float) = (0, 0)
          let sum = cnn_softmax(&p, isMasked ? mask : nil, count, &greatest)
          let plainSum = plain_softmax(&plainP, isMasked ? mask : nil, count, &plainGreatest)
          let most = zip(logits, mask).filter(\.1).map(\.0).max()!
          let powers = zip(logits, mask).map { $1 ? PortableMath.expf($0 - most) : 0 }
          let expected = powers.reduce(0, +)
          #expect(
            sum == expected && plainSum == expected && greatest == most && plainGreatest == most)
          #expect(same(p, powers.map { $0 * (1 / expected) }) && same(p, plainP))

          var (slopes, plainSlopes) = (numbers(count, 1), numbers(count, 2))
          let h = cnn_choice_slopes(p, &slopes, count, 0, 0.7, 0.01, 0.25)
          let plainH = plain_choice_slopes(p, &plainSlopes, count, 0, 0.7, 0.01, 0.25)
          let entropy = p.reduce(Float(0)) { $1 > 0 ? $0 - $1 * PortableMath.logf($1) : $0 }
          #expect(h == entropy && plainH == entropy && same(slopes, plainSlopes))
          let exact = p.enumerated().map { index, p -> Float in
            let towards: Float = (index == 0 ? 1 : 0) - p
            return p > 0 ? 0.25 * (-0.7 * towards + 0.01 * p * (PortableMath.logf(p) + entropy)) : 0
          }
          #expect(same(slopes, exact))
        }
      }
    }
  }
}

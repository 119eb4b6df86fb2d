import PortableMath
import Workload

/// Evolution strategy with covariance matrix adaptation, for searches of up to some hundred dimensions.
///
/// Hansen, "The CMA evolution strategy: a tutorial" (arXiv:1604.00772), with its default constants. The
/// covariance is kept as its Cholesky factor, which rank-one updates change directly (Krause, Arbonès and Igel,
/// "CMA-ES with optimal covariance update and storage complexity", NIPS 2016): no eigenvalues are needed, since
/// the path of the step size follows the draws themselves. O(λ n²) for each generation. Same seed, same bytes.
public struct CMAES: Sendable {
  /// The centre of the search.
  public private(set) var mean: [Double]
  /// The step size.
  public private(set) var step: Double
  /// Generations so far.
  public private(set) var generation = 0
  /// Points a generation: λ.
  public let population: Int

  private let weights: [Double]
  private let effective: Double
  private let (stepRate, damping, pathRate, rankOne, rankMany):
    (Double, Double, Double, Double, Double)
  private let expectedLength: Double
  /// Lower triangle, row by row.
  private var factor: [Double]
  private var stepPath: [Double]
  private var path: [Double]
  private var draws: [[Double]] = []
  private var random: RandomStream

  /// A search around `mean`.
  ///
  /// - Parameters:
  ///   - mean: where it begins; n values.
  ///   - step: standard deviation of the first draws in each dimension (> 0).
  ///   - population: points a generation; 4 + 3 ln n by default.
  ///   - seed: what all chance comes from.
  public init(mean: [Double], step: Double, population: Int? = nil, seed: UInt64) {
    precondition(!mean.isEmpty && step > 0 && step.isFinite, "a search has dimensions and a step")
    let n = Double(mean.count)
    let lambda = population ?? 4 + Int(3 * PortableMath.log(n))
    precondition(lambda >= 2, "a generation has two points or more")
    let mu = lambda / 2
    var weights = (1...mu).map {
      PortableMath.log(Double(lambda + 1) / 2) - PortableMath.log(Double($0))
    }
    let sum = weights.reduce(0, +)
    weights = weights.map { $0 / sum }
    let effective = 1 / weights.reduce(0) { $0 + $1 * $1 }
    stepRate = (effective + 2) / (n + effective + 5)
    damping = 1 + 2 * max(0, ((effective - 1) / (n + 1)).squareRoot() - 1) + stepRate
    pathRate = (4 + effective / n) / (n + 4 + 2 * effective / n)
    rankOne = 2 / ((n + 1.3) * (n + 1.3) + effective)
    rankMany = min(
      1 - rankOne, 2 * (effective - 2 + 1 / effective) / ((n + 2) * (n + 2) + effective))
    expectedLength = n.squareRoot() * (1 - 1 / (4 * n) + 1 / (21 * n * n))
    self.weights = weights
    self.effective = effective
    self.population = lambda
    self.mean = mean
    self.step = step
    stepPath = Array(repeating: 0, count: mean.count)
    path = stepPath
    factor = Array(repeating: 0, count: mean.count * (mean.count + 1) / 2)
    for row in mean.indices { factor[Self.place(row, row)] = 1 }
    random = RandomStream(seed: seed, name: "cma-es")
  }

  /// The points of the next generation.
  public mutating func ask() -> [[Double]] {
    draws = (0..<population).map { _ in mean.map { _ in random.normal() } }
    return draws.map { draw in
      let turned = times(draw)
      return mean.indices.map { mean[$0] + step * turned[$0] }
    }
  }

  /// Goes on by how good the points of ``ask()`` were.
  ///
  /// - Parameter losses: one for each point, in their order; the smallest is the best, and what is not a
  ///   number the worst.
  public mutating func tell(_ losses: [Double]) {
    precondition(losses.count == draws.count && !draws.isEmpty, "each point has a loss")
    let order = losses.indices.sorted { a, b in
      let (x, y) = (losses[a], losses[b])
      if x.isNaN || y.isNaN { return !x.isNaN || y.isNaN && a < b }
      return x != y ? x < y : a < b
    }
    let n = mean.count
    var drawn = Array(repeating: 0.0, count: n)
    for (weight, index) in zip(weights, order) {
      for place in 0..<n { drawn[place] += weight * draws[index][place] }
    }
    let moved = times(drawn)
    generation += 1
    let stepGain = (stepRate * (2 - stepRate) * effective).squareRoot()
    for place in 0..<n {
      mean[place] += step * moved[place]
      stepPath[place] = (1 - stepRate) * stepPath[place] + stepGain * drawn[place]
    }
    let length = stepPath.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let kept = 1 - PortableMath.exp(2 * Double(generation) * PortableMath.log(1 - stepRate))
    let isSteady =
      length / kept.squareRoot() < (1.4 + 2 / (Double(n) + 1)) * expectedLength
    let pathGain = isSteady ? (pathRate * (2 - pathRate) * effective).squareRoot() : 0
    for place in 0..<n { path[place] = (1 - pathRate) * path[place] + pathGain * moved[place] }
    let forgotten = isSteady ? 0 : rankOne * pathRate * (2 - pathRate)
    let scale = (1 - rankOne - rankMany + forgotten).squareRoot()
    // From here on `factor` is that of the next generation; the draws belong to the one before.
    let turned = order.prefix(weights.count).map { times(draws[$0]) }
    for place in factor.indices { factor[place] *= scale }
    add(path, rankOne)
    for (weight, direction) in zip(weights, turned) { add(direction, rankMany * weight) }
    step *= PortableMath.exp((stepRate / damping) * (length / expectedLength - 1))
    draws.removeAll()
  }

  private static func place(_ row: Int, _ column: Int) -> Int { row * (row + 1) / 2 + column }

  /// The factor times a vector.
  private func times(_ vector: [Double]) -> [Double] {
    vector.indices.map { row in
      let start = Self.place(row, 0)
      var sum = 0.0
      for column in 0...row { sum += factor[start + column] * vector[column] }
      return sum
    }
  }

  /// Makes the factor that of the covariance and `weight` times the vector's square: O(n²).
  private mutating func add(_ vector: [Double], _ weight: Double) {
    var rest = vector.map { $0 * weight.squareRoot() }
    for column in rest.indices {
      let diagonal = factor[Self.place(column, column)]
      let length = (diagonal * diagonal + rest[column] * rest[column]).squareRoot()
      let (cosine, sine) = (diagonal / length, rest[column] / length)
      factor[Self.place(column, column)] = length
      for row in (column + 1)..<max(rest.count, column + 1) {
        let place = Self.place(row, column)
        let old = factor[place]
        factor[place] = cosine * old + sine * rest[row]
        rest[row] = cosine * rest[row] - sine * old
      }
    }
  }
}

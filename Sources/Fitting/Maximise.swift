#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Minus the Hessian of a mean log-likelihood: the observed information of one observation.
struct Information {
  let dimension: Int
  private var elements: [Double]

  init(dimension: Int) {
    self.dimension = dimension
    elements = Array(repeating: 0, count: dimension * dimension)
  }

  subscript(row: Int, column: Int) -> Double {
    get { elements[row * dimension + column] }
    set { elements[row * dimension + column] = newValue }
  }

  var isFinite: Bool { elements.allSatisfy(\.isFinite) }

  /// The greatest absolute element of the diagonal.
  var size: Double { (0..<dimension).reduce(0) { max($0, abs(self[$1, $1])) } }

  /// Cholesky's factor of the matrix with `shift` added to its diagonal; nil unless each pivot exceeds
  /// `least` of its diagonal element, so that it is positive definite beyond rounding.
  private func factor(shift: Double, least: Double) -> Information? {
    var factor = Information(dimension: dimension)
    for j in 0..<dimension {
      for i in j..<dimension {
        var sum = self[i, j] + (i == j ? shift : 0)
        for k in 0..<j { sum -= factor[i, k] * factor[j, k] }
        if i == j {
          guard sum > 0, sum > least * abs(self[j, j] + shift) else { return nil }
          factor[j, j] = sum.squareRoot()
        } else {
          factor[i, j] = sum / factor[j, j]
        }
      }
    }
    return factor
  }

  /// The solution of (information + shift) x = g; nil where the matrix is not positive definite.
  func solve<Point: SIMD>(_ g: Point, shift: Double, least: Double) -> Point?
  where Point.Scalar == Double {
    guard let l = factor(shift: shift, least: least) else { return nil }
    var x = g
    for i in 0..<dimension {
      for k in 0..<i { x[i] -= l[i, k] * x[k] }
      x[i] /= l[i, i]
    }
    for i in (0..<dimension).reversed() {
      for k in i + 1..<dimension { x[i] -= l[k, i] * x[k] }
      x[i] /= l[i, i]
    }
    return x
  }

  /// The diagonal of the inverse; nil where the matrix is not positive definite.
  var inverseDiagonal: [Double]? {
    guard self[0, 0] > 0 else { return nil }
    if dimension == 1 { return [1 / self[0, 0]] }
    if dimension == 2 {
      let determinant = self[0, 0] * self[1, 1] - self[0, 1] * self[0, 1]
      return determinant > 0 ? [self[1, 1] / determinant, self[0, 0] / determinant] : nil
    }
    guard let l = factor(shift: 0, least: 0) else { return nil }
    // Row sums of squares of the columns of the factor's inverse.
    var diagonal = [Double](repeating: 0, count: dimension)
    for column in 0..<dimension {
      var x = [Double](repeating: 0, count: dimension)
      for i in column..<dimension {
        x[i] = i == column ? 1 : 0
        for k in column..<i { x[i] -= l[i, k] * x[k] }
        x[i] /= l[i, i]
        diagonal[column] += x[i] * x[i]
      }
    }
    return diagonal
  }
}

/// A maximum of a likelihood.
struct Maximum<Point: SIMD> where Point.Scalar == Double {
  var theta: Point
  /// Mean log-likelihood.
  var value: Double
  var information: Information
  var iterations: Int
  var gradientNorm: Double
}

/// Newton's method on a mean log-likelihood of some coordinates.
///
/// The Hessian is the central difference of the analytic gradient (error about 1e-9 relative), made
/// negative definite by a shift where it is not; steps are halved until the likelihood rises.
/// Converged when the largest gradient component is at most 1e-9, or at most 1e-7 where no step makes it
/// smaller or the last has been made. Where the surrounding task is cancelled it ends where it is. `edge`
/// tells of points so far out that they are no maximum.
func maximise<Point: SIMD>(
  dimension: Int, family: Family, from starts: [Point], triesAll: Bool = true,
  edge: (Point) -> String? = { _ in nil }, _ evaluate: (Point) -> LogScore<Point>
) throws(FittingError) -> Maximum<Point> where Point.Scalar == Double {
  var best: Maximum<Point>?
  var failure = FittingError.notConverged(family: family, iterations: 0, gradientNorm: .infinity)
  for start in starts {
    do throws(FittingError) {
      let found = try climb(dimension: dimension, family: family, from: start, edge, evaluate)
      if found.value > best?.value ?? -.infinity { best = found }
      if !triesAll { break }
    } catch {
      failure = error
    }
  }
  guard let best else { throw failure }
  return best
}

private func climb<Point: SIMD>(
  dimension: Int, family: Family, from start: Point, _ edge: (Point) -> String?,
  _ evaluate: (Point) -> LogScore<Point>
) throws(FittingError) -> Maximum<Point> where Point.Scalar == Double {
  let tolerance = 1e-9
  var theta = start
  var here = evaluate(theta)
  var norm = Double.infinity
  var iterations = 0
  for iteration in 0..<200 {
    norm = largest(here.gradient, dimension)
    guard norm.isFinite, here.value.isFinite, !Task.isCancelled else { break }
    let information = curvature(dimension, theta, evaluate)
    if norm <= tolerance {
      if let reason = edge(theta) { throw .noMaximum(family: family, reason: reason) }
      return Maximum(
        theta: theta, value: here.value, information: information, iterations: iteration,
        gradientNorm: norm)
    }
    var step = newtonStep(information, here.gradient)
    let length = largest(step, dimension)
    if length > 4 { step *= 4 / length }  // coordinates are logarithms: e^4 is far enough at once
    var factor = 1.0
    var advanced = false
    while factor > 1e-10, !Task.isCancelled {
      let candidate = theta + factor * step
      let there = evaluate(candidate)
      let gain = (step * here.gradient).sum() * factor
      // Near the top the value cannot tell any more, but the gradient can.
      let better = there.value >= here.value + 1e-4 * gain
      let flat = abs(there.value - here.value) <= 4e-15 * max(1, abs(here.value))
      let thereNorm = largest(there.gradient, dimension)
      if there.value.isFinite, better || (flat && thereNorm < norm) {
        (theta, here) = (candidate, there)
        advanced = true
        break
      }
      factor *= 0.5
    }
    iterations = iteration + 1
    if !advanced || largest(theta, dimension) > 500 { break }
  }
  if let reason = edge(theta) { throw .noMaximum(family: family, reason: reason) }
  // Rounding stops the climb, or the last step has been made: as good as converged if the gradient
  // says so, whichever it was.
  norm = largest(here.gradient, dimension)
  guard norm <= 1e-7, here.value.isFinite else {
    throw .notConverged(family: family, iterations: iterations, gradientNorm: norm)
  }
  return Maximum(
    theta: theta, value: here.value, information: curvature(dimension, theta, evaluate),
    iterations: iterations, gradientNorm: norm)
}

/// The largest absolute coordinate.
private func largest<Point: SIMD>(_ point: Point, _ dimension: Int) -> Double
where Point.Scalar == Double {
  var most = abs(point[0])
  for i in 1..<max(dimension, 1) { most = max(most, abs(point[i])) }
  return most
}

/// Minus the Hessian, from the gradient at two points a coordinate.
private func curvature<Point: SIMD>(
  _ dimension: Int, _ theta: Point, _ evaluate: (Point) -> LogScore<Point>
) -> Information where Point.Scalar == Double {
  let h = 1e-4
  var information = Information(dimension: dimension)
  for i in 0..<dimension {
    var away = Point.zero
    away[i] = h
    let slope = (evaluate(theta + away).gradient - evaluate(theta - away).gradient) / (2 * h)
    for j in 0..<dimension {
      information[i, j] -= 0.5 * slope[j]
      information[j, i] -= 0.5 * slope[j]
    }
  }
  return information
}

/// (I + shift)⁻¹ g, with the least shift (by powers of 4) that makes the matrix positive definite.
private func newtonStep<Point: SIMD>(_ information: Information, _ g: Point) -> Point
where Point.Scalar == Double {
  guard information.isFinite else { return g }
  if information.dimension == 1 {
    let only = information[0, 0]
    var step = Point.zero
    step[0] = g[0] / (only > 1e-12 ? only : max(abs(only), 1e-3))
    return step
  }
  let size = max(information.size, 1e-8)
  var shift = 0.0
  while true {
    if information.dimension == 2 {
      let (a, d, b) = (information[0, 0] + shift, information[1, 1] + shift, information[0, 1])
      let determinant = a * d - b * b
      if a > 0, d > 0,
        determinant > 1e-10 * size * size || (shift == 0 && determinant > 1e-14 * a * d)
      {
        var step = Point.zero
        step[0] = (d * g[0] - b * g[1]) / determinant
        step[1] = (a * g[1] - b * g[0]) / determinant
        return step
      }
    } else if let step = information.solve(g, shift: shift, least: 1e-12) {
      return step
    }
    shift = shift == 0 ? 1e-3 * size : 4 * shift
  }
}

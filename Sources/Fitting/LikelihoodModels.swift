#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// The models of the families that are searched for, with the platform's elementary functions.

struct ParetoModel: LikelihoodModel {
  static let coordinates: [Coordinate] = [.logarithm]
  static let anchor = Anchor.least
  static let isLinear = true
  let shape: Double
  let logShape: Double
  let scale: Double
  let logScale: Double

  static func start(_ s: StartSummary) -> [SIMD2<Double>] {
    [[-log(max(s.logMean - log(s.anchor), 1e-6)), 0]]
  }

  init(_ theta: SIMD2<Double>, anchor: Double) {
    logShape = theta.x
    shape = exp(theta.x)
    scale = anchor
    logScale = log(anchor)
  }

  func logDensity(_ x: Double, _ logX: Double) -> Score {
    let t = shape * (logX - logScale)
    return x < scale
      ? .impossible : Score(value: logShape - t - logX, gradient: [1 - t, 0])
  }

  func logSurvival(_ x: Double) -> Score {
    if x <= scale { return .zero }
    let t = shape * (x < 2 * scale ? log1p((x - scale) / scale) : log(x) - logScale)
    return Score(value: -t, gradient: [-t, 0])
  }
}

/// θ = (mu, log sigma).
struct LognormalModel: LikelihoodModel {
  static let coordinates: [Coordinate] = [.direct, .logarithm]
  let mu: Double
  let logSigma: Double
  let inverse: Double

  static func start(_ s: StartSummary) -> [SIMD2<Double>] {
    [[s.logMean, log(max(s.logDeviation, 1e-6))]]
  }

  init(_ theta: SIMD2<Double>, anchor: Double) {
    mu = theta.x
    logSigma = theta.y
    inverse = exp(-theta.y)
  }

  func logDensity(_ x: Double, _ logX: Double) -> Score {
    let z = (logX - mu) * inverse
    return Score(
      value: -0.5 * z * z - logSqrtTwoPi - logSigma - logX, gradient: [z * inverse, z * z - 1])
  }

  func logSurvival(_ x: Double) -> Score {
    if x <= 0 { return .zero }
    let z = (log(x) - mu) * inverse
    let hazard = normalHazard(z)
    return Score(value: logNormalSurvival(z), gradient: [hazard * inverse, hazard * z])
  }
}

struct ExponentialModel: LikelihoodModel {
  static let coordinates: [Coordinate] = [.logarithm]
  static let isLinear = true
  let rate: Double
  let logRate: Double

  static func start(_ s: StartSummary) -> [SIMD2<Double>] { [[-log(s.mean), 0]] }

  init(_ theta: SIMD2<Double>, anchor: Double) {
    logRate = theta.x
    rate = exp(theta.x)
  }

  func logDensity(_ x: Double, _ logX: Double) -> Score {
    Score(value: logRate - rate * x, gradient: [1 - rate * x, 0])
  }

  func logSurvival(_ x: Double) -> Score {
    x <= 0 ? .zero : Score(value: -rate * x, gradient: [-rate * x, 0])
  }
}

/// θ = (log shape, log scale).
struct WeibullModel: LikelihoodModel {
  static let coordinates: [Coordinate] = [.logarithm, .logarithm]
  let logShape: Double
  let logScale: Double
  let shape: Double

  static func start(_ s: StartSummary) -> [SIMD2<Double>] {
    let shape = 1.2825498301618641 / max(s.logDeviation, 1e-6)  // π/√6: log X is Gumbel
    return [[log(shape), s.logMean + 0.5772156649015329 / shape]]
  }

  init(_ theta: SIMD2<Double>, anchor: Double) {
    logShape = theta.x
    logScale = theta.y
    shape = exp(theta.x)
  }

  func logDensity(_ x: Double, _ logX: Double) -> Score {
    let y = shape * (logX - logScale)
    let e = exp(y)
    return Score(value: logShape - logX + y - e, gradient: [1 + y * (1 - e), shape * (e - 1)])
  }

  func logSurvival(_ x: Double) -> Score {
    if x <= 0 { return .zero }
    let y = shape * (log(x) - logScale)
    let e = exp(y)
    return Score(value: -e, gradient: [-y * e, shape * e])
  }
}

/// θ = (log shape, log scale).
struct GammaModel: LikelihoodModel {
  static let coordinates: [Coordinate] = [.logarithm, .logarithm]
  static let isLinear = true
  let shape: Double
  let logScale: Double
  let rate: Double
  let logGammaShape: Double
  let digammaShape: Double

  static func start(_ s: StartSummary) -> [SIMD2<Double>] {
    // Minka 2002: the shape from log mean - mean log.
    let gap = max(log(s.mean) - s.logMean, 1e-9)
    let shape = (3 - gap + ((gap - 3) * (gap - 3) + 24 * gap).squareRoot()) / (12 * gap)
    return [[log(shape), log(s.mean / shape)]]
  }

  init(_ theta: SIMD2<Double>, anchor: Double) {
    shape = exp(theta.x)
    logScale = theta.y
    rate = exp(-theta.y)
    logGammaShape = logGamma(shape)
    digammaShape = digamma(shape)
  }

  func logDensity(_ x: Double, _ logX: Double) -> Score {
    let y = x * rate
    let logY = logX - logScale
    return Score(
      value: shape * logY - logX - y - logGammaShape,
      gradient: [shape * (logY - digammaShape), y - shape])
  }

  func logSurvival(_ x: Double) -> Score {
    if x <= 0 { return .zero }
    let y = x * rate
    let logY = log(x) - logScale
    let tails = logIncompleteGamma(shape, y)
    let byScale = exp(shape * logY - y - logGammaShape - tails.upper)
    let byShape: Double
    if tails.upper < -0.6931471805599453 {
      byShape = logY + ExponentialTilt.upper(shape, y).mean - digammaShape
    } else {
      let lower = logY + ExponentialTilt.lower(shape, y).mean - digammaShape
      byShape = -exp(tails.lower - tails.upper) * lower
    }
    return Score(value: tails.upper, gradient: [shape * byShape, byScale])
  }
}

/// θ = (exponent, log rate); the anchor is the scale.
struct TruncatedPowerLawModel: LikelihoodModel {
  static let coordinates: [Coordinate] = [.direct, .logarithm]
  static let anchor = Anchor.least
  static let isLinear = true
  let exponent: Double
  let rate: Double
  let scale: Double
  let logScale: Double
  let tilt: ExponentialTilt

  static func start(_ s: StartSummary) -> [SIMD2<Double>] {
    let shape = 1 / max(s.logMean - log(s.anchor), 1e-6)
    return [[min(shape, 20), -log(s.mean)], [min(shape + 1, 20), -log(s.maximum)]]
  }

  init(_ theta: SIMD2<Double>, anchor: Double) {
    exponent = theta.x
    rate = exp(theta.y)
    scale = anchor
    logScale = log(anchor)
    tilt = ExponentialTilt.upper(1 - exponent, rate * anchor)
  }

  func logDensity(_ x: Double, _ logX: Double) -> Score {
    if x < scale { return .impossible }
    let t = logX - logScale
    return Score(
      value: -exponent * t - rate * (x - scale) - logScale - tilt.logIntegral,
      gradient: [tilt.mean - t, rate * (scale * (tilt.meanExp - 1) - (x - scale))])
  }

  func logSurvival(_ x: Double) -> Score {
    if x <= scale { return .zero }
    let t = x < 2 * scale ? log1p((x - scale) / scale) : log(x) - logScale
    let rest = ExponentialTilt.upper(1 - exponent, rate * x)
    let value = (1 - exponent) * t - rate * (x - scale) + rest.logIntegral - tilt.logIntegral
    let byRate = scale * (tilt.meanExp - 1) - x * (rest.meanExp - 1) - (x - scale)
    return Score(value: min(0, value), gradient: [tilt.mean - rest.mean - t, rate * byRate])
  }
}

/// θ = (log shape, log scale).
struct LogLogisticModel: LikelihoodModel {
  static let coordinates: [Coordinate] = [.logarithm, .logarithm]
  let logShape: Double
  let logScale: Double
  let shape: Double

  static func start(_ s: StartSummary) -> [SIMD2<Double>] {
    [[log(1.8137993642342178 / max(s.logDeviation, 1e-6)), s.logMean]]  // π/√3
  }

  init(_ theta: SIMD2<Double>, anchor: Double) {
    logShape = theta.x
    logScale = theta.y
    shape = exp(theta.x)
  }

  func logDensity(_ x: Double, _ logX: Double) -> Score {
    let y = shape * (logX - logScale)
    let slope = -tanh(0.5 * y)  // 1 - 2F
    return Score(
      value: logShape - logX + y - 2 * softplus(y), gradient: [1 + y * slope, -shape * slope])
  }

  func logSurvival(_ x: Double) -> Score {
    if x <= 0 { return .zero }
    let y = shape * (log(x) - logScale)
    let cdf = 1 / (1 + exp(-y))
    return Score(value: -softplus(y), gradient: [-cdf * y, shape * cdf])
  }
}

/// θ = (shape, log scale); the anchor is the location.
struct GeneralizedParetoModel: LikelihoodModel {
  static let coordinates: [Coordinate] = [.direct, .logarithm]
  static let anchor = Anchor.location(0)
  let shape: Double
  let logScale: Double
  let inverse: Double
  let location: Double

  static func warnings(_ parameters: [Double]) -> [String] {
    parameters[0] < -0.5
      ? ["shape below -1/2: the likelihood is not regular, no standard error holds"] : []
  }

  static func start(_ s: StartSummary) -> [SIMD2<Double>] {
    let mean = max(s.mean - s.anchor, 1e-300)
    let moment = 0.5 * (1 - mean * mean / max(s.variance, 1e-300))
    // A moment start, and two others that suit heavy and bounded tails.
    let scale = exp(s.logMean)
    let bounded = -0.9 * mean / max(s.maximum - s.anchor - mean, mean)
    return [
      [max(-0.4, min(0.45, moment)), log(mean * max(0.05, 1 - moment))],
      [1, log(scale)],
      [max(-0.9, bounded), log(max(mean, 1.01 * -bounded * (s.maximum - s.anchor)))],
    ]
  }

  init(_ theta: SIMD2<Double>, anchor: Double) {
    shape = theta.x
    logScale = theta.y
    inverse = exp(-theta.y)
    location = anchor
  }

  /// L = log(1 + shape·z)/shape, ∂L/∂shape, and z/(1 + shape·z) = -∂L/∂log scale.
  private func reduced(_ x: Double) -> (value: Double, byShape: Double, slope: Double)? {
    let z = (x - location) * inverse
    let q = shape * z
    guard q > -1 else { return nil }
    let slope = z / (1 + q)
    if abs(q) < 1e-3 {
      let value = z * (1 - q * (1.0 / 2 - q * (1.0 / 3 - q * (1.0 / 4 - q / 5))))
      let byShape = -z * z * (0.5 - q * (2.0 / 3 - q * (0.75 - q * (0.8 - q * 5 / 6))))
      return (value, byShape, slope)
    }
    let value = log1p(q) / shape
    return (value, (slope - value) / shape, slope)
  }

  func logDensity(_ x: Double, _ logX: Double) -> Score {
    // Below -1 the likelihood rises without bound as the upper end nears the greatest value.
    guard shape >= -1, x >= location, let l = reduced(x) else { return .impossible }
    return Score(
      value: -logScale - (1 + shape) * l.value,
      gradient: [-l.value - (1 + shape) * l.byShape, -1 + (1 + shape) * l.slope])
  }

  func logSurvival(_ x: Double) -> Score {
    if x <= location { return .zero }
    guard let l = reduced(x) else { return .impossible }
    return Score(value: -l.value, gradient: [-l.byShape, l.slope])
  }
}

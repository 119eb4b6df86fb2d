import PortableMath

/// Counts of arrivals in windows of 1, 2, 4, … times a base length, from a stream in time order.
///
/// Holds O(log(span)) numbers. Windows are those of the trace's clock (k·length ..< (k+1)·length);
/// only windows that ended by the last arrival, and began at or after the first, are counted.
public struct ArrivalCounter: Sendable {
  /// Seconds of the shortest windows.
  public let baseWindow: Double
  /// How many arrivals.
  public private(set) var count = 0
  /// Time of the first, in seconds.
  public private(set) var first = 0.0
  /// Time of the last, in seconds.
  public private(set) var last = 0.0
  private var levels: [Level] = []

  private struct Level: Sendable {
    var window: Int  // the open window's number
    var open = 0
    var isWhole: Bool  // whether the open window began after the first arrival's
    var windows = 0
    var sums = (0.0, 0.0, 0.0)  // of n, n², n³
  }

  private static let depth = 40

  /// A counter; throws unless `baseWindow` is finite and positive.
  public init(baseWindow: Double = 1) throws(FittingError) {
    try requirePositive(baseWindow, "base window", of: "arrival counter")
    self.baseWindow = baseWindow
  }

  /// Takes an arrival at `time` seconds, finite, ≥ 0 and not before the one before. Amortised O(1)
  /// where arrivals are dense, O(log span) where they are sparse.
  public mutating func add(at time: Double) {
    precondition(time >= last && time.isFinite, "arrivals come in time order, from 0 on")
    let window = Int(min(time / baseWindow, 1e15))
    if count == 0 {
      first = time
      for level in 0..<Self.depth { levels.append(Level(window: window >> level, isWhole: false)) }
    }
    count += 1
    last = time
    var added = 1
    for level in levels.indices {
      let number = window >> level
      if levels[level].window == number {
        if level == 0 { levels[0].open += 1 }
        // A window still open above takes its share when this one closes.
        break
      }
      let closed = levels[level].open
      if levels[level].isWhole {
        levels[level].windows += 1
        let n = Double(closed)
        levels[level].sums.0 += n
        levels[level].sums.1 += n * n
        levels[level].sums.2 += n * n * n
      }
      levels[level].windows += number - levels[level].window - 1  // empty ones
      levels[level].window = number
      levels[level].isWhole = true
      levels[level].open = level == 0 ? added : 0
      if level + 1 < levels.count { levels[level + 1].open += closed }
      added = 0
    }
  }

  /// Arrivals a second: the gaps' reciprocal mean, (n - 1) / (last - first); 0 without a span.
  public var rate: Double { last > first ? Double(count - 1) / (last - first) : 0 }

  /// What windows of one length hold.
  public struct WindowStatistics: Sendable, Equatable, Codable {
    /// Length in seconds.
    public let window: Double
    /// How many windows.
    public let windows: Int
    /// Mean count.
    public let mean: Double
    /// Variance of the count.
    public let variance: Double
    /// Third central moment of the count.
    public let thirdMoment: Double
    /// Variance / mean: 1 for Poisson arrivals, more if they come in bursts.
    public var dispersion: Double { mean > 0 ? variance / mean : 1 }
  }

  /// The statistics of every length with at least `windows` whole windows, shortest first.
  public func statistics(minimumWindows windows: Int = 30) -> [WindowStatistics] {
    levels.enumerated().compactMap { index, level in
      guard level.windows >= max(2, windows) else { return nil }
      let n = Double(level.windows)
      let mean = level.sums.0 / n
      let second = level.sums.1 / n
      let third = level.sums.2 / n
      return WindowStatistics(
        window: baseWindow * Double(1 << index), windows: level.windows, mean: mean,
        variance: max(0, second - mean * mean),
        thirdMoment: third - 3 * mean * second + 2 * mean * mean * mean)
    }
  }
}

/// A Markov-modulated Poisson process of two states: arrivals at one of two rates, switching after
/// exponential times.
public struct MMPP2: Sendable, Hashable, Codable {
  /// Arrivals a second in the busy state, and in the quiet one.
  public let busyRate: Double
  /// See `busyRate`; at most as much.
  public let quietRate: Double
  /// Switches a second out of the busy state.
  public let leavingBusy: Double
  /// Switches a second out of the quiet state.
  public let leavingQuiet: Double

  /// Throws unless rates are finite, busy > quiet ≥ 0, and switching rates positive.
  public init(
    busyRate: Double, quietRate: Double, leavingBusy: Double, leavingQuiet: Double
  ) throws(FittingError) {
    try requirePositive(busyRate, "busy rate", of: "mmpp2")
    try requirePositive(leavingBusy, "rate of leaving busy", of: "mmpp2")
    try requirePositive(leavingQuiet, "rate of leaving quiet", of: "mmpp2")
    guard quietRate >= 0, quietRate < busyRate else {
      throw .invalidParameter(
        law: "mmpp2", parameter: "quiet rate", value: quietRate, requirement: "in 0 ..< busy rate")
    }
    self.busyRate = busyRate
    self.quietRate = quietRate
    self.leavingBusy = leavingBusy
    self.leavingQuiet = leavingQuiet
  }

  /// The share of time in the busy state.
  public var busyShare: Double { leavingQuiet / (leavingBusy + leavingQuiet) }
  /// Arrivals a second in the long run.
  public var rate: Double { quietRate + busyShare * (busyRate - quietRate) }

  /// Index of dispersion of counts in windows of `t` seconds:
  /// 1 + C·(1 - (1 - e^-κt)/κt), κ the sum of the switching rates (Heffes and Lucantoni 1986).
  public func dispersion(_ t: Double) -> Double {
    let kappa = leavingBusy + leavingQuiet
    let p = busyShare
    let d = busyRate - quietRate
    return 1 + 2 * d * d * p * (1 - p) / (kappa * rate) * Self.saturation(kappa * t)
  }

  /// 1 - (1 - e^-x)/x.
  static func saturation(_ x: Double) -> Double {
    x < 1e-3 ? x / 2 - x * x / 6 : 1 + expm1(-x) / x
  }

  /// Fitted by moments to counts that are burstier than Poisson; nil where they are not (dispersion
  /// at the longest window within 1 + 3 standard errors of a Poisson's) or there are fewer than four
  /// window lengths.
  ///
  /// Four conditions for four rates: the mean rate; C and κ by least squares over the dispersion
  /// curve, each length weighted by the inverse variance of its estimate, 2/windows, to which a tenth
  /// is added for the model's own error so that all time scales count; and the skewness of the random rate from
  /// the third moment at the length nearest 1/κ (for a two-state rate with busy share p, the third
  /// joint cumulant is d³p(1-p)(1-2p)e^(-κ(t₃-t₁))). Where these ask for a negative quiet rate it is 0
  /// and p follows from mean and variance: an interrupted Poisson process.
  public init?(
    fitting curve: [ArrivalCounter.WindowStatistics], rate: Double
  ) {
    guard curve.count >= 4, rate > 0, let longest = curve.last else { return nil }
    let noise = (2 / Double(longest.windows)).squareRoot()
    guard longest.dispersion > 1 + 3 * noise else { return nil }
    // For a given κ the best C is linear; κ is found by golden section over its logarithm.
    func weight(_ point: ArrivalCounter.WindowStatistics) -> Double {
      1 / (max(1, point.dispersion * point.dispersion) * (2 / Double(point.windows) + 0.01))
    }
    func best(_ kappa: Double) -> (c: Double, error: Double) {
      var (ab, bb) = (0.0, 0.0)
      for point in curve {
        let shape = Self.saturation(kappa * point.window)
        let weight = weight(point)
        ab += weight * shape * (point.dispersion - 1)
        bb += weight * shape * shape
      }
      let c = ab / bb
      var error = 0.0
      for point in curve {
        let weight = weight(point)
        let d = point.dispersion - 1 - c * Self.saturation(kappa * point.window)
        error += weight * d * d
      }
      return (c, error)
    }
    let (low, high) = (log(0.05 / longest.window), log(20 / curve[0].window))
    var grid = (at: low, error: Double.infinity)
    for step in 0...200 {
      let at = low + (high - low) * Double(step) / 200
      let error = best(exp(at)).error
      if error < grid.error { grid = (at, error) }
    }
    var (a, b) = (grid.at - (high - low) / 200, grid.at + (high - low) / 200)
    let golden = 0.6180339887498949
    for _ in 0..<60 {
      let (x, y) = (b - golden * (b - a), a + golden * (b - a))
      if best(exp(x)).error < best(exp(y)).error { b = y } else { a = x }
    }
    let kappa = exp(0.5 * (a + b))
    let c = best(kappa).c
    guard c > 0 else { return nil }
    let variance = c * kappa * rate / 2  // of the random rate
    // Third central moment of the count: that of the integrated rate, plus 3 times its variance,
    // plus the mean (a mixed Poisson law).
    guard let point = curve.min(by: { abs(log($0.window * kappa)) < abs(log($1.window * kappa)) })
    else { return nil }
    let t = point.window
    let integratedVariance = max(0, point.variance - point.mean)
    let third = point.thirdMoment - 3 * integratedVariance - point.mean
    // 6 ∫₀ᵗ (t - u) u e^(-κu) du
    let x = kappa * t
    let e = exp(-x)
    let kernel = 6 * ((x - 2) + (x + 2) * e) / (kappa * kappa * kappa)
    let skewness = third / kernel / (variance * variance.squareRoot())  // (1-2p)/√(p(1-p))
    var p = 0.5 * (1 - skewness / (4 + skewness * skewness).squareRoot())
    p = min(max(p, 1e-6), rate * rate / (rate * rate + variance))  // quiet rate ≥ 0
    let deviation = variance.squareRoot()
    let busy = rate + deviation * ((1 - p) / p).squareRoot()
    let quiet = max(0, rate - deviation * (p / (1 - p)).squareRoot())
    guard
      let process = try? MMPP2(
        busyRate: busy, quietRate: quiet, leavingBusy: kappa * (1 - p), leavingQuiet: kappa * p)
    else { return nil }
    self = process
  }
}

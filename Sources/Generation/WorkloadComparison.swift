import Fitting
import Workload

/// A workload beside the one it was made after: how far apart they are, quantity by quantity.
public struct WorkloadComparison: Sendable, Codable {
  /// One quantity.
  public struct Margin: Sendable, Codable {
    /// Its name on the command line.
    public let name: String
    /// Its unit.
    public let unit: String
    /// The distance; the original comes first.
    public let distance: TwoSampleDistance
  }

  /// Arrivals counted in windows of one length.
  public struct ArrivalScale: Sendable, Codable {
    /// The length in seconds.
    public let window: Double
    /// Variance over mean of the counts in the original.
    public let originalDispersion: Double
    /// The same in what was generated.
    public let generatedDispersion: Double
    /// Correlation of the counts of neighbouring windows in the original.
    public let originalAutocorrelation: Double
    /// The same in what was generated.
    public let generatedAutocorrelation: Double
  }

  /// Busy cores over time, if no task had to wait.
  public struct Load: Sendable, Codable {
    /// Mean.
    public let mean: Double
    /// Standard deviation over mean, of minutes.
    public let variation: Double
    /// Greatest minute.
    public let peak: Double
  }

  /// The quantities that both have.
  public let margins: [Margin]
  /// Rank correlations of the original.
  public let originalCorrelations: RankCorrelations
  /// Rank correlations of what was generated.
  public let generatedCorrelations: RankCorrelations
  /// Arrivals at several time scales, of which both have at least 30 windows.
  public let arrivals: [ArrivalScale]
  /// The original's load.
  public let originalLoad: Load
  /// The load of what was generated.
  public let generatedLoad: Load
  /// In plain words, what the model captures and what it does not.
  public let verdicts: [String]

  /// Compares two samples.
  public init(original: WorkloadSample, generated: WorkloadSample) {
    margins = WorkloadSample.quantities.compactMap { name, unit in
      TwoSampleDistance(
        original.values(name), generated.values(name),
        censored: (original.censored(name), generated.censored(name))
      ).map { Margin(name: name, unit: unit, distance: $0) }
    }
    originalCorrelations = original.rankCorrelations
    generatedCorrelations = generated.rankCorrelations
    arrivals = [1, 10, 60, 600, 3600, 21_600].compactMap { window in
      let (a, b) = (
        original.arrivalCounts(window: window), generated.arrivalCounts(window: window)
      )
      guard min(a.count, b.count) >= 30 else { return nil }
      return ArrivalScale(
        window: window, originalDispersion: Self.dispersion(a),
        generatedDispersion: Self.dispersion(b),
        originalAutocorrelation: Self.autocorrelation(a),
        generatedAutocorrelation: Self.autocorrelation(b))
    }
    originalLoad = Self.load(original.load)
    generatedLoad = Self.load(generated.load)
    verdicts = Self.verdicts(
      margins, (originalCorrelations, generatedCorrelations), arrivals,
      (originalLoad, generatedLoad))
  }

  private static func moments(_ counts: [Int]) -> (mean: Double, variance: Double) {
    let mean = Double(counts.reduce(0, +)) / Double(counts.count)
    let sum = counts.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return (mean, sum / Double(counts.count))
  }

  private static func dispersion(_ counts: [Int]) -> Double {
    let (mean, variance) = moments(counts)
    return mean > 0 ? variance / mean : 1
  }

  private static func autocorrelation(_ counts: [Int]) -> Double {
    let (mean, variance) = moments(counts)
    guard variance > 0 else { return 0 }
    var sum = 0.0
    for (a, b) in zip(counts, counts.dropFirst()) { sum += (Double(a) - mean) * (Double(b) - mean) }
    return sum / Double(counts.count) / variance
  }

  private static func load(_ minutes: [Double]) -> Load {
    guard !minutes.isEmpty else { return Load(mean: 0, variation: 0, peak: 0) }
    let mean = minutes.reduce(0, +) / Double(minutes.count)
    let sum = minutes.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return Load(
      mean: mean,
      variation: mean > 0 ? (sum / Double(minutes.count)).squareRoot() / mean : 0,
      peak: minutes.max() ?? 0)
  }
}

extension WorkloadComparison {
  /// D of a margin up to which it counts as captured.
  public static let tolerance = 0.02
  /// Wasserstein's distance over the original's mean up to which a margin counts as captured: D does
  /// not see how far out a tail goes, and it is the tail that makes the mean.
  public static let distanceTolerance = 0.1

  private static func verdict(_ margin: Margin) -> String {
    let d = margin.distance
    // Chance must not be blamed on the model; three times what it is expected to do is beyond it.
    let isFar =
      d.wasserstein > distanceTolerance * abs(d.firstMean)
      && d.wasserstein > 3 * d.wassersteinByChance
    let share = rounded(100 * d.kolmogorovSmirnov)
    let differs = d.pValue < 0.01 && d.kolmogorovSmirnov > tolerance
    if !differs, !isFar {
      return d.pValue >= 0.01
        ? "\(margin.name): no difference can be told"
        : "\(margin.name): captured within \(share) % of the tasks, though not exactly"
    }
    var reasons: [String] = []
    if differs {
      reasons.append("at \(rounded(d.at)) \(margin.unit) the shares differ by \(share) %")
    }
    if isFar {
      reasons.append(
        "the values are \(rounded(d.wasserstein)) \(margin.unit) apart on average, "
          + "mean \(rounded(d.secondMean)) instead of \(rounded(d.firstMean))")
    }
    return "\(margin.name): NOT captured: " + reasons.joined(separator: "; ")
  }

  private static func verdicts(
    _ margins: [Margin], _ correlations: (RankCorrelations, RankCorrelations),
    _ arrivals: [ArrivalScale], _ load: (Load, Load)
  ) -> [String] {
    var verdicts = margins.map(verdict)
    for (name, a, b) in [
      ("run time and CPU", correlations.0.runTimeCPU, correlations.1.runTimeCPU),
      ("run time and memory", correlations.0.runTimeMemory, correlations.1.runTimeMemory),
      ("CPU and memory", correlations.0.cpuMemory, correlations.1.cpuMemory),
    ] {
      guard let a, let b else { continue }
      let verdict = abs(a - b) <= 0.02 ? "captured" : "NOT captured"
      verdicts.append(
        "rank correlation of \(name): \(verdict): \(rounded(a)) in the original, \(rounded(b)) here"
      )
    }
    var areCaptured = true
    for scale in arrivals {
      let ratio = scale.generatedDispersion / scale.originalDispersion
      guard !(0.67...1.5).contains(ratio) else { continue }
      areCaptured = false
      verdicts.append(
        "arrivals in windows of \(rounded(scale.window)) s: NOT captured: "
          + "\(ratio < 1 ? "smoother" : "burstier") than the original, dispersion "
          + "\(rounded(scale.generatedDispersion)) instead of \(rounded(scale.originalDispersion))")
    }
    if !arrivals.isEmpty, areCaptured {
      verdicts.append("bursts of arrivals: captured within a factor of 1.5 at all time scales")
    }
    if load.0.mean > 0, load.1.mean > 0 {
      let ratio = load.1.mean / load.0.mean
      let verdict = (0.9...1.1).contains(ratio) ? "captured" : "NOT captured"
      verdicts.append(
        "mean load: \(verdict): \(rounded(load.1.mean)) busy cores instead of "
          + "\(rounded(load.0.mean)); variation \(rounded(load.1.variation)) instead of "
          + "\(rounded(load.0.variation))")
    }
    return verdicts
  }

  /// Three significant digits.
  static func rounded(_ x: Double) -> String {
    guard x != 0, x.isFinite else { return "0" }
    var (unit, size) = (1.0, abs(x))
    while size >= 1000 { (unit, size) = (unit * 10, size / 10) }
    var (scale, small) = (1.0, size)
    while small < 100 { (scale, small) = (scale * 10, small * 10) }
    return number((x / unit * scale).rounded() / scale * unit)
  }
}

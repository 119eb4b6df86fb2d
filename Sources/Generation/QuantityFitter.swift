import Fitting
import Foundation
import Workload

/// Fits every family to a quantity, measures the fits and searches for a tail.
public struct QuantityFitter: Sendable {
  private let options: ProfileOptions

  /// A fitter with the families, seed and bootstraps of `options`.
  public init(options: ProfileOptions) { self.options = options }

  /// All that is said of a column of numbers, kept or dropped as `sample` says.
  public func profile(_ sample: Sample, unit: String, name: String) async -> QuantityProfile {
    let statistics = SampleStatistics(sample.values)
    let sorted = sortedAscending(sample.values)
    let quantiles = Self.probabilities.compactMap { p -> QuantityProfile.Quantile? in
      guard !sorted.isEmpty else { return nil }
      let rank = max(1, Int((p * Double(sorted.count)).rounded(.up)))
      return .init(p: p, value: sorted[rank - 1])
    }
    var atoms: [QuantityProfile.Atom]? = []
    for value in sorted {
      if let end = atoms?.indices.last, atoms?[end].value == value {
        atoms?[end].count += 1
      } else {
        atoms?.append(.init(value: value, count: 1))
      }
      if let count = atoms?.count, count > QuantityAccumulator.atomLimit {
        atoms = nil
        break
      }
    }
    var profile = QuantityProfile(
      unit: unit, count: statistics.count, censored: sample.censored.count, unknown: 0,
      screened: sample.screening, mean: statistics.values.mean,
      standardDeviation: statistics.values.variance.squareRoot(),
      minimum: sorted.first ?? 0, maximum: sorted.last ?? 0, quantiles: quantiles,
      quantileError: 0, atoms: atoms, sampleSize: sample.count, fits: [], streamed: [],
      failures: [], tail: nil)
    await fit(sample, into: &profile, name: name, options.binning ?? .points)
    return profile
  }

  func profile(_ quantity: QuantityAccumulator, _ name: String) async -> QuantityProfile {
    let statistics = quantity.statistics
    let kept = quantity.reservoir.elements
    var profile = QuantityProfile(
      unit: quantity.unit, count: statistics.count, censored: quantity.censored,
      unknown: quantity.unknown, screened: quantity.screened, mean: statistics.values.mean,
      standardDeviation: statistics.values.variance.squareRoot(),
      minimum: statistics.count > 0 ? statistics.minimum : 0,
      maximum: statistics.count > 0 ? statistics.maximum : 0,
      quantiles: Self.quantiles(of: quantity),
      quantileError: Self.isExact(quantity) ? 0 : quantity.sketch.relativeError,
      atoms: quantity.atoms.map { atoms in
        atoms.sorted { $0.key < $1.key }.map { .init(value: $0.key, count: $0.value) }
      },
      sampleSize: kept.count, fits: [], streamed: [], failures: [], tail: nil)
    if kept.count < quantity.reservoir.seen, quantity.censored == 0 {
      profile.streamed = families(quantity.unit).filter { options.restrictions[$0] == nil }
        .compactMap { try? statistics.fit($0) }
    }
    do throws(FittingError) {
      let sample = try Sample(
        kept.filter { !$0.isCensored }.map(\.value),
        censored: kept.filter(\.isCensored).map(\.value))
      guard options.only.map({ name.hasSuffix("/" + $0) }) != false else { return profile }
      // Requests are what was asked for; times are what a clock said.
      // Counts are whole: a continuous law stands for the intervals around them, as comparable with discrete ones.
      let binning: BinningChoice =
        quantity.unit == "s"
        ? options.binning ?? .detected
        : Self.isCount(quantity.unit) ? .width(1) : .points
      await fit(sample, into: &profile, name: name, binning)
    } catch {
      profile.failures = families(quantity.unit).map {
        .init(family: $0, reason: error.description)
      }
    }
    return profile
  }

  /// Whether a quantity of this unit is counted.
  private static func isCount(_ unit: String) -> Bool { unit == "tasks" }

  /// The families that are fitted to a quantity of this unit.
  private func families(_ unit: String) -> [Family] {
    options.families ?? Family.usual(counts: Self.isCount(unit))
  }

  private func fitOptions(_ family: Family) -> FitOptions {
    var known = FitOptions()
    known.restrictions = options.restrictions[family] ?? [:]
    return known
  }

  /// Whether all values are known one by one.
  private static func isExact(_ quantity: QuantityAccumulator) -> Bool {
    quantity.atoms != nil || quantity.reservoir.elements.count == quantity.reservoir.seen
  }

  /// Order statistics where all values are known, else what the sketch says; never beyond the least and
  /// the greatest.
  private static func quantiles(of quantity: QuantityAccumulator) -> [QuantityProfile.Quantile] {
    let statistics = quantity.statistics
    guard statistics.count > 0 else { return [] }
    var value: (Double) -> Double? = { p in
      quantity.sketch.quantile(p).map { min(max($0, statistics.minimum), statistics.maximum) }
    }
    func rank(_ p: Double) -> Int { max(1, Int((p * Double(statistics.count)).rounded(.up))) }
    if let atoms = quantity.atoms {
      let sorted = atoms.sorted { $0.key < $1.key }
      value = { p in
        var seen = 0
        return sorted.first { atom in
          seen += atom.value
          return seen >= rank(p)
        }?.key
      }
    } else if isExact(quantity) {
      let sorted = sortedAscending(
        quantity.reservoir.elements.filter { !$0.isCensored }.map(\.value))
      value = { sorted[rank($0) - 1] }
    }
    return probabilities.compactMap { p in value(p).map { .init(p: p, value: $0) } }
  }

  private static let probabilities = [
    0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999,
  ]

  private func fit(
    _ given: Sample, into profile: inout QuantityProfile, name: String, _ binning: BinningChoice
  ) async {
    defer { options.progress?(.done(profile, of: name)) }
    var sample = given
    profile.scale = Binning(detectedIn: sample.values)
    switch binning {
    case .points: break
    case .detected:
      if let scale = profile.scale,
        options.binning == .detected || scale.matters(for: sample.values)
      {
        sample.binning = scale
      }
    case .width(let width):
      profile.scale = Binning(width: width)
      sample.binning = profile.scale
    }
    if sample.binning != nil { profile.fitsIntervals = true }
    if !sample.censored.isEmpty {
      let law = KaplanMeier(values: sample.values, censored: sample.censored)
      let median = law.quantile(survival: 0.5)
      profile.kaplanMeier = .init(mean: law.mean, median: median.isFinite ? median : nil)
    }
    guard sample.values.count >= options.fewest else {
      profile.failures = families(profile.unit).map {
        .init(
          family: $0,
          reason: "\(sample.values.count) values are too few to tell laws apart")
      }
      return
    }
    var fits: [Fit] = []
    var measured: [Family: FittedLaw] = [:]
    // Whoever cancels the task throws the profile away.
    for family in families(profile.unit) where !Task.isCancelled {
      options.progress?(.fitting(family, of: name))
      do throws(FittingError) {
        let fit = try sample.fit(family, fitOptions(family))
        let goodness = sample.goodness(of: fit.law)
        fits.append(fit)
        measured[family] = FittedLaw(
          fit: fit, aic: fit.aic, bic: fit.bic, kolmogorovSmirnov: goodness.kolmogorovSmirnov,
          andersonDarling: goodness.andersonDarling, cramerVonMises: goodness.cramerVonMises)
        profile.fits = fits.ranked().compactMap { measured[$0.family] }
        options.progress?(.partly(profile, of: name))
      } catch {
        profile.failures.append(.init(family: family, reason: error.description))
      }
    }
    for place in profile.fits.indices where !Task.isCancelled {
      var fitted = profile.fits[place]
      let fit = fitted.fit
      let path = "\(name)/\(fit.family.rawValue)"
      if options.fitReplicates > 0 {
        options.progress?(.fitting(fit.family, of: name))
        let stream = RandomStream(seed: options.seed, name: "fit/\(path)")
        fitted.test = await sample.test(
          fit, fitOptions(fit.family), BootstrapPrecision(replicates: options.fitReplicates),
          threads: options.threads
        ) { stream.at($0) }
      }
      if options.intervalReplicates > 0 {
        let stream = RandomStream(seed: options.seed, name: "intervals/\(path)")
        fitted.bootstrapIntervals = try? await sample.bootstrapIntervals(
          fit.family, fitOptions(fit.family), replicates: options.intervalReplicates,
          threads: options.threads
        ) { stream.at($0) }
      }
      profile.fits[place] = fitted
      if fitted.test != nil { options.progress?(.partly(profile, of: name)) }
    }
    if profile.atoms == nil || !sample.censored.isEmpty {
      profile.empirical = Self.quantiles(of: sample)
    }
    if options.tails, !Task.isCancelled {
      profile.tail =
        Self.isCount(profile.unit) ? await countTail(sample, name) : await tail(sample, name)
    }
  }

  /// The data's own law, to seven digits.
  private static func quantiles(of sample: Sample) -> [Double]? {
    guard sample.values.count >= 2 else { return nil }
    func rounded(_ x: Double) -> Double {
      guard x > 0 else { return x }
      let unit = pow(10, (log10(x)).rounded(.down) - 6)
      return unit < 1 ? (x / unit).rounded() / (1 / unit) : (x / unit).rounded() * unit
    }
    if sample.censored.isEmpty {
      let sorted = sortedAscending(sample.values)
      return (0...1000).map { place in
        let position = Double(place) / 1000 * Double(sorted.count - 1)
        let index = min(sorted.count - 2, Int(position))
        let rest = position - Double(index)
        return rounded(sorted[index] + rest * (sorted[index + 1] - sorted[index]))
      }
    }
    let estimate = KaplanMeier(values: sample.values, censored: sample.censored)
    return (0...1000).map { place in
      let x = estimate.quantile(survival: 1 - Double(max(1, place)) / 1001)
      return rounded(min(x, estimate.end))
    }
  }

  /// The tail of counts, by Clauset's method for whole numbers.
  private func countTail(_ sample: Sample, _ name: String) async -> TailProfile? {
    guard sample.censored.isEmpty, case .none = sample.limits,
      let values = try? CountSample(sample.values), let tail = try? values.powerLaw()
    else { return nil }
    var profile = TailProfile(
      xmin: tail.xmin, exponent: tail.exponent, standardError: tail.standardError,
      shape: tail.shape, distance: tail.distance, tailCount: tail.tailCount, count: tail.count,
      pValue: nil, comparisons: [], verdicts: [],
      warnings: tail.warnings + ["a discrete power law: the values are whole numbers"])
    if options.tailReplicates > 0 {
      let stream = RandomStream(seed: options.seed, name: "tail/\(name)")
      profile.pValue = await values.pValue(
        of: tail, BootstrapPrecision(replicates: options.tailReplicates), threads: options.threads
      ) { stream.at($0) }
    }
    return profile
  }

  /// The tail of the exact values. Censored ones would bias it: it is not searched for where they
  /// are more than one in a hundred.
  private func tail(_ sample: Sample, _ name: String) async -> TailProfile? {
    guard sample.censored.count * 100 <= sample.count, case .none = sample.limits,
      let values = try? TailSample(sample.values), let tail = try? values.powerLaw()
    else { return nil }
    var profile = TailProfile(
      xmin: tail.xmin, exponent: tail.exponent, standardError: tail.standardError,
      shape: tail.shape, distance: tail.distance, tailCount: tail.tailCount, count: tail.count,
      pValue: nil, comparisons: [], verdicts: [], warnings: tail.warnings)
    for alternative in TailAlternative.allCases where !Task.isCancelled {
      do throws(FittingError) {
        let comparison = try values.compare(tail, with: alternative)
        profile.comparisons.append(comparison)
        profile.verdicts.append(comparison.sentence())
      } catch {
        profile.warnings.append("\(alternative.rawValue): \(error.description)")
      }
    }
    if sample.censored.count > 0 {
      profile.warnings.append("\(sample.censored.count) censored values were left out of the tail")
    }
    if options.tailReplicates > 0 {
      let stream = RandomStream(seed: options.seed, name: "tail/\(name)")
      profile.pValue = await values.pValue(
        of: tail, BootstrapPrecision(replicates: options.tailReplicates), threads: options.threads
      ) { stream.at($0) }
    }
    return profile
  }
}

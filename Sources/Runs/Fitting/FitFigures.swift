import Experiments
import Fitting
import Foundation
import Generation

/// The figures of a quantity's fits, in the colours of the report: a law has the same in both.
struct FitFigures {
  let name: String
  let label: String
  let values: [Double]
  let censored: [Double]
  let profile: QuantityProfile
  let tail: TailProfile?

  /// Points of a curve, at most.
  private static let pointLimit = 1500

  var all: [ReportFigure] { [survival, quantiles].filter { !$0.isEmpty } }

  private var law: KaplanMeier { KaplanMeier(values: values, censored: censored) }
  private var fits: [FittedLaw] { Array(profile.fits.prefix(5)) }

  /// What the points are of, and of how many.
  private var data: String {
    let ended = Figures.grouped(profile.count)
    guard profile.censored > 0 else { return "data, n = \(ended)" }
    return "data (Kaplan-Meier), n = \(ended) ended, \(Figures.grouped(profile.censored)) cut off"
  }

  private func words(_ fitted: FittedLaw) -> String {
    var text = "\(fitted.fit.family.rawValue), D "
    text += Figures.significant(fitted.kolmogorovSmirnov, digits: 2)
    guard let p = fitted.test?.kolmogorovSmirnov, p.replicates > 0 else { return text }
    return text
      + (p.value == 0
        ? ", p < \(Figures.significant(1 / Double(p.replicates), digits: 2))"
        : ", p = \(Figures.pValue(p.value))")
  }

  /// Steps of the estimate, about evenly spread over the logarithm of what is left, with the share
  /// before and after each.
  private var steps: [(value: Double, before: Double, after: Double)] {
    let law = self.law
    var kept: [(Double, Double, Double)] = []
    var (before, last) = (1.0, Double.infinity)
    let least = max(law.steps.last { $0.survival > 0 }?.survival ?? 1e-9, 1e-12)
    let gap = -log(least) / Double(Self.pointLimit)
    for (place, step) in law.steps.enumerated() {
      // Near the top the shares differ little in logarithm: these go by their places.
      let isDue =
        last - log(before) >= gap
        || place * Self.pointLimit / law.steps.count
          != (place - 1) * Self.pointLimit / law.steps.count
      if isDue || law.steps.count <= Self.pointLimit {
        kept.append((step.value, before, step.survival))
        last = log(before)
      }
      before = step.survival
    }
    return kept
  }

  /// P(X ≥ x) of the data and of each law.
  private var survival: ReportFigure {
    let steps = self.steps
    let floor = 0.5 / Double(max(1, values.count + censored.count))
    let (low, high) = (values.min() ?? 1, max(values.max() ?? 1, censored.max() ?? 0))
    var series = [
      ReportFigure.Series(
        data, style: 0, hasMarks: true, points: steps.map { .init($0.value, $0.before) })
    ]
    for (place, fitted) in fits.enumerated() {
      series.append(
        ReportFigure.Series(
          words(fitted), style: place + 1, isDashed: true,
          points: Self.logarithmic(from: low, to: high, count: 300)
            .map { .init($0, fitted.fit.law.survival($0)) }.filter { $0.y >= floor }))
    }
    if let tail {
      let share = law.survival(at: tail.xmin.nextDown)
      series.append(
        ReportFigure.Series(
          "power-law tail from \(Figures.significant(tail.xmin, digits: 3))", style: 6,
          isDashed: true,
          points: Self.logarithmic(from: tail.xmin, to: high, count: 100)
            .map { .init($0, share * pow($0 / tail.xmin, -tail.shape)) }.filter { $0.y >= floor }))
    }
    return ReportFigure(
      id: "\(name)-ccdf", title: label,
      caption: """
        Share of values at least as great. D is the Kolmogorov-Smirnov distance, p that of a parametric \
        bootstrap.
        """, kind: .lines,
      x: .init(label, isLogarithmic: true), y: .init("P(X ≥ x)", isLogarithmic: true),
      series: series)
  }

  /// Quantiles of the data against those of each law; on the line they are equal.
  private var quantiles: ReportFigure {
    let steps = self.steps
    let (low, high) = ((values.min() ?? 1) / 3, (values.max() ?? 1) * 3)
    var series = fits.enumerated().map { place, fitted in
      ReportFigure.Series(
        words(fitted), style: place + 1,
        points: steps.map {
          .init(fitted.fit.law.quantile(1 - ($0.before + $0.after) / 2), $0.value)
        }.filter { low <= $0.x && $0.x <= high })
    }
    if !series.isEmpty {
      series.append(
        ReportFigure.Series(
          "equal", style: 8, isDashed: true,
          points: [.init(low * 3, low * 3), .init(high / 3, high / 3)]))
    }
    return ReportFigure(
      id: "\(name)-qq", title: label,
      caption: "Quantiles of the data against those of each law: on the line they are equal.",
      kind: .scatter,
      x: .init("quantile of the law", isLogarithmic: true),
      y: .init("quantile of \(label): \(data)", isLogarithmic: true), series: series)
  }

  private static func logarithmic(from low: Double, to high: Double, count: Int) -> [Double] {
    guard low < high else { return [low] }
    return (0..<count).map { low * pow(high / low, Double($0) / Double(count - 1)) }
  }
}

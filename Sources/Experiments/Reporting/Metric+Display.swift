import Simulation

extension Metric {
  /// What figures of runs can be whose mean is `mean`, whatever a symmetric interval about it says.
  func possible(about mean: Double) -> ClosedRange<Double> {
    isShare && mean <= 1 ? 0...1 : 0 ... .infinity
  }

  /// The unit that figures up to `greatest` are shown in, and what they are multiplied by.
  func scale(upTo greatest: Double) -> (unit: String, factor: Double) {
    isShare ? ("%", 100) : Figures.scale(unit, upTo: greatest)
  }

  /// The same of a difference: of shares, that is points.
  func differenceScale(upTo greatest: Double) -> (unit: String, factor: Double) {
    isShare ? ("points", 100) : Figures.scale(unit, upTo: greatest)
  }

  /// A figure as a sentence says it: `22 min`, `37 kWh`, `80 %`.
  func readable(_ value: Double) -> String {
    isShare
      ? Figures.readable(value * 100, unit: "%") : Figures.readable(value, unit: unit)
  }

  /// The same beside others that it is compared with: in one unit, unless one of them would be too small in it.
  func readable(_ value: Double, beside others: [Double]) -> String {
    let sizes = ([value] + others).map(abs).filter { $0.isFinite && $0 > 0 }
    guard !isShare, value.isFinite, let least = sizes.min(), let most = sizes.max() else {
      return readable(value)
    }
    let (unit, factor) = Figures.scale(unit, upTo: most)
    guard !unit.isEmpty, least * factor >= 0.1 else { return readable(value) }
    return "\(Figures.significant(value * factor, digits: 3)) \(unit)"
  }
}

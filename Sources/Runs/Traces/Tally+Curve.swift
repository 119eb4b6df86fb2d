import Experiments
import Simulation

extension Tally {
  /// Points of P(X ≥ x) at values above 0, twelve a decade of the share; `scale` times the value is x.
  func curve(scale: Double) -> [ReportFigure.Point] {
    guard let greatest = maximum, greatest > 0 else { return [] }
    let all = Double(count)
    let positive = Double(counts(above: [0])[0]) / all
    // From the least value above 0 on to the greatest.
    let tails =
      [positive - 0.5 / all] + WorkloadOverview.tails.filter { $0 < positive } + [0.5 / all]
    var places: [Double] = []
    for value in quantiles(tails.sorted(by: >).map { 1 - $0 })
    where value > 0 && value > places.last ?? 0 {
      places.append(value)
    }
    let shares = counts(above: places.map { $0 - 0.5 }).map { Double($0) / all }
    return zip(places, shares).filter { $1 > 0 }.map { .init($0 * scale, $1) }
  }
}

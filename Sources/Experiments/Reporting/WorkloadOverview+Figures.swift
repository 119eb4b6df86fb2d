import Foundation

extension WorkloadOverview {
  /// What a page shows of it.
  ///
  /// - Parameters:
  ///   - name: the workload's name.
  ///   - index: its number, where there are several.
  ///   - isSeeded: whether other seeds might have given other tasks.
  ///   - noun: what they are: `tasks`, `jobs`.
  public func blocks(
    name: String, index: Int? = nil, isSeeded: Bool = true, noun: String = "tasks"
  ) -> [ReportPage.Block] {
    let suffix = index == nil ? "" : ": \(name)"
    func id(_ text: String) -> String { index.map { "\(text)-w\($0)" } ?? text }
    var facts = [
      (
        name,
        "\(Figures.grouped(tasks - (before ?? 0)))\(isPartial ? " and more" : "") \(noun) over "
          + Self.words(seconds: span)
          + (before.map { "; \(Figures.grouped($0)) \($0 == 1 ? "was" : "were") there before" }
            ?? "")
      ),
      (
        "Classes", classes.map { "\($0.name) \(Figures.grouped($0.count))" }.joined(separator: ", ")
      ),
    ]
    facts += quantities.map { quantity in
      (
        "Mean \(quantity.name)",
        "\(Figures.significant(quantity.mean)) \(quantity.unit)"
          + (quantity.cutOff == nil ? "" : " up to the longest seen (Kaplan-Meier)")
      )
    }
    let (unit, seconds): (String, Double) =
      span > 3 * 86400
      ? ("d", 86400) : span > 3 * 3600 ? ("h", 3600) : span > 300 ? ("min", 60) : ("s", 1)
    let width = arrivalWidth
    let rate = Double(tasks - (before ?? 0)) / max(span, 1e-9)
    let (rateUnit, perRate): (String, Double) =
      rate >= 1 ? ("second", 1) : rate >= 1.0 / 60 ? ("minute", 60) : ("hour", 3600)
    // The last step was cut short by the end.
    let whole = arrivals.count > 4 ? arrivals.dropLast() : arrivals[...]
    var blocks: [ReportPage.Block] = [
      .facts(facts),
      .figure(
        ReportFigure(
          id: id("arrivals"), title: "Arrivals" + suffix,
          caption: "\(noun.prefix(1).uppercased() + noun.dropFirst()) submitted"
            + (isSeeded ? ", under the first seed." : "."),
          kind: .lines,
          x: .init("time, \(unit)"), y: .init("\(noun) a \(rateUnit)"),
          series: [
            .init(
              noun, style: 0,
              points: whole.enumerated().map {
                .init((Double($0) + 0.5) * width / seconds, Double($1) / width * perRate)
              })
          ])),
    ]
    // A quantity that is the same for all is a fact, not a curve.
    for quantity in quantities where Set(quantity.points.map(\.x)).count > 1 {
      var series = [
        ReportFigure.Series(
          noun, style: 0, hasMarks: true, isStepped: quantity.fits.isEmpty,
          points: quantity.points.map { .init($0.x, $0.p) })
      ]
      for (place, fit) in quantity.fits.enumerated() {
        series.append(
          ReportFigure.Series(
            "\(fit.law) (\(fit.parameters); D \(Figures.significant(fit.distance, digits: 2)))",
            style: place + 1, isDashed: true, points: fit.points.map { .init($0.x, $0.p) }))
      }
      let fitted =
        quantity.fits.isEmpty
        ? "Too few distinct values to fit a law."
        : "The best three of eight laws by AIC, fitted by maximum likelihood; D is the Kolmogorov-Smirnov "
          + "distance. tracemill fit has more laws."
      blocks.append(
        .figure(
          ReportFigure(
            id: id("sizes-" + quantity.name.lowercased().replacingOccurrences(of: " ", with: "-")),
            title: "\(quantity.name.prefix(1).uppercased())\(quantity.name.dropFirst())" + suffix,
            caption: "Share of \(noun) with at least a value"
              + (quantity.sample.map { ", of a sample of \(Figures.grouped($0))" } ?? "")
              + (quantity.cutOff.map {
                ", by Kaplan and Meier, for \(Figures.grouped($0)) were cut off. "
              } ?? ". ") + fitted, kind: .lines,
            x: .init("\(quantity.name), \(quantity.unit)", isLogarithmic: true),
            y: .init("share of \(noun) at least as great", isLogarithmic: true), series: series)))
    }
    return blocks
  }

  private static func words(seconds: Double) -> String {
    let (unit, length): (String, Double) =
      seconds > 2 * 86400
      ? ("days", 86400)
      : seconds > 2 * 3600 ? ("hours", 3600) : seconds > 120 ? ("min", 60) : ("s", 1)
    return "\(Figures.significant(seconds / length, digits: 3)) \(unit)"
  }
}

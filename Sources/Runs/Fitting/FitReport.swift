import Fitting
import Foundation
import Generation
import Quoting
import Workload

/// A quantity's fits as a person reads them.
public struct FitReport {
  private let quantity: QuantityProfile

  /// A report on `quantity`.
  public init(_ quantity: QuantityProfile) { self.quantity = quantity }

  /// Lines of text.
  public var text: String { summary + table + failures + tail }

  private var summary: String {
    let q = quantity
    let unit = q.unit.isEmpty ? "" : " " + q.unit
    var text = "  \(counted(q.count, "value"))"
    if q.count > 0 {
      let median = q.quantiles.first { $0.p == 0.5 }?.value ?? q.mean
      text += " from \(significant(q.minimum, digits: 4)) to \(significant(q.maximum, digits: 4))"
      text += "\(unit), mean \(significant(q.mean, digits: 4))"
      text += ", median \(significant(median, digits: 4))"
      if q.censored > 0 { text += " of those that ended" }
    }
    if q.censored > 0 { text += "; \(grouped(q.censored)) right-censored" }
    if q.unknown > 0 { text += "; \(grouped(q.unknown)) not known" }
    if q.screened.total > 0 { text += "; dropped \(q.screened)" }
    text += "\n"
    if let limit = q.kaplanMeier {
      text +=
        "  with those counted (Kaplan-Meier): mean \(significant(limit.mean, digits: 4)) up to the "
      text += "longest seen, median "
      text += limit.median.map { significant($0, digits: 4) } ?? "beyond the longest that ended"
      text += "\n"
    }
    if q.sampleSize < q.count + q.censored {
      text += "  fits are from a uniform sample of \(grouped(q.sampleSize)) of them\n"
    }
    text += scale
    if q.fitsIntervals != true, let atoms = q.atoms, atoms.count > 1, atoms.count * 10 < q.count {
      text += "  only \(atoms.count) distinct values: no continuous law describes them well\n"
    }
    return text
  }

  /// What values on a scale were taken for.
  private var scale: String {
    guard let scale = quantity.scale, !quantity.fits.isEmpty else { return "" }
    let width = significant(scale.width, digits: 4)
    let unit = quantity.unit.isEmpty ? "" : " " + quantity.unit
    if quantity.fitsIntervals == true {
      return
        "  values are \(width)\(unit) apart: each is fitted as the interval that it stands for\n"
    }
    // Of a trace it was looked at whether it matters; of a column it is for its owner to say.
    guard quantity.unit.isEmpty else { return "" }
    return "  values are \(width) apart, and are fitted as they stand: where they were rounded, "
      + "--bins auto fits the intervals they stand for\n"
  }

  private var table: String {
    guard let best = quantity.fits.first else { return "" }
    let tested = quantity.fits.contains { $0.test != nil }
    var table = TextTable(
      header: ["law", "parameters ± s.e.", "KS D"] + (tested ? ["p", "p (A²)"] : [])
        + ["AIC - best"],
      left: [0, 1])
    for fitted in quantity.fits {
      let parameters = fitted.fit.parameters.map(Self.parameter).joined(separator: ", ")
      table.add(
        [fitted.fit.family.rawValue, parameters, significant(fitted.kolmogorovSmirnov)]
          + (tested
            ? [
              Self.pValue(fitted.test?.kolmogorovSmirnov),
              Self.pValue(fitted.test?.andersonDarling),
            ] : [])
          + [significant(fitted.aic - best.aic, digits: 4)])
    }
    var text = table.text
    if quantity.fits.count > 1 {
      let second = quantity.fits[1]
      text += "  \(best.fit.family.rawValue) preferred to \(second.fit.family.rawValue)"
      text += " by AIC, which differs by \(significant(second.aic - best.aic))\n"
    }
    // Where no bootstrap sample is as far off, p is only known to be below one in their number.
    if let p = best.test?.kolmogorovSmirnov, p.replicates > 0,
      max(p.value, 1 / Double(p.replicates)) < 0.05
    {
      text += "  none to be believed: even the best is rejected, \(Self.equation(p))\n"
    }
    text += intervals
    for warning in best.fit.warnings { text += "  note: \(warning)\n" }
    return text
  }

  /// The bootstrap's intervals, a line each law.
  private var intervals: String {
    let known = quantity.fits.filter { $0.bootstrapIntervals != nil }
    guard !known.isEmpty else { return "" }
    var table = TextTable(header: ["law", "95 % intervals by bootstrap"], left: [0, 1])
    for fitted in known {
      let parts = (fitted.bootstrapIntervals ?? []).filter { $0.lower < $0.upper }.map {
        "\($0.name) \(significant($0.lower, digits: 4)) to \(significant($0.upper, digits: 4))"
      }
      table.add([fitted.fit.family.rawValue, parts.joined(separator: ", ")])
    }
    return table.text
  }

  /// Families without a fit, those with the same reason together.
  private var failures: String {
    var reasons: [(reason: String, families: [String])] = []
    for failure in quantity.failures {
      let name = failure.family.rawValue
      let reason = failure.reason.replacingOccurrences(of: "\(name): ", with: "")
        .replacingOccurrences(of: "the \(name) law", with: "the law")
      if let place = reasons.firstIndex(where: { $0.reason == reason }) {
        reasons[place].families.append(name)
      } else {
        reasons.append((reason, [name]))
      }
    }
    guard quantity.count > 0 else { return "" }
    return reasons.map { reason, families in
      if reason.hasSuffix("too few to tell laws apart") {
        return "  no laws fitted: \(reason); --families fits those that it names\n"
      }
      return "  no fit of \(families.joined(separator: ", ")): \(reason)\n"
    }.joined()
  }

  private var tail: String {
    guard let tail = quantity.tail else { return "" }
    var text = "  power-law tail from xmin = \(significant(tail.xmin, digits: 5))"
    text += " (\(grouped(tail.tailCount)) of \(grouped(tail.count)) values): exponent "
    text += Self.value(tail.exponent, error: tail.standardError)
    text += ", which is Pareto shape \(significant(tail.shape, digits: 4))"
    text += "; KS D = \(significant(tail.distance))"
    if let p = tail.pValue { text += ", \(Self.equation(p))" }
    text += "\n"
    for verdict in tail.verdicts { text += "    \(verdict)\n" }
    for warning in tail.warnings { text += "    note: \(warning)\n" }
    return text
  }

  private static func parameter(_ estimate: Estimate) -> String {
    if estimate.standardError == 0 {
      return "\(estimate.name) \(significant(estimate.value)) (given)"
    }
    return "\(estimate.name) \(value(estimate.value, error: estimate.standardError))"
  }

  /// `1.8703 ± 0.015`: as many digits as the error's second.
  static func value(_ value: Double, error: Double) -> String {
    guard error > 0, error.isFinite else { return significant(value, digits: 4) }
    let lead = Int(log10(abs(value) > 0 ? abs(value) : error).rounded(.down))
    let digits = min(12, max(2, lead - Int(log10(error).rounded(.down)) + 2))
    return "\(significant(value, digits: digits)) ± \(significant(error, digits: 2))"
  }

  /// `p = 0.12` or `p < 0.04`.
  private static func equation(_ p: BootstrapPValue) -> String {
    let value = pValue(p)
    return value.hasPrefix("<") ? "p \(value)" : "p = \(value)"
  }

  private static func pValue(_ p: BootstrapPValue?) -> String {
    guard let p, p.replicates > 0 else { return "-" }
    return p.value == 0
      ? "< \(significant(1 / Double(p.replicates), digits: 2))" : fixed(p.value, 3)
  }
}

/// A workload profile as a person reads it.
public struct ProfileReport {
  private let profile: WorkloadProfile
  private let column: String?

  /// `column`: the one quantity that is wanted; nil for all.
  public init(_ profile: WorkloadProfile, only column: String? = nil) {
    self.profile = profile
    self.column = column
  }

  /// Lines of text.
  public var text: String {
    var text = section("all", profile.all)
    // Without priorities the only class is all there is.
    guard Array(profile.classes.keys) != [PriorityClass.unknown.name] else { return text }
    for (name, part) in profile.classes.sorted(by: { $0.key < $1.key }) {
      text += "\n" + section(name, part)
    }
    guard column == nil, let card = profile.card else { return text }
    text += "\nwhat generated workloads take from this profile\n"
    for entry in card {
      var words = [entry.fittedTo, entry.goodness].filter { !$0.isEmpty && $0 != "-" }
      if !entry.notCaptured.isEmpty { words.append("NOT captured: \(entry.notCaptured)") }
      text += "  \(entry.part): " + words.joined(separator: "; ") + "\n"
    }
    return text
  }

  private func section(_ name: String, _ part: ClassProfile) -> String {
    var text =
      "\(Quoting.visible(name)): \(counted(part.tasks, "task")) of \(counted(part.jobs, "job"))\n"
    for (title, quantity) in part.quantities where column == nil || column == title {
      text += "\n\(title)\n" + FitReport(quantity).text
    }
    guard column == nil else { return text }
    let arrivals = part.arrivals
    text += "\narrivals of jobs\n"
    let (unit, factor): (String, Double) =
      arrivals.rate >= 1
      ? ("second", 1) : arrivals.rate >= 1.0 / 60 ? ("minute", 60) : ("hour", 3600)
    text += "  "
    text += FitReport.value(
      arrivals.rate * factor, error: arrivals.rateStandardError * factor)
    text += " " + each(unit)
    if arrivals.beforeTrace > 0 { text += "; \(grouped(arrivals.beforeTrace)) before the trace" }
    text += "\n"
    if let short = arrivals.windows.first, let long = arrivals.windows.last {
      text += "  index of dispersion \(significant(short.dispersion)) over \(span(short.window))"
      text += ", \(significant(long.dispersion)) over \(span(long.window)) (Poisson: 1)\n"
    }
    if let process = arrivals.mmpp2 {
      text += "  two-state MMPP: \(significant(process.busyRate)) a second for "
      text += "\(span(1 / process.leavingBusy)) on average, \(significant(process.quietRate)) for "
      text += "\(span(1 / process.leavingQuiet))"
      if let long = arrivals.windows.last {
        text += "; its dispersion over \(span(long.window)): "
        text += significant(process.dispersion(long.window))
      }
      text += "\n"
    }
    if name == "all", profile.classMix.count > 1 {
      text +=
        "\n\(profile.hasOtherGroups ? "groups" : "classes") of jobs: "
        + Self.shares(profile.classMix) + "\n"
    }
    text += "outcomes of tasks: " + Self.shares(part.outcomes) + "\n"
    let ranks = part.rankCorrelations
    let pairs = [
      ("run time and CPU", ranks.runTimeCPU), ("run time and memory", ranks.runTimeMemory),
      ("CPU and memory", ranks.cpuMemory),
    ]
    text += "rank correlations: "
    text += pairs.map { "\($0.0) \($0.1.map { fixed($0, 3) } ?? "-")" }.joined(separator: ", ")
    return text + " (\(counted(ranks.sampleSize, "task")))\n"
  }

  private static func shares(_ shares: [String: Share]) -> String {
    shares.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
      .map { "\(Quoting.visible($0.key)) \(percent($0.value.share))" }.joined(separator: ", ")
  }
}

extension WorkloadProfile {
  /// Whether its groups are other ones than priority classes.
  fileprivate var hasOtherGroups: Bool {
    let classes = PriorityClass.allCases.map(\.name)
    return classMix.keys.contains { !classes.contains($0) }
  }
}

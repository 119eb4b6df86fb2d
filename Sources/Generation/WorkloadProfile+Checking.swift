import Configuration
import Fitting
import Foundation
import Workload

extension WorkloadProfile {
  /// Reads a profile from a JSON file.
  ///
  /// - Throws: `ConfigurationError` with everything that is wrong, each with its path, line and
  ///   column: keys that are missing, unknown or hold something else, numbers out of range, shares that
  ///   do not add up to 1, correlations that cannot be, laws that are none.
  public init(_ file: ConfigurationFile) throws(ConfigurationError) {
    _ = try file.read { root in
      ProfileCheck.profile(root)
      return true
    }
    do {
      try self.init(json: Data(file.text.utf8))
    } catch {
      let issue =
        (error as? DecodingError).map(Self.issue) ?? .init(path: "", message: "\(error)")
      throw ConfigurationError(file: file.name, issues: file.placed([issue]))
    }
  }

  /// What a decoder has to say, in one line, with its path as configuration files have it: `kinds[0].name`. To YAML a
  /// number is a text as well, so that the check before it takes numbers for names.
  private static func issue(_ error: DecodingError) -> DescriptionIssue {
    func path(_ keys: [any CodingKey]) -> String {
      keys.reduce("") { path, key in
        if let index = key.intValue { return "\(path)[\(index)]" }
        return path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)"
      }
    }
    switch error {
    case .keyNotFound(let key, let context):
      return .init(path: path(context.codingPath + [key]), message: "is missing")
    case .valueNotFound(_, let context):
      return .init(path: path(context.codingPath), message: "is missing")
    case .typeMismatch(let type, let context):
      let expected =
        switch type {
        case is String.Type: "a text"
        case is Bool.Type: "true or false"
        case is any BinaryInteger.Type, is any BinaryFloatingPoint.Type: "a number"
        default: "something else"
        }
      return .init(
        path: path(context.codingPath), message: "is of another type; expected \(expected)")
    case .dataCorrupted(let context) where context.codingPath.isEmpty:
      return .init(path: "", message: "is no JSON, which profiles are written in")
    case .dataCorrupted(let context):
      return .init(path: path(context.codingPath), message: context.debugDescription)
    @unknown default: return .init(path: "", message: "\(error)")
    }
  }
}

/// Looks at every key of a profile and notes what is wrong.
enum ProfileCheck {
  static func profile(_ root: ConfigurationNode) {
    if let version = count(root, "version"), !WorkloadProfile.versions.contains(version) {
      root.problem(at: "version", "is \(version); \(WorkloadProfile.remedy)")
    }
    if let node = root.object("provenance", required: true) {
      _ = node.string("input", required: true)
      _ = node.string("sha256")
      texts(node, "filters")
      _ = node.string("tool", required: true)
      _ = node.number("seed", in: .nonnegative, required: true)
      texts(node, "notes")
    }
    _ = root.number("span", in: .nonnegative, required: true)
    if let all = root.object("all", required: true) { taskClass(all) }
    items(root, "kinds", required: false) { item in
      kind(item)
      return nil
    }
    items(root, "card", required: false) { item in
      for key in ["part", "fittedTo"] { _ = item.string(key, required: true) }
      for key in ["goodness", "notCaptured"] where item[key] == nil {
        item.problem(at: key, "is missing")
      }
      _ = item["goodness"]
      _ = item["notCaptured"]
      return nil
    }
    if let child = root.object("clients") {
      clients(child, kinds: root.list("kinds", required: false)?.count ?? 0)
    }
    if let child = root.object("repeats") { repeats(child) }
    if let child = root.object("resubmissions") { resubmissions(child) }
    if let child = root.object("sequence") { sequence(child) }
    _ = root.number("withinJobs", in: .from(-1, to: 1))
    if let child = root.object("graphs") { graphs(child) }
    if let child = root.object("standing") { standing(child) }
    if let child = root.object("ticks") {
      for key in ["submission", "runTime"] {
        _ = child.number(key, in: .from(0, to: 1e6), required: true)
      }
    }
    let classes = root.object("classes", required: true)
    let mix = root.object("classMix", required: true)
    for key in classes?.keys ?? [] { if let node = classes?.object(key) { taskClass(node) } }
    let shares = (mix?.keys ?? []).map { key in (key, mix?.object(key).flatMap(share)) }
    let known = Set(classes?.keys ?? [])
    guard let mix, !known.isEmpty else { return }
    let named = shares.filter { known.contains($0.0) }
    for key in known.sorted() where !named.contains(where: { $0.0 == key }) {
      mix.problem(at: key, "is missing, though classes.\(key) is there")
    }
    let total = named.reduce(0) { $0 + ($1.1 ?? .nan) }
    if abs(total - 1) > 1e-6 { mix.problem("has shares that add up to \(total); expected 1") }
  }

  private static func taskClass(_ node: ConfigurationNode) {
    _ = count(node, "tasks")
    _ = count(node, "jobs")
    for key in ["runTime", "cpu", "memory", "jobSize"] {
      if let child = node.object(key, required: true) { quantity(child) }
    }
    if let child = node.object("arrivals", required: true) { arrivals(child) }
    if let child = node.object("outcomes", required: true) {
      for outcome in Outcome.allCases { _ = child.object(outcome.name).map(share) }
    }
    if let child = node.object("rankCorrelations", required: true) {
      let pairs = ["runTimeCPU", "runTimeMemory", "cpuMemory"].map {
        child.number($0, in: .from(-1, to: 1))
      }
      _ = count(child, "sampleSize")
      if let a = pairs[0], let b = pairs[1], let c = pairs[2],
        1 + 2 * a * b * c - a * a - b * b - c * c < -1e-6
      {
        child.problem(
          "are not positive definite: no three quantities hang together like this")
      }
    }
  }

  private static func quantity(_ node: ConfigurationNode) {
    _ = node.string("unit", required: true)
    for key in ["count", "censored", "unknown", "sampleSize"] { _ = count(node, key) }
    if let child = node.object("screened", required: true) {
      for key in ["zeros", "negatives", "notNumbers", "infinities"] { _ = count(child, key) }
    }
    for key in ["mean", "standardDeviation", "quantileError"] { _ = statistic(node, key) }
    if let child = node.object("scale") {
      _ = child.number("width", in: .positive, required: true)
      _ = child.number("origin", required: true)
    }
    _ = node.flag("fitsIntervals")
    if let child = node.object("kaplanMeier") {
      _ = statistic(child, "mean")
      if child["median"] != nil { _ = statistic(child, "median") }
    }
    let (least, most) = (statistic(node, "minimum"), statistic(node, "maximum"))
    if let least, let most, least > most {
      node.problem(at: "maximum", "is \(most), below the minimum of \(least)")
    }
    items(node, "quantiles") { item in
      _ = item.number("p", in: .share, required: true)
      return statistic(item, "value")
    }
    items(node, "atoms", required: false) { item in
      if item.integer("count", in: 1...Int.max, required: true) == nil { return nil }
      return item.number("value", in: .nonnegative, required: true)
    }
    if let values = node.numbers("empirical", in: .nonnegative),
      let place = zip(values, values.dropFirst()).enumerated().first(where: { $1.0 > $1.1 })?.offset
    {
      node.problem(at: "empirical[\(place + 1)]", "is less than the value before")
    }
    items(node, "fits") { item in
      fittedLaw(item)
      return nil
    }
    items(node, "streamed") { item in
      fit(item)
      return nil
    }
    items(node, "failures") { item in
      _ = item.choice("family", of: Family.self, required: true)
      _ = item.string("reason", required: true)
      return nil
    }
    if let child = node.object("tail") { tail(child) }
  }

  private static func fittedLaw(_ node: ConfigurationNode) {
    if let child = node.object("fit", required: true) { fit(child) }
    let distances = ["kolmogorovSmirnov", "andersonDarling", "cramerVonMises"]
    for key in ["aic", "bic"] + distances { _ = statistic(node, key) }
    if let test = node.object("test") {
      if let child = test.object("statistics", required: true) {
        for key in distances { _ = statistic(child, key) }
      }
      for key in distances { if let child = test.object(key, required: true) { pValue(child) } }
    }
    items(node, "bootstrapIntervals", required: false) { item in
      _ = item.string("name", required: true)
      for key in ["lower", "upper"] { _ = statistic(item, key) }
      return nil
    }
  }

  private static func fit(_ node: ConfigurationNode) {
    _ = node.choice("family", of: Family.self, required: true)
    if let child = node.object("law", required: true) { law(child) }
    items(node, "parameters") { item in
      _ = item.string("name", required: true)
      for key in ["value", "standardError", "lower95", "upper95"] { _ = statistic(item, key) }
      return nil
    }
    for key in ["logLikelihood", "gradientNorm"] { _ = statistic(node, key) }
    for key in ["freeParameters", "count", "censored", "iterations"] { _ = count(node, key) }
    texts(node, "warnings")
  }

  private static func law(_ node: ConfigurationNode) {
    let name = node.choice(
      "family", of: Family.allCases.map(\.rawValue) + ["empirical"], required: true)
    let family = name.flatMap(Family.init)
    var limits: Limits? = Limits.none
    if let child = node.object("limits") {
      let kind = child.choice("kind", of: ["none", "truncated", "clamped"], required: true)
      let lower = child.number("lower") ?? -.infinity
      let upper = child.number("upper") ?? .infinity
      limits = kind.map {
        $0 == "none"
          ? .none
          : $0 == "clamped"
            ? .clamped(lower: lower, upper: upper) : .truncated(lower: lower, upper: upper)
      }
    }
    var make: (() throws -> Law)?
    if let family {
      guard let child = node.object("parameters", required: true) else { return }
      let values = family.parameterNames.compactMap { child.number($0, required: true) }
      if values.count == family.parameterNames.count { make = { try Law(family, values) } }
    } else if name == "empirical" {
      let kind = node.choice("interpolation", of: ["steps", "linear"], required: true)
      let values = node.numbers("values", required: true)
      if let kind = kind.flatMap(Empirical.Interpolation.init), let values {
        make = { .empirical(try Empirical(values, interpolation: kind)) }
      }
    } else {
      return node.ignoreOtherKeys()
    }
    guard let make, let limits else { return }
    do { _ = try make().limited(by: limits) } catch { node.problem("\(error)") }
  }

  private static func tail(_ node: ConfigurationNode) {
    for key in ["xmin", "exponent", "standardError", "shape", "distance"] {
      _ = statistic(node, key)
    }
    for key in ["tailCount", "count"] { _ = count(node, key) }
    if let child = node.object("pValue") { pValue(child) }
    items(node, "comparisons") { item in
      _ = item.choice("alternative", of: TailAlternative.self, required: true)
      if let child = item.object("parameters", required: true) {
        for key in child.keys { _ = statistic(child, key) }
      }
      for key in ["logLikelihood", "ratio", "normalizedRatio", "pValue"] {
        _ = statistic(item, key)
      }
      _ = item.flag("isPowerLawLimit", required: true)
      return nil
    }
    texts(node, "verdicts")
    texts(node, "warnings")
  }

  private static func pValue(_ node: ConfigurationNode) {
    _ = node.number("value", in: .share, required: true)
    for key in ["replicates", "failures"] { _ = count(node, key) }
  }

  private static func arrivals(_ node: ConfigurationNode) {
    for key in ["count", "beforeTrace"] { _ = count(node, key) }
    _ = node.number("rate", in: .nonnegative, required: true)
    _ = statistic(node, "rateStandardError")
    for key in ["hourOfDay", "dayOfWeek"] {
      for item in node.list(key, required: true) ?? [] where !item.isNull {
        _ = item.number(in: .nonnegative)
      }
    }
    items(node, "windows") { item in
      for key in ["window", "mean", "variance", "thirdMoment"] { _ = statistic(item, key) }
      _ = count(item, "windows")
      return nil
    }
    if let child = node.object("cascade") {
      if let curve = child.numbers("weeklyCurve", in: .nonnegative, required: true),
        ![0, 168].contains(curve.count)
      {
        child.problem(at: "weeklyCurve", "has \(curve.count) values; expected none or 168")
      }
      for item in child.list("stages", required: true) ?? [] { mmpp(item) }
      if let batches = child.object("batches") {
        let share = batches.number("share", in: .share, required: true)
        if batches.numbers("gaps", in: .nonnegative, required: true)?.isEmpty == true,
          share ?? 0 > 0
        {
          batches.problem(at: "gaps", "is empty, though the share is not 0")
        }
      }
      items(child, "dispersionRatios") { item in
        for key in ["window", "ratio"] { _ = statistic(item, key) }
        return nil
      }
      _ = statistic(child, "gapDistance")
    }
    if let child = node.object("mmpp2") { mmpp(child) }
  }

  private static func mmpp(_ child: ConfigurationNode) {
    let names = ["busyRate", "quietRate", "leavingBusy", "leavingQuiet"]
    let rates = names.compactMap { child.number($0, in: .nonnegative, required: true) }
    guard rates.count == names.count else { return }
    do {
      _ = try MMPP2(
        busyRate: rates[0], quietRate: rates[1], leavingBusy: rates[2], leavingQuiet: rates[3])
    } catch { child.problem(error.description) }
  }

  private static func share(_ node: ConfigurationNode) -> Double? {
    _ = count(node, "count")
    _ = statistic(node, "standardError")
    return node.number("share", in: .share, required: true)
  }

  static func count(_ node: ConfigurationNode, _ key: String) -> Int? {
    node.integer(key, in: 0...Int.max, required: true)
  }

  /// A number that may be infinite or undefined.
  static func statistic(_ node: ConfigurationNode, _ key: String) -> Double? {
    if node[key]?.isUndefinedNumber == true { return nil }
    return node.number(key, required: true)
  }

  private static func texts(_ node: ConfigurationNode, _ key: String) {
    for item in node.list(key, required: true) ?? [] { _ = item.string() }
  }

  /// Looks at the elements of a list, which must have keys; what `check` returns must not descend.
  static func items(
    _ node: ConfigurationNode, _ key: String, required: Bool = true,
    _ check: (ConfigurationNode) -> Double?
  ) {
    var last = -Double.infinity
    for item in node.list(key, required: required) ?? [] {
      guard item.isObject else {
        item.problem("is no object with keys")
        continue
      }
      guard let value = check(item) else { continue }
      if value < last { item.problem(at: "value", "is less than the value before") }
      last = value
    }
  }
}

import Configuration
import Fitting
import Workload

extension Law {
  /// Always `value`.
  static func constant(_ value: Double) throws(FittingError) -> Law {
    .empirical(try Empirical([value]))
  }

  /// The law of values with weights (> 0), as `resolution` equally likely values, to which shares are
  /// rounded; values keep at least one.
  static func atoms(
    _ atoms: [(value: Double, weight: Double)], resolution: Int = 20_000
  ) throws(FittingError) -> Law {
    // Of the largest, lest the sum be infinite.
    let most = atoms.reduce(0) { max($0, $1.weight) }
    let total = atoms.reduce(0) { $0 + $1.weight / most }
    var values: [Double] = []
    var sum = 0.0
    for atom in atoms.sorted(by: { $0.value < $1.value }) {
      sum += atom.weight / most
      let upTo = Int((sum / total * Double(resolution)).rounded())
      values += Array(repeating: atom.value, count: max(1, upTo - values.count))
    }
    return .empirical(try Empirical(values))
  }

  /// A law as a scenario states it: a number for a constant, or
  /// `{family: lognormal, mu: 0.5, sigma: 0.8, clamp: [0.5, 8]}`, with the parameters of
  /// `Family`, `truncate` instead of `clamp`, and `family: empirical` with `values` or
  /// `atoms: {1: 0.75, 2: 0.25}`. Notes what is wrong.
  init?(_ node: ConfigurationNode) {
    guard node.isObject else {
      guard let value = node.number(in: .nonnegative) else { return nil }
      guard let law = try? Law.constant(value) else { return nil }
      self = law
      return
    }
    let names = Family.allCases.map(\.rawValue) + ["empirical"]
    guard let name = node.choice("family", of: names, required: true) else {
      node.ignoreOtherKeys()
      return nil
    }
    let clamp = node.numbers("clamp", count: 2)
    let truncate = node.numbers("truncate", count: 2)
    let base: Law?
    if let family = Family(rawValue: name) {
      let parameters = family.parameterNames.map { node.number($0, required: true) }
      base =
        parameters.contains { $0 == nil }
        ? nil : Self.noting(node) { try Law(family, parameters.compactMap { $0 }) }
    } else {
      base = Self.empirical(node)
    }
    if clamp != nil, truncate != nil { node.problem("has both clamp and truncate; give one") }
    guard let base else { return nil }
    let limits: Limits =
      if let clamp {
        .clamped(lower: clamp[0], upper: clamp[1])
      } else if let truncate {
        .truncated(lower: truncate[0], upper: truncate[1])
      } else { .none }
    guard let law = Self.noting(node, { try base.limited(by: limits) }) else { return nil }
    self = law
  }

  private static func empirical(_ node: ConfigurationNode) -> Law? {
    let kind = node.choice("interpolation", of: ["steps", "linear"])
    let values = node["values"] == nil ? nil : node.numbers("values", in: .nonnegative)
    let atoms = node.object("atoms")
    guard (node["values"] == nil) != (atoms == nil) else {
      node.problem("needs either values or atoms")
      return nil
    }
    if let atoms {
      var pairs: [(value: Double, weight: Double)] = []
      for key in atoms.keys {
        guard let weight = atoms.number(key, in: .positive) else { continue }
        guard let value = DecimalText.number(key), value >= 0, value.isFinite else {
          atoms.problem(at: key, "is no number of 0 or more")
          continue
        }
        pairs.append((value, weight))
      }
      return pairs.isEmpty ? nil : noting(node) { try Law.atoms(pairs) }
    }
    guard let values else { return nil }
    return noting(node) {
      .empirical(try Empirical(values, interpolation: kind == "linear" ? .linear : .steps))
    }
  }

  private static func noting(
    _ node: ConfigurationNode, _ make: () throws -> Law
  ) -> Law? {
    do { return try make() } catch {
      node.problem("\(error)")
      return nil
    }
  }

  /// The law as a scenario states it, on one line.
  var scenario: String {
    let ends = { (lower: Double, upper: Double) in "[\(number(lower)), \(number(upper))]" }
    switch self {
    case .truncated(let law):
      return law.base.scenario.dropLast() + ", truncate: \(ends(law.lower, law.upper))}"
    case .clamped(let law):
      return law.base.scenario.dropLast() + ", clamp: \(ends(law.lower, law.upper))}"
    case .empirical(let law):
      return empiricalScenario(law)
    default:
      guard let family else { return "" }
      let parameters = zip(family.parameterNames, parameters)
        .map { "\($0): \(number($1))" }.joined(separator: ", ")
      return "{family: \(family.rawValue), \(parameters)}"
    }
  }

  private func empiricalScenario(_ law: Empirical) -> String {
    if law.interpolation == .linear {
      let values = law.values.map(number).joined(separator: ", ")
      return "{family: empirical, interpolation: linear, values: [\(values)]}"
    }
    var atoms: [(value: Double, count: Int)] = []
    for value in law.values {
      if atoms.last?.value == value {
        atoms[atoms.count - 1].count += 1
      } else {
        atoms.append((value, 1))
      }
    }
    if atoms.count == 1 { return "{family: empirical, values: [\(number(atoms[0].value))]}" }
    let pairs = atoms.map { "\(number($0.value)): \($0.count)" }.joined(separator: ", ")
    return "{family: empirical, atoms: {\(pairs)}}"
  }
}

/// A number as a person writes it: the shortest decimal that reads back, whole ones without a point.
func number(_ value: Double) -> String {
  value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
}

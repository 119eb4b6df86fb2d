import Fitting
import Generation
import Workload

/// An interval as people write it: `0.5:8`, `:8`, `0.5:`.
public struct FitInterval: Hashable, Sendable {
  /// Its lower end, 0 or more.
  public var lower = 0.0
  /// Its upper end.
  public var upper = Double.infinity

  /// The interval that `text` says; nil if it says none.
  public init?(_ text: String) {
    let ends = text.split(separator: ":", omittingEmptySubsequences: false)
    guard ends.count == 2 else { return nil }
    if !ends[0].isEmpty {
      guard let value = Double(ends[0]), value >= 0 else { return nil }
      lower = value
    }
    if !ends[1].isEmpty {
      guard let value = Double(ends[1]) else { return nil }
      upper = value
    }
    guard lower < upper else { return nil }
  }
}

extension BinningChoice {
  /// What `text` says: `auto`, `none`, or a width above 0; nil if it says none of them.
  public init?(_ text: String) {
    switch text {
    case "auto": self = .detected
    case "none": self = .points
    default:
      guard let width = DecimalText.number(text), width > 0, width.isFinite else { return nil }
      self = .width(width)
    }
  }
}

extension Family {
  /// The families that `text` lists, such as `lognormal,pareto`, or `all`; nil if one is unknown or there is none.
  public static func list(_ text: String) -> [Family]? {
    if text == "all" { return allCases }
    let families = text.split(separator: ",").map { Family(rawValue: String($0)) }
    return families.isEmpty || families.contains(nil) ? nil : families.compactMap { $0 }
  }
}

/// `weibull.shape`: a parameter of a family.
private func parameter(_ text: Substring) -> (family: Family, name: String)? {
  let parts = text.split(separator: ".")
  guard parts.count == 2, let family = Family(rawValue: String(parts[0])),
    family.parameterNames.contains(String(parts[1]))
  else { return nil }
  return (family, String(parts[1]))
}

/// A parameter that is known, as people write it: `weibull.shape=0.7`.
public struct FixedParameter: Sendable {
  /// The law's family.
  public let family: Family
  /// The parameter.
  public let name: String
  /// Its value, finite.
  public let value: Double

  /// What `text` says; nil if it says none.
  public init?(_ text: String) {
    let parts = text.split(separator: "=")
    guard parts.count == 2, let known = parameter(parts[0]), let value = Double(parts[1]),
      value.isFinite
    else { return nil }
    (family, name, self.value) = (known.family, known.name, value)
  }
}

/// What a parameter may be, as people write it: `pareto.shape=1:3`.
public struct BoundedParameter: Sendable {
  /// The law's family.
  public let family: Family
  /// The parameter.
  public let name: String
  /// Its values.
  public let range: ClosedRange<Double>

  /// What `text` says; nil if it says none.
  public init?(_ text: String) {
    let parts = text.split(separator: "=")
    guard parts.count == 2, let known = parameter(parts[0]) else { return nil }
    let ends = parts[1].split(separator: ":").map { Double($0) }
    guard ends.count == 2, let low = ends[0], let high = ends[1], low <= high else { return nil }
    (family, name, range) = (known.family, known.name, low...high)
  }
}

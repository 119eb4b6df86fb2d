import Fitting
import Generation

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
      guard let width = Double(text), width > 0, width.isFinite else { return nil }
      self = .width(width)
    }
  }
}

extension Family {
  /// The families that `text` lists, such as `lognormal,pareto`; nil if one is unknown or there is none.
  public static func list(_ text: String) -> [Family]? {
    let families = text.split(separator: ",").map { Family(rawValue: String($0)) }
    return families.isEmpty || families.contains(nil) ? nil : families.compactMap { $0 }
  }
}

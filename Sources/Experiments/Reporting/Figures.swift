import Foundation

/// Numbers as tables show them.
public enum Figures {
  /// A number with so many significant digits, without exponent where that is readable; `–` for what
  /// is no number.
  public static func significant(_ value: Double, digits: Int = 4) -> String {
    guard value.isFinite else { return "–" }
    guard value != 0 else { return "0" }
    let magnitude = Int(log10(abs(value)).rounded(.down))
    guard (-5...9).contains(magnitude) else { return String(format: "%.\(digits - 1)e", value) }
    return String(format: "%.\(max(0, digits - 1 - magnitude))f", value)
  }

  /// A count in groups of three digits: `2,612`.
  public static func grouped(_ value: Int) -> String {
    var digits = String(value.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    groups.insert(digits, at: 0)
    return (value < 0 ? "-" : "") + groups.joined(separator: ",")
  }

  /// A mean and the half-width of its interval, both to the half-width's second digit, at most six
  /// digits in all: `19.31 ± 0.12`, `210 ± 30`. The half-width alone is missing where there is no
  /// interval.
  public static func mean(_ mean: Double, halfWidth: Double?) -> String {
    guard mean.isFinite else { return "–" }
    guard let halfWidth, halfWidth.isFinite else { return significant(mean) }
    guard halfWidth > 0 else { return significant(mean, digits: 5) + " ± 0" }
    let places = 1 - Int(log10(halfWidth).rounded(.down))
    let magnitude = mean == 0 ? 0 : Int(log10(abs(mean)).rounded(.down))
    let decimals = max(0, min(places, 5 - magnitude))
    guard abs(mean) < 1e9, decimals <= 9 else {
      return significant(mean) + " ± " + significant(halfWidth, digits: 2)
    }
    if places < 0 {
      let step = pow(10, Double(-places))
      return String(format: "%.0f", (mean / step).rounded() * step) + " ± "
        + String(format: "%.0f", (halfWidth / step).rounded() * step)
    }
    let half =
      halfWidth < 0.5 * pow(10, -Double(decimals))
      ? significant(halfWidth, digits: 2) : String(format: "%.\(decimals)f", halfWidth)
    return String(format: "%.\(decimals)f", mean) + " ± " + half
  }

  /// A unit that figures up to `greatest` are read in: seconds become ms, min, h or d, and `factor`
  /// times the figure is in it. Other units stay.
  public static func scale(_ unit: String, upTo greatest: Double) -> (unit: String, factor: Double)
  {
    guard unit == "s" else { return (unit, 1) }
    return switch abs(greatest) {
    case 172_800...: ("d", 1 / 86_400)
    case 7200...: ("h", 1 / 3600)
    case 300...: ("min", 1.0 / 60)
    case 0.1...: ("s", 1)
    case 1e-4...: ("ms", 1e3)
    case 1e-9...: ("µs", 1e6)
    default: ("s", 1)
    }
  }

  /// A figure in a unit that it is read in: `22 min`, `0.70 s`, `37 kWh`; three digits.
  public static func readable(_ value: Double, unit: String) -> String {
    guard value.isFinite else { return "–" }
    let (name, factor) = scale(unit, upTo: value)
    let text =
      abs(value * factor) >= 1000 && unit.isEmpty && value == value.rounded()
        && abs(value) < 1e15
      ? grouped(Int(value)) : significant(value * factor, digits: 3)
    return name.isEmpty ? text : "\(text) \(name)"
  }

  /// A p-value: `0.032`, `< 0.001`.
  public static func pValue(_ p: Double) -> String {
    p < 0.001 ? "< 0.001" : String(format: p < 0.1 ? "%.3f" : "%.2f", p)
  }
}

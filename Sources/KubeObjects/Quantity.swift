/// An amount as Kubernetes writes it (`250m`, `16Gi`, `1.5e3`), exact to a billionth.
///
/// Source: k8s.io/apimachinery, pkg/api/resource. A value between two steps is rounded up, as there.
public struct Quantity: Hashable, Comparable, Sendable {
  /// The amount in billionths. Up to 2^63 units, as Kubernetes allows, whatever the suffix.
  public let nano: Int128

  /// An amount in billionths.
  public init(nano: Int128) { self.nano = nano }

  /// The amount that `text` says; nil if that is no quantity or beyond ±2^63 units.
  public init?(_ text: String) {
    var digits: Int128 = 0
    var decimals = 0
    var hasPoint = false
    var hasDigits = false
    var isBeyond = false
    var bytes = Substring(text).utf8
    var isNegative = false
    if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
      isNegative = sign == UInt8(ascii: "-")
      bytes.removeFirst()
    }
    while let byte = bytes.first {
      if byte == UInt8(ascii: ".") && !hasPoint {
        hasPoint = true
      } else if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
        hasDigits = true
        let digit = Int128(byte - UInt8(ascii: "0"))
        if digits >= Self.digitLimit {
          // Further digits are too small to count after the point, too large before it.
          if !hasPoint { isBeyond = isBeyond || true }
          if hasPoint && digit > 0 { digits |= 1 }
        } else {
          digits = digits * 10 + digit
          if hasPoint { decimals += 1 }
        }
      } else {
        break
      }
      bytes.removeFirst()
    }
    guard hasDigits, !isBeyond, let scale = Self.scale(String(Substring(bytes))) else { return nil }
    // digits × 10^(ten + 9 − decimals) × 2^two, rounded away from zero.
    let exponent = scale.ten + 9 - decimals
    var (value, overflow) = digits.multipliedReportingOverflow(by: Int128(1) << scale.two)
    guard !overflow else { return nil }
    if exponent >= 0 {
      for _ in 0..<exponent {
        (value, overflow) = value.multipliedReportingOverflow(by: 10)
        guard !overflow else { return nil }
      }
    } else {
      for step in 0..<(-exponent) {
        // Rounding up once: what is left after the last division counts as one more.
        let isLast = step == -exponent - 1
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: 10)
        value = quotient
        if remainder != 0 { value = isLast ? quotient + 1 : quotient | 1 }
        if value == 0 { break }
      }
    }
    guard value <= Int128(Int64.max) * 1_000_000_000 else { return nil }
    nano = isNegative ? -value : value
  }

  /// Beyond it another digit could overflow.
  private static var digitLimit: Int128 { 1_000_000_000_000_000_000_000_000_000 }

  private static func scale(_ suffix: String) -> (ten: Int, two: Int)? {
    switch suffix {
    case "": return (0, 0)
    case "n": return (-9, 0)
    case "u": return (-6, 0)
    case "m": return (-3, 0)
    case "k": return (3, 0)
    case "M": return (6, 0)
    case "G": return (9, 0)
    case "T": return (12, 0)
    case "P": return (15, 0)
    case "E": return (18, 0)
    case "Ki": return (0, 10)
    case "Mi": return (0, 20)
    case "Gi": return (0, 30)
    case "Ti": return (0, 40)
    case "Pi": return (0, 50)
    case "Ei": return (0, 60)
    default:
      guard let first = suffix.first, first == "e" || first == "E",
        let exponent = Int(suffix.dropFirst()), (-30...18).contains(exponent)
      else { return nil }
      return (exponent, 0)
    }
  }

  /// In whole units, rounded up.
  public var units: Int64 { Int64(clamping: Self.up(nano, 1_000_000_000)) }
  /// In thousandths, rounded up.
  public var milli: Int64 { Int64(clamping: Self.up(nano, 1_000_000)) }
  /// In billionths; ends at Int64's ends, 9.2e9 units.
  public var clampedNano: Int64 { Int64(clamping: nano) }

  private static func up(_ value: Int128, _ step: Int128) -> Int128 {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: step)
    return remainder > 0 ? quotient + 1 : quotient
  }

  /// Nothing.
  public static var zero: Quantity { Quantity(nano: 0) }
  public static func < (a: Quantity, b: Quantity) -> Bool { a.nano < b.nano }
  /// The sum. Quantities are at most 2^63 units, so 2^34 of them cannot exceed Int128.
  public static func + (a: Quantity, b: Quantity) -> Quantity { Quantity(nano: a.nano + b.nano) }
}

extension Quantity: Decodable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    // Some writers leave numbers without quotes.
    let text: String
    if let string = try? container.decode(String.self) {
      text = string
    } else if let whole = try? container.decode(Int64.self) {
      text = String(whole)
    } else {
      text = String(try container.decode(Double.self))
    }
    guard let quantity = Quantity(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "'\(text.prefix(40))' is no quantity")
    }
    self = quantity
  }
}

/// Amounts by resource name, such as `cpu`, `memory`, `nvidia.com/gpu`.
public typealias ResourceList = [String: Quantity]

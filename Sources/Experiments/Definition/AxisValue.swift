import Configuration
import Foundation
import Workload

/// What a key is set to along an axis: a number, a time such as `90s`, or a word such as `sjf`.
public struct AxisValue: Hashable, Sendable, CustomStringConvertible {
  /// As it is written where it is set.
  public let text: String
  /// As a number, of a time in seconds; nil for a word.
  public let number: Double?

  private init(_ text: String, _ number: Double?) { (self.text, self.number) = (text, number) }

  /// A number.
  public init(_ number: Double) {
    let text = "\(number)"
    self.init(text.hasSuffix(".0") ? String(text.dropLast(2)) : text, number)
  }

  /// A word, whatever it looks like: the name of a part.
  init(name: String) { self.init(name, nil) }

  /// A number, a time or a word.
  public init(_ text: String) {
    if let number = DecimalText.number(text), number.isFinite {
      self.init(number)
    } else {
      self.init(text, TimeText.seconds(text).flatMap { $0.isFinite ? $0 : nil })
    }
  }

  /// As it is written in names of workloads, clusters and schedulers.
  public var description: String { text }

  /// What is equal where two values are, however they are written.
  var canonical: String { number.map { "\($0)" } ?? text }

  /// The values of one axis: all of them numbers, or all words.
  public static func values(_ texts: [String]) -> [AxisValue] {
    let values = texts.map { AxisValue($0) }
    return values.allSatisfy { $0.number != nil } ? values : texts.map { AxisValue($0, nil) }
  }

  /// The numbers of `0.5:0.95:0.05`, both ends among them where the step comes to the last; nil if `text` is no
  /// range with a step, or one of more than 10,000 values.
  public static func range(_ text: String) -> [AxisValue]? {
    let ends = text.split(separator: ":", omittingEmptySubsequences: false).map {
      DecimalText.number($0)
    }
    guard ends.count == 3, let low = ends[0], let high = ends[1], let step = ends[2],
      low < high, low.isFinite, high.isFinite, step > 0, (high - low) / step < 10_000
    else { return nil }
    // Counted, not added up: 0.5 + 0.05 + … would not end at 0.95.
    let count = Int(((high - low) / step + 1e-9).rounded(.down))
    let decimals = pow(10, 12 - (log10(max(abs(low), abs(high)))).rounded(.up))
    return (0...count).map {
      AxisValue(((low + Double($0) * step) * decimals).rounded() / decimals)
    }
  }
}

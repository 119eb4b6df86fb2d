import Foundation
import Workload

/// What a key is set to in a sweep: a number, or a word such as `sjf` or `90s`.
public struct SweepValue: Hashable, Sendable, CustomStringConvertible {
  /// As it is written in names of workloads and schedulers.
  public let text: String
  /// As a number; nil for a word.
  public let number: Double?

  /// A number.
  public init(_ number: Double) {
    (self.number, text) = (number, significant(number, digits: 12))
  }

  /// A number or a word.
  public init(_ text: String) {
    number = DecimalText.number(text).flatMap { $0.isFinite ? $0 : nil }
    self.text = text
  }

  public var description: String { number.map { significant($0, digits: 6) } ?? text }

  /// What a definition keeps of it under `key`.
  func parameters(_ key: String) -> (numbers: [String: Double]?, words: [String: String]?) {
    number.map { ([key: $0], nil) } ?? (nil, [key: text])
  }
}

import Workload

/// What a table's rows state again and again, such as a machine's CPU utilisation: how much on average, at most, and
/// over time. Memory is bounded: at most 192 steps of time, which become twice as long when time runs past them.
public struct SurveyedMeasure: Equatable, Sendable {
  /// The table's name for it.
  public let name: String
  /// What it is in, such as `%`.
  public let unit: String
  /// Rows that state it.
  public private(set) var count = 0
  /// Rows that do not, or with a value that is none.
  public private(set) var missing = 0
  /// The largest value.
  public private(set) var most = 0.0
  /// Length of a step in seconds.
  public private(set) var width = 1.0
  private var sum = 0.0
  private var sums: [Double] = []
  private var counts: [Int] = []

  private static let limit = 192

  /// Nothing stated yet.
  public init(_ name: String, unit: String) { (self.name, self.unit) = (name, unit) }

  /// The mean of all rows; 0 without any.
  public var mean: Double { count > 0 ? sum / Double(count) : 0 }

  /// The mean in each step from the table's time 0 on; nil where no row is.
  public var steps: [Double?] {
    zip(sums, counts).map { $1 > 0 ? $0 / Double($1) : nil }
  }

  /// Counts a row that states `value` (at least 0; NaN is none) at a time that is known.
  public mutating func add(_ value: Double, at time: Microseconds) {
    guard !value.isNaN else {
      missing += 1
      return
    }
    count += 1
    sum += value
    most = max(most, value)
    let seconds = max(0, time.seconds)
    while seconds / width >= Double(Self.limit) { halve() }
    let step = Int(seconds / width)
    while sums.count <= step {
      sums.append(0)
      counts.append(0)
    }
    sums[step] += value
    counts[step] += 1
  }

  private mutating func halve() {
    let pairs = (sums.count + 1) / 2
    func joined<Number: AdditiveArithmetic>(_ values: [Number]) -> [Number] {
      (0..<pairs).map {
        2 * $0 + 1 < values.count ? values[2 * $0] + values[2 * $0 + 1] : values[2 * $0]
      }
    }
    (sums, counts) = (joined(sums), joined(counts))
    width *= 2
  }
}

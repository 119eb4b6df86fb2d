import Experiments
import Foundation

/// Finds where a condition on a metric ends, by bisection over runs of all seeds.
///
/// Two edges are sought between the ends of the range: the last value at which the condition surely
/// holds, and the first at which it surely fails, each by the interval of the mean over seeds at the
/// experiment's level. It takes for granted that the metric goes one way.
///
/// What is to be run next follows from what is known alone, so that it does not matter who runs it.
struct SweepSearch {
  let condition: SweepCondition
  let range: ClosedRange<Double>
  let seeds: Int
  /// Of the intervals.
  let level: Double

  /// The metric at one value.
  struct Point {
    var value: Double
    var mean: Double
    /// Student's interval of the mean; of no width where all seeds agree.
    var interval: ConfidenceInterval
    /// Whether the condition holds, or fails, at the interval's level; nil if that cannot be told.
    var holds: Bool?
  }

  /// What was found.
  struct Found {
    var condition: SweepCondition
    /// What was run, by value.
    var points: [Point]
    var seeds: Int
    var level: Double
  }

  private var isWhole: Bool {
    ["machines", "tasks"].contains(condition.key.split(separator: ".").last ?? "")
  }

  /// How near the two values of an edge have to come.
  private var width: Double {
    isWhole ? 1 : (range.upperBound - range.lowerBound) / 128
  }

  /// How many times something is to be run next, the ends of the range first: both edges come nearer at once.
  var rounds: Int {
    1 + max(0, Int(log2((range.upperBound - range.lowerBound) / width).rounded(.up)))
  }

  /// What was asked for so far, and the values, at most two, that are to be run next: none when the search is over.
  ///
  /// - Parameter known: the point at a value; nil where it has not been run.
  func next(
    _ known: (Double) throws -> Point?
  ) rethrows -> (asked: [Point], wanted: [Double]) {
    var (asked, wanted) = ([Double: Point](), [Double]())
    func point(_ value: Double) throws -> Point? {
      if let point = try known(value) {
        asked[value] = point
        return point
      }
      if !wanted.contains(value) { wanted.append(value) }
      return nil
    }
    func result() -> (asked: [Point], wanted: [Double]) {
      (asked.values.sorted { $0.value < $1.value }, wanted)
    }
    let (low, high) = (range.lowerBound, range.upperBound)
    let (first, last) = (try point(low), try point(high))
    // A condition on which the ends agree ends nowhere between them, as far as they tell.
    guard let first, let last, first.holds != nil, last.holds != nil, first.holds != last.holds
    else { return result() }
    // The last value of which one thing is sure, then the first of which the other is.
    for side in [first.holds, last.holds] {
      var (inside, outside) = side == first.holds ? (low, high) : (high, low)
      while abs(outside - inside) > width {
        var middle = (inside + outside) / 2
        if isWhole { middle = middle.rounded(inside < outside ? .down : .up) }
        if middle == inside || middle == outside { break }
        guard let found = try point(middle) else { break }
        if found.holds == side { inside = middle } else { outside = middle }
      }
    }
    return result()
  }

  /// The point that runs under all seeds make.
  ///
  /// - Throws: ``RunError`` where the metric does not exist in every run.
  func point(_ value: Double, _ metrics: [Double]) throws -> Point {
    guard metrics.allSatisfy(\.isFinite) else {
      throw RunError(
        message: "\(condition.key) \(value): \(condition.metric) does not exist in every run")
    }
    let mean = metrics.reduce(0, +) / Double(metrics.count)
    let interval =
      ConfidenceInterval.t(metrics, level: level)
      ?? ConfidenceInterval(lower: mean, upper: mean, level: level)
    let (isUnder, isOver) = (interval.upper < condition.limit, interval.lower > condition.limit)
    let (holds, fails) = condition.isBelow ? (isUnder, isOver) : (isOver, isUnder)
    return Point(
      value: value, mean: mean, interval: interval, holds: holds ? true : fails ? false : nil)
  }
}

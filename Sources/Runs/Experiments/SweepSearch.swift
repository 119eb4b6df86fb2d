import Experiments
import Foundation
import Logging
import Simulation

/// `load where wait_p99_s < 60`: a key, and what is to hold of a metric.
public struct SweepCondition: Hashable, Sendable {
  /// The key that is varied.
  public let key: String
  /// The metric's name.
  public let metric: String
  /// Whether it is to be below the limit, or above.
  public let isBelow: Bool
  /// The limit, in the metric's unit.
  public let limit: Double

  /// Why it cannot be looked for so; nil if it can.
  public func obstacle(_ variation: Variation, seeds: Int) -> String? {
    guard key == variation.key else {
      return "--find is of '\(key)', --vary of '\(variation.key)'; expected the same"
    }
    guard variation.values.count > 1, variation.values.allSatisfy({ $0.number != nil }) else {
      return "--find needs --vary \(variation.key)=FROM:TO, in numbers"
    }
    return seeds > 1 ? nil : "--find needs at least 2 seeds"
  }

  /// The condition in `text`; nil if it is none.
  public init?(_ text: String) {
    let words = text.split(separator: " ").map(String.init)
    guard words.count == 5, words[1] == "where", ["<", "<=", ">", ">="].contains(words[3]),
      let limit = Double(words[4]), limit.isFinite
    else { return nil }
    key = words[0]
    metric = words[2]
    isBelow = words[3].hasPrefix("<")
    self.limit = limit
  }

  var words: String { "\(metric) \(isBelow ? "<" : ">") \(significant(limit, digits: 6))" }
}

/// Finds where a condition on a metric ends, by bisection over runs of all seeds.
///
/// Two edges are sought between the ends of the range: the last value at which the condition surely
/// holds, and the first at which it surely fails, each by the interval of the mean over seeds at the
/// experiment's level. It takes for granted that the metric goes one way.
public struct SweepSearch {
  let sweep: Sweep
  let base: ExperimentDefinition
  let condition: SweepCondition
  let range: ClosedRange<Double>
  let threads: Int
  let logger: Logger?

  /// A search; `base` has one scheduler and at least two seeds.
  public init(
    sweep: Sweep, base: ExperimentDefinition, condition: SweepCondition,
    range: ClosedRange<Double>, threads: Int, logger: Logger? = nil
  ) {
    (self.sweep, self.base, self.condition) = (sweep, base, condition)
    (self.range, self.threads, self.logger) = (range, threads, logger)
  }

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
  public struct Found {
    var condition: SweepCondition
    /// What was run, by value.
    var points: [Point]
    var seeds: Int
    var level: Double
  }

  /// Runs what it takes: about fourteen values, each under every seed.
  public func run() async throws -> Found {
    let (low, high) = (range.lowerBound, range.upperBound)
    let key = condition.key
    let isWhole = ["machines", "tasks"].contains(key.split(separator: ".").last ?? "")
    let width = isWhole ? 1 : (high - low) / 128
    var points: [Double: Point] = [:]
    func point(_ value: Double) async throws -> Point {
      if let known = points[value] { return known }
      let made = try await self.point(value)
      points[value] = made
      logger?.info(
        "\(condition.key) \(significant(value, digits: 4)): \(condition.metric) \(Figures.mean(made.mean, halfWidth: made.interval.halfWidth))"
      )
      return made
    }
    let (first, last) = (try await point(low), try await point(high))
    // A condition on which the ends agree ends nowhere between them, as far as they tell.
    guard first.holds != nil, last.holds != nil, first.holds != last.holds else {
      return found(points)
    }
    // The last value of which one thing is sure, then the first of which the other is.
    for side in [first.holds, last.holds] {
      var (inside, outside) = side == first.holds ? (low, high) : (high, low)
      while abs(outside - inside) > width {
        var middle = (inside + outside) / 2
        if isWhole { middle = middle.rounded(inside < outside ? .down : .up) }
        if middle == inside || middle == outside { break }
        if try await point(middle).holds == side { inside = middle } else { outside = middle }
      }
    }
    return found(points)
  }

  private func found(_ points: [Double: Point]) -> Found {
    Found(
      condition: condition, points: points.values.sorted { $0.value < $1.value },
      seeds: base.seeds.count, level: base.level)
  }

  private func point(_ value: Double) async throws -> Point {
    let definition = try sweep.definition(condition.key, [AxisValue(value)], of: base)
    let provider = ExperimentProvider(folder: sweep.folder, reading: sweep.quietReading)
    let problems = provider.problems(definition)
    guard problems.isEmpty else {
      throw RunError(lines: problems)
    }
    let runner = CellRunner(definition, inputs: provider)
    let metric = condition.metric
    let cells = definition.cells
    let values = try await Replications.run(
      seeds: cells.indices.map(UInt64.init), width: threads
    ) { index in
      try runner.run(cells[Int(index)]).outcome.metrics[metric] ?? .nan
    }
    guard values.allSatisfy(\.isFinite) else {
      throw RunError(
        message: "\(condition.key) \(value): \(metric) does not exist in every run")
    }
    let mean = values.reduce(0, +) / Double(values.count)
    let interval =
      ConfidenceInterval.t(values, level: definition.level)
      ?? ConfidenceInterval(lower: mean, upper: mean, level: definition.level)
    let holds: Bool? =
      if condition.isBelow ? interval.upper < condition.limit : interval.lower > condition.limit {
        true
      } else if condition.isBelow
        ? interval.lower > condition.limit : interval.upper < condition.limit
      {
        false
      } else { nil }
    return Point(value: value, mean: mean, interval: interval, holds: holds)
  }
}

extension Sweep {
  /// Finds where a condition ends between the ends of a variation, for each scheduler alone.
  public func search(
    _ condition: SweepCondition, _ variation: Variation, threads: Int
  ) async throws -> [(scheduler: String, found: SweepSearch.Found)] {
    let ends = variation.values.compactMap(\.number)
    let range = variation.range ?? (ends.min() ?? 0)...(ends.max() ?? 0)
    var all: [(String, SweepSearch.Found)] = []
    for scheduler in base.schedulers {
      var one = base
      one.schedulers = [scheduler]
      one.baseline = nil
      let search = SweepSearch(
        sweep: self, base: one, condition: condition, range: range, threads: threads,
        logger: reading.logger)
      all.append((scheduler.name, try await search.run()))
    }
    return all
  }
}

extension SweepSearch.Found {
  /// The nearest values at which the condition surely holds and surely fails.
  private var bracket: (holds: Double, fails: Double)? {
    let (holding, failing) = (
      points.filter { $0.holds == true }, points.filter { $0.holds == false }
    )
    guard let first = points.first?.holds else { return nil }
    let ends =
      first
      ? (holding.map(\.value).max(), failing.map(\.value).min())
      : (holding.map(\.value).min(), failing.map(\.value).max())
    guard let holds = ends.0, let fails = ends.1 else { return nil }
    return (holds, fails)
  }

  /// For people.
  public func text(scheduler: String) -> String {
    var table = TextTable(
      header: [condition.key, condition.metric, "± \(fixed(level * 100, 0)) %", ""], left: [3])
    for point in points {
      table.add([
        significant(point.value, digits: 4), significant(point.mean, digits: 4),
        significant(point.interval.halfWidth, digits: 2),
        point.holds.map { $0 ? "holds" : "fails" } ?? "cannot be told",
      ])
    }
    return "\(scheduler)\n\(table.text)  \(sentence)\n"
  }

  private var sentence: String {
    let (words, key) = (condition.words, condition.key)
    let sure = "\(seeds) seeds, each at \(fixed(level * 100, 0)) %"
    guard let (holds, fails) = bracket else {
      if points.allSatisfy({ $0.holds == true }) {
        return "\(words) from one end to the other (\(sure)): its end lies elsewhere"
      }
      if points.allSatisfy({ $0.holds == false }) {
        return "\(words) at neither end (\(sure)): it holds elsewhere, if anywhere"
      }
      return "at an end it cannot be told whether \(words): more seeds are needed (\(sure))"
    }
    let between = points.contains { $0.holds == nil } ? "; between them more seeds are needed" : ""
    let (good, bad) = (significant(holds, digits: 4), significant(fails, digits: 4))
    return holds < fails
      ? "\(words) holds up to \(key) \(good) and fails from \(bad) on (\(sure))\(between)"
      : "\(words) fails up to \(key) \(bad) and holds from \(good) on (\(sure))\(between)"
  }

  /// For machines.
  public func object(scheduler: String) -> [String: Any] {
    var object: [String: Any] = [
      "scheduler": scheduler, "key": condition.key, "condition": condition.words,
      "seeds": seeds, "level": level,
      "points": points.map { point -> [String: Any] in
        [
          "value": point.value, "mean": point.mean,
          "interval": [point.interval.lower, point.interval.upper],
          "holds": point.holds.map { $0 as Any } ?? NSNull(),
        ]
      },
    ]
    object["holds"] = bracket.map { $0.holds as Any } ?? NSNull()
    object["fails"] = bracket.map { $0.fails as Any } ?? NSNull()
    return object
  }
}

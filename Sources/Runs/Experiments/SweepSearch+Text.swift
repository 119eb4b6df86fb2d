import Experiments
import Foundation

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
  func text(scheduler: String) -> String {
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
  func object(scheduler: String) -> [String: Any] {
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

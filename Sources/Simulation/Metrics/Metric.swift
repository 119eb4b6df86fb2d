import Workload

/// A figure that a run comes to: its name, its unit, which way is better, and its value of a report.
///
/// All there are stand in ``catalogue``; whatever prints, stores, compares or plots figures reads it. One
/// more is one more entry there, or a value made by somebody else, which ``register(_:)`` adds:
/// ```swift
/// let restarts = Metric(
///   "restarts", "restarts", better: .lower, "Starts of tasks beyond their first."
/// ) { Double($0.restarts) }
/// print(restarts.value(of: report))
/// ```
public struct Metric: Sendable {
  /// Which way is better.
  public enum Direction: String, Codable, Sendable {
    /// Less is better.
    case lower
    /// More is better.
    case higher
    /// Neither.
    case none
  }

  /// Its name in files: lower case, the unit at the end. Of a class of tasks it is `NAME.CLASS`.
  public let name: String
  /// What tables call it.
  public let title: String
  /// Its unit; empty for counts and ratios.
  public let unit: String
  /// Whether it is a share of a whole, 0…1, which people read in per cent.
  public let isShare: Bool
  /// Which way is better.
  public let better: Direction
  /// What it is, in a sentence.
  public let sentence: String
  private let ofRun: @Sendable (SimulationReport) -> Double
  private let ofClass: (@Sendable (ClassMetrics) -> Double)?

  /// A figure of whole runs.
  ///
  /// - Parameters:
  ///   - name: lower case, the unit at the end.
  ///   - title: what tables call it.
  ///   - unit: empty for counts and ratios.
  ///   - isShare: whether it is a share of a whole, 0…1.
  ///   - better: which way is better.
  ///   - sentence: what it is.
  ///   - value: the figure; NaN where it does not exist.
  public init(
    _ name: String, _ title: String, unit: String = "", isShare: Bool = false, better: Direction,
    _ sentence: String,
    ofRun value: @escaping @Sendable (SimulationReport) -> Double
  ) {
    self.name = name
    self.title = title
    self.unit = unit
    self.isShare = isShare
    self.better = better
    self.sentence = sentence
    ofRun = value
    ofClass = nil
  }

  /// A figure of the tasks of a run, and of those of each class.
  public init(
    _ name: String, _ title: String, unit: String = "", isShare: Bool = false, better: Direction,
    _ sentence: String,
    _ value: @escaping @Sendable (ClassMetrics) -> Double
  ) {
    self.name = name
    self.title = title
    self.unit = unit
    self.isShare = isShare
    self.better = better
    self.sentence = sentence
    ofRun = { value($0.total) }
    ofClass = value
  }

  /// The metric called `name`; of a class it is `NAME.CLASS`. Nil if there is none.
  public init?(_ name: String) {
    let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
    let base = parts.first.map { Self.formerNames[$0] ?? $0 }
    guard let known = Self.catalogue.first(where: { $0.name == base }) else { return nil }
    guard parts.count > 1 else {
      self = known
      return
    }
    guard let value = known.ofClass, !parts[1].isEmpty else { return nil }
    let kind = parts[1]
    self.init(
      known.name + "." + kind, "\(known.title), \(kind)", unit: known.unit,
      isShare: known.isShare, better: known.better, known.sentence,
      ofRun: { report in
        let own = report.namedClasses.first { $0.name == kind }?.metrics
        let metrics = own ?? report.classes.first { $0.priorityClass.name == kind }?.metrics
        return metrics.map(value) ?? .nan
      })
  }

  /// The column's head: `mean wait, s`.
  public var heading: String { unit.isEmpty ? title : "\(title), \(unit)" }

  /// The figure of a run; NaN where it does not exist, such as the mean wait of no tasks.
  public func value(of report: SimulationReport) -> Double { ofRun(report) }

  /// The figure of some tasks; nil for one that is of whole runs only.
  public func value(of tasks: ClassMetrics) -> Double? { ofClass?(tasks) }

  /// Whether it is an energy, which is only to be compared beside the work that was done for it.
  public var isEnergy: Bool { name.hasPrefix("energy_") && !isPerWork }

  /// Whether it is a cost for each piece of work done, so that doing less is no gain.
  public var isPerWork: Bool { name.contains("_per_") }

  /// The class that it is of; nil of all tasks.
  public var priorityClass: String? {
    name.firstIndex(of: ".").map { String(name[name.index(after: $0)...]) }
  }

  /// The metrics of headline tables if the experiment names none. Energy stands beside the work that
  /// was done for it.
  public static let headline = [
    "completion_mean_s", "wait_mean_s", "bounded_slowdown_mean", "energy_kwh", "work_core_h",
    "deadlines_met", "tasks_finished",
  ]

  /// Names that files of version 0.1 have. `sla_percent` was a share times 100.
  public static let formerNames = ["sla_percent": "deadlines_met"]

  /// What a stored value is today: its name, and its value in today's unit.
  public static func current(_ name: String, _ value: Double) -> (name: String, value: Double) {
    let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
    guard parts.first == "sla_percent" else { return (name, value) }
    return ((["deadlines_met"] + parts.dropFirst()).joined(separator: "."), value / 100)
  }
}

/// Two metrics of one name are one.
extension Metric: Hashable {
  /// Whether they have one name.
  public static func == (a: Metric, b: Metric) -> Bool { a.name == b.name }

  /// The name alone counts.
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension SimulationReport {
  /// Every metric of the run by name, those of classes as `NAME.CLASS`; NaN where it does not exist.
  public var metricValues: [String: Double] {
    var values: [String: Double] = [:]
    for metric in Metric.catalogue {
      values[metric.name] = metric.value(of: self)
      for entry in classes {
        values[metric.name + "." + entry.priorityClass.name] = metric.value(of: entry.metrics)
      }
      guard !kinds.isEmpty else { continue }
      for entry in namedClasses {
        values[metric.name + "." + entry.name] = metric.value(of: entry.metrics)
      }
    }
    return values
  }
}

import Configuration
import Workload

/// What axes made of an experiment: which workloads, clusters and schedulers are run together.
public struct VariedCells: Codable, Hashable, Sendable {
  /// Keys of several parts that take their values together.
  public struct Pairing: Codable, Hashable, Sendable {
    var keys: [String]
    var rows: Set<[String]>
  }

  /// The axes' keys, the slowest first.
  public var keys: [String]
  /// What goes together across parts; within a part, there is nothing else.
  var pairings: [Pairing] = []
  /// What is left out: cells in which every key has one of the values.
  var exclusions: [[String: Set<String>]] = []

  /// The whole product of axes with these keys.
  init(keys: [String]) { self.keys = keys }

  /// Whether a cell with these values, by key, is to be run.
  func includes(_ values: [String: String]) -> Bool {
    pairings.allSatisfy { pairing in
      pairing.rows.contains(pairing.keys.map { values[$0] ?? "" })
    }
      && !exclusions.contains { $0.allSatisfy { key, left in left.contains(values[key] ?? "") } }
  }
}

/// A workload, a cluster or a scheduler, as axes vary it.
public protocol VariedPart {
  /// What tables call it.
  var name: String { get set }
  /// What it was called before axes varied it; nil for one that none did.
  var base: String? { get set }
  /// The numbers that axes set in it, by key.
  var parameters: [String: Double]? { get set }
  /// The words that axes set in it, by key.
  var words: [String: String]? { get set }
  /// `workload`, `cluster` or `scheduler`.
  static var kind: String { get }
}

extension WorkloadDefinition: VariedPart { public static var kind: String { "workload" } }
extension ClusterDefinition: VariedPart { public static var kind: String { "cluster" } }
extension SchedulerDefinition: VariedPart { public static var kind: String { "scheduler" } }

extension VariedPart {
  /// Notes that `key` is `value` in it.
  public mutating func set(_ key: String, _ value: AxisValue) {
    if let number = value.number {
      parameters = (parameters ?? [:]).merging([key: number]) { $1 }
    } else {
      words = (words ?? [:]).merging([key: value.text]) { $1 }
    }
  }

  /// What an axis set in it, as a person reads it; nil where it did not.
  func setting(_ key: String) -> String? {
    parameters?[key].map { AxisValue($0).text } ?? words?[key]
  }

  /// Its values by key, and its name before axes varied it by what it is.
  var values: [String: String] {
    var values = words ?? [:]
    for (key, number) in parameters ?? [:] { values[key] = AxisValue(number).canonical }
    values[Self.kind] = base ?? name
    return values
  }
}

extension ExperimentDefinition {
  /// What an axis is in a scenario, as a person reads it; nil where it is none of its workload or cluster.
  func setting(_ key: String, in scenario: ExperimentSummary.Scenario) -> String? {
    workloads.first { $0.name == scenario.workload }?.setting(key)
      ?? clusters.first { $0.name == scenario.cluster }?.setting(key)
  }

  /// The values that an axis has in any cell, in the order of the parts, as a person reads them.
  func settings(_ key: String) -> [String] {
    (workloads.map { $0.setting(key) } + clusters.map { $0.setting(key) }
      + schedulers.map { $0.setting(key) }).compactMap(\.self).uniqued
  }

  /// Which workload, cluster and scheduler are run together, by their places, in the order of cells.
  public var combinations: [(workload: Int, cluster: Int, scheduler: Int)] {
    var all: [(workload: Int, cluster: Int, scheduler: Int)] = []
    let ways = (workloads.map(\.values), clusters.map(\.values), schedulers.map(\.values))
    let isWhole = varied.map { $0.pairings.isEmpty && $0.exclusions.isEmpty } ?? true
    for workload in workloads.indices {
      for cluster in clusters.indices {
        let scenario = isWhole ? [:] : ways.0[workload].merging(ways.1[cluster]) { $1 }
        for scheduler in schedulers.indices {
          guard isWhole || includes(scenario.merging(ways.2[scheduler]) { $1 }) else { continue }
          all.append((workload, cluster, scheduler))
        }
      }
    }
    return all
  }

  private func includes(_ values: [String: String]) -> Bool { varied?.includes(values) ?? true }

  /// Makes cells of `axes`, whose values the parts have already: which are run, and no part without any.
  ///
  /// - Parameters:
  ///   - axes: what is varied.
  ///   - spanning: pairings whose keys are in several parts.
  /// - Returns: what leaves out nothing, or everything, or goes by a name that there is not.
  public mutating func leaveOut(
    _ axes: ExperimentAxes, spanning: [[ExperimentAxes.Axis]]
  ) -> DescriptionIssue? {
    var cells = VariedCells(keys: (varied?.keys ?? []) + axes.axes.map(\.key))
    (cells.pairings, cells.exclusions) = (varied?.pairings ?? [], varied?.exclusions ?? [])
    for unit in spanning {
      let rows = unit[0].values.indices.map { row in unit.map { $0.values[row].canonical } }
      cells.pairings.append(.init(keys: unit.map(\.key), rows: Set(rows)))
    }
    varied = cells
    var left = combinations.count
    let known = [
      WorkloadDefinition.kind: workloads.map { $0.base ?? $0.name },
      ClusterDefinition.kind: clusters.map { $0.base ?? $0.name },
      SchedulerDefinition.kind: schedulers.map { $0.base ?? $0.name },
    ]
    for exclusion in axes.exclusions {
      for (kind, places) in exclusion.names.sorted(by: { $0.key < $1.key }) {
        let names = (known[kind] ?? []).uniqued
        for (value, place) in zip(exclusion.values[kind] ?? [], places)
        where !names.contains(value.text) {
          return place.issue(
            "is '\(value)'; expected one of \(names.joined(separator: ", "))"
              + suggestion(for: value.text, among: names))
        }
      }
      cells.exclusions.append(exclusion.values.mapValues { Set($0.map(\.canonical)) })
      varied = cells
      let now = combinations.count
      guard now < left else { return exclusion.place.issue("leaves nothing out") }
      guard now > 0 else { return exclusion.place.issue("leaves no cell") }
      left = now
    }
    let run = combinations
    func kept<Part>(_ parts: [Part], _ places: [Int]) -> [Part] {
      let places = Set(places)
      return parts.enumerated().filter { places.contains($0.offset) }.map(\.element)
    }
    (workloads, clusters, schedulers) = (
      kept(workloads, run.map(\.workload)), kept(clusters, run.map(\.cluster)),
      kept(schedulers, run.map(\.scheduler))
    )
    return nil
  }
}

extension ExperimentAxes.Place {
  /// That something is wrong here.
  public func issue(_ message: String) -> DescriptionIssue {
    DescriptionIssue(path: path, message: message, line: line, column: column)
  }
}

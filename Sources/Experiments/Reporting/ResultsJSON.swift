import Foundation
import Quoting

extension ExperimentSummary {
  /// `results.json`: for each scheduler the keys of the original study's own file, and under
  /// `tracemill` all the rest.
  ///
  /// The study's keys are means and population standard deviations over the experiment's `lastSeeds`;
  /// `avg_energy` is in kWh, as the study names it (its code's figures are watt-hours). With more than
  /// one scenario a scheduler's key is `WORKLOAD/CLUSTER/SCHEDULER`.
  ///
  /// - Parameter source: what `tracemill simulate --cell` is to find the cells in: the results file.
  public func json(source: String) -> JSONValue {
    var top: [(String, JSONValue)] = []
    for scenario in scenarios {
      for group in scenario.groups {
        let key =
          scenarios.count == 1
          ? group.scheduler : "\(scenario.workload)/\(scenario.cluster)/\(group.scheduler)"
        top.append((key, studyKeys(group)))
      }
    }
    top.append(("tracemill", details(source: source)))
    return .object(top)
  }

  private func studyKeys(_ group: Group) -> JSONValue {
    let last = Set(
      results.definition.seeds.suffix(
        max(0, results.definition.lastSeeds ?? results.definition.seeds.count)))
    func moments(_ metric: String) -> Moments {
      Moments(
        group.cells.filter { last.contains($0.cell.seed) }
          .compactMap { $0.outcome.metrics[metric] }.filter(\.isFinite))
    }
    var pairs: [(String, JSONValue)] = []
    for (key, metric, scale) in [
      ("completion_time", "completion_mean_s", 1), ("energy", "energy_kwh", 1),
      // The study's file has per cent.
      ("sla", "deadlines_met", 100.0),
    ] {
      let moments = moments(metric)
      pairs.append(("avg_\(key)", .number(moments.mean * scale)))
      pairs.append(("std_\(key)", .number(moments.populationDeviation * scale)))
    }
    pairs.append(("avg_completed", .number(moments("tasks_finished").mean)))
    pairs.append(("avg_load_var", .number(moments("load_variance").mean)))
    return .object(pairs)
  }

  private func details(source: String) -> JSONValue {
    let definition = results.definition
    return .object([
      ("name", .string(definition.name)), ("question", .string(definition.question)),
      ("answer", .array(answer.map { .string($0) })),
      ("version", .string(results.version)), ("baseline", .string(definition.baselineName)),
      ("level", .number(definition.level)), ("precision", .number(definition.precision)),
      ("seeds", .array(definition.seeds.map { .integer(Int(clamping: $0)) })),
      (
        "cells",
        .object([
          ("done", .integer(results.counts.done)), ("failed", .integer(results.counts.failed)),
          ("pending", .integer(results.counts.pending + results.counts.running)),
        ])
      ),
      (
        "metrics",
        .array(
          metrics.map {
            .object([
              ("name", .string($0.name)), ("title", .string($0.title)), ("unit", .string($0.unit)),
              ("better", .string($0.better.rawValue)),
            ])
          })
      ),
      (
        "axes",
        .object(
          (definition.varied?.keys ?? []).map { key in
            (key, .array(definition.settings(key).map { .string($0) }))
          })
      ),
      ("what_was_run", .object(whatWasRun.map { ($0.0, .string($0.1)) })),
      (
        "schedulers",
        .array(
          definition.schedulers.map { scheduler in
            .object([
              ("name", .string(scheduler.name)), ("policy", .string(scheduler.policy)),
              ("settings", settings { scheduler.setting($0) }),
              (
                "engine",
                .object(
                  definition.engine(of: scheduler).pairs.map {
                    ($0.0, .string($0.1))
                  })
              ),
            ])
          })
      ),
      ("scenarios", .array(scenarios.map { scenario($0, source: source) })),
      (
        "failures",
        .array(
          results.failures.map {
            .object([("cell", .string($0.cell.description)), ("error", .string($0.message))])
          })
      ),
      ("provenance", provenance),
    ])
  }

  /// What axes are somewhere, by key.
  private func settings(_ value: (String) -> String?) -> JSONValue {
    .object(
      (results.definition.varied?.keys ?? []).compactMap { key in
        value(key).map { (key, .string($0)) }
      })
  }

  private func scenario(_ scenario: Scenario, source: String) -> JSONValue {
    .object([
      ("workload", .string(scenario.workload)), ("cluster", .string(scenario.cluster)),
      ("settings", settings { results.definition.setting($0, in: scenario) }),
      (
        "schedulers",
        .array(
          scenario.groups.map { group in
            .object([
              ("scheduler", .string(group.scheduler)), ("seeds", .integer(group.cells.count)),
              ("same_under_every_seed", .bool(group.isTheSameUnderEverySeed)),
              (
                "metrics",
                .object(metrics.map { ($0.name, estimate(group.estimates[$0.name])) })
              ),
              ("waits", waitsJSON(group)),
              ("runs", .array(group.cells.map { run($0, source: source) })),
            ])
          })
      ),
      ("warnings", .array(warnings(scenario).map { .string($0) })),
      ("comparisons", .array(scenario.comparisons.map(comparison))),
      (
        "winners",
        .object(
          metrics.compactMap { metric in
            scenario.winners[metric.name].map { (metric.name, .string($0)) }
          })
      ),
    ])
  }

  private func estimate(_ estimate: Estimate?) -> JSONValue {
    guard let estimate else { return .null }
    return .object([
      ("n", .integer(estimate.moments.count)), ("mean", .number(estimate.moments.mean)),
      ("sd", .number(estimate.moments.standardDeviation)),
      ("interval_t", interval(estimate.interval)),
      ("interval_bootstrap", interval(estimate.bootstrap)),
      ("seeds_needed", estimate.seedsNeeded.map { .integer($0) } ?? .null),
    ])
  }

  private func interval(_ interval: ConfidenceInterval?) -> JSONValue {
    guard let interval else { return .null }
    return .array([.number(interval.lower), .number(interval.upper)])
  }

  private func comparison(_ comparison: Comparison) -> JSONValue {
    let paired = comparison.paired
    let isExact = comparison.isExact
    return .object([
      ("scheduler", .string(comparison.scheduler)), ("metric", .string(comparison.metric)),
      ("n", .integer(paired.count)), ("mean_difference", .number(paired.meanDifference)),
      ("verdict", .string(comparison.verdict.rawValue)), ("exact", .bool(isExact)),
      ("shift", isExact ? .null : .number(paired.shift)),
      ("interval", interval(comparison.interval)),
      ("interval_method", comparison.interval == nil ? .null : .string("hodges-lehmann")),
      ("interval_level", comparison.interval.map { .number($0.level) } ?? .null),
      ("interval_t", interval(isExact || paired.cohensD == nil ? nil : paired.interval)),
      ("interval_bootstrap", interval(isExact ? nil : paired.bootstrap)),
      ("wilcoxon_statistic", .number(paired.test.statistic)),
      ("wilcoxon_method", .string(paired.test.method.rawValue)),
      ("p", isExact ? .null : .number(paired.test.pValue)),
      ("p_holm", comparison.adjustedP.map { .number($0) } ?? .null),
      ("significant", .bool(comparison.isSignificant)),
      ("cohens_d", paired.cohensD.map { .number($0) } ?? .null),
      ("rank_biserial", .number(paired.test.rankBiserial)),
      ("cliffs_delta", .number(paired.cliffsDelta)),
    ])
  }

  private func run(_ record: CellRecord, source: String) -> JSONValue {
    .object([
      ("seed", .integer(Int(clamping: record.cell.seed))),
      ("command", .string(command(record.cell, source: source))),
      ("wall_s", .number(record.outcome.wall)), ("cpu_s", .number(record.outcome.cpu)),
      (
        "metrics",
        .object(
          record.outcome.metrics.sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) })
      ),
    ])
  }

  /// The command that runs one cell again.
  public func command(_ cell: CellID, source: String) -> String {
    "tracemill simulate --cell \(Quoting.shell("\(source)#\(cell)"))"
  }

  private var provenance: JSONValue {
    .object([
      ("began", .string(timestamp(results.began))),
      (
        "processes",
        .array(
          results.processes.map {
            .object([
              ("host", .string($0.host)), ("pid", .integer($0.pid)),
              ("version", .string($0.version)), ("system", .string($0.system)),
              ("cores", .integer($0.cores)), ("began", .string(timestamp($0.began))),
              ("cells", .integer($0.cells)),
            ])
          })
      ),
      (
        "inputs",
        .array(
          results.inputs.map {
            .object([
              ("path", .string($0.path)), ("bytes", .integer($0.bytes)),
              ("sha256", .string($0.sha256)),
            ])
          })
      ),
      ("wall_s", .number(results.cells.reduce(0) { $0 + $1.outcome.wall })),
      ("cpu_s", .number(results.cells.reduce(0) { $0 + $1.outcome.cpu })),
    ])
  }
}

/// Seconds since 1970 as `2026-01-31T12:00:00Z`.
func timestamp(_ seconds: Double) -> String {
  Date(timeIntervalSince1970: seconds).formatted(.iso8601)
}

import Experiments
import MARL

/// What policies came to on a ``StageScenario``.
public struct StageTable: Sendable {
  private let scenario: StageScenario
  private let results: [(policy: String, runs: [StageScenario.Result])]

  /// Runs the scenario's policies on its seeds, so many at a time; `report` is told which is run.
  public init(_ scenario: StageScenario, workers: Int = 1, report: (String) -> Void = { _ in })
    throws
  {
    self.scenario = scenario
    results = try scenario.policies.map { name in
      report(name)
      let policy = try scenario.policy(name)
      return (
        name,
        try Parallel.map(scenario.seeds.count, workers: workers) {
          try scenario.run(policy, seed: scenario.seeds[$0])
        }
      )
    }
  }

  private static func mean(
    _ runs: [StageScenario.Result], _ value: (StageScenario.Result) -> Double
  )
    -> Double
  {
    runs.reduce(0) { $0 + value($1) } / Double(runs.count)
  }

  /// By how much a policy is above the first one, in per cent, seed by seed.
  private func above(_ runs: [StageScenario.Result]) -> [Double] {
    zip(runs, results[0].runs).map {
      100 * ($0.report.meanCompletion / $1.report.meanCompletion - 1)
    }
  }

  /// For JSON.
  package var object: [String: Any] {
    [
      "name": scenario.name, "jobs": scenario.arrivals.count,
      "executors": scenario.simulator.tables.executors, "seeds": scenario.seeds.map { Int($0) },
      "policies": results.map { policy, runs in
        var object: [String: Any] = [
          "policy": policy, "mean_s": Self.mean(runs) { $0.report.meanCompletion / 1000 },
          "executor_use": Self.mean(runs) { $0.report.use },
          "cpu_s": runs.reduce(0) { $0 + $1.cpu }, "runs": runs.map(\.object),
        ]
        let differences = above(runs)
        object["above_first_percent"] = differences.reduce(0, +) / Double(differences.count)
        if let interval = ConfidenceInterval.t(differences, level: 0.95) {
          object["above_first_95"] = [interval.lower, interval.upper]
        }
        return object
      },
    ]
  }

  /// For people.
  package var text: String {
    let first = scenario.policies[0]
    var table = TextTable(
      header: [
        "policy", "mean s", "longest s", "to \(first)", "95 % interval", "use", "moves",
      ], left: [0])
    for (policy, runs) in results {
      let differences = above(runs)
      let interval = ConfidenceInterval.t(differences, level: 0.95)
      table.add([
        policy, fixed(Self.mean(runs) { $0.report.meanCompletion / 1000 }, 2),
        fixed(Self.mean(runs) { Double($0.longest) / 1000 }, 0),
        signed(differences.reduce(0, +) / Double(differences.count)) + " %",
        interval.map { "\(signed($0.lower)) to \(signed($0.upper))" } ?? "–",
        fixed(Self.mean(runs) { $0.report.use }, 3),
        grouped(Int(Self.mean(runs) { Double($0.report.moves) }.rounded())),
      ])
    }
    var text =
      "\(scenario.name): time from arrival to end of \(grouped(scenario.arrivals.count)) jobs on "
      + "\(grouped(scenario.simulator.tables.executors)) executors, mean of "
      + "\(grouped(scenario.seeds.count)) seed\(scenario.seeds.count == 1 ? "" : "s")\n"
      + table.text
    for (policy, runs) in results {
      let forced = runs.reduce(0) { $0 + $1.report.forced }
      if forced > 0 {
        text +=
          "note: \(policy) left all executors waiting; the simulator placed \(grouped(forced))\n"
      }
    }
    return text
  }

  private func signed(_ value: Double) -> String { (value < 0 ? "" : "+") + fixed(value, 1) }
}

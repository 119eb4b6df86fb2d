/// What policies came to on a ``RoundScenario``.
public struct RoundTable: Sendable {
  private let scenario: RoundScenario
  private let results: [RoundScenario.Result]

  /// Runs the scenario's policies; `report` is told which is run.
  public init(_ scenario: RoundScenario, report: (String) -> Void = { _ in }) throws {
    self.scenario = scenario
    results = try scenario.policies.map { policy in
      report(policy)
      return try scenario.run(policy)
    }
  }

  /// For JSON.
  package var object: [String: Any] {
    [
      "name": scenario.name, "jobs": scenario.jobs.count, "measured": scenario.measured.count,
      "policies": results.map(\.object),
    ]
  }

  /// For people.
  package var text: String {
    var table = TextTable(
      header: ["policy", "mean h", "longest h", "rounds", "GPU use"], left: [0])
    for result in results {
      table.add([
        result.policy, fixed(result.meanHours, 2), fixed(result.longestHours, 1),
        grouped(result.rounds), fixed(result.use, 3),
      ])
    }
    return "\(scenario.name): time from arrival to end of \(grouped(scenario.measured.count)) of "
      + "\(grouped(scenario.jobs.count)) jobs\n" + table.text
  }
}

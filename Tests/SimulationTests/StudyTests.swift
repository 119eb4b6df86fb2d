import Foundation
import Simulation
import Testing
import Workload

/// The published code's own runs: every task's node and times, and the energy.
@Suite(.enabled(if: hasShared("reference"), "needs ../shared/reference"))
struct StudyTests {
  @Test(
    arguments: (0..<5).map { "episode-0\($0)" } + ["contended-00", "contended-01"],
    ["weighted_round_robin", "priority_min_min"])
  func theStudysCodeIsReproduced(episode: String, policy: String) throws {
    let folder = "reference/\(episode)"
    let layout = try ClusterLayout(
      machines: try numbers("\(folder)/nodes.csv", skip: 1).map { row in
        MachineDescription(
          number: Int64(row[0]),
          capacity: Resources(cpu: Cores(row[1]), memory: Bytes(gibibytes: row[2])),
          power: PowerModel(idle: Watts(row[3]), dynamic: Watts(row[4])))
      })
    let classes: [PriorityClass] = [.production, .batch, .bestEffort]
    let rows = try numbers("\(folder)/tasks.csv", skip: 1)
    let records = rows.map { row in
      var record = task(
        Int64(row[0]), at: row[1], runs: row[2], cores: row[3], memory: row[4])
      record.priorityClass = classes[Int(row[5])]
      record.deadline = Microseconds(seconds: row[6])
      return record
    }
    let literal: any PlacementPolicy =
      policy == "weighted_round_robin" ? StudyWeightedRoundRobin() : StudyPriorityMinMin()
    let (report, results) = try run(records, on: layout, literal) {
      $0.step = Microseconds(seconds: 5)
      $0.refusesAtOnce = true
      $0.estimates = .exact
      $0.accountsFrom = .zero
      $0.accountsTail = Microseconds(seconds: 1000)
    }
    #expect(report.audit?.passed == true)

    let expected = try numbers("\(folder)/\(policy).csv", skip: 1)
    #expect(expected.count == results.count)
    let byTask = results.sorted { $0.id < $1.id }
    for (row, result) in zip(expected, byTask) {
      #expect(result.machine == Int64(row[1]))
      if row[1] < 0 {
        #expect(result.outcome == .refused)
      } else {
        #expect(abs(result.start.seconds - row[2]) <= 1e-6)
        #expect(abs(result.finish.seconds - row[3]) <= 1e-6)
      }
    }

    let data = try Data(contentsOf: shared.appending(path: "\(folder)/metrics.json"))
    let metrics = try #require(
      try JSONDecoder().decode([String: [String: Double]].self, from: data)[policy])
    let wattHours = report.energy.total.value / 3600
    let energy = try #require(metrics["total_energy"])
    #expect(abs(wattHours / energy - 1) < 1e-9)
    #expect(metrics["tasks_completed"] == Double(report.total[.finished]))
    #expect(metrics["tasks_failed"] == Double(report.total[.refused]))
    let completion = try #require(metrics["avg_completion_time"])
    #expect(abs(report.total.completion.mean / 1e6 / completion - 1) < 1e-6)
  }
}

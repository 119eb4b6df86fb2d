import Experiments
import Foundation
import Runs
import Simulation
import TestSupport
import Testing
import Workload

/// The learned orders that come with the program.
@Suite struct ShippedOrderTests {
  private static let logs = packageRoot.deletingLastPathComponent()
    .appendingPathComponent("shared/reference/learning/swf").path
  private static let reason = "needs the logs in ../shared/reference/learning/swf"
  private static let starts = [1981, 2756, 4299, 8850, 3316, 2714, 5228, 7762, 4022, 7085]

  /// The tasks of a log's protocol, and how a run of it works.
  private func scenario(
    _ log: String, _ cores: Int, _ backfilling: String, _ prediction: String, length: Int = 1024
  ) throws -> OrderScenario {
    let folder = TemporaryFolder()
    return try OrderScenario(
      path: folder.write(
        """
        name: check
        decision: order
        workload: file:\(log)
        cluster: { groups: [{ count: 1, cores: \(cores) }] }
        engine:
          { exactEstimates: true, onePiece: true, bindHead: true, eventsOneByOne: true, depth: 2000,
            backfilling: \(backfilling), \(prediction) }
        tasks: \(length)
        between: { from: 0, to: 10000 }
        """, to: "check.yaml"))
  }

  private func slowdown(
    _ policy: any PlacementPolicy, _ scenario: OrderScenario, _ start: Int
  ) throws -> Double {
    let tasks = Array(scenario.tasks[start..<start + scenario.length])
    return try Simulator(
      cluster: scenario.cluster, policy: policy, options: scenario.options, seed: 1
    ).run(TaskTable(tasks).source()).total.boundedSlowdown.mean / 1e6
  }

  private static let names = NamedScheduler.names.filter { $0.hasPrefix("order:") }
  private static let none =
    "no learned order is in the program: tools/learned-orders --train makes them"

  /// The gate goes with the name to wherever the file is looked for, in experiments too.
  @Test(.enabled(if: !names.isEmpty, "\(none)")) func theGateIsPartOfTheName() throws {
    let name = try #require(Self.names.first)
    #expect(try NamedScheduler(name + ",gate").policy().name == name + ",gate")
    let provider = ExperimentProvider(folder: "/nowhere")
    let definition = SchedulerDefinition(name: "it", policy: name + ",gate")
    #expect(try provider.policy(definition).name == name + ",gate")
  }

  /// Each is found by its name, says where it learned, and orders a queue.
  @Test(.enabled(if: !names.isEmpty, "\(none)")) func areFoundByName() throws {
    let folder = TemporaryFolder()
    let trace = try folder.write(
      (0..<40).map { number in
        "\(number + 1) \(number * 3) -1 \(20 + number * 7 % 50) \(1 + number % 4) -1 -1 \(1 + number % 4) 90 -1 1 "
          + "\(1 + number % 3) 1 1 1 1 -1 -1\n"
      }.joined(), to: "log.swf")
    let scenario = try scenario(trace, 4, "shadow", "prediction: none", length: 40)
    for name in Self.names {
      let scheduler = try NamedScheduler(name)
      #expect(scheduler.ordersQueue)
      #expect(scheduler.environment?.bindHead == true)
      #expect(try slowdown(scheduler.policy(), scenario, 0) >= 1)
    }
  }

  /// The page's figure for the ten sequences is what the one that ships comes to.
  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: logs), "\(reason)"),
    .enabled(if: !names.isEmpty, "\(none)"),
    arguments: [
      ("hpc2n", "HPC2N-2002-2.2-cln.swf.gz", 240), ("lublin-1-shadow", "lublin_256.swf.gz", 256),
      ("lublin-2-shadow", "lublin_256_new2.swf.gz", 256),
    ].filter { names.contains("order:\($0.0)") })
  func comeToTheFiguresOfThePage(name: String, log: String, cores: Int) throws {
    let page = try String(
      contentsOf: packageRoot.appendingPathComponent("docs/learning/order.md"), encoding: .utf8)
    let row = try #require(
      page.split(separator: "\n").first { $0.hasPrefix("| `\(name)`:") && $0.contains("the ten") })
    let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    let figure = try #require(Double(cells[6].filter { $0 != "*" }))
    let policy = try NamedScheduler("order:\(name)")
    let environment = try #require(policy.environment)
    let prediction = environment.prediction ?? "none"
    let use = environment.predictFor.map { ", predictFor: \($0)" } ?? ""
    let scenario = try scenario(
      "\(Self.logs)/\(log)", cores, environment.backfilling, "prediction: \(prediction)\(use)")
    let values = try Self.starts.map { try slowdown(policy.policy(), scenario, $0) }
    #expect(abs(values.reduce(0, +) / 10 - figure) < 0.00501)
  }
}

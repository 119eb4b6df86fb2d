import Foundation
import Simulation
import TestSupport
import Testing

@testable import Runs

/// Files of `tracemill stages`, and of the graphs.
@Suite struct StageScenarioTests {
  private static let graphs = """
    {
      "2g-1": {
        "edges": [[0, 1]],
        "stages": [
          { "tasks": 4, "first_wave": { "1": [1000] }, "rest_wave": { "1": [500] } },
          { "first_wave": { "1": [100] }, "fresh_durations": { "1": [100] } }
        ]
      },
      "2g-2": { "stages": [{ "first_wave": { "2": [30, 40, 50] } }] }
    }
    """
  private static let good = """
    name: two graphs
    graphs: graphs.json
    executors: 2
    jobs:
      - { at: 0, graph: 2g-1 }
      - { at: 60, graph: 2g-2 }
    policies: [fair, "capped:0.5", yielding]
    """

  private static func scenario(
    _ text: String = good, graphs: String = graphs
  ) throws -> (StageScenario, TemporaryFolder) {
    let folder = TemporaryFolder()
    try folder.write(graphs, to: "graphs.json")
    return (try StageScenario(path: folder.write(text, to: "mine.yaml")), folder)
  }

  @Test func isReadAndRun() throws {
    let (scenario, folder) = try Self.scenario()
    #expect(scenario.graphs == ["2g-1", "2g-2"])
    // The chain of the simulator's tests: its last stage has a sample for new executors.
    let result = try scenario.run("fair", seed: 1)
    #expect(result.report.ends[0] == 4600)
    #expect(result.report.tasks == 5 + 3)
    let table = try StageTable(scenario)
    #expect(table.text.contains("2 jobs on 2 executors, mean of 1 seed\n"))
    #expect(throws: RunError.self) { try scenario.run("lifo", seed: 1) }
    // A compressed file, and other policies.
    let packed = try folder.write(
      ArchiveMaker.compress(Array(Self.graphs.utf8), .gzip), to: "packed.json.gz")
    let other = try StageScenario(
      path: folder("mine.yaml"), graphs: packed, policies: ["fifo", "weighted-fair:0.5"])
    #expect(other.policies == ["fifo", "weighted-fair:0.5"])
    #expect(try other.run("fair", seed: 1).report == result.report)
  }

  /// The same on any number of threads.
  @Test func threadsChangeNothing() throws {
    let text = Self.good.replacingOccurrences(
      of: "jobs:\n  - { at: 0, graph: 2g-1 }\n  - { at: 60, graph: 2g-2 }",
      with: "arrivals: { jobs: 50, interval: 3 }\nseeds: [1, 2, 3, 4]")
    let (scenario, _) = try Self.scenario(text)
    func bytes(_ workers: Int) throws -> [Double] {
      let table = try StageTable(scenario, workers: workers).object
      let policies = try #require(table["policies"] as? [[String: Any]])
      return policies.flatMap { $0["runs"] as? [[String: Any]] ?? [] }
        .compactMap { $0["mean_s"] as? Double }
    }
    #expect(try bytes(1) == bytes(3))
    #expect(try Set(bytes(1)).count > 3)
  }

  @Test(arguments: [
    ("graph: 2g-2", "graph: 2g-3", "2g-3"), ("at: 60", "at: -1", "at"),
    ("at: 0,", "at: 90,", "before that of the job above"),
    ("executors: 2", "executors: 0", "executors"),
    ("executors: 2", "executors: 1e9", "executors"),
    ("executors: 2", "executors: 2\npoints: [5, 5]", "points"),
    ("executors: 2", "executors: 2\narrivals: { jobs: 3, interval: 1 }", "not both"),
    ("executors: 2", "executors: 2\npointDraw: near", "pointDraw"),
    ("executors: 2", "executors: 2\ndecision: order", "order"),
    ("executors: 2", "executors: 2\nseeds: [1, 1]", "twice"),
    ("executors: 2", "executors: 2\nmoveDelay: 1", "moveDelay"),
    ("yielding]", "yelding]", "yielding"), ("capped:0.5", "capped:-1", "no number from"),
    ("[fair", "[\"fair:2\"", "no parameter"), ("graphs.json", "other.json", "other.json"),
    ("yielding]", "\"stage:none.safetensors\"]", "none.safetensors"),
  ])
  func mistakesAreTold(find: String, replace: String, words: String) throws {
    let text = Self.good.replacingOccurrences(of: find, with: replace)
    #expect(text != Self.good)
    let error = #expect(throws: RunError.self) { _ = try Self.scenario(text) }
    let message = try #require(error?.message)
    #expect(message.contains(words), "\(message)")
  }

  /// What is wrong with a file of graphs is told with its place.
  @Test(arguments: [
    ("[[0, 1]]", "[[0, 1], [1, 0]]", "2:3: graph '2g-1': stages wait for each other"),
    ("[[0, 1]]", "[[0, 7]]", "3:15: graph '2g-1': edge [0, 7]"),
    ("[[0, 1]]", "[[0, 1], [0, 1]]", "3:23: graph '2g-1': edge [0, 1] is there twice"),
    ("[[0, 1]]", "[[0, 99999999999999999999]]", "3:19: expected a whole number"),
    ("[[0, 1]]", "[[0]]", "3:15: an edge is"), ("[[0, 1]]", "[[0, 1, 2]]", "3:22: an edge is"),
    ("[[0, 1]]", "[0, 1]", "3:15: expected a list"),
    ("\"tasks\": 4", "\"tasks\": 0", "5:18: expected a whole number from 1"),
    ("\"tasks\": 4", "\"tasks\": -4", "5:18:"), ("\"tasks\": 4", "\"tasks\": 1e6", "5:18:"),
    ("\"tasks\": 4", "\"tusks\": 4", "5:9: unknown key 'tusks'"),
    ("[1000]", "[1000.5]", "5:43:"), ("[1000]", "[-1000]", "5:43:"),
    ("[1000]", "[]", "5:7: graph '2g-1': stage 0 has no first task time"),
    ("{ \"1\": [1000]", "{ \"0\": [1000]", "'0' is no number of executors"),
    ("{ \"1\": [1000]", "{ \"01\": [1000]", "'01' is no number of executors"),
    ("{ \"1\": [1000]", "{ \"1\": [1], \"1\": [1000]", "'1' is there twice"),
    ("\"2g-2\"", "\"2g-1\"", "'2g-1' is there twice"),
    ("\"stages\": [{ \"first_wave\": { \"2\": [30, 40, 50] } }]", "", "has no stages"),
    ("[30, 40, 50] } }] }\n}", "[30, 40, 50", "the text ends"),
    ("[30, 40, 50] } }] }\n}", "[30, 40, 50] } }] }\n} {}", "something follows"),
  ])
  func graphsAreChecked(find: String, replace: String, words: String) throws {
    let text = Self.graphs.replacingOccurrences(of: find, with: replace)
    #expect(text != Self.graphs)
    let error = #expect(throws: RunError.self) { _ = try Self.scenario(graphs: text) }
    let message = try #require(error?.message)
    #expect(message.contains("graphs.json:") && message.contains(words), "\(message)")
  }

  @Test(arguments: [
    "", "[]", "{}", "nul", "{\"a\": 1}", "{\"a\"", "\u{FEFF}{}", "{\"\\u0061\": {}}",
  ])
  func noGraphsAreRefused(text: String) throws {
    #expect(throws: RunError.self) { _ = try Self.scenario(graphs: text) }
  }

  // MARK: - Published

  private static let python =
    ProcessInfo.processInfo.environment["TRACEMILL_PYTHON"]
    ?? packageRoot.appendingPathComponent(".venv/bin/python").path

  private static let grid =
    "{"
    + (1...3).flatMap { size in
      (1...5).map { "\"\(size)g-\($0)\": { \"stages\": [{ \"first_wave\": { \"1\": [10] } }] }" }
    }.joined(separator: ",\n") + "}"

  private static let drawn = """
    name: drawn
    graphs: graphs.json
    executors: 50
    arrivals: { jobs: 400, interval: 25, draw: decima }
    seeds: [10000000]
    """

  /// Arrivals, sizes and queries are those that NumPy draws.
  @Test(
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: python),
      "needs TRACEMILL_PYTHON or .venv with Tests/requirements.txt"))
  func arrivalsAreNumPys() throws {
    let (scenario, folder) = try Self.scenario(Self.drawn, graphs: Self.grid)
    let script = try folder.write(
      """
      import numpy, sys
      draw = numpy.random.RandomState(int(sys.argv[1]))
      query, size, time = draw.randint(5), draw.randint(3), 0
      print(time, size * 5 + query)
      for _ in range(399):
          time += int(draw.exponential(25000))
          size = draw.randint(3)
          print(time, size * 5 + draw.randint(5))
      """, to: "draw.py")
    for seed in [10_000_000, 10_000_009, 0, 4_294_967_295] as [UInt32] {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: Self.python)
      process.arguments = [script, "\(seed)"]
      let pipe = Pipe()
      process.standardOutput = pipe
      try process.run()
      let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      let ours = scenario.arrivals.jobs(seed: seed).map { "\($0.arrival) \($0.graph)\n" }.joined()
      #expect(text == ours)
    }
  }

  @Test func decimasDrawNeedsItsNames() throws {
    let graphs = Self.grid.replacingOccurrences(of: "2g-3", with: "2g-9")
    let error = #expect(throws: RunError.self) { try Self.scenario(Self.drawn, graphs: graphs) }
    #expect(error?.message.contains("there is '2g-9'") == true)
  }

  private static let tpch = packageRoot.deletingLastPathComponent()
    .appendingPathComponent("shared/reference/learning/tpch/tpch_dags.json.gz").path

  /// The published run of decima-sim: equal shares, 5,000 jobs, 62.71 s, 0.707 of the executors in use.
  @Test(
    .enabled(
      if: FileManager.default.fileExists(atPath: tpch),
      "needs ../shared/reference/learning/tpch"))
  func fairIsThePublished() throws {
    let folder = TemporaryFolder()
    let text =
      Self.drawn.replacingOccurrences(of: "jobs: 400", with: "jobs: 5001")
      + "\npointDraw: farther\npoints: [5, 10, 20, 40, 50, 60, 80, 100]\n"
    let scenario = try StageScenario(
      path: folder.write(text, to: "decima.yaml"), graphs: Self.tpch)
    #expect(scenario.graphs.count == 154)
    #expect(scenario.simulator.tables.kinds.count == 1414)
    #expect(scenario.simulator.tables.graphs.reduce(0) { $0 + $1.tasks } == 177_890)
    let report = try scenario.run("fair", seed: 10_000_000).report
    #expect(abs(report.meanCompletion / 62_710 - 1) < 0.04)
    #expect(abs(report.use - 0.707) < 0.01)
  }
}

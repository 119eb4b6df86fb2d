import Configuration
import Fitting
import Testing
import Workload

@testable import Generation

/// Graphs that are learnt from a trace: what is generated is like them.
@Suite struct LearnedGraphTests {
  private func model(_ graph: GraphModel?) throws -> WorkloadModel {
    var part = TaskClass(
      name: "all", share: 1, runTime: try Law(.lognormal, [3, 1]), cpu: try Law.constant(1),
      memory: try Law.constant(2))
    part.jobSize = try Law.atoms([(1, 3), (2, 3), (3, 2), (5, 2), (8, 1), (20, 0.5)])
    var model = WorkloadModel(arrivals: ArrivalModel(rate: 0.1), classes: [part])
    model.graph = graph
    return model
  }

  private func profile(
    _ source: SyntheticWorkload, dependencies: DependencyTable? = nil
  ) async throws -> WorkloadProfile {
    var options = ProfileOptions()
    options.tails = false
    options.families = [.lognormal]
    var builder = try ProfileBuilder(
      options, dependencies: try dependencies ?? source.dependencies())
    for record in records(source) { builder.add(record) }
    return await builder.finish(ProfileProvenance(input: "made", tool: "test"))
  }

  /// The graphs of Alibaba's jobs, learnt and drawn anew, have the statistics that they had.
  @Test(arguments: [GraphModel.Shape.alibaba2018, .layered(width: 3, density: 0.3)])
  func statisticsComeBack(shape: GraphModel.Shape) async throws {
    let original = try await profile(
      SyntheticWorkload(
        model(GraphModel(shape: shape, data: try Law(.exponential, [0.5]))), .tasks(20_000),
        seed: 1))
    let found = try #require(original.graphs)
    #expect(found.leftOut == 0 && found.otherDependencies == 0)
    let text = String(decoding: try original.json(), as: UTF8.self)
    let back = try WorkloadProfile(ConfigurationFile(text: text, name: "p.json"))
    #expect(back == original)
    var notes: [Note] = []
    let drawn = try await profile(
      SyntheticWorkload(WorkloadModel(back, notes: &notes), .tasks(20_000), seed: 7))
    let again = try #require(drawn.graphs)
    let (a, b) = (found.statistics, again.statistics)
    #expect(a.jobs > 2000 && b.jobs > 2000)
    // Standard errors of shares and means of two samples of so many jobs.
    let error = (1 / Double(a.jobs) + 1 / Double(b.jobs)).squareRoot()
    let depths = try deviations(found.shapes)
    #expect(abs(a.depth - b.depth) < 3 * error * depths.depth, "\(a.depth), \(b.depth)")
    #expect(abs(a.width - b.width) < 3 * error * depths.width, "\(a.width), \(b.width)")
    #expect(abs(a.withDependencies - b.withDependencies) < 3 * 0.5 * error)
    #expect(abs(a.criticalPathShare - b.criticalPathShare) < 3 * 0.3 * error)
    let (first, second) = (try #require(a.criticalTimeShare), try #require(b.criticalTimeShare))
    #expect(abs(first - second) < 3 * 0.3 * error, "\(first), \(second)")
    for degree in 0..<5 {
      // A job's tasks are alike: as if there were as many as jobs.
      #expect(abs(a.inDegrees[degree] - b.inDegrees[degree]) < 3 * 0.5 * error)
      #expect(abs(a.outDegrees[degree] - b.outDegrees[degree]) < 3 * 0.5 * error)
    }
    let (data, others) = (try #require(found.data), try #require(again.data))
    #expect(abs(data.mean / 2 - 1) < 0.1 && abs(others.mean / data.mean - 1) < 0.1)
  }

  /// Standard deviations of depth and width over jobs.
  private func deviations(_ shapes: [GraphShape]) throws -> (depth: Double, width: Double) {
    var values: [(depth: Double, width: Double, jobs: Double)] = []
    for shape in shapes {
      let levels = shape.levels
      var widths: [Int: Int] = [:]
      for level in levels { widths[level, default: 0] += 1 }
      values.append(
        (Double(levels.max() ?? 0), Double(widths.values.max() ?? 0), Double(shape.jobs)))
    }
    let n = values.reduce(0) { $0 + $1.jobs }
    func deviation(_ value: ((depth: Double, width: Double, jobs: Double)) -> Double) -> Double {
      let mean = values.reduce(0) { $0 + value($1) * $1.jobs } / n
      let sum = values.reduce(0) { $0 + (value($1) - mean) * (value($1) - mean) * $1.jobs }
      return (sum / n).squareRoot()
    }
    return (deviation(\.depth), deviation(\.width))
  }

  @Test func noneAreLearntWhereNoneAre() async throws {
    let source = try SyntheticWorkload(model(nil), .tasks(3000), seed: 1)
    let plain = try await profile(source)
    #expect(plain.graphs == nil)
    #expect(plain.card?.first { $0.part == "graphs" }?.fittedTo.hasPrefix("left out") == true)
    var notes: [Note] = []
    #expect(try WorkloadModel(plain, notes: &notes).graph == nil)
    // Dependencies between jobs, and on tasks that there are not, are counted and are no graphs.
    var table = DependencyTable()
    table.add(TaskID(job: 3), after: TaskID(job: 1))
    table.add(TaskID(wholeJob: 4), after: TaskID(wholeJob: 3))
    #expect(try await profile(source, dependencies: table).graphs == nil)
    let size = records(source).filter { $0.id.job == 5 }.count
    table.add(TaskID(job: 6, index: 0), after: TaskID(job: 6, index: Int32(size) + 100))
    #expect(try await profile(source, dependencies: table).graphs == nil)
  }

  @Test func circlesAreLeftOut() async throws {
    let source = try SyntheticWorkload(
      model(GraphModel(shape: .chain)), .tasks(3000), seed: 1)
    var table = try source.dependencies()
    let chained = try #require(table.tasks.first)
    table.add(TaskID(job: chained.job), after: chained)
    let found = try #require(try await profile(source, dependencies: table).graphs)
    #expect(found.leftOut == 1)
    #expect(abs(found.statistics.criticalPathShare - 1) < 1e-12)
    #expect(found.statistics.withDependencies == 1)
  }

  /// Jobs alike but for the numbers of their tasks are one shape; others are not.
  @Test func oneShapeIsKeptOnce() throws {
    let fork = try #require(
      GraphShape.sorted(size: 4, edges: [(3, 0), (3, 1), (3, 2), (1, 0), (2, 0)]))
    let same = try #require(
      GraphShape.sorted(size: 4, edges: [(0, 3), (0, 2), (0, 1), (1, 2), (3, 2), (3, 2)]))
    #expect(fork.shape == same.shape)
    #expect(same.order == [2, 1, 3, 0])
    #expect(fork.shape.levels == [1, 2, 2, 3])
    #expect(GraphShape.sorted(size: 3, edges: [(1, 0), (2, 0)])?.shape != fork.shape)
    #expect(GraphShape.sorted(size: 2, edges: [(1, 0), (0, 1)]) == nil)
  }

  /// A larger job than any that was seen is as long as one that was, and wider.
  @Test func largerJobsAreWider() throws {
    let shape = GraphShape(waitsFor: [[], [0], [0], [1, 2]])
    let shapes = GraphShapes([shape])
    var rng = RandomStream(seed: 1, name: "shapes")
    for size in [4, 5, 9, 200] {
      let waits = try #require(shapes.draw(size: size, limit: 1_000_000, using: &rng))
      let drawn = GraphShape(waitsFor: waits)
      #expect(drawn.size == size && drawn.issue == nil)
      #expect(drawn.levels.max() == 3 && drawn.levels == drawn.levels.sorted())
    }
    #expect(shapes.draw(size: 3, limit: 100, using: &rng) == [])
    #expect(shapes.draw(size: 10_000_000, limit: 10_000_000, using: &rng) == nil)
  }

  @Test func scenariosSayThem() throws {
    var model = try model(
      GraphModel(
        shape: .learned(
          GraphShapes([
            GraphShape(jobs: 7, waitsFor: [[], [0]]), GraphShape(jobs: 2, waitsFor: [[], []]),
            GraphShape(jobs: 1, waitsFor: [[], [0], [0, 1]]),
          ]))))
    model.classes[0].name = "a"
    let printed = model.scenario(named: "x")
    let back = try WorkloadScenario(ConfigurationFile(text: printed, name: "s.yaml")) { _ in nil }
    #expect(back.model.graph == model.graph)
    for (from, to) in [
      ("[[], [0]]", "[[], [1]]"), ("[[], [0]]", "[[0], [0]]"), ("[0, 1]", "[1, 0]"),
      ("jobs: 7", "jobs: 0"), ("jobs: 7", "jobs: 1e300"), ("[[], [0]]", "[[]]"),
      ("[[], [0]]", "[[], [1e300]]"), ("[[], [0]]", "[[], 0]"), ("[[], [0]]", "[[], [-1]]"),
    ] {
      #expect(printed.contains(from))
      #expect(throws: ConfigurationError.self, "\(to)") {
        _ = try WorkloadScenario(
          ConfigurationFile(text: printed.replacing(from, with: to), name: "s.yaml")
        ) { _ in nil }
      }
    }
  }
}

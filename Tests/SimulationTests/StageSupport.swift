import Workload

@testable import Simulation

/// Graphs, jobs and checks for tests of stages.
enum Stages {
  /// One point, at one executor.
  static func stage(_ tasks: Int, first: [Int], rest: [Int] = [], fresh: [Int] = [])
    -> StageGraph.Stage
  {
    .init(tasks: tasks, points: [.init(executors: 1, fresh: fresh, first: first, rest: rest)])
  }

  /// Graphs of 1 to 8 stages, of which each waits for some before it.
  static func graphs(_ seed: UInt64, count: Int = 4) throws -> [StageGraph] {
    var random = RandomStream(seed: seed, name: "stage-graphs")
    func times(_ random: inout RandomStream, _ least: Int) -> [Int] {
      (0..<least + random.below(4)).map { _ in 50 + random.below(3000) }
    }
    return try (0..<count).map { number in
      let size = 1 + random.below(8)
      var edges: [(parent: Int, child: Int)] = []
      var stages: [StageGraph.Stage] = []
      for child in 0..<size {
        for parent in 0..<child where random.below(3) == 0 { edges.append((parent, child)) }
        var points: [StageGraph.Point] = []
        for executors in [1, 2, 5, 9] where executors == 1 || random.below(3) > 0 {
          let fresh = times(&random, 0)
          // Some fresh ones are among the first ones, as in measured graphs.
          let first = times(&random, fresh.isEmpty ? 1 : 0) + fresh.prefix(2)
          points.append(
            .init(executors: executors, fresh: fresh, first: first, rest: times(&random, 0)))
        }
        stages.append(.init(tasks: 1 + random.below(20), points: points))
      }
      return try StageGraph(name: "\(number)", stages: stages, edges: edges)
    }
  }

  static func jobs(_ seed: UInt64, count: Int, of graphs: Int, mean: Double = 4000) -> [StageJob] {
    var random = RandomStream(seed: seed, name: "stage-jobs")
    var time = 0.0
    return (0..<count).map { _ in
      // Some come together.
      if random.below(5) > 0 { time += random.exponential(mean: mean) }
      return StageJob(arrival: Int(time), graph: random.below(graphs))
    }
  }

  static var policies: [any StagePolicy] {
    StagePolicies.all.map { $0.make($0.parameter ?? 0) } + [AnyStages(seed: 3)]
  }
}

/// Chooses any candidate, any number, or none, by draws of its own.
struct AnyStages: StagePolicy {
  var name: String { "any" }
  private var random: RandomStream

  init(seed: UInt64) { random = RandomStream(seed: seed, name: "any-stages") }

  mutating func choose(_ scene: borrowing StageScene) -> StageChoice? {
    var candidates: [Int] = []
    for job in scene.active {
      for stage in scene.jobs[job].stages where scene.stages[stage].isCandidate {
        candidates.append(stage)
      }
    }
    guard !candidates.isEmpty, random.below(4) > 0 else { return nil }
    return StageChoice(
      stage: candidates[random.below(candidates.count)],
      executors: 1 + random.below(scene.executors))
  }
}

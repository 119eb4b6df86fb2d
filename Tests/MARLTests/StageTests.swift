import Foundation
import Simulation
import Testing
import Workload

@testable import MARL

/// Learned choices of stages.
@Suite struct StageTests {
  private static let graphs: [StageGraph] = [(3, 2), (40, 5), (200, 3), (12, 4)].compactMap {
    tasks, size in
    let stages = (0..<size).map { number in
      StageGraph.Stage(
        tasks: tasks + number,
        points: [
          .init(executors: 2, first: [400 + 50 * number], rest: [300]),
          .init(executors: 10, first: [900], rest: [500, 700]),
        ])
    }
    return try? StageGraph(
      name: "\(tasks)", stages: stages, edges: (1..<size).map { ($0 - 1, $0) })
  }

  private static func loss(_ policy: any StagePolicy, _ draw: StageTrainer.Draw) -> Double {
    var random = RandomStream(seed: UInt64(draw.seed), name: "jobs")
    var time = 0.0
    let jobs = (0..<60).map { _ in
      time += random.exponential(mean: 6000)
      return StageJob(arrival: Int(time), graph: random.below(graphs.count))
    }
    return StageSimulator(graphs, executors: 10, seed: UInt64(draw.seed))
      .run(jobs, by: policy).meanCompletion
  }

  private static func trained(workers: Int) throws -> StageTrainer {
    var settings = StageTrainer.Settings()
    (settings.generations, settings.population, settings.validationDraws) = (6, 8, 3)
    var trainer = StageTrainer(
      settings, on: StageTables(graphs, executors: 10, StageOptions()), loss: loss)
    for generation in 1...6 {
      let progress = try trainer.step(workers: workers, validates: generation.isMultiple(of: 2))
      #expect((progress.validation != nil) == generation.isMultiple(of: 2))
    }
    return trainer
  }

  @Test func trainingHangsOnTheSeedAlone() throws {
    #expect(Self.graphs.count == 4)
    let (one, three) = (try Self.trained(workers: 1), try Self.trained(workers: 3))
    #expect(one.best == three.best && one.bestLoss == three.bestLoss && one.runs == three.runs)
    #expect(one.bestLoss <= one.startLoss)
    // 6 generations of 8 points and a bar on 2 draws; 3 bars of validation, the start, and 3 centres.
    #expect(one.runs == 6 * (8 + 1) * 2 + 3 * (1 + 1 + 3))
  }

  /// The start is better than equal shares where task times grow with executors, and weights of any size run.
  @Test func anyWeightsRun() throws {
    let tables = StageTables(Self.graphs, executors: 10, StageOptions())
    var random = RandomStream(seed: 5, name: "weights")
    for size in [1.0, 100, 1e30] {
      let weights = (0..<StageModel.parameterCount).map { _ in size * (random.uniform() - 0.5) }
      let policy = StageModel(parameters: weights).policy(named: "any", on: tables)
      let value = Self.loss(policy, .init(seed: 3, isWhole: false))
      #expect(value > 0 && value < .infinity)
    }
  }
}

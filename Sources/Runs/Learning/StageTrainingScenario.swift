import Configuration
import MARL
import Simulation
import Workload

/// A scenario of `decision: stage`: jobs of stages that share executors, and how stages and numbers of executors are
/// learned from them.
public struct StageTrainingScenario: SearchScenario {
  public let name: String
  public let training: StageTrainer.Settings
  private let scenario: StageScenario

  /// Reads it, and the graphs.
  ///
  /// - Throws: ``RunError`` with every mistake in the file.
  public init(path: String) throws {
    let parts = try LearningFile(path: path).read { root -> (StageParts, StageTrainer.Settings)? in
      guard let parts = StageParts(root) else { return nil }
      if root["jobs"] != nil {
        root.problem(at: "jobs", "are the same each time: training needs arrivals, which are drawn")
      }
      return (parts, parts.training)
    }
    scenario = try StageScenario(parts.0, path: path)
    (name, training) = (scenario.name, parts.1)
  }

  public func notes() throws -> [Note] { [] }

  public var words: SearchWords {
    SearchWords(
      decision: .stage, loss: "time over that of equal shares", validation: "validation",
      digits: 3, runs: "",
      result: {
        "jobs of validation take \($0) of the time that they take with equal shares, and \($1) with what training "
          + "began with"
      },
      start: "what training began with")
  }

  public func trainer() -> any SearchTrainer {
    let (scenario, training) = (scenario, training)
    return StageTrainer(training, on: scenario.simulator.tables) { policy, draw in
      let count = draw.isWhole ? training.validationJobs : training.jobs
      let jobs = scenario.arrivals.jobs(seed: draw.seed, count: count)
      var simulator = scenario.simulator
      simulator.seed = UInt64(draw.seed)
      return simulator.run(jobs, by: policy).meanCompletion
    }
  }
}

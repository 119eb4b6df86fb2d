import PortableMath
import Simulation

/// A learned choice of stages and numbers of executors: two weighted sums with shared weights over all candidates.
///
/// A candidate with inputs x (``inputs``) has the score u·x, and its job may have e^(v·x) executors. Of the candidates
/// whose job has fewer, the one with the greatest score is chosen, with as many executors as the job may still have.
/// Where there is none, executors that are at a job stay there, at its candidate with the greatest score; those that are
/// at none wait. The candidates and their two outputs are those of Decima (Mao et al., SIGCOMM 2019), without its graph
/// network.
public struct StageModel: WeightedModel {
  public static let identity = PolicyIdentity(
    decision: .stage, format: "tracemill-stage-1", observation: "stage-1", cluster: "executors",
    names: ["inputs": inputs, "outputs": rows])
  public static let tensor = "stage.weight"
  /// Inputs of a candidate, in order; logarithms are of seconds, and all are about 0 and of size 1.
  public static let inputs = [
    "one", "log work left of the job", "log work left of the stage", "log critical path",
    "log jobs in the system", "log work left of other jobs", "free executors", "is local",
    "is ready", "growth of task times with executors", "share of the job", "log time since arrival",
    "log stages left", "log task time", "log work left of the job × log jobs",
    "work left of the job: square",
  ]
  /// What the weights give, in order.
  public static let rows = ["score", "log executors"]

  /// Weights: those of the score, then those of the number of executors.
  public var parameters: [Double]

  /// A model of these weights, as many as ``parameterCount``.
  public init(parameters: [Double]) {
    precondition(parameters.count == Self.parameterCount, "parameters fit the shape")
    self.parameters = parameters
  }

  /// Least work left first, at most √(work left in seconds) executors a job, ready stages first, own job first: where
  /// training begins.
  public static var yielding: StageModel {
    var parameters = Array(repeating: 0.0, count: parameterCount)
    parameters[1] = -1
    (parameters[7], parameters[8]) = (3, 1)
    // Half of what the input of the work was divided by, and half of what was taken from it.
    parameters[inputs.count] = 2.5
    parameters[inputs.count + 1] = 0.75
    return StageModel(parameters: parameters)
  }

  /// The policy by it on graphs.
  ///
  /// - Parameters:
  ///   - name: in reports and on the command line.
  ///   - tables: the graphs.
  public func policy(named name: String, on tables: StageTables) -> any StagePolicy {
    LearnedStages(self, name: name, on: tables)
  }
}

/// Chooses stages by a learned model. Nothing it sees is of the future: jobs in the system, and mean task times.
struct LearnedStages: StagePolicy {
  typealias Row = StageModel.Row

  let name: String
  private let score: Row
  private let limit: Row
  /// Of each kind, what does not change: critical path, growth, log task time, mean in seconds.
  private let kinds: [(path: Float, growth: Float, time: Float, mean: Float)]

  init(_ model: StageModel, name: String, on tables: StageTables) {
    self.name = name
    (score, limit) = (model.weights(0), model.weights(1))
    let (few, many) = (max(1, tables.executors / 5), max(1, tables.executors * 4 / 5))
    kinds = tables.kinds.indices.map { kind in
      let mean = tables.kinds[kind].mean / 1000
      let growth =
        log(tables.mean(kind, executors: many, .rest) / tables.mean(kind, executors: few, .rest))
      return (
        Float(log(tables.kinds[kind].criticalPath / 1000 + 0.1) - 2), Float(2 * growth - 0.6),
        Float(0.7 * log(mean)), Float(mean)
      )
    }
  }

  mutating func choose(_ scene: borrowing StageScene) -> StageChoice? {
    let executors = Double(scene.executors)
    var (total, shares) = (0.0, 0)
    for job in scene.active {
      total += scene.jobs[job].workLeft
      shares += scene.share(of: job)
    }
    let isAtJob = scene.source.map { scene.jobs[$0].end < 0 } ?? false
    let free = executors - Double(shares) + (isAtJob ? Double(scene.waiting) : 0)
    var x = Row.zero
    x[0] = 1
    let jobs = Float(1.5 * (log(Double(scene.active.count)) - 1))
    x[4] = jobs
    x[6] = Float(2 * free / executors - 0.5)
    var (best, bestScore): (StageChoice?, Float) = (nil, -.infinity)
    var (stay, stayScore): (Int?, Float) = (nil, -.infinity)
    for job in scene.active where scene.jobs[job].openStages > 0 {
      let state = scene.jobs[job]
      let isLocal = scene.source == job
      let share = scene.share(of: job) - (isLocal ? scene.waiting : 0)
      let work = Float((log(state.workLeft / 1000 + 1) - 5) / 1.5)
      x[1] = work
      x[5] = Float((log((total - state.workLeft) / 1000 + 10) - 5) / 1.5)
      x[7] = isLocal ? 1 : 0
      x[10] = Float(3 * Double(share) / executors - 0.5)
      x[11] = Float(log(Double(scene.now - state.arrival) / 1000 + 1) - 3)
      x[12] = Float(log(Double(state.unfinishedStages)) - 1.5)
      x[14] = work * jobs
      x[15] = work * work - 1
      for stage in state.stages where scene.stages[stage].isCandidate {
        let place = scene.stages[stage]
        let kind = kinds[place.kind]
        let left = Double(Float(place.tasks - place.started) * kind.mean)
        x[2] = Float((log(left + 1) - 4) / 1.5)
        x[3] = kind.path
        x[8] = place.isReady ? 1 : 0
        x[9] = kind.growth
        x[13] = kind.time
        let value = (score * x).sum()
        if isLocal, value > stayScore { (stay, stayScore) = (stage, value) }
        guard value > bestScore else { continue }
        // The constants come first: what is not a number then gives way to them.
        let most = exp(Double(min(12, (limit * x).sum())))
        let missing = Int(min(executors, max(1, most)).rounded()) - share
        if missing > 0 {
          (best, bestScore) = (StageChoice(stage: stage, executors: missing), value)
        }
      }
    }
    return best ?? stay.map { StageChoice(stage: $0, executors: scene.waiting) }
  }
}

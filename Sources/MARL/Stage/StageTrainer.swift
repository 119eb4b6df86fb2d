import PortableMath
import Simulation
import Workload

/// Searches a learned choice of stages by ``CMAES``.
///
/// A generation draws jobs, runs all its points on them, and compares the points by the mean logarithm of the mean
/// completion time over that of equal shares on the same jobs and draws of task times. The result is the search's
/// centre that is best on the jobs of validation, or what the search began with where none is better. It hangs on the
/// seed, not on the number of workers.
public struct StageTrainer: SearchTrainer {
  /// Mean completion time under a policy.
  public typealias Loss = @Sendable (_ policy: any StagePolicy, _ draw: Draw) throws -> Double

  /// One run.
  public struct Draw: Hashable, Sendable {
    /// What jobs and task times are drawn from.
    public var seed: UInt32
    /// Of validation, which has more jobs.
    public var isWhole: Bool

    /// A run of this.
    public init(seed: UInt32, isWhole: Bool) { (self.seed, self.isWhole) = (seed, isWhole) }
  }

  /// How it searches.
  public struct Settings: SearchSettings {
    /// Generations.
    public var generations = 60
    /// Points a generation; nil for 4 + 3 ln n.
    public var population: Int?
    /// Draws of jobs a generation, each time others.
    public var draws = 2
    /// Jobs of a run.
    public var jobs = 600
    /// Draws of validation, and jobs of each.
    public var validationDraws = 2
    /// Jobs of a run of validation.
    public var validationJobs = 2000
    /// Generations from one validation to the next.
    public var validationEvery = 10
    /// Standard deviation of the first draws of a weight.
    public var step = 0.1
    /// What all chance comes from.
    public var seed: UInt64 = 1

    /// The defaults.
    public init() {}
  }

  private let settings: Settings
  private let tables: StageTables
  private let loss: Loss
  private var search: CMAES
  private var wholeBars: [Double] = []
  /// The best so far in validation: what the search began with, until another is better.
  public private(set) var best = StageModel.yielding
  public private(set) var bestLoss = Double.infinity
  public private(set) var startLoss = Double.infinity
  public private(set) var runs = 0
  public var policy: SafeTensors { best.tensors }

  /// A trainer at its beginning.
  ///
  /// - Parameters:
  ///   - settings: how it searches.
  ///   - tables: the graphs.
  ///   - loss: the mean completion time under a policy (> 0).
  public init(_ settings: Settings, on tables: StageTables, loss: @escaping Loss) {
    (self.settings, self.tables, self.loss) = (settings, tables, loss)
    search = CMAES(
      mean: StageModel.yielding.parameters, step: settings.step, population: settings.population,
      seed: settings.seed)
  }

  /// The first seed that is never drawn: those from here on are for tests, as decima-sim's are.
  public static let firstTestSeed: UInt32 = 10_000_000

  /// The draws of a generation; those of validation are of generation 0. All are below ``firstTestSeed``.
  private func draws(_ generation: Int, _ count: Int, isWhole: Bool) -> [Draw] {
    (0..<count).map { number in
      var mixed = RandomStream(seed: settings.seed, name: isWhole ? "validation" : "generation")
        .at(UInt64(generation * 1000 + number))
      return Draw(seed: UInt32(mixed.below(Int(Self.firstTestSeed))), isWhole: isWhole)
    }
  }

  /// One generation more; losses are mean logarithms of mean completion times over those of equal shares.
  public mutating func step(workers: Int, validates: Bool) throws -> SearchProgress {
    let points = search.ask()
    let drawn = draws(search.generation + 1, settings.draws, isWhole: false)
    let values = try losses(of: points, on: drawn, bars(drawn, workers), workers)
    search.tell(values)
    var progress = SearchProgress(
      generation: search.generation, mean: values.reduce(0, +) / Double(values.count),
      best: values.min() ?? .nan, step: search.step)
    if validates {
      let whole = draws(0, settings.validationDraws, isWhole: true)
      if wholeBars.isEmpty {
        wholeBars = try bars(whole, workers)
        startLoss = try losses(of: [best.parameters], on: whole, wholeBars, workers)[0]
        bestLoss = startLoss
      }
      let centre = search.mean
      let value = try losses(of: [centre], on: whole, wholeBars, workers)[0]
      progress.validation = value
      if value < bestLoss { (bestLoss, best) = (value, StageModel(parameters: centre)) }
    }
    return progress
  }

  /// Equal shares on draws.
  private mutating func bars(_ draws: [Draw], _ workers: Int) throws -> [Double] {
    let loss = loss
    runs += draws.count
    return try Parallel.map(draws.count, workers: workers) {
      try loss(StagePolicies.fair, draws[$0])
    }
  }

  private mutating func losses(
    of points: [[Double]], on draws: [Draw], _ bars: [Double], _ workers: Int
  ) throws -> [Double] {
    let (loss, count, tables) = (loss, draws.count, tables)
    let models = points.map { StageModel(parameters: $0).policy(named: "candidate", on: tables) }
    let all = try Parallel.map(points.count * count, workers: workers) {
      try loss(models[$0 / count], draws[$0 % count])
    }
    runs += all.count
    return points.indices.map { point in
      (0..<count).reduce(0.0) { sum, place in
        sum + log(all[point * count + place] / bars[place])
      } / Double(count)
    }
  }
}

import PortableMath
import Simulation
import Workload

/// Searches a learned choice of devices by an evolution strategy: the covariance matrix adaptation of ``CMAES``, on
/// clusters that are filled by workloads.
///
/// A generation draws an order of each workload's tasks, fills a part of the cluster with each of its points, and
/// compares the points by the mean logarithm of the GPUs left over FGD's on the same. The result is the search's centre
/// that is best on the whole cluster, or what the search began with where none is better. It hangs on the seed, not on
/// the number of workers.
public struct DeviceTrainer: SearchTrainer {
  /// GPUs that a policy leaves of a filling.
  public typealias Loss =
    @Sendable (_ policy: any PlacementPolicy, _ filling: Filling) throws -> Double

  /// One run.
  public struct Filling: Hashable, Sendable {
    /// Which of the workloads.
    public var workload: Int
    /// What its order is drawn from.
    public var seed: UInt64
    /// Of the whole cluster, for validation; a part of it otherwise.
    public var isWhole: Bool

    /// A run of this.
    public init(workload: Int, seed: UInt64, isWhole: Bool) {
      self.workload = workload
      self.seed = seed
      self.isWhole = isWhole
    }
  }

  /// How it searches.
  public struct Settings: SearchSettings {
    /// Generations.
    public var generations = 75
    /// Points a generation; nil for 4 + 3 ln n.
    public var population: Int?
    /// How many orders of the tasks there are, one a generation in turn.
    public var draws = 12
    /// Generations from one comparison on the whole cluster to the next.
    public var validationEvery = 15
    /// Standard deviation of the first draws of a weight.
    public var step = 0.3
    /// What all chance comes from.
    public var seed: UInt64 = 1

    /// The defaults.
    public init() {}
  }

  private let settings: Settings
  private let workloads: Int
  private let loss: Loss
  private var search: CMAES
  /// FGD's, by filling.
  private var bars: [Filling: Double] = [:]
  /// The best so far on the whole cluster: what the search began with, until another is better.
  public private(set) var best = DeviceModel.leastGrowth
  public private(set) var bestLoss = Double.infinity
  public private(set) var startLoss = Double.infinity
  public private(set) var runs = 0

  /// A trainer at its beginning.
  ///
  /// - Parameters:
  ///   - settings: how it searches.
  ///   - workloads: how many there are.
  ///   - loss: what a policy leaves of a filling (> 0).
  public init(_ settings: Settings, workloads: Int, loss: @escaping Loss) {
    self.settings = settings
    self.workloads = workloads
    self.loss = loss
    search = CMAES(
      mean: DeviceModel.leastGrowth.parameters, step: settings.step,
      population: settings.population, seed: settings.seed)
  }

  public var policy: SafeTensors { best.tensors }

  /// One generation more; losses are mean logarithms of GPUs left over FGD's, and of the validation those on the
  /// whole cluster.
  public mutating func step(workers: Int, validates: Bool) throws -> SearchProgress {
    let draw = UInt64(search.generation % settings.draws)
    let points = search.ask()
    let values = try losses(of: points, on: fillings(100 + draw, false), workers: workers)
    search.tell(values)
    var progress = SearchProgress(
      generation: search.generation, mean: values.reduce(0, +) / Double(values.count),
      best: values.min() ?? .nan, step: search.step)
    if validates {
      let whole = fillings(900, true)
      if startLoss == .infinity {
        startLoss = try losses(of: [best.parameters], on: whole, workers: workers)[0]
        bestLoss = startLoss
      }
      let centre = search.mean
      let value = try losses(of: [centre], on: whole, workers: workers)[0]
      progress.validation = value
      if value < bestLoss { (bestLoss, best) = (value, DeviceModel(parameters: centre)) }
    }
    return progress
  }

  /// A filling by each workload, with seeds that are the trainings' own.
  private func fillings(_ draw: UInt64, _ isWhole: Bool) -> [Filling] {
    (0..<workloads).map {
      Filling(
        workload: $0, seed: 1_000_000 * settings.seed + 1000 * draw + UInt64($0), isWhole: isWhole)
    }
  }

  private mutating func losses(
    of points: [[Double]], on fillings: [Filling], workers: Int
  ) throws -> [Double] {
    let loss = loss
    let new = fillings.filter { bars[$0] == nil }
    let found = try Parallel.map(new.count, workers: workers) {
      try loss(DevicePlacement(FGD()), new[$0])
    }
    for (filling, bar) in zip(new, found) { bars[filling] = bar }
    let models = points.map { DeviceModel(parameters: $0) }
    let count = fillings.count
    let all = try Parallel.map(points.count * count, workers: workers) {
      try loss(models[$0 / count].policy(named: "candidate"), fillings[$0 % count])
    }
    runs += new.count + all.count
    return points.indices.map { point in
      fillings.indices.reduce(0.0) { sum, place in
        let bar = max(bars[fillings[place]] ?? 0, 1e-9)
        return sum + PortableMath.log(max(all[point * count + place], 1e-9) / bar)
      } / Double(count)
    }
  }
}

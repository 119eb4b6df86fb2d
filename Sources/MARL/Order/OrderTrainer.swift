import PortableMath
import Simulation
import Workload

/// Searches a learned order's parameters by an evolution strategy: the covariance matrix adaptation of
/// ``CMAES``, on sequences of a workload.
///
/// A generation draws sequences, runs each of its points on all of them, and compares the points by half the
/// logarithm of the mean loss and half the mean of its logarithms: the mean alone would go by the worst
/// sequence. A sequence whose loss under the order that the search begins with is above four times the median of
/// these counts as that much less: a log has weeks in which nothing helps. What may be the result is the search's
/// centre and the mean of its centres of late, which the draw of sequences moves less (Polyak and Juditsky,
/// "Acceleration of stochastic approximation by averaging", SIAM J. Control Optim. 30, 1992); and the order that
/// the search began with, where none is better on the validation sequences. It hangs on the seed, not on the number
/// of workers.
public struct OrderTrainer: SearchTrainer {
  /// The loss of an order on a sequence, such as its mean bounded slowdown (> 0).
  public typealias Loss = @Sendable (_ rule: QueueRule, _ sequence: Int) throws -> Double

  /// How it searches.
  public struct Settings: SearchSettings {
    /// Generations.
    public var generations = 150
    /// Points a generation; nil for 4 + 3 ln n.
    public var population: Int?
    /// Sequences that a generation runs its points on.
    public var sequences = 8
    /// How many of the training sequences are learned from: those of the greatest loss under smallest area first,
    /// and as large a share of those of validation; nil for all. Where a machine is mostly idle, most sequences
    /// have nothing to teach.
    public var hardest: Int?
    /// Sequences on which the candidates for the result are compared.
    public var validation = 20
    /// Generations from one comparison on them to the next.
    public var validationEvery = 5
    /// Standard deviation of the first draws of a parameter.
    public var step = 0.15
    /// Contexts that weigh the inputs, 1 to ``OrderModel/contextCount``; 1 is a linear scorer.
    public var contexts = 1
    /// Hidden units.
    public var hidden = 0
    /// What all chance comes from.
    public var seed: UInt64 = 1

    /// The defaults.
    public init() {}
  }

  private let settings: Settings
  private let environment: TrainingEnvironment?
  private let loss: Loss
  private let training: Int
  private let held: Int
  /// The sequences that are learned from and validated on, and what the losses of each count; nil until they are
  /// chosen.
  private var pools: (training: [Int], held: [Int], counts: [Double])?
  private var search: CMAES
  /// The mean of the search's centres, the later ones counting more.
  private var averaged: [Double]
  private var draws: RandomStream
  /// The best so far on the validation sequences: the order that the search began with, until one is better.
  public private(set) var best: OrderModel
  public private(set) var bestLoss = Double.infinity
  public private(set) var startLoss = Double.infinity
  public private(set) var runs = 0

  /// A trainer at its beginning: smallest area first.
  ///
  /// - Parameters:
  ///   - settings: how it searches.
  ///   - training: how many training sequences there are to draw from: 0 ..< `training`.
  ///   - environment: where it learns, for its file.
  ///   - loss: of an order on a sequence; those from `training` on are for validation.
  public init(
    _ settings: Settings, training: Int, environment: TrainingEnvironment? = nil,
    loss: @escaping Loss
  ) {
    self.settings = settings
    self.environment = environment
    self.loss = loss
    self.training = training
    held = settings.validation
    let model = OrderModel.smallestArea(contexts: settings.contexts, hidden: settings.hidden)
    var start = model.parameters
    var random = RandomStream(seed: settings.seed, name: "order-initialisation")
    // Units of no inputs would have no gradient.
    let linear = OrderModel.inputCount * settings.contexts
    let each = OrderModel.inputCount + OrderModel.contextCount + 1
    for place in linear..<max(start.count, linear) where (place - linear) % each < each - 1 {
      start[place] = 0.5 * random.normal()
    }
    best = model
    averaged = start
    search = CMAES(
      mean: start, step: settings.step, population: settings.population, seed: settings.seed)
    draws = RandomStream(seed: settings.seed, name: "order-sequences")
  }

  public var policy: SafeTensors {
    var model = best
    model.environment = environment
    return model.tensors
  }

  public mutating func step(workers: Int, validates: Bool) throws -> SearchProgress {
    let pools = try pools ?? choosePools(workers: workers)
    self.pools = pools
    var sequences = pools.training
    if settings.sequences < sequences.count {
      sequences = []
      while sequences.count < settings.sequences {
        let drawn = pools.training[draws.below(pools.training.count)]
        if !sequences.contains(drawn) { sequences.append(drawn) }
      }
    }
    let points = search.ask()
    let values = try losses(of: points, on: sequences, workers: workers)
    runs += points.count * sequences.count
    search.tell(values)
    let rate = max(0.1, 2 / Double(search.generation + 2))
    for (place, value) in search.mean.enumerated() {
      averaged[place] += rate * (value - averaged[place])
    }
    var progress = SearchProgress(
      generation: search.generation, mean: values.reduce(0, +) / Double(values.count),
      best: values.min() ?? .nan, step: search.step)
    if validates {
      let candidates = [search.mean, averaged]
      let losses = try losses(of: candidates, on: pools.held, workers: workers)
      runs += candidates.count * pools.held.count
      progress.validation = losses.min()
      for (candidate, value) in zip(candidates, losses) where value < bestLoss {
        (bestLoss, best) = (value, model(candidate))
      }
    }
    return progress
  }

  private mutating func choosePools(workers: Int) throws -> (
    training: [Int], held: [Int], counts: [Double]
  ) {
    let rule = best.rule(named: "candidate")
    let loss = loss
    let losses = try Parallel.map(training + held, workers: workers) { try loss(rule, $0) }
    runs += losses.count
    var pools = (training: Array(0..<training), held: Array(training..<training + held))
    if let hardest = settings.hardest, hardest < training {
      func pick(_ sequences: [Int], _ count: Int) -> [Int] {
        sequences.sorted { (losses[$1], $0) < (losses[$0], $1) }.prefix(count).sorted()
      }
      pools = (pick(pools.training, hardest), pick(pools.held, max(1, held * hardest / training)))
    }
    let median = pools.training.map { losses[$0] }.sorted()[pools.training.count / 2]
    let counts = losses.map { min(1, 4 * median / max($0, 1e-9)) }
    startLoss = Self.together(pools.held.map { losses[$0] * counts[$0] })
    bestLoss = startLoss
    return (pools.training, pools.held, counts)
  }

  private func model(_ parameters: [Double]) -> OrderModel {
    OrderModel(contexts: settings.contexts, hidden: settings.hidden, parameters: parameters)
  }

  private func losses(of points: [[Double]], on sequences: [Int], workers: Int) throws -> [Double] {
    let rules = points.map { model($0).rule(named: "candidate") }
    let count = sequences.count
    let loss = loss
    let all = try Parallel.map(points.count * count, workers: workers) {
      try loss(rules[$0 / count], sequences[$0 % count])
    }
    return points.indices.map { point in
      Self.together(
        sequences.indices.map { all[point * count + $0] * (pools?.counts[sequences[$0]] ?? 1) })
    }
  }

  /// Half the logarithm of the mean and half the mean of the logarithms.
  private static func together(_ losses: [Double]) -> Double {
    let n = Double(losses.count)
    let logs = losses.reduce(0) { $0 + PortableMath.log(max($1, 1e-9)) } / n
    return 0.5 * logs + 0.5 * PortableMath.log(max(losses.reduce(0, +) / n, 1e-9))
  }
}

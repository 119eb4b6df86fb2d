import PortableMath
import Simulation
import Workload

/// Searches a learned order's parameters by an evolution strategy: the covariance matrix adaptation of
/// ``CMAES``, on sequences of a workload.
///
/// A generation draws sequences, runs each of its points on all of them, and compares the points by half the
/// logarithm of the mean loss and half the mean of its logarithms: the mean alone would go by the worst
/// sequence. The result hangs on the seed, not on the number of workers.
public struct OrderTrainer: Sendable {
  /// The loss of an order on a sequence, such as its mean bounded slowdown (> 0).
  public typealias Loss = @Sendable (_ rule: QueueRule, _ sequence: Int) throws -> Double

  /// How it searches.
  public struct Settings: Hashable, Sendable, Codable {
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

  /// What a generation came to.
  public struct Progress: Hashable, Sendable {
    /// Which, from 1.
    public var generation: Int
    /// Mean over its points of the loss, and that of its best point.
    public var mean: Double
    /// The loss of its best point.
    public var best: Double
    /// The loss of the search's centre on the validation sequences, where that was looked at.
    public var validation: Double?
    /// The search's step.
    public var step: Double
  }

  private let settings: Settings
  private let loss: Loss
  private let training: Int
  private let held: Int
  /// The sequences that are learned from and validated on; nil until they are chosen.
  private var pools: (training: [Int], held: [Int])?
  private var search: CMAES
  private var draws: RandomStream
  /// The best so far on the validation sequences.
  public private(set) var best: OrderModel
  /// Its loss there, as its logarithm.
  public private(set) var bestLoss = Double.infinity
  /// Runs so far.
  public private(set) var runs = 0

  /// A trainer at its beginning: smallest area first.
  ///
  /// - Parameters:
  ///   - settings: how it searches.
  ///   - training: how many training sequences there are to draw from: 0 ..< `training`.
  ///   - loss: of an order on a sequence; those from `training` on are for validation.
  public init(_ settings: Settings, training: Int, loss: @escaping Loss) {
    self.settings = settings
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
    search = CMAES(
      mean: start, step: settings.step, population: settings.population, seed: settings.seed)
    draws = RandomStream(seed: settings.seed, name: "order-sequences")
  }

  /// One generation more.
  ///
  /// - Parameters:
  ///   - workers: runs at a time; the result is the same.
  ///   - validates: whether the centre is run on the validation sequences, and kept if it is the best.
  public mutating func step(workers: Int, validates: Bool) throws -> Progress {
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
    var progress = Progress(
      generation: search.generation, mean: values.reduce(0, +) / Double(values.count),
      best: values.min() ?? .nan, step: search.step)
    if validates {
      let centre = search.mean
      let value = try losses(of: [centre], on: pools.held, workers: workers)[0]
      runs += pools.held.count
      progress.validation = value
      if value < bestLoss { (bestLoss, best) = (value, model(centre)) }
    }
    return progress
  }

  private mutating func choosePools(workers: Int) throws -> (training: [Int], held: [Int]) {
    let all = (training: Array(0..<training), held: Array(training..<training + held))
    guard let hardest = settings.hardest, hardest < training else { return all }
    let rule = best.rule(named: "candidate")
    let loss = loss
    let losses = try Parallel.map(training + held, workers: workers) { try loss(rule, $0) }
    runs += losses.count
    func pick(_ sequences: [Int], _ count: Int) -> [Int] {
      sequences.sorted { (losses[$1], $0) < (losses[$0], $1) }.prefix(count).sorted()
    }
    return (
      pick(all.training, hardest), pick(all.held, max(1, held * hardest / training))
    )
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
      let own = all[(point * count)..<((point + 1) * count)]
      let n = Double(count)
      let logs = own.reduce(0) { $0 + PortableMath.log(max($1, 1e-9)) } / n
      return 0.5 * logs + 0.5 * PortableMath.log(max(own.reduce(0, +) / n, 1e-9))
    }
  }
}

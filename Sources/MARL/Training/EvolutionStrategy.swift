import PortableMath
import Simulation
import Workload

/// How evolution strategies polish a policy.
public struct EvolutionSettings: Hashable, Sendable, Codable {
  /// Pairs of opposite perturbations a generation (≥ 1).
  public var pairs = 16
  /// Standard deviation of a perturbation.
  public var deviation: Float = 0.03
  /// Learning rate of Adam.
  public var learningRate: Float = 0.01
  /// Learning rate at the end; it falls geometrically.
  public var finalLearningRate: Float = 0.002
  /// Generations.
  public var generations = 100
  /// Loads that every perturbation is run at.
  public var loads = [0.3, 0.5, 0.7, 0.9]
  /// Episodes at each load.
  public var episodes = 1
  /// Tasks an episode.
  public var tasks = 2000
  /// Generations between validations.
  public var validationEvery = 10
  /// Episodes of a validation at each load.
  public var validationEpisodes = 10
  /// What all chance comes from.
  public var seed: UInt64 = 1

  /// What was measured to work.
  public init() {}
}

/// Polishes a policy by its whole reward: no credit, no critic.
///
/// Antithetic Gaussian perturbations, ranked (Salimans, Ho, Chen, Sidor and Sutskever, "Evolution
/// strategies as a scalable alternative to reinforcement learning", arXiv:1703.03864); all perturbations
/// of a generation run the same episodes, choosing as the policy does in use. They are ranked at each load of
/// each scenario apart, and a perturbation counts by its mean rank: what is worth little in reward, or drowns
/// in the noise of another load, counts as much. For each of several networks the mean is weighted by its share
/// of the decisions there, so that none follows the noise of loads at which others decide.
public struct EvolutionStrategy: Sendable {
  /// How it goes.
  public let settings: EvolutionSettings
  /// Where: every perturbation is run in each.
  public var scenarios: [Scenario]
  /// The policy at the centre.
  public internal(set) var model: PolicyModel
  /// Generations so far.
  public internal(set) var generation = 0
  /// Decisions so far.
  public internal(set) var decisions = 0
  /// The best centre on the validation seeds.
  public internal(set) var best: PolicyModel
  /// Its mean reward there.
  public internal(set) var bestReward = -Double.infinity
  var optimiser: Adam

  /// A strategy that begins at `model`, all of whose parameters it moves.
  public init(_ scenarios: [Scenario], _ settings: EvolutionSettings, from model: PolicyModel) {
    precondition(!scenarios.isEmpty, "there is a scenario to polish in")
    self.scenarios = scenarios
    self.settings = settings
    var model = model
    model.environment = scenarios.environment
    self.model = model
    best = model
    optimiser = Adam(count: model.networks.map(\.parameters.count).reduce(0, +))
  }

  /// Whether all generations are done.
  public var isDone: Bool { generation >= settings.generations }

  /// Makes one generation. Returns the mean reward of its perturbations, and of the centre on the
  /// validation seeds, by load, where there was a validation.
  ///
  /// The policy that it begins with is validated too: a polish does not make worse.
  ///
  /// - Throws: what episodes throw.
  public mutating func step(workers: Int = 1) throws -> (reward: Double, validation: [Double]?) {
    let (scenarios, settings, model) = (scenarios, settings, model)
    let noise = RandomStream(seed: settings.seed, name: "perturbations")
    let (first, count) = (generation * settings.pairs, optimiser.first.count)
    if generation == 0 { bestReward = Self.mean(try validate(model, workers: workers)) }
    let generation = generation
    let cells = try Parallel.map(2 * settings.pairs, workers: workers) { job in
      let sign: Float = job % 2 == 0 ? 1 : -1
      let moved = model.moved(
        by: Self.draw(noise, first + job / 2, count), times: sign * settings.deviation)
      return try Self.run(moved, scenarios, settings, generation)
    }
    var gradient = [Float](repeating: 0, count: count)
    let byCell = Self.centredRanks(cells)
    let ranks = model.networks.indices.map { Self.mean(byCell, cells, network: $0) }
    for pair in 0..<settings.pairs {
      let direction = Self.draw(noise, first + pair, count)
      var start = 0
      for (network, ranks) in zip(model.networks, ranks) {
        // Against the slope, as Adam descends.
        let weight = -(ranks[2 * pair] - ranks[2 * pair + 1])
        let end = start + network.parameters.count
        for index in start..<end { gradient[index] += weight * direction[index] }
        start = end
      }
    }
    let scale = 1 / (Float(2 * settings.pairs) * settings.deviation)
    for index in 0..<count { gradient[index] *= scale }
    let done = Float(generation) / Float(max(settings.generations - 1, 1))
    let rate =
      settings.learningRate * powf(settings.finalLearningRate / settings.learningRate, done)
    var parameters = model.parameters
    optimiser.update(&parameters, gradient: gradient, rate: rate)
    self.model.setParameters(parameters)
    self.generation += 1
    decisions +=
      2 * settings.pairs * scenarios.count * settings.loads.count * settings.episodes
      * settings.tasks
    let mean = Self.mean(cells.joined().map(\.reward))
    guard mean.isFinite, self.model.networks.allSatisfy({ $0.parameters.allSatisfy(\.isFinite) })
    else { throw TrainingError.diverged(iteration: self.generation, what: "a parameter") }
    guard self.generation % settings.validationEvery == 0 || isDone else { return (mean, nil) }
    let byLoad = try validate(self.model, workers: workers)
    let validated = Self.mean(byLoad)
    if validated > bestReward { (bestReward, best) = (validated, self.model) }
    return (mean, byLoad)
  }

  /// Mean reward on the validation seeds, load by load.
  public func validate(_ model: PolicyModel, workers: Int = 1) throws -> [Double] {
    try scenarios.validate(
      model, loads: settings.loads, tasks: settings.tasks,
      episodes: settings.validationEpisodes, workers: workers)
  }

  private static func mean(_ rewards: [Double]) -> Double {
    rewards.reduce(0, +) / Double(rewards.count)
  }

  private static func draw(_ noise: RandomStream, _ number: Int, _ count: Int) -> [Float] {
    var rng = noise.at(UInt64(number))
    return (0..<count).map { _ in Float(rng.normal()) }
  }

  /// What a policy came to at one load of one scenario: its mean reward, and the decisions of each network.
  private struct Cell: Codable {
    var reward: Double
    var decisions: [Int]
  }

  /// Runs a policy at each load of each scenario.
  private static func run(
    _ model: PolicyModel, _ scenarios: [Scenario], _ settings: EvolutionSettings, _ generation: Int
  ) throws -> [Cell] {
    var cells: [Cell] = []
    for scenario in scenarios {
      for (place, load) in settings.loads.enumerated() {
        var sum = 0.0
        let use = MARLScheduler.NetworkUse(of: model)
        for episode in 0..<settings.episodes {
          let number = (generation * settings.loads.count + place) * settings.episodes + episode
          // Apart from the training seeds of the policy that is polished.
          let seed = EpisodeSeed.training(settings.seed, number + 1 << 30)
          sum += try scenario.run(
            Episode(seed: seed, load: load, tasks: settings.tasks),
            MARLScheduler(model, choice: model.choice, use: use)
          ).total
        }
        cells.append(Cell(reward: sum / Double(settings.episodes), decisions: use.counts))
      }
    }
    return cells
  }

  /// For each cell the runs' ranks there, from -0.5 to 0.5, ties by position.
  private static func centredRanks(_ runs: [[Cell]]) -> [[Float]] {
    (runs.first ?? []).indices.map { cell in
      let order = runs.indices.sorted {
        let (a, b) = (runs[$0][cell].reward, runs[$1][cell].reward)
        return a != b ? a < b : $0 < $1
      }
      var ranks = [Float](repeating: 0, count: runs.count)
      for (rank, index) in order.enumerated() {
        ranks[index] = Float(rank) / Float(max(runs.count - 1, 1)) - 0.5
      }
      return ranks
    }
  }

  /// For each run the mean of its ranks, weighted by the share of the decisions in each cell that the network
  /// made; 0 if it made none.
  private static func mean(_ ranks: [[Float]], _ runs: [[Cell]], network: Int) -> [Float] {
    let shares: [Float] = ranks.indices.map { cell in
      let made = runs.reduce(0) { $0 + $1[cell].decisions[network] }
      let all = runs.reduce(0) { $0 + $1[cell].decisions.reduce(0, +) }
      return Float(made) / Float(max(all, 1))
    }
    let total = shares.reduce(0, +)
    var mean = [Float](repeating: 0, count: runs.count)
    for (ranks, share) in zip(ranks, shares) where share > 0 {
      for index in mean.indices { mean[index] += ranks[index] * share / total }
    }
    return mean
  }
}

extension PolicyModel {
  /// All parameters, network after network.
  var parameters: [Float] { networks.flatMap(\.parameters) }

  /// The model with `direction` × `length` added to its parameters.
  func moved(by direction: [Float], times length: Float) -> PolicyModel {
    var parameters = self.parameters
    for index in parameters.indices { parameters[index] += length * direction[index] }
    var moved = self
    moved.setParameters(parameters)
    return moved
  }

  mutating func setParameters(_ parameters: [Float]) {
    var position = 0
    for index in networks.indices {
      let count = networks[index].parameters.count
      networks[index].parameters = Array(parameters[position..<(position + count)])
      position += count
    }
  }
}

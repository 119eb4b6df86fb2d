import Simulation
import Workload

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

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
/// in the noise of another load, counts as much.
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
    self.model = model
    best = model
    optimiser = Adam(count: model.networks.map(\.parameters.count).reduce(0, +))
  }

  /// Whether all generations are done.
  public var isDone: Bool { generation >= settings.generations }

  /// Makes one generation. Returns the mean reward of its perturbations, and of the centre on the
  /// validation seeds, by load, where there was a validation.
  ///
  /// - Throws: what episodes throw.
  public mutating func step(workers: Int = 1) throws -> (reward: Double, validation: [Double]?) {
    let (scenarios, settings, model) = (scenarios, settings, model)
    let noise = RandomStream(seed: settings.seed, name: "perturbations")
    let (first, count) = (generation * settings.pairs, optimiser.first.count)
    let generation = generation
    let rewards = try Parallel.map(2 * settings.pairs, workers: workers) { job in
      let sign: Float = job % 2 == 0 ? 1 : -1
      let moved = model.moved(
        by: Self.draw(noise, first + job / 2, count), times: sign * settings.deviation)
      return try Self.rewards(of: moved, scenarios, settings, generation)
    }
    var gradient = [Float](repeating: 0, count: count)
    let ranks = Self.centredRanks(rewards)
    for pair in 0..<settings.pairs {
      // Against the slope, as Adam descends.
      let weight = -(ranks[2 * pair] - ranks[2 * pair + 1])
      let direction = Self.draw(noise, first + pair, count)
      for index in 0..<count { gradient[index] += weight * direction[index] }
    }
    let scale = 1 / (Float(2 * settings.pairs) * settings.deviation)
    for index in 0..<count { gradient[index] *= scale }
    let done = Float(generation) / Float(max(settings.generations - 1, 1))
    let rate =
      settings.learningRate * powf(settings.finalLearningRate / settings.learningRate, done)
    var parameters = model.networks.flatMap(\.parameters)
    optimiser.update(&parameters, gradient: gradient, rate: rate)
    self.model.setParameters(parameters)
    self.generation += 1
    decisions +=
      2 * settings.pairs * scenarios.count * settings.loads.count * settings.episodes
      * settings.tasks
    let mean =
      rewards.joined().reduce(0, +) / Double(rewards.count * scenarios.count * settings.loads.count)
    guard mean.isFinite, self.model.networks.allSatisfy({ $0.parameters.allSatisfy(\.isFinite) })
    else { throw TrainingError.diverged(iteration: self.generation, what: "a parameter") }
    guard self.generation % settings.validationEvery == 0 || isDone else { return (mean, nil) }
    let byLoad = try validate(self.model, workers: workers)
    let validated = byLoad.reduce(0, +) / Double(byLoad.count)
    if validated > bestReward { (bestReward, best) = (validated, self.model) }
    return (mean, byLoad)
  }

  /// Mean reward on the validation seeds, load by load.
  public func validate(_ model: PolicyModel, workers: Int = 1) throws -> [Double] {
    try scenarios.validate(
      model, loads: settings.loads, tasks: settings.tasks,
      episodes: settings.validationEpisodes, workers: workers)
  }

  private static func draw(_ noise: RandomStream, _ number: Int, _ count: Int) -> [Float] {
    var rng = noise.at(UInt64(number))
    return (0..<count).map { _ in Float(rng.normal()) }
  }

  /// Its mean reward at each load of each scenario.
  private static func rewards(
    of model: PolicyModel, _ scenarios: [Scenario], _ settings: EvolutionSettings, _ generation: Int
  ) throws -> [Double] {
    var rewards: [Double] = []
    for scenario in scenarios {
      for (place, load) in settings.loads.enumerated() {
        var sum = 0.0
        for episode in 0..<settings.episodes {
          let number = (generation * settings.loads.count + place) * settings.episodes + episode
          // Apart from the training seeds of the policy that is polished.
          let seed = SeedRange.training(settings.seed, number + 1 << 30)
          sum += try scenario.run(
            Episode(seed: seed, load: load, tasks: settings.tasks), MARLScheduler(model)
          ).total
        }
        rewards.append(sum / Double(settings.episodes))
      }
    }
    return rewards
  }

  /// Mean over columns of the rows' ranks there, from -0.5 to 0.5, ties by position.
  private static func centredRanks(_ rewards: [[Double]]) -> [Float] {
    var ranks = [Float](repeating: 0, count: rewards.count)
    let columns = rewards.first?.count ?? 0
    for column in 0..<columns {
      let order = rewards.indices.sorted {
        let (a, b) = (rewards[$0][column], rewards[$1][column])
        return a != b ? a < b : $0 < $1
      }
      for (rank, index) in order.enumerated() {
        ranks[index] +=
          (Float(rank) / Float(max(rewards.count - 1, 1)) - 0.5) / Float(columns)
      }
    }
    return ranks
  }
}

extension PolicyModel {
  /// The model with `direction` × `length` added to its parameters.
  func moved(by direction: [Float], times length: Float) -> PolicyModel {
    var parameters = networks.flatMap(\.parameters)
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

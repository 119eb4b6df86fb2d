import PortableMath
import Simulation
import Workload

/// The one-step rule, tuned for each load and for all of them.
public struct TunedRule: Hashable, Sendable, Codable {
  /// Constants and what they came to.
  public struct Entry: Hashable, Sendable, Codable {
    /// The load they were tuned for; nil for all together.
    public var load: Double?
    /// The constants.
    public var constants: OneStepReward.Constants
    /// Mean reward on the tuning seeds.
    public var reward: Double
  }

  /// The scenario it was tuned on.
  public var scenario: String
  /// Tasks an episode.
  public var tasks: Int
  /// One for all loads, then one a load.
  public var entries: [Entry]

  /// The constants for a load: its own where it was tuned for, those for all loads otherwise.
  public func constants(at load: Double?) -> OneStepReward.Constants {
    (entries.first { load != nil && $0.load == load } ?? entries.first)?.constants ?? .init()
  }
}

/// Tunes the one-step rule by random search (Bergstra and Bengio, "Random search for hyper-parameter
/// optimization", JMLR 13, 2012) on seeds of its own: draws from wide ranges on few episodes, then
/// draws around the best, then the best of both on many episodes.
public struct Tuner: Sendable {
  /// Where.
  public var scenario: Scenario
  /// Loads, each tuned for by itself and all together.
  public var loads: [Double]
  /// Tasks an episode.
  public var tasks: Int
  /// Draws of the first round; the second has half as many.
  public var draws: Int
  /// Episodes a load of the first rounds, and of the last.
  public var episodes = (few: 4, many: 20)
  /// How many of each load get to the last round.
  public var finalists = 8
  /// What draws come from.
  public var seed: UInt64

  /// A tuner.
  public init(_ scenario: Scenario, loads: [Double], tasks: Int, draws: Int, seed: UInt64) {
    self.scenario = scenario
    self.loads = loads
    self.tasks = tasks
    self.draws = draws
    self.seed = seed
  }

  private struct Trial: Sendable {
    var constants: OneStepReward.Constants
    var rewards: [Double]

    /// At a load, by its place; the mean over loads at the last place.
    func reward(_ place: Int) -> Double {
      place < rewards.count
        ? rewards[place] : rewards.reduce(0, +) / Double(max(rewards.count, 1))
    }
  }

  /// Tunes. Results do not depend on the number of workers.
  ///
  /// - Throws: what episodes throw.
  public func run(workers: Int = 1, progress: (String) -> Void = { _ in }) throws -> TunedRule {
    let stream = RandomStream(seed: seed, name: "tuner")
    var first = (0..<max(draws, 1)).map { number in
      var rng = stream.at(UInt64(number))
      return Self.draw(using: &rng)
    }
    first.append(OneStepReward.Constants())
    var trials = try measure(first, episodes: episodes.few, workers)
    progress("\(trials.count) draws: best mean \(best(trials, loads.count).reward(loads.count))")
    let places = 0...loads.count
    var second: [OneStepReward.Constants] = []
    for number in 0..<max(draws / 2, 1) {
      var rng = stream.at(UInt64(draws + number))
      let ranked = ranking(trials, number % places.count)
      second.append(
        Self.draw(around: trials[ranked[rng.below(min(3, ranked.count))]].constants, &rng))
    }
    trials += try measure(second, episodes: episodes.few, workers)
    progress("\(trials.count) draws: best mean \(best(trials, loads.count).reward(loads.count))")
    var finals = Set<Int>()
    for place in places { finals.formUnion(ranking(trials, place).prefix(finalists)) }
    let last = try measure(
      finals.sorted().map { trials[$0].constants }, episodes: episodes.many, workers)
    let entries = ([loads.count] + Array(0..<loads.count)).map { place in
      let best = best(last, place)
      return TunedRule.Entry(
        load: place < loads.count ? loads[place] : nil, constants: best.constants,
        reward: best.reward(place))
    }
    return TunedRule(scenario: scenario.name, tasks: tasks, entries: entries)
  }

  private func ranking(_ trials: [Trial], _ place: Int) -> [Int] {
    trials.indices.sorted {
      let (a, b) = (trials[$0].reward(place), trials[$1].reward(place))
      return a != b ? a > b : $0 < $1
    }
  }

  private func best(_ trials: [Trial], _ place: Int) -> Trial { trials[ranking(trials, place)[0]] }

  private func measure(
    _ constants: [OneStepReward.Constants], episodes: Int, _ workers: Int
  ) throws -> [Trial] {
    let seeds = EpisodeSeed.some(.tuning, episodes) ?? []
    let (scenario, loads, tasks) = (scenario, loads, tasks)
    return try Parallel.map(constants.count, workers: workers) { job in
      let rewards = try loads.map { load in
        try seeds.reduce(0.0) { sum, seed in
          try sum
            + scenario.run(
              Episode(seed: seed, load: load, tasks: tasks), OneStepReward(constants[job])
            ).total
        } / Double(seeds.count)
      }
      return Trial(constants: constants[job], rewards: rewards)
    }
  }

  private static func draw(using rng: inout RandomStream) -> OneStepReward.Constants {
    var constants = OneStepReward.Constants()
    constants.candidates = Int(logUniform(2, 101, &rng))
    let kind = rng.uniform()
    constants.weighting = kind < 0.4 ? .weighted : kind < 0.8 ? .neighbours : .uniform
    constants.backlog = 3 * rng.uniform()
    constants.riskSeconds = logUniform(0.3, 100, &rng)
    constants.riskScale = logUniform(0.02, 0.8, &rng)
    constants.softness = logUniform(0.02, 1, &rng)
    constants.energyWeight = 0.5 * rng.uniform()
    constants.balanceWeight = logUniform(0.001, 0.3, &rng)
    constants.noise = logUniform(0.001, 0.2, &rng)
    return constants
  }

  private static func draw(
    around centre: OneStepReward.Constants, _ rng: inout RandomStream
  ) -> OneStepReward.Constants {
    var constants = centre
    func scaled(_ value: Double, _ low: Double, _ high: Double) -> Double {
      min(max(value * exp(0.3 * rng.normal()), low), high)
    }
    constants.candidates = Int(scaled(Double(centre.candidates), 1, 200).rounded())
    constants.backlog = scaled(centre.backlog, 0.01, 10)
    constants.riskSeconds = scaled(centre.riskSeconds, 0.01, 300)
    constants.riskScale = scaled(centre.riskScale, 0.01, 3)
    constants.softness = scaled(centre.softness, 0.005, 3)
    constants.energyWeight = scaled(centre.energyWeight, 0.001, 2)
    constants.balanceWeight = scaled(centre.balanceWeight, 0.0001, 2)
    constants.noise = scaled(centre.noise, 0.0001, 1)
    return constants
  }

  private static func logUniform(
    _ low: Double, _ high: Double, _ rng: inout RandomStream
  ) -> Double { low * exp(rng.uniform() * log(high / low)) }
}

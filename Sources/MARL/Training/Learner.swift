import Workload

/// How a learner learns.
public struct LearnerSettings: Hashable, Sendable, Codable {
  /// The algorithms.
  public enum Algorithm: String, Hashable, Sendable, Codable, CaseIterable {
    /// Proximal policy optimisation: Schulman et al., arXiv:1707.06347, equation 7.
    case ppo
    /// Advantage actor-critic, one pass: Mnih et al., ICML 2016.
    case a2c
  }

  /// Which algorithm.
  public var algorithm = Algorithm.ppo
  /// How far from 1 the ratio of probabilities may go and still have a gradient (> 0).
  public var clip: Float = 0.2
  /// Passes over the experience (≥ 1); A2C makes one.
  public var epochs = 3
  /// Decisions a step (≥ 1). Each of several networks takes its part of them, or 32 if that is more.
  public var minibatch = 2000
  /// Learning rate at the beginning.
  public var learningRate: Float = 3e-3
  /// Learning rate at the end; it falls geometrically.
  public var finalLearningRate: Float = 3e-4
  /// Gradients are shrunk to this norm.
  public var gradientNorm: Float = 1
  /// Weight of the entropy.
  public var entropy: Float = 0.01
  /// Weight of the value loss where policy and value share a network.
  public var valueWeight: Float = 0.5
  /// Discount a decision, 0..<1; 0 where each decision is credited by itself.
  public var gamma: Float = 0
  /// λ of generalised advantage estimation: Schulman et al., ICLR 2016, equation 16.
  public var lambda: Float = 0.95
  /// Advantages, in standard deviations, are clipped to ± this.
  public var advantageLimit: Float = 5
  /// Whether advantages are taken over a learned baseline; over the mean otherwise.
  public var usesBaseline = true
  /// μ of FedProx (≥ 0): weight of half the squared distance from the policy that a round began with. Li,
  /// Sahu, Zaheer, Sanjabi, Talwalkar and Smith, "Federated optimization in heterogeneous networks",
  /// MLSys 2020, equation 2.
  public var proximal: Float = 0
  /// Inputs of the policy whose weights are held at zero: it learns as if they did not exist.
  public var withheld: [Int] = []

  /// What was measured to work.
  public init() {}
}

/// What an update did.
public struct UpdateStatistics: Hashable, Sendable, Codable {
  /// Mean policy loss.
  public var policyLoss = 0.0
  /// Mean squared error of normalised values.
  public var valueLoss = 0.0
  /// Mean entropy in nats.
  public var entropy = 0.0
  /// Share of decisions whose ratio was clipped.
  public var clipped = 0.0
  /// Mean norm of the policy's gradient.
  public var gradientNorm = 0.0
}

/// Training went wrong.
public enum TrainingError: Error, CustomStringConvertible {
  /// A loss or a parameter is not finite any more.
  case diverged(iteration: Int, what: String)
  /// No machine of the scenario can take any of its tasks.
  case nothingFeasible(String)
  /// Something cannot be done as asked.
  case invalid(String)

  public var description: String {
    switch self {
    case .diverged(let iteration, let what):
      "training diverged in iteration \(iteration): \(what) is not finite; a smaller learning rate or"
        + " gradient norm may help"
    case .nothingFeasible(let scenario):
      "scenario '\(scenario)': no machine can take any of its tasks, not even empty; there is nothing"
        + " to decide"
    case .invalid(let what): what
    }
  }
}

/// Networks that learn, and everything that their learning remembers: a checkpoint is this.
public struct Learner: Sendable, Hashable {
  /// The policy.
  public var model: PolicyModel
  /// An optimiser for each of its networks.
  public internal(set) var optimisers: [Adam]
  /// The critic; nil under the study's network, which is its own.
  public internal(set) var critic: Network?
  /// The critic's optimiser.
  public internal(set) var criticOptimiser: Adam?
  /// Running mean and variance of returns, by which values are normalised (van Hasselt et al.,
  /// "Learning values across many orders of magnitude", NeurIPS 2016, without the correction).
  public internal(set) var returnMean: Float = 0
  /// The variance.
  public internal(set) var returnVariance: Float = 1
  /// Updates made.
  public internal(set) var updates = 0

  /// A learner of `model`, with a critic of 32 tanh units where it needs one.
  public init(_ model: PolicyModel, seed: UInt64) {
    self.model = model
    optimisers = model.networks.map { Adam(count: $0.parameters.count) }
    guard model.architecture == .candidates else { return }
    var rng = RandomStream(seed: seed, name: "critic")
    let critic = Network.initialised(
      layers: [CriticFeatures.count, 32, 1], activation: .tanh, outputScale: 0.1, using: &rng)
    criticOptimiser = Adam(count: critic.parameters.count)
    self.critic = critic
  }

  /// Whether all parameters are finite.
  public var isFinite: Bool {
    model.networks.allSatisfy { $0.parameters.allSatisfy(\.isFinite) }
      && (critic?.parameters.allSatisfy(\.isFinite) ?? true)
  }
}

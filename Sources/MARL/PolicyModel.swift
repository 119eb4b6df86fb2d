import PortableMath
import Simulation
import Workload

/// How many candidates an agent looks at, as a function of how busy the cluster seems.
///
/// Many candidates find the best machine, and make agents of one view herd; the busier the cluster, the
/// more decisions share a view.
public struct CandidateRule: Hashable, Sendable, Codable {
  /// Machines drawn where the cluster is idle (≥ 1).
  public var idle: Int
  /// Machines drawn from `pivot` on (≥ 1).
  public var busy: Int
  /// Share of the cluster's CPU claimed from which it counts as busy (> 0); in between the number
  /// falls geometrically.
  public var pivot: Double
  /// How they are drawn.
  public var weighting: CandidateSampler.Weighting

  /// A rule of at least one candidate.
  public init(
    idle: Int, busy: Int, pivot: Double = 1, weighting: CandidateSampler.Weighting = .uniform
  ) {
    self.idle = max(idle, 1)
    self.busy = max(busy, 1)
    self.pivot = pivot
    self.weighting = weighting
  }

  /// The same number always.
  public init(_ count: Int) { self.init(idle: count, busy: count) }

  /// How many at this utilisation.
  func count(at utilisation: Double) -> Int {
    guard idle != busy else { return busy }
    let x = Float(min(max(utilisation / pivot, 0), 1))
    let value = Float(idle) * powf(Float(busy) / Float(idle), x)
    return max(Int(value.rounded()), 1)
  }
}

/// A learned policy: its architecture, and the networks of its agents.
public struct PolicyModel: Hashable, Sendable {
  /// The two architectures.
  public enum Architecture: String, Hashable, Sendable, Codable, CaseIterable {
    /// Candidates are scored one by one with shared weights: any number of machines.
    case candidates
    /// The study's: 50 inputs, 128 hidden units, a softmax over 100 machines and a value.
    case study
  }

  /// Which architecture it is.
  public var architecture: Architecture
  /// One network that all agents share, or one an agent.
  public var networks: [Network]
  /// How many candidates are scored; of no meaning to the study's network.
  public var candidates: CandidateRule
  /// How its agents choose in use.
  public var choice = Choice.greedy

  /// Which network decides, where agents share several.
  public var gate = Gate()

  /// Where it learned; nil where that is not known, or it learned in several environments.
  public var environment: TrainingEnvironment?

  /// How an agent chooses from what its network says.
  public enum Choice: String, Hashable, Sendable, Codable, CaseIterable {
    /// The choice of greatest probability, ties to the first.
    case greedy
    /// In proportion to the probabilities, as in training: agents of one view do not herd, however many
    /// candidates they look at.
    case sampled
  }

  /// A model of these networks, all of one shape.
  public init(
    _ architecture: Architecture, networks: [Network], candidates: CandidateRule = .init(10)
  ) {
    precondition(
      !networks.isEmpty && networks.allSatisfy { $0.layers == networks[0].layers },
      "a model has networks of one shape")
    self.architecture = architecture
    self.networks = networks
    self.candidates = candidates
  }

  /// A model to be trained: He initialisation, the output layer × 0.1, so that the first policy is
  /// nearly uniform.
  public static func initialised(
    _ architecture: Architecture, agents: Int = 1, hidden: Int? = nil,
    candidates: CandidateRule = .init(10), seed: UInt64
  ) -> PolicyModel {
    let layers = layers(architecture, hidden: hidden)
    let stream = RandomStream(seed: seed, name: "initialisation")
    let networks = (0..<max(agents, 1)).map { agent in
      var rng = stream.at(UInt64(agent))
      return Network.initialised(layers: layers, outputScale: 0.1, using: &rng)
    }
    return PolicyModel(architecture, networks: networks, candidates: candidates)
  }

  /// The layers of an architecture.
  public static func layers(_ architecture: Architecture, hidden: Int? = nil) -> [Int] {
    switch architecture {
    case .candidates: [CandidateFeatures.count, hidden ?? 32, 1]
    case .study: [StudyObservation.count, hidden ?? 128, StudyObservation.machines + 1]
    }
  }

  /// The version of what its networks see.
  public var observation: String {
    architecture == .candidates ? CandidateFeatures.version : StudyObservation.version
  }

  /// Which network decides on a task.
  @inline(__always)
  func network(for task: TaskView, on cluster: borrowing Cluster) -> Int {
    if networks.count == 1 { return 0 }
    return gate.count > 1
      ? gate.network(on: cluster) : max(Int(task.gateway), 0) % networks.count
  }
}

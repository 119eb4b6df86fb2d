import Simulation
import Workload

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The study's "MARL" as its published code runs it: untrained networks behind a score made by hand.
///
/// Each node has an agent, a 50-128-100 network with a value head (19,557 parameters) that is drawn
/// anew for every run (He initialisation) and never updated. A task goes to the node of the greatest
///
/// 0.25 πᵢ(i) + 0.30 (1 - CPU utilisation) + 0.20 (1 - memory utilisation)
/// + 0.15 (1 - |request / cores - 0.5|)
///
/// among those on which it fits, ties to the first, else it is refused; πᵢ(i) is the probability that
/// the node's own agent gives its own node. The code also adds urgency, which is the same for every node.
///
/// What differs: four inputs that the code fills from tasks which have not been submitted yet (means of
/// the next ten, how many are left) are 0 here, for a policy sees no future. Beyond 100 machines, agents
/// and their outputs are shared by machines of equal number modulo 100.
///
/// John, "Decentralized Task Scheduling in Distributed Systems: A Deep Reinforcement Learning Approach"
/// (2026), and its code.
public struct StudyMARL: PlacementPolicy {
  /// How many agents, and outputs of each.
  public static let agents = 100

  /// `study-marl`.
  public var name: String { "study-marl" }
  private var networks: [Network]
  private let isGiven: Bool

  /// The study's agents, untrained.
  public init() {
    networks = []
    isGiven = false
  }

  /// Agents with these networks, 100 of 50 inputs and 101 outputs.
  init(networks: [Network]) {
    self.networks = networks
    isGiven = true
  }

  /// Forgets the networks of the last run.
  public mutating func runBegan(on cluster: borrowing Cluster) {
    if !isGiven { networks = [] }
  }

  /// Scores every node on which the task fits. O(machines × parameters).
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    if networks.isEmpty {
      networks = (0..<Self.agents).map { _ in
        Network.initialised(layers: PolicyModel.layers(.study), using: &rng)
      }
    }
    var input = [Float](repeating: 0, count: StudyObservation.count)
    look(cluster, &input)
    var best: (machine: Int, score: Double)?
    for machine in 0..<cluster.count where cluster.canTake(task, on: machine) {
      observe(machine, cluster, &input, &rng)
      let whole = max(cluster.capacity(machine).cpu.value, 1e-9)
      let score =
        0.25 * Double(probability(of: machine, input))
        + 0.30 * (1 - cluster.cpuUtilisation(machine))
        + 0.20 * (1 - cluster.memoryUtilisation(machine))
        + 0.15 * (1 - abs(task.request.cpu.value / whole - 0.5))
      if best.map({ score > $0.score }) ?? true { best = (machine, score) }
    }
    return best.map { .machine($0.machine) } ?? .reject
  }

  /// What every agent sees alike: the time (19), and the mean, most and least CPU utilisation (20-22).
  private func look(_ cluster: borrowing Cluster, _ input: inout [Float]) {
    var (sum, most, least) = (0.0, 0.0, 1.0)
    for machine in 0..<cluster.count {
      let utilisation = cluster.cpuUtilisation(machine)
      sum += utilisation
      most = max(most, utilisation)
      least = min(least, utilisation)
    }
    input[19] = Float(min(1, cluster.now.seconds / 1000))
    input[20] = Float(sum / Double(max(cluster.count, 1)))
    input[21] = Float(most)
    input[22] = Float(least)
  }

  /// What the agent of a node sees of itself (0-4), and of ten nodes drawn anew each time (5-14).
  private func observe(
    _ machine: Int, _ cluster: borrowing Cluster, _ input: inout [Float],
    _ rng: inout RandomStream
  ) {
    input[0] = Float(cluster.cpuUtilisation(machine))
    input[1] = Float(cluster.memoryUtilisation(machine))
    input[2] = Float(cluster.runningCount(machine)) / 100
    input[3] = Float(cluster.capacity(machine).cpu.value / 32)
    input[4] = Float(cluster.capacity(machine).memory.gibibytes / 128)
    var drawn: [Int] = []
    while drawn.count < min(10, cluster.count) {
      let other = rng.below(cluster.count)
      if !drawn.contains(other) { drawn.append(other) }
    }
    for (place, other) in drawn.enumerated() {
      input[5 + place] = Float(cluster.cpuUtilisation(other))
    }
  }

  /// The probability that a node's agent gives its own node.
  private func probability(of machine: Int, _ input: [Float]) -> Float {
    let agent = machine % Self.agents
    let network = networks[agent]
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: network.layers[1]) { units in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: network.outputs) { outputs in
        input.withUnsafeBufferPointer {
          network.evaluate($0.baseAddress!, hidden: units.baseAddress!, to: outputs.baseAddress!)
        }
        MaskedSoftmax.apply(outputs.baseAddress!, Self.agents, mask: nil)
        return outputs[agent]
      }
    }
  }
}

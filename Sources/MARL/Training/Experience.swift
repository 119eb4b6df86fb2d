/// Decisions to learn from, in the order in which they were made, episode after episode.
public struct Experience: Sendable {
  /// Network inputs: for each decision one row a candidate, or one row in all under the study's network.
  public var inputs: [Float] = []
  /// Where the rows of each decision begin, in rows; one more at the end.
  public var rowStart: [Int32] = [0]
  /// For each decision which choices are allowed; empty where all are.
  public var masks: [Bool] = []
  /// Which choice was made.
  public var chosen: [Int32] = []
  /// The logarithm of its probability then.
  public var logProbability: [Float] = []
  /// Which network made it.
  public var network: [Int32] = []
  /// What the critic sees, a row a decision; empty under the study's network, which is its own critic.
  public var critic: [Float] = []
  /// What it was worth.
  public var reward: [Float] = []
  /// The first decision of each episode.
  public var episodes: [Int] = []

  /// No decisions.
  public init() {}

  /// Decisions.
  public var count: Int { chosen.count }

  /// Forgets all decisions, and keeps the memory.
  public mutating func removeAll() {
    rowStart = [0]
    episodes.removeAll(keepingCapacity: true)
    inputs.removeAll(keepingCapacity: true)
    masks.removeAll(keepingCapacity: true)
    chosen.removeAll(keepingCapacity: true)
    logProbability.removeAll(keepingCapacity: true)
    network.removeAll(keepingCapacity: true)
    critic.removeAll(keepingCapacity: true)
    reward.removeAll(keepingCapacity: true)
  }

  /// Adds another's episodes.
  public mutating func append(_ other: Experience) {
    let rows = rowStart[rowStart.count - 1]
    rowStart.append(contentsOf: other.rowStart.dropFirst().map { $0 + rows })
    episodes.append(contentsOf: other.episodes.map { $0 + count })
    inputs.append(contentsOf: other.inputs)
    masks.append(contentsOf: other.masks)
    chosen.append(contentsOf: other.chosen)
    logProbability.append(contentsOf: other.logProbability)
    network.append(contentsOf: other.network)
    critic.append(contentsOf: other.critic)
    reward.append(contentsOf: other.reward)
  }
}

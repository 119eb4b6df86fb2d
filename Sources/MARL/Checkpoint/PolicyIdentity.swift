/// What the file of a learned policy says of itself: what is read must be what this program writes.
public struct PolicyIdentity: Sendable {
  /// What it decides.
  public var decision: LearnedDecision
  /// The layout of its tensors.
  public var format: String
  /// The version of what it sees.
  public var observation: String
  /// The kind of cluster that it sees: `cores` in one pool, machines with `devices`, `executors` that jobs share.
  public var cluster: String
  /// The names of what its tensors' rows and columns stand for, in order, by the key that has them.
  public var names: [String: [String]]

  private var fields: [(key: String, value: String)] {
    [("format", format), ("observation", observation), ("cluster", cluster)]
      + names.sorted { $0.key < $1.key }.map { ($0.key, $0.value.joined(separator: "; ")) }
  }

  func write(to file: inout SafeTensors) {
    file.metadata["decision"] = decision.rawValue
    for (key, value) in fields { file.metadata[key] = value }
  }

  /// - Throws: ``CheckpointError`` with the first field that is another's.
  func check(_ file: SafeTensors) throws {
    try decision.check(file)
    for (key, value) in fields { try file.expect(key, value) }
  }
}

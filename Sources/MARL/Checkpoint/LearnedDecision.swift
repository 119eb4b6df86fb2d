/// What a policy decides, as its file says: a file of one kind is refused by the others.
public enum LearnedDecision: String, Hashable, Sendable, CaseIterable {
  /// Where an arriving task goes: `marl:FILE`.
  case placement
  /// Which task that waits is next: `order:FILE`.
  case order
  /// Which machine and which of its GPUs a task gets: `device:FILE`.
  case device
  /// Which stage of which job gets executors, and how many: `stage:FILE` in `tracemill stages`.
  case stage

  /// What goes before the file in a scheduler's name.
  public var prefix: String {
    switch self {
    case .placement: "marl:"
    case .order: "order:"
    case .device: "device:"
    case .stage: "stage:"
    }
  }

  /// Checks that a file is of a policy of this kind; one that does not say is of the first kind there was.
  func check(_ file: SafeTensors) throws {
    let found = file.metadata["decision"] ?? Self.placement.rawValue
    guard found != rawValue else { return }
    let other = Self(rawValue: found)
    throw CheckpointError.unsuitable(
      what: "its decision",
      found: found + (other.map { " (\($0.prefix)FILE runs it)" } ?? ""),
      expected: "\(rawValue), by \(prefix)FILE")
  }
}

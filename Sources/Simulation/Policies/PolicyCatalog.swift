/// A policy that can be asked for by name.
public struct PolicyEntry: Sendable {
  /// The name used in reports and on the command line.
  public let name: String
  /// What it does, in one line.
  public let summary: String
  /// Makes one.
  public let make: @Sendable () -> any PlacementPolicy
}

/// The policies by name: a new one is one file and one line here.
public enum PolicyCatalog {
  /// All of them, in the order in which they are listed to a user.
  public static let entries = [
    PolicyEntry(name: "random", summary: "uniform among the machines that fit") {
      RandomPlacement()
    },
    PolicyEntry(name: "first-fit", summary: "lowest-numbered machine that fits") { FirstFit() },
    PolicyEntry(name: "best-fit", summary: "machine left with the least room") { BestFit() },
    PolicyEntry(name: "study-random", summary: "the original study's code: uniform, or refused") {
      StudyRandom()
    },
    PolicyEntry(
      name: "study-weighted-round-robin",
      summary: "the original study's code: next in turn, no weights, or refused"
    ) { StudyWeightedRoundRobin() },
    PolicyEntry(
      name: "study-priority-min-min",
      summary: "the original study's code: least time x (1 + utilisation), or refused"
    ) { StudyPriorityMinMin() },
  ]

  /// The policy called `name`; nil if there is none.
  public static func make(_ name: String) -> (any PlacementPolicy)? {
    entries.first { $0.name == name }?.make()
  }
}

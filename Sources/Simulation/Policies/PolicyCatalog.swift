import Workload

/// A policy that can be asked for by name.
public struct PolicyEntry: Sendable {
  /// The name used in reports and on the command line.
  public let name: String
  /// What it does, in one line.
  public let summary: String
  /// Makes one.
  public let make: @Sendable () -> any PlacementPolicy

  /// A policy that is made by `make`.
  public init(
    name: String, summary: String, make: @escaping @Sendable () -> any PlacementPolicy
  ) {
    self.name = name
    self.summary = summary
    self.make = make
  }
}

/// The policies by name: a new one is one file and one line here, or, in another package, a call of
/// ``register(_:)``. One that is a ``ScoredPolicy`` is known to `sampled:` too.
public enum PolicyCatalog {
  /// All of them, in the order in which they are listed to a user: those of this package, then those
  /// registered.
  public static var entries: [PolicyEntry] { builtIn + registered.all }

  /// Makes a policy of another package known by its name wherever schedulers are named. Registering a name
  /// again replaces what it stood for; the names of this package's policies keep their meaning.
  ///
  /// ```swift
  /// PolicyCatalog.register(PolicyEntry(name: "most-free-cores", summary: "most free cores") { MostFreeCores() })
  /// ```
  public static func register(_ entry: PolicyEntry) {
    registered.add(entry, named: entry.name)
  }

  private static let registered = Registered<PolicyEntry>()

  /// The policies of this package.
  public static let builtIn = [
    PolicyEntry(name: "random", summary: "uniform among the machines that can take the task") {
      RandomPlacement()
    },
    PolicyEntry(name: "round-robin", summary: "next machine in turn") { RoundRobin() },
    PolicyEntry(name: "weighted-round-robin", summary: "in turn, by cores x speed (smooth)") {
      WeightedRoundRobin()
    },
    PolicyEntry(name: "first-fit", summary: "lowest-numbered machine that fits") { FirstFit() },
    PolicyEntry(name: "next-fit", summary: "first that fits, from the last one used") { NextFit() },
    PolicyEntry(name: "best-fit", summary: "machine left with the least room") { BestFit() },
    PolicyEntry(name: "worst-fit", summary: "machine left with the most room") { WorstFit() },
    PolicyEntry(name: "least-loaded", summary: "smallest share of CPU asked for") { LeastLoaded() },
    PolicyEntry(name: "power-of-two", summary: "less loaded of two drawn at random") {
      PowerOfChoices()
    },
    PolicyEntry(name: "dot-product", summary: "free room most like the request (Tetris)") {
      DotProduct()
    },
    PolicyEntry(name: "least-allocated", summary: "Kubernetes' default: spread") {
      LeastAllocated()
    },
    PolicyEntry(name: "most-allocated", summary: "Kubernetes' bin packing") { MostAllocated() },
    PolicyEntry(name: "balanced-allocation", summary: "Kubernetes: CPU and memory in balance") {
      BalancedAllocation()
    },
    PolicyEntry(name: "minimum-energy", summary: "least increase in energy") { MinimumEnergy() },
    PolicyEntry(name: "earliest-completion", summary: "where it should end first") {
      EarliestCompletion()
    },
    PolicyEntry(name: "fastest-fit", summary: "fastest machine that fits, then least backlog") {
      FastestFit()
    },
    PolicyEntry(name: "weighted-random", summary: "by cores x speed, among those with room now") {
      WeightedRandom()
    },
    PolicyEntry(
      name: "one-step", summary: "greatest expected reward among sampled machines (tunable)"
    ) { OneStepReward() },
    PolicyEntry(name: "min-min", summary: "of those waiting, what ends first goes first") {
      MinMin()
    },
    PolicyEntry(name: "max-min", summary: "of those waiting, what ends last goes first") {
      MaxMin()
    },
    PolicyEntry(name: "sufferage", summary: "what would lose most elsewhere goes first") {
      Sufferage()
    },
    PolicyEntry(name: "priority-min-min", summary: "min-min within the highest class") {
      PriorityMinMin()
    },
    PolicyEntry(name: "heft", summary: "longest path first, to where it should end first") {
      HEFT()
    },
    PolicyEntry(name: "fgd", summary: "devices: least growth of fragmentation") {
      DevicePlacement(FGD())
    },
    PolicyEntry(name: "gpu-best-fit", summary: "devices: least CPU and GPU left") {
      DevicePlacement(GPUBestFit())
    },
    PolicyEntry(name: "gpu-packing", summary: "devices: those in use before idle ones") {
      DevicePlacement(GPUPacking())
    },
    PolicyEntry(name: "gpu-clustering", summary: "devices: tasks of a kind together") {
      DevicePlacement(GPUClustering())
    },
    PolicyEntry(name: "gpu-dot-product", summary: "devices: what is free least like the request") {
      DevicePlacement(GPUDotProduct())
    },
    PolicyEntry(name: "gpu-random", summary: "devices: any machine, any device") { GPURandom() },
    PolicyEntry(name: "recorded", summary: "what happened: when and where the trace says") {
      Recorded()
    },
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

  /// The policy called `name`, or `sampled:RULE,d=D` with `,weighted` after it or not; nil if there is
  /// none.
  public static func make(_ name: String) -> (any PlacementPolicy)? {
    entries.first { $0.name == name }?.make() ?? sampled(name) ?? DevicePolicies.make(name)
  }
}

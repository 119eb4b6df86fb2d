/// The policies by name; a new one is one line here.
public enum StagePolicies {
  /// Equal shares: what others are measured against.
  public static var fair: any StagePolicy { FairStages(exponent: 0) }

  /// A policy, its name with a parameter where it has one, and what it does.
  public struct Entry: Sendable {
    /// The name on the command line, before `:`.
    public var name: String
    /// In one line.
    public var summary: String
    /// The parameter if none is given; nil where there is none to give.
    public var parameter: Double?
    /// What parameters there are.
    public var range: ClosedRange<Double>
    /// Makes it; the parameter is 0 where there is none.
    public var make: @Sendable (Double) -> any StagePolicy
  }

  /// In the order in which they are listed.
  public static var all: [Entry] {
    [
      Entry(name: "fair", summary: "equal shares for all jobs", range: 0...0) { _ in
        FairStages(exponent: 0)
      },
      Entry(
        name: "weighted-fair", summary: "shares by work to the power of the parameter",
        parameter: -0.5, range: -10...10
      ) { FairStages(exponent: $0) },
      Entry(name: "fifo", summary: "first come, first served", range: 0...0) { _ in
        FirstComeStages()
      },
      Entry(name: "sjf", summary: "least work left first", range: 0...0) { _ in ShortestStages() },
      Entry(
        name: "sjf-cp", summary: "least work left first, its critical path first", range: 0...0
      ) { _ in ShortestStages(followsCriticalPath: true) },
      Entry(
        name: "capped",
        summary: "least work left first, at most √(work in seconds / parameter) executors a job",
        parameter: 2, range: 1e-6...1e9
      ) { ShortestStages(workPerSquare: $0) },
      Entry(
        name: "yielding",
        summary: "the same by the work that is left; what a job has above that goes to others",
        parameter: 1, range: 1e-6...1e9
      ) { YieldingStages(workPerSquare: $0) },
    ]
  }
}

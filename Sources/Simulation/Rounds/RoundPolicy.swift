/// What a policy of shares may know.
public struct RoundScene: Sendable {
  /// A job that has come and not ended.
  public struct Task: Hashable, Sendable {
    /// Which job, by arrival.
    public var job: Int
    /// Its kind.
    public var kind: Int
    /// When it came, in seconds.
    public var arrival: Double
    /// Steps that are left.
    public var remaining: Double
    /// When its last run ended, or when it was first seen.
    public var since: Double
  }

  /// The time in seconds.
  public var now: Double
  /// By arrival.
  public var tasks: [Task]
  /// Steps a second by kind and type.
  public var throughputs: [[Double]]
  /// GPUs of each type.
  public var gpus: [Int]

  /// Seconds that a job would still run on a type; infinite where it cannot.
  func seconds(_ task: Task, on type: Int) -> Double {
    let speed = throughputs[task.kind][type]
    return speed > 0 ? task.remaining / speed : .infinity
  }
}

/// Who gets which share of the time on each type of GPU.
public protocol RoundPolicy: Sendable {
  /// The name on the command line.
  var name: String { get }
  /// Whether the order in which the types are filled is drawn each round; else it is that of the types.
  var drawsOrder: Bool { get }
  /// Whether a job that has no share of a type never runs there, though a GPU is idle.
  var waitsForShare: Bool { get }
  /// The share of each job on each type: 0 to 1, on a type no more than there are GPUs.
  mutating func shares(_ scene: RoundScene) -> [[Double]]
}

extension RoundPolicy {
  public var waitsForShare: Bool { false }
}

/// The policies by name; a new one is one line here.
public enum RoundPolicies {
  /// In the order in which they are listed.
  public static var all: [any RoundPolicy] {
    [
      FirstComeShares(), FirstComeShares(knowsThroughputs: true), EqualShares(), MaxMinShares(),
      MatchedShares(keeps: true), MatchedShares(keeps: false),
    ]
  }

  /// The policy called `name`; nil if there is none.
  public static func named(_ name: String) -> (any RoundPolicy)? { all.first { $0.name == name } }
}

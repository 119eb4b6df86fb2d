import Workload

/// An order of the pending queue by a score of each task: the smallest goes first, ties in order of arrival.
///
/// A rule of one's own needs one value of this type: it may be given to ``SimulationOptions/Order/rule(_:)``
/// from another package. Rules that the program knows by name are in ``catalogue``.
public struct QueueRule: Hashable, Sendable {
  /// How tasks are scored.
  enum Kind: Sendable {
    /// Once, on arrival.
    case fixed(@Sendable (TaskView) -> Double)
    /// At every decision, by a scorer of the run's own.
    case changing(@Sendable () -> any QueueScorer)
  }

  /// The name in reports and on the command line; two rules of one name are taken to be the same.
  public let name: String
  /// What goes first, in one line.
  public let summary: String
  /// Whether a task's score needs the estimate of its run time: those without one then go last.
  public let goesByEstimates: Bool
  let kind: Kind

  /// A rule whose scores do not change while a task waits. O(log n) for each task.
  ///
  /// - Parameters:
  ///   - name: its name.
  ///   - summary: what goes first, in one line.
  ///   - goesByEstimates: whether scores need estimates of run times.
  ///   - score: of a task; the smallest goes first. A score that is not a number goes last.
  public init(
    name: String, summary: String, goesByEstimates: Bool = true,
    score: @escaping @Sendable (TaskView) -> Double
  ) {
    (self.name, self.summary, kind) = (name, summary, .fixed(score))
    self.goesByEstimates = goesByEstimates
  }

  /// A rule whose scores depend on the time or on the cluster. O(n) for each decision, n the tasks that wait,
  /// at most ``SimulationOptions/depth``.
  ///
  /// - Parameters:
  ///   - name: its name.
  ///   - summary: what goes first, in one line.
  ///   - goesByEstimates: whether scores need estimates of run times.
  ///   - scorer: makes what scores the tasks of one run.
  public init(
    name: String, summary: String, goesByEstimates: Bool = true,
    scorer: @escaping @Sendable () -> any QueueScorer
  ) {
    (self.name, self.summary, kind) = (name, summary, .changing(scorer))
    self.goesByEstimates = goesByEstimates
  }

  /// Whether scores change while a task waits.
  public var changesWithTime: Bool {
    if case .changing = kind { true } else { false }
  }

  public static func == (a: QueueRule, b: QueueRule) -> Bool { a.name == b.name }

  public func hash(into hasher: inout Hasher) { hasher.combine(name) }

  /// The place of a score in an index of whole numbers: the order of scores is kept exactly.
  static func key(_ score: Double) -> Int64 {
    guard !score.isNaN else { return .max }
    // Zero has two signs and one place.
    let bits = Int64(bitPattern: (score + 0).bitPattern)
    return bits >= 0 ? bits : bits ^ .max
  }
}

/// Scores the waiting tasks of one run, at each decision about which goes next.
///
/// A scorer that goes by one task at a time has ``begin(at:waiting:on:)`` and ``score(_:)``; one that weighs
/// the tasks against each other, and against what runs, says so (``weighsTogether``) and has
/// ``score(_:on:into:)``.
public protocol QueueScorer: Sendable {
  /// A decision is due: what is the same for all tasks can be worked out here.
  ///
  /// - Parameters:
  ///   - now: the time.
  ///   - waiting: how many tasks wait.
  ///   - cluster: the machines as the policy may see them.
  mutating func begin(at now: Microseconds, waiting: Int, on cluster: borrowing Cluster)

  /// The score of a task that waits; the smallest goes first, and one that is not a number last.
  func score(_ task: borrowing TaskView) -> Double

  /// Whether tasks are scored together.
  var weighsTogether: Bool { get }

  /// How often it fell back to another order so far; nil, the default, for one that never does.
  var fallbacks: QueueFallbacks? { get }

  /// The scores of all tasks of a scene, one for each, appended to `scores`.
  mutating func score(
    _ scene: borrowing QueueScene, on cluster: borrowing Cluster, into scores: inout [Double])
}

/// How often an order of the queue that has a gate fell back to smallest area first.
public struct QueueFallbacks: BitwiseCopyable, Hashable, Sendable {
  /// Decisions among several tasks.
  public var decisions: Int
  /// Those of them in which it fell back.
  public var taken: Int

  /// So many; of no decision yet, if not given.
  public init(decisions: Int = 0, taken: Int = 0) {
    (self.decisions, self.taken) = (decisions, taken)
  }
}

extension QueueScorer {
  public var fallbacks: QueueFallbacks? { nil }

  public var weighsTogether: Bool { false }

  public mutating func begin(at now: Microseconds, waiting: Int, on cluster: borrowing Cluster) {}

  public func score(_ task: borrowing TaskView) -> Double { .nan }

  public mutating func score(
    _ scene: borrowing QueueScene, on cluster: borrowing Cluster, into scores: inout [Double]
  ) {
    begin(at: scene.now, waiting: scene.queueLength, on: cluster)
    for task in scene.waiting { scores.append(score(task)) }
  }
}

extension TaskView {
  /// Seconds that its user said it would run; not a number where nothing was said.
  @inlinable public var requestedSeconds: Double { estimate.isKnown ? estimate.seconds : .nan }
  /// Cores of all its instances.
  @inlinable public var cores: Double { request.cpu.value * Double(instances) }
}

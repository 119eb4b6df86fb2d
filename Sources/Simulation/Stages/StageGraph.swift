/// A job's shape: stages of tasks, which wait for other stages.
///
/// Times of tasks are samples, by the number of executors that the job had when they were taken (a point) and by
/// wave: what an executor ran first on a stage, what it ran there after that, and, of the first, what it ran as its
/// first task for the job at all.
public struct StageGraph: Hashable, Sendable {
  /// Samples of task times at one number of executors, in milliseconds.
  public struct Point: Hashable, Sendable {
    /// How many executors the job had (≥ 1).
    public var executors: Int
    /// First tasks of executors that were new to the job.
    public var fresh: [Int]
    /// First tasks of executors on the stage, those of `fresh` among them.
    public var first: [Int]
    /// Later tasks of executors on the stage.
    public var rest: [Int]

    /// Samples at a point.
    public init(executors: Int, fresh: [Int] = [], first: [Int], rest: [Int] = []) {
      (self.executors, self.fresh, self.first, self.rest) = (executors, fresh, first, rest)
    }
  }

  /// A stage.
  public struct Stage: Hashable, Sendable {
    /// How many tasks it has (≥ 1).
    public var tasks: Int
    /// Samples by number of executors, which ascends.
    public var points: [Point]

    /// A stage of so many tasks; nil for as many as the first point has of samples.
    public init(tasks: Int? = nil, points: [Point]) {
      let points = points.sorted { $0.executors < $1.executors }
      self.tasks = tasks ?? points.first.map { $0.first.count + $0.rest.count } ?? 0
      self.points = points
    }
  }

  /// What it is called.
  public let name: String
  /// Its stages.
  public let stages: [Stage]
  /// Which stage waits for which: (parent, child), by number from 0.
  public let edges: [(parent: Int, child: Int)]

  /// The most stages of a graph.
  public static let mostStages = 10_000
  /// The most tasks of a stage.
  public static let mostTasks = 10_000_000
  /// The longest time of a task.
  public static let mostMilliseconds = 1_000_000_000
  /// The most executors that task times are of.
  public static let mostExecutors = 1_000_000

  /// A graph.
  ///
  /// - Parameters:
  ///   - name: what it is called.
  ///   - stages: at least one.
  ///   - edges: pairs of numbers of stages.
  /// - Throws: ``StageGraphError``: no stage, a number out of its range, an edge to nowhere or given twice, a
  ///   cycle.
  public init(name: String, stages: [Stage], edges: [(parent: Int, child: Int)])
    throws(StageGraphError)
  {
    func fail(_ message: String, _ place: StageGraphError.Place = .graph) -> StageGraphError {
      StageGraphError(graph: name, place: place, message: message)
    }
    guard !stages.isEmpty else { throw fail("has no stages") }
    guard stages.count <= Self.mostStages else {
      throw fail("has \(stages.count) stages, more than \(Self.mostStages)")
    }
    for (number, stage) in stages.enumerated() {
      if let message = Self.mistake(in: stage) {
        throw fail("stage \(number) \(message)", .stage(number))
      }
    }
    var children = Array(repeating: [Int](), count: stages.count)
    var known: Set<Int> = []
    var parents = Array(repeating: 0, count: stages.count)
    for (number, (parent, child)) in edges.enumerated() {
      for end in [parent, child] where !stages.indices.contains(end) {
        throw fail(
          "edge [\(parent), \(child)]: there is no stage \(end), they are 0 to \(stages.count - 1)",
          .edge(number))
      }
      guard parent != child else {
        throw fail("edge [\(parent), \(child)]: a stage waits for itself", .edge(number))
      }
      guard known.insert(parent * stages.count + child).inserted else {
        throw fail("edge [\(parent), \(child)] is there twice", .edge(number))
      }
      children[parent].append(child)
      parents[child] += 1
    }
    var ready = stages.indices.filter { parents[$0] == 0 }
    var seen = 0
    while let stage = ready.popLast() {
      seen += 1
      for child in children[stage] {
        parents[child] -= 1
        if parents[child] == 0 { ready.append(child) }
      }
    }
    if seen < stages.count, let stuck = parents.firstIndex(where: { $0 > 0 }) {
      throw fail("stages wait for each other in a circle; stage \(stuck) is in it or behind it")
    }
    (self.name, self.stages, self.edges) = (name, stages, edges)
  }

  private static func mistake(in stage: Stage) -> String? {
    guard (1...mostTasks).contains(stage.tasks) else {
      return "has \(stage.tasks) tasks, not 1 to \(mostTasks)"
    }
    guard !stage.points.isEmpty else { return "has no task times" }
    var last = 0
    for point in stage.points {
      guard point.executors > last, point.executors <= mostExecutors else {
        return point.executors == last
          ? "has \(last) executors twice"
          : "has times at \(point.executors) executors, not 1 to \(mostExecutors)"
      }
      last = point.executors
      guard !point.first.isEmpty || !point.fresh.isEmpty else {
        return "has no first task time at \(point.executors) executors"
      }
      for time in [point.fresh, point.first, point.rest].joined()
      where !(1...mostMilliseconds).contains(time) {
        return
          "has a task of \(time) ms at \(point.executors) executors, not 1 to \(mostMilliseconds)"
      }
    }
    return nil
  }

  public static func == (a: Self, b: Self) -> Bool {
    a.name == b.name && a.stages == b.stages && a.edges.elementsEqual(b.edges, by: ==)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    hasher.combine(stages)
  }
}

/// What is wrong with a graph of stages.
public struct StageGraphError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What it is about.
  public enum Place: Hashable, Sendable {
    /// The whole of it.
    case graph
    /// A stage, by number from 0.
    case stage(Int)
    /// An edge, by number from 0.
    case edge(Int)
  }

  /// The graph.
  public var graph: String
  /// Which part of it.
  public var place: Place
  /// What is wrong.
  public var message: String

  public var description: String { "graph '\(graph)': \(message)" }
}

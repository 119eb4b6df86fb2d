import Fitting
import Workload

/// What the tasks of a job wait for.
public struct GraphModel: Sendable, Hashable {
  /// The shape of a job's graph. Tasks wait for tasks of lower index only, so there are no cycles.
  public enum Shape: Sendable, Hashable {
    /// Each task waits for the one before.
    case chain
    /// All but the first and the last run at once, between these two.
    case forkJoin
    /// Layers of so many tasks; each waits for one of the layer before and, with probability
    /// `density`, for each of the others.
    case layered(width: Int, density: Double)
    /// Each task waits for d earlier ones, chosen at random, d with the probability at place d; as
    /// many as there are where that is fewer. Shares add up to 1.
    case inDegrees([Double])
    /// The graphs of Alibaba's batch jobs in 2018, as Tian, Zheng and Wang (SoCC 2019) draw them
    /// from the trace's counts.
    case alibaba2018
    /// The shapes of a trace's jobs, by their number of tasks.
    case learned(GraphShapes)
  }

  /// The most dependencies that a workload may have: they are all in memory, 200 bytes each.
  public static var dependencyLimit: Int { 10_000_000 }

  /// The shape.
  public var shape: Shape
  /// Data in GiB that a task hands to one that waits for it; nil for none.
  public var data: Law?

  /// A graph.
  public init(shape: Shape, data: Law? = nil) {
    self.shape = shape
    self.data = data
  }

  /// The pairs (task, what it waits for) of the first `submitted` tasks of a job of `size`, by task; nil where the job
  /// has more than `limit`.
  func edges(
    size: Int, submitted: Int, limit: Int, using rng: inout RandomStream
  ) -> [(task: Int, predecessor: Int)]? {
    if case .learned(let shapes) = shape {
      return shapes.draw(size: size, limit: limit, using: &rng)?.prefix(submitted).enumerated()
        .flatMap { task, waits in waits.map { (task, Int($0)) } }
    }
    if shape == .alibaba2018 {
      return AlibabaGraph.edges(size: size, using: &rng).filter { $0.task < submitted }
    }
    var edges: [(task: Int, predecessor: Int)] = []
    for task in stride(from: 1, to: submitted, by: 1) where edges.count <= limit {
      switch shape {
      case .alibaba2018, .learned: break
      case .chain: edges.append((task, task - 1))
      case .forkJoin:
        if task < size - 1 || size == 2 {
          edges.append((task, 0))
        } else {
          for middle in 1..<task { edges.append((task, middle)) }
        }
      case .layered(let width, let density):
        guard task >= width else { continue }
        let before = (task / width - 1) * width
        let sure = rng.below(width)
        for place in 0..<width where place == sure || rng.uniform() < density {
          edges.append((task, before + place))
        }
      case .inDegrees(let shares):
        var degree = 0
        var left = rng.uniform()
        while degree < shares.count - 1, left >= shares[degree] {
          left -= shares[degree]
          degree += 1
        }
        for predecessor in rng.choose(min(degree, task), below: task) {
          edges.append((task, predecessor))
        }
      }
    }
    return edges.count > limit ? nil : edges
  }
}

extension RandomStream {
  /// `count` of the numbers from 0 to below `bound`, without repeats, ascending (Bentley and Floyd
  /// 1987).
  mutating func choose(_ count: Int, below bound: Int) -> [Int] {
    var chosen: Set<Int> = []
    for last in bound - count..<bound {
      let pick = below(last + 1)
      chosen.insert(chosen.contains(pick) ? last : pick)
    }
    return chosen.sorted()
  }
}

extension SyntheticWorkload {
  /// What the tasks of this workload wait for, up to its extent. O(tasks) in time, O(dependencies) in
  /// memory; empty without a ``WorkloadModel/graph``. The extent must have an end.
  ///
  /// - Throws: ``WorkloadModelError`` where there are more than ``GraphModel/dependencyLimit``, which
  ///   are all in memory.
  public func dependencies() throws(WorkloadModelError) -> DependencyTable {
    var table = DependencyTable()
    guard let graph = model.graph else { return table }
    precondition(!isEndless, "the dependencies of a workload without end")
    let (shapes, sizes) = (
      RandomStream(seed: seed, name: "graph"), RandomStream(seed: seed, name: "data")
    )
    let sampler = graph.data.map(MarginSampler.init)
    var walk = self
    walk.skip(toJob: 0)
    let isWhole = walk.forEachJob { job, size, submitted in
      var shape = shapes.at(UInt64(job))
      let left = GraphModel.dependencyLimit - table.count
      guard
        let edges = graph.edges(size: size, submitted: submitted, limit: left, using: &shape),
        edges.count <= left
      else { return false }
      guard !edges.isEmpty else { return true }
      var data = [Double](repeating: 0, count: edges.count)
      data.withUnsafeMutableBufferPointer { column in
        guard let sampler else { return }
        sizes.at(UInt64(job)).openUniforms(from: 0, into: column)
        sampler.transform(column)
      }
      for (edge, size) in zip(edges, data) {
        table.add(
          TaskID(job: Int64(job), index: Int32(edge.task)),
          after: TaskID(job: Int64(job), index: Int32(edge.predecessor)),
          data: Bytes(inRange(amount: size * 1_073_741_824)))
      }
      return true
    }
    guard isWhole else {
      throw WorkloadModelError(issues: [
        DescriptionIssue(
          path: "graph",
          message:
            "gives more than \(GraphModel.dependencyLimit) dependencies; expected fewer tasks")
      ])
    }
    return table
  }
}

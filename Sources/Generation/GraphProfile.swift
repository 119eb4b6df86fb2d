import Fitting
import Workload

/// What the tasks of a trace's jobs wait for.
public struct GraphProfile: Codable, Sendable, Equatable {
  /// What the graphs of all jobs of several tasks are like.
  public var statistics: GraphStatistics
  /// Jobs whose graphs are in no statistics or shapes: too large, or circular.
  public var leftOut: Int
  /// Dependencies on other jobs, on whole jobs, or on tasks that are not in the trace.
  public var otherDependencies: Int
  /// The shapes of the jobs of several tasks, or of a uniform sample of them, by size and then by how many have them.
  public var shapes: [GraphShape]
  /// Data that a task hands to one that waits for it, in GiB; nil for none.
  public var data: QuantileTable?
}

/// What graphs of jobs of several tasks are like.
public struct GraphStatistics: Codable, Sendable, Equatable {
  /// How many jobs.
  public var jobs = 0
  /// How many tasks they have.
  public var tasks = 0
  /// Share of the jobs in which any task waits for another.
  public var withDependencies = 0.0
  /// Mean number of levels: tasks on the longest way.
  public var depth = 0.0
  /// Mean number of tasks on the widest level.
  public var width = 0.0
  /// Shares of the tasks that wait for 0, 1, 2, 3 and at least 4 others.
  public var inDegrees = [Double](repeating: 0, count: 5)
  /// Shares of the tasks that 0, 1, 2, 3 and at least 4 others wait for.
  public var outDegrees = [Double](repeating: 0, count: 5)
  /// Mean share of a job's tasks that are on its longest way: `depth / tasks`.
  public var criticalPathShare = 0.0
  /// Mean share of a job's run times that is on the way that takes longest; nil where no run times are known.
  public var criticalTimeShare: Double?

  /// Of graphs, each of one job with the run times of its tasks (NaN for unknown, or none at all).
  init(_ graphs: [(shape: GraphShape, runTimes: [Double])]) {
    var (timed, times) = (0, 0.0)
    for (shape, runTimes) in graphs where shape.size > 0 {
      jobs += shape.jobs
      let weight = Double(shape.jobs)
      let levels = shape.levels
      var widths = [Int](repeating: 0, count: (levels.max() ?? 0) + 1)
      for level in levels { widths[level] += 1 }
      var outs = [Int](repeating: 0, count: shape.size)
      for waits in shape.waitsFor {
        inDegrees[min(waits.count, 4)] += weight
        for before in waits { outs[Int(before)] += 1 }
      }
      for out in outs { outDegrees[min(out, 4)] += weight }
      tasks += shape.size * shape.jobs
      withDependencies += shape.edgeCount > 0 ? weight : 0
      depth += weight * Double(levels.max() ?? 0)
      width += weight * Double(widths.max() ?? 0)
      criticalPathShare += weight * Double(levels.max() ?? 0) / Double(shape.size)
      if let share = Self.timeShare(shape, runTimes) {
        timed += 1
        times += share
      }
    }
    guard jobs > 0 else { return }
    withDependencies /= Double(jobs)
    depth /= Double(jobs)
    width /= Double(jobs)
    criticalPathShare /= Double(jobs)
    for degree in 0..<5 {
      inDegrees[degree] /= Double(tasks)
      outDegrees[degree] /= Double(tasks)
    }
    if timed > 0 { criticalTimeShare = times / Double(timed) }
  }

  private static func timeShare(_ shape: GraphShape, _ runTimes: [Double]) -> Double? {
    guard runTimes.count == shape.size, runTimes.allSatisfy({ $0 >= 0 }) else { return nil }
    let total = runTimes.reduce(0, +)
    guard total > 0 else { return nil }
    var ends: [Double] = []
    for (task, waits) in shape.waitsFor.enumerated() {
      ends.append(waits.reduce(0) { max($0, ends[Int($1)]) } + runTimes[task])
    }
    return (ends.max() ?? 0) / total
  }
}

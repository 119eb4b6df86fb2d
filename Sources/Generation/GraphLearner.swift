import Fitting
import Workload

/// Finds the shapes of jobs in a trace's dependencies.
///
/// Holds 12 bytes a task of the jobs that have any, and 12 a job.
struct GraphLearner {
  private let dependencies: DependencyTable
  private let seed: UInt64
  /// Of each job with dependencies the tasks that were seen: index, and run time in seconds or NaN.
  private var graphs: [Int64: [(index: Int32, runTime: Float)]] = [:]
  /// Tasks of the other jobs.
  private var sizes: [Int64: Int32] = [:]

  /// Tasks and dependencies of a job that are looked at.
  private static let largest = (tasks: 10_000, edges: 50_000)
  /// Jobs whose shapes are kept, and dependencies of all shapes.
  private static let kept = (jobs: 5000, edges: 50_000)

  init(_ dependencies: DependencyTable, seed: UInt64) {
    (self.dependencies, self.seed) = (dependencies, seed)
    for task in dependencies.tasks { graphs[task.job] = [] }
  }

  mutating func add(_ record: TaskRecord) {
    guard !dependencies.isEmpty else { return }
    if graphs[record.id.job] != nil {
      let isExact = record.usableRunTime != nil && !record.flags.contains(.cutOffAtEnd)
      graphs[record.id.job]?.append(
        (record.id.index, isExact ? Float(record.runTime.seconds) : .nan))
    } else {
      sizes[record.id.job, default: 0] += 1
    }
  }

  /// A job's tasks in the order of their indices, and what they wait for.
  private struct Job {
    var runTimes: [Double]
    var edges: [(task: Int, predecessor: Int)] = []
    var isTooLarge = false
  }

  /// What was found; nil where no task waits for another of its job.
  func profile() -> GraphProfile? {
    guard !dependencies.isEmpty else { return nil }
    var (others, leftOut) = (0, 0)
    var data: [Double] = []
    let jobs = self.jobs(&others, &data)
    var found: [(shape: GraphShape, runTimes: [Double])] = []
    var loose: [Int: Int] = [:]
    for size in sizes.values where size > 1 { loose[Int(size), default: 0] += 1 }
    for job in jobs where job.runTimes.count > 1 {
      if job.edges.isEmpty {
        loose[job.runTimes.count, default: 0] += 1
      } else if !job.isTooLarge,
        let (shape, order) = GraphShape.sorted(size: job.runTimes.count, edges: job.edges)
      {
        found.append((shape, order.map { job.runTimes[$0] }))
      } else {
        leftOut += 1
      }
    }
    guard !found.isEmpty else { return nil }
    let alone = loose.sorted { $0.key < $1.key }.filter { $0.key <= Self.largest.tasks }
      .map { GraphShape(jobs: $0.value, waitsFor: Array(repeating: [], count: $0.key)) }
    return GraphProfile(
      statistics: GraphStatistics(alone.map { ($0, []) } + found), leftOut: leftOut,
      otherDependencies: others, shapes: kept(found.map(\.shape), alone),
      data: data.contains { $0 > 0 } ? QuantileTable(data) : nil)
  }

  /// The jobs with dependencies, in the order of their numbers.
  private func jobs(_ others: inout Int, _ data: inout [Double]) -> [Job] {
    var edges: [Int64: [(task: Int32, predecessor: Int32, data: Double)]] = [:]
    for task in dependencies.tasks {
      for dependency in dependencies.dependencies(of: task) {
        let before = dependency.predecessor
        guard before.job == task.job, task.index >= 0, before.index >= 0 else {
          others += 1
          continue
        }
        edges[task.job, default: []].append(
          (task.index, before.index, dependency.data.gibibytes))
      }
    }
    return graphs.sorted { $0.key < $1.key }.map { number, tasks in
      let tasks = tasks.sorted { $0.index < $1.index }
      let own = edges[number] ?? []
      var job = Job(runTimes: [])
      var places: [Int32: Int] = [:]
      for task in tasks where places[task.index] == nil {
        places[task.index] = job.runTimes.count
        job.runTimes.append(Double(task.runTime))
      }
      guard tasks.count <= Self.largest.tasks, own.count <= Self.largest.edges else {
        // It has edges, whatever they are.
        job.edges = [(0, 0)]
        job.isTooLarge = true
        return job
      }
      for edge in own {
        guard let task = places[edge.task], let before = places[edge.predecessor] else {
          others += 1
          continue
        }
        job.edges.append((task, before))
        data.append(edge.data)
      }
      return job
    }
  }

  /// Equal shapes as one. Of many, a sample of those with dependencies is kept, and the others count in proportion.
  private func kept(_ shapes: [GraphShape], _ alone: [GraphShape]) -> [GraphShape] {
    var rng = RandomStream(seed: seed, name: "profile/graphs")
    // A random order, of which the first ones are a uniform sample (Fisher and Yates).
    var order = Array(shapes.indices)
    for place in order.indices.dropLast() {
      order.swapAt(place, place + rng.below(order.count - place))
    }
    var counts: [[[Int32]]: Int] = [:]
    var (jobs, edges) = (0, 0)
    for place in order.prefix(Self.kept.jobs) {
      let shape = shapes[place]
      if counts[shape.waitsFor] == nil {
        guard jobs == 0 || edges + shape.edgeCount <= Self.kept.edges else { break }
        edges += shape.edgeCount
      }
      counts[shape.waitsFor, default: 0] += 1
      jobs += 1
    }
    let part = Double(jobs) / Double(shapes.count)
    let known = counts.map { GraphShape(jobs: $0.value, waitsFor: $0.key) }
    let others = alone.map {
      GraphShape(
        jobs: max(1, Int((Double($0.jobs) * part).rounded())), waitsFor: $0.waitsFor)
    }
    return (known + others).sorted { a, b in
      if a.size != b.size { return a.size < b.size }
      if a.jobs != b.jobs { return a.jobs > b.jobs }
      return a.waitsFor.lexicographicallyPrecedes(b.waitsFor) { $0.lexicographicallyPrecedes($1) }
    }
  }
}

import Workload

/// What the tasks of one job wait for: tasks in an order in which each waits for earlier ones only.
public struct GraphShape: Codable, Sendable, Hashable {
  /// How many jobs of the trace have it.
  public var jobs: Int
  /// For each task the places of those that it waits for, ascending, each before its own.
  public var waitsFor: [[Int32]]

  /// A shape of `jobs` jobs.
  public init(jobs: Int = 1, waitsFor: [[Int32]]) {
    (self.jobs, self.waitsFor) = (jobs, waitsFor)
  }

  /// How many tasks it has.
  var size: Int { waitsFor.count }

  /// How many dependencies it has.
  var edgeCount: Int { waitsFor.reduce(0) { $0 + $1.count } }

  /// What is wrong with it; nil for nothing.
  var issue: String? {
    let limits = GraphShapes.limits
    guard (1...limits.jobs).contains(jobs) else {
      return "is of \(jobs) jobs; expected 1 to \(limits.jobs)"
    }
    guard (2...limits.tasks).contains(size) else {
      return "has \(size) tasks; expected 2 to \(limits.tasks)"
    }
    for (task, waits) in waitsFor.enumerated() {
      let isAscending = zip(waits, waits.dropFirst()).allSatisfy(<)
      guard isAscending, waits.allSatisfy({ $0 >= 0 && $0 < task }) else {
        return
          "has a task \(task) that waits for \(waits.prefix(5)); expected earlier ones, ascending"
      }
    }
    return nil
  }

  /// Of each task the number of tasks on the longest way to it, itself counted: 1 for those that wait for none.
  var levels: [Int] {
    var levels: [Int] = []
    for before in waitsFor {
      levels.append(before.reduce(0) { max($0, levels[Int($1)]) } + 1)
    }
    return levels
  }

  /// The shape of `size` tasks with these dependencies, and which task is at each place: in an order of levels and then
  /// of what is waited for, so that most jobs of one shape become equal. Nil where tasks wait for each other in a
  /// circle. O(tasks + dependencies · log).
  static func sorted(
    size: Int, edges: [(task: Int, predecessor: Int)]
  ) -> (shape: GraphShape, order: [Int])? {
    var before = [[Int]](repeating: [], count: size)
    var after = [[Int]](repeating: [], count: size)
    for edge in edges { before[edge.task].append(edge.predecessor) }
    for task in before.indices {
      // The same pair may have been named twice.
      before[task] = Set(before[task]).sorted()
      for predecessor in before[task] { after[predecessor].append(task) }
    }
    // Level by level (Kahn 1962).
    var left = before.map(\.count)
    var place = [Int32](repeating: -1, count: size)
    var level = (0..<size).filter { left[$0] == 0 }
    var (waitsFor, order): ([[Int32]], [Int]) = ([], [])
    while !level.isEmpty {
      let sorted = level.map { task in (task, before[task].map { place[$0] }.sorted()) }
        .sorted { a, b in
          if a.1 != b.1 { return a.1.lexicographicallyPrecedes(b.1) }
          // Those that more wait for first.
          return (after[b.0].count, a.0) < (after[a.0].count, b.0)
        }
      for (task, waits) in sorted {
        place[task] = Int32(waitsFor.count)
        waitsFor.append(waits)
        order.append(task)
      }
      var next: [Int] = []
      for task in level {
        for successor in after[task] {
          left[successor] -= 1
          if left[successor] == 0 { next.append(successor) }
        }
      }
      level = next
    }
    guard order.count == size else { return nil }
    return (GraphShape(waitsFor: waitsFor), order)
  }

  /// The shape with so many tasks, at least its own: tasks chosen at random are there twice or oftener, with what they
  /// wait for and what waits for them. So levels become wider, and no way longer. Nil where it has more than `limit`
  /// dependencies. O(tasks + dependencies).
  func widened(to count: Int, limit: Int, using rng: inout RandomStream) -> [[Int32]]? {
    guard edgeCount <= limit else { return nil }
    guard count > size, size > 0 else { return waitsFor }
    var copies = [Int](repeating: 1, count: size)
    for _ in size..<count { copies[rng.below(size)] += 1 }
    var first: [Int32] = []
    var total: Int32 = 0
    for copy in copies {
      first.append(total)
      total += Int32(copy)
    }
    var edges = 0
    for (task, waits) in waitsFor.enumerated() {
      let each = waits.reduce(0) { $0 + copies[Int($1)] }
      let (product, overflows) = each.multipliedReportingOverflow(by: copies[task])
      guard !overflows, product <= limit - edges else { return nil }
      edges += product
    }
    guard edges > 0 else { return [] }
    var widened: [[Int32]] = []
    for (task, waits) in waitsFor.enumerated() {
      let all = waits.flatMap { before in
        (0..<Int32(copies[Int(before)])).map { first[Int(before)] + $0 }
      }
      for _ in 0..<copies[task] { widened.append(all) }
    }
    return widened
  }
}

/// Shapes of jobs as they are drawn: for a job of n tasks one of the shapes of n tasks, in proportion to how many jobs
/// have it; where there are none, one of the next smaller ones, widened. A job smaller than all of them has no
/// dependencies.
public struct GraphShapes: Sendable, Hashable {
  /// All shapes, by their size.
  public let shapes: [GraphShape]
  /// The sizes, ascending, and where each begins in ``shapes``.
  private let sizes: [(size: Int, first: Int)]
  /// How many jobs the shapes up to each have together.
  private let ends: [Int]

  /// The most shapes, tasks of one, dependencies of all, and jobs of one.
  static let limits = (
    shapes: 10_000, tasks: 100_000, edges: 1_000_000, jobs: 1_000_000_000_000
  )

  /// Shapes in any order.
  public init(_ shapes: [GraphShape]) {
    self.shapes = shapes.enumerated()
      .sorted { ($0.element.size, $0.offset) < ($1.element.size, $1.offset) }.map(\.element)
    var (sizes, ends, total): ([(size: Int, first: Int)], [Int], Int) = ([], [], 0)
    for (place, shape) in self.shapes.enumerated() {
      if sizes.last?.size != shape.size { sizes.append((shape.size, place)) }
      // Whatever is said, a sum that there is: what is out of range is told where the model is checked.
      total += min(max(shape.jobs, 1), Self.limits.jobs)
      ends.append(total)
    }
    (self.sizes, self.ends) = (sizes, ends)
  }

  /// What each of `size` tasks waits for, empty for nothing; nil where these are more than `limit` dependencies.
  func draw(size: Int, limit: Int, using rng: inout RandomStream) -> [[Int32]]? {
    guard size > 1 else { return [] }
    var (low, high) = (0, sizes.count)
    while low < high {
      let middle = (low + high) / 2
      if sizes[middle].size <= size { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return [] }
    let first = sizes[low - 1].first
    let end = low < sizes.count ? sizes[low].first : shapes.count
    let before = first > 0 ? ends[first - 1] : 0
    let pick = before + rng.below(ends[end - 1] - before)
    var (least, most) = (first, end - 1)
    while least < most {
      let middle = (least + most) / 2
      if ends[middle] > pick { most = middle } else { least = middle + 1 }
    }
    return shapes[least].widened(to: size, limit: limit, using: &rng)
  }

  public static func == (a: GraphShapes, b: GraphShapes) -> Bool { a.shapes == b.shapes }
  public func hash(into hasher: inout Hasher) { hasher.combine(shapes) }
}

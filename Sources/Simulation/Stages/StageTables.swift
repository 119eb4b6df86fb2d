/// Graphs as the simulator and its policies use them: flat, with task times by wave and number of executors.
///
/// A *kind* is a stage of a graph. Times of a wave that has no samples at a point come from another wave: fresh ones
/// are first ones and ``StageOptions/warmup``, later ones are first ones, first ones are fresh ones (as in the simulator of Mao et
/// al., "Learning scheduling algorithms for data processing clusters", SIGCOMM 2019). Fresh samples are taken out of
/// the first ones; where none is left the next smaller point has some, if any has.
public struct StageTables: Sendable {
  /// What an executor ran before a task.
  public enum Wave: Int, Sendable {
    /// Nothing of the job.
    case fresh
    /// Another stage.
    case first
    /// The stage.
    case rest
  }

  /// A stage of a graph.
  public struct Kind: Sendable {
    /// Tasks.
    public internal(set) var tasks: Int
    /// Mean time of all samples in milliseconds.
    public internal(set) var mean: Double
    /// Milliseconds on the longest way from its beginning to the end of the graph, one mean task a stage.
    public internal(set) var criticalPath: Double
    /// Places of its children in ``StageTables/children``, by number within the graph.
    public internal(set) var children: Range<Int>
    /// How many parents it has.
    public internal(set) var parents: Int
    var rows: Int
    var ladder: Int
  }

  /// A graph.
  public struct Graph: Sendable {
    /// Its kinds.
    public internal(set) var kinds: Range<Int>
    /// Mean time of all its tasks together, in milliseconds.
    public internal(set) var work: Double
    /// The longest way through it, one mean task a stage, in milliseconds.
    public internal(set) var criticalPath: Double
    /// Tasks of all stages.
    public internal(set) var tasks: Int
  }

  /// The graphs, in the order in which they were given.
  public private(set) var graphs: [Graph] = []
  /// Their stages, graph by graph.
  public private(set) var kinds: [Kind] = []
  /// Children of kinds, by number within the graph.
  public private(set) var children: [Int] = []
  /// How many executors there are.
  public let executors: Int

  struct Samples { var offset: Int32; var count: Int32 }
  /// Between which rows a number of executors lies, and how often of 2³² the upper is drawn.
  struct Step { var low: Int32; var high: Int32; var upper: UInt64 }

  private var samples: [Samples] = []
  private var times: [Int32] = []
  private var means: [Double] = []
  private var steps: [Step] = []

  /// Tables.
  ///
  /// - Parameters:
  ///   - given: the graphs.
  ///   - executors: how many there are (1 to 65,536).
  ///   - options: points, how one is drawn, warming up.
  public init(_ given: [StageGraph], executors: Int, _ options: StageOptions) {
    precondition((1...StageOptions.mostExecutors).contains(executors), "executors in their range")
    self.executors = executors
    var ladders: [[Int]: Int] = [:]
    for graph in given {
      let base = kinds.count
      var below = Array(repeating: [Int](), count: graph.stages.count)
      var parents = Array(repeating: 0, count: graph.stages.count)
      for (parent, child) in graph.edges {
        below[parent].append(child)
        parents[child] += 1
      }
      for (number, stage) in graph.stages.enumerated() {
        let points = stage.points.map(\.executors)
        let ladder = ladders[points] ?? addLadder(points, options)
        ladders[points] = ladder
        let from = children.count
        children += below[number].sorted()
        let rows = samples.count / 3
        let mean = addSamples(stage.points, warmup: options.warmup)
        kinds.append(
          Kind(
            tasks: stage.tasks, mean: mean, criticalPath: 0, children: from..<children.count,
            parents: parents[number], rows: rows, ladder: ladder))
      }
      // A stage is done when its children are: those behind it first.
      var order = graph.stages.indices.filter { parents[$0] == 0 }
      var place = 0
      while place < order.count {
        for child in below[order[place]] {
          parents[child] -= 1
          if parents[child] == 0 { order.append(child) }
        }
        place += 1
      }
      for stage in order.reversed() {
        let longest = below[stage].map { kinds[base + $0].criticalPath }.max() ?? 0
        kinds[base + stage].criticalPath = kinds[base + stage].mean + longest
      }
      let own = kinds[base...]
      graphs.append(
        Graph(
          kinds: base..<kinds.count, work: own.reduce(0) { $0 + $1.mean * Double($1.tasks) },
          criticalPath: own.map(\.criticalPath).max() ?? 0, tasks: own.reduce(0) { $0 + $1.tasks }))
    }
  }

  private mutating func addLadder(_ own: [Int], _ options: StageOptions) -> Int {
    let base = steps.count
    let points = options.points.isEmpty ? own : options.points
    // Where a stage lacks a point, the next smaller of its own; its smallest if there is none.
    func row(_ point: Int) -> Int32 { Int32(own.lastIndex { $0 <= point } ?? 0) }
    for count in 0...executors {
      let below = points.last { $0 <= count } ?? points[0]
      let above = points.first { $0 >= count } ?? points[points.count - 1]
      var upper: UInt64 = 0
      if above > below {
        // Whole numbers, so that no rounding reaches the draw.
        let part = options.drawsFartherPoint ? above - count : count - below
        upper = UInt64(part) << 32 / UInt64(above - below)
      }
      steps.append(Step(low: row(below), high: row(above), upper: upper))
    }
    return base
  }

  /// Adds the rows of a stage; the mean of all its samples.
  private mutating func addSamples(_ points: [StageGraph.Point], warmup: Int) -> Double {
    var before: [Int] = []
    var (sum, count) = (0.0, 0)
    for point in points {
      var others = point.fresh.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
      var first = point.first.filter { time in
        guard let left = others[time], left > 0 else { return true }
        others[time] = left - 1
        return false
      }
      if first.isEmpty { first = before }
      before = first
      for list in [first, point.rest, point.fresh] {
        sum += list.reduce(0.0) { $0 + Double($1) }
        count += list.count
      }
      let fresh = point.fresh.isEmpty ? first.map { $0 + warmup } : point.fresh
      let starts = first.isEmpty ? point.fresh : first
      for list in [fresh, starts, point.rest.isEmpty ? starts : point.rest] {
        samples.append(Samples(offset: Int32(times.count), count: Int32(list.count)))
        // In order, so that one draw is as long or short in any wave and at any point as in another.
        times += list.sorted().map { Int32($0) }
        means.append(list.reduce(0.0) { $0 + Double($1) } / Double(list.count))
      }
    }
    return sum / Double(count)
  }

  /// The time of a task in milliseconds: its point by the upper half of `word`, its sample by the lower.
  @inline(__always)
  func time(_ kind: Kind, executors: Int, _ wave: Int, _ word: UInt64) -> Int {
    let step = steps[kind.ladder + executors]
    let row = word >> 32 < step.upper ? step.high : step.low
    let samples = samples[(kind.rows + Int(row)) * 3 + wave]
    let place = ((word & 0xffff_ffff) * UInt64(samples.count)) >> 32
    return Int(times[Int(samples.offset) + Int(place)])
  }

  /// The mean time of a task in milliseconds.
  ///
  /// - Parameters:
  ///   - kind: which stage.
  ///   - executors: how many the job has; from 0 to all.
  ///   - wave: what the executor ran before.
  /// - Returns: the mean over the samples, and over the points that may be drawn.
  public func mean(_ kind: Int, executors: Int, _ wave: Wave) -> Double {
    let step = steps[kinds[kind].ladder + executors]
    let base = kinds[kind].rows
    let upper = Double(step.upper) * 0x1p-32
    return means[(base + Int(step.low)) * 3 + wave.rawValue] * (1 - upper)
      + means[(base + Int(step.high)) * 3 + wave.rawValue] * upper
  }
}

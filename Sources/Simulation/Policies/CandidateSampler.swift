// Candidates drawn at random, by the alias method: Vose, "A linear algorithm for generating random
// numbers with a given distribution", IEEE Trans. Software Engineering 17 (1991).
import Workload

/// Draws distinct machines that can take a task, uniformly or by their capacity.
///
/// Rules that look at all machines of a stale view herd: all decisions between two heartbeats agree.
/// Rules that look at a few do not (Mitzenmacher, "How useful is old information?", IEEE TPDS 11,
/// 2000).
public struct CandidateSampler: Sendable {
  /// How machines are drawn.
  public enum Weighting: String, Hashable, Sendable, CaseIterable, Codable {
    /// All alike.
    case uniform
    /// In proportion to cores × speed.
    case weighted
    /// Up to half of them the agent's own machine and its neighbours, of which it has up to eight; the rest in
    /// proportion to cores × speed. See ``Neighbourhoods``.
    case neighbours
  }

  /// How machines are drawn.
  public let weighting: Weighting
  private var acceptance: [Double] = []
  private var alias: [Int32] = []
  private var neighbourhoods = Neighbourhoods()
  /// In which draw each machine was drawn last.
  private var drawnIn: [UInt32] = []
  private var draws: UInt32 = 0
  /// The machines drawn last: the agent's own and its neighbours by rank, then in the order of the draws.
  public private(set) var drawn: [Int32] = []
  /// How many of ``drawn``, from the first on, were taken as the agent's own machine and its neighbours.
  public private(set) var near = 0

  /// A sampler; ``prepare(_:)`` comes before the first draw.
  public init(_ weighting: Weighting) { self.weighting = weighting }

  /// Builds the table for a run's machines. O(n).
  public mutating func prepare(_ cluster: borrowing Cluster) {
    let count = cluster.count
    var weights: [Double] = []
    for machine in 0..<count {
      weights.append(
        weighting == .uniform
          ? 1 : max(cluster.capacity(machine).cpu.value * cluster.speed(machine), 0))
    }
    let total = weights.reduce(0, +)
    acceptance = Array(repeating: 1, count: count)
    drawnIn = Array(repeating: 0, count: count)
    draws = 0
    alias = (0..<count).map(Int32.init)
    if weighting == .neighbours { neighbourhoods = Neighbourhoods(weights: weights) }
    guard weighting != .uniform, total > 0 else { return }
    var scaled = weights.map { $0 * Double(count) / total }
    var small = scaled.indices.filter { scaled[$0] < 1 }
    var large = scaled.indices.filter { scaled[$0] >= 1 }
    while let low = small.popLast(), let high = large.last {
      acceptance[low] = scaled[low]
      alias[low] = Int32(high)
      scaled[high] -= 1 - scaled[low]
      if scaled[high] < 1 { small.append(large.removeLast()) }
    }
  }

  /// One machine, whether or not it can take anything. O(1).
  @inline(__always)
  private func one(using rng: inout RandomStream) -> Int32 {
    let u = rng.uniform() * Double(acceptance.count)
    let index = Int(u)
    return u - Double(index) < acceptance[index] ? Int32(index) : alias[index]
  }

  /// Draws up to `count` distinct machines that can take the task into ``drawn``; all of them, in random
  /// order, where that many do not exist. None only if none can. O(count²) where most can, O(n) where
  /// they are rare.
  public mutating func draw(
    _ count: Int, for task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) {
    drawn.removeAll(keepingCapacity: true)
    near = 0
    if draws == .max { prepare(cluster) }
    draws += 1
    if count < cluster.count {
      if weighting == .neighbours { takeNeighbours(count / 2, task, cluster) }
      let lanes = cluster.lanes(task.request)
      for _ in 0..<(8 * count + 24) where drawn.count < count {
        let machine = one(using: &rng)
        if cluster.mayTake(lanes, on: Int(machine)), drawnIn[Int(machine)] != draws,
          cluster.canTake(task, on: Int(machine))
        {
          take(machine)
        }
      }
      if drawn.count == count { return }
    }
    takeAll(count, task, cluster, &rng)
  }

  /// Takes up to `count` of the agent's own machine and its neighbours, by rank.
  private mutating func takeNeighbours(
    _ count: Int, _ task: TaskView, _ cluster: borrowing Cluster
  ) {
    let agent = Int(task.gateway)
    guard agent >= 0 else { return }
    if count > 0, cluster.canTake(task, on: agent) { take(task.gateway) }
    for machine in neighbourhoods[agent] where drawn.count < count {
      if cluster.canTake(task, on: Int(machine)) { take(machine) }
    }
    near = drawn.count
  }

  private mutating func take(_ machine: Int32) {
    drawnIn[Int(machine)] = draws
    drawn.append(machine)
  }

  /// Lists those that can take the task, and shuffles as many as are wanted to the front.
  private mutating func takeAll(
    _ count: Int, _ task: TaskView, _ cluster: borrowing Cluster, _ rng: inout RandomStream
  ) {
    drawn.removeAll(keepingCapacity: true)
    near = 0
    var next = cluster.firstCandidate(for: task)
    while let machine = next {
      drawn.append(Int32(machine))
      next = cluster.firstCandidate(for: task, from: machine + 1)
    }
    let kept = min(count, drawn.count)
    for place in 0..<kept { drawn.swapAt(place, place + rng.below(drawn.count - place)) }
    drawn.removeLast(drawn.count - kept)
  }
}

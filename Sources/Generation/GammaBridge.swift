import CVectorMath
import Workload

/// The points of a Poisson process of rate 1, any of them without those before it.
///
/// Points come in blocks of ``blockSize``. The end of block k is a sum of (k + 1) × 256 exponential
/// gaps, a Gamma variable; between two known ends, the middle one divides their distance by a
/// Beta variable, since a Gamma(2m) sum splits into its halves as Beta(m, m) and independently of its
/// size (Lukacs 1955). So the ends of blocks 1, 2, 4, … are drawn from the front, and any other by
/// halving, O(log k); inside a block, exponential gaps are scaled to its length. The law is exactly
/// that of adding one gap to another.
struct GammaBridge: Sendable {
  /// Points in a block.
  static let blockSize = 256

  private let gaps: RandomStream
  private let spans: RandomStream
  private let splits: RandomStream
  /// `fronts[j]` is the end of block 2^j - 1, that is the begin of block 2^j.
  private var fronts: [Double] = []
  /// The way from a dyadic span down to the block last asked for.
  private var path: [Node] = []

  private struct Node {
    var first: Int
    var last: Int
    var begin: Double
    var end: Double
  }

  init(seed: UInt64, name: String) {
    gaps = RandomStream(seed: seed, name: name)
    spans = RandomStream(seed: seed, name: name + "/span")
    splits = RandomStream(seed: seed, name: name + "/split")
  }

  /// Begin and end of block `block` (≥ 0). Amortised O(1) from one block to the next.
  mutating func ends(of block: Int) -> (begin: Double, end: Double) {
    while let node = path.last, !(node.first <= block && block < node.last) { path.removeLast() }
    if path.isEmpty { path.append(root(of: block)) }
    while let node = path.last, node.last - node.first > 1 {
      let middle = (node.first + node.last) / 2
      var rng = splits.at(UInt64(middle))
      let shape = Double((middle - node.first) * Self.blockSize)
      let (a, b) = (rng.gamma(shape: shape), rng.gamma(shape: shape))
      let time = node.begin + (node.end - node.begin) * (a / (a + b))
      path.append(
        block < middle
          ? Node(first: node.first, last: middle, begin: node.begin, end: time)
          : Node(first: middle, last: node.last, begin: time, end: node.end))
    }
    guard let leaf = path.last else { preconditionFailure("a path has an end") }
    return (leaf.begin, leaf.end)
  }

  /// The span of blocks 0, 1, 2-3, 4-7, … that holds `block`.
  private mutating func root(of block: Int) -> Node {
    let level = block == 0 ? 0 : Int.bitWidth - block.leadingZeroBitCount
    while fronts.count <= level {
      let blocks = fronts.isEmpty ? 1 : 1 << (fronts.count - 1)
      var rng = spans.at(UInt64(fronts.count))
      fronts.append(
        (fronts.last ?? 0) + rng.gamma(shape: Double(blocks * Self.blockSize)))
    }
    return level == 0
      ? Node(first: 0, last: 1, begin: 0, end: fronts[0])
      : Node(
        first: 1 << (level - 1), last: 1 << level, begin: fronts[level - 1], end: fronts[level])
  }

  /// The points of a block, ascending, into `times`, which holds ``blockSize`` numbers.
  mutating func points(of block: Int, into times: UnsafeMutableBufferPointer<Double>) {
    let (begin, end) = ends(of: block)
    gaps.openUniforms(from: UInt64(block * Self.blockSize), into: times)
    cvm_transform(CVMFunctionLog, times.baseAddress, times.baseAddress, Self.blockSize)
    var total = 0.0
    for place in 0..<Self.blockSize {
      total -= times[place]
      times[place] = total
    }
    let scale = (end - begin) / total
    for place in 0..<Self.blockSize { times[place] = min(begin + scale * times[place], end) }
    times[Self.blockSize - 1] = end
  }
}

extension RandomStream {
  /// Gamma of the given shape (≥ 1) and scale 1: Marsaglia and Tsang, "A simple method for generating
  /// gamma variables" (2000), with functions whose bits are the same on every machine.
  mutating func gamma(shape: Double) -> Double {
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = cvm_normal_quantile(openUniform())
      let root = 1 + c * x
      let logU = cvm_log(openUniform())
      guard root > 0 else { continue }
      let v = root * root * root
      if logU < 0.5 * x * x + d - d * v + d * cvm_log(v) { return d * v }
    }
  }
}

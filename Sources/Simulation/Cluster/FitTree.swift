import Workload

/// Finds the first machine with enough room, in the logarithm of the number of machines.
///
/// A complete binary tree over the machines; each node holds the most that any machine below it
/// offers, dimension by dimension. A search goes down only where every dimension fits, so with one
/// binding dimension it costs O(log n); when the dimensions' maxima come from different machines it
/// may turn back, O(n) at worst. An update climbs until a maximum does not change.
struct FitTree: Sendable {
  /// What an absent machine offers: less than any request, the empty one included.
  static var nothing: Resources {
    Resources(cpu: Cores(nano: -1), memory: Bytes(-1), disk: Bytes(-1), milliGPU: -1)
  }

  private(set) var count: Int
  private let leaves: Int
  private var nodes: [Resources]

  /// A tree over `count` machines that offer nothing.
  init(count: Int) {
    self.count = count
    var leaves = 1
    while leaves < count { leaves *= 2 }
    self.leaves = leaves
    nodes = Array(repeating: Self.nothing, count: 2 * leaves)
  }

  /// What machine `index` offers. O(1).
  @inline(__always)
  subscript(index: Int) -> Resources { nodes[leaves + index] }

  /// The most that any machine offers, dimension by dimension. O(1).
  var most: Resources { nodes[1] }

  /// Sets what machine `index` offers.
  mutating func update(_ index: Int, to offer: Resources) {
    var node = leaves + index
    nodes[node] = offer
    while node > 1 {
      let most = nodes[node].union(nodes[node ^ 1])
      node >>= 1
      if nodes[node] == most { return }
      nodes[node] = most
    }
  }

  /// The lowest index ≥ `start` of a machine that offers at least `request`; nil if there is none.
  func first(fitting request: Resources, from start: Int = 0) -> Int? {
    guard start < count else { return nil }
    // The highest node whose leftmost leaf is the start.
    var node = leaves + start
    node >>= node.trailingZeroBitCount
    while true {
      if request.fits(in: nodes[node]) {
        if node >= leaves { return node - leaves }
        node *= 2
      } else {
        // On to the next subtree: up out of right children, then to the sibling.
        while node & 1 == 1 { node >>= 1 }
        if node == 0 { return nil }
        node += 1
      }
    }
  }
}

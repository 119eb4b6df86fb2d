import Workload

/// Finds the first machine with enough room, in the logarithm of the number of machines.
///
/// A tree of eights over the machines; each node holds the most that any machine below it offers,
/// dimension by dimension. A search goes down only where every dimension fits, so with one binding
/// dimension it costs O(log n); when the dimensions' maxima come from different machines it may turn
/// back, O(n) at worst. An update climbs until a maximum does not change.
///
/// Nodes are in steps of 2^-15 of the largest capacity, four dimensions in one word, so that eight
/// siblings share a cache line and the tree of 12,500 machines takes 0.1 MB. Rounding down keeps
/// order: a node that rules a request out does so truly, and a machine is asked exactly.
struct FitTree: Sendable {
  /// What an absent machine offers: less than any request, the empty one included.
  static var nothing: Resources {
    Resources(cpu: Cores(nano: -1), memory: Bytes(-1), disk: Bytes(-1), milliGPU: -1)
  }

  var count: Int { offers.count }
  private(set) var offers: [Resources]
  private let scale: LaneScale
  /// Number of the first machine's node; the root is 1, the children of node n begin at 8 n.
  private let leaves: Int
  private var nodes: [Lanes]

  /// A tree over `count` machines that offer nothing. The steps are made for amounts up to `largest`;
  /// beyond it they cannot be told apart without asking the machines.
  init(count: Int, largest: Resources) {
    offers = Array(repeating: Self.nothing, count: count)
    scale = LaneScale(largest)
    var leaves = 1
    while leaves < count { leaves *= 8 }
    self.leaves = leaves
    nodes = Array(repeating: Lanes(), count: leaves + (count + 8) & ~7)
  }

  /// What machine `index` offers. O(1).
  @inline(__always)
  subscript(index: Int) -> Resources { offers[index] }

  /// The most that any machine offers, dimension by dimension. O(n).
  var most: Resources { offers.reduce(Self.nothing) { $0.union($1) } }

  /// The request as nodes are written, for ``fits(_:_:in:)``.
  @inline(__always)
  func lanes(_ request: Resources) -> Lanes { scale.lanes(request) }

  /// Whether machine `index` offers at least `request`, whose lanes are given: quicker than to ask the
  /// machine where most cannot take it, since its node is a quarter of the size. O(1).
  @inline(__always)
  func fits(_ request: Resources, _ lanes: Lanes, in index: Int) -> Bool {
    lanes.fit(in: nodes[leaves + index]) && request.fits(in: offers[index])
  }

  /// Whether machine `index` may offer a request of these lanes; false is certain. O(1).
  @inline(__always)
  func mayFit(_ lanes: Lanes, in index: Int) -> Bool { lanes.fit(in: nodes[leaves + index]) }

  /// Sets what machine `index` offers.
  mutating func update(_ index: Int, to offer: Resources) {
    offers[index] = offer
    var node = leaves + index
    var new = scale.lanes(offer)
    nodes.withUnsafeMutableBufferPointer { nodes in
      var old = nodes[node]
      nodes[node] = new
      while node > 1, new != old {
        let first = node & ~7
        node >>= 3
        let most = nodes[node]
        // Where a maximum goes down, another may have been as large.
        new =
          old.isLess(than: most, whereAbove: new)
          ? most.union(new) : Lanes.union(of: nodes, from: first)
        old = most
        nodes[node] = new
      }
    }
  }

  /// The lowest index ≥ `start` of a machine that offers at least `request`; nil if there is none.
  func first(fitting request: Resources, from start: Int = 0) -> Int? {
    guard start < count else { return nil }
    let needle = scale.lanes(request)
    return nodes.withUnsafeBufferPointer { nodes in
      // The highest node whose first machine is the start.
      var node = leaves + start
      while node & 7 == 0 { node >>= 3 }
      while true {
        if needle.fit(in: nodes[node]) {
          if node < leaves {
            node <<= 3
            continue
          }
          if request.fits(in: offers[node - leaves]) { return node - leaves }
        }
        // On to the next subtree: its elder's, where this was the last of eight.
        node += 1
        while node & 7 == 0 { node >>= 3 }
        if node == 2 { return nil }
      }
    }
  }
}

/// Four amounts of 15 bits in one word: CPU, memory, disk, GPU. Zero is what an absent machine has.
struct Lanes: BitwiseCopyable, Hashable, Sendable {
  private static var tops: UInt64 { 0x8000_8000_8000_8000 }
  private var bits: UInt64 = 0

  @inline(__always) init() {}

  @inline(__always)
  init(_ cpu: UInt64, _ memory: UInt64, _ disk: UInt64, _ gpu: UInt64) {
    bits = cpu | memory << 16 | disk << 32 | gpu << 48
  }

  /// The top bit of each lane in which `a` is at least `b`.
  @inline(__always)
  private static func atLeast(_ a: Lanes, _ b: Lanes) -> UInt64 {
    ((a.bits | tops) &- b.bits) & tops
  }

  /// Whether every lane is at most that of `capacity`.
  @inline(__always)
  func fit(in capacity: Lanes) -> Bool { Self.atLeast(capacity, self) == Self.tops }

  /// Whether every lane that is above `floor` is less than `bound`'s, which it never exceeds.
  @inline(__always)
  func isLess(than bound: Lanes, whereAbove floor: Lanes) -> Bool {
    Self.atLeast(self, bound) & ~Self.atLeast(floor, self) == 0
  }

  /// The larger of the two, lane by lane.
  @inline(__always)
  func union(_ other: Lanes) -> Lanes {
    let tops = Self.atLeast(self, other)
    let mask = tops | (tops &- tops >> 15)
    var union = Lanes()
    union.bits = bits & mask | other.bits & ~mask
    return union
  }

  /// The largest of the eight nodes from `first` on, lane by lane.
  @inline(__always)
  static func union(of nodes: UnsafeMutableBufferPointer<Lanes>, from first: Int) -> Lanes {
    var union = nodes[first]
    for node in first + 1..<first + 8 { union = union.union(nodes[node]) }
    return union
  }
}

/// How amounts become lanes: shifted so that the largest takes 15 bits.
private struct LaneScale: Sendable {
  private let cpu, memory, disk, gpu: Int64

  init(_ largest: Resources) {
    func shift(_ amount: Int64) -> Int64 { Int64(max(0, 49 - max(amount, 0).leadingZeroBitCount)) }
    cpu = shift(largest.cpu.nano)
    memory = shift(largest.memory.rawValue)
    disk = shift(largest.disk.rawValue)
    gpu = shift(largest.milliGPU)
  }

  @inline(__always)
  func lanes(_ amounts: Resources) -> Lanes {
    Lanes(
      Self.lane(amounts.cpu.nano, cpu), Self.lane(amounts.memory.rawValue, memory),
      Self.lane(amounts.disk.rawValue, disk), Self.lane(amounts.milliGPU, gpu))
  }

  /// Keeps the order of amounts, and all that are negative below all that are not.
  @inline(__always)
  private static func lane(_ amount: Int64, _ shift: Int64) -> UInt64 {
    UInt64(truncatingIfNeeded: min(max(amount, -1) &>> shift, 0x7ffe) &+ 1)
  }
}

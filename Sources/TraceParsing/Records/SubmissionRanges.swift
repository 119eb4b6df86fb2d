import Workload

/// Keys of some lives: every so many, so that there are never many.
struct KeySample {
  private(set) var keys: [SortKey] = []
  /// How many lives each key stands for: a power of two.
  private(set) var stride = 1 << 6
  private var skipped = 0

  private let limit: Int

  /// - Parameter limit: how many keys there may be.
  init(limit: Int = 1 << 16) { self.limit = limit }

  /// Looks at a packed life. O(1) amortised.
  @inline(__always)
  mutating func offer(_ bytes: UnsafeRawPointer) {
    skipped &+= 1
    if skipped >= stride { take(bytes) }
  }

  private mutating func take(_ bytes: UnsafeRawPointer) {
    skipped = 0
    let key = Lifecycle.sortKey(packed: bytes)
    if Microseconds(key.major).isKnown { keys.append(key) }
    if keys.count == limit { thin(to: 2 * stride) }
  }

  /// Leaves keys out until each stands for `stride` lives.
  mutating func thin(to stride: Int) {
    let step = stride / self.stride
    if step > 1 { keys = (0..<keys.count / step).map { keys[$0 * step] } }
    self.stride = stride
  }
}

/// Divides lives by the order of their submission into ranges of about the same size, each of which
/// can be sorted by itself. Where the limits are has no influence on the order.
struct SubmissionRanges {
  /// The first key of each range but the first.
  private let limits: [SortKey]
  /// For each stretch of time of equal length, how many limits are before it.
  private var before: [UInt32] = []
  private var start: Int64 = 0
  private var shift: Int64 = 0

  private static let cells = 1 << 12

  /// - Parameters:
  ///   - samples: of all lives.
  ///   - size: how many lives a range is to have, about.
  init(_ samples: [KeySample], size: Int) {
    let stride = samples.map(\.stride).max() ?? 1
    var keys: [SortKey] = []
    for var sample in samples {
      sample.thin(to: stride)
      keys += sample.keys
    }
    keys.sort()
    let step = max(1, size / stride)
    limits = Swift.stride(from: step, to: keys.count, by: step).map { keys[$0] }
    guard let first = limits.first, let last = limits.last else { return }
    start = first.major
    let span = last.major - first.major
    while span >> shift >= Self.cells { shift += 1 }
    var limit = 0
    for cell in 0...Int(span >> shift) {
      while limit < limits.count, (limits[limit].major - start) >> shift < cell { limit += 1 }
      before.append(UInt32(limit))
    }
  }

  /// How many ranges there are.
  var count: Int { limits.count + 1 }

  /// The range of a key. O(log n) in the limits of its cell, of which there is one on average.
  @inline(__always)
  func range(of key: SortKey) -> Int {
    guard !limits.isEmpty, key.major >= start else { return 0 }
    let cell = min(Int(truncatingIfNeeded: (key.major &- start) >> shift), before.count - 1)
    var (low, high) = (
      Int(before[cell]), cell + 1 < before.count ? Int(before[cell + 1]) : limits.count
    )
    while low < high {
      let middle = (low + high) / 2
      if key < limits[middle] { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

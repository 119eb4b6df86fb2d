import Workload

/// The cluster's use over time, in a fixed number of bins.
///
/// When time runs past the last bin, neighbours are merged and bins become twice as long: a run of
/// any length ends with between half of ``binLimit`` and ``binLimit`` bins.
public struct UsageSeries: Hashable, Sendable {
  /// The most bins there can be.
  public static var binLimit: Int { 512 }

  /// Averages over one bin.
  public struct Bin: Hashable, Sendable {
    /// When the bin begins.
    public var start: Microseconds
    /// How long it is; the last one is cut where the run ended.
    public var length: Microseconds
    /// Cores that tasks held.
    public var cpuUsed: Double
    /// Cores that were there.
    public var cpuCapacity: Double
    /// Bytes of memory that tasks held.
    public var memoryUsed: Double
    /// Bytes of memory that were there.
    public var memoryCapacity: Double
    /// Tasks waiting.
    public var waiting: Double
    /// Tasks running.
    public var running: Double
  }

  /// The greatest that there was for any time.
  struct Greatest: Hashable, Sendable {
    /// Tasks waiting, and running.
    var tasks = SIMD2<Double>.zero
    /// What was held of CPU and memory, and what was there then, where the share was greatest.
    var used = SIMD2<Double>.zero
    var capacity = SIMD2<Double>(repeating: 1)
    /// The greatest shares of CPU and memory.
    var share: SIMD2<Double> { used / capacity }
  }

  /// Integrals over time, in core-µs, byte-µs and task-µs.
  struct Sums: Hashable, Sendable {
    var used = SIMD2<Double>.zero
    var capacity = SIMD2<Double>.zero
    var tasks = SIMD2<Double>.zero

    static func += (a: inout Sums, b: Sums) {
      a.used += b.used
      a.capacity += b.capacity
      a.tasks += b.tasks
    }
  }

  private var origin = Microseconds.zero
  private var end = Microseconds.zero
  private var width: Int64 = 1
  private var sums: [Sums] = []
  private(set) var greatest = Greatest()
  /// Where the last bin begins, after the origin.
  private var lastStart: Int64 = 0

  /// Adds a span during which everything stayed as it is; spans follow one another.
  mutating func add(from start: Microseconds, to end: Microseconds, level: Sums) {
    if sums.isEmpty { origin = start }
    self.end = end
    if any(level.tasks .> greatest.tasks) {
      greatest.tasks = pointwiseMax(greatest.tasks, level.tasks)
    }
    // Shares are compared without dividing them.
    let isGreater = level.used * greatest.capacity .> greatest.used * level.capacity
    if any(isGreater) {
      greatest.used.replace(with: level.used, where: isGreater)
      greatest.capacity.replace(with: level.capacity, where: isGreater)
    }
    let last = end.rawValue - 1 - origin.rawValue
    while last / Int64(Self.binLimit) >= width { halve() }
    var position = start.rawValue - origin.rawValue
    let stop = end.rawValue - origin.rawValue
    if position >= lastStart, stop - lastStart <= width, !sums.isEmpty {
      // Nearly always: all within the last bin.
      return add(level, to: sums.count - 1, for: stop - position)
    }
    while position < stop {
      let bin = Int(position / width)
      // As differences: the end of the last bin may lie beyond 64 bits.
      let left = width - position % width
      let next = stop - position <= left ? stop : position + left
      if bin >= sums.count {
        sums += Array(repeating: Sums(), count: bin + 1 - sums.count)
        lastStart = Int64(bin) * width
      }
      add(level, to: bin, for: next - position)
      position = next
    }
  }

  @inline(__always)
  private mutating func add(_ level: Sums, to bin: Int, for length: Int64) {
    let span = Double(length)
    sums[bin].used += level.used * span
    sums[bin].capacity += level.capacity * span
    sums[bin].tasks += level.tasks * span
  }

  private mutating func halve() {
    let merged = (sums.count + 1) / 2
    for bin in 0..<merged {
      var sum = sums[2 * bin]
      if 2 * bin + 1 < sums.count { sum += sums[2 * bin + 1] }
      sums[bin] = sum
    }
    sums.removeSubrange(merged...)
    width *= 2
    lastStart = Int64(max(merged - 1, 0)) * width
  }

  /// The averages, in order of time.
  public var bins: [Bin] {
    sums.indices.map { index in
      let start = origin.rawValue + Int64(index) * width
      let length = min(width, end.rawValue - start)
      let (sum, span) = (sums[index], Double(length))
      return Bin(
        start: Microseconds(start), length: Microseconds(length),
        cpuUsed: sum.used[0] / span, cpuCapacity: sum.capacity[0] / span,
        memoryUsed: sum.used[1] / span, memoryCapacity: sum.capacity[1] / span,
        waiting: sum.tasks[0] / span, running: sum.tasks[1] / span)
    }
  }
}

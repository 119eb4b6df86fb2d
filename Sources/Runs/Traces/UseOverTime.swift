import Workload

/// Cores that tasks held over time, as the trace tells it, in at most 192 steps, which become twice as long
/// when time runs past them. Memory is bounded; the integral is exact.
struct UseOverTime {
  private static let limit = 192
  /// Length of a step in seconds.
  private(set) var width = 1.0
  /// Core-seconds that belong to a step beside what the level says.
  private var parts = [Double](repeating: 0, count: limit + 1)
  /// Changes of the level at the beginnings of steps.
  private var levels = [Double](repeating: 0, count: limit + 2)
  private var origin: Double?
  private var last = 0.0

  /// Adds `cores` held from `start` to `end`, in seconds; what is before the first start seen is cut off.
  mutating func add(_ cores: Double, from start: Double, to end: Double) {
    guard cores > 0, end > start, end.isFinite else { return }
    let zero = origin ?? start
    origin = zero
    let (start, end) = (max(0, start - zero), end - zero)
    guard end > start else { return }
    last = max(last, end)
    while end / width >= Double(Self.limit) { halve() }
    change(cores, at: start)
    change(-cores, at: end)
  }

  private mutating func change(_ cores: Double, at time: Double) {
    let step = Int(time / width)
    parts[step] += cores * (Double(step + 1) * width - time)
    levels[step + 1] += cores
  }

  private mutating func halve() {
    var (newParts, newLevels) = (parts.map { _ in 0.0 }, levels.map { _ in 0.0 })
    for step in 0...(Self.limit / 2) {
      let (even, odd) = (2 * step, 2 * step + 1)
      newParts[step] = (even < parts.count ? parts[even] : 0) + (odd < parts.count ? parts[odd] : 0)
      if odd < levels.count { newParts[step] += levels[odd] * width }
      newLevels[step] =
        (even < levels.count ? levels[even] : 0) + (even > 0 ? levels[even - 1] : 0)
    }
    (parts, levels) = (newParts, newLevels)
    width *= 2
  }

  /// Mean cores held in each step, up to the last end.
  var steps: [Double] {
    guard last > 0 else { return [] }
    var level = 0.0
    return (0...min(Self.limit - 1, Int((last / width).nextDown))).map { step in
      level += levels[step]
      return max(0, level + parts[step] / width)
    }
  }
}

/// How much of the tasks' work lies beyond a time that is known only at the end: core-seconds by when they
/// are worked, in bins that double in width as the time grows.
struct OverhangingWork {
  /// Core-seconds and core-ends by bin: a task's work beyond t is cores × (end - t).
  private var cores: [Double] = []
  private var ends: [Double] = []
  private var width = 1.0
  private static let limit = 4096

  mutating func add(from start: Double, for length: Double, cores amount: Double) {
    let end = start + length
    while end / width >= Double(Self.limit) { merge() }
    let bin = Int(end / width)
    while cores.count <= bin {
      cores.append(0)
      ends.append(0)
    }
    cores[bin] += amount
    ends[bin] += amount * end
  }

  private mutating func merge() {
    width *= 2
    let half = (cores.count + 1) / 2
    for bin in 0..<half {
      let second = 2 * bin + 1 < cores.count
      cores[bin] = cores[2 * bin] + (second ? cores[2 * bin + 1] : 0)
      ends[bin] = ends[2 * bin] + (second ? ends[2 * bin + 1] : 0)
    }
    cores.removeLast(cores.count - half)
    ends.removeLast(ends.count - half)
  }

  /// Core-seconds worked after `time`, to the width of a bin.
  func after(_ time: Double) -> Double {
    var sum = 0.0
    for bin in cores.indices where Double(bin + 1) * width > time {
      sum += max(ends[bin] - cores[bin] * time, 0)
    }
    return sum
  }
}

import Workload

/// When the machines will be awake of tasks that wait for that, the earliest first.
struct WakingTasks {
  private var ends: [Microseconds] = []
  /// Those before it are over.
  private var first = 0

  /// How many wait.
  var count: Int { ends.count - first }

  /// When the next of them has waited; nil if none waits.
  @inline(__always)
  var nextEnd: Microseconds? { first < ends.count ? ends[first] : nil }

  /// One more. O(1) where it is the last, as a rule.
  mutating func add(_ end: Microseconds) { ends.insert(end, at: place(after: end)) }

  /// One less; nothing happens where none waits until `end`.
  mutating func remove(_ end: Microseconds) {
    let place = place(after: end) - 1
    guard place >= first, ends[place] == end else { return }
    ends.remove(at: place)
  }

  /// The clock has come to `time`.
  @inline(__always)
  mutating func pass(_ time: Microseconds) {
    guard first < ends.count else { return }
    while first < ends.count, ends[first] <= time { first += 1 }
    if first == ends.count || first > 4096 {
      ends.removeSubrange(..<first)
      first = 0
    }
  }

  /// Behind those that end by then.
  private func place(after end: Microseconds) -> Int {
    if let last = ends.last, last <= end { return ends.count }
    var (low, high) = (first, ends.count)
    while low < high {
      let middle = (low + high) / 2
      if ends[middle] <= end { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

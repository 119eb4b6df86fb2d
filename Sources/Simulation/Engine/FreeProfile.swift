import Workload

/// What will be free in one place over time, by estimates and promises: steps, the last one for ever.
///
/// Kept from event to event: what is taken or given back changes only the steps that it spans.
struct FreeProfile {
  private(set) var times: [Int64]
  private var free: [Resources]

  init(now: Int64, _ free: Resources) {
    times = [now]
    self.free = [free]
  }

  /// Takes `amount` from `start`, or from `now` if that has passed, to `end`; `.max` is for ever.
  mutating func take(_ amount: Resources, from start: Int64, to end: Int64, now: Int64) {
    change(max(start, now), end, now) { $0 -= amount }
  }

  /// Gives `amount` back, likewise.
  mutating func give(_ amount: Resources, from start: Int64, to end: Int64, now: Int64) {
    change(max(start, now), end, now) { $0 += amount }
  }

  private mutating func change(
    _ start: Int64, _ end: Int64, _ now: Int64, _ body: (inout Resources) -> Void
  ) {
    guard start < end else { return }
    forget(before: now)
    let first = split(at: start)
    let last = end == .max ? times.count : split(at: end)
    for step in first..<last { body(&free[step]) }
    // What is alike again is one step again.
    if last < times.count, free[last] == free[last - 1] { remove(last) }
    if first > 0, free[first] == free[first - 1] { remove(first) }
  }

  private mutating func remove(_ step: Int) {
    times.remove(at: step)
    free.remove(at: step)
  }

  /// Drops the steps that are over.
  private mutating func forget(before now: Int64) {
    var over = 0
    while over + 1 < times.count, times[over + 1] <= now { over += 1 }
    guard over > 0 else { return }
    times.removeFirst(over)
    free.removeFirst(over)
  }

  /// The step that begins at `time`, which is not before the first; made if there is none.
  private mutating func split(at time: Int64) -> Int {
    let step = step(at: time)
    if times[step] == time { return step }
    times.insert(time, at: step + 1)
    free.insert(free[step], at: step + 1)
    return step + 1
  }

  /// The last step that has begun at `time`, or the first. O(log steps).
  private func step(at time: Int64) -> Int {
    var low = 1
    var high = times.count
    while low < high {
      let middle = (low + high) / 2
      if times[middle] <= time { low = middle + 1 } else { high = middle }
    }
    return low - 1
  }

  /// How many of `request` fit for `span` from `time` on. O(steps in the span).
  func room(for request: Resources, at time: Int64, for span: Int64) -> Int {
    let end = Self.end(time, span)
    var step = step(at: time)
    var room = Int.max
    repeat {
      room = min(room, free[step].room(for: request))
      step += 1
    } while room > 0 && step < times.count && times[step] < end
    return room
  }

  /// From when to when at most more has been taken than there was, anywhere; nil if nowhere. O(steps).
  var negative: Range<Int64>? {
    guard let first = free.firstIndex(where: { !Resources.zero.fits(in: $0) }) else { return nil }
    let last = free.lastIndex { !Resources.zero.fits(in: $0) } ?? first
    return times[first]..<(last + 1 < times.count ? times[last + 1] : .max)
  }

  /// Whether more has been taken than there was, anywhere from `start` to `end`. O(steps between).
  func isNegative(from start: Int64, to end: Int64) -> Bool {
    var step = step(at: start)
    while step < times.count, times[step] < end {
      if !Resources.zero.fits(in: free[step]) { return true }
      step += 1
    }
    return false
  }

  /// The most that is free before `end`, dimension by dimension. O(steps until then).
  func peak(before end: Int64) -> Resources {
    var peak = free[0]
    var step = 1
    while step < times.count, times[step] < end {
      peak = peak.union(free[step])
      step += 1
    }
    return peak
  }

  /// The profile with these amounts given back, each from its time on; times before the first step count as
  /// its. O(steps + changes × log changes).
  func giving(_ changes: [(time: Int64, amount: Resources)]) -> FreeProfile {
    let order = changes.indices.map { (time: changes[$0].time, index: $0) }
      .sorted { $0.time < $1.time }
    var result = self
    result.times.removeAll(keepingCapacity: true)
    result.free.removeAll(keepingCapacity: true)
    var (step, change, given) = (0, 0, Resources.zero)
    while step < times.count || change < order.count {
      let isStep =
        step < times.count && (change == order.count || times[step] <= order[change].time)
      let time = max(isStep ? times[step] : order[change].time, times[0])
      if isStep { step += 1 }
      while change < order.count, order[change].time <= time {
        given += changes[order[change].index].amount
        change += 1
      }
      let amount = free[max(step - 1, 0)] + given
      if result.times.last == time {
        result.free[result.free.count - 1] = amount
      } else if result.free.last != amount {
        result.times.append(time)
        result.free.append(amount)
      }
    }
    return result
  }

  /// The earliest time ≥ `now` and < `limit` from which `request` fits for `span`; nil if there is
  /// none. O(steps until then).
  ///
  /// - Parameter own: from when on the task asking has its own place here, which is as good as free
  ///   for it; `.max` if it has none.
  func earliest(
    _ request: Resources, for span: Int64, from now: Int64, before limit: Int64, own: Int64 = .max
  ) -> Int64? {
    var step = step(at: now)
    var start = now
    while start < limit {
      // From `start` on, how far does it fit?
      let end = min(Self.end(start, span), own)
      while step < times.count, times[step] < end, request.fits(in: free[step]) { step += 1 }
      if step == times.count || times[step] >= end { return start }
      // Not at this step, nor at those that follow it and are as full.
      repeat { step += 1 } while step < times.count && !request.fits(in: free[step])
      guard step < times.count else { return nil }
      start = times[step]
    }
    return nil
  }

  private static func end(_ start: Int64, _ span: Int64) -> Int64 {
    let (end, overflow) = start.addingReportingOverflow(span)
    return overflow ? .max : end
  }
}

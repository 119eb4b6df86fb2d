import Workload

/// What will be free in one place over time, by estimates and promises: steps, the last one for ever.
///
/// Kept from event to event: what is taken or given back changes only the steps that it spans.
struct FreeProfile {
  private struct Step {
    var time: Int64
    var free: Resources
  }

  private var steps: [Step]

  init(now: Int64, _ free: Resources) { steps = [Step(time: now, free: free)] }

  /// When steps begin after `now`.
  func times(after now: Int64) -> [Int64] { steps.lazy.map(\.time).filter { $0 > now } }

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
    let last = end == .max ? steps.count : split(at: end)
    for step in first..<last { body(&steps[step].free) }
    // What is alike again is one step again.
    if last < steps.count, steps[last].free == steps[last - 1].free { steps.remove(at: last) }
    if first > 0, steps[first].free == steps[first - 1].free { steps.remove(at: first) }
  }

  /// Drops the steps that are over.
  private mutating func forget(before now: Int64) {
    var over = 0
    while over + 1 < steps.count, steps[over + 1].time <= now { over += 1 }
    if over > 0 { steps.removeFirst(over) }
  }

  /// The step that begins at `time`, which is not before the first; made if there is none.
  private mutating func split(at time: Int64) -> Int {
    let step = step(at: time)
    if steps[step].time == time { return step }
    steps.insert(Step(time: time, free: steps[step].free), at: step + 1)
    return step + 1
  }

  /// The last step that has begun at `time`, or the first. O(log steps).
  private func step(at time: Int64) -> Int {
    steps.withUnsafeBufferPointer { steps in
      // Halves without branches, which could not be predicted.
      var low = 0
      var left = steps.count
      while left > 1 {
        let half = left / 2
        low += steps[low + half].time <= time ? half : 0
        left -= half
      }
      return low
    }
  }

  /// How many of `request` fit for `span` from `time` on. O(steps in the span).
  func room(for request: Resources, at time: Int64, for span: Int64) -> Int {
    let end = Self.end(time, span)
    var step = step(at: time)
    var room = Int.max
    repeat {
      room = min(room, steps[step].free.room(for: request))
      step += 1
    } while room > 0 && step < steps.count && steps[step].time < end
    return room
  }

  /// From when to when at most more has been taken than there was, within `range`; nil if nowhere. O(steps in
  /// it).
  func negative(within range: Range<Int64>) -> Range<Int64>? {
    let begin = step(at: range.lowerBound)
    var end = begin + 1
    while end < steps.count, steps[end].time < range.upperBound { end += 1 }
    func isNegative(_ step: Int) -> Bool { !Resources.zero.fits(in: steps[step].free) }
    guard let first = (begin..<end).first(where: isNegative) else { return nil }
    let last = (first..<end).last(where: isNegative) ?? first
    return steps[first].time..<(last + 1 < steps.count ? steps[last + 1].time : .max)
  }

  /// Whether more has been taken than there was, anywhere from `start` to `end`. O(steps between).
  func isNegative(from start: Int64, to end: Int64) -> Bool {
    var step = step(at: start)
    while step < steps.count, steps[step].time < end {
      if !Resources.zero.fits(in: steps[step].free) { return true }
      step += 1
    }
    return false
  }

  /// The most that is free from `start` to `end`, dimension by dimension. O(steps between).
  func peak(from start: Int64, before end: Int64) -> Resources {
    var step = step(at: start)
    var peak = steps[step].free
    step += 1
    while step < steps.count, steps[step].time < end {
      peak = peak.union(steps[step].free)
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
    result.steps.removeAll(keepingCapacity: true)
    var (step, change, given) = (0, 0, Resources.zero)
    while step < steps.count || change < order.count {
      let isStep =
        step < steps.count && (change == order.count || steps[step].time <= order[change].time)
      let time = max(isStep ? steps[step].time : order[change].time, steps[0].time)
      if isStep { step += 1 }
      while change < order.count, order[change].time <= time {
        given += changes[order[change].index].amount
        change += 1
      }
      let amount = steps[max(step - 1, 0)].free + given
      if result.steps.last?.time == time {
        result.steps[result.steps.count - 1].free = amount
      } else if result.steps.last?.free != amount {
        result.steps.append(Step(time: time, free: amount))
      }
    }
    return result
  }

  /// The earliest time ≥ `now` and < `limit` from which `request` fits for `span`; nil if there is
  /// none. O(steps until then).
  func earliest(
    _ request: Resources, for span: Int64, from now: Int64, before limit: Int64
  ) -> Int64? {
    steps.withUnsafeBufferPointer { steps in
      // As a rule `now` is in the first step, which is looked at first.
      var step = steps.count > 1 && steps[1].time <= now ? step(at: now) : 0
      var start = now
      while start < limit {
        // From `start` on, how far does it fit?
        let end = Self.end(start, span)
        while step < steps.count, steps[step].time < end, request.fits(in: steps[step].free) {
          step += 1
        }
        if step == steps.count || steps[step].time >= end { return start }
        // Not at this step, nor at those that follow it and are as full.
        repeat { step += 1 } while step < steps.count && !request.fits(in: steps[step].free)
        guard step < steps.count else { return nil }
        start = steps[step].time
      }
      return nil
    }
  }

  /// The earliest such time where it is known that the request holds none of `window` only if there is none:
  /// room has come there, and elsewhere has been looked at. O(steps in the window and those around where it
  /// fits).
  ///
  /// - Parameter own: from when on the task asking has its own place here, which is as good as free
  ///   for it; `.max` if it has none.
  func earliest(
    _ request: Resources, for span: Int64, reaching window: Range<Int64>, from now: Int64,
    before limit: Int64, own: Int64
  ) -> Int64? {
    // Whoever starts before the limit reaches no further, and whoever reaches the window starts no earlier.
    let last = min(window.upperBound, Self.end(limit, span))
    let first = max(window.lowerBound, now)
    guard first < last else { return nil }
    let (reach, overflow) = first.subtractingReportingOverflow(span - 1)
    let begin = max(overflow ? .min : reach, now)
    guard begin < limit else { return nil }
    return steps.withUnsafeBufferPointer { steps in
      var step = step(at: first)
      while true {
        while step < steps.count, steps[step].time < last, !request.fits(in: steps[step].free) {
          step += 1
        }
        guard step < steps.count, steps[step].time < last else { return nil }
        // It fits here. Since when, and how far?
        var since = step
        while since > 0, steps[since].time > begin, request.fits(in: steps[since - 1].free) {
          since -= 1
        }
        let start = max(steps[since].time, begin)
        guard start < limit else { return nil }
        let end = min(Self.end(start, span), own)
        while step < steps.count, steps[step].time < end, request.fits(in: steps[step].free) {
          step += 1
        }
        if step == steps.count || steps[step].time >= end { return start }
        step += 1
      }
    }
  }

  private static func end(_ start: Int64, _ span: Int64) -> Int64 {
    let (end, overflow) = start.addingReportingOverflow(span)
    return overflow ? .max : end
  }
}

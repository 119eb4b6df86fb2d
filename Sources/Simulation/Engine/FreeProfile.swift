import Workload

/// What will be free on a machine over time, by the estimates: steps, the last one for ever.
struct FreeProfile {
  private(set) var times: [Int64]
  private var free: [Resources]

  init(now: Int64, _ free: Resources) {
    times = [now]
    self.free = [free]
  }

  /// Something is given back for good.
  mutating func free(_ amount: Resources, from time: Int64) {
    for step in split(at: time)..<times.count { free[step] += amount }
  }

  /// How many of `request` fit for `span` from `time` on, which is not before the first step.
  /// O(steps).
  func room(for request: Resources, at time: Int64, for span: Int64) -> Int {
    let (end, overflow) = time.addingReportingOverflow(span)
    var room = Int.max
    for step in times.indices {
      if step + 1 < times.count, times[step + 1] <= time { continue }
      if !overflow, times[step] >= end { break }
      room = min(room, free[step].room(for: request))
      if room == 0 { return 0 }
    }
    return room
  }

  /// The earliest time from which `request` fits for `span`. O(steps).
  func earliest(_ request: Resources, for span: Int64) -> Int64? {
    var start: Int64?
    for step in times.indices {
      if !request.fits(in: free[step]) {
        start = nil
        continue
      }
      let begin = start ?? times[step]
      start = begin
      let (end, overflow) = begin.addingReportingOverflow(span)
      if step + 1 == times.count || (!overflow && times[step + 1] >= end) { return begin }
    }
    return nil
  }

  /// Takes `request` for `span` from `time` on, or gives it back.
  mutating func reserve(_ request: Resources, at time: Int64, for span: Int64) {
    change(time, span) { $0 -= request }
  }

  mutating func release(_ request: Resources, at time: Int64, for span: Int64) {
    change(time, span) { $0 += request }
  }

  private mutating func change(_ time: Int64, _ span: Int64, _ body: (inout Resources) -> Void) {
    let (end, overflow) = time.addingReportingOverflow(span)
    let first = split(at: time)
    let last = overflow ? times.count : split(at: end)
    for step in first..<last { body(&free[step]) }
  }

  /// The step that begins at `time`, made if there is none.
  private mutating func split(at time: Int64) -> Int {
    let step = times.firstIndex { $0 >= time } ?? times.count
    if step < times.count, times[step] == time { return step }
    times.insert(time, at: step)
    free.insert(free[max(step - 1, 0)], at: step)
    return step
  }
}

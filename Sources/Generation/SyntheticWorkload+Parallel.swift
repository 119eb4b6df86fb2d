import Threads
import Workload

extension SyntheticWorkload {
  /// Jobs that a thread draws at once.
  private static let shard = 8 * GammaBridge.blockSize

  /// Tasks that a thread draws at once: jobs that have more are drawn on the calling thread, so many of
  /// their tasks at a time.
  private static let largest = 1 << 17

  /// Calls `body` with the tasks from the first on, in order, drawn by several threads: the same
  /// records as ``next()`` gives one after another, whatever `threads` is. `body` runs on the calling
  /// thread, with the tasks of up to 2,048 jobs at a time; memory is that of `threads` + 1 such parts, of at
  /// most 131,072 tasks each however large jobs are. It ends early when `isWanted` says so. Where the system
  /// makes fewer threads, it takes longer.
  public func forEachPart<Failure: Error>(
    threads: Int, while isWanted: () -> Bool = { true },
    _ body: ([TaskRecord]) throws(Failure) -> Void
  ) throws(Failure) {
    precondition(threads > 0, "at least one thread draws")
    var left = extent.tasks ?? .max
    var standing = 0
    while standing < standingCount, left > 0 {
      let records = standingTasks(from: standing, atMost: min(left, Self.largest))
      try body(records)
      standing += records.count
      left -= records.count
      if !isWanted() { return }
    }
    guard left > 0 else { return }
    let work = OrderedResults<Nothing, Part>(.max, ahead: threads) { number, _ in part(number) }
    try? work.start(threads: threads - 1) { Nothing() }
    defer { work.stop() }
    var own = Nothing()
    for number in 0... {
      let part =
        switch work.take(&own) {
        case .done(let part): part
        case .yours, .end: part(number)
        }
      if part.isTooLarge {
        guard try draw(number, &left, while: isWanted, body) else { return }
        continue
      }
      let records = part.records.count > left ? Array(part.records.prefix(left)) : part.records
      if !records.isEmpty { try body(records) }
      left -= records.count
      if part.isLast || left == 0 || !isWanted() { return }
    }
  }

  /// Draws the tasks of a shard a piece at a time; whether there may be more after it.
  private func draw<Failure: Error>(
    _ number: Int, _ left: inout Int, while isWanted: () -> Bool,
    _ body: ([TaskRecord]) throws(Failure) -> Void
  ) throws(Failure) -> Bool {
    var source = endless()
    source.skip(toJob: number * Self.shard)
    let end = Int64((number + 1) * Self.shard)
    while true {
      var records: [TaskRecord] = []
      var isEnd = false
      while records.count < min(Self.largest, left), !isEnd {
        guard let record = source.next(), record.id.job < end else {
          isEnd = true
          break
        }
        if let duration = extent.duration, record.submit >= duration {
          if !records.isEmpty { try body(records) }
          return false
        }
        records.append(record)
      }
      if !records.isEmpty { try body(records) }
      left -= records.count
      if left == 0 || !isWanted() { return false }
      if isEnd { return true }
    }
  }

  private func part(_ number: Int) -> Part {
    let (first, end) = (number * Self.shard, (number + 1) * Self.shard)
    if hasJobSizes, taskCount(fromJob: first, toJob: end) > Self.largest {
      return Part(isTooLarge: true)
    }
    var source = endless()
    source.skip(toJob: first)
    var records: [TaskRecord] = []
    while let record = source.next(), record.id.job < end {
      if let duration = extent.duration, record.submit >= duration {
        return Part(records: records, isLast: true)
      }
      records.append(record)
    }
    return Part(records: records, isLast: false)
  }
}

/// The tasks of a shard, cut to the extent's duration, and whether that has cut it.
private struct Part {
  var records: [TaskRecord] = []
  var isLast = false
  /// It has too many tasks to be drawn at once.
  var isTooLarge = false
}

/// What a thread that draws keeps from part to part.
private struct Nothing: Sendable {}

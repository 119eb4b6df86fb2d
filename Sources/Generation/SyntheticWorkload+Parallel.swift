import Dispatch
import Workload

extension SyntheticWorkload {
  /// Jobs that a thread draws at once.
  private static let shard = 8 * GammaBridge.blockSize

  /// Calls `body` with the tasks from the first on, in order, drawn by several threads: the same
  /// records as ``next()`` gives one after another, whatever `threads` is. `body` runs on the calling
  /// thread, with the tasks of 2,048 jobs at a time; memory is that of `threads` such parts. It ends
  /// early when `isWanted` says so.
  public func forEachPart<Failure: Error>(
    threads: Int, while isWanted: () -> Bool = { true },
    _ body: ([TaskRecord]) throws(Failure) -> Void
  ) throws(Failure) {
    precondition(threads > 0, "at least one thread draws")
    var left = extent.tasks ?? .max
    var round = 0
    while left > 0 {
      for part in parts(from: round * threads, count: threads) {
        let records = part.records.count > left ? Array(part.records.prefix(left)) : part.records
        if !records.isEmpty { try body(records) }
        left -= records.count
        if part.isLast || left == 0 || !isWanted() { return }
      }
      round += 1
    }
  }

  private func parts(from first: Int, count: Int) -> [Part] {
    if count == 1 { return [part(first)] }
    let results = Slots(count: count)
    DispatchQueue.concurrentPerform(iterations: count) { place in
      results[place] = part(first + place)
    }
    return results.values
  }

  private func part(_ number: Int) -> Part {
    var source = endless()
    source.skip(toJob: number * Self.shard)
    let end = Int64((number + 1) * Self.shard)
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
}

/// Results of threads, each in a place of its own.
private final class Slots: @unchecked Sendable {
  private let storage: UnsafeMutableBufferPointer<Part>

  init(count: Int) {
    storage = .allocate(capacity: count)
    storage.initialize(repeating: Part())
  }

  deinit {
    storage.deinitialize()
    storage.deallocate()
  }

  subscript(place: Int) -> Part {
    get { storage[place] }
    set { storage[place] = newValue }
  }

  var values: [Part] { Array(storage) }
}

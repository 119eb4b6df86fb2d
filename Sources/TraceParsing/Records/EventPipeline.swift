import Diagnostics
import Foundation
import Threads
import TraceInput
import Workload

/// Decodes the events of one part, batch by batch. Belongs to one thread at a time.
protocol EventPart: AnyObject {
  /// Adds the next events to an empty batch until it is full; false at the part's end. The batch is
  /// valid after a throw, too: it then holds what came before.
  func fill(_ batch: EventBatch) throws(TraceError) -> Bool

  /// States the last time of the parts before, when that becomes known.
  func raiseLastTime(to time: Microseconds)
}

/// Reads the parts of an event table on several threads and groups the events into lives.
///
/// Threads decode parts on their own. What they found is committed in the order of the parts: users
/// are numbered, rejected rows written, times compared with those of the parts before, and the first
/// error is the one of the first part. The committed events are grouped in shards, by task, each
/// shard's in their order by one thread at a time. So the result does not depend on the number of
/// threads.
///
/// A part that is decoded before its turn does not know the last time of those before it. If it
/// turns out to begin earlier than that, it is read again with that knowledge.
///
/// Memory: besides the open lives, at most `batchesAhead` batches for each part before its turn, as
/// many parts as threads.
final class EventPipeline: @unchecked Sendable {
  typealias Open = @Sendable (_ file: String, any ByteStream, _ lastTime: Microseconds) -> EventPart

  let options: ReadOptions
  let openPart: Open
  let threads: Int
  private let partCount: Int
  /// Whether parts can be opened out of turn and more than once.
  let isParallel: Bool
  private let lock = NSCondition()
  private var parts: PartCursor
  let files: [TraceInput.File]
  let shards: [GatheringShard]

  // All that follows is guarded by `lock`.
  private var states: [Int: PartState] = [:]
  private var nextPart = 0
  private var turn = 0
  private var toRepeat: [Int] = []
  /// Committed batches that not every shard has taken, the number of the first of them, and for
  /// each shard the number of the next one it takes.
  private var committed: [EventBatch] = []
  private var firstCommitted = 0
  private var shardNext: [Int]
  private var shardIsTaken: [Bool]
  private var spare: [EventBatch] = []
  private var failure: TraceError?
  private var running = 0
  var lastTime = Microseconds.zero
  var users = SymbolTable()
  /// Transitions that kept work counted.
  var keptTransitions = TransitionCounts()
  /// The last time of kept work.
  var keptLastTime = Microseconds.zero
  var survey = TableSurvey()

  private struct PartState {
    /// What was decoded before its turn.
    var batches: [EventBatch] = []
    var userNumbers: [UInt32] = [0]
    /// Whether its times were compared with those of the parts before.
    var isInTurn = false
    var isFinished = false
    var failure: TraceError?
  }

  /// Batches that a part may be ahead of its turn: few enough that all parts' take 128 MB at most.
  private var batchesAhead: Int { min(48, max(4, 400 / threads)) }
  /// Batches that may be committed and not grouped before the part in turn stops for them.
  private static let backlog = 8

  /// - Parameter open: makes the decoder of a part; called on any thread.
  init(_ group: TraceInput.Group, _ options: ReadOptions, open: @escaping Open) {
    self.options = options
    openPart = open
    files = group.files
    partCount = files.count + (group.damage == nil ? 0 : 1)  // its opening throws the damage
    threads = max(1, options.threads)
    isParallel = group.hasOnlyFiles
    parts = PartCursor(group, options)
    let shardCount = threads == 1 ? 1 : max(min(16, 4 * threads), min(64, threads))
    let (bytes, folder) = (options.sortBufferBytes / shardCount, options.temporaryDirectory)
    shards = (0..<shardCount).map { _ in
      GatheringShard(
        bufferBytes: bytes, directory: folder, partitions: max(4, 64 / shardCount),
        shards: shardCount)
    }
    shardNext = Array(repeating: 0, count: shardCount)
    shardIsTaken = Array(repeating: false, count: shardCount)
  }

  /// Reads everything.
  func run() throws(TraceError) {
    try concurrently(threads) { _ in self.work() }
    spare = []
    if let failure { throw failure }
  }

  private func work() {
    lock.lock()
    defer { lock.unlock() }
    while failure == nil {
      if let shard = takeShard() {
        group(shard)
      } else if let part = takePart() {
        lock.unlock()
        decode(part)
        lock.lock()
      } else if turn == partCount && shardNext.allSatisfy({ $0 == endOfCommitted }) {
        break
      } else {
        lock.wait()
      }
    }
    lock.broadcast()
  }

  // MARK: - Decoding

  private func takePart() -> Int? {
    if let part = toRepeat.popLast() { return part }
    guard nextPart < partCount, nextPart - turn < (isParallel ? threads : 1) else { return nil }
    nextPart += 1
    return nextPart - 1
  }

  private enum Next { case goOn, again, stop }

  private func decode(_ part: Int) {
    var isOver = false
    while !isOver {
      lock.lock()
      let before = part == turn ? lastTime : nil
      states[part] = PartState(isInTurn: before != nil)
      lock.unlock()
      isOver = !decode(part, after: before)
    }
  }

  /// Decodes a part; true if it has to be done again.
  private func decode(_ part: Int, after before: Microseconds?) -> Bool {
    var source: EventPart?
    var isAtEnd = false
    let scratch = emptyBatch()
    defer { lock.withLock { spare.append(scratch) } }
    while !isAtEnd {
      let batch = emptyBatch()
      var failure: TraceError?
      do throws(TraceError) {
        if source == nil {
          let stream = try stream(of: part)
          source = openPart(files[part].name, stream, before ?? .zero)
        }
        isAtEnd = try source?.fill(batch) != true
      } catch {
        isAtEnd = true
        if options.rejects != nil, let rejected = RejectedRow(restOfPart: error) {
          batch.rejects.append(rejected)
          batch.survey.rows += 1
        } else {
          failure = error
        }
      }
      batch.divide(shards: shards.count, scratch: scratch)
      switch submit(batch, of: part, isLast: isAtEnd, failure, source) {
      case .goOn: break
      case .again: return true
      case .stop: return false
      }
    }
    return false
  }

  private func stream(of part: Int) throws(TraceError) -> any ByteStream {
    if isParallel {
      return try PartCursor.open(
        files[part], meter: options.meter, limit: options.maximumExpansion)
    }
    guard let (_, stream) = try parts.next() else {
      throw TraceError(.damaged, "the input changed while it was read", file: files[0].name)
    }
    return threads > 1 ? ReadAheadStream(stream) : stream
  }

  private func emptyBatch() -> EventBatch {
    lock.lock()
    defer { lock.unlock() }
    // One thread groups each batch before it fills the next: with its scratch it has two, and most of
    // a large page would never be used.
    if spare.isEmpty { spare = threads == 1 ? [EventBatch()] : EventBatch.several() }
    return spare.removeLast()
  }

  /// Hands over a batch of a part, and groups what there is to group.
  private func submit(
    _ batch: EventBatch, of part: Int, isLast: Bool, _ error: TraceError?, _ source: EventPart?
  ) -> Next {
    lock.lock()
    defer { lock.unlock() }
    states[part]?.batches.append(batch)
    states[part]?.isFinished = isLast
    states[part]?.failure = error
    while true {
      if failure != nil { return .stop }
      if part == turn {
        guard commitTurn() else { return .again }
        source?.raiseLastTime(to: lastTime)
        lock.broadcast()
      }
      while failure == nil, isToGroup(part), let shard = takeShard() { group(shard) }
      if isLast || part == turn || (states[part]?.batches.count ?? 0) < batchesAhead {
        return failure == nil ? .goOn : .stop
      }
      lock.wait()
    }
  }

  /// Whether the thread that decodes `part` is to group what is committed, too. Where there are
  /// others, they do that first and get less far ahead, so that all have something to do.
  private func isToGroup(_ part: Int) -> Bool {
    threads == 1 || part != turn || committed.count > Self.backlog
  }

  // MARK: - Committing (with the lock held)

  /// Commits what the part in turn has, and the parts behind it that are finished. False if the
  /// part in turn has to be read again by the caller.
  private func commitTurn() -> Bool {
    let own = turn
    while turn < partCount, let state = states[turn] {
      if !state.isInTurn {
        guard turn == own || state.isFinished else { return true }
        let earliest = state.batches.map(\.earliest).min() ?? .never
        if earliest.isKnown, earliest + options.timeTolerance < lastTime {
          // What opens no more would pass on what is left in them.
          for batch in state.batches { batch.removeAll() }
          spare += state.batches
          states[turn] = nil
          if turn == own { return false }
          toRepeat.append(turn)
          return true
        }
        states[turn]?.isInTurn = true
      }
      guard var state = states[turn] else { return true }
      for batch in state.batches {
        if let error = commit(batch, &state.userNumbers) {
          failure = error
          return true
        }
      }
      state.batches = []
      states[turn] = state
      if let error = state.failure { failure = error }
      if failure != nil || !state.isFinished { return true }
      states[turn] = nil
      turn += 1
    }
    return true
  }

  private func commit(_ batch: EventBatch, _ userNumbers: inout [UInt32]) -> TraceError? {
    for name in batch.newNames { userNumbers.append(users.intern(name)) }
    batch.userNumbers = userNumbers
    lastTime = max(lastTime, batch.latest)
    survey.add(batch.survey)
    do throws(TraceError) {
      for row in batch.rejects { try options.rejects?.add(row) }
    } catch {
      return error
    }
    committed.append(batch)
    return nil
  }

  // MARK: - Grouping (with the lock held at the beginning and the end)

  private var endOfCommitted: Int { firstCommitted + committed.count }

  private func takeShard() -> Int? {
    for shard in shardNext.indices
    where !shardIsTaken[shard] && shardNext[shard] < endOfCommitted {
      shardIsTaken[shard] = true
      return shard
    }
    return nil
  }

  private func group(_ shard: Int) {
    let batches = Array(committed[(shardNext[shard] - firstCommitted)...])
    lock.unlock()
    var error: TraceError?
    do throws(TraceError) {
      for batch in batches { try shards[shard].add(batch, shard: shard) }
    } catch let failure {
      error = failure
    }
    lock.lock()
    if let error { failure = failure ?? error }
    shardNext[shard] += batches.count
    shardIsTaken[shard] = false
    let done = (shardNext.min() ?? 0) - firstCommitted
    if done > 0 {
      for batch in committed[..<done] {
        batch.removeAll()
        spare.append(batch)
      }
      committed.removeFirst(done)
      firstCommitted += done
      lock.broadcast()
    }
  }
}

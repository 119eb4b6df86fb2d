/// What happens at a point in time.
struct Event: BitwiseCopyable {
  /// When, in microseconds.
  var time: Int64
  /// Order of scheduling: the tie-breaker of equal times, and unique.
  var sequence: UInt64
  /// What it is about.
  var subject: Int32
  /// What it is.
  var kind: Kind

  enum Kind: UInt8, BitwiseCopyable {
    /// The task in slot `subject` ends.
    case finish
    /// The task in slot `subject`, held back by its predecessors, may go.
    case release
    /// The machine `subject` fails.
    case fail
    /// The machine `subject` has been repaired.
    case repair
  }
}

/// The events to come, the earliest first; equal times in the order in which they were scheduled.
///
/// Only the next events are kept in a heap: about a sixteenth of the events, so that it stays in the
/// nearest cache. The rest lies in no order beyond a horizon; when the heap runs out, the horizon moves
/// on and the rest is gone through once, which is sixteen comparisons for each event that it yields
/// (as the top of a ladder queue: Tang, Goh and Thng, "Ladder queue: an O(1) priority queue structure
/// for large-scale discrete event simulation", ACM TOMACS 15, 2005). Push is O(1) as a rule.
///
/// The heap is 4-ary, in one array: half the depth of a binary one, and the four children share a cache
/// line or two (LaMarca and Ladner, "The influence of caches on the performance of heaps", 1996). An
/// event is one number of 128 bits (time, sequence, kind, subject), so that four take 64 bytes and
/// the least is found without branches that the processor cannot predict.
struct EventHeap {
  /// Bits of the subject, of the kind, and of the sequence: 67 million tasks in flight and 68 billion
  /// events a run. The engine keeps within the former (``SimulationOptions/maximumInFlight``); the
  /// latter would take days.
  static var subjectBits: Int { 26 }
  private static var kindBits: Int { 2 }
  private static var sequenceBits: Int { 36 }
  /// So many events are kept in the heap whatever their times.
  private static var smallest: Int { 1024 }

  /// What comes before the horizon: a heap, empty only if there is nothing at all.
  private var near: [UInt128] = []
  /// What does not, in no order.
  private var far: [UInt128] = []
  private var horizon = Int64.max
  /// The heap is divided again when it holds more than this.
  private var limit = Self.smallest
  private var sequence: UInt64 = 0

  var isEmpty: Bool { near.isEmpty }
  var count: Int { near.count + far.count }

  /// Time of the next event; `Int64.max` if there is none.
  @inline(__always) var nextTime: Int64 { near.isEmpty ? .max : Self.time(near[0]) }

  /// Schedules an event, at a time that is not negative, and returns its sequence number.
  @discardableResult
  mutating func push(at time: Int64, _ kind: Event.Kind, subject: Int32) -> UInt64 {
    sequence += 1
    precondition(
      time >= 0 && subject >= 0 && subject >> Self.subjectBits == 0
        && sequence >> Self.sequenceBits == 0, "more events or tasks in flight than a run may have")
    let low =
      (sequence << Self.kindBits | UInt64(kind.rawValue)) << Self.subjectBits | UInt64(subject)
    let event = UInt128(UInt64(time)) << 64 | UInt128(low)
    guard time < horizon else {
      far.append(event)
      return sequence
    }
    near.append(event)
    near.withUnsafeMutableBufferPointer { nodes in
      var hole = nodes.count - 1
      while hole > 0 {
        let parent = (hole - 1) / 4
        guard event < nodes[parent] else { break }
        nodes[hole] = nodes[parent]
        hole = parent
      }
      nodes[hole] = event
    }
    if near.count > limit {
      far += near
      near.removeAll(keepingCapacity: true)
      moveHorizon()
    }
    return sequence
  }

  /// Takes the next event out. There must be one.
  mutating func pop() -> Event {
    let top = near[0]
    let last = near.removeLast()
    if near.isEmpty {
      moveHorizon()
    } else {
      near.withUnsafeMutableBufferPointer { Self.sink(last, from: 0, in: $0) }
    }
    return Self.event(top)
  }

  /// Takes the earliest sixteenth or so of what lies beyond the horizon into the heap, which is empty.
  private mutating func moveHorizon() {
    horizon = .max
    if far.count > Self.smallest {
      // The fifth of 64, evenly spaced.
      let sample = (0..<64).map { Self.time(far[$0 * far.count / 64]) }.sorted()
      take(before: sample[4] + 1)
      // Spread so oddly that a sample says little of it: back to a heap alone.
      if near.count < far.count / 64 { take(before: .max) }
    } else {
      take(before: .max)
    }
    near.withUnsafeMutableBufferPointer { nodes in
      for hole in stride(from: (nodes.count - 2) / 4, through: 0, by: -1) where nodes.count > 1 {
        Self.sink(nodes[hole], from: hole, in: nodes)
      }
    }
    limit = max(Self.smallest, 4 * near.count)
  }

  private mutating func take(before time: Int64) {
    horizon = time
    var kept = 0
    for place in far.indices {
      let event = far[place]
      if Self.time(event) < time {
        near.append(event)
      } else {
        far[kept] = event
        kept += 1
      }
    }
    far.removeLast(far.count - kept)
  }

  /// Puts `event` at `hole` or as far below as it belongs.
  @inline(__always)
  private static func sink(
    _ event: UInt128, from hole: Int, in nodes: UnsafeMutableBufferPointer<UInt128>
  ) {
    let count = nodes.count
    var hole = hole
    while true {
      let first = 4 * hole + 1
      var least = first
      if first + 4 <= count {
        let left = first + (nodes[first + 1] < nodes[first] ? 1 : 0)
        let right = first + (nodes[first + 3] < nodes[first + 2] ? 3 : 2)
        least = nodes[right] < nodes[left] ? right : left
      } else {
        guard first < count else { break }
        for child in first..<count where nodes[child] < nodes[least] { least = child }
      }
      guard nodes[least] < event else { break }
      nodes[hole] = nodes[least]
      hole = least
    }
    nodes[hole] = event
  }

  @inline(__always)
  private static func time(_ event: UInt128) -> Int64 { Int64(truncatingIfNeeded: event >> 64) }

  @inline(__always)
  private static func event(_ packed: UInt128) -> Event {
    let low = UInt64(truncatingIfNeeded: packed)
    let kind = UInt8(truncatingIfNeeded: low >> subjectBits) & (1 << kindBits - 1)
    return Event(
      time: time(packed), sequence: low >> (subjectBits + kindBits),
      subject: Int32(truncatingIfNeeded: low & (1 << subjectBits - 1)),
      kind: Event.Kind(rawValue: kind) ?? .finish)
  }
}

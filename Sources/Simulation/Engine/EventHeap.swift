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
/// A 4-ary heap in one array: half the depth of a binary one, and the four children share a cache
/// line or two (LaMarca and Ladner, "The influence of caches on the performance of heaps", 1996). An
/// event is one number of 128 bits (time, sequence, kind, subject), so that four take 64 bytes and
/// the least is found without branches that nobody can predict. Push and pop are O(log n).
struct EventHeap {
  /// Bits of the subject, of the kind, and of the sequence: 67 million tasks in flight and 68 billion
  /// events a run.
  private static var subjectBits: Int { 26 }
  private static var kindBits: Int { 2 }
  private static var sequenceBits: Int { 36 }

  private var storage: [UInt128] = []
  private var sequence: UInt64 = 0

  var isEmpty: Bool { storage.isEmpty }
  var count: Int { storage.count }

  /// Time of the next event; `Int64.max` if there is none.
  @inline(__always) var nextTime: Int64 {
    storage.isEmpty ? .max : Int64(truncatingIfNeeded: storage[0] >> 64)
  }

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
    storage.append(event)
    storage.withUnsafeMutableBufferPointer { nodes in
      var hole = nodes.count - 1
      while hole > 0 {
        let parent = (hole - 1) / 4
        guard event < nodes[parent] else { break }
        nodes[hole] = nodes[parent]
        hole = parent
      }
      nodes[hole] = event
    }
    return sequence
  }

  /// Takes the next event out. The heap must not be empty.
  mutating func pop() -> Event {
    let last = storage.removeLast()
    guard !storage.isEmpty else { return Self.event(last) }
    return storage.withUnsafeMutableBufferPointer { nodes in
      let top = nodes[0]
      let count = nodes.count
      var hole = 0
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
        guard nodes[least] < last else { break }
        nodes[hole] = nodes[least]
        hole = least
      }
      nodes[hole] = last
      return Self.event(top)
    }
  }

  @inline(__always)
  private static func event(_ packed: UInt128) -> Event {
    let low = UInt64(truncatingIfNeeded: packed)
    let kind = UInt8(truncatingIfNeeded: low >> subjectBits) & (1 << kindBits - 1)
    return Event(
      time: Int64(truncatingIfNeeded: packed >> 64), sequence: low >> (subjectBits + kindBits),
      subject: Int32(truncatingIfNeeded: low & (1 << subjectBits - 1)),
      kind: Event.Kind(rawValue: kind) ?? .finish)
  }
}

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

  @inline(__always)
  static func precedes(_ a: Event, _ b: Event) -> Bool {
    a.time != b.time ? a.time < b.time : a.sequence < b.sequence
  }
}

/// The events to come, the earliest first; equal times in the order in which they were scheduled.
///
/// A 4-ary heap in one array: half the depth of a binary one, and the four children share a cache
/// line or two (LaMarca and Ladner, "The influence of caches on the performance of heaps", 1996).
/// Push and pop are O(log n).
struct EventHeap {
  private var storage: [Event] = []
  private var sequence: UInt64 = 0

  var isEmpty: Bool { storage.isEmpty }
  var count: Int { storage.count }

  /// Time of the next event; `Int64.max` if there is none.
  @inline(__always) var nextTime: Int64 { storage.isEmpty ? .max : storage[0].time }

  /// Schedules an event and returns its sequence number.
  @discardableResult
  mutating func push(at time: Int64, _ kind: Event.Kind, subject: Int32) -> UInt64 {
    sequence += 1
    let event = Event(time: time, sequence: sequence, subject: subject, kind: kind)
    storage.append(event)
    storage.withUnsafeMutableBufferPointer { nodes in
      var hole = nodes.count - 1
      while hole > 0 {
        let parent = (hole - 1) / 4
        guard Event.precedes(event, nodes[parent]) else { break }
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
    guard !storage.isEmpty else { return last }
    return storage.withUnsafeMutableBufferPointer { nodes in
      let top = nodes[0]
      let count = nodes.count
      var hole = 0
      while true {
        let first = 4 * hole + 1
        guard first < count else { break }
        var least = first
        for child in (first + 1)..<max(first + 1, min(first + 4, count))
        where Event.precedes(nodes[child], nodes[least]) { least = child }
        guard Event.precedes(nodes[least], last) else { break }
        nodes[hole] = nodes[least]
        hole = least
      }
      nodes[hole] = last
      return top
    }
  }
}

/// Events of executors by time, then in the order in which they were added: a binary heap.
struct StageHeap {
  struct Event {
    var time: Int
    /// Number of the event, and the executor in the lower 16 bits.
    var order: Int

    var executor: Int { order & 0xffff }

    @inline(__always)
    static func < (a: Event, b: Event) -> Bool {
      a.time != b.time ? a.time < b.time : a.order < b.order
    }
  }

  private var events: [Event] = []
  private var count = 0

  var first: Event? { events.first }

  @inline(__always)
  private mutating func event(_ executor: Int, at time: Int) -> Event {
    count += 1
    return Event(time: time, order: count << 16 | executor)
  }

  mutating func add(_ executor: Int, at time: Int) {
    let event = event(executor, at: time)
    events.append(event)
    var place = events.count - 1
    while place > 0 {
      let parent = (place - 1) / 2
      guard event < events[parent] else { break }
      events[place] = events[parent]
      place = parent
    }
    events[place] = event
  }

  mutating func removeFirst() {
    let last = events.removeLast()
    if !events.isEmpty { sink(last) }
  }

  /// Takes the first out and adds another: half the work of doing both.
  @inline(__always)
  mutating func replaceFirst(_ executor: Int, at time: Int) { sink(event(executor, at: time)) }

  private mutating func sink(_ event: Event) {
    events.withUnsafeMutableBufferPointer { events in
      var place = 0
      while true {
        var child = 2 * place + 1
        guard child < events.count else { break }
        if child + 1 < events.count, events[child + 1] < events[child] { child += 1 }
        guard events[child] < event else { break }
        events[place] = events[child]
        place = child
      }
      events[place] = event
    }
  }
}

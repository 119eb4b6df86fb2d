import KubeObjects
import KubeRules

/// Pods that wait for a decision: those whose time it is in the order of priority, then of arrival; the
/// others by when their time comes. Every step costs O(log pods).
struct PodQueue {
  /// A pod that waits.
  struct Entry {
    var pod: Pod
    var order: Int
    /// Seconds of the last pause; 0 for one that has not failed.
    var pause = 0.0
    /// What its last event said.
    var told: String?
    /// Its group, `namespace/name`, where it is of one.
    var group: String?
    /// What else is known of it: its group's size, its volumes' nodes. Nil until it was asked for.
    var facts: PodFacts?
    /// Tells this state from earlier ones in the heaps.
    fileprivate var stamp = 0
  }

  private struct Ready: Comparable {
    var priority: Int32
    var order: Int
    var uid: String
    var stamp: Int
    static func < (a: Ready, b: Ready) -> Bool {
      a.priority != b.priority ? a.priority > b.priority : a.order < b.order
    }
  }
  private struct Delayed: Comparable {
    var until: Double
    var uid: String
    var stamp: Int
    static func < (a: Delayed, b: Delayed) -> Bool { a.until < b.until }
  }

  private var entries: [String: Entry] = [:]
  private var groups: [String: Set<String>] = [:]
  private var ready = Heap<Ready>()
  private var delayed = Heap<Delayed>()
  private var arrivals = 0
  private var stamps = 0

  var count: Int { entries.count }
  var uids: [String] { Array(entries.keys) }
  subscript(uid: String) -> Entry? { entries[uid] }

  /// A pod has come, or has changed; one that is as it was stays where it is.
  mutating func add(_ pod: Pod) {
    if var entry = entries[pod.uid] {
      let isNews = entry.pod.spec != pod.spec || entry.pod.metadata.labels != pod.metadata.labels
      entry.pod = pod
      if isNews { entry.facts = nil }
      entries[pod.uid] = entry
      if isNews { makeReady(pod.uid) }
      return
    }
    arrivals += 1
    let entry = Entry(pod: pod, order: arrivals, group: pod.group)
    put(entry)
  }

  /// A pod comes back, to be decided at once.
  mutating func put(_ entry: Entry) {
    let uid = entry.pod.uid
    entries[uid] = entry
    if let group = entry.group { groups[group, default: []].insert(uid) }
    makeReady(uid)
  }

  /// A pod comes back, to be decided after a pause.
  mutating func put(_ entry: Entry, until time: Double) {
    let uid = entry.pod.uid
    stamps += 1
    var entry = entry
    entry.stamp = stamps
    entries[uid] = entry
    if let group = entry.group { groups[group, default: []].insert(uid) }
    delayed.push(Delayed(until: time, uid: uid, stamp: stamps))
  }

  private mutating func makeReady(_ uid: String) {
    guard var entry = entries[uid] else { return }
    stamps += 1
    entry.stamp = stamps
    entries[uid] = entry
    ready.push(
      Ready(priority: entry.pod.priority, order: entry.order, uid: uid, stamp: stamps))
  }

  @discardableResult mutating func remove(_ uid: String) -> Entry? {
    guard let entry = entries.removeValue(forKey: uid) else { return nil }
    if let group = entry.group {
      groups[group]?.remove(uid)
      if groups[group]?.isEmpty ?? false { groups[group] = nil }
    }
    return entry
  }

  /// Takes the first whose time it is.
  mutating func next() -> Entry? {
    while let first = ready.pop() {
      guard let entry = entries[first.uid], entry.stamp == first.stamp else { continue }
      remove(first.uid)
      return entry
    }
    return nil
  }

  /// Takes the waiting pods of a group, in order.
  mutating func take(group: String) -> [Entry] {
    (groups[group] ?? []).compactMap { remove($0) }.sorted { $0.order < $1.order }
  }

  /// Those whose pause is over come on; all of them if something has changed for the better.
  mutating func wake(at time: Double, all: Bool = false) {
    while let first = delayed.first, all || first.until <= time {
      delayed.removeFirst()
      if entries[first.uid]?.stamp == first.stamp { makeReady(first.uid) }
    }
  }

  /// When the next pause is over.
  mutating func nextWake() -> Double? {
    while let first = delayed.first {
      if entries[first.uid]?.stamp == first.stamp { return first.until }
      delayed.removeFirst()
    }
    return nil
  }
}

/// A binary heap, the least first.
private struct Heap<Element: Comparable> {
  private var items: [Element] = []
  var first: Element? { items.first }

  mutating func push(_ item: Element) {
    items.append(item)
    var child = items.count - 1
    while child > 0, items[child] < items[(child - 1) / 2] {
      items.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func pop() -> Element? {
    guard let first = items.first else { return nil }
    removeFirst()
    return first
  }

  mutating func removeFirst() {
    let last = items.removeLast()
    guard !items.isEmpty else { return }
    items[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < items.count {
        if items[child] < items[least] { least = child }
      }
      if least == parent { return }
      items.swapAt(parent, least)
      parent = least
    }
  }
}

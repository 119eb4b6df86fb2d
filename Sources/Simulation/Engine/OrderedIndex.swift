/// Numbers kept in the order of a key: the pending queue, and machines by how full they are.
///
/// A list of sorted runs of at most 256 entries. Insertion and removal find their run by binary
/// search and move at most that many entries; appending at the end and taking from the front, what
/// a first-come queue does, move none. Iteration is in order, and may remove as it goes.
struct OrderedIndex: Sendable {
  /// A number with its place in the order; `(key, tie)` must be unique.
  struct Entry: Hashable, Sendable {
    var key: Int64
    var tie: UInt64
    var value: Int32

    @inline(__always)
    static func precedes(_ a: Entry, _ b: Entry) -> Bool {
      a.key != b.key ? a.key < b.key : a.tie < b.tie
    }
  }

  private static var runLimit: Int { 256 }
  private var runs: [[Entry]] = []
  /// How many entries of the first run have been taken from its front.
  private var head = 0
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }
  var first: Entry? { count == 0 ? nil : runs[0][head] }

  /// Takes the first entry out. The index must not be empty. Amortised O(1).
  mutating func removeFirst() {
    count -= 1
    head += 1
    // The last run is left as it is: what comes next overwrites it.
    if head == runs[0].count, runs.count > 1 {
      head = 0
      runs.removeFirst()
    }
  }

  mutating func insert(_ entry: Entry) {
    count += 1
    if count == 1 {
      head = 0
      if runs.isEmpty {
        runs.append([entry])
      } else if runs[0].count == 1 {
        runs[0][0] = entry
      } else {
        runs[0].removeAll(keepingCapacity: true)
        runs[0].append(entry)
      }
      return
    }
    let last = runs.count - 1
    if Entry.precedes(runs[last][runs[last].count - 1], entry) {
      // A full last run is left as it is: appends fill runs to the brim.
      if runs[last].count < Self.runLimit { runs[last].append(entry) } else { runs.append([entry]) }
      return
    }
    let run = self.run(for: entry)
    if run == 0, head > 0 {
      runs[0].removeFirst(head)
      head = 0
    }
    runs[run].insert(entry, at: Self.position(of: entry, in: runs[run]))
    if runs[run].count > Self.runLimit {
      let half = runs[run].count / 2
      runs.insert(Array(runs[run][half...]), at: run + 1)
      runs[run].removeSubrange(half...)
    }
  }

  /// Takes `entry` out; returns whether it was there.
  @discardableResult
  mutating func remove(_ entry: Entry) -> Bool {
    guard count > 0 else { return false }
    if runs[0][head] == entry {
      removeFirst()
      return true
    }
    let run = self.run(for: entry)
    if run == 0, head > 0 {
      runs[0].removeFirst(head)
      head = 0
    }
    let position = Self.position(of: entry, in: runs[run])
    guard position < runs[run].count, runs[run][position] == entry else { return false }
    runs[run].remove(at: position)
    count -= 1
    if runs[run].isEmpty, runs.count > 1 { runs.remove(at: run) }
    return true
  }

  /// The first entry that does not precede (`key`, `tie`); nil if all do. O(log n).
  func first(from key: Int64, tie: UInt64 = 0) -> Entry? {
    cursor(from: key, tie: tie).map { self[$0] }
  }

  /// The entry after `entry`, which need not be there any more. O(log n).
  func next(after entry: Entry) -> Entry? { first(from: entry.key, tie: entry.tie + 1) }

  /// A place in the index, valid until it changes.
  struct Cursor {
    fileprivate var run: Int
    fileprivate var position: Int
  }

  subscript(cursor: Cursor) -> Entry { runs[cursor.run][cursor.position] }

  /// Where the first entry that does not precede (`key`, `tie`) stands; nil if all do. O(log n).
  func cursor(from key: Int64, tie: UInt64 = 0) -> Cursor? {
    guard count > 0 else { return nil }
    let probe = Entry(key: key, tie: tie, value: 0)
    let run = self.run(for: probe)
    var position = Self.position(of: probe, in: runs[run])
    if run == 0 { position = max(position, head) }
    if position < runs[run].count { return Cursor(run: run, position: position) }
    return run + 1 < runs.count ? Cursor(run: run + 1, position: 0) : nil
  }

  /// Moves to the following entry; nil at the end. O(1).
  func advance(_ cursor: Cursor) -> Cursor? {
    if cursor.position + 1 < runs[cursor.run].count {
      return Cursor(run: cursor.run, position: cursor.position + 1)
    }
    return cursor.run + 1 < runs.count ? Cursor(run: cursor.run + 1, position: 0) : nil
  }

  /// The last run whose first entry does not come after `entry`, or the first run.
  private func run(for entry: Entry) -> Int {
    var low = 1
    var high = runs.count
    while low < high {
      let middle = (low + high) / 2
      if Entry.precedes(entry, runs[middle][0]) { high = middle } else { low = middle + 1 }
    }
    return low - 1
  }

  /// The first place in a run whose entry does not precede `entry`.
  private static func position(of entry: Entry, in run: [Entry]) -> Int {
    var low = 0
    var high = run.count
    while low < high {
      let middle = (low + high) / 2
      if Entry.precedes(run[middle], entry) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

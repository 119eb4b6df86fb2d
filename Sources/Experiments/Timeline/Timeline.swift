import Simulation
import Workload

/// What ran where and when: the bars of a Gantt chart of machines.
///
/// Each machine has as many lanes as tasks that ran on it at once; a task takes the lowest lane that is
/// free. A task that was evicted is drawn as its last attempt; a gang, with a bar for each instance on its machine;
/// one whose machine had to wake up for it, as waiting until then.
public struct Timeline: Sendable {
  /// A task on a machine.
  struct Bar {
    var machine: Int64
    var lane: Int32 = 0
    var start: Int64
    var end: Int64
    var wait: Int64
    var job: Int64
    var index: Int32
    var kind: UInt8
    /// Which instance of a gang it is, 0 ….
    var instance: Int32 = 0
  }

  private(set) var bars: [Bar] = []
  /// Tasks that have bars, and how many of them are gangs of several.
  private(set) var tasks = 0
  private(set) var gangs = 0
  /// Instances of the gang whose result comes next.
  private var members: [(instance: Int32, machine: Int64)] = []
  /// Tasks that never started, or ended without a known time: they have no bar.
  public private(set) var left = 0
  /// Rows of the picture: each machine's lanes, in the order of the machines.
  private(set) var rows: [(machine: Int64, lanes: Int)] = []

  /// What a bar's `kind` is called: priority classes, or the workload's own.
  public var kinds = PriorityClass.allCases.map(\.name)

  /// Nothing yet.
  public init() {}

  /// An instance of a gang, not its first, was on that machine; the gang is what is added next.
  public mutating func add(instance: Int32, on machine: Int64) {
    members.append((instance, machine))
  }

  /// Adds a task that has ended.
  public mutating func add(_ result: TaskResult) {
    defer { members.removeAll(keepingCapacity: true) }
    guard result.attempts > 0, result.start.isKnown, result.finish.isKnown else {
      left += 1
      return
    }
    let start = result.start.rawValue + result.waking.rawValue
    tasks += 1
    if result.instances > 1 { gangs += 1 }
    var bar = Bar(
      machine: result.machine, start: start, end: result.finish.rawValue,
      wait: min(result.wait.rawValue, start - result.submit.rawValue),
      job: result.id.job, index: result.id.index,
      kind: result.kind > 0
        ? UInt8(truncatingIfNeeded: result.kind - 1) : result.priorityClass.rawValue)
    bars.append(bar)
    for member in members {
      (bar.machine, bar.instance) = (member.machine, member.instance)
      bars.append(bar)
    }
  }

  /// Sorts the bars and gives each its lane. O(n log n).
  public mutating func arrange() {
    bars.sort {
      ($0.machine, $0.start, $0.end, $0.job, $0.index) < (
        $1.machine, $1.start, $1.end, $1.job, $1.index
      )
        || ($0.machine, $0.start, $0.end, $0.job, $0.index) == (
          $1.machine, $1.start, $1.end, $1.job, $1.index
        ) && $0.instance < $1.instance
    }
    rows = []
    var place = 0
    while place < bars.count {
      let machine = bars[place].machine
      var (busy, free) = (Heap<BusyLane>(), Heap<Int32>())
      var lanes: Int32 = 0
      while place < bars.count, bars[place].machine == machine {
        while let first = busy.first, first.end <= bars[place].start {
          _ = busy.pop()
          free.push(first.lane)
        }
        let lane: Int32
        if let known = free.pop() {
          lane = known
        } else {
          lane = lanes
          lanes += 1
        }
        bars[place].lane = lane
        busy.push(BusyLane(end: bars[place].end, lane: lane))
        place += 1
      }
      rows.append((machine, Int(lanes)))
    }
  }

  /// The first submission or start and the last end, in µs; nil of nothing.
  var span: ClosedRange<Int64>? {
    guard let first = bars.map({ $0.start - $0.wait }).min(), let last = bars.map(\.end).max()
    else { return nil }
    return first...max(first, last)
  }

  private struct BusyLane: Comparable {
    var end: Int64
    var lane: Int32
    static func < (a: BusyLane, b: BusyLane) -> Bool { (a.end, a.lane) < (b.end, b.lane) }
  }
}

/// A binary heap, the least first.
private struct Heap<Element: Comparable> {
  private var items: [Element] = []

  var first: Element? { items.first }

  mutating func push(_ item: Element) {
    items.append(item)
    var child = items.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard items[child] < items[parent] else { return }
      items.swapAt(child, parent)
      child = parent
    }
  }

  mutating func pop() -> Element? {
    guard let least = items.first, let last = items.popLast() else { return nil }
    guard !items.isEmpty else { return least }
    items[0] = last
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < items.count else { return least }
      if child + 1 < items.count, items[child + 1] < items[child] { child += 1 }
      guard items[child] < items[parent] else { return least }
      items.swapAt(child, parent)
      parent = child
    }
  }
}

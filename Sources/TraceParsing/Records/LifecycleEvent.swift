import Workload

/// What a trace says happened to a task, in the vocabulary of Google's 2011 format (event codes
/// 0-8; its document, "Google cluster-usage traces: format + schema", figure 1), and the two events
/// that the 2019 format adds.
public enum LifeEvent: UInt8, BitwiseCopyable, CaseIterable, Sendable {
  case submit, schedule, evict, fail, finish, kill, lost, updatePending, updateRunning
  /// 2019: a scheduler's queue holds it back.
  case queue
  /// 2019: it may be scheduled from now on.
  case enable

  /// The events of the 2011 format, in the order of its codes.
  static let google2011 = allCases.filter { $0.rawValue <= updateRunning.rawValue }

  /// The trace's own name.
  public var name: String {
    switch self {
    case .submit: "SUBMIT"
    case .schedule: "SCHEDULE"
    case .evict: "EVICT"
    case .fail: "FAIL"
    case .finish: "FINISH"
    case .kill: "KILL"
    case .lost: "LOST"
    case .updatePending: "UPDATE_PENDING"
    case .updateRunning: "UPDATE_RUNNING"
    case .queue: "QUEUE"
    case .enable: "ENABLE"
    }
  }

  /// The state that follows; nil for the updates, which keep the state.
  var next: LifeState? {
    switch self {
    case .submit, .enable: .pending
    case .queue: .queued
    case .schedule: .running
    case .evict, .fail, .finish, .kill, .lost: .dead
    case .updatePending, .updateRunning: nil
    }
  }

  /// The outcome that an end event stands for.
  var outcome: Outcome? {
    switch self {
    case .evict: .evicted
    case .fail: .failed
    case .finish: .finished
    case .kill: .killed
    case .lost: .lost
    default: nil
    }
  }
}

/// Where a task is in its life.
public enum LifeState: UInt8, BitwiseCopyable, CaseIterable, Sendable {
  case unsubmitted, pending, running, dead
  /// Waiting too, but held back by a scheduler's queue (2019).
  case queued

  /// Whether the format allows `event` here.
  public func allows(_ event: LifeEvent) -> Bool { allowed >> event.rawValue & 1 == 1 }

  /// The allowed events, a bit for each by its code.
  private var allowed: UInt16 {
    switch self {
    case .unsubmitted, .dead: 0b000_0000_0001
    case .pending: 0b110_1110_1010
    case .queued: 0b100_1110_1000
    case .running: 0b001_0111_1100
    }
  }

  /// The name used in reports.
  public var name: String { "\(self)" }
}

/// How often each event met a task in each state.
public struct TransitionCounts: Equatable, Sendable {
  private var counts = [Int](repeating: 0, count: 5 * 11)

  public init() {}

  /// All counts, by state and event.
  var raw: [Int] { counts }

  /// From what `raw` gave; nil if it is not that many.
  init?(raw: [Int]) {
    guard raw.count == counts.count else { return nil }
    counts = raw
  }

  /// How often `event` met a task in state `from`.
  public subscript(from: LifeState, event: LifeEvent) -> Int {
    get { counts[Int(from.rawValue) * 11 + Int(event.rawValue)] }
    set { counts[Int(from.rawValue) * 11 + Int(event.rawValue)] = newValue }
  }

  /// The impossible transitions that occurred, by state and event.
  public var impossible: [(from: LifeState, event: LifeEvent, count: Int)] {
    LifeState.allCases.flatMap { from in
      LifeEvent.allCases.compactMap { event in
        let count = self[from, event]
        return count > 0 && !from.allows(event) ? (from, event, count) : nil
      }
    }
  }

  public static func += (a: inout TransitionCounts, b: TransitionCounts) {
    for index in a.counts.indices { a.counts[index] += b.counts[index] }
  }
}

/// One event in the life of a task, as a reader hands it over: 64 bytes.
struct LifecycleEvent: BitwiseCopyable {
  var id: TaskID
  var kind: LifeEvent
  var priorityClass = PriorityClass.unknown
  var schedulingClass: Int8 = -1
  /// Trace time: 0 is before the trace, `never` after its end.
  var time: Microseconds
  /// As the trace has it; NaN where it says nothing.
  var request = NormalisedRequest.unknown
  /// -1 where the trace says nothing.
  var machine: Int64 = -1
  var user = UserID.unknown
  var priority: Int16 = -1
  /// Flags that the record gets as they are.
  var flags: TaskRecord.Flags = []

  /// One without further facts.
  init(id: TaskID, kind: LifeEvent, time: Microseconds) {
    self.id = id
    self.kind = kind
    self.time = time
  }
}

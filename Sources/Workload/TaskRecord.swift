/// Which task: its job and its place within the job.
public struct TaskID: BitwiseCopyable, Hashable, Comparable, Sendable {
  /// The job's (2019: the collection's) number in its trace.
  public var job: Int64
  /// The task's index within the job; 0 for a record that stands for a whole job.
  public var index: Int32

  @inlinable public init(job: Int64, index: Int32 = 0) {
    self.job = job
    self.index = index
  }

  @inlinable public static func < (a: TaskID, b: TaskID) -> Bool {
    a.job != b.job ? a.job < b.job : a.index < b.index
  }
}

/// How a task's last attempt ended.
public enum Outcome: UInt8, BitwiseCopyable, Hashable, CaseIterable, Sendable {
  /// Completed normally.
  case finished
  /// Ended by its own failure.
  case failed
  /// Cancelled by its user, or because a job it depended on died.
  case killed
  /// Evicted, and never started again.
  case evicted
  /// Its record was lost; how it ended is unknown.
  case lost
  /// Still running when the trace ends.
  case running
  /// Still waiting when the trace ends.
  case pending

  /// The name used in files and on the command line.
  @inlinable public var name: String {
    switch self {
    case .finished: "finished"
    case .failed: "failed"
    case .killed: "killed"
    case .evicted: "evicted"
    case .lost: "lost"
    case .running: "running"
    case .pending: "pending"
    }
  }
}

/// How important a task is, in the bands of the Google traces; a format's reader maps its own
/// priorities to these. Ordered: a later case may evict an earlier one.
public enum PriorityClass: UInt8, BitwiseCopyable, Hashable, Comparable, CaseIterable, Sendable {
  /// The trace does not say (job-level records have no priority).
  case unknown
  /// Free tier: 2011 priorities 0-1, 2019 0-99; the study's "best effort".
  case bestEffort
  /// Ordinary or batch: 2011 2-8, 2019 100-115; the study's "batch".
  case batch
  /// 2019's mid tier, 116-119.
  case mid
  /// 2011 9-11, 2019 120-359; the study's "production".
  case production
  /// 2011 12, 2019 360-450.
  case monitoring

  /// The name used in files and on the command line.
  @inlinable public var name: String {
    switch self {
    case .unknown: "unknown"
    case .bestEffort: "best-effort"
    case .batch: "batch"
    case .mid: "mid"
    case .production: "production"
    case .monitoring: "monitoring"
    }
  }

  @inlinable public static func < (a: PriorityClass, b: PriorityClass) -> Bool {
    a.rawValue < b.rawValue
  }
}

/// A user's place in the `SymbolTable` that came with the records; 0 is "not known".
public struct UserID: BitwiseCopyable, Hashable, Sendable {
  /// Index into the symbol table.
  public var rawValue: UInt32
  @inlinable public init(_ rawValue: UInt32) { self.rawValue = rawValue }
  /// No user known.
  @inlinable public static var unknown: UserID { UserID(0) }
}

/// One task's life, from its first submission to its last end.
///
/// Fixed-size and trivially copyable: arrays of records can be sorted, spilled to disk and read
/// back as bytes. What a trace does not say is a documented sentinel (`Microseconds.never`,
/// `UserID.unknown`, -1) or a bit in `flags`, never an optional.
///
/// A record is also what a scheduler is given to place: `submit` is its arrival, `request` what it
/// asks for, `runTime` the work it brings.
public struct TaskRecord: BitwiseCopyable, Hashable, Sendable {
  /// Facts about a record that are true or not.
  public struct Flags: OptionSet, BitwiseCopyable, Hashable, Sendable {
    public var rawValue: UInt16
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Its life began before the trace (or the part of it that was read): `submit` is only an
    /// upper bound and waiting or running time before the trace is not counted.
    @inlinable public static var cutOffAtStart: Flags { Flags(rawValue: 1 << 0) }
    /// It had not ended when the trace did: `runTime` and `waitTime` are lower bounds
    /// (right-censored).
    @inlinable public static var cutOffAtEnd: Flags { Flags(rawValue: 1 << 1) }
    /// The trace marked at least one of its events as reconstructed from partial information.
    @inlinable public static var missingInfo: Flags { Flags(rawValue: 1 << 2) }
    /// Its tasks must run on different machines.
    @inlinable public static var differentMachines: Flags { Flags(rawValue: 1 << 3) }
    /// The trace holds no CPU request; `request.cpu` is 0.
    @inlinable public static var cpuUnknown: Flags { Flags(rawValue: 1 << 4) }
    /// The trace holds no memory request; `request.memory` is 0.
    @inlinable public static var memoryUnknown: Flags { Flags(rawValue: 1 << 5) }
    /// The trace holds no disk request; `request.disk` is 0.
    @inlinable public static var diskUnknown: Flags { Flags(rawValue: 1 << 6) }
    /// `request` is a stated default, not the trace's (job-level records).
    @inlinable public static var requestAssumed: Flags { Flags(rawValue: 1 << 7) }
    /// At least one of its transitions is impossible in the life cycle of its format.
    @inlinable public static var irregular: Flags { Flags(rawValue: 1 << 8) }
    /// `runTime` is not known: every attempt began before the trace.
    @inlinable public static var runTimeUnknown: Flags { Flags(rawValue: 1 << 9) }
    /// `waitTime` is not known: no wait began and ended within the trace.
    @inlinable public static var waitTimeUnknown: Flags { Flags(rawValue: 1 << 10) }
    /// It is no task but a reservation that tasks run inside (an instance of a Google alloc set).
    @inlinable public static var allocSet: Flags { Flags(rawValue: 1 << 11) }
    /// It runs inside such a reservation, whose resources hold its request already.
    @inlinable public static var inAllocSet: Flags { Flags(rawValue: 1 << 12) }
    /// A rigid parallel job: its cores need not be on one machine, and it starts when all are free
    /// (Standard Workload Format).
    @inlinable public static var spansMachines: Flags { Flags(rawValue: 1 << 13) }
  }

  /// Which task.
  public var id: TaskID
  /// First submission. 0 if that was before the trace.
  public var submit: Microseconds
  /// Start of the first attempt; `never` if it was never scheduled.
  public var firstSchedule: Microseconds
  /// Start of the last attempt; `never` if it was never scheduled.
  public var lastSchedule: Microseconds
  /// End of the last attempt; `never` if it is still running or pending.
  public var end: Microseconds
  /// Total time spent pending, over all attempts, as far as the trace shows it.
  public var waitTime: Microseconds
  /// Total time spent running, over all attempts, as far as the trace shows it. On a machine of
  /// speed 1 this is the work that the task brings.
  public var runTime: Microseconds
  /// Latest end that meets its deadline; `never` if it has none.
  public var deadline: Microseconds
  /// The user's estimate of `runTime`; `never` if there is none. A scheduler may see this, and not
  /// `runTime`.
  public var estimate: Microseconds
  /// What it asked for when it was first scheduled.
  public var request: Resources
  /// The most it ever asked for, dimension by dimension.
  public var maxRequest: Resources
  /// The machine of the last attempt in the trace; -1 if none is known.
  public var machine: Int64
  /// Who submitted it.
  public var user: UserID
  /// How many times it was scheduled.
  public var attempts: Int32
  /// How many identical instances the record stands for (Alibaba's `instance_num`); at least 1.
  public var instances: Int32
  /// The trace's own priority number, larger is more important; -1 if it gives none.
  public var priority: Int16
  /// What the priority means.
  public var priorityClass: PriorityClass
  /// Latency sensitivity, 0 (least) to 3; -1 if not known. Not a priority.
  public var schedulingClass: Int8
  /// How it ended.
  public var outcome: Outcome
  /// Yes-or-no facts.
  public var flags: Flags
  /// Which of its workload's own classes it is of, counted from 1; 0 where the workload has none.
  public var kind: UInt16

  /// A task that is submitted at `submit`, asks for `request` and needs `runTime`; everything else
  /// is unknown until said.
  @inlinable
  public init(id: TaskID, submit: Microseconds, runTime: Microseconds, request: Resources) {
    self.id = id
    self.submit = submit
    self.runTime = runTime
    self.request = request
    maxRequest = request
    firstSchedule = .never
    lastSchedule = .never
    end = .never
    waitTime = .zero
    deadline = .never
    estimate = .never
    machine = -1
    user = .unknown
    attempts = 0
    instances = 1
    priority = -1
    priorityClass = .unknown
    schedulingClass = -1
    outcome = .pending
    flags = []
    kind = 0
  }

  /// Whether `a` comes before `b` in a workload: by submit time, then by task. Total over the
  /// records of one trace, since a task has one record.
  @inlinable public static func submitOrder(_ a: TaskRecord, _ b: TaskRecord) -> Bool {
    a.submit != b.submit ? a.submit < b.submit : a.id < b.id
  }
}

import Workload

// Tasks that start when and where their trace says, whoever else waits.
extension Engine {
  /// Machines by their numbers.
  static func machinesByNumber(_ layout: ClusterLayout) -> [Int64: Int32] {
    Dictionary(
      layout.machines.enumerated().map { ($1.number, Int32($0)) }, uniquingKeysWith: { a, _ in a })
  }

  /// A machine that the cluster does not have.
  static var absentMachine: Int32 { -2 }

  /// Notes a record's start, which is to be its tasks' place in the queue. False if it has none.
  mutating func noteRecordedStart(_ record: TaskRecord, _ count: Int32) -> Bool {
    let tasks = Int(count)
    guard record.recordedStart.isKnown else {
      accounts.remarks.recorded?.withoutStart += tasks
      return false
    }
    if record.hasUntoldWait { accounts.remarks.recorded?.withoutWait += tasks }
    if record.attempts > 1 { accounts.remarks.recorded?.joined += tasks }
    return true
  }

  /// The machine that a record names for a task of its: -1 for none, as of the several instances of a
  /// record only one machine is told.
  func recordedMachine(_ record: TaskRecord) -> Int32 {
    guard record.machine >= 0, record.instances <= 1 else { return -1 }
    return machineOf[record.machine] ?? Self.absentMachine
  }

  /// A record's place in the queue: by its start. Those that take no time go first, as they leave all the room
  /// to others that started at the same time.
  static func recordedKey(_ record: TaskRecord) -> Int64 {
    let start = min(record.recordedStart.rawValue, .max >> 2)
    return start << 1 | (record.runTime > .zero ? 1 : 0)
  }

  private static func start(_ entry: OrderedIndex.Entry) -> Microseconds {
    Microseconds(entry.key >> 1)
  }

  /// When the next task starts by its record; nil if none does.
  var nextRecordedStart: Microseconds? {
    followsRecord ? pending.first.map(Self.start) : nil
  }

  /// Starts those whose time has come. Whether it stopped at a decision: where a task goes whose machine
  /// is not recorded.
  mutating func startRecorded() -> Bool {
    while let head = pending.first, Self.start(head) <= cluster.now {
      // Whoever ends at this instant makes room for whoever starts at it.
      if !isStepped, heap.nextTime <= cluster.now.rawValue { break }
      let index = head.value
      let machine = slots[index].machine
      if machine == -1 {
        ask(about: index)
        return true
      }
      if machine >= 0, cluster.canTake(slots[index].view, on: Int(machine)) {
        dequeue(index)
        start(index, on: Int(machine))
      } else {
        refuse(index)
      }
    }
    offering.stage = .closed
    return false
  }

  /// A task does not fit at its recorded time.
  mutating func noteMisfit(_ index: Int32) {
    guard accounts.remarks.recorded != nil else { return }
    guard slots[index].machine != Self.absentMachine else {
      accounts.remarks.recorded?.onAbsentMachines += 1
      return
    }
    accounts.remarks.recorded?.misfits += 1
    if accounts.remarks.recorded?.first == nil {
      let first = RunRemarks.RecordedStarts.Misfit(task: slots[index].view.id, time: cluster.now)
      accounts.remarks.recorded?.first = first
    }
  }
}

extension SimulationOptions {
  /// These where tasks start as recorded: there is no queue, no view of it and no chance. What does not fit
  /// is refused, and what loses its machine is not tried again.
  var followingRecord: SimulationOptions {
    var options = self
    options.mode = .central
    options.order = .fifo
    options.backfilling = .none
    options.bindsHead = false
    options.takesEventsOneByOne = false
    options.preemption = nil
    options.refusesAtOnce = true
    options.heartbeat = .zero
    options.gateways = false
    options.failures = nil
    options.retries = 0
    return options
  }
}

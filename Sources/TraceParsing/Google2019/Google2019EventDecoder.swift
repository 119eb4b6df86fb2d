import Workload

/// Turns objects of the event tables into life-cycle events, and counts them on the way.
struct Google2019EventDecoder {
  private let table: Google2019Table
  private let includesAllocSets: Bool
  private var summary = TableSurvey()
  private var eventCounts = Array(repeating: 0, count: Google2019Table.lifeEvents.count)
  private var machineCounts = Array(repeating: 0, count: Google2019Table.machineEventNames.count)
  private var seenDependencies: Set<DependencyKey> = []
  /// Events of alloc sets that were passed over.
  private(set) var allocSetEvents = 0
  /// The users' names.
  private(set) var symbols = SymbolTable()
  /// Which collections start after which.
  private(set) var dependencies = DependencyTable()
  /// What collections say beyond their records.
  private(set) var attributes = TaskAttributes()

  private struct DependencyKey: Hashable {
    var collection: Int64
    var predecessor: Int64
  }

  init(_ table: Google2019Table, _ options: ReadOptions) {
    self.table = table
    includesAllocSets = options.includesAllocSets
  }

  /// The event of an object of `instance_events` or `collection_events`; nil for one of an alloc
  /// set that is not wanted.
  mutating func event(_ row: JSONRow) throws(RowError) -> LifecycleEvent? {
    let time = Microseconds(
      try row.optionalInteger(Google2019Field.time.rawValue, in: 0...Int64.max) ?? 0)
    let code = Int(try row.optionalInteger(Google2019Field.type.rawValue, in: 0...10) ?? 0)
    let collection = try row.integer(Google2019Field.collection.rawValue, in: 0...Int64.max)
    let isAllocSet =
      try row.optionalInteger(Google2019Field.collectionType.rawValue, in: 0...1) == 1
    let missing = try row.optionalInteger(Google2019Field.missingType.rawValue, in: 0...Int64.max)
    let priority =
      try row.optionalInteger(Google2019Field.priority.rawValue, in: 0...Int64(Int16.max)) ?? 0
    let isInside =
      try row.optionalInteger(Google2019Field.allocCollection.rawValue, in: 0...Int64.max) ?? 0 > 0

    var event = LifecycleEvent(
      id: TaskID(job: collection), kind: Google2019Table.lifeEvents[code], time: time)
    event.schedulingClass = Int8(
      try row.optionalInteger(Google2019Field.schedulingClass.rawValue, in: 0...3) ?? 0)
    event.priority = Int16(priority)
    event.priorityClass = Self.priorityClass(priority)
    event.missingInfo = missing ?? 0 > 0
    if isAllocSet { event.flags.insert(.allocSet) }
    if isInside { event.flags.insert(.inAllocSet) }
    if table == .instanceEvents {
      try addInstance(row, to: &event)
    } else {
      try addCollection(row, to: &event)
    }

    summary.add(time: time)
    eventCounts[code] += 1
    if let missing, missing > 0 { summary.missingInfo[Int(missing), default: 0] += 1 }
    if isAllocSet, !includesAllocSets {
      allocSetEvents += 1
      return nil
    }
    return event
  }

  private func addInstance(_ row: JSONRow, to event: inout LifecycleEvent) throws(RowError) {
    event.id.index = Int32(
      try row.optionalInteger(
        Google2019InstanceField.index.rawValue, in: 0...Int64(Int32.max)) ?? 0)
    // 0 is no machine, -1 a dedicated one that the trace does not name.
    let machine =
      try row.optionalInteger(Google2019InstanceField.machine.rawValue, in: -1...Int64.max) ?? 0
    event.machine = machine > 0 ? machine : -1
    event.request = SIMD4(
      try row.amount(Google2019InstanceField.cpus.rawValue),
      try row.amount(Google2019InstanceField.memory.rawValue), .nan, .nan)
  }

  private mutating func addCollection(
    _ row: JSONRow, to event: inout LifecycleEvent
  ) throws(RowError) {
    event.user = UserID(symbols.intern(try row.text(Google2019CollectionField.user.rawValue)))
    for predecessor in try row.integers(Google2019CollectionField.startAfter.rawValue) {
      let key = DependencyKey(collection: event.id.job, predecessor: predecessor)
      guard seenDependencies.insert(key).inserted else { continue }
      dependencies.add(TaskID(wholeJob: event.id.job), after: TaskID(wholeJob: predecessor))
    }
    let extras: [(String, Google2019CollectionField)] = [
      ("parent_collection_id", .parent), ("max_per_machine", .maxPerMachine),
      ("max_per_switch", .maxPerSwitch), ("vertical_scaling", .verticalScaling),
      ("scheduler", .scheduler),
    ]
    for (name, field) in extras {
      let value = try row.optionalInteger(field.rawValue, in: 0...Int64.max) ?? 0
      guard value > 0 else { continue }
      if field == .maxPerMachine && value == 1 { event.differentMachines = true }
      attributes.set(name, of: event.id, to: Double(value))
    }
  }

  /// The bands of the trace's document.
  static func priorityClass(_ priority: Int64) -> PriorityClass {
    switch priority {
    case ...99: .bestEffort
    case 100...115: .batch
    case 116...119: .mid
    case 120...359: .production
    default: .monitoring
    }
  }

  /// The event of an object of `machine_events`.
  mutating func machineEvent(
    _ row: JSONRow, _ scale: MachineScale
  ) throws(RowError) -> MachineEvent {
    let time = Microseconds(
      try row.optionalInteger(Google2019MachineField.time.rawValue, in: 0...Int64.max) ?? 0)
    let code = Int(try row.integer(Google2019MachineField.type.rawValue, in: 1...3))
    let capacity = SIMD4(
      try row.amount(Google2019MachineField.cpus.rawValue),
      try row.amount(Google2019MachineField.memory.rawValue), .nan, .nan)
    let event = MachineEvent(
      time: time, machine: try row.integer(Google2019MachineField.machine.rawValue),
      kind: [.add, .remove, .update][code - 1], capacity: scale.resources(capacity),
      platform: symbols.intern(try row.text(Google2019MachineField.platform.rawValue)))
    summary.add(time: time)
    machineCounts[code] += 1
    return event
  }

  /// What was counted, once the table has been read.
  func survey(rows: Int) -> TableSurvey {
    var survey = summary
    survey.rows = rows
    survey.events =
      table == .machineEvents
      ? zip(Google2019Table.machineEventNames, machineCounts).dropFirst()
        .map { .init(name: $0, count: $1) }
      : zip(Google2019Table.lifeEvents, eventCounts).map { .init(name: $0.name, count: $1) }
    return survey
  }
}

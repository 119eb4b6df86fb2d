import TraceInput
import Workload

/// What a row of `instance_events` or `collection_events` says. Made on any thread.
struct Google2019Event: Sendable {
  var event: LifecycleEvent
  /// The type's code.
  var code: Int
  /// Why the event was made up, if it was.
  var missing: Int64
  /// What only collections say.
  var collection: Google2019Collection?

  init<Row: Google2019Row>(_ row: Row, of table: Google2019Table) throws(RowError) {
    let time = try row.time(Google2019Field.time.rawValue)
    code = Int(try row.optionalInteger(Google2019Field.type.rawValue, in: 0...10) ?? 0)
    let collection = try row.integer(Google2019Field.collection.rawValue, in: 0...Int64.max)
    let isAllocSet =
      try row.optionalInteger(Google2019Field.collectionType.rawValue, in: 0...1) == 1
    missing =
      try row.optionalInteger(Google2019Field.missingType.rawValue, in: 0...Int64.max) ?? 0
    let priority =
      try row.optionalInteger(Google2019Field.priority.rawValue, in: 0...Int64(Int16.max)) ?? 0
    let isInside =
      try row.optionalInteger(Google2019Field.allocCollection.rawValue, in: 0...Int64.max) ?? 0 > 0

    event = LifecycleEvent(
      id: TaskID(job: collection), kind: Google2019Table.lifeEvents[code], time: time)
    event.schedulingClass = Int8(
      try row.optionalInteger(Google2019Field.schedulingClass.rawValue, in: 0...3) ?? 0)
    event.priority = Int16(priority)
    event.priorityClass = Self.priorityClass(priority)
    if missing > 0 { event.flags.insert(.missingInfo) }
    if isAllocSet { event.flags.insert(.allocSet) }
    if isInside { event.flags.insert(.inAllocSet) }
    if table == .instanceEvents {
      try addInstance(row)
    } else {
      self.collection = try Google2019Collection(row)
    }
  }

  private mutating func addInstance(_ row: some Google2019Row) throws(RowError) {
    event.id.index = Int32(
      try row.optionalInteger(
        Google2019InstanceField.index.rawValue, in: 0...Int64(Int32.max)) ?? 0)
    // 0 is no machine, -1 a dedicated one that the trace does not name.
    let machine =
      try row.optionalInteger(Google2019InstanceField.machine.rawValue, in: -1...Int64.max) ?? 0
    event.machine = machine > 0 ? machine : -1
    event.request.cpu = try row.amount(Google2019InstanceField.cpus.rawValue)
    event.request.memory = try row.amount(Google2019InstanceField.memory.rawValue)
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
}

/// What an object of `collection_events` says beyond what instances do.
final class Google2019Collection: Sendable {
  let user: String
  let predecessors: [Int64]
  /// In the order of `fields`; 0 says nothing.
  let values: [Int64]

  static let fields: [(name: String, field: Google2019CollectionField)] = [
    ("parent_collection_id", .parent), ("max_per_machine", .maxPerMachine),
    ("max_per_switch", .maxPerSwitch), ("vertical_scaling", .verticalScaling),
    ("scheduler", .scheduler),
  ]

  fileprivate init(user: String, predecessors: [Int64], values: [Int64]) {
    (self.user, self.predecessors, self.values) = (user, predecessors, values)
  }

  init(_ row: some Google2019Row) throws(RowError) {
    user = String(
      decoding: try row.text(Google2019CollectionField.user.rawValue), as: UTF8.self)
    predecessors = try row.list(Google2019CollectionField.startAfter.rawValue)
    var values: [Int64] = []
    for (_, field) in Self.fields {
      values.append(try row.optionalInteger(field.rawValue, in: 0...Int64.max) ?? 0)
    }
    self.values = values
  }
}

/// Takes the events of a table in their order, and counts them on the way.
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

  /// The next event, complete; nil for one of an alloc set that is not wanted.
  mutating func add(_ next: Google2019Event) -> LifecycleEvent? {
    var event = next.event
    if let collection = next.collection { add(collection, to: &event) }
    summary.add(time: event.time)
    eventCounts[next.code] += 1
    if next.missing > 0 { summary.missingInfo[Int(next.missing), default: 0] += 1 }
    if event.flags.contains(.allocSet), !includesAllocSets {
      allocSetEvents += 1
      return nil
    }
    return event
  }

  private mutating func add(_ collection: Google2019Collection, to event: inout LifecycleEvent) {
    event.user = UserID(symbols.intern(collection.user))
    for predecessor in collection.predecessors {
      let key = DependencyKey(collection: event.id.job, predecessor: predecessor)
      guard seenDependencies.insert(key).inserted else { continue }
      dependencies.add(TaskID(wholeJob: event.id.job), after: TaskID(wholeJob: predecessor))
    }
    for ((name, field), value) in zip(Google2019Collection.fields, collection.values)
    where value > 0 {
      if field == .maxPerMachine && value == 1 { event.flags.insert(.differentMachines) }
      attributes.set(name, of: event.id, to: Double(value))
    }
  }

  /// The event of an object of `machine_events`.
  mutating func machineEvent(
    _ row: some Google2019Row, _ scale: MachineScale
  ) throws(RowError) -> MachineEvent {
    let time = try row.time(Google2019MachineField.time.rawValue)
    let code = Int(try row.integer(Google2019MachineField.type.rawValue, in: 1...3))
    let capacity = SIMD4(
      try row.amount(Google2019MachineField.cpus.rawValue),
      try row.amount(Google2019MachineField.memory.rawValue), .nan, .nan)
    let event = try MachineEvent(
      time: time,
      machine: try row.integer(Google2019MachineField.machine.rawValue, in: Int64.min...Int64.max),
      kind: [.add, .remove, .update][code - 1], capacity: scale.resources(capacity),
      unknown: scale.unknown(capacity),
      platform: symbols.intern(try row.text(Google2019MachineField.platform.rawValue))
    ).checked()
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

extension Google2019Event: FragmentItem {
  func encode(to out: inout FragmentEncoder) {
    for value in [
      event.id.job, Int64(event.id.index), event.time.rawValue, Int64(code), missing,
      Int64(event.schedulingClass), Int64(event.priority), Int64(event.flags.rawValue),
      event.machine,
    ] { out.put(value) }
    out.put(event.request.cpu)
    out.put(event.request.memory)
    out.put(collection == nil ? 0 : 1)
    guard let collection else { return }
    out.put(collection.user)
    out.put(collection.predecessors.count)
    for predecessor in collection.predecessors { out.put(predecessor) }
    for value in collection.values { out.put(value) }
  }

  init(from input: inout FragmentDecoder) {
    let id = TaskID(
      job: input.integer(Int64.self, in: 0...Int64.max),
      index: input.integer(Int32.self, in: 0...Int32.max))
    let time = Microseconds(input.integer())
    code = input.integer(Int.self, in: 0...Google2019Table.lifeEvents.count - 1)
    missing = input.integer(Int64.self, in: 0...Int64.max)
    event = LifecycleEvent(id: id, kind: Google2019Table.lifeEvents[code], time: time)
    event.schedulingClass = input.integer(Int8.self, in: 0...3)
    event.priority = input.integer(Int16.self, in: 0...Int16.max)
    event.priorityClass = Self.priorityClass(Int64(event.priority))
    event.flags = TaskRecord.Flags(rawValue: input.integer(UInt16.self))
    event.machine = input.integer(Int64.self, in: -1...Int64.max)
    event.request.cpu = input.number()
    event.request.memory = input.number()
    let isPlausible =
      (time.isInRange || !time.isKnown)
      && [event.request.cpu, event.request.memory].allSatisfy {
        $0.isNaN || Ranges.share.contains($0)
      }
    if !isPlausible { input.damage() }
    guard input.integer(UInt8.self, in: 0...1) == 1 else { return }
    collection = Google2019Collection(from: &input)
  }
}

extension Google2019Collection {
  fileprivate convenience init(from input: inout FragmentDecoder) {
    let user = input.text()
    let predecessors = (0..<input.count()).map { _ in input.integer() }
    self.init(
      user: user, predecessors: predecessors,
      values: Self.fields.map { _ in input.integer(Int64.self, in: 0...Int64.max) })
  }
}

import Diagnostics
import TraceInput
import Workload

/// A format whose tasks are the rows of one table of fields, and whose machines, if it has any, are
/// the rows of another: one value, made of the tables and of what a row means.
///
/// ```swift
/// let mine = FieldTableFormat(
///   name: "mine",
///   tasks: .init(
///     FieldTable("jobs", [ColumnSpec("id", .integer, true), ColumnSpec("start", .number, true)]),
///     .csvWithHeader
///   ) { row, scale throws(RowError) in
///     FieldTableTask(
///       TaskRecord(
///         id: TaskID(job: try row.integer(0)), submit: try row.seconds(1), runTime: .zero,
///         request: .zero))
///   })
/// ```
///
/// What it does for all of them: it finds the tables, reads parts on several threads, checks ranges,
/// places errors, counts rejected rows and statuses, sorts the records in bounded memory, and makes the
/// surveys. Rows may be in any order.
public struct FieldTableFormat: TraceFormat {
  /// The name for `--format`.
  public let name: String
  let tasks: Tasks
  let machines: Machines?
  let readings: Readings?
  let relativeAmounts: RelativeAmounts
  public let summary: FormatSummary?

  /// A format called `name`.
  ///
  /// - Parameters:
  ///   - name: its name.
  ///   - tasks: the table of its tasks.
  ///   - machines: the table of its machines, if it has one.
  ///   - readings: the table of what machines used over time, if it has one.
  ///   - relativeAmounts: which amounts are shares of the largest machine's.
  ///   - summary: what it is, for the table of all formats.
  public init(
    name: String, tasks: Tasks, machines: Machines? = nil, readings: Readings? = nil,
    relativeAmounts: RelativeAmounts = [], summary: FormatSummary? = nil
  ) {
    self.summary = summary
    self.name = name
    self.tasks = tasks
    self.machines = machines
    self.readings = readings
    self.relativeAmounts = relativeAmounts
  }

  /// The table that records are made from.
  public struct Tasks: Sendable {
    /// Makes a task of a row; its error makes the row a bad one.
    public typealias Reading =
      @Sendable (FieldRow, MachineScale) throws(RowError) -> FieldTableTask

    let table: FieldTable
    let syntax: RowSyntax
    let accepts: (@Sendable (FieldRow) -> Bool)?
    let statuses: [String]
    let read: Reading

    /// A table.
    ///
    /// - Parameters:
    ///   - table: its name and columns.
    ///   - syntax: how its rows are written.
    ///   - accepts: what a row must hold to be one of this table, besides the right kinds; for tables
    ///     without a header.
    ///   - statuses: the names of `FieldTableTask.status`, which are counted.
    ///   - read: makes a task of a row. It may run on any thread, several rows at a time.
    public init(
      _ table: FieldTable, _ syntax: RowSyntax, accepts: (@Sendable (FieldRow) -> Bool)? = nil,
      statuses: [String] = [], read: @escaping Reading
    ) {
      self.table = table
      self.syntax = syntax
      self.accepts = accepts
      self.statuses = statuses
      self.read = read
    }
  }

  /// The table that machines are made from.
  public struct Machines: Sendable {
    /// Makes an event of a row.
    public typealias Reading =
      @Sendable (FieldRow, MachineScale) throws(RowError) -> FieldTableMachine

    let table: FieldTable
    let syntax: RowSyntax
    let accepts: (@Sendable (FieldRow) -> Bool)?
    let firstRowAdds: Bool
    let read: Reading

    /// A table.
    ///
    /// - Parameters:
    ///   - table: its name and columns.
    ///   - syntax: how its rows are written.
    ///   - accepts: as of ``FieldTableFormat/Tasks``.
    ///   - firstRowAdds: whether a machine's first row adds it, whatever kind of event it has.
    ///   - read: makes an event of a row.
    public init(
      _ table: FieldTable, _ syntax: RowSyntax, accepts: (@Sendable (FieldRow) -> Bool)? = nil,
      firstRowAdds: Bool = false, read: @escaping Reading
    ) {
      self.table = table
      self.syntax = syntax
      self.accepts = accepts
      self.firstRowAdds = firstRowAdds
      self.read = read
    }
  }

  /// The trace in `input`, known by its headers or by what its rows hold.
  public func recognise(
    _ input: TraceInput, table: String?
  ) throws(TraceError) -> (any RecognisedTrace)? {
    var candidates = [
      FieldTableFinder.Candidate(table: tasks.table, syntax: tasks.syntax, accepts: tasks.accepts)
    ]
    if let machines {
      candidates.append(
        .init(table: machines.table, syntax: machines.syntax, accepts: machines.accepts))
    }
    if let readings {
      candidates.append(
        .init(table: readings.table, syntax: readings.syntax, accepts: readings.accepts))
    }
    let finder = FieldTableFinder(format: name, candidates: candidates)
    guard let found = try FieldTableTrace(finder, input, asked: table) else { return nil }
    return FieldTableFormatTrace(found: found, source: self)
  }
}

/// What a row of a task table says.
public struct FieldTableTask: Sendable {
  /// The task.
  public var record: TaskRecord
  /// Which of the table's statuses it has, to be counted; -1 is none.
  public var status: Int
  /// The user's name; nil where the record's own stands.
  public var user: String?
  /// What it waits for: numbers of tasks of the same job.
  public var predecessors: [Int32]
  /// What is kept beside the record.
  public var attributes: [(name: String, value: FieldValue)]

  /// A task.
  public init(
    _ record: TaskRecord, status: Int = -1, user: String? = nil, predecessors: [Int32] = [],
    attributes: [(name: String, value: FieldValue)] = []
  ) {
    self.record = record
    self.status = status
    self.user = user
    self.predecessors = predecessors
    self.attributes = attributes
  }
}

/// What is kept beside a record.
public enum FieldValue: Sendable, Equatable {
  /// A number; exact for integers up to 2^53.
  case number(Double)
  /// A name.
  case text(String)
}

/// What a row of a machine table says.
public struct FieldTableMachine: Sendable {
  /// The event; its platform is set by the next.
  public var event: MachineEvent
  /// The platform's name.
  public var platform: String
  /// What the row counts as, in a survey.
  public var kind: String

  /// A machine's event.
  public init(_ event: MachineEvent, platform: String = "", kind: String) {
    self.event = event
    self.platform = platform
    self.kind = kind
  }
}

/// A trace of a ``FieldTableFormat`` that was found.
struct FieldTableFormatTrace: RecognisedTrace {
  let found: FieldTableTrace
  let source: FieldTableFormat

  var format: String { found.format }
  var tables: [TraceTable] { found.tables }
  var notes: [Note] { found.notes }
  var passedOver: [PassedOverFile] { found.passedOver }
  var relativeAmounts: RelativeAmounts { source.relativeAmounts }

  func canSplit(_ table: String?) -> Bool { found.canSplit(source.tasks.table.name) }

  func records(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    try gather(options).stream()
  }

  private func gather(_ options: ReadOptions) throws(TraceError) -> RecordGathering {
    let (tasks, scale) = (source.tasks, options.scale)
    var gathering = RecordGathering(options)
    var reader = try found.recordReader(tasks.table.name, options)
    let read = tasks.read
    var counts = Array(repeating: 0, count: tasks.statuses.count)
    var order: [Int] = []
    var circular = 0
    try reader.forEachRow(
      { row throws(RowError) in
        let task = try read(row, scale)
        if let issue = task.record.rangeIssue {
          throw RowError(column: nil, message: issue, reason: "value out of range")
        }
        return task
      },
      { task throws(TraceError) in
        var record = task.record
        if counts.indices.contains(task.status) {
          if counts[task.status] == 0 { order.append(task.status) }
          counts[task.status] += 1
        }
        if let user = task.user { record.user = UserID(gathering.symbols.intern(user)) }
        gathering.survey.add(record)
        gathering.add(record)
        for predecessor in task.predecessors {
          guard predecessor != record.id.index else {
            circular += 1
            continue
          }
          gathering.dependencies.add(
            record.id, after: TaskID(job: record.id.job, index: predecessor))
        }
        if !gathering.keepsAttributes {
          gathering.attributes.omitted += task.attributes.isEmpty ? 0 : 1
          return
        }
        for (name, value) in task.attributes {
          switch value {
          case .number(let number): gathering.attributes.set(name, of: record.id, to: number)
          case .text(let text):
            let symbol = gathering.symbols.intern(text)
            gathering.attributes.set(name, .symbol, of: record.id, to: Double(symbol))
          }
        }
      })
    for status in order { gathering.count(tasks.statuses[status], times: counts[status]) }
    if circular > 0 {
      gathering.report.notes.add(
        Note(
          .leftOut, tasks.table.name, ["tasks": Double(circular)],
          "\(circular) \(circular == 1 ? "task names itself" : "tasks name themselves") as predecessor: ignored"
        ))
    }
    gathering.finish(tasks.table.name, rows: reader.rows, comments: reader.comments, options)
    return gathering
  }

  func canMakeRecords(from table: String?) -> Bool {
    guard let table else { return tables.contains { $0.name == source.tasks.table.name } }
    return table == source.tasks.table.name
  }

  var machineTable: String? {
    source.machines.flatMap { machines in
      tables.contains { $0.name == machines.table.name } ? machines.table.name : nil
    }
  }

  func machineEvents(_ options: ReadOptions) throws(TraceError) -> MachineEventList? {
    guard let machines = source.machines, var reader = found.reader(machines.table.name, options)
    else { return nil }
    var list = MachineEventList(events: [], symbols: SymbolTable())
    var gathering = RecordGathering(options)
    try reader.forEachRow { row throws(RowError) in
      let machine = try Self.read(row, machines, options.scale)
      gathering.survey.add(time: machine.event.time)
      gathering.count(machine.kind)
      var event = machine.event
      event.platform = list.symbols.intern(machine.platform)
      list.events.append(event)
    }
    list = list.inTimeOrder()
    gathering.finish(
      machines.table.name, rows: reader.rows, comments: reader.comments, options)
    list.survey = gathering.survey
    guard machines.firstRowAdds else { return list }
    var known: Set<Int64> = []
    for index in list.events.indices where known.insert(list.events[index].machine).inserted {
      list.events[index].kind = .add
    }
    return list
  }

  private static func read(
    _ row: FieldRow, _ machines: FieldTableFormat.Machines, _ scale: MachineScale
  ) throws(RowError) -> FieldTableMachine {
    let machine = try machines.read(row, scale)
    _ = try machine.event.checked()
    return machine
  }

  func survey(_ table: String, _ options: ReadOptions) throws(TraceError) -> TableSurvey {
    if table == source.tasks.table.name { return try gather(options).survey }
    if let readings = source.readings, table == readings.table.name,
      let survey = try readings.survey(found, options)
    {
      return survey
    }
    guard let machines = source.machines, table == machines.table.name,
      var reader = found.reader(table, options)
    else { throw found.noTable(table) }
    var gathering = RecordGathering(options)
    try reader.forEachRow { row throws(RowError) in
      let machine = try Self.read(row, machines, options.scale)
      gathering.survey.add(time: machine.event.time)
      gathering.count(machine.kind)
    }
    gathering.finish(table, rows: reader.rows, comments: reader.comments, options)
    return gathering.survey
  }
}

extension MachineEventList {
  /// The events sorted by time; those of one time stay as they were.
  func inTimeOrder() -> MachineEventList {
    let order = events.indices.sorted {
      events[$0].time != events[$1].time ? events[$0].time < events[$1].time : $0 < $1
    }
    return MachineEventList(events: order.map { events[$0] }, symbols: symbols)
  }
}

extension FieldTableTask: FragmentItem {
  package func encode(to out: inout FragmentEncoder) {
    record.encode(to: &out)
    out.put(status)
    out.put(user == nil ? 0 : 1)
    out.put(user ?? "")
    out.put(predecessors.count)
    for predecessor in predecessors { out.put(predecessor) }
    out.put(attributes.count)
    for (name, value) in attributes {
      out.put(name)
      switch value {
      case .number(let number):
        out.put(0)
        out.put(number)
      case .text(let text):
        out.put(1)
        out.put(text)
      }
    }
  }

  package init(from input: inout FragmentDecoder) {
    self.init(TaskRecord(from: &input), status: input.integer(Int.self))
    let hasUser = input.integer(UInt8.self) == 1
    let name = input.text()
    user = hasUser ? name : nil
    predecessors = (0..<input.count()).map { _ in input.integer(Int32.self) }
    attributes = (0..<input.count()).map { _ in
      let name = input.text()
      return input.integer(UInt8.self, in: 0...1) == 0
        ? (name, .number(input.number())) : (name, .text(input.text()))
    }
  }
}

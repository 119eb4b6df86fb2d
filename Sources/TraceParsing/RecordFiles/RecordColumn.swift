import Parquet
import Tables
import Workload

/// A column of the files that task records are kept in: the one place that says how a record and a
/// row correspond, for Parquet and CSV, reading and writing.
///
/// A missing value is nil, and null or empty in the file; see `docs/record-files.md`.
public struct RecordColumn: Sendable {
  /// What a column holds, and where its value stands in a record.
  enum Access: Sendable {
    case integer(RecordField)
    /// An amount of CPU, in cores.
    case number(RecordField)
    case flag(TaskRecord.Flags)
    /// One of a few names, by its number.
    case label([String], RecordField)
    /// A name in the symbol table.
    case user
  }

  /// How a record says that it has no value.
  enum Absence: Sendable {
    /// It always has one.
    case never
    /// The field holds this, as it does in a new record.
    case sentinel(Int64)
    /// The field is below 0, as it is in a new record.
    case negative
    /// A flag says so.
    case flag(TaskRecord.Flags)
  }

  /// The name in the file's header.
  public let name: String
  let access: Access
  let absence: Absence
  /// The integers that it may hold.
  let range: ClosedRange<Int64>
  /// Whether its values are names that happen to be numbers: nothing is rounded, nothing scaled.
  var isIdentifier: Bool { ["job_id", "task_index", "machine_id"].contains(name) }
  /// Whether its values are times or spans.
  var isTime: Bool { name.hasSuffix("_us") }
  /// Whether a row may lack it.
  public var isNullable: Bool {
    if case .user = access { return true }
    if case .never = absence { return false }
    return true
  }

  private init(
    _ name: String, _ access: Access, _ absence: Absence = .never,
    range: ClosedRange<Int64> = Int64.min...Int64.max
  ) {
    self.name = name
    self.access = access
    self.absence = absence
    self.range = range
  }

  /// All columns, in the order in which they are written.
  static let all: [RecordColumn] =
    identity + times + fate + demand + [
      flag("cut_off_at_start", .cutOffAtStart), flag("cut_off_at_end", .cutOffAtEnd),
      flag("missing_info", .missingInfo), flag("irregular", .irregular),
      flag("request_assumed", .requestAssumed), flag("different_machines", .differentMachines),
      flag("alloc_set", .allocSet), flag("in_alloc_set", .inAllocSet),
      flag("spans_machines", .spansMachines),
    ]

  private static let identity = [
    integer("job_id", \.id.job),
    integer("task_index", \.id.index, range: Ranges.taskIndex),
    RecordColumn("user", .user),
    integer("priority", \.priority, .negative, range: Ranges.priority),
    label("priority_class", \.priorityClass, PriorityClass.allCases.map(\.name)),
    integer(
      "scheduling_class", \.schedulingClass, .negative, range: Ranges.schedulingClass),
  ]

  private static let times = [
    span("submit_us", \.submit),
    time("first_schedule_us", \.firstSchedule), time("last_schedule_us", \.lastSchedule),
    time("end_us", \.end),
    span("wait_us", \.waitTime, .flag(.waitTimeUnknown)),
    span("run_us", \.runTime, .flag(.runTimeUnknown)),
    time("deadline_us", \.deadline), time("estimate_us", \.estimate),
  ]

  private static let fate = [
    integer("attempts", \.attempts, range: Ranges.attempts),
    label("outcome", \.outcome, Outcome.allCases.map(\.name)),
    integer("machine_id", \.machine, .sentinel(-1)),
    integer("instances", \.instances, range: Ranges.instances),
  ]

  private static let demand = [
    RecordColumn("cpu_cores", .number(RecordField(\.request.cpu)), .flag(.cpuUnknown)),
    bytes("memory_bytes", \.request.memory, .memoryUnknown),
    bytes("disk_bytes", \.request.disk, .diskUnknown),
    RecordColumn("max_cpu_cores", .number(RecordField(\.maxRequest.cpu)), .flag(.cpuUnknown)),
    bytes("max_memory_bytes", \.maxRequest.memory, .memoryUnknown),
    bytes("max_disk_bytes", \.maxRequest.disk, .diskUnknown),
    RecordColumn(
      "gpu_milli",
      .integer(RecordField(\.request.milliGPU, copy: \.maxRequest.milliGPU)),
      range: Ranges.milliGPU),
  ]

  // MARK: - Kinds of columns

  private static func integer<Value: FixedWidthInteger>(
    _ name: String, _ path: KeyPath<TaskRecord, Value>, _ absence: Absence = .never,
    range: ClosedRange<Int64> = Int64(Value.min)...Int64(Value.max)
  ) -> RecordColumn {
    RecordColumn(name, .integer(RecordField(path)), absence, range: range)
  }

  /// A time that may not have come.
  private static func time(
    _ name: String, _ path: KeyPath<TaskRecord, Microseconds>
  ) -> RecordColumn {
    RecordColumn(
      name, .integer(RecordField(path)), .sentinel(Microseconds.never.rawValue),
      range: Ranges.time)
  }

  private static func span(
    _ name: String, _ path: KeyPath<TaskRecord, Microseconds>, _ absence: Absence = .never
  ) -> RecordColumn { RecordColumn(name, .integer(RecordField(path)), absence, range: Ranges.time) }

  private static func bytes(
    _ name: String, _ path: KeyPath<TaskRecord, Bytes>, _ unknown: TaskRecord.Flags
  ) -> RecordColumn {
    RecordColumn(name, .integer(RecordField(path)), .flag(unknown), range: Ranges.amount)
  }

  private static func flag(_ name: String, _ flag: TaskRecord.Flags) -> RecordColumn {
    RecordColumn(name, .flag(flag))
  }

  /// A column of names of an enumeration whose raw values count from 0.
  private static func label<Value>(
    _ name: String, _ path: KeyPath<TaskRecord, Value>, _ names: [String]
  ) -> RecordColumn { RecordColumn(name, .label(names, RecordField(path))) }
}

// MARK: - Columns that a file does not have

extension RecordColumn {
  /// A record before its row is read, from a file that has only the columns `present`.
  static func blank(without present: Set<String>) -> TaskRecord {
    var record = TaskRecord(id: TaskID(job: 0), submit: .zero, runTime: .zero, request: .zero)
    for column in all where !present.contains(column.name) {
      if column.name.hasPrefix("max_"), present.contains(String(column.name.dropFirst(4))) {
        continue
      }
      column.setMissing(&record)
    }
    return record
  }

  /// What to do to a record afterwards: where only one of request and largest request is there, it is the
  /// other one too.
  static func completions(without present: Set<String>) -> [@Sendable (inout TaskRecord) -> Void] {
    let copies: [(String, @Sendable (inout TaskRecord) -> Void)] = [
      ("max_cpu_cores", { $0.maxRequest.cpu = $0.request.cpu }),
      ("max_memory_bytes", { $0.maxRequest.memory = $0.request.memory }),
      ("max_disk_bytes", { $0.maxRequest.disk = $0.request.disk }),
    ]
    var completions = copies.filter { !present.contains($0.0) }.map(\.1)
    if copies.contains(where: { present.contains($0.0) }) {
      completions.append { $0.completeRequests() }
    }
    if present.contains("run_us") {
      // What has a run time ran, and to its end where nothing else is said.
      let (tellsAttempts, tellsOutcome) = (
        present.contains("attempts"), present.contains("outcome")
      )
      completions.append { record in
        guard !record.flags.contains(.runTimeUnknown) else { return }
        if !tellsAttempts { record.attempts = max(1, record.attempts) }
        if !tellsOutcome, record.outcome == .pending, record.attempts > 0,
          !record.flags.contains(.cutOffAtEnd)
        {
          record.outcome = .finished
        }
      }
    }
    return completions
  }
}

extension TaskRecord {
  /// Makes a request of the largest one and the other way about, where a row has one of them: they share a
  /// flag, so that the missing one would hide the other.
  fileprivate mutating func completeRequests() {
    guard !flags.isDisjoint(with: [.cpuUnknown, .memoryUnknown, .diskUnknown]) else { return }
    complete(\.cpu.nano, .cpuUnknown)
    complete(\.memory.rawValue, .memoryUnknown)
    complete(\.disk.rawValue, .diskUnknown)
  }

  /// What is missing is 0, as in a new record.
  private mutating func complete(_ amount: WritableKeyPath<Resources, Int64>, _ unknown: Flags) {
    let (asked, most) = (request[keyPath: amount], maxRequest[keyPath: amount])
    guard flags.contains(unknown), asked > 0 || most > 0 else { return }
    if asked > 0 { maxRequest[keyPath: amount] = asked } else { request[keyPath: amount] = most }
    flags.remove(unknown)
  }
}

// MARK: - Writing

extension RecordColumn {
  /// All columns as a table's, for writing record files.
  public static let table: [TableColumn<TaskRecord>] = all.map(\.written)

  /// How the column is written: row by row for CSV, many rows at once for Parquet.
  private var written: TableColumn<TaskRecord> {
    let column = self
    var table: TableColumn<TaskRecord>
    switch access {
    case .integer:
      table = TableColumn(name, nullable: isNullable, .integer { column.integer(of: $0) })
      table.batch = .integers { column.gather($0, $1, $2) }
    case .number:
      table = TableColumn(
        name, nullable: isNullable,
        .number { record in column.integer(of: record).map { Cores(nano: $0).value } })
      table.batch = .numbers { column.gatherCores($0, $1, $2) }
    case .flag(let flag):
      table = TableColumn(name, .flag { $0.flags.contains(flag) })
      table.batch = .flags { rows, values in
        for row in rows.indices { values[row] = rows[row].flags.contains(flag) }
      }
    case .label(let names, let field):
      table = TableColumn(name, .label(names) { Int(field.load(from: $0)) })
      table.batch = .codes { rows, values in
        field.gather(rows, as: UInt8.self) { values[$0] = UInt32($1) }
      }
    case .user:
      table = TableColumn(name, nullable: true, .symbol { $0.user.rawValue })
      table.batch = .codes { rows, values in
        for row in rows.indices { values[row] = rows[row].user.rawValue }
      }
    }
    return table
  }
}

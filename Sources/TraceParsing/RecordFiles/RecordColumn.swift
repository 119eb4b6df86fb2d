import Workload

/// A column of the files that task records are kept in: the one place that says how a record and a
/// row correspond, for Parquet and CSV, reading and writing.
///
/// A missing value is nil, and null or empty in the file; see `docs/record-files.md`.
public struct RecordColumn: Sendable {
  /// How a column's values are held.
  enum Access: Sendable {
    case integer(
      get: @Sendable (borrowing TaskRecord) -> Int64?,
      set: @Sendable (inout TaskRecord, Int64) -> Void)
    case number(
      get: @Sendable (borrowing TaskRecord) -> Double?,
      set: @Sendable (inout TaskRecord, Double) -> Void)
    case flag(TaskRecord.Flags)
    /// One of a few names; `get` gives its index.
    case label(
      [String], get: @Sendable (borrowing TaskRecord) -> Int,
      set: @Sendable (inout TaskRecord, Int) -> Void)
    /// A name in the symbol table.
    case user
  }

  /// The name in the file's header.
  public let name: String
  let access: Access
  /// Whether a row may lack it.
  public let isNullable: Bool
  /// What reading does to a record whose row lacks it, where the record's initial value is not
  /// right for that.
  let whenMissing: (@Sendable (inout TaskRecord) -> Void)?

  /// The integers that it may hold.
  private(set) var range = Int64.min...Int64.max

  private init(
    _ name: String, _ access: Access, nullable: Bool,
    whenMissing: (@Sendable (inout TaskRecord) -> Void)? = nil
  ) {
    self.name = name
    self.access = access
    isNullable = nullable
    self.whenMissing = whenMissing
  }

  /// How the column is written.
  private var written: TableColumn<TaskRecord> {
    var column: TableColumn<TaskRecord>
    // The loops stand here, and not around `TableColumn`'s cells: those take a row of any type, and
    // every call of one would copy the record.
    switch access {
    case .integer(let get, _):
      column = TableColumn(name, nullable: isNullable, .integer(get))
      column.batch = .integers { rows, values, validity in
        gather(rows, values, validity, get)
      }
    case .number(let get, _):
      column = TableColumn(name, nullable: isNullable, .number(get))
      column.batch = .numbers { rows, values, validity in
        gather(rows, values, validity, get)
      }
    case .flag(let flag):
      column = TableColumn(name, .flag { $0.flags.contains(flag) })
      column.batch = .flags { rows, values in
        for row in rows.indices { values[row] = rows[row].flags.contains(flag) }
      }
    case .label(let names, let get, _):
      column = TableColumn(name, .label(names, get))
      column.batch = .codes { rows, values in
        for row in rows.indices { values[row] = UInt32(truncatingIfNeeded: get(rows[row])) }
      }
    case .user:
      column = TableColumn(name, nullable: true, .symbol { $0.user.rawValue })
      column.batch = .codes { rows, values in
        for row in rows.indices { values[row] = rows[row].user.rawValue }
      }
    }
    return column
  }

  /// All columns as a table's, for writing record files.
  public static let table: [TableColumn<TaskRecord>] = all.map(\.written)

  /// All columns, in the order in which they are written.
  static let all: [RecordColumn] =
    identity + times + fate + demand + [
      flag("cut_off_at_start", .cutOffAtStart), flag("cut_off_at_end", .cutOffAtEnd),
      flag("missing_info", .missingInfo), flag("irregular", .irregular),
      flag("request_assumed", .requestAssumed), flag("different_machines", .differentMachines),
      flag("alloc_set", .allocSet), flag("in_alloc_set", .inAllocSet),
    ]

  /// What to do to a record, before its row is read, whose file has only the columns `present`.
  static func marks(without present: Set<String>) -> [@Sendable (inout TaskRecord) -> Void] {
    all.compactMap { column in
      if present.contains(column.name) { return nil }
      if column.name.hasPrefix("max_"), present.contains(String(column.name.dropFirst(4))) {
        return nil
      }
      return column.whenMissing
    }
  }

  /// What to do to it afterwards: a file without a largest request has the request for it.
  static func completions(without present: Set<String>) -> [@Sendable (inout TaskRecord) -> Void] {
    let copies: [(String, @Sendable (inout TaskRecord) -> Void)] = [
      ("max_cpu_cores", { $0.maxRequest.cpu = $0.request.cpu }),
      ("max_memory_bytes", { $0.maxRequest.memory = $0.request.memory }),
      ("max_disk_bytes", { $0.maxRequest.disk = $0.request.disk }),
    ]
    return copies.filter { !present.contains($0.0) }.map(\.1)
  }

  private static let identity = [
    integer("job_id") {
      $0.id.job
    } set: {
      $0.id.job = $1
    },
    integer("task_index") {
      Int64($0.id.index)
    } set: {
      $0.id.index = Int32(clamping: $1)
    }.holding(Int32.self),
    RecordColumn("user", .user, nullable: true),
    integer("priority", nullable: true) {
      $0.priority < 0 ? nil : Int64($0.priority)
    } set: {
      $0.priority = Int16(clamping: $1)
    }.holding(Int16.self),
    label("priority_class", PriorityClass.allCases.map(\.name)) {
      Int($0.priorityClass.rawValue)
    } set: {
      $0.priorityClass = PriorityClass(rawValue: UInt8($1)) ?? .unknown
    },
    integer("scheduling_class", nullable: true) {
      $0.schedulingClass < 0 ? nil : Int64($0.schedulingClass)
    } set: {
      $0.schedulingClass = Int8(clamping: $1)
    }.holding(Int8.self),
  ]

  private static let times = [
    integer("submit_us") {
      $0.submit.rawValue
    } set: {
      $0.submit = Microseconds($1)
    },
    time("first_schedule_us") {
      $0.firstSchedule
    } set: {
      $0.firstSchedule = $1
    },
    time("last_schedule_us") {
      $0.lastSchedule
    } set: {
      $0.lastSchedule = $1
    },
    time("end_us") {
      $0.end
    } set: {
      $0.end = $1
    },
    span("wait_us", unless: .waitTimeUnknown) {
      $0.waitTime
    } set: {
      $0.waitTime = $1
    },
    span("run_us", unless: .runTimeUnknown) {
      $0.runTime
    } set: {
      $0.runTime = $1
    },
    time("deadline_us") {
      $0.deadline
    } set: {
      $0.deadline = $1
    },
    time("estimate_us") {
      $0.estimate
    } set: {
      $0.estimate = $1
    },
  ]

  private static let fate = [
    integer("attempts") {
      Int64($0.attempts)
    } set: {
      $0.attempts = Int32(clamping: $1)
    }.holding(Int32.self),
    label("outcome", Outcome.allCases.map(\.name)) {
      Int($0.outcome.rawValue)
    } set: {
      $0.outcome = Outcome(rawValue: UInt8($1)) ?? .lost
    },
    integer("machine_id", nullable: true) {
      $0.machine == -1 ? nil : $0.machine
    } set: {
      $0.machine = $1
    },
    integer("instances") {
      Int64($0.instances)
    } set: {
      $0.instances = Int32(clamping: $1)
    }.holding(Int32.self),
  ]

  private static let demand = [
    number("cpu_cores", unless: .cpuUnknown) {
      $0.request.cpu.value
    } set: {
      $0.request.cpu = Cores($1)
    },
    bytes("memory_bytes", unless: .memoryUnknown) {
      $0.request.memory
    } set: {
      $0.request.memory = $1
    },
    bytes("disk_bytes", unless: .diskUnknown) {
      $0.request.disk
    } set: {
      $0.request.disk = $1
    },
    number("max_cpu_cores", unless: .cpuUnknown) {
      $0.maxRequest.cpu.value
    } set: {
      $0.maxRequest.cpu = Cores($1)
    },
    bytes("max_memory_bytes", unless: .memoryUnknown) {
      $0.maxRequest.memory
    } set: {
      $0.maxRequest.memory = $1
    },
    bytes("max_disk_bytes", unless: .diskUnknown) {
      $0.maxRequest.disk
    } set: {
      $0.maxRequest.disk = $1
    },
    integer("gpu_milli") {
      $0.request.milliGPU
    } set: {
      $0.request.milliGPU = $1
      $0.maxRequest.milliGPU = $1
    },
  ]
}

/// Puts the values that rows have end to end, and for each row whether it has one; returns how many.
@inline(__always)
private func gather<Value>(
  _ rows: UnsafeBufferPointer<TaskRecord>, _ values: UnsafeMutablePointer<Value>,
  _ validity: UnsafeMutablePointer<Bool>, _ get: (borrowing TaskRecord) -> Value?
) -> Int {
  var present = 0
  for row in rows.indices {
    let value = get(rows[row])
    validity[row] = value != nil
    if let value {
      values[present] = value
      present += 1
    }
  }
  return present
}

// MARK: - Kinds of columns

extension RecordColumn {
  private static func integer(
    _ name: String, nullable: Bool = false,
    get: @escaping @Sendable (borrowing TaskRecord) -> Int64?,
    set: @escaping @Sendable (inout TaskRecord, Int64) -> Void
  ) -> RecordColumn { RecordColumn(name, .integer(get: get, set: set), nullable: nullable) }

  private func holding<I: FixedWidthInteger>(_: I.Type) -> RecordColumn {
    var column = self
    column.range = Int64(I.min)...Int64(I.max)
    return column
  }

  /// A time that may not have come.
  private static func time(
    _ name: String, get: @escaping @Sendable (borrowing TaskRecord) -> Microseconds,
    set: @escaping @Sendable (inout TaskRecord, Microseconds) -> Void
  ) -> RecordColumn {
    var column = RecordColumn(
      name,
      .integer(
        get: {
          let time = get($0)
          return time.isKnown ? time.rawValue : nil
        }, set: { set(&$0, Microseconds($1)) }),
      nullable: true)
    column.range = 0...Int64.max
    return column
  }

  /// A span that a flag says is not known.
  private static func span(
    _ name: String, unless unknown: TaskRecord.Flags,
    get: @escaping @Sendable (borrowing TaskRecord) -> Microseconds,
    set: @escaping @Sendable (inout TaskRecord, Microseconds) -> Void
  ) -> RecordColumn {
    RecordColumn(
      name,
      .integer(
        get: { $0.flags.contains(unknown) ? nil : get($0).rawValue },
        set: { set(&$0, Microseconds($1)) }),
      nullable: true, whenMissing: { $0.flags.insert(unknown) })
  }

  private static func number(
    _ name: String, unless unknown: TaskRecord.Flags,
    get: @escaping @Sendable (borrowing TaskRecord) -> Double,
    set: @escaping @Sendable (inout TaskRecord, Double) -> Void
  ) -> RecordColumn {
    RecordColumn(
      name, .number(get: { $0.flags.contains(unknown) ? nil : get($0) }, set: set), nullable: true,
      whenMissing: { $0.flags.insert(unknown) })
  }

  private static func bytes(
    _ name: String, unless unknown: TaskRecord.Flags,
    get: @escaping @Sendable (borrowing TaskRecord) -> Bytes,
    set: @escaping @Sendable (inout TaskRecord, Bytes) -> Void
  ) -> RecordColumn {
    RecordColumn(
      name,
      .integer(
        get: { $0.flags.contains(unknown) ? nil : get($0).rawValue }, set: { set(&$0, Bytes($1)) }),
      nullable: true, whenMissing: { $0.flags.insert(unknown) })
  }

  private static func flag(_ name: String, _ flag: TaskRecord.Flags) -> RecordColumn {
    RecordColumn(name, .flag(flag), nullable: false)
  }

  private static func label(
    _ name: String, _ names: [String], get: @escaping @Sendable (borrowing TaskRecord) -> Int,
    set: @escaping @Sendable (inout TaskRecord, Int) -> Void
  ) -> RecordColumn { RecordColumn(name, .label(names, get: get, set: set), nullable: false) }
}

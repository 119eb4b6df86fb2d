import Workload

/// Where a column's value stands in a `TaskRecord`: columns are filled and taken as strided memory,
/// not through a call for each cell.
struct RecordField: Sendable {
  private let offset: Int
  /// 1, 2, 4 or 8 bytes, of a signed integer (1: or a small unsigned one).
  private let width: Int
  /// A second field, which is given the same value; as wide as the first.
  private let copy: Int?

  init<Value>(_ path: KeyPath<TaskRecord, Value>, copy: KeyPath<TaskRecord, Value>? = nil) {
    offset = Self.offset(of: path)
    width = MemoryLayout<Value>.size
    self.copy = copy.map { Self.offset(of: $0) }
  }

  private static func offset<Value>(of path: KeyPath<TaskRecord, Value>) -> Int {
    guard let offset = MemoryLayout<TaskRecord>.offset(of: path) else {
      preconditionFailure("\(path) is no stored property")
    }
    return offset
  }

  /// A record's value.
  func load(from record: borrowing TaskRecord) -> Int64 {
    withUnsafeBytes(of: record) { bytes in
      switch width {
      case 8: bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self)
      case 4: Int64(bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
      case 2: Int64(bytes.loadUnaligned(fromByteOffset: offset, as: Int16.self))
      default: Int64(bytes.loadUnaligned(fromByteOffset: offset, as: Int8.self))
      }
    }
  }

  /// Gives a record a value; one that does not fit becomes the nearest that does.
  func store(_ value: Int64, in record: inout TaskRecord) {
    withUnsafeMutablePointer(to: &record) { record in
      switch width {
      case 8: set(record, value)
      case 4: set(record, Int32(clamping: value))
      case 2: set(record, Int16(clamping: value))
      default: set(record, Int8(clamping: value))
      }
    }
  }

  private func set<Value>(_ record: UnsafeMutablePointer<TaskRecord>, _ value: Value) {
    UnsafeMutableRawPointer(record).storeBytes(of: value, toByteOffset: offset, as: Value.self)
    guard let copy else { return }
    UnsafeMutableRawPointer(record).storeBytes(of: value, toByteOffset: copy, as: Value.self)
  }

  /// Calls `body` with the number and the value of each record. `Value` is as wide as the field.
  @inline(__always)
  func gather<Value: BitwiseCopyable>(
    _ records: UnsafeBufferPointer<TaskRecord>, as: Value.Type, _ body: (Int, Value) -> Void
  ) {
    guard let start = records.baseAddress else { return }
    var place = UnsafeRawPointer(start) + offset
    for row in 0..<records.count {
      body(row, place.load(as: Value.self))
      place += MemoryLayout<TaskRecord>.stride
    }
  }

  /// Gives each of `count` records the value of its row.
  func scatter(_ values: UnsafePointer<Int64>, _ records: UnsafeMutableBufferPointer<TaskRecord>) {
    switch width {
    case 8: scatter(records) { values[$0] }
    case 4: scatter(records) { Int32(truncatingIfNeeded: values[$0]) }
    case 2: scatter(records) { Int16(truncatingIfNeeded: values[$0]) }
    default: scatter(records) { Int8(truncatingIfNeeded: values[$0]) }
    }
  }

  @inline(__always)
  func scatter<Value: BitwiseCopyable>(
    _ records: UnsafeMutableBufferPointer<TaskRecord>, _ value: (Int) -> Value
  ) {
    guard let start = records.baseAddress else { return }
    var place = UnsafeMutableRawPointer(start) + offset
    var second = UnsafeMutableRawPointer(start) + (copy ?? offset)
    for row in 0..<records.count {
      let value = value(row)
      place.storeBytes(of: value, as: Value.self)
      second.storeBytes(of: value, as: Value.self)
      place += MemoryLayout<TaskRecord>.stride
      second += MemoryLayout<TaskRecord>.stride
    }
  }

  /// Takes each record's value, widened.
  @inline(__always)
  func gatherIntegers(
    _ records: UnsafeBufferPointer<TaskRecord>, _ body: (Int, Int64) -> Void
  ) {
    switch width {
    case 8: gather(records, as: Int64.self, body)
    case 4: gather(records, as: Int32.self) { body($0, Int64($1)) }
    case 2: gather(records, as: Int16.self) { body($0, Int64($1)) }
    default: gather(records, as: Int8.self) { body($0, Int64($1)) }
    }
  }
}

extension RecordColumn {
  /// A record's value, or nil if it has none; for columns of integers and amounts of CPU.
  func integer(of record: borrowing TaskRecord) -> Int64? {
    guard let field else { return nil }
    let value = field.load(from: record)
    switch absence {
    case .never: return value
    case .sentinel(let sentinel): return value == sentinel ? nil : value
    case .negative: return value < 0 ? nil : value
    case .flag(let flag): return record.flags.contains(flag) ? nil : value
    }
  }

  private var field: RecordField? {
    switch access {
    case .integer(let field), .number(let field), .label(_, let field): field
    case .flag, .user: nil
    }
  }

  /// What reading does to a record whose row has no value.
  func setMissing(_ record: inout TaskRecord) {
    if case .flag(let flag) = absence { record.flags.insert(flag) }
  }

  /// Puts the values that records have end to end, and for each record whether it has one; returns
  /// how many have.
  func gather(
    _ records: UnsafeBufferPointer<TaskRecord>, _ values: UnsafeMutablePointer<Int64>,
    _ validity: UnsafeMutablePointer<Bool>
  ) -> Int {
    gather(records, validity) { values[$0] = $1 }
  }

  /// The same of amounts of CPU, in cores.
  func gatherCores(
    _ records: UnsafeBufferPointer<TaskRecord>, _ values: UnsafeMutablePointer<Double>,
    _ validity: UnsafeMutablePointer<Bool>
  ) -> Int {
    gather(records, validity) { values[$0] = Cores(nano: $1).value }
  }

  @inline(__always)
  private func gather(
    _ records: UnsafeBufferPointer<TaskRecord>, _ validity: UnsafeMutablePointer<Bool>,
    _ put: (Int, Int64) -> Void
  ) -> Int {
    guard let field else { return 0 }
    var present = 0
    switch absence {
    case .never:
      validity.update(repeating: true, count: records.count)
      field.gatherIntegers(records) { put($0, $1) }
      return records.count
    case .sentinel(let sentinel):
      field.gatherIntegers(records) { row, value in
        validity[row] = value != sentinel
        put(present, value)
        present += value != sentinel ? 1 : 0
      }
    case .negative:
      field.gatherIntegers(records) { row, value in
        validity[row] = value >= 0
        put(present, value)
        present += value >= 0 ? 1 : 0
      }
    case .flag(let flag):
      field.gatherIntegers(records) { row, value in
        let isThere = !records[row].flags.contains(flag)
        validity[row] = isThere
        put(present, value)
        present += isThere ? 1 : 0
      }
    }
    return present
  }
}

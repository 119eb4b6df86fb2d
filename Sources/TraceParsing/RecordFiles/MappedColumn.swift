import Diagnostics
import Parquet
import Tables
import TraceInput
import Workload

/// A value of another program's table.
enum MappedValue {
  case integer(Int64)
  /// Above the range of `integer`.
  case large(UInt64)
  case number(Double)
  case text(UnsafeRawBufferPointer)
  case flag(Bool)
}

/// One of our columns, as another program may have written it.
struct MappedColumn: Sendable {
  let target: RecordColumn
  /// What a file declares that its times are to be multiplied with; nil is nothing: 1.
  var factor: Double?

  init(_ target: RecordColumn) { self.target = target }

  /// The column with the unit that a file declares for its times.
  ///
  /// - Throws: `TraceError` if the file's type cannot hold the column.
  func obeying(_ column: ParquetColumn, file: String) throws(TraceError) -> MappedColumn {
    if target.isIdentifier { try column.checkHoldsNames(file: file) }
    var obeying = self
    if target.isTime { obeying.factor = column.declaredUnit?.factor ?? factor }
    return obeying
  }

  /// Puts a value into a record; nil is a missing one.
  ///
  /// - Parameters:
  ///   - symbols: the users' names.
  ///   - names: the numbers of jobs and machines that have names.
  func set(
    _ value: MappedValue?, in record: inout TaskRecord, _ symbols: inout SymbolTable,
    _ names: inout NameNumbers
  ) throws(RowError) {
    guard let value, !isMissing(value) else {
      if ["submit_us", "job_id", "task_index"].contains(target.name) {
        throw problem("is missing")
      }
      target.setMissing(&record)
      return
    }
    switch target.access {
    case .integer(let place):
      let whole = try target.isIdentifier ? identifier(value, &names) : integer(value)
      guard target.range.contains(whole) else {
        throw problem(
          "\(whole) is not from \(target.range.lowerBound) to \(target.range.upperBound)")
      }
      place.store(whole, in: &record)
    case .number(let place):
      place.store(Cores(try number(value) * (factor ?? 1)).nano, in: &record)
    case .flag(let flag): if try truth(value) { record.flags.insert(flag) }
    case .label(let labels, let place):
      let word = text(value)
      guard let index = labels.firstIndex(of: word) else {
        throw problem("'\(word.prefix(40))' is none of \(labels.joined(separator: ", "))")
      }
      place.store(Int64(index), in: &record)
    case .user:
      if case .text(let bytes) = value {
        record.user = UserID(symbols.intern(bytes))
      } else {
        record.user = UserID(symbols.intern(text(value)))
      }
    }
  }

  private func isMissing(_ value: MappedValue) -> Bool {
    switch value {
    case .number(let number): number.isNaN
    case .text(let bytes): target.isMissing(bytes)
    case .integer, .large, .flag: false
    }
  }

  /// A name's number: its own where it is one, written as numbers are; never by way of floating point.
  private func identifier(
    _ value: MappedValue, _ names: inout NameNumbers
  ) throws(RowError) -> Int64 {
    switch value {
    case .integer(let integer): return integer
    case .number(let number):
      guard let whole = RecordColumn.integer(number) else {
        throw problem("\(decimal(number)) is no whole number, or its last digits are lost")
      }
      return whole
    case .text(let bytes):
      if let number = target.identifier(bytes, &names) { return number }
    case .large(let large):
      var text = String(large)
      let number = text.withUTF8 { target.identifier(UnsafeRawBufferPointer($0), &names) }
      if let number { return number }
    case .flag: break
    }
    throw problem("'\(text(value).prefix(40))' is no integer")
  }

  private func integer(_ value: MappedValue) throws(RowError) -> Int64 {
    let factor = factor ?? 1
    if let integer = exactInteger(value), let whole = Int64(exactly: factor) {
      let (product, overflow) = integer.multipliedReportingOverflow(by: whole)
      if overflow { throw problem("\(integer) is out of range") }
      return product
    }
    let scaled = try number(value) * factor
    let isAmount = target.isTime || target.name.hasSuffix("_bytes") || target.name == "gpu_milli"
    guard isAmount || scaled == scaled.rounded() else {
      throw problem("\(decimal(scaled)) is no whole number")
    }
    guard let integer = Int64(exactly: scaled.rounded()) else {
      throw problem("\(scaled) is out of range")
    }
    return integer
  }

  private func exactInteger(_ value: MappedValue) -> Int64? {
    switch value {
    case .integer(let integer): integer
    case .text(let bytes): parseInteger(bytes)
    case .large, .number, .flag: nil
    }
  }

  private func number(_ value: MappedValue) throws(RowError) -> Double {
    switch value {
    case .integer(let integer): return Double(integer)
    case .large(let large): return Double(large)
    case .number(let number) where number.isFinite: return number
    case .text(let bytes):
      if let number = parseNumber(bytes) { return number }
    case .number, .flag: break
    }
    throw problem("'\(text(value).prefix(40))' is not a number")
  }

  private func truth(_ value: MappedValue) throws(RowError) -> Bool {
    switch value {
    case .flag(let flag): return flag
    case .integer(let integer): return integer != 0
    case .number(let number): return number != 0
    case .text(let bytes):
      if let truth = RecordColumn.truth(bytes) { return truth }
    case .large: return true
    }
    throw problem("'\(text(value).prefix(40))' is neither true nor false")
  }

  private func text(_ value: MappedValue) -> String {
    switch value {
    case .integer(let integer): "\(integer)"
    case .large(let large): "\(large)"
    case .number(let number): decimal(number)
    case .flag(let flag): "\(flag)"
    case .text(let bytes): String(decoding: bytes, as: UTF8.self)
    }
  }

  func problem(_ what: String) -> RowError {
    RowError(column: nil, message: "\(target.name) \(what)", reason: "bad \(target.name)")
  }
}

extension ParquetColumn {
  /// What the file declares that times in it are to be multiplied with to be µs, and as what.
  var declaredUnit: (factor: Double, type: String)? {
    switch annotation {
    case .time(let decimals, _), .localTime(let decimals):
      [3: 1e3, 6: 1, 9: 1e-3][decimals].map { ($0, "a time with \(decimals) decimals") }
    case .duration(let decimals):
      [0: 1e6, 3: 1e3, 6: 1, 9: 1e-3][decimals].map { ($0, "a duration with \(decimals) decimals") }
    case .date: (86400e6, "DATE")
    default: nil
    }
  }

  /// Whether its times are what a clock somewhere showed.
  var isLocal: Bool {
    switch annotation {
    case .localTime, .date: true
    default: false
    }
  }

  /// Throws where a column of names, such as job numbers, has a type that loses their digits.
  func checkHoldsNames(file: String) throws(TraceError) {
    guard type == .float else { return }
    throw TraceError(
      .malformedRow,
      "column '\(name)' holds FLOAT values, which do not keep the digits of a name", file: file)
  }
}

/// Numbers for jobs and machines whose names are no numbers: from 2^62 on, by a hash of the name, so
/// that one name has one number in every file. That two names share one is noticed.
struct NameNumbers {
  /// Numbers and a second hash of the name of each, by the last bits of the numbers, which are those of a
  /// hash: open addressing with linear probing, 0 is free. At most half are in use.
  private var entries: [(number: Int64, second: UInt64)] = Array(repeating: (0, 0), count: 64)
  private var count = 0

  /// The name's number; nil if another name has it.
  mutating func number(of name: UnsafeRawBufferPointer) -> Int64? {
    let (number, second) = Self.hashes(of: name)
    let mask = entries.count - 1
    var place = Int(truncatingIfNeeded: number) & mask
    while entries[place].number != 0 {
      if entries[place].number == number { return entries[place].second == second ? number : nil }
      place = (place + 1) & mask
    }
    entries[place] = (number, second)
    count += 1
    if count * 2 > entries.count { grow() }
    return number
  }

  /// The number of a name, and a second hash that tells names of one number apart. O(length).
  static func hashes(of name: UnsafeRawBufferPointer) -> (number: Int64, second: UInt64) {
    var second = UInt64(name.count)
    var first: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name {
      first = (first ^ UInt64(byte)) &* 0x0100_0000_01b3
      second = (second &+ UInt64(byte)) &* 0x9e37_79b9_7f4a_7c15 ^ second >> 29
    }
    return (Int64(1 << 62 | first >> 2), second)
  }

  private mutating func grow() {
    let old = entries
    entries = Array(repeating: (0, 0), count: old.count * 2)
    let mask = entries.count - 1
    for entry in old where entry.number != 0 {
      var place = Int(truncatingIfNeeded: entry.number) & mask
      while entries[place].number != 0 { place = (place + 1) & mask }
      entries[place] = entry
    }
  }

  /// The number of a job or a machine: its own where its name is one, written as integers are (`00400`
  /// is another name than `400`); nil if another name has that number.
  mutating func identifier(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    Self.whole(bytes) ?? number(of: bytes)
  }

  /// The number that a name is.
  @inline(__always)
  static func whole(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    guard let first = bytes.first,
      first &- 0x30 < 10 || first == 0x2d || first == 0x2b || first == 0x2e
    else { return nil }
    if isCanonicalInteger(bytes), let whole = parseInteger(bytes) { return whole }
    if bytes.contains(UInt8(ascii: ".")), let whole = parseWholeNumber(bytes),
      abs(whole) <= 1 << 53
    {
      return whole
    }
    return nil
  }
}

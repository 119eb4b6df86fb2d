import Diagnostics
import Parquet
import Tables
import TraceInput
import Workload

/// Reads records from a Parquet file in batches, column by column, with one page a column in memory.
final class ParquetRecordReader {
  private enum Cursor {
    case integers(ParquetCursor<Int64>, RecordField)
    case cores(ParquetCursor<Double>, RecordField)
    case flag(ParquetCursor<Bool>, TaskRecord.Flags)
    case label(ParquetStringCursor, [String], RecordField)
    case user(ParquetStringCursor)
    /// A column of another type than ours.
    case converted(MappedParquetCursor, MappedColumn)
  }

  private let path: String
  private let reader: ParquetReader
  private let meter: ReadMeter?
  private var columns: [(column: RecordColumn, cursor: Cursor)] = []
  /// A record before its row is read.
  private let blank: TaskRecord
  private let completions: [@Sendable (inout TaskRecord) -> Void]
  /// Records read so far.
  private(set) var rows = 0
  private let numbersJobs: Bool

  private var integers = ParquetColumnBuffer<Int64>()
  private var numbers = ParquetColumnBuffer<Double>()
  private var booleans = ParquetColumnBuffer<Bool>()
  private var strings = ParquetStringBuffer()
  /// The flags of the batch's records, put in last.
  private var flags: [UInt16] = []
  /// Rows of the batch with a value that its column cannot have, ascending, and what is wrong.
  private(set) var badRows: [(row: Int, error: TraceError)] = []
  /// What the strings of a column's dictionary are numbered as.
  private struct LabelNumbers {
    static let notAsked = UInt32.max
    static let unknown = UInt32.max - 1
    var dictionary: Int?
    var numbers: [UInt32] = []
  }
  private var labels: [String: LabelNumbers] = [:]
  /// The users' numbers by their codes in `userDictionary`; `max` where not known yet.
  private var userNumbers: [UInt32] = []
  private var userDictionary: Int?
  private var names = NameNumbers()

  /// Records that fit in the processor's cache while one column after another is put in.
  static let batchSize = 512

  init(_ file: TraceInput.File, _ options: ReadOptions) throws(TraceError) {
    path = file.name
    meter = options.meter
    let reader = try file.openParquet(expansion: options.maximumExpansion)
    self.reader = reader
    let names = Set(reader.columns.map(\.name))
    numbersJobs = !names.contains("job_id")
    blank = RecordColumn.blank(without: names)
    completions = RecordColumn.completions(without: names)
    let present = Set((reader.columns.map(\.name) + reader.unreadableColumns.map(\.name)))
    for column in RecordColumn.all where present.contains(column.name) {
      let cursor = try catching(path) { () throws -> Cursor in
        let found = try reader.column(column.name)
        if Self.isOurs(found, column) { return try Self.cursor(column, reader) }
        let mapped = try MappedColumn(column).obeying(found, file: file.name)
        return .converted(try MappedParquetCursor(reader, column.name), mapped)
      }
      columns.append((column, cursor))
    }
  }

  /// Whether the footer says that this program wrote the file.
  var isOfThisProgram: Bool { reader.metadata.contains { $0.key == "tracemill.version" } }

  /// Whether a column is of the type that we write.
  private static func isOurs(_ found: ParquetColumn, _ column: RecordColumn) -> Bool {
    switch (column.access, found.type, found.annotation) {
    case (.integer, .int64, .none), (.integer, .int64, .integer(_, isSigned: true)): true
    case (.number, .double, _), (.flag, .boolean, _), (.label, .string, _), (.user, .string, _):
      true
    default: false
    }
  }

  private static func cursor(_ column: RecordColumn, _ reader: ParquetReader) throws -> Cursor {
    switch column.access {
    case .integer(let field): .integers(try reader.cursor(column.name), field)
    case .number(let field): .cores(try reader.cursor(column.name), field)
    case .flag(let flag): .flag(try reader.cursor(column.name), flag)
    case .label(let names, let field): .label(try reader.stringCursor(column.name), names, field)
    case .user: .user(try reader.stringCursor(column.name))
    }
  }

  /// A time that the file's footer states about the trace that the records came from.
  static func time(_ key: String, _ reader: ParquetReader) -> Microseconds? {
    guard let stated = reader.metadata.first(where: { $0.key == key })?.value,
      let value = Int64(stated), value >= 0
    else { return nil }
    return Microseconds(value)
  }

  /// Puts the next records into uninitialised memory and returns how many, 0 at the end.
  func read(
    into records: UnsafeMutableBufferPointer<TaskRecord>, _ symbols: inout SymbolTable
  ) throws(TraceError) -> Int {
    let count = min(records.count, Self.batchSize, reader.rowCount - rows)
    guard count > 0 else { return 0 }
    let records = UnsafeMutableBufferPointer(rebasing: records[..<count])
    records.initialize(repeating: blank)
    if numbersJobs { for row in 0..<count { records[row].id.job = Int64(rows + row) } }
    badRows.removeAll()
    flags.removeAll(keepingCapacity: true)
    flags.append(contentsOf: repeatElement(blank.flags.rawValue, count: count))
    let result: Result<Void, TraceError> = withUnsafeMutablePointer(to: &symbols) { symbols in
      do throws(TraceError) {
        return .success(
          try catching(path) {
            for (column, cursor) in columns { try fill(records, column, cursor, &symbols.pointee) }
          })
      } catch {
        return .failure(error)
      }
    }
    try result.get()
    for row in 0..<count { records[row].flags.rawValue = flags[row] }
    for complete in completions { for row in 0..<count { complete(&records[row]) } }
    rows += count
    meter?.add(rows: count)
    badRows.sort { $0.row < $1.row }
    return count
  }

  private func fill(
    _ records: UnsafeMutableBufferPointer<TaskRecord>, _ column: RecordColumn, _ cursor: Cursor,
    _ symbols: inout SymbolTable
  ) throws {
    switch cursor {
    case .integers(let cursor, let field):
      try require(cursor.read(records.count, into: &integers), records.count)
      checkRange(column)
      if !integers.validity.isEmpty {
        try requireNames(column)
        Self.markMissing(column, integers.validity, &flags)
        Self.replaceMissing(&integers, by: field.load(from: blank))
      }
      integers.values.withUnsafeBufferPointer { field.scatter($0.baseAddress!, records) }
    case .cores(let cursor, let field):
      try require(cursor.read(records.count, into: &numbers), records.count)
      // What is no number is no amount.
      if numbers.values.contains(where: { !$0.isFinite }) {
        if numbers.validity.isEmpty {
          numbers.validity = Array(repeating: true, count: records.count)
        }
        for row in 0..<records.count where !numbers.values[row].isFinite {
          numbers.validity[row] = false
          numbers.values[row] = 0
        }
      }
      Self.markMissing(column, numbers.validity, &flags)
      numbers.values.withUnsafeBufferPointer { values in
        field.scatter(records) { Cores(values[$0]).nano }
      }
    case .converted(let cursor, let mapped):
      try cursor.read(records.count)
      for row in records.indices {
        do throws(RowError) {
          try cursor.withValue(row) { value throws(RowError) in
            try mapped.set(value, in: &records[row], &symbols, &names)
          }
        } catch {
          throw TraceError(
            .malformedRow, "record \(rows + row + 1): \(error.message)", file: path)
        }
        flags[row] |= records[row].flags.rawValue
      }
    case .flag(let cursor, let flag):
      try require(cursor.read(records.count, into: &booleans), records.count)
      booleans.values.withUnsafeBufferPointer { values in
        flags.withUnsafeMutableBufferPointer { flags in
          for row in 0..<values.count { flags[row] |= values[row] ? flag.rawValue : 0 }
        }
      }
    case .label(let cursor, let names, let field):
      try require(cursor.read(records.count, into: &strings), records.count)
      numberLabels(column, names, blank: field.load(from: blank))
      strings.codes.withUnsafeBufferPointer { codes in
        field.scatter(records) { UInt8(truncatingIfNeeded: codes[$0]) }
      }
    case .user(let cursor):
      try require(cursor.read(records.count, into: &strings), records.count)
      if strings.dictionary == nil || strings.dictionary != userDictionary {
        userNumbers = Array(repeating: .max, count: strings.table.count)
        userDictionary = strings.dictionary
      }
      Self.fillUsers(records, strings, &userNumbers, &symbols)
    }
  }

  /// What must be there is: a record without a name or a time is none.
  private func requireNames(_ column: RecordColumn) throws {
    guard ["submit_us", "job_id", "task_index"].contains(column.name),
      let row = integers.validity.firstIndex(of: false)
    else { return }
    throw TraceError(
      .malformedRow, "record \(rows + row + 1): \(column.name) is missing", file: path)
  }

  private func require(_ read: Int, _ count: Int) throws {
    guard read == count else {
      throw TraceError(.damaged, "a column ends \(count - read) records too early", file: path)
    }
  }

  // What follows are functions of the type, so that the loops work on memory that is theirs: every
  // access to a property of an object is checked for exclusivity.

  /// Notes the flag of a column whose value is not known.
  private static func markMissing(
    _ column: RecordColumn, _ validity: [Bool], _ flags: inout [UInt16]
  ) {
    guard case .flag(let flag) = column.absence else { return }
    for row in validity.indices where !validity[row] { flags[row] |= flag.rawValue }
  }

  private static func replaceMissing(
    _ buffer: inout ParquetColumnBuffer<Int64>, by absent: Int64
  ) {
    buffer.validity.withUnsafeBufferPointer { validity in
      buffer.values.withUnsafeMutableBufferPointer { values in
        for row in values.indices { values[row] = validity[row] ? values[row] : absent }
      }
    }
  }

  private func checkRange(_ column: RecordColumn) {
    let (least, most) = (column.range.lowerBound, column.range.upperBound)
    guard least != .min || most != .max else { return }
    let isInRange = integers.values.withUnsafeBufferPointer { values in
      var (low, high) = (Int64.max, Int64.min)
      for value in values {
        low = min(low, value)
        high = max(high, value)
      }
      return low >= least && high <= most
    }
    if isInRange { return }
    for row in 0..<integers.count {
      guard let value = integers[row], !column.range.contains(value) else { continue }
      note(row, "\(column.name) \(value) is not from \(least) to \(most)")
      integers.values[row] = least
    }
  }

  private func note(_ row: Int, _ problem: String) {
    badRows.append(
      (row, TraceError(.malformedRow, "record \(rows + row + 1): \(problem)", file: path)))
  }

  /// Replaces codes by the places of their names, and notes the rows whose name is not known. Each
  /// string of a dictionary is compared once, however many batches refer to it.
  private func numberLabels(_ column: RecordColumn, _ names: [String], blank: Int64) {
    var known = labels.removeValue(forKey: column.name) ?? LabelNumbers()
    if strings.dictionary == nil || strings.dictionary != known.dictionary {
      known.dictionary = strings.dictionary
      known.numbers = Array(repeating: LabelNumbers.notAsked, count: strings.table.count)
    }
    var codes = strings.codes
    for row in codes.indices {
      guard strings.validity.isEmpty || strings.validity[row] else {
        codes[row] = UInt32(blank)
        continue
      }
      let code = Int(codes[row])
      if known.numbers[code] == LabelNumbers.notAsked {
        known.numbers[code] =
          names.firstIndex { name in
            strings.table.withBytes(of: code) { $0.elementsEqual(name.utf8) }
          }.map { UInt32($0) } ?? LabelNumbers.unknown
      }
      codes[row] = known.numbers[code]
      guard codes[row] == LabelNumbers.unknown else { continue }
      note(
        row,
        "\(column.name) '\((strings[row] ?? "").prefix(40))' is none of "
          + names.joined(separator: ", "))
      codes[row] = UInt32(blank)
    }
    strings.codes = codes
    labels[column.name] = known
  }

  private static func fillUsers(
    _ records: UnsafeMutableBufferPointer<TaskRecord>, _ strings: borrowing ParquetStringBuffer,
    _ numbers: inout [UInt32], _ symbols: inout SymbolTable
  ) {
    for row in records.indices where strings.validity.isEmpty || strings.validity[row] {
      let code = Int(strings.codes[row])
      if numbers[code] == .max {
        numbers[code] = strings.table.withBytes(of: code) { symbols.intern($0) }
      }
      records[row].user = UserID(numbers[code])
    }
  }
}

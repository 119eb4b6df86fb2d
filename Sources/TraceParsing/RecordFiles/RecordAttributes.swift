import Diagnostics
import Foundation
import Quoting
import Tables
import TraceInput
import Workload

/// The columns of record files that are none of ours, such as the type of GPU that a task asks for: read before
/// the records, so that all values are there with the first of them. Kept in memory: see ``TaskAttributes``.
struct RecordAttributes {
  private let options: ReadOptions
  private var numbered = NameNumbers()
  private(set) var attributes = TaskAttributes()

  /// - Parameter options: how the records are read. Rows that cannot be read are counted there, not here.
  init(_ options: ReadOptions) throws(TraceError) {
    var own = options
    own.meter = nil
    own.rejects = options.rejects == nil ? nil : try RejectLog { _ in }
    self.options = own
  }

  /// The columns of a piece that are none of ours and can be read, those that its folders say last.
  static func names(_ piece: TablePieces) throws(TraceError) -> [String] {
    let known = Set(RecordColumn.all.map(\.name))
    let readable =
      piece.group.isParquet
      ? try piece.group.files[0].openParquet().columns.map(\.name) : piece.columns
    return (readable + piece.partition.keys.sorted()).filter { !known.contains($0) && !$0.isEmpty }
  }

  /// The columns that are none of ours and cannot be read, with the reasons.
  static func unreadable(_ piece: TablePieces) throws(TraceError) -> [String] {
    guard piece.group.isParquet else { return [] }
    let known = Set(RecordColumn.all.map(\.name))
    return try piece.group.files[0].openParquet().unreadableColumns
      .filter { !known.contains($0.name) }.map { "'\($0.name)' (\($0.reason))" }
  }

  /// Whether a group can be read twice.
  static func canBeRead(_ group: TraceInput.Group) -> Bool {
    group.files.allSatisfy { file in
      if case .standardInput = file.location { false } else { true }
    }
  }

  /// Reads the columns `names` of a group.
  mutating func read(
    _ group: TraceInput.Group, _ names: [String], has: (String) -> Bool,
    _ symbols: inout SymbolTable
  ) throws(TraceError) {
    let keys = ["job_id", "task_index"].filter(has)
    let all = keys + names
    let row = MappedRow(slots: all.count)
    let context = MappedContext(clock: ZoneClock(.gmt), hasDecimalCommas: false)
    var table = MappedTable(
      "records", group, TableLayout(), names: all, optional: Set(names), conditions: [],
      spelledOut: Set(names))
    var (count, own) = (0, (numbered, attributes))
    try table.forEachRow(into: row, context, options) { () throws(RowError) in
      var task = TaskID(job: Int64(count))
      count += 1
      for (slot, key) in keys.enumerated() {
        guard let number = Self.integer(row.values[slot], of: key, &own.0) else { return }
        if key == "job_id" { task.job = number } else { task.index = Int32(clamping: number) }
      }
      for slot in keys.count..<all.count {
        guard let value = row.values[slot] else { continue }
        switch value {
        case .integer(let integer) where integer.magnitude <= 1 << 53:
          own.1.set(
            all[slot], of: task, to: context.arena.copy(value.description.utf8),
            number: Double(integer), &symbols)
        case .number(let number):
          own.1.set(
            all[slot], of: task, to: context.arena.copy(value.description.utf8), number: number,
            &symbols)
        case .text(let bytes):
          let isProtected = !group.isParquet && Quoting.isProtectedCSV(bytes)
          let text = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(isProtected ? 1 : 0))
          own.1.set(
            all[slot], of: task, to: text, number: isProtected ? nil : Self.number(text), &symbols)
        default:
          own.1.set(
            all[slot], of: task, to: context.arena.copy(value.description.utf8), number: nil,
            &symbols)
        }
      }
    }
    (numbered, attributes) = own
  }

  private static func integer(
    _ value: CellValue?, of key: String, _ names: inout NameNumbers
  ) -> Int64? {
    switch value {
    case .integer(let integer): integer
    case .number(let number): RecordColumn.integer(number)
    case .text(let bytes): key == "job_id" ? names.identifier(bytes) : parseInteger(bytes)
    case .flag, nil: nil
    }
  }

  /// The number that a text is, if it is written as we write it: 007 is a name.
  private static func number(_ text: UnsafeRawBufferPointer) -> Double? {
    guard let number = parseNumber(text), number.isFinite,
      decimal(number).utf8.elementsEqual(text)
    else { return nil }
    return number
  }
}

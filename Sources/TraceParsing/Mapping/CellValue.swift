import Diagnostics
import SQLite
import Tables
import TraceInput
import Workload

/// A value of another program's table.
enum CellValue {
  case integer(Int64)
  case number(Double)
  case text(UnsafeRawBufferPointer)
  case flag(Bool)

  /// A Parquet value, with its text copied.
  init(_ value: MappedValue, _ arena: TextArena) {
    self =
      switch value {
      case .integer(let integer): .integer(integer)
      case .large(let large): .text(arena.copy(String(large).utf8))
      case .number(let number): .number(number)
      case .text(let bytes): .text(arena.copy(bytes))
      case .flag(let flag): .flag(flag)
      }
  }

  /// A value of a database, with its text copied; nil where there is none.
  init?(_ value: ForeignValue, of column: String, _ arena: TextArena) throws(RowError) {
    switch value {
    case .null: return nil
    case .integer(let integer): self = .integer(integer)
    case .real(let number): self = .number(number)
    case .text(let bytes) where bytes.isEmpty: return nil
    case .text(let bytes): self = .text(arena.copy(bytes))
    case .blob(let count):
      throw RowError(
        column: nil, message: "\(column) is a blob of \(count) bytes, not a number or a text",
        reason: "bad \(column)")
    }
  }

  /// The value as text.
  var description: String {
    switch self {
    case .integer(let integer): "\(integer)"
    case .number(let number): decimal(number)
    case .flag(let flag): "\(flag)"
    case .text(let bytes): String(decoding: bytes, as: UTF8.self)
    }
  }
}

/// Texts and numbers that mean none.
struct MissingWords {
  private let texts: [[UInt8]]
  private let numbers: [Double]

  init(_ words: [String]) {
    texts = words.map { Array($0.utf8) }
    numbers = words.compactMap { Double($0) }.filter { !$0.isNaN }
  }

  /// Whether `value` is one of them.
  func contains(_ value: CellValue) -> Bool {
    switch value {
    case .text(let bytes):
      if texts.contains(where: { $0.count == bytes.count && bytes.elementsEqual($0) }) {
        return true
      }
      // -1.0 where -1 is said.
      guard !numbers.isEmpty, let number = parseNumber(bytes) else { return false }
      return numbers.contains(number)
    case .integer(let integer): return numbers.contains(Double(integer))
    case .number(let number): return number.isNaN || numbers.contains(number)
    case .flag: return false
    }
  }
}

/// What a mapped column is measured in and how.
enum MappedQuantity {
  /// A point in time; where a list is given, its latest element or its earliest.
  case instant(takesLatest: Bool)
  case span
  case size
  case cores
  case gpus
  /// An ordinary number.
  case plain
  /// A number, or a name in its place.
  case name
  /// A word.
  case word

  init(of column: String) {
    self =
      switch column {
      case "submit_us", "first_schedule_us", "deadline_us", "start_us": .instant(takesLatest: false)
      case "last_schedule_us", "end_us": .instant(takesLatest: true)
      case "job_id", "machine_id": .name
      case "gpu_milli": .gpus
      case "user", "outcome", "priority_class", "platform": .word
      case _ where column.hasSuffix("_us"): .span
      case _ where column.hasSuffix("_bytes"): .size
      case _ where column.hasSuffix("cpu_cores"): .cores
      default: .plain
      }
  }
}

import Diagnostics
import Tables
import TraceInput
import Workload

/// The values of one row, by slot: their columns first, then those of joined tables.
final class MappedRow {
  var values: [CellValue?]
  /// What a Parquet file declares its times to be multiplied with.
  var declaredFactors: [Double?]

  init(slots: Int) {
    values = Array(repeating: nil, count: slots)
    declaredFactors = Array(repeating: nil, count: slots)
  }
}

/// What reading through a mapping keeps from row to row.
final class MappedContext {
  var clock: ZoneClock
  let arena = TextArena()
  /// The numbers of jobs and machines that have names.
  var names = NameNumbers()
  /// Whether numbers have decimal commas.
  let hasDecimalCommas: Bool
  /// Whether a time was a date-time.
  var sawDates = false
  /// What is odd in the rows, and how often.
  private(set) var oddities: [(what: String, count: Int)] = []
  private var taskNames: [Int64: [String: Int32]] = [:]
  private var counts: [Int64: Int32] = [:]

  init(clock: ZoneClock, hasDecimalCommas: Bool) {
    self.clock = clock
    self.hasDecimalCommas = hasDecimalCommas
  }

  /// Counts an oddity.
  func count(_ what: String) {
    if let place = oddities.firstIndex(where: { $0.what == what }) {
      oddities[place].count += 1
    } else {
      oddities.append((what, 1))
    }
  }

  /// How many tasks of a job came before.
  func nextNumber(in job: Int64) -> Int32 {
    let number = counts[job] ?? 0
    counts[job] = number &+ 1
    return number
  }

  /// The number of a name within a job, by the order in which names come.
  func number(of name: String, in job: Int64) -> Int32 {
    if let known = taskNames[job]?[name] { return known }
    let number = Int32(clamping: taskNames[job]?.count ?? 0)
    taskNames[job, default: [:]][name] = number
    return number
  }
}

/// A condition, ready to be asked.
struct MappedCondition {
  let slot: Int
  let patterns: [TextPattern]
  let isNegated: Bool
  let description: String

  init(_ condition: TableMapping.Condition, _ slot: (String) -> Int) {
    self.slot = slot(condition.column)
    patterns = condition.patterns.map(TextPattern.init)
    isNegated = condition.isNegated
    let words = condition.patterns.map { "'\($0)'" }.joined(separator: ", ")
    description = "\(condition.column) is \(isNegated ? words : "none of \(words)")"
  }

  func holds(_ row: MappedRow) -> Bool {
    let isOne: Bool
    switch row.values[slot] {
    case .text(let bytes)?: isOne = patterns.contains { $0.matches(bytes) }
    case let value?:
      isOne = Array(value.description.utf8).withUnsafeBytes { text in
        patterns.contains { $0.matches(text) }
      }
    case nil: isOne = patterns.contains { $0.isEmpty }
    }
    return isOne != isNegated
  }
}

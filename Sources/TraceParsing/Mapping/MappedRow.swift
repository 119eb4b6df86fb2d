import Diagnostics
import Tables
import TraceInput
import Workload

/// What a Parquet file declares the times of a column to be.
struct DeclaredUnit {
  /// What they are multiplied with to be µs.
  var factor: Double
  /// Whether they are what a clock somewhere showed.
  var isLocal: Bool
}

/// The values of one row, by slot: their columns first, then those of joined tables.
///
/// Memory of its own, as values are written and read some twenty times a row.
final class MappedRow {
  let values: UnsafeMutablePointer<CellValue?>
  /// What a Parquet file declares its times to be.
  let declared: UnsafeMutablePointer<DeclaredUnit?>

  init(slots: Int) {
    values = .allocate(capacity: max(1, slots))
    values.initialize(repeating: nil, count: max(1, slots))
    declared = .allocate(capacity: max(1, slots))
    declared.initialize(repeating: nil, count: max(1, slots))
  }

  deinit {
    values.deallocate()
    declared.deallocate()
  }
}

/// What reading through a mapping keeps from row to row. Belongs to one thread at a time.
final class MappedContext {
  private let dates: UnsafeMutablePointer<Dates>
  /// The names that labels were last read of.
  let labels = LabelCache()
  let arena = TextArena()
  /// The numbers of machines that have names.
  var names = NameNumbers()
  /// What tells the name of the job that was read last from others of its number; 0 where it is a number.
  private(set) var jobCheck: UInt32 = 0
  /// Whether numbers have decimal commas.
  let hasDecimalCommas: Bool
  /// What is odd in the rows, and how often.
  private(set) var oddities: [(what: String, count: Int)] = []
  private var taskNames: [Int64: [String: Int32]] = [:]
  private var counts: [Int64: Int32] = [:]

  private struct Dates {
    var clock: ZoneClock
    var day = FixedDate.Day()
    var wereSeen = false
  }

  init(clock: ZoneClock, hasDecimalCommas: Bool) {
    dates = .allocate(capacity: 1)
    dates.initialize(to: Dates(clock: clock))
    self.hasDecimalCommas = hasDecimalCommas
  }

  deinit {
    dates.deinitialize(count: 1)
    dates.deallocate()
  }

  /// Whether a time was a date-time.
  var sawDates: Bool { dates.pointee.wereSeen }
  /// What the clock counted.
  var clockCounts: ZoneClock.Counts { dates.pointee.clock.counts }

  /// Notes that times are date-times.
  func noteDates() { dates.pointee.wereSeen = true }

  /// Microseconds since 1970-01-01 UTC.
  func time(of text: DateText) -> Int64 {
    dates.pointee.wereSeen = true
    return dates.pointee.clock.time(local: text.local, offset: text.offset)
  }

  /// The same of what a clock showed in microseconds since 1970.
  func time(local: Int64) -> Int64 { dates.pointee.clock.time(local: local, offset: nil) }

  /// The same of a date-time in the form that most tables have; nil for any other text.
  @inline(__always)
  func fixedTime(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    guard let (local, offset) = FixedDate.read(bytes, &dates.pointee.day) else { return nil }
    dates.pointee.wereSeen = true
    return dates.pointee.clock.time(local: local, offset: offset)
  }

  /// Adds what another thread's clock counted.
  func add(_ other: MappedContext) {
    dates.pointee.clock.counts.add(other.clockCounts)
    if other.sawDates { noteDates() }
  }

  /// What was odd since it was last asked.
  func takeOddities() -> [(what: String, count: Int)] {
    defer { oddities = [] }
    return oddities
  }

  /// The number of a job. Whether another name has it is found out by `RepeatedTasks`.
  @inline(__always)
  func job(_ bytes: UnsafeRawBufferPointer) -> Int64 {
    if let whole = NameNumbers.whole(bytes) {
      jobCheck = 0
      return whole
    }
    let (number, second) = NameNumbers.hashes(of: bytes)
    jobCheck = UInt32(truncatingIfNeeded: second >> 32) | 1
    return number
  }

  /// Counts an oddity.
  func count(_ what: String, _ times: Int = 1) {
    if let place = oddities.firstIndex(where: { $0.what == what }) {
      oddities[place].count += times
    } else {
      oddities.append((what, times))
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

import TraceInput
import Workload

/// What a table says of values that are none and of rows that do not count, and how many of those there were.
/// Belongs to one thread at a time.
final class MappedFilter: @unchecked Sendable {
  private let missing: MissingWords?
  private let conditions: [MappedCondition]
  private var leftOut: [Int]

  init(_ layout: TableLayout, _ conditions: [MappedCondition]) {
    missing = layout.missing.isEmpty ? nil : MissingWords(layout.missing)
    self.conditions = conditions
    leftOut = Array(repeating: 0, count: conditions.count)
  }

  /// Whether a value means none.
  func isMissing(_ value: CellValue) -> Bool { missing?.contains(value) ?? false }

  /// Puts the fields of a row into the first slots.
  @inline(__always)
  func put(_ fields: FieldRow, into row: MappedRow) {
    let values = row.values
    for slot in 0..<fields.columnCount {
      let bytes = fields[slot]
      values[slot] = bytes.isEmpty ? nil : .text(bytes)
    }
    guard let missing else { return }
    for slot in 0..<fields.columnCount {
      if let value = values[slot], missing.contains(value) { values[slot] = nil }
    }
  }

  /// Whether a row counts; it is noted if it does not.
  @inline(__always)
  func counts(_ row: MappedRow) -> Bool {
    for place in conditions.indices where !conditions[place].holds(row) {
      leftOut[place] += 1
      return false
    }
    return true
  }

  /// How many rows each condition left out since it was last asked.
  func take() -> [Int] {
    defer { leftOut = Array(repeating: 0, count: conditions.count) }
    return leftOut
  }

  /// Adds what another one left out.
  func add(_ other: [Int]) {
    for (place, count) in other.enumerated() { leftOut[place] += count }
  }

  /// What was left out of the table `name` by which condition.
  func notes(_ name: String) -> [Note] {
    zip(conditions, leftOut).filter { $1 > 0 }.map { condition, count in
      Note(
        .leftOut, name, ["rows": Double(count)],
        "\(count) \(count == 1 ? "row" : "rows") of \(name) left out: \(condition.description)")
    }
  }
}

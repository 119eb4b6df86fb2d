import Workload

/// What a format says of its tasks beyond what a `TaskRecord` has room for, such as the queue of a
/// Standard Workload Format job: named columns of numbers and names.
///
/// Kept in memory: some 30 bytes a task and 8 bytes a task and column. A column exists once
/// some task has a value for it.
public struct TaskAttributes: Sendable, Equatable {
  /// What a column holds.
  public enum Kind: Sendable, Equatable {
    /// Numbers; exact for integers up to 2^53.
    case number
    /// Names, as numbers of the symbol table that came with the records.
    case symbol
  }

  /// A column's name and what it holds.
  public struct Column: Sendable, Equatable {
    /// The name.
    public let name: String
    /// What it holds.
    public let kind: Kind
  }

  /// The columns, in the order of their first values.
  public private(set) var columns: [Column] = []
  /// The tasks that have values, in the order of their first values.
  public var tasks: [TaskID] { numbers.tasks }
  private var numbers = TaskNumbers()
  /// The column that comes next if rows are alike.
  private var expected = 0
  /// NaN is no value; a column may be shorter than `tasks`.
  private var values: [[Double]] = []

  /// No attributes.
  public init() {}

  /// Whether no task has any.
  public var isEmpty: Bool { numbers.count == 0 }

  /// The same values of the same tasks, given in the same order.
  public static func == (a: TaskAttributes, b: TaskAttributes) -> Bool {
    // A value that is missing is unequal to itself.
    a.columns == b.columns && a.tasks == b.tasks
      && a.values.elementsEqual(b.values) { left, right in
        left.elementsEqual(right) { $0 == $1 || ($0.isNaN && $1.isNaN) }
      }
  }

  /// Gives a task a value. O(columns).
  public mutating func set(
    _ name: String, _ kind: Kind = .number, of task: TaskID, to value: Double
  ) {
    let column: Int
    if expected < columns.count, columns[expected].name == name {
      column = expected
    } else if let known = columns.firstIndex(where: { $0.name == name }) {
      column = known
    } else {
      column = columns.count
      columns.append(Column(name: name, kind: kind))
      values.append([])
    }
    expected = column + 1 == columns.count ? 0 : column + 1
    let row = numbers.insert(task).number
    if values[column].count == row {
      values[column].append(value)
      return
    }
    if values[column].count < row {
      values[column] += repeatElement(.nan, count: row + 1 - values[column].count)
    }
    values[column][row] = value
  }

  /// A task's value, or nil if it has none. O(columns).
  public subscript(name: String, task: TaskID) -> Double? {
    guard let column = columns.firstIndex(where: { $0.name == name }),
      let row = numbers.number(of: task)
    else {
      return nil
    }
    return value(column: column, row: row)
  }

  /// The value of the task `tasks[row]` in `columns[column]`, or nil. O(1).
  public func value(column: Int, row: Int) -> Double? {
    guard row < values[column].count, !values[column][row].isNaN else { return nil }
    return values[column][row]
  }
}

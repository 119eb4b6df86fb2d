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
  /// How many tasks had values that were not kept: see `ReadOptions.keepsAttributes`.
  public internal(set) var omitted = 0
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
    let isNext = expected < columns.count && columns[expected].name == name
    let column = isNext ? expected : self.column(name, kind)
    expected = column + 1 == columns.count ? 0 : column + 1
    set(column: column, row: row(of: task), to: value)
  }

  /// Gives a task a value in a column of `column(_:_:)`, whose row is that of `row(of:)`. O(1).
  @inline(__always)
  mutating func set(column: Int, row: Int, to value: Double) {
    if values[column].count == row {
      values[column].append(value)
      return
    }
    if values[column].count < row {
      values[column] += repeatElement(.nan, count: row + 1 - values[column].count)
    }
    values[column][row] = value
  }

  /// The row of a task, which gets one if it has none. O(1).
  @inline(__always)
  mutating func row(of task: TaskID) -> Int { numbers.insert(task).number }

  /// The number of a column, which is made if it is not there. O(columns).
  mutating func column(_ name: String, _ kind: Kind) -> Int {
    if let known = columns.firstIndex(where: { $0.name == name }) { return known }
    columns.append(Column(name: name, kind: kind))
    values.append([])
    return columns.count - 1
  }

  /// Makes names of the numbers of a column: some value is a name.
  mutating func makeNames(_ column: Int, _ symbol: (Double) -> UInt32) {
    columns[column] = Column(name: columns[column].name, kind: .symbol)
    for row in values[column].indices where !values[column][row].isNaN {
      values[column][row] = Double(symbol(values[column][row]))
    }
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

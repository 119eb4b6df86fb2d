import Tables
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

  /// Gives a task a value that was read as text: a number where all values of the column are numbers, else a
  /// name. A column of numbers becomes one of names with its first value that is none. O(columns).
  ///
  /// - Parameters:
  ///   - name: the column.
  ///   - task: the task.
  ///   - text: the value as it was written.
  ///   - number: the number that it is; nil if it is none.
  ///   - symbols: gets the names.
  public mutating func set(
    _ name: String, of task: TaskID, to text: UnsafeRawBufferPointer, number: Double?,
    _ symbols: inout SymbolTable
  ) {
    let column = columns.firstIndex { $0.name == name }
    let holdsNames = column.map { columns[$0].kind == .symbol } ?? false
    if let number, !holdsNames { return set(name, of: task, to: number) }
    if let column, !holdsNames {
      for row in values[column].indices where !values[column][row].isNaN {
        values[column][row] = Double(symbols.intern(decimal(values[column][row])))
      }
      columns[column] = Column(name: name, kind: .symbol)
    }
    set(name, .symbol, of: task, to: Double(symbols.intern(text)))
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
    guard let column = columns.firstIndex(where: { $0.name == name }) else { return nil }
    return value(column: column, of: task)
  }

  /// A task's value in `columns[column]`, or its job's where the column is of whole jobs; nil if there is none.
  public func value(column: Int, of task: TaskID) -> Double? {
    if let row = numbers.number(of: task), let value = value(column: column, row: row) {
      return value
    }
    return numbers.number(of: TaskID(wholeJob: task.job)).flatMap { value(column: column, row: $0) }
  }

  /// The value of the task `tasks[row]` in `columns[column]`, or nil. O(1).
  public func value(column: Int, row: Int) -> Double? {
    guard row < values[column].count, !values[column][row].isNaN else { return nil }
    return values[column][row]
  }
}

extension TaskAttributes {
  /// The columns as those of a table of records, beside ``RecordColumn/table``. One that is called like a column of
  /// record files has `attribute_` before its name. They keep the values that there are now.
  public var table: [TableColumn<TaskRecord>] {
    let taken = Set(RecordColumn.table.map(\.name))
    return columns.enumerated().map { place, column in
      let name = taken.contains(column.name) ? "attribute_" + column.name : column.name
      switch column.kind {
      case .number:
        return TableColumn(
          name, nullable: true, .number { [self] in value(column: place, of: $0.id) })
      case .symbol:
        return TableColumn(
          name, nullable: true,
          .symbol { [self] in UInt32(value(column: place, of: $0.id) ?? 0) })
      }
    }
  }
}

import Tables
import TraceParsing
import Workload

/// What tasks are told apart by: the values of a column of record files, or of an attribute of the trace.
///
/// ```swift
/// let grouping = try RecordGrouping("user", of: stream)
/// builder.add(task, group: grouping.group(of: task, users: stream.symbols))
/// ```
public struct RecordGrouping: Sendable {
  /// The name that it was asked for by: a column's, or `class` for `priority_class`.
  public let name: String
  private let cell: TableColumn<TaskRecord>.Cell

  /// Names that can be asked for of any trace.
  public static var names: [String] { ["class"] + RecordColumn.table.map(\.name) }

  /// The grouping called `name`.
  ///
  /// - Parameters:
  ///   - name: a column's, or `class`.
  ///   - stream: the tasks, whose attributes can be asked for too.
  ///   - option: what the message of a mistake begins with.
  /// - Throws: ``RunError`` if no column is called so.
  public init(_ name: String, of stream: RecordStream, option: String = "--by") throws(RunError) {
    let column = name == "class" ? "priority_class" : name
    let columns = RecordColumn.table + stream.attributes.table
    guard let known = columns.first(where: { $0.name == column }) else {
      throw RunError(
        message: "\(option): "
          + unknownName("column", name, among: ["class"] + columns.map(\.name)))
    }
    self.name = name
    cell = known.cell
  }

  /// Whether groups are priority classes.
  public var isClass: Bool { name == "class" || name == "priority_class" }

  /// The group of a task: the value as files have it; `unknown` where there is none.
  public func group(of task: TaskRecord, users: SymbolTable) -> String {
    switch cell {
    case .integer(let get): get(task).map { "\($0)" } ?? "unknown"
    case .number(let get): get(task).map { significant($0, digits: 6) } ?? "unknown"
    case .flag(let get): get(task) ? "true" : "false"
    case .label(let names, let get): names[get(task)]
    case .symbol(let get):
      get(task) == 0 ? "unknown" : users.strings[Int(get(task))]
    }
  }
}

import Tables
import TraceParsing
import Workload

/// What tasks are told apart by: the values of a column of record files.
///
/// ```swift
/// let grouping = try RecordGrouping("user")
/// builder.add(task, group: grouping.group(of: task, users: stream.symbols))
/// ```
public struct RecordGrouping: Sendable {
  /// The name that it was asked for by: a column's, or `class` for `priority_class`.
  public let name: String
  private let cell: TableColumn<TaskRecord>.Cell

  /// Names that can be asked for.
  public static var names: [String] { ["class"] + RecordColumn.table.map(\.name) }

  /// The grouping called `name`.
  ///
  /// - Throws: ``RunError`` if no column is called so.
  public init(_ name: String) throws {
    let column = name == "class" ? "priority_class" : name
    guard let known = RecordColumn.table.first(where: { $0.name == column }) else {
      throw RunError(message: "--by: " + unknownName("column", name, among: Self.names))
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

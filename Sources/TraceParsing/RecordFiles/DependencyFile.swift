import Diagnostics
import Foundation
import Tables
import TraceInput
import Workload

/// The table of dependencies that lies beside a record file: `tasks.dependencies.parquet` beside
/// `tasks.parquet`, in the same kind of file.
///
/// Columns: `job_id`, `task_index`, `predecessor_job_id`, `predecessor_index`, `think_us`, `data_bytes`;
/// an index of -1 is the whole job. Files without `data_bytes`, as were once written, are read as if
/// no data were passed.
public enum DependencyFile {
  private static let names = [
    "job_id", "task_index", "predecessor_job_id", "predecessor_index", "think_us", "data_bytes",
  ]

  /// Where the dependencies of the records in `path` are.
  ///
  /// - Throws: `TraceError` if the name of the file says no kind.
  public static func path(beside path: String) throws(TraceError) -> String {
    let ending = try TableFileKind(path: path).rawValue
    return path.dropLast(ending.count) + ".dependencies" + ending
  }

  /// Writes the dependencies of the records in `path`; where there are none, an older file that
  /// would be taken for theirs goes.
  public static func write(_ table: DependencyTable, beside path: String) throws(TraceError) {
    let file = try self.path(beside: path)
    guard !table.isEmpty else {
      unlink(FileName.bytes(file))
      return
    }
    typealias Row = (task: TaskID, dependency: DependencyTable.Dependency)
    let getters: [@Sendable (borrowing Row) -> Int64?] = [
      { $0.task.job }, { Int64($0.task.index) }, { $0.dependency.predecessor.job },
      { Int64($0.dependency.predecessor.index) }, { $0.dependency.think.rawValue },
      { $0.dependency.data.rawValue },
    ]
    let columns = zip(names, getters).map { TableColumn<Row>($0, .integer($1)) }
    let writer = try TableFileKind(path: file).writer(path: file, columns: columns)
    for task in table.tasks {
      for dependency in table.dependencies(of: task) { try writer.write((task, dependency)) }
    }
    try writer.finish()
  }

  /// Adds the dependencies of the records in `path`; none if there is no such file.
  static func read(
    beside path: String, into table: inout DependencyTable, _ options: ReadOptions
  ) throws(TraceError) {
    guard let file = try? self.path(beside: path), FileStatus(file).kind == .file
    else { return }
    try IntegerTable(file: file, names: names, optional: names.count - 1)
      .forEachRow(options) { values throws(RowError) in try add(values, to: &table) }
  }

  private static func add(
    _ values: [Int64], to table: inout DependencyTable
  ) throws(RowError) {
    guard values.count == names.count, let index = Int32(exactly: values[1]), index >= -1,
      let predecessor = Int32(exactly: values[3]), predecessor >= -1,
      Ranges.time.contains(values[4]), Ranges.amount.contains(values[5])
    else {
      throw RowError(
        column: nil,
        message:
          "expected six integers: indices from -1, think_us and data_bytes from 0 and in range",
        reason: "bad dependency")
    }
    table.add(
      TaskID(job: values[0], index: index), after: TaskID(job: values[2], index: predecessor),
      think: Microseconds(values[4]), data: Bytes(values[5]))
  }
}

import Diagnostics
import Foundation
import Parquet
import Tables
import TraceInput
import Workload

/// The table of run times by machine that lies beside a record file: `tasks.run-times.csv` beside
/// `tasks.csv`, in the same kind of file.
///
/// Columns: `job_id`, `task_index`, `machine_id` (the machine's number in its cluster, from 0 in a
/// specification), `run_us`. Where a task and a machine have no row, the task's `run_us` over the
/// machine's speed holds.
public enum RunTimeFile {
  private static let names = ["job_id", "task_index", "machine_id", "run_us"]

  /// Where the run times of the records in `path` are.
  ///
  /// - Throws: `TraceError` if the name of the file says no kind.
  public static func path(beside path: String) throws(TraceError) -> String {
    let ending = try TableFileKind(path: path).rawValue
    return path.dropLast(ending.count) + ".run-times" + ending
  }

  /// Writes the run times of the records in `path`; where there are none, an older file that would be
  /// taken for theirs goes.
  public static func write(_ table: RunTimeTable, beside path: String) throws(TraceError) {
    let file = try self.path(beside: path)
    guard !table.isEmpty else {
      unlink(file)
      return
    }
    typealias Row = (task: TaskID, machine: Int64, time: Microseconds)
    let getters: [@Sendable (borrowing Row) -> Int64?] = [
      { $0.task.job }, { Int64($0.task.index) }, { $0.machine }, { $0.time.rawValue },
    ]
    let columns = zip(names, getters).map { TableColumn<Row>($0, .integer($1)) }
    let writer = try TableFileKind(path: file).writer(path: file, columns: columns)
    for task in table.tasks {
      for machine in table.machines(of: task) {
        guard let time = table[task, machine] else { continue }
        try writer.write((task, machine, time))
      }
    }
    try writer.finish()
  }

  /// Adds the run times of the records in `path`; none if there is no such file.
  static func read(
    beside path: String, into table: inout RunTimeTable, _ options: ReadOptions
  ) throws(TraceError) {
    guard let file = try? self.path(beside: path), FileManager.default.fileExists(atPath: file)
    else { return }
    try IntegerTable(file: file, names: names).forEachRow(options) { values throws(RowError) in
      guard let index = Int32(exactly: values[1]), index >= 0, values[3] >= 0,
        values[3] < Int64(1) << 53
      else {
        throw RowError(
          column: nil, message: "expected a task's index from 0 and a run_us that is not negative",
          reason: "bad run time")
      }
      table.set(Microseconds(values[3]), of: TaskID(job: values[0], index: index), on: values[2])
    }
  }
}

import Diagnostics
import TraceInput
import Workload

/// Finds the tasks that occur more than once in a table that has one row each. Each row is a record all
/// the same; which of them is meant, only the user can know.
///
/// Memory: the buffer given; what is more goes to disk. Time O(n log n).
struct RepeatedTasks {
  private struct Key: ExternallySortable {
    var id: TaskID
    var sortKey: SortKey { SortKey(major: id.job, minor: Int64(id.index), last: 0) }
  }

  private var keys: ExternalSorter<Key>

  /// What was found.
  struct Result {
    /// How many tasks have more than one row.
    var tasks = 0
    /// How many rows are one too many.
    var rows = 0
    /// The first of them.
    var first: TaskID?

    /// `2 tasks have more than one row (3 rows too many), job 5 task 0 first`; nil if there are none.
    func note(_ table: String) -> Note? {
      guard let first else { return nil }
      let text =
        "\(table): \(tasks) \(tasks == 1 ? "task has" : "tasks have") more than one row "
        + "(\(rows) \(rows == 1 ? "row" : "rows") too many), job \(first.job) task \(first.index) first: "
        + "every row is a record, none is left out"
      return Note(.odd, table, ["tasks": Double(tasks), "rows": Double(rows)], text)
    }
  }

  init(bufferBytes: Int, directory: String) {
    keys = ExternalSorter(bufferBytes: bufferBytes, directory: directory)
  }

  /// Notes a row.
  mutating func add(_ id: TaskID) throws(TraceError) { try keys.add(Key(id: id)) }

  /// What was found in all rows.
  consuming func result() throws(TraceError) -> Result {
    var sorted = try keys.sorted()
    var result = Result()
    var last: TaskID?
    var isRepeated = false
    while let key = try sorted.next() {
      guard key.id == last else {
        (last, isRepeated) = (key.id, false)
        continue
      }
      result.rows += 1
      if !isRepeated { result.tasks += 1 }
      isRepeated = true
      result.first = result.first ?? key.id
    }
    return result
  }
}

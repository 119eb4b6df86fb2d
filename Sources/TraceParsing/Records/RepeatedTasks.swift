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
    var check: UInt32
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
    /// A number that the names of two jobs have.
    var shared: Int64?

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
  ///
  /// - Parameter check: tells names of jobs with one number apart.
  @inline(__always)
  mutating func add(_ id: TaskID, check: UInt32 = 0) throws(TraceError) {
    try keys.add(Key(id: id, check: check))
  }

  /// What was found in all rows.
  consuming func result() throws(TraceError) -> Result {
    let found = keys.resident { keys, order in
      var search = Search()
      for entry in order { search.take(keys[Int(entry.place)]) }
      return search.result
    }
    if let found { return found }
    var sorted = try keys.sorted()
    var search = Search()
    while let key = try sorted.next() { search.take(key) }
    return search.result
  }

  /// Looks at keys in order.
  private struct Search {
    var result = Result()
    private var last: Key?
    private var isRepeated = false

    @inline(__always)
    mutating func take(_ key: Key) {
      let before = last ?? Key(id: TaskID(job: ~key.id.job), check: 0)
      last = key
      if key.id.job == before.id.job, key.check != before.check {
        result.shared = result.shared ?? key.id.job
      }
      guard key.id == before.id else {
        isRepeated = false
        return
      }
      result.rows += 1
      if !isRepeated { result.tasks += 1 }
      isRepeated = true
      result.first = result.first ?? key.id
    }
  }
}

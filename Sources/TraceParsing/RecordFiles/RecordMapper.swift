import Diagnostics
import TraceInput
import Workload

/// What a record of a file that lacks columns has beside what its row says.
struct RecordMapper {
  /// A record before any value is put in.
  var start: TaskRecord
  private let numbersJobs: Bool
  private let completions: [@Sendable (inout TaskRecord) -> Void]

  /// - Parameter present: which of our columns the table has.
  init(present: Set<String>) {
    start = RecordColumn.blank(without: present)
    numbersJobs = !present.contains("job_id")
    completions = RecordColumn.completions(without: present)
  }

  /// A record before the values of the `number`th row are put in.
  func blank(number: Int64) -> TaskRecord {
    var record = start
    if numbersJobs { record.id.job = number }
    return record
  }

  /// Puts in what follows from its values, and refuses what can be no record.
  func complete(_ record: inout TaskRecord) throws(RowError) {
    for complete in completions { complete(&record) }
    if let problem = RecordOrderChecker().problem(record) {
      throw RowError(column: nil, message: problem, reason: "value out of range")
    }
  }
}

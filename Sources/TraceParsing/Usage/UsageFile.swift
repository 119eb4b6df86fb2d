import Diagnostics
import Foundation
import Tables
import TraceInput
import Workload

/// The table of use over time that lies beside a record file: `tasks.usage.parquet` beside
/// `tasks.parquet`, in the same kind of file.
///
/// Columns: `job_id`, `task_index`, `offset_us` (from the task's `first_schedule_us`, or `submit_us`
/// where that is missing), `duration_us`, `cpu_cores`, `memory_bytes`, `gpu_milli`; all but the first
/// three may be missing. Rows are in the order of the records, those of a task in time order.
public enum UsageFile {
  private static let names = [
    "job_id", "task_index", "offset_us", "duration_us", "cpu_cores", "memory_bytes", "gpu_milli",
  ]

  /// Where the use of the records in `path` is.
  ///
  /// - Throws: `TraceError` if the name of the file says no kind.
  public static func path(beside path: String) throws(TraceError) -> String {
    let ending = try TableFileKind(path: path).rawValue
    return path.dropLast(ending.count) + ".usage" + ending
  }

  private static let columns: [TableColumn<UsageSample>] = {
    @Sendable func known(_ value: Double) -> Double? { value.isNaN ? nil : value }
    return [
      TableColumn("job_id", .integer { $0.task.job }),
      TableColumn("task_index", .integer { Int64($0.task.index) }),
      TableColumn("offset_us", .integer { $0.offset }),
      TableColumn("duration_us", nullable: true, .integer { $0.duration }),
      TableColumn("cpu_cores", nullable: true, .number { known($0.cores) }),
      TableColumn(
        "memory_bytes", nullable: true, .integer { known($0.memory).map { Int64($0.rounded()) } }),
      TableColumn("gpu_milli", nullable: true, .number { known($0.milliGPU) }),
    ]
  }()

  /// Writes the use of those records in `path` that are `kept`; where there is no table, an older file
  /// that would be taken for theirs goes. Returns what was counted on the way.
  public static func write(
    _ table: (any UsageTable)?, beside path: String, kept: TaskNumbers, _ options: ReadOptions
  ) throws(TraceError) -> [Note] {
    let file = try self.path(beside: path)
    guard let table else {
      unlink(FileName.bytes(file))
      return []
    }
    let writer = try TableFileKind(path: file)
      .writer(path: file, columns: columns, threads: options.threads)
    let notes = try table.forEach(options) { sample throws(TraceError) in
      if kept.number(of: sample.task) != nil { try writer.write(sample) }
    }
    try writer.finish()
    return notes
  }

  /// The use of the records in `path`; nil if there is no such file.
  static func table(beside path: String) throws(TraceError) -> (any UsageTable)? {
    guard let file = try? self.path(beside: path), FileStatus(file).kind == .file else {
      return nil
    }
    guard let group = try TraceInput(path: file).groups.first else { return nil }
    return Stored(group: group)
  }

  /// A file that was written: its rows are in order already.
  private struct Stored: UsageTable {
    let group: TraceInput.Group

    func forEach(
      _ options: ReadOptions, _ body: (UsageSample) throws(TraceError) -> Void
    ) throws(TraceError) -> [Note] {
      let row = MappedRow(slots: names.count)
      let context = MappedContext(clock: ZoneClock(.gmt), hasDecimalCommas: false)
      let words = TextArena()
      let sources = names.map { name in
        MappedSource(
          TableMapping.Source(from: name), of: name == "offset_us" ? "run_us" : name, words: words
        ) { names.firstIndex(of: $0) ?? 0 }
      }
      var table = MappedTable(
        "usage", group, TableLayout(), names: names, optional: Set(names.dropFirst(3)),
        conditions: [])
      var failure: TraceError?
      try table.forEachRow(into: row, context, options) { () throws(RowError) in
        guard failure == nil else { return }
        guard let job = try sources[0].integer(row, context),
          let index = try sources[1].integer(row, context).flatMap({ Int32(exactly: $0) }),
          let offset = try sources[2].integer(row, context)
        else {
          throw RowError(
            column: nil, message: "job_id, task_index or offset_us is missing",
            reason: "missing value")
        }
        let sample = UsageSample(
          task: TaskID(job: job, index: index), offset: offset,
          duration: try sources[3].integer(row, context) ?? -1,
          cores: try sources[4].number(row, context) ?? .nan,
          memory: try sources[5].number(row, context) ?? .nan,
          milliGPU: try sources[6].number(row, context) ?? .nan)
        do throws(TraceError) { try body(sample) } catch { failure = error }
      }
      if let failure { throw failure }
      return []
    }
  }
}

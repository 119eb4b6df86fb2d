import Diagnostics
import Tables
import TraceInput
import Workload

/// What instances used, of `instance_usage`: the mean CPU and memory of each window (of five minutes at most), as
/// amounts. JSON lines as published, or flat exports of BigQuery, whose columns join names by a dot or an
/// underscore.
struct Google2019Usage: Sendable {
  static let table = "instance_usage"
  let group: TraceInput.Group

  private static let names = [
    "start_time", "end_time", "collection_id", "instance_index", "average_usage.cpus",
    "average_usage.memory", "average_usage_cpus", "average_usage_memory",
  ]

  /// The columns that a header of such a table has.
  static func isOne(_ columns: [String]) -> Bool {
    ["start_time", "end_time", "collection_id"].allSatisfy(columns.contains)
      && (columns.contains("average_usage.cpus") || columns.contains("average_usage_cpus"))
  }

  /// Calls `body` with every sample; its `offset` is the time at which it begins. Returns how many rows there are.
  @discardableResult
  func forEach(
    _ options: ReadOptions, _ body: (UsageSample) throws(TraceError) -> Void
  ) throws(TraceError) -> Int {
    let words = TextArena()
    func source(_ names: [String], _ column: String) -> MappedSource {
      var source = TableMapping.Source(from: names[0])
      source.from = names
      return MappedSource(source, of: column, words: words) {
        Self.names.firstIndex(of: $0) ?? 0
      }
    }
    let (start, end) = (source(["start_time"], "start_us"), source(["end_time"], "end_us"))
    let job = source(["collection_id"], "collection_id")
    let index = source(["instance_index"], "instance_index")
    let cpu = source(["average_usage.cpus", "average_usage_cpus"], "cpus")
    let memory = source(["average_usage.memory", "average_usage_memory"], "memory")
    func share(_ source: MappedSource, _ row: MappedRow, _ context: MappedContext) throws(RowError)
      -> Double
    {
      guard let value = try source.number(row, context) else { return .nan }
      guard Ranges.share.contains(value) else {
        throw source.problem(
          "\(decimal(value)) is not between 0 and \(decimal(Ranges.share.upperBound))")
      }
      return value
    }
    func time(_ source: MappedSource, _ row: MappedRow, _ context: MappedContext) throws(RowError)
      -> Microseconds
    {
      guard let value = try source.integer(row, context) else { throw source.problem("is missing") }
      let time = Microseconds(value)
      guard time.isInRange || !time.isKnown else {
        throw source.problem("\(value) is out of range")
      }
      return time
    }
    let row = MappedRow(slots: Self.names.count)
    let context = MappedContext(clock: ZoneClock(.gmt), hasDecimalCommas: false)
    var table = MappedTable(
      Self.table, group, TableLayout(), names: Self.names, optional: Set(Self.names.dropFirst(3)),
      conditions: [])
    var failure: TraceError?
    try table.forEachRow(into: row, context, options) { () throws(RowError) in
      guard failure == nil else { return }
      let (from, to) = (try time(start, row, context), try time(end, row, context))
      guard from.isKnown, to >= from else {
        throw end.problem("\(to.rawValue) is before start_time \(from.rawValue)")
      }
      guard let collection = try job.integer(row, context), collection >= 0 else {
        throw job.problem("is missing, or below 0")
      }
      guard let number = Int32(exactly: try index.integer(row, context) ?? 0), number >= 0 else {
        throw index.problem("is out of range")
      }
      let sample = UsageSample(
        task: TaskID(job: collection, index: number), offset: from.rawValue,
        duration: to.isKnown ? (to - from).rawValue : -1,
        cores: try share(cpu, row, context) * options.scale.cores,
        memory: try share(memory, row, context) * Double(options.scale.memory.rawValue))
      do throws(TraceError) { try body(sample) } catch { failure = error }
    }
    if let failure { throw failure }
    return table.rows
  }
}

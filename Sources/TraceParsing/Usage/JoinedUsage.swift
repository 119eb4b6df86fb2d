import Diagnostics
import TraceInput
import Workload

/// Samples that know their tasks by number, put into the order of the records.
///
/// Records and samples are sorted by task on disk, joined, and the samples sorted again by their tasks' places:
/// memory grows with neither. It can be read once.
final class JoinedUsage: UsageTable, @unchecked Sendable {
  /// Calls its last argument with every sample; `offset` is the time at which it begins. Returns what was
  /// counted.
  typealias Read =
    @Sendable (ReadOptions, (UsageSample) throws(TraceError) -> Void) throws(TraceError) -> [Note]

  private let read: Read
  private let table: String
  private var owners: ExternalSorter<Owner>?
  private var count: Int64 = 0

  /// Whose samples are wanted: a task, when it began, its place among the records.
  private struct Owner: ExternallySortable {
    var task: TaskID
    var start: Int64
    var rank: Int64

    var sortKey: SortKey { SortKey(major: task.job, minor: Int64(task.index), last: rank) }
  }

  private struct ByTask: ExternallySortable {
    var sample: UsageSample

    var sortKey: SortKey {
      SortKey(
        major: sample.task.job, minor: Int64(sample.task.index), last: sample.offset)
    }
  }

  /// The samples of `table`, for the records of `stream` as they are read from it.
  @discardableResult
  init(_ table: String, of stream: RecordStream, _ options: ReadOptions, read: @escaping Read) {
    self.read = read
    self.table = table
    owners = ExternalSorter(
      bufferBytes: options.sortBufferBytes, directory: options.temporaryDirectory)
    stream.usage = self
    stream.tell { [unowned self] record throws(TraceError) in try note(record) }
  }

  private func note(_ record: TaskRecord) throws(TraceError) {
    let start = record.firstSchedule.isKnown ? record.firstSchedule : record.submit
    try owners?.add(Owner(task: record.id, start: start.rawValue, rank: count))
    count += 1
  }

  func forEach(
    _ options: ReadOptions, _ body: (UsageSample) throws(TraceError) -> Void
  ) throws(TraceError) -> [Note] {
    guard let owners = owners.take() else {
      throw TraceError(.inputOutput, "\(table) can be read only once")
    }
    var samples = ExternalSorter<ByTask>(
      bufferBytes: options.sortBufferBytes, directory: options.temporaryDirectory)
    var notes = try read(options) { sample throws(TraceError) in
      try samples.add(ByTask(sample: sample))
    }
    var tasks = try owners.sorted()
    var byTask = try samples.sorted()
    var placed = ExternalSorter<UsageSample>(
      bufferBytes: options.sortBufferBytes, directory: options.temporaryDirectory)
    var strangers = 0
    var owner = try tasks.next()
    while let next = try byTask.next() {
      var sample = next.sample
      func isBefore(_ task: TaskID) -> Bool {
        (task.job, task.index) < (sample.task.job, sample.task.index)
      }
      while let known = owner, isBefore(known.task) { owner = try tasks.next() }
      guard let owner, owner.task == sample.task else {
        strangers += 1
        continue
      }
      sample.rank = owner.rank
      (sample.offset, _) = sample.offset.subtractingReportingOverflow(owner.start)
      try placed.add(sample)
    }
    var sorted = try placed.sorted()
    while let sample = try sorted.next() { try body(sample) }
    if strangers > 0 {
      notes.append(
        Note(
          .leftOut, table, ["samples": Double(strangers)],
          "\(strangers) \(strangers == 1 ? "sample" : "samples") of tasks that are not there: left out"
        ))
    }
    return notes
  }
}

extension ReadOptions {
  /// Whether a table that is not split can be read where the others are fragments: on another machine it may not
  /// be there, and is left out with a word.
  func canReadBeside(_ group: TraceInput.Group, _ table: String, _ stream: RecordStream) -> Bool {
    guard case .reading? = split, group.hasOnlyFiles else { return true }
    for file in group.files where FileStatus(file.name).kind != .file {
      stream.report.notes.add(
        Note(
          .leftOut, table,
          "\(table) is not in the fragments, and no longer at \(file.name): use over time is left out"
        ))
      return false
    }
    return true
  }
}

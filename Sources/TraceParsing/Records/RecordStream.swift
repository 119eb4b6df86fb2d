import Diagnostics
import Workload

/// The tasks of a trace in submit order.
///
/// A reference, unlike other sources, so that what was counted on the way can be read after the
/// source was handed to someone who consumed it. Copies share their position; the files behind it
/// close when the last one goes.
public final class RecordStream: WorkloadSource {
  /// Damaged or malformed input.
  public typealias Failure = TraceError

  /// What was counted so far; complete at the end of the stream. A stream that is read in batches
  /// may have counted records that it has not given yet.
  public internal(set) var report: ReadReport
  /// The users' names.
  public internal(set) var symbols: SymbolTable
  /// Which tasks wait for which; complete from the start of the stream. Empty where the format
  /// knows no dependencies.
  public internal(set) var dependencies = DependencyTable()
  /// What the format says beyond the records; complete from the start of the stream.
  public internal(set) var attributes = TaskAttributes()
  /// What the tasks used over time; nil where the trace does not tell. It is read after the records.
  public internal(set) var usage: (any UsageTable)?
  /// The lines of the trace's own header, as they are (Standard Workload Format).
  public internal(set) var header: [String] = []

  /// Puts the next records into uninitialised memory and returns how many, 0 at the end. It may
  /// update the stream's report and symbols.
  typealias Fill =
    (RecordStream, UnsafeMutableBufferPointer<TaskRecord>) throws(TraceError) -> Int

  private var fill: Fill
  private var ended = false
  /// What `read` throws when it is called again.
  private var failure: TraceError?
  /// Records that `next` was not asked for yet.
  private let buffer: UnsafeMutableBufferPointer<TaskRecord>
  private var position = 0
  private var filled = 0

  /// - Parameters:
  ///   - bufferCapacity: how many records `next` has in hand.
  ///   - fill: gives the next records.
  init(
    report: ReadReport, symbols: SymbolTable, bufferCapacity: Int, fill: @escaping Fill
  ) {
    self.report = report
    self.symbols = symbols
    self.fill = fill
    buffer = .allocate(capacity: bufferCapacity)
  }

  /// - Parameter pull: gives the next record; it may update the stream's report and symbols.
  convenience init(
    report: ReadReport, symbols: SymbolTable,
    pull: @escaping (RecordStream) throws(TraceError) -> TaskRecord?
  ) {
    self.init(report: report, symbols: symbols, bufferCapacity: 1) {
      (stream, records) throws(TraceError) in
      guard !records.isEmpty, let record = try pull(stream) else { return 0 }
      records.initializeElement(at: 0, to: record)
      return 1
    }
  }

  /// Records that come from no trace, such as a generator's, for writers that take a stream.
  ///
  /// - Parameters:
  ///   - source: the records.
  ///   - dependencies: what they wait for.
  ///   - users: the names of their users, by `UserID`, the first of them empty, without repeats.
  ///   - attributes: what is said of them beside; names are numbers of `users`.
  ///   - lastTime: the end of the time that they are from; those without an end are open there.
  ///   - notes: what is to be known of them.
  public convenience init<Source: WorkloadSource<Never>>(
    generated source: Source, dependencies: DependencyTable = DependencyTable(),
    users: [String] = [], attributes: TaskAttributes = TaskAttributes(),
    lastTime: Microseconds = .zero, notes: [Note] = []
  ) {
    var source = source
    var report = ReadReport()
    report.lastTime = lastTime
    report.notes = notes
    var symbols = SymbolTable()
    for name in users { _ = symbols.intern(name) }
    self.init(report: report, symbols: symbols) { stream in
      guard let record = source.next() else { return nil }
      stream.report.records += 1
      return record
    }
    self.dependencies = dependencies
    self.attributes = attributes
  }

  deinit { buffer.deallocate() }

  /// Tells `note` of every record before it is given.
  func tell(_ note: @escaping (TaskRecord) throws(TraceError) -> Void) {
    let inner = fill
    fill = { stream, records throws(TraceError) in
      let count = try inner(stream, records)
      for record in records.prefix(count) { try note(record) }
      return count
    }
  }

  /// Whether its end was reached: a trace's records are read once, and another stream is made to read them
  /// again.
  public var isUsedUp: Bool { ended && position == filled }

  /// The next record, or nil at the end.
  public func next() throws(TraceError) -> TaskRecord? {
    if position == filled {
      (position, filled) = (0, 0)
      filled = try take(into: buffer)
      if filled == 0 { return nil }
    }
    position += 1
    return buffer[position - 1]
  }

  /// Appends the next records to `batch` until it is full or the stream ends; faster than one after
  /// another.
  public func read(into batch: inout OutputSpan<TaskRecord>) throws(TraceError) {
    let start = batch.count
    while !batch.isFull {
      if position < filled {
        batch.append(buffer[position])
        position += 1
        continue
      }
      var error: TraceError?
      let count = batch.withUnsafeMutableBufferPointer { records, initialized in
        let rest = UnsafeMutableBufferPointer(rebasing: records[initialized...])
        do throws(TraceError) {
          let count = try take(into: rest)
          initialized += count
          return count
        } catch let failure {
          error = failure
          return 0
        }
      }
      if let error {
        if batch.count == start { throw error }
        failure = error  // the records before it first
        return
      }
      if count == 0 { return }
    }
  }

  private func take(
    into records: UnsafeMutableBufferPointer<TaskRecord>
  ) throws(TraceError) -> Int {
    if let failure = failure.take() { throw failure }
    guard !ended else { return 0 }
    do throws(TraceError) {
      let count = try fill(self, records)
      if count > 0 { return count }
    } catch {
      end()
      throw error
    }
    end()
    return 0
  }

  private func end() {
    ended = true
    fill = { _, _ in 0 }  // lets go of files
  }
}

import Workload

/// The tasks of a trace in submit order.
///
/// A reference, unlike other sources, so that what was counted on the way can be read after the
/// source was handed to someone who consumed it. Copies share their position; the files behind it
/// close when the last one goes.
public final class RecordStream: WorkloadSource {
  /// Damaged or malformed input.
  public typealias Failure = TraceError

  /// What was counted so far; complete at the end of the stream.
  public internal(set) var report: ReadReport
  /// The users' names.
  public internal(set) var symbols: SymbolTable
  /// Which tasks wait for which; complete from the start of the stream. Empty where the format
  /// knows no dependencies.
  public internal(set) var dependencies = DependencyTable()
  /// What the format says beyond the records; complete from the start of the stream.
  public internal(set) var attributes = TaskAttributes()
  /// The lines of the trace's own header, as they are (Standard Workload Format).
  public internal(set) var header: [String] = []
  private var pull: (RecordStream) throws(TraceError) -> TaskRecord?
  private var ended = false

  /// - Parameter pull: gives the next record; it may update the stream's report and symbols.
  init(
    report: ReadReport, symbols: SymbolTable,
    pull: @escaping (RecordStream) throws(TraceError) -> TaskRecord?
  ) {
    self.report = report
    self.symbols = symbols
    self.pull = pull
  }

  /// The next record, or nil at the end.
  public func next() throws(TraceError) -> TaskRecord? {
    guard !ended else { return nil }
    do throws(TraceError) {
      if let record = try pull(self) { return record }
    } catch {
      end()
      throw error
    }
    end()
    return nil
  }

  private func end() {
    ended = true
    pull = { _ in nil }  // lets go of files
  }
}

/// Where tasks come from: a replayed trace, a generator, or either behind adapters.
///
/// # Requirements on conformers
/// 1. **Order.** `submit` never decreases from one record to the next.
/// 2. **End.** Once `next()` has returned nil it returns nil for ever, and `read(into:)` appends
///    nothing.
/// 3. **Determinism.** Two sources made from the same input (and the same seed) give the same
///    records, whatever machine, thread count or hash seed.
/// 4. **Batches.** `read(into:)` gives exactly the records that as many calls of `next()` would;
///    it appends at least one record unless the source has ended or the span is full.
/// 5. **Errors.** After a throw the source has ended. `Failure` is `Never` where nothing can fail.
///
/// Run `WorkloadTestKit.check(_:)` over your source in a test: it checks each of these.
///
/// A source backed by a file is a `~Copyable` struct or owns a class that closes the file when it
/// goes; a synthetic one is a copyable struct.
///
/// ```swift
/// var source = trace.records().window(from: day, to: day + day).sample(fraction: 0.1, seed: 7)
/// while let task = try source.next() { … }
/// ```
public protocol WorkloadSource<Failure>: ~Copyable {
  /// What reading can throw.
  associatedtype Failure: Error

  /// The next task in submit order, or nil at the end.
  mutating func next() throws(Failure) -> TaskRecord?

  /// Appends the next records to `batch` until it is full or the source ends.
  mutating func read(into batch: inout OutputSpan<TaskRecord>) throws(Failure)

  /// Whether it was read to its end before, so that it gives nothing any more: of a source that is a
  /// reference, such as a trace's records, which are read once. Whoever begins to read a source refuses
  /// one like that, rather than take it for an empty workload. False unless said; adapters say what
  /// their base says.
  var isUsedUp: Bool { get }
}

extension WorkloadSource where Self: ~Copyable {
  /// Not used up: a value that is copied is read anew.
  @inlinable
  public var isUsedUp: Bool { false }

  /// One `next()` after another; a source with a faster way gives its own.
  @inlinable
  public mutating func read(into batch: inout OutputSpan<TaskRecord>) throws(Failure) {
    while !batch.isFull, let record = try next() { batch.append(record) }
  }

  /// Calls `body` with every remaining record. O(n), one record in memory.
  @inlinable
  public consuming func forEach<E: Error>(
    _ body: (TaskRecord) throws(E) -> Void
  ) throws(WorkloadConsumptionError<Failure, E>) {
    while true {
      let record: TaskRecord?
      do { record = try next() } catch { throw .source(error) }
      guard let record else { return }
      do { try body(record) } catch { throw .consumer(error) }
    }
  }
}

/// Who failed when a source was drained: the source itself or what its records were given to.
public enum WorkloadConsumptionError<Source: Error, Consumer: Error>: Error {
  /// The source could not give the next record.
  case source(Source)
  /// The consumer could not take it.
  case consumer(Consumer)
}

/// A source whose type is not known until run time, such as one named on a command line.
///
/// A reference: copies share their position.
public final class AnyWorkloadSource<Failure: Error>: WorkloadSource {
  private let isBaseUsedUp: () -> Bool
  private var hasEnded = false
  private let pull: () throws(Failure) -> TaskRecord?
  private let fill: (inout OutputSpan<TaskRecord>) throws(Failure) -> Void

  /// Boxes `source`.
  public init<Source: WorkloadSource<Failure> & ~Copyable>(_ source: consuming Source) {
    let box = Box(source)
    isBaseUsedUp = { box.source.isUsedUp }
    pull = { () throws(Failure) -> TaskRecord? in try box.source.next() }
    fill = { (batch: inout OutputSpan<TaskRecord>) throws(Failure) in
      try box.source.read(into: &batch)
    }
  }

  /// Whether its end was reached: a box is a reference, and is read once.
  public var isUsedUp: Bool { hasEnded || isBaseUsedUp() }

  public func next() throws(Failure) -> TaskRecord? {
    let record = try pull()
    if record == nil { hasEnded = true }
    return record
  }

  public func read(into batch: inout OutputSpan<TaskRecord>) throws(Failure) {
    let count = batch.count
    try fill(&batch)
    if batch.count == count, !batch.isFull { hasEnded = true }
  }

  private final class Box<Source: WorkloadSource<Failure> & ~Copyable> {
    var source: Source
    init(_ source: consuming Source) { self.source = source }
  }
}

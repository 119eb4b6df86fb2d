/// Task records held in memory, replayed as often as one likes.
///
/// Made once from a source and shared between runs: `source()` is a copyable view that costs
/// nothing to make.
public struct TaskTable: Sendable {
  /// The records in submit order.
  public let records: [TaskRecord]

  /// Keeps `records`, sorted into submit order. O(n log n).
  public init(_ records: [TaskRecord]) {
    self.records = records.sorted(by: TaskRecord.submitOrder)
  }

  /// Drains `source`. O(n).
  public init<Source: WorkloadSource & ~Copyable>(
    _ source: consuming Source
  ) throws(Source.Failure) {
    var collected: [TaskRecord] = []
    while let record = try source.next() { collected.append(record) }
    records = collected
  }

  /// How many records there are.
  @inlinable public var count: Int { records.count }

  /// A fresh replay from the first record.
  @inlinable public func source() -> TableSource { TableSource(records: records) }
}

/// Replays a ``TaskTable``.
public struct TableSource: WorkloadSource, Sendable {
  public typealias Failure = Never
  @usableFromInline let records: [TaskRecord]
  @usableFromInline var position = 0

  @usableFromInline init(records: [TaskRecord]) { self.records = records }

  @inlinable public mutating func next() -> TaskRecord? {
    guard position < records.count else { return nil }
    defer { position += 1 }
    return records[position]
  }
}

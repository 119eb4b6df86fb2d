import Diagnostics
import Foundation
import Parquet
import Synchronization
import Threads

/// Gathers the columns of one row group and encodes them, each on a thread that is free. Belongs to the
/// writer, except between `start` and `finish`.
final class RowGroupJob<Row: Sendable>: @unchecked Sendable {
  /// The symbol table's strings, if a column needs them.
  var symbols: [String] = []
  /// How many rows there are.
  private(set) var count = 0
  private let columns: [TableColumn<Row>]
  private let gathered: [GatheredColumn<Row>?]
  /// The rows themselves, for columns that are not gathered.
  private var rows: [Row] = []

  private let next = Atomic<Int>(0)
  private let helpers = DispatchGroup()
  private let lock = NSLock()
  // Guarded by `lock`.
  private var encoded: [Int: EncodedRowGroup] = [:]
  private var failure: (column: Int, error: any Error)?

  init(_ columns: [TableColumn<Row>]) {
    self.columns = columns
    let batches = columns.map(\.batch)
    let rows = ParquetWriter.defaultRowGroupSize
    // One piece of memory for all columns, so that it is of large pages: each column by itself is too
    // small for one, or would leave much of it unused.
    let memory = LargeMemory(
      batches.reduce(0) { $0 + ($1.map(GatheredColumn<Row>.bytesARow) ?? 0) } * rows)
    var used = 0
    gathered = batches.map { batch in
      batch.map { batch in
        defer { used += GatheredColumn<Row>.bytesARow(batch) * rows }
        return GatheredColumn(batch, memory, from: used, capacity: rows)
      }
    }
  }

  /// Adds rows; there must be room.
  func add(_ rows: UnsafeBufferPointer<Row>) {
    for column in gathered { column?.add(rows, after: count) }
    if gathered.contains(where: { $0 == nil }) { self.rows.append(contentsOf: rows) }
    count += rows.count
  }

  /// Forgets the rows.
  func removeAll() {
    count = 0
    rows.removeAll(keepingCapacity: true)
    for column in gathered { column?.present = 0 }
    encoded = [:]
    failure = nil
    next.store(0, ordering: .relaxed)
  }

  /// Begins to encode, on a thread for each encoder.
  ///
  /// - Throws: where the system makes no more threads; `finish` then encodes what is left.
  func start(_ encoders: [ParquetRowGroupEncoder]) throws(TraceError) {
    for encoder in encoders {
      let helper = Helper(encoder: encoder)
      helpers.enter()
      do throws(TraceError) {
        try WorkThread.start {
          self.work(helper.encoder)
          self.helpers.leave()
        }
      } catch {
        helpers.leave()
        throw error
      }
    }
  }

  /// Encodes the columns that no thread has begun with, and waits for the rest. The columns' pieces, in their order.
  func finish(_ encoder: ParquetRowGroupEncoder) throws -> [EncodedRowGroup] {
    work(encoder)
    helpers.wait()
    if let failure { throw failure.error }
    return columns.indices.compactMap { encoded[$0] }
  }

  /// An encoder on its way to the one thread that will use it.
  private struct Helper: @unchecked Sendable {
    let encoder: ParquetRowGroupEncoder
  }

  private func work(_ encoder: ParquetRowGroupEncoder) {
    while true {
      let place = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard place < columns.count else { return }
      let result = Result {
        try encoder.encode(columns: place..<place + 1, rowCount: count) { group in
          if let gathered = gathered[place] {
            try write(columns[place], gathered, to: group)
          } else {
            try write(columns[place], to: group)
          }
        }
      }
      lock.withLock {
        switch result {
        case .success(let piece): encoded[place] = piece
        case .failure(let error):
          // The error of the first column, whichever thread met one first.
          if place < failure?.column ?? .max { failure = (place, error) }
        }
      }
    }
  }

  private func write(
    _ column: TableColumn<Row>, to group: borrowing ParquetRowGroupWriter
  ) throws {
    switch column.cell {
    case .integer(let get):
      if column.isNullable {
        try group.writeOptional(column.name) { get(rows[$0]) }
      } else {
        try group.write(column.name) { get(rows[$0]) ?? 0 }
      }
    case .number(let get):
      if column.isNullable {
        try group.writeOptional(column.name) { get(rows[$0]) }
      } else {
        try group.write(column.name) { get(rows[$0]) ?? 0 }
      }
    case .flag(let get):
      try group.write(column.name) { get(rows[$0]) }
    case .label(let names, let get):
      try group.writeStrings(column.name, table: ParquetStringTable(names)) {
        UInt32(get(rows[$0]))
      }
    case .symbol(let get):
      try group.writeOptionalStrings(column.name, table: ParquetStringTable(symbols)) {
        let symbol = get(rows[$0])
        return symbol == 0 ? nil : symbol
      }
    }
  }

  private func write(
    _ column: TableColumn<Row>, _ gathered: GatheredColumn<Row>,
    to group: borrowing ParquetRowGroupWriter
  ) throws {
    switch gathered.batch {
    case .integers:
      try group.write(column.name, of: Int64.self) { gathered.copy(count, to: $0, $1) }
    case .numbers:
      try group.write(column.name, of: Double.self) { gathered.copy(count, to: $0, $1) }
    case .flags:
      try group.write(column.name, of: Bool.self) { values, _ in
        gathered.copy(count, to: values)
        return count
      }
    case .codes:
      let names: [String]
      var nullCode: UInt32?
      if case .label(let labels, _) = column.cell {
        names = labels
      } else {
        names = symbols
        nullCode = 0
      }
      try group.writeStrings(column.name, table: ParquetStringTable(names), nullCode: nullCode) {
        gathered.copy(count, to: $0)
      }
    }
  }
}

/// A column's values, end to end, and for each row whether it has one.
private final class GatheredColumn<Row> {
  let batch: TableColumn<Row>.Batch
  /// How many values there are.
  var present = 0
  /// What `values` points into; held so that it stays.
  private let memory: LargeMemory
  private let values: UnsafeMutableRawPointer
  private let capacity: Int

  /// - Parameters:
  ///   - batch: how values are gathered.
  ///   - memory: has `bytesARow` for each of `capacity` rows, from `offset` on.
  init(
    _ batch: TableColumn<Row>.Batch, _ memory: LargeMemory, from offset: Int, capacity: Int
  ) {
    self.batch = batch
    self.memory = memory
    self.capacity = capacity
    values = UnsafeMutableRawPointer(memory.base + offset)
  }

  static func bytesARow(_ batch: TableColumn<Row>.Batch) -> Int {
    switch batch {
    case .integers, .numbers: 8 + 1
    case .flags: 1
    case .codes: 4
    }
  }

  /// Adds the values of rows behind those of `count` others.
  func add(_ rows: UnsafeBufferPointer<Row>, after count: Int) {
    switch batch {
    case .integers(let fill):
      present += fill(
        rows, values.assumingMemoryBound(to: Int64.self) + present, validity(from: count))
    case .numbers(let fill):
      present += fill(
        rows, values.assumingMemoryBound(to: Double.self) + present, validity(from: count))
    case .flags(let fill): fill(rows, values.assumingMemoryBound(to: Bool.self) + count)
    case .codes(let fill): fill(rows, values.assumingMemoryBound(to: UInt32.self) + count)
    }
  }

  /// Whether rows have a value: behind the values of integers and numbers. Flags and codes always
  /// have one, and no such memory.
  private func validity(from count: Int) -> UnsafeMutablePointer<Bool> {
    (values + 8 * capacity).assumingMemoryBound(to: Bool.self) + count
  }

  /// Copies the values there are, and whether each of `count` rows has one; returns how many.
  func copy<Value: BitwiseCopyable>(
    _ count: Int, to out: UnsafeMutablePointer<Value>, _ isThere: UnsafeMutablePointer<Bool>
  ) -> Int {
    copy(present, to: out)
    isThere.update(from: validity(from: 0), count: count)
    return present
  }

  /// Copies `count` values.
  func copy<Value: BitwiseCopyable>(_ count: Int, to out: UnsafeMutablePointer<Value>) {
    out.update(from: values.assumingMemoryBound(to: Value.self), count: count)
  }
}

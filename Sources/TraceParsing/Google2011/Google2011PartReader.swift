import Diagnostics
import TraceInput
import Workload

/// The rows of one part, each checked for its number of columns and for time order. In strict mode
/// the first bad row throws; in lenient mode it is put aside.
struct Google2011PartReader {
  let file: String
  let layout: ColumnLayout
  private let isLenient: Bool
  let tolerance: Microseconds
  private let meter: ReadMeter?
  private let reader: PlainRowReader
  let batch = RowBatch()
  var position = 0
  /// An error that the rows of `batch` come before.
  private var ahead: TraceError?
  /// Rows seen, bad ones included.
  var rows = 0
  private var commentRows = 0
  /// Bad rows, in lenient mode: to be taken away when there are ``rejectLimit`` of them.
  var rejects: [RejectedRow] = []
  /// So many bad rows are kept before `next` returns without a row.
  static let rejectLimit = 1024
  /// Whether `next` returned nil because bad rows are to be taken away, and not at the end.
  private(set) var isPaused = false
  /// The last time that good rows have reached: those of this part, and what is put in.
  var lastTime: Microseconds
  /// The least real time of any row.
  var earliest = Microseconds.never

  /// - Parameter lastTime: the last time of the rows before the part.
  init(
    _ stream: any ByteStream, file: String, layout: ColumnLayout, options: PartOptions,
    lastTime: Microseconds
  ) {
    self.file = file
    self.layout = layout
    isLenient = options.isLenient
    tolerance = options.timeTolerance
    meter = options.meter
    reader = PlainRowReader(stream)
    self.lastTime = lastTime
  }

  /// Comment lines passed over.
  var comments: Int { commentRows + reader.comments }

  /// The next row with the right number of columns and a time in order, or nil at the end, or where
  /// there are so many bad rows that they are to be taken away (`isPaused`).
  @inline(__always)
  mutating func next() throws(TraceError) -> TableRow? {
    isPaused = false
    while true {
      while position < batch.count {
        let row = batch[position]
        position += 1
        if row[0].first == UInt8(ascii: "#") {
          commentRows += 1
          continue
        }
        rows += 1
        let tableRow = TableRow(row: row, layout: layout)
        do throws(RowError) {
          try check(tableRow)
          return tableRow
        } catch {
          try reject(error, tableRow)
          if rejects.count >= Self.rejectLimit {
            isPaused = true
            return nil
          }
        }
      }
      if rejects.count >= Self.rejectLimit {
        isPaused = true
        return nil
      }
      guard try fillBatch() else { return nil }
    }
  }

  private mutating func fillBatch() throws(TraceError) -> Bool {
    position = 0
    if let error = ahead.take() {
      guard isLenient, error.code == .malformedRow else { throw error }
      rows += 1
      rejects.append(RejectedRow(error: error, reason: "malformed quotes", row: reader.recover()))
    }
    do throws(TraceError) {
      guard try reader.nextBatch(batch) else { return false }
    } catch {
      ahead = error
    }
    meter?.add(rows: batch.count)
    return true
  }

  /// Puts a bad row aside, or throws what is wrong with it.
  mutating func reject(_ error: RowError, _ row: TableRow) throws(TraceError) {
    let located = TraceError(
      error.code, error.message, file: file, line: row.row.line,
      column: error.column.map { layout.field($0) + 1 })
    guard isLenient else { throw located }
    rejects.append(RejectedRow(error: located, reason: error.reason, row: row.row.csv))
  }

  /// The good row's time counts for those that follow.
  @inline(__always)
  mutating func accept(_ time: Microseconds) {
    if time.isKnown && time > lastTime { lastTime = time }
  }

  @inline(__always)
  private mutating func check(_ row: TableRow) throws(RowError) {
    guard layout.fieldCount.contains(row.row.count) else { throw wrongCount(row.row.count) }
    let time = try row.time(0)
    guard time.isKnown else { return }
    if time < earliest { earliest = time }
    if time + tolerance < lastTime { throw disorder(time) }
  }

  @inline(never)
  private func wrongCount(_ count: Int) -> RowError {
    let expected = layout.fieldCount.upperBound
    return RowError(
      column: nil,
      message: "\(layout.table.rawValue) has \(expected) columns; this row has \(count)",
      reason: count < expected ? "too few columns" : "too many columns")
  }

  @inline(never)
  private func disorder(_ time: Microseconds) -> RowError {
    RowError(
      column: 0,
      message:
        "time \(time.rawValue) is \((lastTime - time).seconds) s before that of an earlier row; "
        + "rows are sorted by time (--time-tolerance accepts disorder up to a bound)",
      reason: "time runs backwards", code: .disorder)
  }
}

/// What reading a part depends on, of all `ReadOptions`: what threads can share.
struct PartOptions: Sendable {
  var isLenient: Bool
  var timeTolerance: Microseconds
  var meter: ReadMeter?

  init(_ options: ReadOptions) {
    isLenient = options.rejects != nil
    timeTolerance = options.timeTolerance
    meter = options.meter
  }
}

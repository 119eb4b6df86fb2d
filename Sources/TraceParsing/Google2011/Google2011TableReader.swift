import Diagnostics
import TraceInput
import Workload

/// The rows of one table, its parts one after another, each checked for its number of columns and
/// for time order. In strict mode the first bad row throws; in lenient mode it is rejected, and so
/// is what follows the damage in a damaged part.
struct Google2011TableReader {
  let layout: ColumnLayout
  private var parts: PartCursor
  private let options: ReadOptions
  /// Rows seen, bad ones included.
  private(set) var rows = 0
  /// Comment lines passed over.
  private(set) var comments = 0
  private var lastTime = Microseconds.zero

  init(_ group: TraceInput.Group, layout: ColumnLayout, options: ReadOptions) {
    self.layout = layout
    self.options = options
    parts = PartCursor(group, options)
  }

  /// Calls `body` with every good row. A `RowError` from `body` makes the row a bad one.
  mutating func forEachRow(
    _ body: (TableRow) throws(RowError) -> Void
  ) throws(TraceError) {
    while true {
      do throws(TraceError) {
        guard let (file, stream) = try parts.next() else { return }
        try read(stream, file: file.name, body)
      } catch {
        guard let rejects = options.rejects, let rejected = RejectedRow(restOfPart: error) else {
          throw error
        }
        rows += 1
        try rejects.add(rejected)
      }
    }
  }

  private mutating func read(
    _ stream: PeekableStream, file: String, _ body: (TableRow) throws(RowError) -> Void
  ) throws(TraceError) {
    var part = Google2011PartReader(
      stream, file: file, layout: layout, options: PartOptions(options), lastTime: lastTime)
    defer {
      rows += part.rows
      comments += part.comments
      lastTime = part.lastTime
    }
    do throws(TraceError) {
      while true {
        guard let row = try part.next() else {
          guard part.isPaused else { break }
          try writeRejects(&part)
          continue
        }
        do throws(RowError) {
          try body(row)
          part.accept(try row.time(0))
        } catch {
          try part.reject(error, row)
        }
        if !part.rejects.isEmpty { try writeRejects(&part) }
      }
    } catch {
      try writeRejects(&part)
      throw error
    }
    try writeRejects(&part)
  }

  private func writeRejects(_ part: inout Google2011PartReader) throws(TraceError) {
    for row in part.rejects { try options.rejects?.add(row) }
    part.rejects = []
  }
}

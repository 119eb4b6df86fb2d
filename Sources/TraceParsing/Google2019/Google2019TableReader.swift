import Workload

/// The objects of one table, its parts one after another. In strict mode the first bad one throws;
/// in lenient mode it is rejected and counted, and so is what follows the damage in a damaged part.
struct Google2019TableReader {
  private let table: Google2019Table
  private var parts: PartCursor
  private let options: ReadOptions
  /// Objects seen, bad ones included.
  private(set) var rows = 0

  init(_ group: TraceInput.Group, _ table: Google2019Table, options: ReadOptions) {
    self.table = table
    self.options = options
    parts = PartCursor(group, options)
  }

  /// Calls `body` with every good object. A `RowError` from `body` makes it a bad one.
  mutating func forEachRow(_ body: (JSONRow) throws(RowError) -> Void) throws(TraceError) {
    while true {
      do throws(TraceError) {
        guard let (file, stream) = try parts.next() else { return }
        try read(try JSONLineReader(stream, fields: table.fields), file: file.name, body)
      } catch {
        guard let rejects = options.rejects, error.code == .damaged || error.code == .unrecognised
        else { throw error }
        rows += 1
        try rejects.add(error, reason: "damaged part: the rest of it is not read", row: "")
      }
    }
  }

  private mutating func read(
    _ reader: JSONLineReader, file: String, _ body: (JSONRow) throws(RowError) -> Void
  ) throws(TraceError) {
    var more = true
    var counted = rows
    while more {
      do throws(TraceError) {
        more = try reader.next { row throws(TraceError) in
          rows += 1
          do throws(RowError) {
            try body(row)
          } catch {
            let located = TraceError(error.code, error.message, file: file, line: reader.line)
            guard let rejects = options.rejects else { throw located }
            try rejects.add(
              located, reason: error.reason, row: String(decoding: row.text, as: UTF8.self))
          }
        }
      } catch {
        guard let rejects = options.rejects, error.code == .malformedRow else { throw error }
        rows += 1
        try rejects.add(error, reason: "not a JSON object", row: "")
      }
      if rows - counted >= 4096 || !more {
        options.meter?.add(rows: rows - counted)
        counted = rows
      }
    }
  }
}

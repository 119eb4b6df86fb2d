import Diagnostics
import TraceInput
import Workload

/// A reader of one of the trace's tables.
typealias Google2019TableReader = TableReader<Google2019TablePart>

extension TableReader<Google2019TablePart> {
  init(_ group: TraceInput.Group, _ table: Google2019Table, options: ReadOptions) {
    self.init(group, reading: Google2019TablePart(table, options), options: options)
  }
}

/// The objects of one part of a table.
struct Google2019TablePart: TablePart {
  private let table: Google2019Table
  private let isLenient: Bool
  private let meter: ReadMeter?
  var tally = PartTally()

  init(_ table: Google2019Table, _ options: ReadOptions) {
    self.table = table
    isLenient = options.rejects != nil
    meter = options.meter
  }

  mutating func read(
    _ stream: any ByteStream, file: String, _ body: (JSONRow) throws(RowError) -> Void,
    flush: (inout PartTally) throws(TraceError) -> Void
  ) throws(TraceError) {
    let reader = try JSONLineReader(stream, fields: table.fields)
    var more = true
    while more {
      do throws(TraceError) {
        more = try reader.next { row throws(TraceError) in
          tally.rows += 1
          do throws(RowError) {
            try body(row)
          } catch {
            let located = TraceError(
              error.code, error.message, file: file, line: reader.line,
              column: error.column.flatMap(row.column(of:)))
            guard isLenient else { throw located }
            tally.rejects.append(
              RejectedRow(
                error: located, reason: error.reason,
                row: String(decoding: row.text, as: UTF8.self)))
          }
        }
      } catch {
        guard isLenient, error.code == .malformedRow else { throw error }
        tally.rows += 1
        tally.rejects.append(RejectedRow(error: error, reason: "not a JSON object", row: ""))
      }
      if tally.rows >= 4096 || !more {
        meter?.add(rows: tally.rows)
        try flush(&tally)
      }
    }
  }
}

import Diagnostics
import TraceInput

/// Where a table's columns stand in its rows: in the published order, or as `schema.csv` says.
struct ColumnLayout: Sendable {
  let table: Google2011Table
  /// For each column of the table its field, counting from 0; -1 where the rows do not have it.
  /// A vector, because it is looked up for every cell: it is no object that would be counted.
  private var fields = SIMD32<Int16>(repeating: -1)
  /// How many fields a row has, at least and at most.
  let fieldCount: ClosedRange<Int>

  /// Whether the columns stand in the published order, as they do in the published trace, whose
  /// `schema.csv` says so.
  let isPublished: Bool

  /// The published order.
  init(_ table: Google2011Table) {
    self.table = table
    for column in table.columns.indices { fields[column] = Int16(column) }
    fieldCount = table.minimumColumns...table.columns.count
    isPublished = true
  }

  /// The order that a `schema.csv` states for `table`; nil if it does not speak of it.
  ///
  /// A column is known by its name, whatever its case, blanks and plural; columns that this toolkit
  /// does not know are passed over.
  init?(_ table: Google2011Table, schema: Schema) throws(TraceError) {
    let rows = schema.rows.filter {
      $0.pattern.hasPrefix(table.rawValue + "/") || $0.pattern.hasPrefix(table.rawValue + ".")
        || $0.pattern == table.rawValue || $0.pattern.hasPrefix(table.rawValue + "-")
    }
    guard !rows.isEmpty else { return nil }
    self.table = table
    for (place, column) in table.columns.enumerated() {
      let field = rows.first { Self.key($0.content) == Self.key(column.name) }
      if field == nil && column.isMandatory {
        throw TraceError(
          .malformedRow, "no column '\(column.name)' for \(table.rawValue)", file: schema.file)
      }
      fields[place] = field.map { Int16($0.field - 1) } ?? -1
    }
    let count = rows.map(\.field).max() ?? 0
    let isOldUsage = table == .taskUsage && count == table.columns.count
    fieldCount = (isOldUsage ? count - 1 : count)...count
    let published = Self(table)
    isPublished = fields == published.fields && fieldCount == published.fieldCount
  }

  private static func key(_ name: String) -> String {
    let letters = name.lowercased().filter { $0.isLetter || $0.isNumber }
    let words = [
      "cpu": "cpus", "differentmachineconstraint": "differentmachinesrestriction",
      "differentmachine": "differentmachinesrestriction",
      "diskrequest": "diskspacerequest", "deleted": "attributedeleted",
      "starttimeofthemeasurementperiod": "starttime", "meancpuusagerate": "cpurate",
    ]
    return words[letters] ?? letters
  }

  /// The field of a column, counting from 0, or -1.
  @inline(__always) func field(_ column: Int) -> Int { Int(fields[column]) }
}

/// The contents of a `schema.csv`: `file pattern,field number,content,format,mandatory`.
struct Schema {
  struct Entry {
    var pattern: String
    /// Counting from 1.
    var field: Int
    var content: String
  }

  let file: String
  private(set) var rows: [Entry] = []

  init(_ bytes: [UInt8], file: String) throws(TraceError) {
    self.file = file
    let reader = LibCSVRowReader(MemoryStream(bytes, name: file))
    let batch = RowBatch()
    var isHeader = true
    while try reader.nextBatch(batch) {
      for index in 0..<batch.count {
        let entry: Entry? = try batch.withRow(index) { row throws(TraceError) in
          if isHeader {
            isHeader = false
            return nil
          }
          guard row.count >= 3, let field = parseInteger(row[1]), (1...1000).contains(field) else {
            throw TraceError(
              .malformedRow, "expected 'file pattern,field number,content,format,mandatory'",
              file: file, line: row.line)
          }
          return Entry(pattern: row.text(0), field: Int(field), content: row.text(2))
        }
        if let entry { rows.append(entry) }
      }
    }
  }
}

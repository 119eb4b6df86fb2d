import Diagnostics
import Parquet
import Quoting
import Tables
import TraceInput
import Workload

/// Reads the pieces of a record file that other programs wrote, one after another, row by row.
struct RecordPartReader {
  private let options: ReadOptions
  private var names = NameNumbers()
  /// Rows seen, bad ones included.
  private(set) var rows = 0
  /// Comment lines passed over.
  private(set) var comments = 0

  init(_ options: ReadOptions) { self.options = options }

  /// Reads all files of a piece.
  mutating func read(
    _ part: TablePieces, _ gathering: inout RecordGathering
  ) throws(TraceError) {
    let columns = RecordColumn.all.filter { part.has($0.name) }.map(MappedColumn.init)
    let present = Set(columns.map(\.target.name))
    var mapper = RecordMapper(present: present)
    // What the folders say is the same for every row.
    for column in columns {
      guard let value = part.partition[column.target.name] else { continue }
      do throws(RowError) {
        try set(column, value, in: &mapper.start, &gathering.symbols)
      } catch {
        throw TraceError(error.code, error.message, file: FileName.parent(part.group.files[0].name))
      }
    }
    let own = columns.filter { part.columns.contains($0.target.name) }
    let work = Work(columns: own, mapper: mapper)
    if part.group.isParquet {
      try readParquet(part.group, work, &gathering)
    } else {
      try readCSV(part.group, work, &gathering)
    }
  }

  /// What to do with each row.
  private struct Work {
    let columns: [MappedColumn]
    let mapper: RecordMapper
  }

  private mutating func set(
    _ column: MappedColumn, _ text: String?, in record: inout TaskRecord,
    _ symbols: inout SymbolTable
  ) throws(RowError) {
    guard var text else { return try column.set(nil, in: &record, &symbols, &names) }
    let bytes = text.withUTF8 { Array($0) }
    var failure: RowError?
    bytes.withUnsafeBytes { bytes in
      do throws(RowError) {
        try column.set(.text(bytes), in: &record, &symbols, &names)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  private func accept(
    _ record: TaskRecord, _ work: Work, _ gathering: inout RecordGathering
  ) throws(RowError) {
    var record = record
    try work.mapper.complete(&record)
    gathering.survey.add(record)
    gathering.add(record)
  }

  private mutating func readCSV(
    _ group: TraceInput.Group, _ work: Work, _ gathering: inout RecordGathering
  ) throws(TraceError) {
    var count = Int64(rows)
    let table = FieldTable(
      "tasks", work.columns.map { ColumnSpec($0.target.name, .text, true) })
    var reader = FieldTableReader(group, table, .csvWithHeader, options: options)
    var names = names
    try reader.forEachRow { row throws(RowError) in
      var record = work.mapper.blank(number: count)
      count += 1
      for (place, column) in work.columns.enumerated() {
        var bytes = row[place]
        // Before what a spreadsheet would take for a formula there is a `'`.
        if Quoting.isProtectedCSV(bytes) {
          bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
        }
        do throws(RowError) {
          try column.set(
            bytes.isEmpty ? nil : .text(bytes), in: &record, &gathering.symbols, &names)
        } catch {
          var located = error
          located.column = place
          throw located
        }
      }
      try accept(record, work, &gathering)
    }
    self.names = names
    rows += reader.rows
    comments += reader.comments
  }

  private mutating func readParquet(
    _ group: TraceInput.Group, _ work: Work, _ gathering: inout RecordGathering
  ) throws(TraceError) {
    for file in group.files {
      let reader = try file.openParquet(expansion: options.maximumExpansion)
      var columns: [(MappedColumn, MappedParquetCursor)] = []
      for column in work.columns {
        let cursor = try catching(file.name) { try MappedParquetCursor(reader, column.target.name) }
        columns.append((try column.obeying(cursor.column, file: file.name), cursor))
      }
      var done = 0
      while done < reader.rowCount {
        let count = min(4096, reader.rowCount - done)
        try catching(file.name) { for (_, cursor) in columns { try cursor.read(count) } }
        for row in 0..<count {
          var record = work.mapper.blank(number: Int64(rows))
          rows += 1
          do throws(RowError) {
            for (column, cursor) in columns {
              try cursor.withValue(row) { value throws(RowError) in
                try column.set(value, in: &record, &gathering.symbols, &names)
              }
            }
            try accept(record, work, &gathering)
          } catch {
            let located = TraceError(
              error.code, "row \(done + row + 1): \(error.message)", file: file.name)
            guard let rejects = options.rejects else { throw located }
            try rejects.add(located, reason: error.reason, row: "")
          }
        }
        done += count
        options.meter?.add(rows: count)
      }
    }
  }
}

import Parquet

/// A reproducible generator: SplitMix64 (Steele, Lea, Flood 2014).
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func chance(_ probability: Double) -> Bool {
    Double.random(in: 0..<1, using: &self) < probability
  }
}

/// The values of a column; floats as bit patterns, so that NaN and -0 compare as they are.
enum TestValues: Equatable {
  case boolean([Bool?])
  case int32([Int32?])
  case int64([Int64?])
  case float([UInt32?])
  case double([UInt64?])
  case string([String?])

  var type: ParquetType {
    switch self {
    case .boolean: .boolean
    case .int32: .int32
    case .int64: .int64
    case .float: .float
    case .double: .double
    case .string: .string
    }
  }

  static func + (a: TestValues, b: TestValues) -> TestValues {
    switch (a, b) {
    case (.boolean(let a), .boolean(let b)): .boolean(a + b)
    case (.int32(let a), .int32(let b)): .int32(a + b)
    case (.int64(let a), .int64(let b)): .int64(a + b)
    case (.float(let a), .float(let b)): .float(a + b)
    case (.double(let a), .double(let b)): .double(a + b)
    case (.string(let a), .string(let b)): .string(a + b)
    default: preconditionFailure("columns of two types")
    }
  }
}

/// A table in memory, and how it is cut into row groups.
struct TestTable: Equatable {
  var columns: [ParquetColumn]
  /// For each row group its columns.
  var groups: [[TestValues]]
  var groupSizes: [Int]

  func encoded(
    _ options: ParquetWriter.Options = .init(), metadata: KeyValuePairs<String, String> = [:]
  ) throws -> [UInt8] {
    var bytes: [UInt8] = []
    let writer = try ParquetWriter(columns: columns, options: options) {
      bytes.append(contentsOf: $0)
    }
    for (values, rows) in zip(groups, groupSizes) {
      try writer.writeRowGroup(rowCount: rows) { group in
        for (column, values) in zip(columns, values) {
          switch values {
          case .boolean(let v): try group.write(column.name, buffer(v))
          case .int32(let v): try group.write(column.name, buffer(v))
          case .int64(let v): try group.write(column.name, buffer(v))
          case .float(let v):
            try group.write(column.name, buffer(v.map { $0.map { Float(bitPattern: $0) } }))
          case .double(let v):
            try group.write(column.name, buffer(v.map { $0.map { Double(bitPattern: $0) } }))
          case .string(let v):
            var buffer = ParquetStringBuffer()
            for string in v { buffer.append(string) }
            try group.write(column.name, buffer)
          }
        }
      }
    }
    try writer.finish(metadata: metadata)
    precondition(writer.byteCount == bytes.count)
    return bytes
  }

  private func buffer<Value: ParquetValue>(_ values: [Value?]) -> ParquetColumnBuffer<Value> {
    var buffer = ParquetColumnBuffer<Value>()
    for value in values { buffer.append(value) }
    return buffer
  }

  /// Reads a file whole, row group by row group.
  init(decoding bytes: [UInt8], limits: ParquetLimits = ParquetLimits()) throws {
    let reader = try ParquetReader(ParquetBytes(bytes), limits: limits)
    columns = reader.columns
    groupSizes = reader.rowGroups.map(\.rowCount)
    groups = []
    for group in reader.rowGroups.indices {
      groups.append(
        try reader.columns.map { column in
          switch column.type {
          case .boolean: .boolean(try TestTable.read(reader, column.name, group))
          case .int32: .int32(try TestTable.read(reader, column.name, group))
          case .int64: .int64(try TestTable.read(reader, column.name, group))
          case .float:
            .float(
              try TestTable.read(reader, column.name, group).map { (v: Float?) in v?.bitPattern })
          case .double:
            .double(
              try TestTable.read(reader, column.name, group).map { (v: Double?) in v?.bitPattern })
          case .string:
            .string(try TestTable.readStrings(reader, column.name, group))
          }
        })
    }
  }

  /// Reads a file by cursors, in batches of `batch` rows; the result is one row group.
  init(cursoring bytes: [UInt8], batch: Int) throws {
    let reader = try ParquetReader(ParquetBytes(bytes))
    func all<Value: ParquetValue>(_ name: String) throws -> [Value?] {
      let cursor = try reader.cursor(name, of: Value.self)
      var buffer = ParquetColumnBuffer<Value>()
      var out: [Value?] = []
      while try cursor.read(batch, into: &buffer) > 0 {
        for row in 0..<buffer.count { out.append(buffer[row]) }
      }
      return out
    }
    columns = reader.columns
    groupSizes = [reader.rowCount]
    groups = [
      try reader.columns.map { column in
        switch column.type {
        case .boolean: return .boolean(try all(column.name))
        case .int32: return .int32(try all(column.name))
        case .int64: return .int64(try all(column.name))
        case .float: return .float(try all(column.name).map { (v: Float?) in v?.bitPattern })
        case .double: return .double(try all(column.name).map { (v: Double?) in v?.bitPattern })
        case .string:
          let cursor = try reader.stringCursor(column.name)
          var buffer = ParquetStringBuffer()
          var out: [String?] = []
          while try cursor.read(batch, into: &buffer) > 0 {
            for row in 0..<buffer.count { out.append(buffer[row]) }
          }
          return .string(out)
        }
      }
    ]
  }

  init(columns: [ParquetColumn], groups: [[TestValues]], groupSizes: [Int]) {
    self.columns = columns
    self.groups = groups
    self.groupSizes = groupSizes
  }

  /// The same rows in one row group.
  var joined: TestTable {
    guard let first = groups.first else {
      return TestTable(columns: columns, groups: [], groupSizes: [])
    }
    let values = groups.dropFirst().reduce(first) { a, b in zip(a, b).map { $0 + $1 } }
    return TestTable(columns: columns, groups: [values], groupSizes: [groupSizes.reduce(0, +)])
  }

  private static func read<Value: ParquetValue>(
    _ reader: ParquetReader, _ name: String, _ group: Int
  ) throws -> [Value?] {
    var buffer = ParquetColumnBuffer<Value>()
    try reader.read(name, rowGroup: group, into: &buffer)
    return (0..<buffer.count).map { buffer[$0] }
  }

  private static func readStrings(
    _ reader: ParquetReader, _ name: String, _ group: Int
  ) throws -> [String?] {
    var buffer = ParquetStringBuffer()
    try reader.read(name, rowGroup: group, into: &buffer)
    return (0..<buffer.count).map { buffer[$0] }
  }
}

extension FileMetadata {
  /// Reads the footer's Thrift message.
  init(from bytes: UnsafeRawBufferPointer) throws(ParquetError) {
    var reader = ThriftReader(bytes)
    var metadata = FileMetadata()
    var required: Set<Int> = [2, 3, 4]
    try reader.structure { (reader, field, type) throws(ParquetError) in
      required.remove(Int(field))
      switch field {
      case 2:
        try reader.list(type, of: .structure) { (reader) throws(ParquetError) in
          metadata.schema.append(try SchemaElement(from: &reader))
        }
      case 3: metadata.rowCount = try reader.integer(type)
      case 4:
        try reader.list(type, of: .structure) { (reader) throws(ParquetError) in
          metadata.rowGroups.append(try RowGroupMetadata(from: &reader))
        }
      case 5:
        try reader.list(type, of: .structure) { (reader) throws(ParquetError) in
          var pair: (key: String, value: String?) = ("", nil)
          try reader.structure { (reader, field, type) throws(ParquetError) in
            switch field {
            case 1: pair.key = try reader.string(type)
            case 2: pair.value = try reader.string(type)
            default: try reader.skip(type)
            }
          }
          metadata.keyValues.append(pair)
        }
      case 6: metadata.createdBy = try reader.string(type)
      case 7:
        metadata.hasTypeOrder = true
        try reader.skip(type)
      default: try reader.skip(type)
      }
    }
    // Schema, number of rows, row groups (parquet.thrift): without them it would be a file of no rows.
    guard required.isEmpty else {
      throw ParquetError(
        .corrupt, "the footer lacks the schema, the number of rows or the row groups")
    }
    self = metadata
  }
}

extension SchemaElement {
  fileprivate init(from reader: inout ThriftReader) throws(ParquetError) {
    var element = SchemaElement()
    var isNamed = false
    try reader.structure { (reader, field, type) throws(ParquetError) in
      switch field {
      case 1: element.type = try reader.integer(type)
      case 3: element.repetition = try reader.integer(type)
      case 4:
        element.name = try reader.string(type)
        isNamed = true
      case 5: element.childCount = try reader.size32(type)
      case 6: element.convertedType = try reader.integer(type)
      case 7: element.scale = try reader.integer(type)
      case 8: element.precision = try reader.integer(type)
      case 10: element.logicalType = try ParquetAnnotation(from: &reader, type)
      default: try reader.skip(type)
      }
    }
    guard isNamed else { throw ParquetError(.corrupt, "a column of the schema has no name") }
    self = element
  }

  /// What the values mean: by the logical type, or by the older converted type.
  var annotation: ParquetAnnotation {
    if let logicalType { return logicalType }
    switch convertedType {
    case nil: return .none
    case 0, 4, 19: return .string
    case 5: return .decimal(precision: precision, scale: scale)
    case 6: return .date
    case 7: return .time(decimals: 3, sinceMidnight: true)
    case 8: return .time(decimals: 6, sinceMidnight: true)
    case 9: return .time(decimals: 3, sinceMidnight: false)
    case 10: return .time(decimals: 6, sinceMidnight: false)
    case .some(let code) where (11...14).contains(code):
      return .integer(bitWidth: 8 << (code - 11), isSigned: false)
    case .some(let code) where (15...18).contains(code):
      return .integer(bitWidth: 8 << (code - 15), isSigned: true)
    default: return .other
    }
  }
}

extension ParquetAnnotation {
  /// Reads the LogicalType union.
  fileprivate init(from reader: inout ThriftReader, _ type: ThriftType) throws(ParquetError) {
    guard type == .structure else {
      throw ParquetError(.corrupt, "a logical type is not a structure")
    }
    var result = ParquetAnnotation.other
    try reader.structure { (reader, field, type) throws(ParquetError) in
      guard type == .structure else { return try reader.skip(type) }
      switch field {
      case 1, 4, 12:
        result = .string
        try reader.skip(type)
      case 5:
        var (scale, precision) = (0, 0)
        try reader.structure { (reader, field, type) throws(ParquetError) in
          switch field {
          case 1: scale = try reader.integer(type)
          case 2: precision = try reader.integer(type)
          default: try reader.skip(type)
          }
        }
        result = .decimal(precision: precision, scale: scale)
      case 6:
        result = .date
        try reader.skip(type)
      case 7, 8:
        var (decimals, isAdjusted) = (3, true)
        try reader.structure { (reader, unit, type) throws(ParquetError) in
          if unit == 1 { return isAdjusted = try reader.boolean(type) }
          guard unit == 2, type == .structure else { return try reader.skip(type) }
          try reader.structure { (reader, field, type) throws(ParquetError) in
            decimals = 3 * Int(max(1, min(field, 3)))
            try reader.skip(type)
          }
        }
        result =
          field == 8 && !isAdjusted
          ? .localTime(decimals: decimals)
          : .time(decimals: decimals, sinceMidnight: field == 7)
      case 10:
        var (bits, isSigned) = (64, true)
        try reader.structure { (reader, field, type) throws(ParquetError) in
          switch field {
          case 1: bits = try reader.integer(type)
          case 2: isSigned = try reader.boolean(type)
          default: try reader.skip(type)
          }
        }
        result = .integer(bitWidth: bits, isSigned: isSigned)
      case 15:
        result = .halfFloat
        try reader.skip(type)
      default: try reader.skip(type)
      }
    }
    self = result
  }
}

extension RowGroupMetadata {
  fileprivate init(from reader: inout ThriftReader) throws(ParquetError) {
    var group = RowGroupMetadata()
    var rows: Int?
    try reader.structure { (reader, field, type) throws(ParquetError) in
      switch field {
      case 1:
        try reader.list(type, of: .structure) { (reader) throws(ParquetError) in
          group.columns.append(try ColumnMetadata(chunkFrom: &reader))
        }
      case 2: group.byteSize = try reader.integer(type)
      case 3: rows = try reader.integer(type)
      default: try reader.skip(type)
      }
    }
    guard let rows, rows >= 0 else {
      throw ParquetError(.corrupt, "a row group has no valid number of rows")
    }
    group.rowCount = rows
    self = group
  }
}

extension ColumnMetadata {
  /// Reads a ColumnChunk.
  fileprivate init(chunkFrom reader: inout ThriftReader) throws(ParquetError) {
    var column: ColumnMetadata?
    var (isExternal, isEncrypted) = (false, false)
    try reader.structure { (reader, field, type) throws(ParquetError) in
      switch field {
      case 1:
        isExternal = true
        try reader.skip(type)
      case 3:
        guard type == .structure else {
          throw ParquetError(.corrupt, "a column's metadata is not a structure")
        }
        column = try ColumnMetadata(from: &reader)
      case 8, 9:
        isEncrypted = true
        try reader.skip(type)
      default: try reader.skip(type)
      }
    }
    guard var column = column ?? (isEncrypted ? ColumnMetadata() : nil) else {
      throw ParquetError(.corrupt, "a column chunk has no metadata")
    }
    column.isExternal = isExternal
    column.isEncrypted = isEncrypted
    self = column
  }

  private init(from reader: inout ThriftReader) throws(ParquetError) {
    var column = ColumnMetadata()
    var seen: Set<Int16> = []
    try reader.structure { (reader, field, type) throws(ParquetError) in
      seen.insert(field)
      switch field {
      case 1: column.type = try reader.integer(type)
      case 4: column.codec = try reader.integer(type)
      case 5: column.valueCount = try reader.integer(type)
      case 6: column.uncompressedSize = try reader.integer(type)
      case 7: column.compressedSize = try reader.integer(type)
      case 9: column.dataPageOffset = try reader.integer(type)
      case 11: column.dictionaryPageOffset = try reader.integer(type)
      case 12:
        guard type == .structure else { return try reader.skip(type) }
        column.statistics = try Statistics(from: &reader)
      default: try reader.skip(type)
      }
    }
    guard seen.isSuperset(of: [1, 4, 5, 7, 9]) else {
      throw ParquetError(.corrupt, "a column chunk lacks a required field")
    }
    self = column
  }
}

extension Statistics {
  fileprivate init(from reader: inout ThriftReader) throws(ParquetError) {
    var result = Statistics()
    try reader.structure { (reader, field, type) throws(ParquetError) in
      switch field {
      case 3: result.nullCount = try reader.integer(type)
      case 5: result.maximum = Array(try reader.binary(type))
      case 6: result.minimum = Array(try reader.binary(type))
      case 7: result.isMaximumExact = try reader.boolean(type)
      case 8: result.isMinimumExact = try reader.boolean(type)
      default: try reader.skip(type)
      }
    }
    self = result
  }
}

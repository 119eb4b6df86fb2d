extension FileMetadata {
  /// The footer's Thrift message for a table of `columns`.
  func write(to out: inout ThriftWriter, columns: [ParquetColumn]) {
    out.element { out in
      out.int32(1, 2)
      // A list is three elements: the group, the repeated one in it, and its values.
      let elements = columns.reduce(1) { $0 + ($1.isList ? 3 : 1) }
      out.list(2, .structure, count: elements) { out in
        out.element { out in
          out.string(4, "schema")
          out.int32(5, columns.count)
        }
        for column in columns { column.writeSchema(to: &out) }
      }
      out.int64(3, rowCount)
      out.list(4, .structure, count: rowGroups.count) { out in
        for (ordinal, group) in rowGroups.enumerated() { group.write(to: &out, ordinal: ordinal) }
      }
      if !keyValues.isEmpty {
        out.list(5, .structure, count: keyValues.count) { out in
          for pair in keyValues {
            out.element { out in
              out.string(1, pair.key)
              if let value = pair.value { out.string(2, value) }
            }
          }
        }
      }
      if let createdBy { out.string(6, createdBy) }
      // Without the column orders readers must ignore min_value and max_value.
      out.list(7, .structure, count: columns.count) { out in
        for _ in columns { out.element { $0.structure(1) { _ in } } }
      }
    }
  }
}

extension ParquetColumn {
  fileprivate func writeSchema(to out: inout ThriftWriter) {
    if isList {
      out.element { out in
        out.int32(3, 1)
        out.string(4, name)
        out.int32(5, 1)
        out.int32(6, 3)  // converted type LIST
        out.structure(10) { $0.structure(3) { _ in } }
      }
      out.element { out in
        out.int32(3, 2)
        out.string(4, "list")
        out.int32(5, 1)
      }
      return out.element { out in
        out.int32(1, type.code)
        out.int32(3, 1)
        out.string(4, "element")
      }
    }
    out.element { out in
      out.int32(1, type.code)
      out.int32(3, isNullable ? 1 : 0)
      out.string(4, name)
      if type == .string {
        out.int32(6, 0)  // converted type UTF8, for readers that know no logical types
        out.structure(10) { $0.structure(1) { _ in } }
      }
    }
  }
}

extension RowGroupMetadata {
  fileprivate func write(to out: inout ThriftWriter, ordinal: Int) {
    out.element { out in
      out.list(1, .structure, count: columns.count) { out in
        for column in columns {
          out.element { out in
            out.int64(2, 0)  // deprecated; 0 is what the format asks for
            out.structure(3) { column.write(to: &$0) }
          }
        }
      }
      out.int64(2, byteSize)
      out.int64(3, rowCount)
      if let first = columns.first { out.int64(5, first.start) }
      out.int64(6, columns.reduce(0) { $0 + $1.compressedSize })
      // The ordinal is a 16-bit field: a file of more row groups goes without.
      if ordinal <= Int16.max { out.int16(7, ordinal) }
    }
  }
}

extension ColumnMetadata {
  fileprivate func write(to out: inout ThriftWriter) {
    out.int32(1, type)
    out.list(2, .int32, count: encodings.count) { out in
      for encoding in encodings { out.element(encoding.rawValue) }
    }
    out.list(3, .binary, count: path.count) { out in
      for name in path { out.element(Array(name.utf8)) }
    }
    out.int32(4, codec)
    out.int64(5, valueCount)
    out.int64(6, uncompressedSize)
    out.int64(7, compressedSize)
    out.int64(9, dataPageOffset)
    if let dictionaryPageOffset { out.int64(11, dictionaryPageOffset) }
    if let statistics {
      out.structure(12) { out in
        if let nullCount = statistics.nullCount { out.int64(3, nullCount) }
        if let maximum = statistics.maximum { out.binary(5, maximum) }
        if let minimum = statistics.minimum { out.binary(6, minimum) }
        if statistics.maximum != nil { out.boolean(7, statistics.isMaximumExact) }
        if statistics.minimum != nil { out.boolean(8, statistics.isMinimumExact) }
      }
    }
  }
}

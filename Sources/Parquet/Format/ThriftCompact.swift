/// The Thrift compact protocol, as far as Parquet's metadata uses it.
/// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
enum ThriftType: UInt8 {
  case stop = 0
  case booleanTrue = 1
  case booleanFalse = 2
  case byte = 3
  case int16 = 4
  case int32 = 5
  case int64 = 6
  case double = 7
  case binary = 8
  case list = 9
  case set = 10
  case map = 11
  case structure = 12
  case uuid = 13
}

/// Writes Thrift structures to a buffer.
struct ThriftWriter: ~Copyable {
  var out = ByteBuffer()
  private var lastField: Int16 = 0

  init() {}

  private mutating func header(_ field: Int16, _ type: ThriftType) {
    let delta = field - lastField
    if delta > 0 && delta <= 15 {
      out.append(UInt8(delta) << 4 | type.rawValue)
    } else {
      out.append(type.rawValue)
      out.append(zigzag: Int64(field))
    }
    lastField = field
  }

  mutating func boolean(_ field: Int16, _ value: Bool) {
    header(field, value ? .booleanTrue : .booleanFalse)
  }

  mutating func int32(_ field: Int16, _ value: Int) {
    header(field, .int32)
    out.append(zigzag: Int64(value))
  }

  mutating func int16(_ field: Int16, _ value: Int) {
    header(field, .int16)
    out.append(zigzag: Int64(value))
  }

  mutating func int64(_ field: Int16, _ value: Int) {
    header(field, .int64)
    out.append(zigzag: Int64(value))
  }

  mutating func binary(_ field: Int16, _ value: [UInt8]) {
    header(field, .binary)
    element(value)
  }

  mutating func string(_ field: Int16, _ value: String) { binary(field, Array(value.utf8)) }

  /// A field that is a structure; `body` writes its fields.
  mutating func structure(_ field: Int16, _ body: (inout ThriftWriter) -> Void) {
    header(field, .structure)
    element(body)
  }

  /// A field that is a list; `body` writes its `count` elements.
  mutating func list(
    _ field: Int16, _ type: ThriftType, count: Int, _ body: (inout ThriftWriter) -> Void
  ) {
    header(field, .list)
    if count < 15 {
      out.append(UInt8(count) << 4 | type.rawValue)
    } else {
      out.append(0xf0 | type.rawValue)
      out.append(varint: UInt64(count))
    }
    body(&self)
  }

  /// A structure that is a list's element or the whole message.
  mutating func element(_ body: (inout ThriftWriter) -> Void) {
    let outer = lastField
    lastField = 0
    body(&self)
    out.append(ThriftType.stop.rawValue)
    lastField = outer
  }

  mutating func element(_ value: Int) { out.append(zigzag: Int64(value)) }

  mutating func element(_ value: [UInt8]) {
    out.append(varint: UInt64(value.count))
    value.withUnsafeBytes { out.append($0) }
  }
}

/// Reads Thrift structures, believing no length.
struct ThriftReader {
  /// The deepest nesting that is followed; Parquet's own metadata needs 7.
  static let maximumDepth = 32

  var cursor: ByteCursor
  private var depth = 0

  init(_ bytes: UnsafeRawBufferPointer) { cursor = ByteCursor(bytes) }

  /// Reads a structure: `body` is called for each field and must consume it or call `skip`.
  mutating func structure(
    _ body: (inout ThriftReader, _ field: Int16, _ type: ThriftType) throws(ParquetError) -> Void
  ) throws(ParquetError) {
    depth += 1
    defer { depth -= 1 }
    guard depth <= ThriftReader.maximumDepth else {
      throw ParquetError(.corrupt, "the metadata nests too deeply")
    }
    var field: Int16 = 0
    while true {
      let header = try cursor.byte()
      let type = try fieldType(header & 0x0f)
      if type == .stop { return }
      if header >> 4 != 0 {
        let (next, overflow) = field.addingReportingOverflow(Int16(header >> 4))
        guard !overflow else { throw ParquetError(.corrupt, "a field number is out of range") }
        field = next
      } else {
        guard let next = Int16(exactly: try cursor.zigzag()) else {
          throw ParquetError(.corrupt, "a field number is out of range")
        }
        field = next
      }
      try body(&self, field, type)
    }
  }

  /// Reads a list whose elements are of `expected` type: `body` is called for each. An element
  /// takes at least one byte, so a count beyond the bytes left is refused at once.
  mutating func list(
    _ type: ThriftType, of expected: ThriftType,
    _ body: (inout ThriftReader) throws(ParquetError) -> Void
  ) throws(ParquetError) {
    try require(type, .list)
    let (element, count) = try listHeader()
    guard element == expected || count == 0 else {
      throw ParquetError(.corrupt, "a list has elements of an unexpected type")
    }
    for _ in 0..<count { try body(&self) }
  }

  mutating func boolean(_ type: ThriftType) throws(ParquetError) -> Bool {
    guard type == .booleanTrue || type == .booleanFalse else {
      throw ParquetError(.corrupt, "a field is not a boolean")
    }
    return type == .booleanTrue
  }

  /// A signed integer of 8 to 64 bits.
  mutating func integer(_ type: ThriftType) throws(ParquetError) -> Int {
    switch type {
    case .byte: return Int(Int8(bitPattern: try cursor.byte()))
    case .int16, .int32, .int64: return Int(try cursor.zigzag())
    default: throw ParquetError(.corrupt, "a field is not an integer")
    }
  }

  /// A size or count that the format keeps in 32 bits.
  mutating func size32(_ type: ThriftType) throws(ParquetError) -> Int {
    let value = try integer(type)
    guard value >= 0, value <= Int32.max else {
      throw ParquetError(.corrupt, "a size of \(value) is out of range")
    }
    return value
  }

  mutating func binary(_ type: ThriftType) throws(ParquetError) -> UnsafeRawBufferPointer {
    try require(type, .binary)
    return try element()
  }

  mutating func string(_ type: ThriftType) throws(ParquetError) -> String {
    String(decoding: try binary(type), as: UTF8.self)
  }

  /// A byte string that is a list's element.
  mutating func element() throws(ParquetError) -> UnsafeRawBufferPointer {
    let count = try cursor.varint()
    guard count <= UInt64(cursor.remaining) else { throw ByteCursor.truncated }
    return try cursor.take(Int(count))
  }

  /// Reads past a value of `type`.
  mutating func skip(_ type: ThriftType) throws(ParquetError) {
    switch type {
    case .stop, .booleanTrue, .booleanFalse: break
    case .byte: _ = try cursor.byte()
    case .int16, .int32, .int64: _ = try cursor.varint()
    case .double: _ = try cursor.take(8)
    case .uuid: _ = try cursor.take(16)
    case .binary: _ = try element()
    case .structure:
      try structure { (reader, _, type) throws(ParquetError) in try reader.skip(type) }
    case .list, .set:
      try nested { (reader) throws(ParquetError) in
        let (element, count) = try reader.listHeader()
        for _ in 0..<count { try reader.skipElement(element) }
      }
    case .map:
      try nested { (reader) throws(ParquetError) in
        let count = try reader.cursor.varint()
        guard count > 0 else { return }
        guard count <= UInt64(reader.cursor.remaining) else { throw ByteCursor.truncated }
        let types = try reader.cursor.byte()
        let key = try reader.fieldType(types >> 4)
        let value = try reader.fieldType(types & 0x0f)
        for _ in 0..<count {
          try reader.skipElement(key)
          try reader.skipElement(value)
        }
      }
    }
  }

  private mutating func nested(
    _ body: (inout ThriftReader) throws(ParquetError) -> Void
  ) throws(ParquetError) {
    depth += 1
    defer { depth -= 1 }
    guard depth <= ThriftReader.maximumDepth else {
      throw ParquetError(.corrupt, "the metadata nests too deeply")
    }
    try body(&self)
  }

  /// In a container a boolean takes a byte; in a field it is part of the header.
  private mutating func skipElement(_ type: ThriftType) throws(ParquetError) {
    switch type {
    case .stop: throw ParquetError(.corrupt, "a list has elements of no type")
    case .booleanTrue, .booleanFalse: _ = try cursor.byte()
    default: try skip(type)
    }
  }

  private mutating func listHeader() throws(ParquetError) -> (ThriftType, Int) {
    let header = try cursor.byte()
    let type = try fieldType(header & 0x0f)
    let count = header >> 4 == 15 ? try cursor.varint() : UInt64(header >> 4)
    guard count <= UInt64(cursor.remaining) else { throw ByteCursor.truncated }
    return (type, Int(count))
  }

  private func fieldType(_ code: UInt8) throws(ParquetError) -> ThriftType {
    guard let type = ThriftType(rawValue: code) else {
      throw ParquetError(.corrupt, "unknown field type \(code) in the metadata")
    }
    return type
  }

  private func require(_ type: ThriftType, _ expected: ThriftType) throws(ParquetError) {
    guard type == expected else {
      throw ParquetError(.corrupt, "a field of the metadata has an unexpected type")
    }
  }
}

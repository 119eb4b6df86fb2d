/// The footer's structures, as far as flat tables need them. Names and numbers are those of
/// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift

/// How values are encoded within a page.
enum Encoding: Int {
  case plain = 0
  case plainDictionary = 2
  case rle = 3
  case bitPacked = 4
  case deltaBinaryPacked = 5
  case deltaLengthByteArray = 6
  case deltaByteArray = 7
  case rleDictionary = 8
  case byteStreamSplit = 9
}

/// How pages are compressed.
enum Codec: Int {
  case uncompressed = 0
  case snappy = 1
  case gzip = 2
  case lzo = 3
  case brotli = 4
  case lz4 = 5
  case zstd = 6
  case lz4Raw = 7
}

/// The magic number at both ends of a file.
let parquetMagic: [UInt8] = Array("PAR1".utf8)

struct FileMetadata {
  var schema: [SchemaElement] = []
  var rowCount = 0
  var rowGroups: [RowGroupMetadata] = []
  var keyValues: [(key: String, value: String?)] = []
  var createdBy: String?
  /// Whether `min_value` and `max_value` follow the order of the type.
  var hasTypeOrder = false
}

struct SchemaElement {
  /// The type's number in the format; nil for a group.
  var type: Int?
  /// 0 required, 1 optional, 2 repeated.
  var repetition = 0
  var name = ""
  var childCount = 0
  var convertedType: Int?
  var scale = 0
  var precision = 0
  var logicalType: ParquetAnnotation?
}

struct RowGroupMetadata {
  var columns: [ColumnMetadata] = []
  var byteSize = 0
  var rowCount = 0
}

struct ColumnMetadata {
  /// The type's number in the format.
  var type = 0
  var encodings: [Encoding] = []
  var path: [String] = []
  /// The codec's number in the format; `Codec` knows some.
  var codec = 0
  var valueCount = 0
  var uncompressedSize = 0
  var compressedSize = 0
  var dataPageOffset = 0
  var dictionaryPageOffset: Int?
  var statistics: Statistics?
  /// The chunk lies in another file.
  var isExternal = false
  /// The chunk is encrypted.
  var isEncrypted = false

  /// Where the chunk's bytes begin.
  var start: Int {
    if let dictionary = dictionaryPageOffset, dictionary > 0, dictionary < dataPageOffset {
      return dictionary
    }
    return dataPageOffset
  }
}

struct Statistics: Equatable {
  var nullCount: Int?
  /// The smallest value as PLAIN bytes, without a length; nil if there is none.
  var minimum: [UInt8]?
  var maximum: [UInt8]?
  var isMinimumExact = true
  var isMaximumExact = true
}

extension ParquetType {
  /// The type's number in the format.
  var code: Int {
    switch self {
    case .boolean: 0
    case .int32: 1
    case .int64: 2
    case .float: 4
    case .double: 5
    case .string: 6
    }
  }

  /// The type of that number, or why it cannot be read.
  static func named(code: Int) -> (type: ParquetType?, reason: String) {
    switch code {
    case 3: (nil, "INT96 values (timestamps of old writers) are not supported")
    case 7: (nil, "FIXED_LEN_BYTE_ARRAY values are not supported")
    default: (allCases.first { $0.code == code }, "physical type \(code) is not known")
    }
  }

  /// The bytes of a PLAIN value, 0 for those without a whole fixed number.
  var width: Int {
    switch self {
    case .int32, .float: 4
    case .int64, .double: 8
    case .boolean, .string: 0
    }
  }
}

/// What stands before each page.
struct PageHeader {
  enum Kind: Int {
    case data = 0
    case index = 1
    case dictionary = 2
    case dataV2 = 3
  }

  var kind: Kind
  var uncompressedSize = 0
  var compressedSize = 0
  var checksum: UInt32?
  /// Rows, nulls included (a dictionary's entries).
  var valueCount = 0
  /// The encoding's number in the format; `Encoding` knows some.
  var encoding = 0
  /// How the definition levels of a version 1 page are encoded.
  var levelEncoding = Encoding.rle.rawValue
  var definitionLevelSize = 0
  var repetitionLevelSize = 0
  /// Whether a version 2 page's values are compressed.
  var isCompressed = true

  init(_ kind: Kind) { self.kind = kind }

  /// Writes the header of a dictionary page or a version 1 data page.
  func write(to out: inout ThriftWriter) {
    out.element { out in
      out.int32(1, kind.rawValue)
      out.int32(2, uncompressedSize)
      out.int32(3, compressedSize)
      out.structure(kind == .dictionary ? 7 : 5) { out in
        out.int32(1, valueCount)
        out.int32(2, encoding)
        if kind == .data {
          out.int32(3, levelEncoding)
          out.int32(4, Encoding.rle.rawValue)
        }
      }
    }
  }

  /// Reads a header; nil for a page of a kind that the format does not define (to be skipped).
  init(from reader: inout ThriftReader) throws(ParquetError) {
    var header = PageHeader(.index)
    var kind: Int?
    var detail: Int16?
    var sizes = 0
    try reader.structure { (reader, field, type) throws(ParquetError) in
      switch field {
      case 1: kind = try reader.integer(type)
      case 2:
        header.uncompressedSize = try reader.size32(type)
        sizes |= 1
      case 3:
        header.compressedSize = try reader.size32(type)
        sizes |= 2
      case 4: header.checksum = UInt32(truncatingIfNeeded: try reader.integer(type))
      case 5, 7, 8:
        guard type == .structure else {
          throw ParquetError(.corrupt, "a page header's detail is not a structure")
        }
        detail = field
        try header.readDetail(from: &reader, isVersion2: field == 8)
      default: try reader.skip(type)
      }
    }
    guard let kind, sizes == 3 else {
      throw ParquetError(.corrupt, "a page header lacks a required field")
    }
    // A kind that is not known is skipped like an index page.
    header.kind = Kind(rawValue: kind) ?? .index
    let expected: Int16? =
      switch header.kind {
      case .data: 5
      case .dictionary: 7
      case .dataV2: 8
      case .index: nil
      }
    guard expected == nil || detail == expected else {
      throw ParquetError(.corrupt, "a page header does not say what its page holds")
    }
    self = header
  }

  private mutating func readDetail(
    from reader: inout ThriftReader, isVersion2: Bool
  ) throws(ParquetError) {
    var header = self
    try reader.structure { (reader, field, type) throws(ParquetError) in
      switch (field, isVersion2) {
      case (1, _): header.valueCount = try reader.size32(type)
      case (2, false), (4, true): header.encoding = try reader.integer(type)
      case (3, false) where type != .booleanTrue && type != .booleanFalse:
        header.levelEncoding = try reader.integer(type)
      case (5, true): header.definitionLevelSize = try reader.size32(type)
      case (6, true): header.repetitionLevelSize = try reader.size32(type)
      case (7, true): header.isCompressed = try reader.boolean(type)
      default: try reader.skip(type)
      }
    }
    self = header
  }
}

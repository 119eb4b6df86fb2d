import CTracemill

/// A column of a foreign Arrow table, read in place.
struct ArrowColumn {
  private enum Values {
    case signed(UnsafeRawPointer, bytes: Int)
    case unsigned(UnsafeRawPointer, bytes: Int)
    case float(UnsafeRawPointer)
    case double(UnsafeRawPointer)
    case flags(UnsafeRawPointer)
    case text(offsets: UnsafeRawPointer, isWide: Bool, UnsafeRawPointer?)
    case views(UnsafeRawPointer, [UnsafeRawPointer?])
    indirect case dictionary(keys: Values, ArrowColumn)
    case nothing
  }

  private let values: Values
  private let validity: UnsafeRawPointer?
  private let offset: Int
  private let length: Int

  /// What multiplies a value of a time type to be microseconds; nil for other types.
  static func microseconds(_ format: String) -> Double? {
    guard format.hasPrefix("ts") || format.hasPrefix("tD") else { return nil }
    return ["s": 1e6, "m": 1e3, "u": 1, "n": 1e-3][String(format.dropFirst(2).prefix(1))]
  }

  /// The types that are understood, for messages.
  static let expected = "integers, floats, booleans, strings, timestamps, durations, dictionaries"

  /// Whether a column of this schema can be read.
  static func canRead(_ schema: borrowing ArrowSchema) -> Bool {
    let format = String(cString: schema.format)
    let known = ["c", "C", "s", "S", "i", "I", "l", "L", "f", "g", "b", "u", "U", "vu", "n"]
    if let dictionary = schema.dictionary {
      return canRead(dictionary.pointee)
    }
    return known.contains(format) || microseconds(format) != nil
  }

  /// The column of an array; nil where its buffers are not what its type has.
  init?(_ schema: borrowing ArrowSchema, _ array: borrowing ArrowArray) {
    offset = Int(array.offset)
    length = Int(array.length)
    guard offset >= 0, length >= 0 else { return nil }
    let buffers = Array(UnsafeBufferPointer(start: array.buffers, count: Int(array.n_buffers)))
    validity = array.null_count == 0 ? nil : buffers.first ?? nil
    var format = String(cString: schema.format)
    if Self.microseconds(format) != nil { format = "l" }
    guard let values = Self.values(format, buffers, isEmpty: length == 0) else { return nil }
    guard let dictionary = schema.dictionary else {
      self.values = values
      return
    }
    guard let names = array.dictionary, let column = ArrowColumn(dictionary.pointee, names.pointee)
    else { return nil }
    self.values = .dictionary(keys: values, column)
  }

  private static func values(
    _ format: String, _ buffers: [UnsafeRawPointer?], isEmpty: Bool
  ) -> Values? {
    if format == "n" || isEmpty { return .nothing }
    guard buffers.count >= 2, let first = buffers[1] else { return nil }
    switch format {
    case "c": return .signed(first, bytes: 1)
    case "C": return .unsigned(first, bytes: 1)
    case "s": return .signed(first, bytes: 2)
    case "S": return .unsigned(first, bytes: 2)
    case "i": return .signed(first, bytes: 4)
    case "I": return .unsigned(first, bytes: 4)
    case "l": return .signed(first, bytes: 8)
    case "L": return .unsigned(first, bytes: 8)
    case "f": return .float(first)
    case "g": return .double(first)
    case "b": return .flags(first)
    case "u", "U":
      return buffers.count >= 3
        ? .text(offsets: first, isWide: format == "U", buffers[2]) : nil
    case "vu":
      return buffers.count >= 3 ? .views(first, Array(buffers[2..<buffers.count - 1])) : nil
    default: return nil
    }
  }

  /// Calls `body` with a row's value; nil is a null.
  func withValue<E: Error>(_ row: Int, _ body: (MappedValue?) throws(E) -> Void) throws(E) {
    let place = row + offset
    if let validity,
      validity.load(fromByteOffset: place >> 3, as: UInt8.self) >> (place & 7) & 1 == 0
    {
      return try body(nil)
    }
    switch values {
    case .unsigned(let start, 8):
      let value = start.loadUnaligned(fromByteOffset: 8 * place, as: UInt64.self)
      try body(Int64(exactly: value).map { .integer($0) } ?? .large(value))
    case .signed, .unsigned: try body(Self.integer(values, place).map { .integer($0) })
    case .float(let start):
      try body(.number(Double(start.loadUnaligned(fromByteOffset: 4 * place, as: Float.self))))
    case .double(let start):
      try body(.number(start.loadUnaligned(fromByteOffset: 8 * place, as: Double.self)))
    case .flags(let start):
      try body(
        .flag(start.load(fromByteOffset: place >> 3, as: UInt8.self) >> (place & 7) & 1 == 1))
    case .text(let offsets, let isWide, let bytes):
      func edge(_ place: Int) -> Int {
        isWide
          ? Int(offsets.loadUnaligned(fromByteOffset: 8 * place, as: Int64.self))
          : Int(offsets.loadUnaligned(fromByteOffset: 4 * place, as: Int32.self))
      }
      let (start, end) = (edge(place), edge(place + 1))
      try body(
        .text(UnsafeRawBufferPointer(start: bytes.map { $0 + start }, count: max(end - start, 0))))
    case .views(let views, let buffers):
      let view = views + 16 * place
      let count = Int(view.loadUnaligned(as: Int32.self))
      if count <= 12 {
        try body(.text(UnsafeRawBufferPointer(start: view + 4, count: max(count, 0))))
      } else {
        let buffer = Int(view.loadUnaligned(fromByteOffset: 8, as: Int32.self))
        let start = Int(view.loadUnaligned(fromByteOffset: 12, as: Int32.self))
        guard buffers.indices.contains(buffer), let bytes = buffers[buffer] else {
          return try body(nil)
        }
        try body(.text(UnsafeRawBufferPointer(start: bytes + start, count: count)))
      }
    case .dictionary(let keys, let names):
      guard let key = Self.integer(keys, place), (0..<Int64(names.length)).contains(key) else {
        return try body(nil)
      }
      try names.withValue(Int(key), body)
    case .nothing: try body(nil)
    }
  }

  private static func integer(_ values: Values, _ place: Int) -> Int64? {
    switch values {
    case .signed(let start, 1): Int64(start.load(fromByteOffset: place, as: Int8.self))
    case .signed(let start, 2):
      Int64(start.loadUnaligned(fromByteOffset: 2 * place, as: Int16.self))
    case .signed(let start, 4):
      Int64(start.loadUnaligned(fromByteOffset: 4 * place, as: Int32.self))
    case .signed(let start, _): start.loadUnaligned(fromByteOffset: 8 * place, as: Int64.self)
    case .unsigned(let start, 1): Int64(start.load(fromByteOffset: place, as: UInt8.self))
    case .unsigned(let start, 2):
      Int64(start.loadUnaligned(fromByteOffset: 2 * place, as: UInt16.self))
    case .unsigned(let start, 4):
      Int64(start.loadUnaligned(fromByteOffset: 4 * place, as: UInt32.self))
    case .unsigned(let start, _):
      Int64(clamping: start.loadUnaligned(fromByteOffset: 8 * place, as: UInt64.self))
    default: nil
    }
  }
}

/// The durations among the columns, by the Arrow schema that pandas, polars and others keep in a file's key-value
/// metadata: Parquet has no type of its own for them, so that their unit is said nowhere else.
///
/// The schema is an IPC message in base64: https://arrow.apache.org/docs/format/Columnar.html, Message.fbs and
/// Schema.fbs of Arrow, in FlatBuffers (https://flatbuffers.dev/internals). One that cannot be read says nothing.
enum ArrowSchema {
  static let key = "ARROW:schema"
  /// Of the unions MessageHeader and Type.
  private static let (schema, duration) = (1, 18)
  /// More columns than any table has; a crafted schema may count the same field again and again.
  private static let fieldLimit = 100_000

  /// Decimals of a second in the unit of each duration, by the column's name.
  static func durations(_ metadata: [(key: String, value: String?)]) -> [String: Int] {
    guard let text = metadata.first(where: { $0.key == key })?.value,
      let bytes = decoded(text)
    else { return [:] }
    return bytes.withUnsafeBytes { durations(in: FlatBuffer(bytes: $0)) ?? [:] }
  }

  private static func durations(in buffer: FlatBuffer) -> [String: Int]? {
    // A mark of continuation since Arrow 0.15, and the message's length.
    let start = buffer.uint32(0) == 0xffff_ffff ? 8 : 4
    guard let root = buffer.offset(at: start), let message = buffer.table(root),
      buffer.byte(message.field(1)) == schema,
      let header = buffer.offset(at: message.field(2)).flatMap(buffer.table),
      let fields = buffer.offset(at: header.field(1)), let count = buffer.uint32(fields),
      count <= fieldLimit
    else { return nil }
    var found: [String: Int] = [:]
    for index in 0..<count {
      guard let field = buffer.offset(at: fields + 4 + 4 * index).flatMap(buffer.table) else {
        return nil
      }
      guard buffer.byte(field.field(2)) == duration,
        let name = buffer.offset(at: field.field(0)).flatMap(buffer.string),
        let type = buffer.offset(at: field.field(3)).flatMap(buffer.table)
      else { continue }
      // Seconds, ms, µs, ns; ms where it is not said.
      let unit = buffer.byte(type.field(0)) ?? 1
      if unit <= 3 { found[name] = 3 * unit }
    }
    return found
  }

  /// Base64 with the usual alphabet; nil if it is not.
  private static func decoded(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count / 4 * 3)
    var (bits, count) = (UInt32(0), 0)
    for character in text.utf8 where character != UInt8(ascii: "=") {
      let value: UInt8
      switch character {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = character - UInt8(ascii: "A")
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = character - UInt8(ascii: "a") + 26
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = character - UInt8(ascii: "0") + 52
      case UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "/"): value = 63
      default: return nil
      }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> count))
      }
    }
    return bytes
  }
}

/// Bytes in FlatBuffers' layout, of which every place is checked.
private struct FlatBuffer {
  let bytes: UnsafeRawBufferPointer

  /// A table: where it begins, and where its fields' places are.
  struct Table {
    let start: Int
    let fields: [Int]

    /// Where the field of that number is; nil where it is not said.
    func field(_ number: Int) -> Int? {
      guard number < fields.count, fields[number] > 0 else { return nil }
      return start + fields[number]
    }
  }

  private func load<Value: FixedWidthInteger & BitwiseCopyable>(
    _ position: Int?, as type: Value.Type
  ) -> Value? {
    guard let position, position >= 0, position <= bytes.count - MemoryLayout<Value>.size else {
      return nil
    }
    return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: type))
  }

  func byte(_ position: Int?) -> Int? { load(position, as: UInt8.self).map { Int($0) } }

  func uint32(_ position: Int?) -> Int? { load(position, as: UInt32.self).map { Int($0) } }

  /// Where what lies behind an offset begins.
  func offset(at position: Int?) -> Int? {
    guard let position, let offset = uint32(position) else { return nil }
    return position + offset
  }

  func table(_ start: Int) -> Table? {
    guard let back = load(start, as: Int32.self) else { return nil }
    let places = start - Int(back)
    guard let size = load(places, as: UInt16.self), size >= 4 else { return nil }
    var fields: [Int] = []
    for place in stride(from: places + 4, to: places + Int(size), by: 2) {
      guard let field = load(place, as: UInt16.self) else { return nil }
      fields.append(Int(field))
    }
    return Table(start: start, fields: fields)
  }

  func string(_ start: Int) -> String? {
    guard let count = uint32(start), count <= bytes.count - start - 4 else { return nil }
    return String(decoding: bytes[(start + 4)..<(start + 4 + count)], as: UTF8.self)
  }
}

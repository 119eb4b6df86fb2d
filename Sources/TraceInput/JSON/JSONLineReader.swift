import CSimdJSON
import Diagnostics
import Tables
import Workload

/// Newline-delimited JSON: one object a line, of which the reader picks the fields asked for.
package final class JSONLineReader {
  private let stream: any ByteStream
  private let handle: OpaquePointer
  private let fields: [String]
  private let values: UnsafeMutableBufferPointer<tm_json_value>
  /// Holds the bytes that are not parsed yet, and room behind them for the parser to read over.
  private var buffer: UnsafeMutableRawBufferPointer
  private var start = 0
  private var end = 0
  private var ended = false
  private let padding = tm_json_padding()
  /// The line of the latest object, counting from 1.
  package private(set) var line = 0

  /// A longer line is no trace's row; without a bound, a file without line ends would fill memory.
  private static let maximumLineBytes = 1 << 24

  /// - Parameter fields: keys, or two joined by a dot for a field of an object in the object.
  package init(_ stream: any ByteStream, fields: [String]) throws(TraceError) {
    self.stream = stream
    self.fields = fields
    var names = fields.map { Optional(UnsafePointer($0.withCString { Self.copy($0) })) }
    defer { for name in names { name?.deallocate() } }
    guard let handle = tm_json_create(&names, names.count) else {
      throw TraceError(.inputOutput, "no memory for a JSON reader", file: stream.name)
    }
    self.handle = handle
    values = .allocate(capacity: fields.count)
    values.initialize(repeating: tm_json_value())
    buffer = .allocate(byteCount: 1 << 18, alignment: 64)
  }

  private static func copy(_ text: UnsafePointer<CChar>) -> UnsafePointer<CChar> {
    var length = 0
    while text[length] != 0 { length += 1 }
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: length + 1)
    copy.initialize(from: text, count: length + 1)
    return UnsafePointer(copy)
  }

  deinit {
    tm_json_destroy(handle)
    values.deallocate()
    buffer.deallocate()
  }

  /// Calls `body` with the next object; false at the end.
  ///
  /// - Throws: `TraceError` for a line that is no JSON object; reading goes on with the next line
  ///   if this is called again. What the stream throws.
  package func next(_ body: (JSONRow) throws(TraceError) -> Void) throws(TraceError) -> Bool {
    guard let text = try nextLine() else { return false }
    if let problem = tm_json_parse(
      handle, text.bindMemory(to: UInt8.self).baseAddress, text.count, values.baseAddress)
    {
      throw TraceError(
        .malformedRow, "expected a JSON object: \(JSONRow.reason(problem))", file: stream.name,
        line: line,
        column: JSONPlaces.firstError(in: text).map { $0 + 1 })
    }
    try body(JSONRow(fields: fields, values: UnsafeBufferPointer(values), text: text))
    return true
  }

  /// The next line that is not blank.
  private func nextLine() throws(TraceError) -> UnsafeRawBufferPointer? {
    var searched = start
    while true {
      let rest = UnsafeRawBufferPointer(rebasing: buffer[searched..<end])
      if let newline = rest.firstIndex(of: 0x0a) {
        let text = UnsafeRawBufferPointer(rebasing: buffer[start..<searched + newline])
        start = searched + newline + 1
        searched = start
        line += 1
        if !Self.isBlank(text) { return text }
        continue
      }
      if ended {
        guard start < end else { return nil }
        let text = UnsafeRawBufferPointer(rebasing: buffer[start..<end])
        start = end
        line += 1
        return Self.isBlank(text) ? nil : text
      }
      searched = end - start
      try refill()
    }
  }

  private static func isBlank(_ text: UnsafeRawBufferPointer) -> Bool {
    text.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
  }

  /// Moves what is left to the front and reads more behind it.
  private func refill() throws(TraceError) {
    let left = end - start
    guard left <= Self.maximumLineBytes else {
      ended = true
      start = end
      throw TraceError(
        .damaged, "the line is longer than 16 MiB: this is no trace table", file: stream.name,
        line: line + 1)
    }
    var target = buffer
    if left + padding >= buffer.count / 2 {
      target = .allocate(byteCount: buffer.count * 2, alignment: 64)
    }
    target.baseAddress?.copyMemory(from: buffer.baseAddress! + start, byteCount: left)
    if target.baseAddress != buffer.baseAddress {
      buffer.deallocate()
      buffer = target
    }
    (start, end) = (0, left)
    let space = UnsafeMutableRawBufferPointer(rebasing: buffer[left..<(buffer.count - padding)])
    let count = try stream.read(into: space)
    if count == 0 { ended = true } else { end += count }
  }
}

/// The fields of one object; they must not outlive the call that they were handed to.
package struct JSONRow {
  fileprivate let fields: [String]
  fileprivate let values: UnsafeBufferPointer<tm_json_value>
  /// The object's text.
  package let text: UnsafeRawBufferPointer

  /// What simdjson says is wrong.
  static func reason(_ problem: UnsafePointer<CChar>) -> String {
    let message = String(cString: problem)
    // Some begin with the parser's own name for the error.
    guard let explanation = message.firstIndex(of: ":"),
      message[..<explanation].allSatisfy({ $0.isUppercase || $0 == "_" })
    else { return message }
    return String(message[message.index(after: explanation)...].drop { $0 == " " })
  }

  /// The byte of the line at which a field's value begins, counting from 1.
  package func column(of field: Int) -> Int? {
    JSONPlaces.value(of: fields[field], in: text).map { $0 + 1 }
  }

  /// Whether a field is there and not null.
  package func has(_ field: Int) -> Bool {
    values[field].kind != TM_JSON_ABSENT && values[field].kind != TM_JSON_NULL
  }

  /// An integer, written as a number or as a string; nil where the field is absent or null.
  package func optionalInteger(
    _ field: Int, in range: ClosedRange<Int64> = Int64.min...Int64.max
  ) throws(RowError) -> Int64? {
    let value = values[field]
    let integer: Int64
    switch value.kind {
    case TM_JSON_ABSENT, TM_JSON_NULL: return nil
    case TM_JSON_INTEGER: integer = value.integer
    case TM_JSON_STRING:
      guard
        let parsed = parseInteger(UnsafeRawBufferPointer(start: value.text, count: value.length))
      else { throw malformed(field, "an integer") }
      integer = parsed
    default: throw malformed(field, "an integer")
    }
    guard range.contains(integer) else {
      throw RowError(column: field, named: fields[field], value: integer, outside: range)
    }
    return integer
  }

  /// A time in range, or 2^63 - 1, which in these traces is "after its end"; 0 where there is none.
  package func time(_ field: Int) throws(RowError) -> Microseconds {
    let time = Microseconds(try optionalInteger(field, in: 0...Int64.max) ?? 0)
    guard time.isInRange || !time.isKnown else {
      throw RowError(
        column: field,
        message: "\(fields[field]) \(time.rawValue) is not between 0 and \(Ranges.time.upperBound)",
        reason: "\(fields[field]) out of range")
    }
    return time
  }

  /// An integer that must be there.
  package func integer(
    _ field: Int, in range: ClosedRange<Int64> = Int64.min...Int64.max
  ) throws(RowError) -> Int64 {
    guard let value = try optionalInteger(field, in: range) else {
      throw RowError(
        column: nil, message: "\(fields[field]) is not there; expected an integer",
        reason: "no \(fields[field])")
    }
    return value
  }

  /// A share of the largest machine (`Ranges/share`); NaN where the field is absent or null.
  package func amount(_ field: Int) throws(RowError) -> Double {
    let value = values[field]
    let number: Double
    switch value.kind {
    case TM_JSON_ABSENT, TM_JSON_NULL: return .nan
    case TM_JSON_INTEGER, TM_JSON_NUMBER: number = value.number
    case TM_JSON_STRING:
      guard
        let parsed = parseNumber(UnsafeRawBufferPointer(start: value.text, count: value.length))
      else { throw malformed(field, "a number") }
      number = parsed
    default: throw malformed(field, "a number")
    }
    guard Ranges.share.contains(number) else {
      let most = decimal(Ranges.share.upperBound)
      throw RowError(
        column: field, message: "\(fields[field]) \(number) is not between 0 and \(most)",
        reason: "\(fields[field]) out of range")
    }
    return number
  }

  /// The bytes of a string; empty where the field is absent or null.
  package func text(_ field: Int) throws(RowError) -> UnsafeRawBufferPointer {
    switch values[field].kind {
    case TM_JSON_ABSENT, TM_JSON_NULL: return UnsafeRawBufferPointer(start: nil, count: 0)
    case TM_JSON_STRING:
      return UnsafeRawBufferPointer(start: values[field].text, count: values[field].length)
    default: throw malformed(field, "a string")
    }
  }

  /// The integers of an array; empty where the field is absent or null.
  package func integers(_ field: Int) throws(RowError) -> UnsafeBufferPointer<Int64> {
    switch values[field].kind {
    case TM_JSON_ABSENT, TM_JSON_NULL: return UnsafeBufferPointer(start: nil, count: 0)
    case TM_JSON_ARRAY:
      guard let elements = values[field].elements else {
        throw malformed(field, "an array of integers")
      }
      return UnsafeBufferPointer(start: elements, count: Int(values[field].integer))
    default: throw malformed(field, "an array of integers")
    }
  }

  private func malformed(_ field: Int, _ expected: String) -> RowError {
    var shown = ""
    if values[field].kind == TM_JSON_STRING {
      let bytes = UnsafeRawBufferPointer(start: values[field].text, count: values[field].length)
      shown = " '\(String(decoding: bytes.prefix(40), as: UTF8.self))'"
    }
    return RowError(
      column: field, message: "\(fields[field])\(shown) is not \(expected)",
      reason: "\(fields[field]) is not \(expected)")
  }
}

import CSimdJSON
import Diagnostics

/// Objects of a JSON text as rows: one field for each path, empty where nothing is there.
///
/// The text is a line an object, one list of them, or a document in which a path leads to the list;
/// it streams, an object at a time. A path joins keys by dots; a number takes an element of a list
/// (-1 the last), `*` all of them, `#` counts them, and `[a.b/c]` is a key with dots.
package final class JSONRowReader: RowReader {
  private let scanner: JSONElementScanner
  private let handle: OpaquePointer
  private let paths: [String]
  private let values: UnsafeMutableBufferPointer<tm_json_value>
  private let name: String

  /// Objects that are read at a time.
  private static let batchSize = 512

  package let comments = 0

  /// - Parameters:
  ///   - rows: the path to the list in a document; empty where the text is lines or the list.
  ///   - isBeginning: whether the text is only the beginning of one: an element that it breaks off
  ///     in is none.
  package init(
    _ stream: any ByteStream, paths: [String], rows: String, isBeginning: Bool = false
  ) throws(TraceError) {
    name = stream.name
    self.paths = paths
    scanner = JSONElementScanner(
      stream, path: rows, padding: tm_json_padding(), isBeginning: isBeginning)
    let texts = paths.map { path in
      let bytes = UnsafeMutablePointer<CChar>.allocate(capacity: path.utf8.count + 1)
      for (place, byte) in path.utf8.enumerated() { bytes[place] = CChar(bitPattern: byte) }
      bytes[path.utf8.count] = 0
      return bytes
    }
    defer { for text in texts { text.deallocate() } }
    var names = texts.map { Optional(UnsafePointer($0)) }
    guard let handle = tm_json_create(&names, names.count) else {
      throw TraceError(.inputOutput, "no memory for a JSON reader", file: stream.name)
    }
    self.handle = handle
    values = .allocate(capacity: max(1, paths.count))
    values.initialize(repeating: tm_json_value())
  }

  deinit {
    tm_json_destroy(handle)
    values.deallocate()
  }

  package func nextBatch(_ batch: RowBatch) throws(TraceError) -> Bool {
    batch.removeAll()
    while batch.count < Self.batchSize {
      guard let element = try scanner.next() else { break }
      if let problem = tm_json_texts(
        handle, element.text.bindMemory(to: UInt8.self).baseAddress, element.text.count,
        values.baseAddress)
      {
        throw TraceError(
          .malformedRow, "expected a JSON object: \(JSONRow.reason(problem))", file: name,
          line: element.line)
      }
      for place in paths.indices {
        if paths[place] == "@key" {
          batch.appendField(element.key)
        } else {
          let value = values[place]
          batch.appendField(UnsafeRawBufferPointer(start: value.text, count: value.length))
        }
      }
      if paths.isEmpty { batch.appendField(UnsafeRawBufferPointer(start: nil, count: 0)) }
      batch.endRow(line: element.line)
    }
    return batch.count > 0
  }

  /// Whether the way to the list was found.
  package var isInList: Bool { scanner.isInList }

  package func recover() -> String { scanner.recover() }
}

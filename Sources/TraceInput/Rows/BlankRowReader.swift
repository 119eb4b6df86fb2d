import Diagnostics

/// Splits text into rows at line ends and into fields at blanks and tabs, as the Standard Workload
/// Format and Google's first trace are written. Lines that begin with `;` or `#` are comments and
/// kept, up to a bound.
package final class BlankRowReader: RowReader {
  private let stream: any ByteStream
  /// What was read. The fields of whole lines are moved together in it, so that one byte stands
  /// between them, and rows refer to it.
  private var block: UnsafeMutablePointer<UInt8>
  private var capacity = 1 << 17
  /// The bytes that are there, and where the line begins that goes on in the next block.
  private var filled = 0
  private var rest = 0
  private var line = 0
  private var ended = false
  /// The comment lines, with their marks.
  package private(set) var header: [String] = []
  /// Comment lines seen.
  package private(set) var comments = 0

  private static let maximumLineBytes = 1 << 20
  private static let maximumHeaderLines = 10_000

  /// - Parameter line: the line at which the text goes on behind others; nil at its beginning.
  package init(_ stream: any ByteStream, continuingAt line: Int? = nil) {
    self.stream = stream
    self.line = (line ?? 1) - 1
    block = .allocate(capacity: capacity + RowBatch.padding + 1)
  }

  deinit { block.deallocate() }

  package func nextBatch(_ batch: RowBatch) throws(TraceError) -> Bool {
    batch.removeAll()
    while !ended {
      if rest > 0 {
        (block).update(from: block + rest, count: filled - rest)
        (filled, rest) = (filled - rest, 0)
      }
      if filled == capacity { try grow() }
      let space = UnsafeMutableRawBufferPointer(start: block + filled, count: capacity - filled)
      let count = try stream.read(into: space)
      if count == 0 {
        ended = true
        guard filled > 0 else { break }
        block[filled] = 0x0a
        filled += 1
      }
      var end = filled + count
      let least = count == 0 ? filled - 1 : filled
      while end > least, block[end - 1] != 0x0a { end -= 1 }
      filled += count
      guard end > least else { continue }
      split(upTo: end, batch)
      rest = end
      if batch.count > 0 { return true }
    }
    return false
  }

  package func recover() -> String { "" }

  private func grow() throws(TraceError) {
    guard capacity < Self.maximumLineBytes else {
      ended = true
      throw TraceError(
        .malformedRow, "the line is longer than 1 MiB: this is no trace table",
        file: stream.name, line: line + 1)
    }
    let larger = UnsafeMutablePointer<UInt8>.allocate(
      capacity: 2 * capacity + RowBatch.padding + 1)
    larger.update(from: block, count: filled)
    block.deallocate()
    block = larger
    capacity *= 2
  }

  /// Makes rows of the lines before `limit`, behind whose last byte a line ends.
  private func split(upTo limit: Int, _ batch: RowBatch) {
    batch.refer(to: UnsafePointer(block), ends: limit / 2 + 2, rows: limit / 2 + 2)
    let (bytes, ends, rows) = (block, batch.ends, batch.rows)
    var (place, fields, count, number) = (0, 0, 0, line)
    while place < limit {
      number += 1
      while Self.isBlank(bytes[place]) { place += 1 }
      let first = bytes[place]
      if first == UInt8(ascii: ";") || first == UInt8(ascii: "#") {
        let start = place
        while bytes[place] != 0x0a { place += 1 }
        keep(UnsafeBufferPointer(start: bytes + start, count: place - start))
        place += 1
        continue
      }
      let (start, firstField) = (place, fields)
      var target = place
      while bytes[place] != 0x0a {
        if target == place {
          while bytes[place] > 0x20 { place += 1 }
          // Other control bytes belong to fields.
          while bytes[place] != 0x0a, !Self.isBlank(bytes[place]) { place += 1 }
          target = place
        } else {
          while bytes[place] != 0x0a, !Self.isBlank(bytes[place]) {
            bytes[target] = bytes[place]
            (place, target) = (place + 1, target + 1)
          }
        }
        ends[fields] = UInt32(truncatingIfNeeded: target)
        fields += 1
        target += 1
        while Self.isBlank(bytes[place]) { place += 1 }
      }
      place += 1
      guard fields > firstField else { continue }
      rows[count] = RowBatch.Place(
        start: UInt32(start), first: UInt32(firstField), end: UInt32(fields),
        line: Int64(number))
      count += 1
    }
    line = number
    batch.setCounts(ends: fields, rows: count)
  }

  @inline(__always) private static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0d
  }

  private func keep(_ comment: UnsafeBufferPointer<UInt8>) {
    comments += 1
    guard header.count < Self.maximumHeaderLines else { return }
    var kept = comment[...]
    while let last = kept.last, last == 0x0d { kept = kept.dropLast() }
    header.append(String(decoding: kept, as: UTF8.self))
  }
}

import Diagnostics

/// Splits text into rows at line ends and into fields at blanks and tabs, as the Standard Workload
/// Format and Google's first trace are written. Lines that begin with `;` or `#` are comments and
/// kept, up to a bound.
package final class BlankRowReader: RowReader {
  private let stream: any ByteStream
  private let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 64)
  /// What was read of a line that goes on in the next block.
  private var open: [UInt8] = []
  private var line = 0
  private var ended = false
  /// The comment lines, with their marks.
  package private(set) var header: [String] = []
  /// Comment lines seen.
  package private(set) var comments = 0

  private static let maximumLineBytes = 1 << 20
  private static let maximumHeaderLines = 10_000

  package init(_ stream: any ByteStream) { self.stream = stream }

  deinit { block.deallocate() }

  package func nextBatch(_ batch: RowBatch) throws(TraceError) -> Bool {
    batch.removeAll()
    while batch.count == 0, !ended {
      let count = try stream.read(into: block)
      guard count > 0 else {
        ended = true
        if !open.isEmpty { finishOpenLine(batch) }
        break
      }
      var rest = UnsafeRawBufferPointer(rebasing: block[..<count])
      while let end = rest.firstIndex(of: 0x0a) {
        let part = UnsafeRawBufferPointer(rebasing: rest[..<end])
        if open.isEmpty {
          add(part, to: batch)
        } else {
          open.append(contentsOf: part)
          finishOpenLine(batch)
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[(end + 1)...])
      }
      open.append(contentsOf: rest)
      if open.count > Self.maximumLineBytes {
        open = []
        ended = true
        throw TraceError(
          .malformedRow, "the line is longer than 1 MiB: this is no trace table",
          file: stream.name, line: line + 1)
      }
    }
    return batch.count > 0
  }

  package func recover() -> String { "" }

  private func finishOpenLine(_ batch: RowBatch) {
    open.withUnsafeBytes { add($0, to: batch) }
    open.removeAll(keepingCapacity: true)
  }

  private func add(_ text: UnsafeRawBufferPointer, to batch: RowBatch) {
    line += 1
    var place = 0
    func skipBlanks() {
      while place < text.count, text[place] == 0x20 || text[place] == 0x09 || text[place] == 0x0d {
        place += 1
      }
    }
    skipBlanks()
    if place < text.count, text[place] == UInt8(ascii: ";") || text[place] == UInt8(ascii: "#") {
      comments += 1
      if header.count < Self.maximumHeaderLines {
        var kept = text[place...]
        while let last = kept.last, last == 0x0d { kept = kept.dropLast() }
        header.append(String(decoding: kept, as: UTF8.self))
      }
      return
    }
    while place < text.count {
      let start = place
      while place < text.count, text[place] != 0x20, text[place] != 0x09, text[place] != 0x0d {
        place += 1
      }
      batch.appendField(UnsafeRawBufferPointer(rebasing: text[start..<place]))
      skipBlanks()
    }
    batch.endRow(line: line)
  }
}

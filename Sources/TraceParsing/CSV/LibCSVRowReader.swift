import CLibCSV

/// The careful row reader: libcsv in strict mode, with lines counted and `#` comments skipped.
final class LibCSVRowReader: RowReader {
  private let stream: any ByteStream
  private let parser: UnsafeMutablePointer<csv_parser>
  private let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 64)
  private var pending: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
  private var target = RowBatch()
  private var line = 1
  private var endedWithCR = false
  /// Bytes parsed since the last row ended, counted by whole blocks.
  private var bytesSinceRow = 0
  private var skipsLine = false
  private var phase = Phase.beforeFirstRow
  /// Comment lines skipped so far.
  private(set) var comments = 0

  private enum Phase { case beforeFirstRow, rows, ended }

  /// A longer row is no trace's row; without a bound, a file without line ends would fill memory.
  private static let maximumRowBytes = 1 << 24

  init(_ stream: any ByteStream) {
    self.stream = stream
    parser = .allocate(capacity: 1)
    csv_init(parser, UInt8(CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL))
  }

  deinit {
    csv_free(parser)
    parser.deallocate()
    block.deallocate()
  }

  func nextBatch(_ batch: inout RowBatch) throws(TraceError) -> Bool {
    defer { target.handOver(to: &batch) }
    while target.count == 0 {
      if pending.isEmpty {
        guard phase != .ended else { return false }
        let count = try stream.read(into: block)
        pending = UnsafeRawBufferPointer(rebasing: block[..<count])
        if count == 0 {
          phase = .ended
          try finish()
          return target.count > 0
        }
      }
      if skipsLine { skipToLineEnd() }
      if phase == .beforeFirstRow { try skipLeadingComments() }
      if !pending.isEmpty { try parse() }
    }
    return true
  }

  func recover() {
    target.dropOpenRow()
    csv_free(parser)
    csv_init(parser, UInt8(CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL))
    skipsLine = true
  }

  private func parse() throws(TraceError) {
    let context = Unmanaged.passUnretained(self).toOpaque()
    let used = csv_parse(
      parser, pending.baseAddress, pending.count,
      { field, length, context in
        Unmanaged<LibCSVRowReader>.fromOpaque(context!).takeUnretainedValue()
          .field(UnsafeRawBufferPointer(start: field, count: length))
      },
      { end, context in
        Unmanaged<LibCSVRowReader>.fromOpaque(context!).takeUnretainedValue().row(end)
      }, context)
    let complete = used == pending.count
    pending = UnsafeRawBufferPointer(rebasing: pending[used...])
    if !complete {
      throw malformed("a quote where none can stand; a quote inside quotes is doubled")
    }
    bytesSinceRow += used
    if bytesSinceRow > Self.maximumRowBytes {
      throw malformed("the row is longer than 16 MiB: this is no trace table")
    }
  }

  private func finish() throws(TraceError) {
    let context = Unmanaged.passUnretained(self).toOpaque()
    let status = csv_fini(
      parser,
      { field, length, context in
        Unmanaged<LibCSVRowReader>.fromOpaque(context!).takeUnretainedValue()
          .field(UnsafeRawBufferPointer(start: field, count: length))
      },
      { end, context in
        Unmanaged<LibCSVRowReader>.fromOpaque(context!).takeUnretainedValue().row(end)
      }, context)
    if status != 0 { throw malformed("the file ends inside quotes") }
  }

  private func malformed(_ what: String) -> TraceError {
    TraceError(.malformedRow, what, file: stream.name, line: line)
  }

  private func field(_ bytes: UnsafeRawBufferPointer) {
    for byte in bytes where byte == 0x0a { line += 1 }
    target.appendField(bytes)
  }

  /// - Parameter end: the line-end byte, or -1 at the end of the file.
  private func row(_ end: Int32) {
    // The LF of a CR LF ends no line of its own.
    let isSecondHalf = end == 0x0a && endedWithCR && !target.hasOpenRow
    target.endRow(line: line)
    bytesSinceRow = 0
    if end >= 0 && !isSecondHalf { line += 1 }
    endedWithCR = end == 0x0d
  }

  /// Samples may open with `#` lines; their text is not CSV, so libcsv must not see it.
  private func skipLeadingComments() throws(TraceError) {
    while let first = pending.first {
      if first == UInt8(ascii: "#") {
        comments += 1
        skipsLine = true
        skipToLineEnd()
      } else if pending.starts(with: [0xef, 0xbb, 0xbf]) {
        pending = UnsafeRawBufferPointer(rebasing: pending[3...])  // a byte order mark
      } else {
        phase = .rows
        return
      }
    }
  }

  private func skipToLineEnd() {
    guard let end = pending.firstIndex(of: 0x0a) else {
      pending = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    pending = UnsafeRawBufferPointer(rebasing: pending[(end + 1)...])
    line += 1
    skipsLine = false
  }
}

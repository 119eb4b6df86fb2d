import CLibCSV
import Diagnostics
import Foundation

/// The careful parser: libcsv in strict mode, with lines counted and leading `#` comments skipped.
/// Bytes are pushed in, in pieces of any size; the rows do not depend on the pieces.
package final class LibCSVParser {
  private let parser: UnsafeMutablePointer<csv_parser>
  private let name: String
  private let maximumRowBytes: Int
  private var target: RowBatch?
  /// The fields of the row that is open, with one byte behind each, and where they end.
  private var openBytes: [UInt8] = []
  private var openEnds: [UInt32] = []
  /// How much of the text the open row has taken, and the text itself once it takes several pieces.
  private var openLength = 0
  private var openText: [UInt8] = []
  /// The line where the open row begins.
  private var rowLine = 1
  /// Text behind the first line of a row that was given up, to be read again from `replayPlace` on.
  private var replay: [UInt8] = []
  private var replayPlace = 0
  /// The first line of the row that an error is about, cut at `reportedBytes`.
  private var rejectedLine: [UInt8] = []
  private var rowEnded = false
  private var endedWithCR = false
  private var skipsLine = false
  private var isBeforeRows = true
  /// How much of a byte order mark was seen; it may stand before the rows and their comments.
  private var markPlace = 0
  private static let mark: [UInt8] = [0xef, 0xbb, 0xbf]
  /// The line that is being read, counting from 1.
  package var line = 1
  /// Comment lines skipped so far.
  package private(set) var comments = 0
  /// Whether the text so far ends with a whole line, no row is open behind it, and the comments at
  /// the beginning are over: another reader may take over here.
  package private(set) var isBetweenLines = false
  /// Whether the text has ended and every row of it was given out.
  package private(set) var isFinished = false

  /// How much of a row that could not be read is reported.
  private static let reportedBytes = 1 << 16

  /// A longer row is no trace's row; without a bound, a file without line ends would fill memory.
  package static let maximumRowBytes = 1 << 24

  private let separator: UInt8
  private let quote: UInt8?
  private let comment: UInt8

  /// - Parameters:
  ///   - separator: what stands between fields.
  ///   - quote: what fields may be enclosed in; nil is nothing.
  ///   - comment: what a line before the rows begins with that is none.
  ///   - line: the line at which the text goes on behind others; nil at its beginning.
  package init(
    name: String, maximumRowBytes: Int = LibCSVParser.maximumRowBytes,
    separator: UInt8 = UInt8(ascii: ","), quote: UInt8? = UInt8(ascii: "\""),
    comment: UInt8 = UInt8(ascii: "#"), continuingAt line: Int? = nil
  ) {
    self.name = name
    self.maximumRowBytes = maximumRowBytes
    self.separator = separator
    self.quote = quote
    self.comment = comment
    if let line {
      (self.line, rowLine) = (line, line)
      (isBeforeRows, isBetweenLines) = (false, true)
    }
    parser = .allocate(capacity: 1)
    start()
  }

  /// Sets libcsv up.
  private func start() {
    csv_init(parser, UInt8(CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL))
    csv_set_delim(parser, separator)
    // What is no byte of a text is no quote.
    csv_set_quote(parser, quote ?? 0)
    // A separator that is a blank must not be passed over as one.
    if separator == 0x09 { csv_set_space_func(parser) { $0 == 0x20 ? 1 : 0 } }
    if separator == 0x20 { csv_set_space_func(parser) { $0 == 0x09 ? 1 : 0 } }
  }

  deinit {
    csv_free(parser)
    parser.deallocate()
  }

  /// Parses `bytes` and adds the rows that they complete to `batch`. `taken` says how many bytes were
  /// taken, all of them unless it throws.
  ///
  /// - Throws: `TraceError` of code `.malformedRow`.
  package func parse(
    _ bytes: UnsafeRawBufferPointer, into batch: RowBatch, taken: inout Int
  ) throws(TraceError) {
    target = batch
    defer { target = nil }
    taken = 0
    try parseReplay()
    try parseText(bytes, &taken)
  }

  private func parseReplay() throws(TraceError) {
    guard replayPlace < replay.count else { return }
    let text = replay
    var taken = 0
    let result = text.withUnsafeBytes { bytes in
      Result { () throws(TraceError) in
        try parseText(UnsafeRawBufferPointer(rebasing: bytes[replayPlace...]), &taken)
      }
    }
    replayPlace += taken
    try result.get()
    (replay, replayPlace) = ([], 0)
  }

  private func parseText(
    _ bytes: UnsafeRawBufferPointer, _ taken: inout Int
  ) throws(TraceError) {
    while taken < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[taken...])
      if skipsLine {
        taken += skipLine(rest)
      } else if isBeforeRows, markPlace == 0, rest[0] == comment {
        comments += 1
        skipsLine = true
      } else if isBeforeRows, rest[0] == Self.mark[markPlace] {
        markPlace = (markPlace + 1) % 3
        taken += 1
      } else {
        if isBeforeRows { try endBeginning() }
        try parsePiece(rest, &taken)
      }
    }
  }

  /// What looked like a byte order mark and broke off was text.
  private func endBeginning() throws(TraceError) {
    isBeforeRows = false
    for byte in Self.mark[..<markPlace] {
      var byte = byte
      let result = withUnsafeBytes(of: &byte) { bytes in
        Result { () throws(TraceError) in
          var taken = 0
          try parsePiece(bytes, &taken)
        }
      }
      try result.get()
    }
  }

  /// Parses up to the next line end: rows end nowhere else, so it is known where they begin.
  private func parsePiece(_ bytes: UnsafeRawBufferPointer, _ taken: inout Int) throws(TraceError) {
    let limit = min(bytes.count, maximumRowBytes + 1 - openLength)
    var length = Self.lineLength(UnsafeRawBufferPointer(rebasing: bytes[..<limit]), 0x0a)
    length = Self.lineLength(UnsafeRawBufferPointer(rebasing: bytes[..<length]), 0x0d)
    rowEnded = false
    if openLength == 0 { rowLine = line }
    let used = csv_parse(
      parser, bytes.baseAddress, length,
      { field, length, context in
        Unmanaged<LibCSVParser>.fromOpaque(context!).takeUnretainedValue()
          .field(UnsafeRawBufferPointer(start: field, count: length))
      },
      { end, context in
        Unmanaged<LibCSVParser>.fromOpaque(context!).takeUnretainedValue().row(end)
      }, Unmanaged.passUnretained(self).toOpaque())
    taken += used
    if used < length {
      openText.append(contentsOf: bytes[..<used])
      keepLine(bytes[used..<length])
      throw malformed(
        quote == nil
          ? "a NUL byte, which no text has"
          : "a quote where none can stand; a quote inside quotes is doubled")
    }
    openLength = rowEnded ? 0 : openLength + length
    if !rowEnded { openText.append(contentsOf: bytes[..<length]) }
    isBetweenLines = rowEnded && bytes[length - 1] == 0x0a
    if openLength > maximumRowBytes {
      keepLine(EmptyCollection())
      throw malformed("the row is longer than \(maximumRowBytes >> 20) MiB: this is no trace table")
    }
  }

  /// Ends the text: the last line may lack its end.
  package func finish(into batch: RowBatch) throws(TraceError) {
    target = batch
    defer { target = nil }
    try parseReplay()
    if isBeforeRows { try endBeginning() }
    let status = csv_fini(
      parser,
      { field, length, context in
        Unmanaged<LibCSVParser>.fromOpaque(context!).takeUnretainedValue()
          .field(UnsafeRawBufferPointer(start: field, count: length))
      },
      { end, context in
        Unmanaged<LibCSVParser>.fromOpaque(context!).takeUnretainedValue().row(end)
      }, Unmanaged.passUnretained(self).toOpaque())
    if status != 0 {
      keepLine(EmptyCollection())
      throw malformed(
        quote == nil ? "a NUL byte, which no text has" : "the file ends inside quotes")
    }
    isFinished = true
  }

  /// After an error: gives up the first line of the open row and returns it (at most 64 KiB of it).
  /// Reading goes on behind that line, though the row had taken more: a quote that is not closed
  /// must not swallow the good rows that follow.
  package func recover() -> String {
    if let end = openText.firstIndex(of: 0x0a) {
      let rest = openText.count - end - 1
      if replayPlace < replay.count {
        replayPlace -= rest  // the row began in the text that is read again
      } else {
        (replay, replayPlace) = (Array(openText[(end + 1)...]), 0)
      }
      line = rowLine + 1
      skipsLine = false
    } else {
      line = rowLine
      skipsLine = true
    }
    dropOpenRow()
    csv_free(parser)
    start()
    isBetweenLines = false
    endedWithCR = false
    return String(decoding: rejectedLine, as: UTF8.self)
  }

  /// Keeps the first line of the open row, of which `rest` was not taken.
  private func keepLine(_ rest: some Collection<UInt8>) {
    rejectedLine = Array(openText.prefix(Self.reportedBytes).prefix { $0 != 0x0a })
    if rejectedLine.count == openText.count {
      rejectedLine += rest.prefix(Self.reportedBytes - rejectedLine.count)
    }
    while let last = rejectedLine.last, last == 0x0a || last == 0x0d { rejectedLine.removeLast() }
  }

  private func malformed(_ what: String) -> TraceError {
    TraceError(.malformedRow, what, file: name, line: rowLine)
  }

  private func field(_ bytes: UnsafeRawBufferPointer) {
    for byte in bytes where byte == 0x0a { line += 1 }
    openBytes.append(contentsOf: bytes)
    openEnds.append(UInt32(openBytes.count))
    openBytes.append(0)
  }

  /// - Parameter end: the line-end byte, or -1 at the end of the file.
  private func row(_ end: Int32) {
    // The LF of a CR LF ends no line of its own.
    let isSecondHalf = end == 0x0a && endedWithCR && openEnds.isEmpty
    if !openEnds.isEmpty { target?.append(openBytes, fieldEnds: openEnds, line: line) }
    if end >= 0 && !isSecondHalf { line += 1 }
    endedWithCR = end == 0x0d
    dropOpenRow()
    rowEnded = true
  }

  private func dropOpenRow() {
    openBytes.removeAll(keepingCapacity: true)
    openEnds.removeAll(keepingCapacity: true)
    openText.removeAll(keepingCapacity: true)
    openLength = 0
  }

  private func skipLine(_ bytes: UnsafeRawBufferPointer) -> Int {
    let length = Self.lineLength(bytes, 0x0a)
    guard bytes[length - 1] == 0x0a else { return length }
    line += 1
    skipsLine = false
    isBetweenLines = !isBeforeRows
    return length
  }

  /// The number of bytes up to and with the first `end`, or all of them.
  private static func lineLength(_ bytes: UnsafeRawBufferPointer, _ end: UInt8) -> Int {
    guard let base = bytes.baseAddress, let found = memchr(base, Int32(end), bytes.count) else {
      return bytes.count
    }
    return UnsafeRawPointer(found) - base + 1
  }
}

import Diagnostics
import Foundation
import Workload

/// A column of numbers from any text file: one number a line, or a field of a delimited table.
///
/// Compression and archives are taken off as for traces. Fields are separated by commas, tabs,
/// semicolons or blanks, whichever the first line has, in that order; quotes are not understood. A
/// first line without a number in the wanted field is the header. Empty lines and lines that begin
/// with `#` are skipped.
public struct NumberColumn: Sendable {
  /// The numbers, in file order; "nan" and "inf" are read as such, for the fit to refuse.
  public var values: [Double] = []
  /// The column's name, if the file has a header.
  public var name: String?

  /// Reads `column` (a name from the header or a number from 1; the first if nil) of the files at
  /// `path` (`-` for standard input), one after another.
  ///
  /// - Throws: `TraceError` naming file, line and field where there is no number, and the columns
  ///   there are where there is none of that name.
  public init(path: String, column: String? = nil, meter: ReadMeter? = nil) throws(TraceError) {
    let input = try TraceInput(path: path, meter: meter)
    guard input.groups.count == 1 else {
      throw TraceError(
        .missing, "\(input.groups.count) different tables here; name one file", file: path)
    }
    var cursor = PartCursor(
      input.groups[0], meter: meter, temporaryDirectory: NSTemporaryDirectory())
    var counted = 0
    while let (file, stream) = try cursor.next() {
      var parser = Parser(file: file.name, column: column)
      var block = [UInt8](repeating: 0, count: 1 << 18)
      var rest: [UInt8] = []
      while true {
        let count = try Self.read(stream, &block)
        if count == 0 { break }
        var start = 0
        for index in 0..<count where block[index] == 0x0a {
          rest.append(contentsOf: block[start..<index])
          try parser.take(line: rest, into: &values)
          rest.removeAll(keepingCapacity: true)
          start = index + 1
        }
        rest.append(contentsOf: block[start..<count])
        guard rest.count <= 1 << 24 else {
          throw TraceError(.malformedRow, "a line of more than 16 MiB", file: file.name)
        }
      }
      try parser.take(line: rest, into: &values)
      meter?.add(rows: values.count - counted)
      counted = values.count
      name = name ?? parser.name
    }
  }

  private static func read(
    _ stream: PeekableStream, _ block: inout [UInt8]
  ) throws(TraceError) -> Int {
    var failure: TraceError?
    let count = block.withUnsafeMutableBytes { buffer -> Int in
      do throws(TraceError) { return try stream.read(into: buffer) } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    return count
  }

  /// Lines to numbers.
  private struct Parser {
    let file: String
    let column: String?
    var name: String?
    private var line = 0
    private var field: Int?
    private var separator: UInt8 = 0x2c

    init(file: String, column: String?) {
      self.file = file
      self.column = column
    }

    mutating func take(line bytes: [UInt8], into values: inout [Double]) throws(TraceError) {
      line += 1
      var bytes = bytes[...]
      if bytes.last == 0x0d { bytes.removeLast() }
      if line == 1, bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes.removeFirst(3) }
      guard let first = bytes.first(where: { $0 != 0x20 && $0 != 0x09 }), first != 0x23 else {
        return
      }
      guard let field else {
        if let value = try begin(bytes) { values.append(value) }
        return
      }
      values.append(try number(bytes, field))
    }

    /// The first line: settles separator and field; its number if it is no header.
    private mutating func begin(_ bytes: ArraySlice<UInt8>) throws(TraceError) -> Double? {
      separator = [0x2c, 0x09, 0x3b].first { bytes.contains($0) } ?? 0x20
      let cells = bytes.split(separator: separator, omittingEmptySubsequences: separator == 0x20)
        .map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespaces) }
      let wanted = column ?? "1"
      if let place = cells.firstIndex(of: wanted), Double(wanted) == nil {
        field = place
        name = cells[place]
        return nil
      }
      guard let place = Int(wanted), (1...cells.count).contains(place) else {
        throw TraceError(
          .missing, "no column '\(wanted)'; the first line has \(cells.joined(separator: ", "))",
          file: file, line: line)
      }
      field = place - 1
      if let value = Double(cells[place - 1]) { return value }
      name = cells[place - 1]
      return nil
    }

    private func number(
      _ bytes: ArraySlice<UInt8>, _ field: Int
    ) throws(TraceError) -> Double {
      let cells = bytes.split(
        separator: separator, maxSplits: field + 1,
        omittingEmptySubsequences: separator == 0x20)
      guard field < cells.count else {
        throw TraceError(
          .malformedRow, "\(cells.count) fields, expected at least \(field + 1)", file: file,
          line: line)
      }
      var cell = cells[field]
      while cell.last == 0x20 || cell.last == 0x09 { cell.removeLast() }
      while cell.first == 0x20 || cell.first == 0x09 { cell.removeFirst() }
      let text = String(decoding: cell, as: UTF8.self)
      guard let value = DecimalText.number(text) else {
        throw TraceError(
          .malformedRow, "'\(text.prefix(40))' is not a number", file: file, line: line,
          column: field + 1)
      }
      return value
    }
  }
}

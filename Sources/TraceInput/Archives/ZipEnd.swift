import Diagnostics
import Foundation

/// The end of a zip: the table of its members, and behind it the record that says where that table is.
///
/// libarchive reads the members of the last such record near a file's end and, where there is none, those
/// that it comes upon. Of another zip before that, of bytes behind it and of a table that was cut off it
/// says nothing. The layout is that of PKWARE's APPNOTE 6.3.10, sections 4.3.14 to 4.3.16.
enum ZipEnd {
  /// What is wrong with the end of a zip; nil if nothing is, or if the stream holds no zip.
  ///
  /// The stream's position is anywhere afterwards.
  static func damage(of stream: any SeekableStream) throws(TraceError) -> TraceError? {
    guard let size = stream.seek(to: 0, whence: SEEK_END), size > 4,
      [[0x50, 0x4b, 3, 4], [0x50, 0x4b, 5, 6], [0x50, 0x4b, 7, 8]]
        .contains(try bytes(of: stream, at: 0, count: 4))
    else { return nil }
    func damaged(_ text: String) -> TraceError {
      TraceError(.damaged, "damaged or truncated archive: \(text)", file: stream.name)
    }
    let start = max(0, Int(size) - record - 0xffff)
    let tail = try bytes(of: stream, at: start, count: Int(size) - start)
    let records = stride(from: tail.count - record, through: 0, by: -1).filter {
      Array(tail[$0..<$0 + 4]) == [0x50, 0x4b, 5, 6]
    }
    guard
      let place = records.first(where: { $0 + record + number(tail, $0 + 20, 2) == tail.count })
    else {
      guard let last = records.first else {
        return damaged("the table of a zip's members is missing at its end")
      }
      let end = last + record + number(tail, last + 20, 2)
      return damaged(
        end < tail.count
          ? "\(tail.count - end) bytes behind the end of the zip" : "the end of the zip is missing")
    }
    let position = start + place
    var (end, length, offset) = (position, number(tail, place + 12, 4), number(tail, place + 16, 4))
    if number(tail, place + 10, 2) == 0xffff || length == 0xffff_ffff || offset == 0xffff_ffff {
      // What does not fit there stands in a larger record, which a locator before this one finds.
      let locator = try bytes(of: stream, at: max(0, position - 20), count: 20)
      if Array(locator.prefix(4)) == [0x50, 0x4b, 6, 7] {
        end = number(locator, 8, 8)
        let large = try bytes(of: stream, at: end, count: 56)
        guard large.count == 56, Array(large.prefix(4)) == [0x50, 0x4b, 6, 6] else {
          return damaged("what stands before the zip is not read: another zip, perhaps")
        }
        (length, offset) = (number(large, 40, 8), number(large, 48, 8))
      }
    }
    let (sum, overflow) = offset.addingReportingOverflow(length)
    if !overflow, sum == end { return nil }
    // A signature may stand between the table and the record.
    if !overflow, sum < end, try bytes(of: stream, at: sum, count: 4) == [0x50, 0x4b, 5, 5] {
      return nil
    }
    return damaged("what stands before the zip is not read: another zip, perhaps")
  }

  /// The length of the last record without its comment.
  private static let record = 22

  /// So many bytes, or those until the end.
  private static func bytes(
    of stream: any SeekableStream, at place: Int, count: Int
  ) throws(TraceError) -> [UInt8] {
    guard place >= 0, stream.seek(to: Int64(place), whence: SEEK_SET) != nil else { return [] }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { buffer.deallocate() }
    var filled = 0
    while filled < count {
      let more = try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      if more == 0 { break }
      filled += more
    }
    return Array(buffer[..<filled])
  }

  /// The number of `width` bytes at a place, the least byte first; what is beyond `Int` is -1.
  private static func number(_ bytes: [UInt8], _ place: Int, _ width: Int) -> Int {
    guard place + width <= bytes.count else { return -1 }
    let value = bytes[place..<place + width].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(exactly: value) ?? -1
  }
}

import Diagnostics
import Foundation
import Parquet

/// Files that are not on the disk, such as an object store's: whoever can read them hands this in.
///
/// # Requirements on conformers
/// 1. **Parts.** A part is read by its place; nothing is read that was not asked for.
/// 2. **Threads.** Everything may be called from several threads at once.
public protocol RemoteFiles: AnyObject, Sendable {
  /// Whether `path` is one of theirs, by its look; nothing is read.
  func claims(_ path: String) -> Bool
  /// What stands at `path`.
  func kind(of path: String) throws(TraceError) -> RemoteKind
  /// The names in a folder, in any order.
  func names(in folder: String) throws(TraceError) -> [String]
  /// Fills at most `buffer` from `offset` on and returns how many bytes were written; 0 at the end.
  func read(
    _ path: String, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(TraceError) -> Int
}

/// What stands at a path.
public enum RemoteKind: Sendable {
  case absent
  case file(size: Int)
  case folder
}

/// One of them.
package final class RemoteFile: ParquetInput, Sendable {
  package let path: String
  package let count: Int
  private let files: any RemoteFiles

  init(_ files: any RemoteFiles, path: String, size: Int) {
    self.files = files
    self.path = path
    count = size
  }

  /// At most one part.
  func part(
    at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(TraceError) -> Int {
    guard offset < count, !buffer.isEmpty else { return 0 }
    let got = try files.read(path, at: offset, into: buffer)
    guard (0...buffer.count).contains(got) else {
      throw TraceError(.inputOutput, "cannot read: \(got) bytes of \(buffer.count)", file: path)
    }
    return got
  }

  package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let got = try part(at: offset + done, into: rest)
      guard got > 0 else {
        throw TraceError(.inputOutput, "it became shorter while it was read", file: path)
      }
      done += got
    }
  }
}

/// One of them from its beginning on, in parts that grow: a look at its head costs little, reading all of it
/// few requests.
package final class RemoteStream: SeekableStream {
  package let name: String
  private let file: RemoteFile
  private let meter: ReadMeter?
  private let block: UnsafeMutableRawBufferPointer
  /// Where the next byte stands; of the file, those from `start` are in the block.
  private var position = 0
  private var start = 0
  private var filled = 0
  private var size = RemoteStream.least

  private static let least = 1 << 17
  private static let most = 1 << 22

  package init(_ file: RemoteFile, meter: ReadMeter? = nil) {
    self.file = file
    self.meter = meter
    name = file.path
    block = .allocate(byteCount: Self.most, alignment: 64)
  }

  deinit { block.deallocate() }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    if let meter, meter.isCancelled { throw TraceError(.inputOutput, "cancelled", file: name) }
    if position < start || position >= start + filled {
      start = position
      filled = 0
      filled = try file.part(
        at: position, into: UnsafeMutableRawBufferPointer(rebasing: block[..<size]))
      size = min(2 * size, Self.most)
      meter?.add(bytes: filled)
    }
    let from = position - start
    let count = min(buffer.count, filled - from)
    guard count > 0 else { return 0 }
    buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: block[from..<from + count]))
    position += count
    return count
  }

  package func seek(to offset: Int64, whence: Int32) -> Int64? {
    let base =
      switch whence {
      case SEEK_SET: 0
      case SEEK_CUR: position
      default: file.count
      }
    let (place, overflows) = base.addingReportingOverflow(Int(offset))
    guard !overflows, place >= 0 else { return nil }
    if place < start || place > start + filled { size = Self.least }
    position = place
    return Int64(place)
  }
}

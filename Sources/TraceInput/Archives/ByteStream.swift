import Diagnostics
import Foundation
import Synchronization

/// A source of bytes that is read once, from front to back.
package protocol ByteStream: AnyObject {
  /// The name that errors give.
  var name: String { get }

  /// Fills at most `buffer` and returns how many bytes were written; 0 at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int
}

/// A stream whose position can be moved.
package protocol SeekableStream: ByteStream {
  /// Moves the position; returns the new one, or nil where that cannot be done.
  func seek(to offset: Int64, whence: Int32) -> Int64?
}

/// How far a long read has come: bytes taken from the input files. Shared with whoever draws the
/// progress bar.
public final class ReadMeter: Sendable {
  private let taken = Atomic<Int>(0)
  private let rowCount = Atomic<Int>(0)
  private let totalBytes = Atomic<Int>(0)
  private let cancelled = Atomic<Bool>(false)

  public init() {}

  /// Makes whatever reads with this meter fail at its next read of a file.
  public func cancel() { cancelled.store(true, ordering: .relaxed) }
  /// Whether it was cancelled.
  public var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

  /// Bytes read so far, as stored (compressed).
  public var bytes: Int { taken.load(ordering: .relaxed) }
  /// Rows read so far.
  public var rows: Int { rowCount.load(ordering: .relaxed) }
  /// Bytes there are to read; 0 where that is not known (a pipe).
  public var total: Int { totalBytes.load(ordering: .relaxed) }

  package func add(bytes: Int) { taken.add(bytes, ordering: .relaxed) }
  package func add(rows: Int) { rowCount.add(rows, ordering: .relaxed) }
  package func expect(bytes: Int) { totalBytes.add(bytes, ordering: .relaxed) }
}

/// A file, or standard input.
package final class FileStream: SeekableStream {
  package let name: String
  /// Whether its position can be moved (a regular file, not a pipe).
  package let isSeekable: Bool
  private let descriptor: Int32
  private let closes: Bool
  private let meter: ReadMeter?

  /// Opens the file at `path`.
  package init(path: String, meter: ReadMeter? = nil) throws(TraceError) {
    descriptor = open(FileName.bytes(path), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw TraceError(.inputOutput, "cannot open: \(String(cString: strerror(errno)))", file: path)
    }
    name = path
    closes = true
    isSeekable = lseek(descriptor, 0, SEEK_CUR) >= 0
    self.meter = meter
  }

  /// Reads an open descriptor, which stays open.
  package init(descriptor: Int32, name: String, meter: ReadMeter? = nil) {
    self.descriptor = descriptor
    self.name = name
    closes = false
    isSeekable = lseek(descriptor, 0, SEEK_CUR) >= 0
    self.meter = meter
  }

  deinit { if closes { close(descriptor) } }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    while true {
      if let meter, meter.isCancelled { throw TraceError(.inputOutput, "cancelled", file: name) }
      let count = Foundation.read(descriptor, buffer.baseAddress, buffer.count)
      if count >= 0 {
        meter?.add(bytes: count)
        return count
      }
      if errno == EINTR { continue }
      throw TraceError(.inputOutput, "cannot read: \(String(cString: strerror(errno)))", file: name)
    }
  }

  /// Moves the position; returns the new one, or nil where that cannot be done.
  package func seek(to offset: Int64, whence: Int32) -> Int64? {
    let position = lseek(descriptor, off_t(offset), whence)
    return position < 0 ? nil : Int64(position)
  }
}

/// A stream whose first bytes can be looked at before they are read.
package final class PeekableStream: ByteStream {
  private let base: any ByteStream
  private var head: [UInt8] = []
  private var consumed = 0
  private var ended = false
  /// What stands behind the bytes that were looked at, if it is damaged.
  package private(set) var damage: TraceError?

  package init(_ base: any ByteStream) { self.base = base }

  package var name: String { base.name }

  /// The next `count` bytes, fewer only if the stream ends before, or damage begins: that is
  /// thrown when reading comes to it, and here if nothing stands before it.
  package func peek(_ count: Int) throws(TraceError) -> ArraySlice<UInt8> {
    while head.count - consumed < count && !ended && damage == nil {
      let block = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 4096), alignment: 8)
      defer { block.deallocate() }
      do throws(TraceError) {
        let got = try base.read(into: block)
        if got == 0 { ended = true } else { head += block.prefix(got) }
      } catch {
        guard error.code == .damaged else { throw error }
        damage = error
      }
    }
    if let damage, consumed == head.count { throw damage }
    return head[consumed..<min(head.count, consumed + count)]
  }

  /// Leaves out `count` bytes that were looked at.
  func skip(_ count: Int) { consumed = min(head.count, consumed + count) }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    if consumed < head.count {
      let count = min(buffer.count, head.count - consumed)
      head[consumed..<consumed + count].withUnsafeBytes { buffer.copyMemory(from: $0) }
      consumed += count
      if consumed == head.count { (head, consumed) = ([], 0) }
      return count
    }
    if let damage { throw damage }
    return ended ? 0 : try base.read(into: buffer)
  }
}

/// A stream that keeps what is read of it, so that it can be read again from its beginning.
final class RecordingStream: ByteStream {
  private let base: any ByteStream
  private var recorded: [UInt8] = []
  private var isRecording = true
  private var position = 0

  init(_ base: any ByteStream) { self.base = base }

  var name: String { base.name }

  /// Goes back to the beginning; what comes from now on is kept no longer.
  func rewind() {
    isRecording = false
    position = 0
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    if !isRecording, position < recorded.count {
      let count = min(buffer.count, recorded.count - position)
      recorded[position..<position + count].withUnsafeBytes { buffer.copyMemory(from: $0) }
      position += count
      return count
    }
    if !isRecording { recorded = [] }
    let count = try base.read(into: buffer)
    if isRecording { recorded += buffer.prefix(count) }
    return count
  }
}

/// Bytes in memory.
package final class MemoryStream: ByteStream {
  package let name: String
  private let bytes: [UInt8]
  private var position = 0

  package init(_ bytes: [UInt8], name: String) {
    self.bytes = bytes
    self.name = name
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    let count = min(buffer.count, bytes.count - position)
    bytes[position..<position + count].withUnsafeBytes { buffer.copyMemory(from: $0) }
    position += count
    return count
  }
}

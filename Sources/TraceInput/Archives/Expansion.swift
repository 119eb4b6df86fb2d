import Diagnostics

/// A bound on the bytes that a compressed file may inflate to, in terms of the bytes that it has. Sizes that a file states are
/// not believed: what is compared is what was read and what was inflated.
public final class Expansion {
  /// How many bytes may come out of one, if nothing else is said. CSV of traces inflates to five to
  /// thirty times its size.
  public static let defaultLimit = 1000

  /// As many bytes may come out of any file: 64 MiB.
  public static let allowance = 1 << 26

  private let limit: Int
  private let name: String
  private var taken = 0
  private var given = 0

  package init(limit: Int, name: String) {
    self.limit = limit
    self.name = name
  }

  /// `stream`, its bytes counted as what goes in.
  package func input(_ stream: any ByteStream) -> any ByteStream {
    CountedStream(stream) { (count) in self.taken += count }
  }

  /// `stream`, whose bytes are counted as inflated ones.
  package func output(_ stream: any ByteStream) -> any ByteStream {
    CountedStream(stream) { (count) throws(TraceError) in try self.addOutput(count) }
  }

  /// Counts bytes that came out.
  ///
  /// - Throws: `TraceError` if there are too many.
  package func addOutput(_ count: Int) throws(TraceError) {
    given += count
    guard given > Self.allowance, given / limit > taken else { return }
    throw TraceError(
      .damaged,
      "inflates to more than \(limit) times its size (\(given >> 20) MiB from \(taken >> 10) KiB): "
        + "if it is no bomb, --max-expansion raises the limit", file: name)
  }
}

/// A stream that tells how many bytes it gave.
private final class CountedStream: ByteStream {
  let name: String
  private let base: any ByteStream
  private let count: (Int) throws(TraceError) -> Void

  init(_ base: any ByteStream, _ count: @escaping (Int) throws(TraceError) -> Void) {
    name = base.name
    self.base = base
    self.count = count
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    let got = try base.read(into: buffer)
    try count(got)
    return got
  }
}

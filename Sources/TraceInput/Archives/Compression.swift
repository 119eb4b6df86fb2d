import Diagnostics
import Foundation

/// What the first bytes of a stream say it is.
package enum ContentKind: Equatable {
  case gzip
  /// One compressed stream, which may hold a tar.
  case compressed(Filter)
  /// tar, zip or 7z.
  case container
  /// Parquet.
  case parquet
  /// A database of SQLite.
  case sqlite
  /// Text; an empty stream too.
  case text
  /// None of these.
  case unknown

  /// The compressions that go through libarchive.
  package enum Filter: String {
    case xz, zstd, bzip2, lz4, lzip
  }

  /// The byte order mark of UTF-8.
  package static let mark: [UInt8] = [0xef, 0xbb, 0xbf]

  /// How many bytes it takes to tell: a tar's mark ends at 265.
  package static let probeLength = 512

  package init(_ head: ArraySlice<UInt8>) {
    let head = Array(head)
    let magics: [([UInt8], ContentKind)] = [
      (GzipStream.magic, .gzip),
      ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], .compressed(.xz)),
      ([0x28, 0xb5, 0x2f, 0xfd], .compressed(.zstd)),
      (Array("BZh".utf8), .compressed(.bzip2)),
      ([0x04, 0x22, 0x4d, 0x18], .compressed(.lz4)),
      (Array("LZIP".utf8), .compressed(.lzip)),
      ([0x50, 0x4b, 0x03, 0x04], .container),
      ([0x50, 0x4b, 0x05, 0x06], .container),
      ([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], .container),
      (Array("PAR1".utf8), .parquet),
      (SQLiteInput.magic, .sqlite),
    ]
    if let found = magics.first(where: { head.starts(with: $0.0) }) {
      self = found.1
    } else if let filter = Self.skippable(head).filter {
      self = .compressed(filter)
    } else if Self.isTar(head) {
      self = .container
    } else {
      self = Self.isNoText(head) ? .unknown : .text
    }
  }

  /// What a stream that begins with frames to be skipped (RFC 8878, 3.1.2; pzstd writes them) goes on
  /// with: zstd and lz4 share them. zstd where the frames fill what is there.
  fileprivate static func skippable(_ head: [UInt8]) -> (filter: Filter?, length: Int) {
    var place = 0
    var filter: Filter?
    while place + 8 <= head.count, head[place] & 0xf0 == 0x50,
      head[(place + 1)..<(place + 4)].elementsEqual([0x2a, 0x4d, 0x18])
    {
      filter = .zstd
      place += 8 + (0..<4).reduce(0) { $0 | Int(head[place + 4 + $1]) << (8 * $1) }
    }
    let isLZ4 = place + 4 <= head.count && head[place...].starts(with: [0x04, 0x22, 0x4d, 0x18])
    return (isLZ4 && filter != nil ? .lz4 : filter, place)
  }

  /// A tar header carries its own checksum (bytes 148-155, octal, taken as blanks in the sum), so
  /// tars from before the "ustar" mark are told apart too.
  private static func isTar(_ head: [UInt8]) -> Bool {
    guard head.count >= 512 else { return false }
    let digits = head[148..<156].filter { (0x30...0x37).contains($0) }
    guard !digits.isEmpty, let stated = Int(String(decoding: digits, as: UTF8.self), radix: 8)
    else {
      return false
    }
    var sum = 0
    for (place, byte) in head[..<512].enumerated() {
      sum += (148..<156).contains(place) ? 0x20 : Int(byte)
    }
    return sum == stated
  }

  /// Whether bytes are no text. A name in a table may have any control character, NUL too; but the first
  /// line has no NUL, not one byte in eight is a control character, nor one in sixteen where the first
  /// line has some.
  private static func isNoText(_ head: [UInt8]) -> Bool {
    func isControl(_ byte: UInt8) -> Bool { byte < 0x20 && ![0x09, 0x0a, 0x0d].contains(byte) }
    let line = head.prefix { $0 != 0x0a }
    let controls = head.count(where: isControl)
    return line.contains(0) || (head.contains(0) && controls * 8 > head.count)
      || (line.contains(where: isControl) && controls * 16 > head.count)
  }
}

/// A stream with all its compression taken off, and what it turned out to hold.
package struct OpenedStream {
  package var stream: PeekableStream
  package var kind: ContentKind
  /// Whether nothing had to be taken off: the stored bytes are the content.
  package var isPlain: Bool
  /// The first bytes in hexadecimal, for "not an archive" messages.
  package var firstBytes: String

  /// Takes gzip off through ISA-L and other compressions off through libarchive, until text, a
  /// container or something unknown is left. At most four layers: no honest file has more.
  ///
  /// - Parameter limit: how many bytes may come out of one of `raw`; see `Expansion`.
  package init(decoding raw: any ByteStream, limit: Int) throws(TraceError) {
    let expansion = Expansion(limit: limit, name: raw.name)
    var stream = PeekableStream(expansion.input(raw))
    for layers in 0..<4 {
      let head = try stream.peek(ContentKind.probeLength)
      let kind = ContentKind(head)
      switch kind {
      case .gzip:
        stream = PeekableStream(expansion.output(GzipStream(stream)))
      case .compressed(let filter):
        // libarchive's lz4 does not begin with a frame to be skipped.
        let skipped = ContentKind.skippable(Array(head)).length
        if filter == .lz4, skipped <= head.count { stream.skip(skipped) }
        let archive = try ArchiveReader(
          stream, .compressedStream(filter), name: raw.name, limit: limit)
        _ = try archive.nextEntry()
        stream = PeekableStream(expansion.output(EntryStream(archive, name: raw.name)))
      default:
        // Text readers need not know of the mark.
        if kind == .text, head.starts(with: ContentKind.mark) {
          stream.skip(ContentKind.mark.count)
        }
        self.stream = stream
        self.kind = kind
        isPlain = layers == 0
        firstBytes = head.prefix(4).map { String(format: "%02x", $0) }.joined(separator: " ")
        return
      }
    }
    throw TraceError(.unrecognised, "compressed more than four times over", file: raw.name)
  }
}

extension OpenedStream {
  /// Whether it is compressed and holds an archive whose table of members stands at its end: zip and 7z, which can
  /// only be read whole where any place of them can be gone to.
  var hasTableAtEnd: Bool {
    !isPlain && kind == .container && ["50 4b", "37 7a"].contains { firstBytes.hasPrefix($0) }
  }

  /// Whether it begins as UTF-16 text from Windows does.
  var isUTF16: Bool {
    kind == .unknown && ["ff fe", "fe ff"].contains { firstBytes.hasPrefix($0) }
  }

  /// What to call a stream that is no table.
  var whatItIs: String { isUTF16 ? "UTF-16 text, not UTF-8" : "neither text nor an archive" }
}

import Diagnostics
import Foundation
import Tables
import TraceInput
import Workload

/// A file of fragments: what was kept of some parts of a trace, piece by piece, and at the end a manifest
/// with the checksum of every piece. Whoever has the end has all.
///
/// `TMPARTS1`, the pieces, the manifest as JSON, its SHA-256 in hexadecimal, its length in 8 bytes,
/// `TMPARTS1`.
final class FragmentFile: Sendable {
  let path: String
  let manifest: FragmentManifest
  private let places: [String: Int]

  private static let magic = Array("TMPARTS1".utf8)
  private static let tailBytes = 64 + 8 + magic.count
  /// No manifest is longer: it is read at once.
  private static let manifestLimit = 1 << 30

  /// Whether a file begins as one of fragments does.
  static func begins(_ path: String) -> Bool {
    (try? bytes(of: path, at: 0, count: magic.count)) == magic
  }

  /// Opens a file and reads its manifest.
  ///
  /// - Throws: `TraceError` for what is no such file, or not all of one.
  init(path: String) throws(TraceError) {
    self.path = path
    var status = stat()
    guard stat(FileName.bytes(path), &status) == 0 else {
      throw TraceError(
        .inputOutput, "cannot be read: \(String(cString: strerror(errno)))", file: path)
    }
    let size = Int(status.st_size)
    guard Self.begins(path) else {
      throw TraceError(
        .unrecognised, "is no file of fragments: convert --shard writes them", file: path)
    }
    let cut = TraceError(
      .damaged, "is truncated: run its shard again, the others are not touched", file: path)
    guard size >= Self.magic.count + Self.tailBytes else { throw cut }
    let tail = try Self.bytes(of: path, at: size - Self.tailBytes, count: Self.tailBytes)
    guard tail.suffix(Self.magic.count).elementsEqual(Self.magic) else { throw cut }
    let length = tail.withUnsafeBytes {
      UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 64, as: UInt64.self))
    }
    let room = size - Self.magic.count - Self.tailBytes
    let damaged = TraceError(
      .damaged, "has a manifest that is damaged: run its shard again", file: path)
    guard length <= UInt64(min(room, Self.manifestLimit)) else { throw damaged }
    let start = size - Self.tailBytes - Int(length)
    let json = try Self.bytes(of: path, at: start, count: Int(length))
    guard try Self.digest(json, path) == String(decoding: tail.prefix(64), as: UTF8.self),
      let manifest = try? JSONDecoder().decode(FragmentManifest.self, from: Data(json)),
      manifest.parts.allSatisfy({ part in
        part.pieces.allSatisfy { piece in
          piece.offset >= Self.magic.count && piece.length >= 0 && piece.length <= start
            && piece.offset <= start - piece.length
        }
      }), !manifest.shards.isEmpty,
      manifest.shards.allSatisfy({ Shard($0.number, of: $0.count) != nil })
    else { throw damaged }
    var places: [String: Int] = [:]
    for (place, part) in manifest.parts.enumerated() {
      guard places.updateValue(place, forKey: part.name) == nil else { throw damaged }
      guard let first = part.with else { continue }
      guard part.pieces.isEmpty, let owner = places[first], owner < place,
        manifest.parts[owner].with == nil, !manifest.parts[owner].pieces.isEmpty
      else { throw damaged }
    }
    self.manifest = manifest
    self.places = places
  }

  /// `shard 3/8`, or `shards 1/8, 2/8`.
  var shards: String { shardNames(manifest.shards) }

  /// What was kept of a part; nil if it is not here.
  func part(_ name: String) -> FragmentManifest.Part? { places[name].map { manifest.parts[$0] } }

  /// The bytes of a piece, checked.
  func bytes(of piece: FragmentManifest.Piece) throws(TraceError) -> [UInt8] {
    let bytes = try Self.bytes(of: path, at: piece.offset, count: piece.length)
    guard Checksum(bytes).text == piece.crc64 else {
      throw TraceError(
        .damaged, "\(shards) is damaged (its checksum is another): run it again", file: path)
    }
    return bytes
  }

  static func digest(_ bytes: [UInt8], _ path: String) throws(TraceError) -> String {
    let digest = try RunningDigest(.sha256, path)
    try digest.update(bytes)
    return try digest.finish()
  }

  private static func bytes(
    of path: String, at offset: Int, count: Int
  ) throws(TraceError) -> [UInt8] {
    let descriptor = open(FileName.bytes(path), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw TraceError(
        .inputOutput, "cannot be read: \(String(cString: strerror(errno)))", file: path)
    }
    defer { close(descriptor) }
    var problem: String?
    // Whoever takes lives from it needs some room behind them.
    let bytes = [UInt8](unsafeUninitializedCapacity: count + 1024) { buffer, filled in
      while filled < count {
        let got = pread(
          descriptor, buffer.baseAddress! + filled, count - filled, off_t(offset + filled))
        if got < 0, errno == EINTR { continue }
        guard got > 0 else {
          problem = got < 0 ? String(cString: strerror(errno)) : "it ends too early"
          return
        }
        filled += got
      }
    }
    if let problem { throw TraceError(.inputOutput, "cannot be read: \(problem)", file: path) }
    return bytes
  }

  /// Writes such a file: it appears under its name when it is complete.
  final class Writer {
    private let path: String
    private let file: OutputFile
    private var offset = FragmentFile.magic.count
    private(set) var parts: [FragmentManifest.Part] = []
    private var places: [String: Int] = [:]

    init(path: String) throws(TraceError) {
      self.path = path
      file = try OutputFile(path: path)
      try put(FragmentFile.magic)
    }

    /// Notes that a part is here, which may have no pieces.
    func begin(_ name: String, bytes: Int?, crc64: String?, with first: String? = nil) {
      guard places[name] == nil else { return }
      places[name] = parts.count
      parts.append(.init(name: name, bytes: bytes, crc64: crc64, with: first, pieces: []))
    }

    /// Adds a piece of a part that was begun.
    func add(_ piece: [UInt8], of name: String) throws(TraceError) {
      guard let place = places[name] else { preconditionFailure("parts are begun first") }
      try put(piece)
      parts[place].pieces.append(
        .init(offset: offset, length: piece.count, crc64: Checksum(piece).text))
      offset += piece.count
    }

    /// Ends the file.
    func finish(_ manifest: FragmentManifest) throws(TraceError) {
      var manifest = manifest
      manifest.parts = parts
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      let json = try catching(path) { [UInt8](try encoder.encode(manifest)) }
      try put(json)
      try put(Array(try FragmentFile.digest(json, path).utf8))
      try put(withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) })
      try put(FragmentFile.magic)
      try file.commit()
    }

    private func put(_ bytes: [UInt8]) throws(TraceError) {
      let result: Result<Void, TraceError> = bytes.withUnsafeBytes { all in
        do throws(TraceError) { return .success(try file.write(all)) } catch {
          return .failure(error)
        }
      }
      try result.get()
    }
  }
}

/// `shard 3/8`, or `shards 1/8, 2/8 and 14 more`.
func shardNames(_ shards: [Shard], limit: Int = 8) -> String {
  let sorted = shards.sorted()
  let names = sorted.prefix(limit).map { "\($0)" }.joined(separator: ", ")
  let more = sorted.count > limit ? " and \(sorted.count - limit) more" : ""
  return (sorted.count == 1 ? "shard " : "shards ") + names + more
}

import Foundation
import Tables
import TraceParsing

/// A file of what some pure pieces of a piece of work came to, and of which work they are: what shards write that
/// share work in rounds, each of which hangs on what earlier ones came to.
struct KnownFile<Place: Codable & Hashable & Comparable, Result: Codable & Equatable>: Codable {
  private struct Piece: Codable {
    var place: Place
    var result: Result?
  }

  let work: SharedWork
  private let pieces: [Piece]
  /// SHA-256 of the pieces.
  private let sha256: String

  /// What pieces came to, by their place; nil for a piece that came to nothing.
  var results: [Place: Result?] {
    Dictionary(pieces.map { ($0.place, $0.result) }) { first, _ in first }
  }

  /// How many pieces it has.
  var count: Int { pieces.count }

  /// A file of pieces of `work`, the same bytes whoever did them.
  init(_ work: SharedWork, _ results: [Place: Result?]) throws {
    self.work = work
    pieces = results.sorted { $0.key < $1.key }.map { Piece(place: $0, result: $1) }
    sha256 = try Self.digest(pieces)
  }

  /// Reads a file.
  ///
  /// - Throws: ``RunError`` with the file's name for one that is damaged or of another version.
  init(path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw RunError(message: "\(path): cannot be read")
    }
    guard let file = try? JSONDecoder().decode(Self.self, from: data),
      try Self.digest(file.pieces) == file.sha256
    else {
      let kind = URL(fileURLWithPath: path).pathExtension
      throw RunError(message: "\(path): is truncated or damaged, or no .\(kind) file")
    }
    guard file.work.tracemill == Toolkit.version else {
      throw RunError(
        message:
          "\(path): was written by Tracemill \(file.work.tracemill), this is \(Toolkit.version)")
    }
    self = file
  }

  /// Writes it; it appears when it is complete.
  func write(to path: String) throws {
    try ensureFolder(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    try OutputFile.write(SharedWork.encoder.encode(self) + Data("\n".utf8), to: path)
  }

  private static func digest(_ pieces: [Piece]) throws -> String {
    try FileDigest.sha256.of(Array(SharedWork.encoder.encode(pieces)), called: "pieces")
  }

  /// The pieces of several files, of folders those whose names end in `.ENDING`; nil for no file.
  ///
  /// - Parameters:
  ///   - paths: files and folders.
  ///   - ending: of files in folders.
  ///   - work: what they have to be of; what the first file is of if nil.
  /// - Throws: ``RunError`` that names the file, where it is of other work or came to something else for a piece
  ///   than another.
  static func joined(
    _ paths: [String], ending: String, of work: SharedWork? = nil
  ) throws -> KnownFile? {
    var origins: [Place: String] = [:]
    var (results, first) = ([Place: Result?](), work.map { ($0, "this one") })
    for path in try paths.flatMap({ try files($0, ending) }) {
      let file = try KnownFile(path: path)
      let (known, other) = first ?? (file.work, path)
      first = (known, other)
      guard file.work == known else {
        throw RunError(
          message: "\(path): is of another \(known.kind) (\(file.work.words)) than \(other)"
            + (file.work.words == known.words ? ": other settings or inputs" : " (\(known.words))"))
      }
      for (place, result) in file.results.sorted(by: { $0.key < $1.key }) {
        if let twin = results[place], let origin = origins[place], twin != result {
          throw RunError(message: "\(path): came to something else for \(place) than \(origin)")
        }
        (results[place], origins[place]) = (.some(result), path)
      }
    }
    return try first.map { try KnownFile($0.0, results) }
  }

  private static func files(_ path: String, _ ending: String) throws -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw RunError(message: "\(path): no such file")
    }
    guard isFolder.boolValue else { return [path] }
    return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
      .filter { $0.hasSuffix(ending) }.map { path + "/" + $0 }
  }

  /// Joins files to one, and returns what is printed.
  static func merge(
    _ paths: [String], ending: String, to output: String, json: Bool
  ) throws -> String {
    guard let file = try joined(paths, ending: ending) else {
      throw RunError(message: "\(paths.joined(separator: ", ")): no \(ending) file is there")
    }
    try file.write(to: output)
    return json
      ? try jsonText(["runs": file.count, "of": file.work.words, "output": output]) + "\n"
      : "merged   \(counted(file.count, "run")) of the \(file.work.kind) \(file.work.words)\nwrote    \(output)\n"
  }
}

/// Which work pieces are of, by all that they depend on.
struct SharedWork: Codable, Equatable {
  /// Tracemill's version.
  var tracemill: String
  /// `search`, `training`.
  var kind: String
  /// What it is, for people.
  var words: String
  /// SHA-256 of settings and inputs.
  var sha256: String

  /// Work that hangs on `all`.
  init(_ kind: String, _ words: String, of all: some Encodable) throws {
    (tracemill, self.kind, self.words) = (Toolkit.version, kind, words)
    sha256 = try FileDigest.sha256.of(Array(Self.encoder.encode(all)), called: words)
  }

  /// The same bytes for the same value.
  static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }
}

import Diagnostics
import Foundation
import TraceInput
import Workload

/// Files of fragments of one conversion: of all of it, or of some of its shards.
public final class FragmentSet: FragmentSource {
  private let files: [FragmentFile]
  private let places: [String: Int]
  private var first: FragmentManifest { files[0].manifest }

  /// Whether a file begins as one of fragments does.
  public static func isFragment(_ path: String) -> Bool { FragmentFile.begins(path) }

  /// Opens files that belong together.
  ///
  /// - Parameters:
  ///   - paths: the files, in any order; at least one.
  ///   - version: Tracemill's.
  /// - Throws: `TraceError` that names file and shard: one that is truncated or damaged, of another version,
  ///   input or settings, or there twice.
  public init(_ paths: [String], version: String) throws(TraceError) {
    precondition(!paths.isEmpty, "a set has files")
    var files: [FragmentFile] = []
    var (places, shards): ([String: Int], [Shard: String]) = ([:], [:])
    for path in paths {
      let file = try FragmentFile(path: path)
      guard file.manifest.version == version else {
        throw TraceError(
          .unrecognised,
          "\(file.shards) was written by Tracemill \(file.manifest.version), this is \(version): "
            + "all shards and their merge take one version", file: path)
      }
      if let first = files.first { try Self.compare(file, with: first) }
      for shard in file.manifest.shards {
        if let other = shards.updateValue(path, forKey: shard) {
          throw TraceError(.unrecognised, "shard \(shard) is in \(other) already", file: path)
        }
      }
      for part in file.manifest.parts {
        if let other = places.updateValue(files.count, forKey: part.name) {
          throw TraceError(
            .unrecognised,
            "\(file.shards) has part \(part.name), which \(files[other].shards) in "
              + "\(files[other].path) has already", file: path)
        }
      }
      files.append(file)
    }
    (self.files, self.places) = (files, places)
  }

  private static func compare(_ file: FragmentFile, with first: FragmentFile) throws(TraceError) {
    let (own, other) = (file.manifest, first.manifest)
    func differs(_ what: String) -> TraceError {
      TraceError(.unrecognised, "\(file.shards) is \(what) than \(first.path)", file: file.path)
    }
    guard own.format == other.format else { throw differs("of another format (\(own.format))") }
    for (name, value) in own.settings.sorted(by: { $0.key < $1.key })
    where other.settings[name] != value {
      let theirs = other.settings[name] ?? "nothing"
      throw TraceError(
        .unrecognised,
        "\(file.shards) was read with --\(name) \(value), \(first.path) with \(theirs)",
        file: file.path)
    }
    if let part = own.input.difference(from: other.input) {
      throw differs("of another input (\(part) is not the same)")
    }
    guard own.input == other.input, own.tables == other.tables, own.settings == other.settings
    else { throw differs("of another input") }
  }

  /// The trace's format.
  public var format: String { first.format }

  /// The table that was asked for; nil for the trace's own choice.
  public var table: String? { first.settings["table"].flatMap { $0.isEmpty ? nil : $0 } }

  /// Whether rows that cannot be read were left out.
  public var isLenient: Bool { first.settings["lenient"] == "true" }

  /// How many shards, and how many parts of the trace's.
  public var size: (shards: Int, parts: Int, allParts: Int) {
    (
      files.reduce(0) { $0 + $1.manifest.shards.count }, places.count,
      first.tables.reduce(0) { $0 + $1.count }
    )
  }

  /// What is not here: shards, or parts where that cannot be told; nil if all is.
  public var missing: String? {
    let parts = first.tables.joined().filter { places[$0] == nil }
    guard let part = parts.first else { return nil }
    let there = Set(files.flatMap(\.manifest.shards))
    let counts = Set(there.map(\.count))
    let lacking = "\(parts.count) of \(size.allParts) parts, \(part) first"
    guard counts.count == 1, let count = counts.first else { return lacking }
    let shards = (1...count).compactMap { Shard($0, of: count) }.filter { !there.contains($0) }
    return shards.isEmpty ? lacking : "\(shardNames(shards)) (\(lacking))"
  }

  /// The input that the shards were read from, as far as is known without it.
  ///
  /// - Parameter onlySplit: whether tables that were not split are left out.
  /// - Throws: `TraceError` for a manifest that cannot be.
  public func input(onlySplit: Bool = false) throws(TraceError) -> TraceInput {
    let names = onlySplit ? Set(first.tables.joined()) : nil
    do throws(TraceError) { return try TraceInput(first.input, only: names) } catch {
      throw TraceError(error.code, "the manifest \(error.message)", file: files[0].path)
    }
  }

  /// The options that the shards were read with; the parts are taken from them.
  ///
  /// - Parameters:
  ///   - options: everything else.
  ///   - rejects: takes rows that could not be read, if the shards are lenient.
  /// - Throws: `TraceError` naming what is missing, unless all is there.
  public func options(_ options: ReadOptions, rejects: RejectLog?) throws(TraceError) -> ReadOptions
  {
    if let missing {
      throw TraceError(
        .missing, "missing: \(missing); a part of them can be merged to another .parts file",
        file: files[0].path)
    }
    var options = options
    guard options.take(first.settings) else {
      throw TraceError(.damaged, "the manifest has settings that cannot be", file: files[0].path)
    }
    options.rejects = isLenient ? rejects : nil
    options.split = .reading(self)
    return options
  }

  /// Throws unless the shards were read with these settings.
  func check(_ settings: [String: String]) throws(TraceError) {
    for (name, value) in settings.sorted(by: { $0.key < $1.key })
    where first.settings[name] != value {
      throw TraceError(
        .unrecognised,
        "the shards were read with --\(name) \(first.settings[name] ?? ""), not with \(value): "
          + "that cannot be changed any more", file: files[0].path)
    }
  }

  /// Writes all that is here to one file, which stands for all of them. Every piece is checked; memory is
  /// that of one piece. O(bytes).
  public func merge(to path: String) throws(TraceError) {
    let writer = try FragmentFile.Writer(path: path)
    // In the order of the trace, whatever the order of the files.
    for name in first.tables.joined() {
      guard let place = places[name], let part = files[place].part(name) else { continue }
      writer.begin(name, bytes: part.bytes, crc64: part.crc64, with: part.with)
      for piece in part.pieces { try writer.add(try files[place].bytes(of: piece), of: name) }
    }
    var manifest = first
    manifest.shards = files.flatMap(\.manifest.shards).sorted()
    try writer.finish(manifest)
  }

  package func pieces(of file: TraceInput.File) throws(TraceError) -> Int {
    try part(file.name).part.pieces.count
  }

  package func isJoined(_ file: TraceInput.File) throws(TraceError) -> Bool {
    try part(file.name).part.with != nil
  }

  package func piece(_ number: Int, of file: TraceInput.File) throws(TraceError) -> [UInt8] {
    let (owner, part) = try part(file.name)
    return try owner.bytes(of: part.pieces[number])
  }

  private func part(_ name: String) throws(TraceError) -> (
    file: FragmentFile, part: FragmentManifest.Part
  ) {
    guard let place = places[name], let part = files[place].part(name) else {
      throw TraceError(.missing, "no shard has this part", file: name)
    }
    return (files[place], part)
  }
}

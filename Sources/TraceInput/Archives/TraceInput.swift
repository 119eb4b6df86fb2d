import Diagnostics
import Foundation
import Parquet
import Tables

/// The files behind a path: a folder, a file, the entries of a container, or standard input, in
/// groups that look like the parts of one table.
///
/// Opening reads only as much as it takes to know what is there.
public struct TraceInput: Sendable {
  /// One file, wherever it is stored.
  public struct File: Sendable {
    /// What messages call it: its path, or `archive!entry`.
    public let name: String
    /// Its folder inside the input; empty for a file given by itself.
    package let folder: String
    /// Its name without folders.
    package let baseName: String
    /// Stored size in bytes, where known.
    package let size: Int?
    package let location: Location
  }

  package enum Location: Sendable {
    case file(path: String)
    case remote(RemoteFile)
    case entry(container: Container, index: Int)
    case standardInput(StandardInput)
    /// Parquet that does not lie in a file of its own.
    case spooled(SpooledParquet)
    /// A database that does not lie in a file of its own.
    case database(SQLiteInput)
  }

  /// Files whose names differ in their numbers only, in numeric order: the parts of one table.
  public struct Group: Sendable {
    /// The parts, in numeric order.
    public let files: [File]
    /// The part numbers, ascending, where the names carry them; as long as `files`, or empty.
    public let numbers: [Int]
    /// How many parts the names say there are (`…-of-00500`).
    public let total: Int?
    /// The beginning of the first file that is not empty, decoded.
    package let head: [UInt8]
    /// Damage to the archive that the files are in, behind all of them: thrown after the last one.
    package var damage: TraceError?
    /// The keys of the folders by value (`day=1/`) that its files are in, where it was joined of several.
    var partitionKeys: [String] = []
    /// Of a group that was joined: the numbers missing in each folder.
    var missingInFolders: [ClosedRange<Int>] = []

    /// Numbers missing between the first and the last part that are there.
    public var missing: [ClosedRange<Int>] {
      missingInFolders
        + zip(numbers, numbers.dropFirst()).compactMap { before, after in
          after - before > 1 ? before + 1...after - 1 : nil
        }
    }

    /// Whether it is one array of JSON, not an object a line.
    package var beginsAsJSONArray: Bool {
      let text = head.lazy.filter { $0 > 0x20 }
      return text.starts(with: Array("[{".utf8))
    }

    /// Whether it holds Parquet.
    package var isParquet: Bool { head.starts(with: Array("PAR1".utf8)) }

    /// Whether it holds a database of SQLite.
    package var isSQLite: Bool { head.starts(with: SQLiteInput.magic) }

    /// How many numbers are missing between the first and the last part.
    public var missingCount: Int { missing.reduce(0) { $0 + $1.count } }
  }

  /// What the user called the input; `-` is standard input.
  public let path: String
  /// The groups, by folder and name.
  public let groups: [Group]
  /// Files that no table can be made of.
  public let passedOver: [PassedOverFile]
  /// The table descriptions that came with the trace (`schema.csv`), decoded.
  package let schemas: [String: [UInt8]]

  /// The files that are not read where tables are made of the groups `used`.
  ///
  /// - Parameter format: what the trace is read as.
  package func passedOver(besides used: [Group], format: String) -> [PassedOverFile] {
    let names = Set(used.flatMap(\.files).map(\.name))
    return passedOver
      + groups.flatMap(\.files).filter { !names.contains($0.name) }.map {
        PassedOverFile($0.name, "no table of \(format)", mayHoldRows: false)
      }
  }

  /// How much of a group's first file is looked at.
  package static let headLength = 1 << 16

  /// Finds out what is at `path` (`-` for standard input).
  ///
  /// - Parameters:
  ///   - path: a folder, a file, a pipe, or `-`.
  ///   - meter: told what is read of a pipe.
  ///   - maximumExpansion: see `ReadOptions.maximumExpansion`.
  ///   - temporaryDirectory: where an archive that comes through a pipe is kept.
  ///   - remote: files that are not on the disk.
  public init(
    path: String, meter: ReadMeter? = nil, maximumExpansion: Int = Expansion.defaultLimit,
    temporaryDirectory: String = NSTemporaryDirectory(), remote: (any RemoteFiles)? = nil
  ) throws(TraceError) {
    self.path = path
    var finder = InputFinder(
      meter: meter, limit: maximumExpansion, temporaryDirectory: temporaryDirectory)
    if path == "-" {
      try finder.addStandardInput()
    } else if let remote, remote.claims(path) {
      try finder.add(path: path, in: remote)
    } else {
      try finder.add(path: path)
    }
    guard !finder.files.isEmpty else {
      let note = PassedOverFile.note(finder.passedOver).map { "; \($0.text)" } ?? ""
      throw TraceError(
        .missing, "no trace files here: expected tables as .csv, .csv.gz or an archive\(note)",
        file: path)
    }
    (groups, schemas) = try finder.grouped()
    passedOver = finder.passedOver
    guard !groups.isEmpty else {
      throw TraceError(
        .missing, "no tables here", file: path)
    }
  }
}

extension TraceInput {
  /// All that an input is.
  struct Parts {
    var path: String
    var groups: [Group] = []
    var passedOver: [PassedOverFile] = []
    var schemas: [String: [UInt8]] = [:]
  }

  init(parts: Parts) {
    (path, groups, passedOver) = (parts.path, parts.groups, parts.passedOver)
    schemas = parts.schemas
  }
}

/// Opens the Parquet file at `path`.
package func openParquetFile(_ path: String) throws(TraceError) -> ParquetReader {
  let descriptor = open(FileName.bytes(path), O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else {
    throw TraceError(.inputOutput, "cannot open: \(String(cString: strerror(errno)))", file: path)
  }
  return try catching(path) { try ParquetReader(ParquetFile(descriptor: descriptor, path: path)) }
}

extension TraceInput.File {
  /// Opens a file that holds Parquet.
  package func openParquet() throws(TraceError) -> ParquetReader {
    switch location {
    case .file(let path): return try openParquetFile(path)
    case .remote(let file): return try catching(name) { try ParquetReader(file) }
    case .spooled(let input): return try catching(name) { try ParquetReader(input) }
    case .entry, .standardInput, .database:
      throw TraceError(.unrecognised, "it holds no Parquet", file: name)
    }
  }

  /// Opens a file to read its rows, which may be `expansion` times as large as it
  /// (``ReadOptions/maximumExpansion``).
  package func openParquet(expansion: Int) throws(TraceError) -> ParquetReader {
    let reader = try openParquet()
    try catching(name) {
      try reader.checkExpansion(limit: expansion, allowance: Expansion.allowance)
    }
    return reader
  }

  /// The folders of a partitioned table that the file is in, `day=1/region=eu`, by their names; nil is
  /// a value that is missing. `%20` and the like stand for what cannot be in a name.
  package var partition: [(column: String, value: String?)] {
    FileName.parent(name.replacing("!", with: "/")).split(separator: "/").compactMap { folder in
      guard let sign = folder.firstIndex(of: "="), sign > folder.startIndex else { return nil }
      let text = String(folder[folder.index(after: sign)...])
      let value = text == "__HIVE_DEFAULT_PARTITION__" ? nil : text.removingPercentEncoding ?? text
      return (String(folder[..<sign]), value)
    }
  }
}

/// Standard input or another pipe, decoded and not yet read. It can be taken once.
package final class StandardInput: @unchecked Sendable {
  private let name: String
  private var stream: PeekableStream?

  package init(_ stream: PeekableStream) {
    name = stream.name
    self.stream = stream
  }

  package func take() throws(TraceError) -> PeekableStream {
    guard let stream else {
      throw TraceError(.inputOutput, "a pipe can be read only once", file: name)
    }
    self.stream = nil
    return stream
  }

  package func peek(_ count: Int) throws(TraceError) -> [UInt8] {
    Array(try stream?.peek(count) ?? [])
  }
}

/// A container on disk: a file that the user named, or one spooled from a pipe, which is gone when
/// its descriptor closes.
package final class Container: Sendable {
  package let name: String
  /// Stored size in bytes; nil for one that came through a pipe.
  package let size: Int?
  private let path: String?
  private let remote: RemoteFile?
  private let descriptor: Int32

  package init(path: String, size: Int? = nil) {
    name = path
    self.size = size
    self.path = path
    remote = nil
    descriptor = -1
  }

  init(_ remote: RemoteFile) {
    name = remote.path
    size = remote.count
    path = nil
    self.remote = remote
    descriptor = -1
  }

  /// Copies a pipe to an unnamed temporary file in `directory`.
  package init(
    spooling stream: any ByteStream, name: String, directory: String
  ) throws(TraceError) {
    self.name = name
    size = nil
    path = nil
    remote = nil
    let file = try TemporaryFile(directory: directory)
    try file.append(stream)
    descriptor = file.release()
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Opens it from the beginning.
  package func open(meter: ReadMeter?, limit: Int) throws(TraceError) -> ArchiveReader {
    let raw = try stream(meter: nil)
    let opened = try OpenedStream(decoding: raw, limit: limit)
    guard opened.kind == .container else {
      throw TraceError(.unrecognised, "no longer an archive", file: name)
    }
    let isSeekable = opened.isPlain && (raw as? FileStream)?.isSeekable != false
    let endDamage = isSeekable ? try ZipEnd.damage(of: raw) : nil
    let file = try stream(meter: meter)
    if opened.isPlain {
      return try ArchiveReader(
        file, .container, name: name, limit: limit, seekable: isSeekable ? file : nil,
        endDamage: endDamage)
    }
    return try ArchiveReader(
      OpenedStream(decoding: file, limit: limit).stream, .container, name: name, limit: limit)
  }

  private func stream(meter: ReadMeter?) throws(TraceError) -> any SeekableStream {
    if let remote { return RemoteStream(remote, meter: meter) }
    if let path { return try FileStream(path: path, meter: meter) }
    lseek(descriptor, 0, SEEK_SET)
    return FileStream(descriptor: descriptor, name: name, meter: meter)
  }
}

extension TraceInput.Group {
  /// The same group with one of its files.
  package func only(_ file: TraceInput.File) -> TraceInput.Group {
    var group = TraceInput.Group(files: [file], numbers: [], total: nil, head: head)
    group.damage = files.last?.name == file.name ? damage : nil
    return group
  }
}

extension TraceInput.File {
  /// Its name without folders and endings.
  package var stem: String { String(baseName.prefix { $0 != "." }) }
}

import Diagnostics
import Foundation

/// Walks an input and sorts what it finds into groups.
package struct InputFinder {
  package private(set) var files: [TraceInput.File] = []
  /// Of each group the first beginning that is not empty, and whose it is.
  var heads: [String: (part: PartName, bytes: [UInt8])] = [:]
  private(set) var passedOver: [PassedOverFile] = []
  /// Folders that were gone into: a link may lead back to one.
  private var visited: Set<FileStatus.Identity> = []
  /// Files that hold something, and what they are called: a link may lead to one again.
  private var seen: [FileStatus.Identity: String] = [:]
  /// Parquet from inside archives.
  private var spool: TemporaryFile?
  var schemas: [String: [UInt8]] = [:]
  var damages: [ContainerDamage] = []
  private let meter: ReadMeter?
  private let limit: Int
  private let temporaryDirectory: String

  /// Folders below the one given: more than any trace or partitioned table has.
  private static let depth = 16
  /// Archives inside archives.
  private static let nesting = 3

  package init(meter: ReadMeter?, limit: Int, temporaryDirectory: String) {
    self.meter = meter
    self.limit = limit
    self.temporaryDirectory = temporaryDirectory
  }

  package mutating func addStandardInput() throws(TraceError) {
    try add(pipe: FileStream(descriptor: STDIN_FILENO, name: "<stdin>", meter: meter))
  }

  /// Adds what can be read only once and has no size: standard input, a pipe with a path.
  private mutating func add(pipe raw: FileStream) throws(TraceError) {
    let name = raw.name
    let opened = try OpenedStream(decoding: raw, limit: limit)
    switch opened.kind {
    case .container:
      // A table of contents may stand at the end, so the pipe has to be kept.
      let container = try Container(
        spooling: opened.stream, name: name, directory: temporaryDirectory)
      try add(container: container, folder: "")
    case .parquet:
      try addParquet(opened.stream, name: name, folder: "", size: nil)
    case .sqlite:
      try addDatabase(opened.stream, name: name, folder: "", size: nil)
    case .text:
      let input = StandardInput(opened.stream)
      let head = try input.peek(TraceInput.headLength)
      guard !head.isEmpty else { throw TraceError(.missing, "the input is empty", file: name) }
      try addFile(name, "", FileName.last(name), nil, head: head, .standardInput(input))
    default:
      throw unrecognised(name, opened)
    }
  }

  mutating func add(path: String) throws(TraceError) {
    let status = FileStatus(path)
    switch status.kind {
    case .absent: throw TraceError(.inputOutput, "no such file or folder", file: path)
    case .dangling:
      throw TraceError(
        .inputOutput, "a link to \(FileStatus.target(path)), which is not there", file: path)
    case .folder: try add(folder: path, relative: "", depth: Self.depth)
    case .file, .special: try add(file: path, status, folder: "", isNamed: true)
    }
    if schemas.isEmpty { findOuterSchema(path, levels: status.kind == .folder ? 1 : 2) }
  }

  /// The `schema.csv` of the trace of which a table's folder or one part is given.
  private mutating func findOuterSchema(_ path: String, levels: Int) {
    var folder = URL(fileURLWithPath: path).standardizedFileURL.path
    for _ in 0..<levels {
      folder = FileName.parent(folder)
      let schema = folder + "/schema.csv"
      guard FileStatus(schema).kind == .file, let stream = try? FileStream(path: schema),
        let opened = try? OpenedStream(decoding: stream, limit: limit), opened.kind == .text,
        let head = try? opened.stream.peek(TraceInput.headLength), opened.stream.damage == nil,
        head.starts(with: Array("file pattern,".utf8))
      else { continue }
      schemas[""] = Array(head)
      return
    }
  }

  private mutating func add(folder: String, relative: String, depth: Int) throws(TraceError) {
    guard let names = FileName.list(folder) else {
      throw TraceError(.inputOutput, "cannot list the folder", file: folder)
    }
    visited.insert(FileStatus(folder).identity)
    for name in names where !SidecarName.isKnown(name) {
      let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
      if let reason = SidecarName.reasonToPass(name) {
        pass(path, reason, mayHoldRows: false)
        continue
      }
      let status = FileStatus(path)
      switch status.kind {
      case .absent: pass(path, "it went away while the folder was read", mayHoldRows: true)
      case .dangling:
        let target = FileStatus.target(path)
        pass(path, "a link to \(target), which is not there", mayHoldRows: true)
      case .file, .special: try add(file: path, status, folder: relative, isNamed: false)
      case .folder where visited.contains(status.identity):
        pass(path, "a link to a folder that is read already", mayHoldRows: false)
      case .folder where depth == 0:
        pass(path, "more than \(Self.depth) folders down", mayHoldRows: true)
      case .folder:
        try add(
          folder: path, relative: relative.isEmpty ? name : relative + "/" + name, depth: depth - 1)
      }
    }
  }

  /// Adds what stands at a path of files that are not on the disk.
  package mutating func add(path: String, in files: any RemoteFiles) throws(TraceError) {
    switch try files.kind(of: path) {
    case .absent: throw TraceError(.inputOutput, "no such file or folder", file: path)
    case .file(let size):
      let file = RemoteFile(files, path: path, size: size)
      try add(stored: .remote(file), size: size, folder: "", isNamed: true)
    case .folder: try add(folder: path, of: files, relative: "", depth: Self.depth)
    }
  }

  private mutating func add(
    folder: String, of files: any RemoteFiles, relative: String, depth: Int
  ) throws(TraceError) {
    for name in try files.names(in: folder).sorted() where !SidecarName.isKnown(name) {
      let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
      if let reason = SidecarName.reasonToPass(name) {
        pass(path, reason, mayHoldRows: false)
        continue
      }
      switch try files.kind(of: path) {
      case .absent: pass(path, "it went away while the folder was read", mayHoldRows: true)
      case .file(let size):
        let file = RemoteFile(files, path: path, size: size)
        try add(stored: .remote(file), size: size, folder: relative, isNamed: false)
      case .folder where depth == 0:
        pass(path, "more than \(Self.depth) folders down", mayHoldRows: true)
      case .folder:
        try add(
          folder: path, of: files, relative: relative.isEmpty ? name : relative + "/" + name,
          depth: depth - 1)
      }
    }
  }

  mutating func pass(_ name: String, _ reason: String, mayHoldRows: Bool) {
    passedOver.append(PassedOverFile(name, reason, mayHoldRows: mayHoldRows))
  }

  /// - Parameter isNamed: whether the user named this very file: then it must be something; a file
  ///   that merely lies in a folder may be anything.
  private mutating func add(
    file path: String, _ status: FileStatus, folder: String, isNamed: Bool
  ) throws(TraceError) {
    guard status.kind == .file else {
      guard isNamed else {
        // Opening it could wait for another process.
        return pass(path, "a pipe or a device", mayHoldRows: true)
      }
      try add(pipe: FileStream(path: path, meter: meter))
      return
    }
    if status.size > 0 {
      // Its rows would be there twice.
      if let first = seen[status.identity] {
        return pass(path, "the same file as \(first)", mayHoldRows: false)
      }
      seen[status.identity] = path
    }
    try add(stored: .disk(path), size: status.size, folder: folder, isNamed: isNamed)
  }

  /// A file that can be read from its beginning as often as is needed.
  private enum Stored {
    case disk(String)
    case remote(RemoteFile)

    var path: String {
      switch self {
      case .disk(let path): path
      case .remote(let file): file.path
      }
    }

    var location: TraceInput.Location {
      switch self {
      case .disk(let path): .file(path: path)
      case .remote(let file): .remote(file)
      }
    }

    var isOnDisk: Bool { if case .disk = self { true } else { false } }

    func stream() throws(TraceError) -> any ByteStream {
      switch self {
      case .disk(let path): try FileStream(path: path)
      case .remote(let file): RemoteStream(file)
      }
    }

    func container(size: Int) -> Container {
      switch self {
      case .disk(let path): Container(path: path, size: size)
      case .remote(let file): Container(file)
      }
    }
  }

  private mutating func add(
    stored: Stored, size: Int, folder: String, isNamed: Bool
  ) throws(TraceError) {
    let path = stored.path
    let baseName = FileName.last(path)
    if size == 0, isNamed { throw TraceError(.missing, "the file is empty", file: path) }
    let opened: OpenedStream
    let head: [UInt8]
    var spooled: Container?
    do throws(TraceError) {
      opened = try OpenedStream(decoding: stored.stream(), limit: limit)
      if opened.hasTableAtEnd {
        spooled = try Container(
          spooling: opened.stream, name: path, directory: temporaryDirectory)
      }
      head = opened.kind == .container ? [] : Array(try opened.stream.peek(TraceInput.headLength))
    } catch {
      // One damaged part of many is the reader's to report or, in lenient mode, to count.
      guard error.code == .damaged, !isNamed else { throw error }
      try addFile(path, folder, baseName, size, head: [], stored.location)
      return
    }
    switch opened.kind {
    case .container:
      try add(container: spooled ?? stored.container(size: size), folder: folder)
    case .parquet where !opened.isPlain:
      try addParquet(opened.stream, name: path, folder: folder, size: size)
    case .sqlite where !opened.isPlain || !stored.isOnDisk:
      try addDatabase(opened.stream, name: path, folder: folder, size: size)
    case .text, .parquet, .sqlite:
      if baseName == "schema.csv" {
        if let damage = opened.stream.damage { throw damage }
        schemas[folder] = head
      } else {
        try addFile(path, folder, baseName, size, head: head, stored.location)
      }
    default:
      guard !isNamed else { throw unrecognised(path, opened) }
      pass(path, opened.whatItIs, mayHoldRows: SidecarName.isData(baseName) || opened.isUTF16)
    }
  }

  /// An input has at most so many files, and so many kinds of them, of each of which a beginning is
  /// kept.
  static let fileLimit = 200_000
  static let groupLimit = 2000

  /// Keeps Parquet that is no file by itself.
  private mutating func addParquet(
    _ stream: PeekableStream, name: String, folder: String, size: Int?
  ) throws(TraceError) {
    let file: TemporaryFile
    if let spool { file = spool } else { file = try TemporaryFile(directory: temporaryDirectory) }
    spool = file
    let head = Array(try stream.peek(TraceInput.headLength))
    let parquet = try SpooledParquet(stream, in: file)
    try addFile(name, folder, FileName.last(name), size, head: head, .spooled(parquet))
  }

  /// Keeps a database that is no file by itself.
  private mutating func addDatabase(
    _ stream: PeekableStream, name: String, folder: String, size: Int?
  ) throws(TraceError) {
    let head = Array(try stream.peek(TraceInput.headLength))
    let database = try SQLiteInput(stream, name: name, directory: temporaryDirectory)
    try addFile(name, folder, FileName.last(name), size, head: head, .database(database))
  }

  private mutating func addFile(
    _ name: String, _ folder: String, _ baseName: String, _ size: Int?, head: [UInt8],
    _ location: TraceInput.Location
  ) throws(TraceError) {
    let part = PartName(baseName)
    let key = Self.groupKey(folder, part)
    guard files.count < Self.fileLimit, heads[key] != nil || heads.count < Self.groupLimit else {
      throw TraceError(
        .unrecognised,
        "one file too many: an input has at most \(Self.fileLimit) files, whose names but for numbers are "
          + "at most \(Self.groupLimit)", file: name)
    }
    if !head.isEmpty, heads[key].map({ part.precedes($0.part) }) ?? true {
      heads[key] = (part, head)
    }
    files.append(
      TraceInput.File(
        name: name, folder: folder, baseName: baseName, size: size, location: location))
  }

  private mutating func add(
    container: Container, folder: String, level: Int = 0
  ) throws(TraceError) {
    let archive = try container.open(meter: nil, limit: limit)
    var index = 0
    let known = files.count
    var isEmpty = true
    do throws(TraceError) {
      while let entry = try archive.nextMember() {
        if let reason = entry.hasNoContent {
          pass("\(container.name)!\(entry.path)", reason, mayHoldRows: true)
          isEmpty = false
          continue
        }
        try add(entry, index, of: container, archive, folder: folder, level: level)
        do throws(TraceError) {
          try archive.skipEntry()
        } catch {
          throw damage(error, container, index)
        }
        index += 1
      }
    } catch {
      // What was found before the damage is there to be read.
      guard error.code == .damaged, files.count > known else { throw error }
      if damages.last?.container !== container {
        damages.append(ContainerDamage(container: container, entry: nil, error: error))
      }
    }
    if index == 0, isEmpty, files.count == known {
      throw TraceError(.missing, "the archive holds no files", file: container.name)
    }
  }

  /// Notes that an entry is damaged with the archive around it, and gives the error back.
  private mutating func damage(
    _ error: TraceError, _ container: Container, _ entry: Int
  ) -> TraceError {
    damages.append(ContainerDamage(container: container, entry: entry, error: error))
    return error
  }

  private mutating func add(
    _ entry: ArchiveReader.Entry, _ index: Int, of container: Container, _ archive: ArchiveReader,
    folder: String, level: Int
  ) throws(TraceError) {
    let path = entry.path.hasPrefix("./") ? String(entry.path.dropFirst(2)) : entry.path
    let baseName = FileName.last(path)
    let name = "\(container.name)!\(path)"
    guard !path.split(separator: "/").contains(where: { SidecarName.isKnown(String($0)) }) else {
      return
    }
    if let reason = SidecarName.reasonToPass(baseName) {
      return pass(name, reason, mayHoldRows: false)
    }
    let inner = FileName.parent(path)
    let place = folder.isEmpty ? inner : inner.isEmpty ? folder : folder + "/" + inner
    let head: [UInt8]
    do throws(TraceError) {
      let recording = RecordingStream(EntryStream(archive, name: name))
      let opened = try OpenedStream(decoding: recording, limit: limit)
      switch opened.kind {
      case .text: head = Array(try opened.stream.peek(TraceInput.headLength))
      case .parquet:
        return try addParquet(opened.stream, name: name, folder: place, size: entry.size)
      case .sqlite:
        return try addDatabase(opened.stream, name: name, folder: place, size: entry.size)
      case .container where level == Self.nesting:
        return pass(name, "more than \(Self.nesting) archives inside each other", mayHoldRows: true)
      case .container:
        // As it is stored, if the archive inside is compressed and can be read from its beginning on.
        if !opened.hasTableAtEnd { recording.rewind() }
        let inside = try Container(
          spooling: opened.hasTableAtEnd ? opened.stream : recording, name: name,
          directory: temporaryDirectory)
        return try add(container: inside, folder: place, level: level + 1)
      default:
        return pass(
          name, opened.whatItIs, mayHoldRows: SidecarName.isData(baseName) || opened.isUTF16)
      }
    } catch {
      guard error.code == .damaged else { throw error }
      head = []
    }
    if baseName == "schema.csv" {
      schemas[place] = head
    } else {
      try addFile(
        name, place, baseName, entry.size, head: head, .entry(container: container, index: index))
    }
  }

  private func unrecognised(_ name: String, _ opened: OpenedStream) -> TraceError {
    TraceError(
      .unrecognised,
      opened.isUTF16
        ? "the text is UTF-16; expected UTF-8 (iconv -f UTF-16 -t UTF-8)"
        : "neither a CSV table nor an archive that can be opened (it starts with "
          + "\(opened.firstBytes)); expected .csv, .gz, .xz, .zst, .tar, .zip, .7z or .parquet",
      file: name)
  }
}

/// Where an archive is damaged: inside an entry, or between them.
struct ContainerDamage {
  let container: Container
  let entry: Int?
  let error: TraceError
}

import Diagnostics
import Foundation

/// Walks an input and sorts what it finds into groups.
package struct InputFinder {
  package private(set) var files: [TraceInput.File] = []
  /// Of each group the first beginning that is not empty, and whose it is.
  private var heads: [String: (part: PartName, bytes: [UInt8])] = [:]
  private var ignored: [String] = []
  private var schemas: [String: [UInt8]] = [:]
  private var damages: [ContainerDamage] = []
  private let meter: ReadMeter?
  private let limit: Int
  private let temporaryDirectory: String

  /// Folders below the one given: trace root, table, and one to spare.
  private static let depth = 3

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
    case .container, .parquet:
      // A table of contents may stand at the end, so the pipe has to be kept.
      guard opened.kind == .container else {
        throw TraceError(
          .unrecognised, "Parquet cannot be read from a pipe: give the file's path", file: name)
      }
      let container = try Container(spooling: opened.stream, directory: temporaryDirectory)
      try add(container: container, folder: "")
    case .text:
      let input = StandardInput(opened.stream)
      let head = try input.peek(TraceInput.headLength)
      guard !head.isEmpty else { throw TraceError(.missing, "the input is empty", file: name) }
      addFile(
        name, "", (name as NSString).lastPathComponent, nil, head: head, .standardInput(input))
    default:
      throw unrecognised(name, opened)
    }
  }

  package mutating func add(path: String) throws(TraceError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw TraceError(.inputOutput, "no such file or folder", file: path)
    }
    if isFolder.boolValue {
      try add(folder: path, relative: "", depth: Self.depth)
    } else {
      try add(file: path, folder: "", isNamed: true)
    }
    if schemas.isEmpty { findOuterSchema(path, levels: isFolder.boolValue ? 1 : 2) }
  }

  /// The `schema.csv` of the trace of which a table's folder or one part is given.
  private mutating func findOuterSchema(_ path: String, levels: Int) {
    var folder = URL(fileURLWithPath: path).standardizedFileURL.path
    for _ in 0..<levels {
      folder = (folder as NSString).deletingLastPathComponent
      let schema = folder + "/schema.csv"
      guard Self.isRegular(schema), let stream = try? FileStream(path: schema),
        let opened = try? OpenedStream(decoding: stream, limit: limit), opened.kind == .text,
        let head = try? opened.stream.peek(TraceInput.headLength), opened.stream.damage == nil,
        head.starts(with: Array("file pattern,".utf8))
      else { continue }
      schemas[""] = Array(head)
      return
    }
  }

  /// Whether opening it cannot wait for another process.
  private static func isRegular(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  private mutating func add(folder: String, relative: String, depth: Int) throws(TraceError) {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      throw TraceError(.inputOutput, "cannot list the folder", file: folder)
    }
    for name in names.sorted() where !name.hasPrefix(".") {
      let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { continue }
      if !isFolder.boolValue {
        try add(file: path, folder: relative, isNamed: false)
      } else if depth > 0 {
        try add(
          folder: path, relative: relative.isEmpty ? name : relative + "/" + name, depth: depth - 1)
      }
    }
  }

  /// - Parameter isNamed: whether the user named this very file: then it must be something; a file
  ///   that merely lies in a folder may be anything.
  private mutating func add(file path: String, folder: String, isNamed: Bool) throws(TraceError) {
    let baseName = (path as NSString).lastPathComponent
    guard isNamed || !Self.isDocument(baseName) else { return }
    guard Self.isRegular(path) else {
      guard isNamed else {
        ignored.append(path)
        return
      }
      try add(pipe: FileStream(path: path, meter: meter))
      return
    }
    let stream = try FileStream(path: path)
    let size = stream.isSeekable ? stream.seek(to: 0, whence: SEEK_END).map(Int.init) : nil
    _ = stream.seek(to: 0, whence: SEEK_SET)
    if size == 0, isNamed { throw TraceError(.missing, "the file is empty", file: path) }
    let opened: OpenedStream
    let head: [UInt8]
    do {
      opened = try OpenedStream(decoding: stream, limit: limit)
      head = opened.kind == .container ? [] : Array(try opened.stream.peek(TraceInput.headLength))
    } catch {
      // One damaged part of many is the reader's to report or, in lenient mode, to count.
      guard error.code == .damaged, !isNamed else { throw error }
      addFile(path, folder, baseName, size, head: [], .file(path: path))
      return
    }
    switch opened.kind {
    case .container:
      try add(container: Container(path: path, size: size), folder: folder)
    case .text, .parquet:
      if baseName == "schema.csv" {
        if let damage = opened.stream.damage { throw damage }
        schemas[folder] = head
      } else {
        addFile(path, folder, baseName, size, head: head, .file(path: path))
      }
    default:
      guard !isNamed else { throw unrecognised(path, opened) }
      ignored.append(path)
    }
  }

  private mutating func addFile(
    _ name: String, _ folder: String, _ baseName: String, _ size: Int?, head: [UInt8],
    _ location: TraceInput.Location
  ) {
    let part = PartName(baseName)
    let key = Self.groupKey(folder, part)
    if !head.isEmpty, heads[key].map({ part.precedes($0.part) }) ?? true {
      heads[key] = (part, head)
    }
    files.append(
      TraceInput.File(
        name: name, folder: folder, baseName: baseName, size: size, location: location))
  }

  private mutating func add(container: Container, folder: String) throws(TraceError) {
    let archive = try container.open(meter: nil, limit: limit)
    var index = 0
    let known = files.count
    do throws(TraceError) {
      while let entry = try archive.nextEntry() {
        try add(entry, index, of: container, archive, folder: folder)
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
    if index == 0, files.count == known {
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
    folder: String
  ) throws(TraceError) {
    let path = entry.path.hasPrefix("./") ? String(entry.path.dropFirst(2)) : entry.path
    let baseName = (path as NSString).lastPathComponent
    let name = "\(container.name)!\(path)"
    guard !baseName.hasPrefix("."), !Self.isDocument(baseName) else { return }
    let head: [UInt8]
    do {
      let opened = try OpenedStream(decoding: EntryStream(archive, name: name), limit: limit)
      guard opened.kind == .text else {
        ignored.append(name)
        return
      }
      head = Array(try opened.stream.peek(TraceInput.headLength))
    } catch {
      guard error.code == .damaged else { throw error }
      head = []
    }
    let inner = (path as NSString).deletingLastPathComponent
    let place = folder.isEmpty ? inner : inner.isEmpty ? folder : folder + "/" + inner
    if baseName == "schema.csv" {
      schemas[place] = head
    } else {
      addFile(
        name, place, baseName, entry.size, head: head, .entry(container: container, index: index))
    }
  }

  /// Groups of files whose names differ in numbers only, each in numeric order.
  package func grouped() throws(TraceError) -> ([TraceInput.Group], [String], [String: [UInt8]]) {
    var order: [String] = []
    var members: [String: [Int]] = [:]
    for (index, file) in files.enumerated() {
      let key = Self.groupKey(file.folder, PartName(file.baseName))
      if members[key] == nil { order.append(key) }
      members[key, default: []].append(index)
    }
    var groups: [TraceInput.Group] = []
    for key in order {
      guard let indices = members[key] else { continue }
      let parts = indices.map { (PartName(files[$0].baseName), $0) }.sorted {
        $0.0.precedes($1.0)
          || ($0.0.numbers == $1.0.numbers && files[$0.1].name < files[$1.1].name)
      }
      for (a, b) in zip(parts, parts.dropFirst()) where a.0.numbers == b.0.numbers {
        throw TraceError(
          .unrecognised,
          "the same part as \(files[a.1].name): remove one of them, or give a single file",
          file: files[b.1].name)
      }
      groups.append(
        TraceInput.Group(
          files: parts.map { files[$0.1] },
          numbers: Self.series(parts.map(\.0)) ?? [], total: parts.first?.0.total,
          head: heads[key]?.bytes ?? [], damage: damage(behind: parts.map { files[$0.1] })))
    }
    return (groups, ignored, schemas)
  }

  /// Damage to an archive that reading `files`, which are in it, would not meet.
  private func damage(behind files: [TraceInput.File]) -> TraceError? {
    damages.first { damage in
      let entries = files.compactMap { file in
        if case .entry(let container, let index) = file.location, container === damage.container {
          index
        } else {
          nil as Int?
        }
      }
      return !entries.isEmpty && !entries.contains { $0 == damage.entry }
    }?.error
  }

  private static func groupKey(_ folder: String, _ part: PartName) -> String {
    folder + "/" + part.stem
  }

  /// The numbers of the parts, if the names make a series: one number each, in ascending order,
  /// below the total that they state. Dates and the like are larger than any trace has parts.
  private static func series(_ parts: [PartName]) -> [Int]? {
    let numbers = parts.compactMap(\.number)
    let bound = min(parts.first?.total ?? PartName.maximumTotal, PartName.maximumTotal)
    guard numbers.count == parts.count, numbers.allSatisfy({ $0 < bound }),
      zip(numbers, numbers.dropFirst()).allSatisfy({ $0 < $1 })
    else { return nil }
    return numbers
  }

  private func unrecognised(_ name: String, _ opened: OpenedStream) -> TraceError {
    TraceError(
      .unrecognised,
      "neither a CSV table nor an archive that can be opened (it starts with \(opened.firstBytes)); "
        + "expected .csv, .gz, .xz, .zst, .tar, .zip, .7z or .parquet", file: name)
  }

  private static func isDocument(_ name: String) -> Bool {
    let upper = name.uppercased()
    return ["README", "LICENSE", "SHA256SUM", "SHA1SUM", "MD5SUM"].contains { upper.hasPrefix($0) }
      || [".MD", ".TXT", ".PDF", ".HTML", ".REJECTS.CSV"].contains { upper.hasSuffix($0) }
  }
}

/// Where an archive is damaged: inside an entry, or between them.
private struct ContainerDamage {
  let container: Container
  let entry: Int?
  let error: TraceError
}

/// What a file's name says of its place in a series: `part-00017-of-00500.csv.gz` is number 17 of
/// 500 of `part-#-of-#`.
package struct PartName {
  /// The name with every number replaced by `#` and without its extensions.
  package let stem: String
  /// All numbers in the name.
  package let numbers: [Int]
  /// The number of the part: the one before `-of-`, otherwise the only one in the name.
  package let number: Int?
  /// The number after `-of-`.
  package let total: Int?

  /// No trace has more parts.
  package static let maximumTotal = 1_000_000

  /// Whether this part comes before `other` of the same stem.
  package func precedes(_ other: PartName) -> Bool {
    numbers.lexicographicallyPrecedes(other.numbers)
  }

  package init(_ name: String) {
    var bare = name[...]
    for suffix in [".gz", ".xz", ".zst", ".bz2", ".lz4", ".csv", ".json", ".ndjson", ".parquet"]
    where bare.hasSuffix(suffix) { bare = bare.dropLast(suffix.count) }
    var stem = ""
    var numbers: [Int] = []
    var rest = bare
    while let first = rest.first {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      if digits.isEmpty {
        stem.append(first)
        rest = rest.dropFirst()
      } else {
        stem.append("#")
        numbers.append(Int(digits) ?? .max)
        rest = rest.dropFirst(digits.count)
      }
    }
    self.stem = stem
    self.numbers = numbers
    if stem.contains("#-of-#") {
      number = numbers.dropLast().last
      total = numbers.last
    } else {
      number = numbers.count == 1 ? numbers[0] : nil
      total = nil
    }
  }
}

import Diagnostics

/// Opens the parts of a group one after another.
///
/// Files are opened where they lie. Entries of a container are taken in the order in which they are
/// stored, in one pass; one that is stored before its turn waits in an unnamed temporary file.
package struct PartCursor {
  private let files: [TraceInput.File]
  /// What is thrown after the last file.
  private var damage: TraceError?
  private let meter: ReadMeter?
  private let limit: Int
  private let temporaryDirectory: String
  private var position = 0
  private var open: (container: Container, archive: ArchiveReader, next: Int)?
  private var waiting: [Int: TemporaryFile] = [:]

  package init(
    _ group: TraceInput.Group, meter: ReadMeter?, temporaryDirectory: String,
    limit: Int = Expansion.defaultLimit
  ) {
    files = group.files
    damage = group.damage
    self.meter = meter
    self.limit = limit
    self.temporaryDirectory = temporaryDirectory
    meter?.expect(bytes: Self.storedBytes(files))
  }

  package init(_ group: TraceInput.Group, _ options: ReadOptions) {
    self.init(
      group, meter: options.meter, temporaryDirectory: options.temporaryDirectory,
      limit: options.maximumExpansion)
  }

  /// How many bytes reading the files takes; an archive is read once for all its entries.
  private static func storedBytes(_ files: [TraceInput.File]) -> Int {
    var (bytes, counted) = (0, Set<ObjectIdentifier>())
    for file in files {
      switch file.location {
      case .file, .remote: bytes += file.size ?? 0
      case .entry(let container, _):
        if counted.insert(ObjectIdentifier(container)).inserted { bytes += container.size ?? 0 }
      case .standardInput, .spooled, .database: break
      }
    }
    return bytes
  }

  /// The next part, decoded, or nil after the last. Throws for a part that cannot be opened, and
  /// may then be asked for the next.
  package mutating func next() throws(TraceError) -> (
    file: TraceInput.File, stream: PeekableStream
  )? {
    guard position < files.count else {
      if let damage = damage.take() { throw damage }
      return nil
    }
    let file = files[position]
    position += 1
    switch file.location {
    case .standardInput(let input):
      return (file, try input.take())
    case .file, .remote:
      return (file, try Self.open(file, meter: meter, limit: limit))
    case .spooled:
      throw TraceError(.unrecognised, "expected text, found Parquet", file: file.name)
    case .database:
      throw TraceError(.unrecognised, "expected text, found a database", file: file.name)
    case .entry(let container, let index):
      return (file, try Self.decode(entry(container, index, name: file.name), file, limit))
    }
  }

  /// A part that is a file by itself, decoded; such parts can be read in any order.
  package static func open(
    _ file: TraceInput.File, meter: ReadMeter?, limit: Int
  ) throws(TraceError) -> PeekableStream {
    switch file.location {
    case .file(let path): return try decode(FileStream(path: path, meter: meter), file, limit)
    case .remote(let remote): return try decode(RemoteStream(remote, meter: meter), file, limit)
    case .entry, .standardInput, .spooled, .database:
      throw TraceError(.inputOutput, "the part cannot be read by itself", file: file.name)
    }
  }

  private static func decode(
    _ raw: any ByteStream, _ file: TraceInput.File, _ limit: Int
  ) throws(TraceError) -> PeekableStream {
    if file.size == 0, [".gz", ".xz", ".zst", ".bz2"].contains(where: file.baseName.hasSuffix) {
      throw TraceError(.damaged, "the file is empty, not compressed data", file: file.name)
    }
    let opened = try OpenedStream(decoding: raw, limit: limit)
    guard opened.kind == .text else {
      throw TraceError(
        .unrecognised, "expected text, found binary data starting with \(opened.firstBytes)",
        file: file.name)
    }
    return opened.stream
  }

  private mutating func entry(
    _ container: Container, _ index: Int, name: String
  ) throws(TraceError) -> any ByteStream {
    if let spooled = waiting.removeValue(forKey: index) {
      return TemporaryFileStream(spooled, name: name)
    }
    if open == nil || open?.container !== container {
      open = (container, try container.open(meter: meter, limit: limit), 0)
    }
    guard let archive = open?.archive else {
      throw TraceError(.damaged, "the archive changed while it was read", file: name)
    }
    let later = laterEntries(of: container)
    while let current = open?.next, current <= index {
      guard try archive.nextEntry() != nil else { break }
      open?.next = current + 1
      if current == index { return EntryStream(archive, name: name) }
      if later.contains(current) { waiting[current] = try spool(archive, name: name) }
    }
    throw TraceError(.damaged, "the archive changed while it was read", file: name)
  }

  private func laterEntries(of container: Container) -> Set<Int> {
    var indices: Set<Int> = []
    for file in files[position...] {
      if case .entry(let other, let index) = file.location, other === container {
        indices.insert(index)
      }
    }
    return indices
  }

  private func spool(_ archive: ArchiveReader, name: String) throws(TraceError) -> TemporaryFile {
    let file = try TemporaryFile(directory: temporaryDirectory)
    try file.append(EntryStream(archive, name: name))
    return file
  }
}

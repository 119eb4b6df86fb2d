import CLibArchive
import Foundation

/// The package's root folder.
public let packageRoot = URL(fileURLWithPath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// The real traces beside the project, which not every checkout has.
public enum RealTraces {
  public static let folder = packageRoot.deletingLastPathComponent()
    .appendingPathComponent("shared/traces").path
  /// Whether they are there.
  public static var areThere: Bool { FileManager.default.fileExists(atPath: folder) }
  /// Why a test is skipped without them.
  public static let reason = "needs the real traces in ../shared/traces"
  public static let google2011 = folder + "/google-2011"
  public static let sample = google2011 + "/task_events/cloudsim-sample.csv"
}

/// A folder that goes away with the value.
public final class TemporaryFolder {
  public let path: String

  public init() {
    path = NSTemporaryDirectory() + "/tracemill-test-" + UUID().uuidString
    try? FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: nil)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of `name` in it.
  public func callAsFunction(_ name: String) -> String { path + "/" + name }

  /// Writes a file, with its folders.
  @discardableResult
  public func write(_ bytes: [UInt8], to name: String) throws -> String {
    let url = URL(fileURLWithPath: self(name))
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    return url.path
  }

  @discardableResult
  public func write(_ text: String, to name: String) throws -> String {
    try write(Array(text.utf8), to: name)
  }

  /// The names of all files in it.
  public var files: [String] {
    (FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []).sorted()
  }
}

/// The bytes of a file.
public func contents(_ path: String) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// Makes archives for tests, through libarchive.
public enum ArchiveMaker {
  public enum Filter: Sendable { case none, gzip, xz, zstd, bzip2, lz4 }

  /// One file compressed.
  public static func compress(_ bytes: [UInt8], _ filter: Filter) -> [UInt8] {
    archive(filter, { archive_write_set_format_raw($0) }, [("", bytes)])
  }

  public static func tar(_ entries: [(String, [UInt8])], _ filter: Filter = .none) -> [UInt8] {
    archive(filter, { archive_write_set_format_ustar($0) }, entries)
  }

  public static func zip(_ entries: [(String, [UInt8])]) -> [UInt8] {
    archive(.none, { archive_write_set_format_zip($0) }, entries)
  }

  public static func sevenZip(_ entries: [(String, [UInt8])]) -> [UInt8] {
    archive(.none, { archive_write_set_format_7zip($0) }, entries)
  }

  private static func archive(
    _ filter: Filter, _ format: (OpaquePointer) -> Int32, _ entries: [(String, [UInt8])]
  ) -> [UInt8] {
    guard let handle = archive_write_new() else { return [] }
    defer { archive_write_free(handle) }
    _ = format(handle)
    switch filter {
    case .none: break
    case .gzip: archive_write_add_filter_gzip(handle)
    case .xz: archive_write_add_filter_xz(handle)
    case .zstd: archive_write_add_filter_zstd(handle)
    case .bzip2: archive_write_add_filter_bzip2(handle)
    case .lz4: archive_write_add_filter_lz4(handle)
    }
    let path = NSTemporaryDirectory() + "/tracemill-archive-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: path) }
    archive_write_open_filename(handle, path)
    for (name, bytes) in entries {
      let entry = archive_entry_new()
      defer { archive_entry_free(entry) }
      archive_entry_set_filetype(entry, 0o100000)
      archive_entry_set_perm(entry, 0o644)
      archive_entry_set_size(entry, Int64(bytes.count))
      if !name.isEmpty { archive_entry_set_pathname(entry, name) }
      archive_write_header(handle, entry)
      bytes.withUnsafeBytes { _ = archive_write_data(handle, $0.baseAddress, $0.count) }
    }
    archive_write_close(handle)
    return (try? contents(path)) ?? []
  }
}

/// A small seeded generator for property tests (SplitMix64, Steele, Lea and Flood 2014).
public struct TestRandom: RandomNumberGenerator {
  private var state: UInt64
  public init(_ seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// What a program did.
public struct ProgramResult {
  public var status: Int32
  public var wasSignalled: Bool
  public var output: String
  public var error: String
  public var outputBytes: [UInt8]
}

/// Runs a program to its end.
public func run(
  _ program: String, _ arguments: [String], input: [UInt8]? = nil,
  environment: [String: String] = [:], interruptAfter: Double? = nil
) throws -> ProgramResult {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: program)
  process.arguments = arguments
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  // Files, not pipes: nothing can block, whatever is written.
  let folder = TemporaryFolder()
  for name in ["in", "out", "err"] { try folder.write([], to: name) }
  if let input { try folder.write(input, to: "in") }
  let pipe = Pipe()
  if interruptAfter != nil {
    process.standardInput = pipe
  } else {
    process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: folder("in")))
  }
  process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: folder("out")))
  process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: folder("err")))
  // A shell's background jobs ignore the signal, and so would the program.
  if interruptAfter != nil { signal(SIGINT, SIG_DFL) }
  try process.run()
  if let interruptAfter {
    if let input { try pipe.fileHandleForWriting.write(contentsOf: Data(input)) }
    Thread.sleep(forTimeInterval: interruptAfter)
    process.interrupt()
    // A program that does not end by it fails its test, and does not hold up all others.
    for _ in 0..<600 where process.isRunning { Thread.sleep(forTimeInterval: 0.1) }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }
  process.waitUntilExit()
  let out = try contents(folder("out"))
  return ProgramResult(
    status: process.terminationStatus,
    wasSignalled: process.terminationReason == .uncaughtSignal,
    output: String(decoding: out, as: UTF8.self),
    error: String(decoding: try contents(folder("err")), as: UTF8.self), outputBytes: out)
}

import Foundation
import Testing
import TraceParsing
import Workload

/// What the tests of all formats share: places, temporary files, opening and draining.
enum Formats {
  /// The package's root.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path
  /// The folder of real traces beside it.
  static let traces = (root as NSString).deletingLastPathComponent + "/shared/traces"

  /// Whether a real trace is there.
  static func has(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: traces + "/" + path)
  }

  static func drain(_ stream: RecordStream) throws -> [TaskRecord] {
    var records: [TaskRecord] = []
    while let record = try stream.next() { records.append(record) }
    #expect(zip(records, records.dropFirst()).allSatisfy { $0.submit <= $1.submit })
    #expect(records.count == stream.report.records)
    return records
  }

  /// The lines of a gzip or plain file, read by another program.
  static func lines(_ path: String) throws -> [Substring] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "case $0 in *.gz) gzip -dc \"$0\";; *) cat \"$0\";; esac", path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self).split(separator: "\n")
  }
}

/// A script of `Tests/Oracles` that fills a folder and says what is in it.
enum OracleRun {
  /// Runs a script with a new folder, or the one `given`; what it prints, as JSON. Nil without a Python.
  static func json<Value: Decodable>(
    _ script: String, of given: String? = nil
  ) throws -> (folder: ScratchFolder, sums: Value)? {
    let named = ProcessInfo.processInfo.environment["TRACEMILL_PYTHON"]
    let python = [named, Formats.root + "/.venv/bin/python", "/usr/bin/python3"].compactMap { $0 }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
    guard let python else { return nil }
    let folder = try ScratchFolder()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [Formats.root + "/Tests/Oracles/" + script, given ?? folder.path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (folder, try JSONDecoder().decode(Value.self, from: data))
  }
}

/// A folder that goes with the value that holds it.
final class ScratchFolder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/tracemill-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and returns its path.
  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    let file = path + "/" + name
    try FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    return file
  }
}

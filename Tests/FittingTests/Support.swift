import Fitting
import Foundation
import Testing
import Workload

/// Where things are, and what the tests can use.
enum Place {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  static let oracle = root.appendingPathComponent("../shared/oracles/fit")

  static var hasOracle: Bool {
    FileManager.default.fileExists(atPath: oracle.appendingPathComponent("oracle.json").path)
  }

  /// A Python with the packages of Tests/requirements.txt.
  static let python: String? = {
    if let named = ProcessInfo.processInfo.environment["TRACEMILL_PYTHON"] { return named }
    let own = root.appendingPathComponent(".venv/bin/python").path
    return FileManager.default.isExecutableFile(atPath: own) ? own : nil
  }()

  static var isSlow: Bool { ProcessInfo.processInfo.environment["TRACEMILL_SLOW"] == "1" }
}

struct CommandFailed: Error { let status: Int32 }

func output(of program: String, _ arguments: [String], input: String = "") throws -> Data {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: program)
  process.arguments = arguments
  let out = Pipe()
  let into = Pipe()
  process.standardOutput = out
  process.standardInput = into
  try process.run()
  try into.fileHandleForWriting.write(contentsOf: Data(input.utf8))
  try into.fileHandleForWriting.close()
  let data = out.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  guard process.terminationStatus == 0 else {
    throw CommandFailed(status: process.terminationStatus)
  }
  return data
}

/// Runs a Python script that prints one JSON array of numbers.
func python(_ script: String) throws -> [Double] {
  let data = try output(of: Place.python!, ["-"], input: script)
  return try JSONDecoder().decode([Double].self, from: data)
}

/// The oracle's durations of a size.
func durations(_ size: Int) throws -> [Double] {
  let path = Place.oracle.appendingPathComponent("durations-\(size).csv.gz").path
  let text = String(decoding: try output(of: "/usr/bin/env", ["gzip", "-dc", path]), as: UTF8.self)
  return text.split(separator: "\n").dropFirst().compactMap { Double($0) }
}

/// A value of the oracle by its path of keys.
struct Oracle {
  let tree: Any

  init() throws {
    tree = try JSONSerialization.jsonObject(
      with: Data(contentsOf: Place.oracle.appendingPathComponent("oracle.json")))
  }

  func callAsFunction(_ path: String...) throws -> Double {
    var node = tree
    for key in path { node = try #require((node as? [String: Any])?[key], "no \(key)") }
    return try #require((node as? NSNumber)?.doubleValue)
  }
}

/// |a - b| / |b|, or |a - b| next to 0.
func relative(_ a: Double, _ b: Double) -> Double {
  if a == b { return 0 }
  return abs(a - b) / max(abs(b), 1e-300)
}

func stream(_ name: String, seed: UInt64 = 1) -> RandomStream {
  RandomStream(seed: seed, name: name)
}

extension Distribution {
  func draw(_ count: Int, _ name: String, seed: UInt64 = 1) -> [Double] {
    var generator = stream(name, seed: seed)
    return (0..<count).map { _ in sample(using: &generator) }
  }
}

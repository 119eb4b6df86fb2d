import Foundation
import Parquet
import Testing

/// The Python that has the packages of Tests/requirements.txt.
private enum Python {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static let path: String? = {
    let named = ProcessInfo.processInfo.environment["TRACEMILL_PYTHON"]
    let path = named ?? root.appendingPathComponent(".venv/bin/python").path
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()

  /// Runs the oracle script and returns what it prints, line by line.
  static func oracle(_ arguments: String...) throws -> [String] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(path))
    process.arguments = [root.appendingPathComponent("Tests/Oracles/parquet.py").path] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "the oracle script failed")
    return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}

extension TestTable {
  /// The values in the oracle script's notation.
  var text: [String] {
    let values = joined.groups.first
    return columns.enumerated().map { index, column in
      ([column.name] + (values.map { $0[index].text } ?? [])).joined(separator: " ")
    }
  }
}

extension TestValues {
  var text: [String] {
    switch self {
    case .boolean(let values): values.map { $0.map { $0 ? "1" : "0" } ?? "~" }
    case .int32(let values): values.map { $0.map { "\($0)" } ?? "~" }
    case .int64(let values): values.map { $0.map { "\($0)" } ?? "~" }
    case .float(let values): values.map { $0.map { TestValues.text(Float(bitPattern: $0)) } ?? "~" }
    case .double(let values):
      values.map { $0.map { TestValues.text(Double(bitPattern: $0)) } ?? "~" }
    case .string(let values): values.map { $0.map { TestValues.text($0) } ?? "~" }
    }
  }

  static func text(_ value: Float) -> String {
    value.isNaN ? "nan" : hex(withUnsafeBytes(of: value.bitPattern.bigEndian, Array.init))
  }

  static func text(_ value: Double) -> String {
    value.isNaN ? "nan" : hex(withUnsafeBytes(of: value.bitPattern.bigEndian, Array.init))
  }

  static func text(_ value: String) -> String { "=" + hex(Array(value.utf8)) }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
  }

  /// Null count, least and greatest value by a plain search, in the oracle script's notation.
  var statistics: String {
    func bounds<Value: Comparable>(_ values: [Value?], _ text: (Value) -> String) -> String {
      let present = values.compactMap { $0 }
      guard let least = present.min(), let greatest = present.max() else {
        return "\(values.count) - -"
      }
      return "\(values.count - present.count) \(text(least)) \(text(greatest))"
    }
    func floats<Value: BinaryFloatingPoint>(_ values: [Value?], _ text: (Value) -> String) -> String
    {
      let nulls = values.filter { $0 == nil }.count
      let ordered = values.compactMap { $0 }.filter { !$0.isNaN }
      guard let least = ordered.min(), let greatest = ordered.max() else { return "\(nulls) - -" }
      return "\(nulls) \(text(least == 0 ? -0.0 : least)) \(text(greatest == 0 ? 0 : greatest))"
    }
    switch self {
    case .boolean(let values): return bounds(values.map { $0.map { $0 ? 1 : 0 } }) { "\($0)" }
    case .int32(let values): return bounds(values) { "\($0)" }
    case .int64(let values): return bounds(values) { "\($0)" }
    case .float(let values):
      return floats(values.map { $0.map { Float(bitPattern: $0) } }) { TestValues.text($0) }
    case .double(let values):
      return floats(values.map { $0.map { Double(bitPattern: $0) } }) { TestValues.text($0) }
    case .string(let values):
      // Swift's own order of strings is not that of their bytes.
      let bytes = values.map { $0.map { TestValues.text($0) } }
      return bounds(bytes) { $0 }
    }
  }
}

@Suite(
  "Parquet beside pyarrow and DuckDB",
  .enabled(
    if: Python.path != nil,
    "needs a Python with Tests/requirements.txt, in .venv or named by TRACEMILL_PYTHON"))
struct OracleTests {
  private static func withDirectory(_ body: (URL) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("tracemill-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try body(directory)
  }

  @Test("both read what we write to equal values", arguments: ["pyarrow", "duckdb"])
  func writing(engine: String) throws {
    var rng = SplitMix64(state: 20_110_501)
    try Self.withDirectory { directory in
      let files = RoundTripTests.options.flatMap { [$0, $0] }.enumerated().map { index, options in
        (
          directory.appendingPathComponent("\(index).parquet"), options,
          TestTable.random(using: &rng)
        )
      }
      for (file, options, table) in files {
        try Data(table.encoded(options, metadata: ["k": "v"])).write(to: file)
      }
      for (file, options, table) in files {
        let lines = try Python.oracle("dump", engine, file.path)
        #expect(lines == table.text, "\(options)")
      }
    }
  }

  @Test("pyarrow sees the statistics that the values have")
  func statistics() throws {
    var rng = SplitMix64(state: 7)
    try Self.withDirectory { directory in
      for _ in 0..<12 {
        let table = TestTable.random(using: &rng)
        let file = directory.appendingPathComponent("table.parquet")
        try Data(table.encoded()).write(to: file)
        let found = try Python.oracle("stats", file.path)
        var expected: [String] = []
        for (index, group) in table.groups.enumerated() {
          for (column, values) in zip(table.columns, group) {
            expected.append("\(index) \(column.name) \(values.statistics)")
          }
        }
        #expect(found.count == expected.count)
        for (found, expected) in zip(found, expected) where found != expected {
          // The bounds of long strings are cut: they must still enclose the values.
          let f = found.split(separator: " ")
          let e = expected.split(separator: " ")
          let encloses = f.count == 5 && f[2] == e[2] && f[3] <= e[3] && f[4] >= e[4]
          #expect(
            e[4].hasPrefix("=") && e[4].utf8.count > 2 * 64 && encloses, "\(found) / \(expected)")
        }
      }
    }
  }

  @Test("we read what both write, in every codec, page version and encoding of ours")
  func reading() throws {
    try Self.withDirectory { directory in
      _ = try Python.oracle("write", directory.path, "3000")
      let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        .filter { $0.hasSuffix(".parquet") }.sorted()
      #expect(files.count > 50)
      for name in files {
        let file = directory.appendingPathComponent(name)
        let expected = try String(
          contentsOf: file.deletingPathExtension().appendingPathExtension("txt"), encoding: .utf8
        ).split(separator: "\n").map(String.init)
        do {
          let bytes = Array(try Data(contentsOf: file))
          #expect(try TestTable(decoding: bytes).text == expected, "\(name)")
          #expect(try TestTable(cursoring: bytes, batch: 997).text == expected, "\(name)")
        } catch {
          Issue.record("\(name): \(error)")
        }
      }
    }
  }

  @Test("files of both, changed, are read or refused")
  func foreignMutations() throws {
    var rng = SplitMix64(state: 5)
    try Self.withDirectory { directory in
      _ = try Python.oracle("write", directory.path, "200")
      let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        .filter { $0.hasSuffix(".parquet") }.sorted()
      for name in files {
        let original = Array(try Data(contentsOf: directory.appendingPathComponent(name)))
        for round in 0..<30 {
          var bytes = original
          FuzzTests.mutate(&bytes, using: &rng)
          FuzzTests.read(bytes, "\(name), round \(round)")
        }
      }
    }
  }
}

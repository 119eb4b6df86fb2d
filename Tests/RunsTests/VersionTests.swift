import Foundation
import Parquet
import Runs
import TestSupport
import Testing

/// The version stands in `Toolkit.version`; what else says it agrees. The wheel, the archive of `tools/release` and
/// the manual pages take it from there.
@Suite struct VersionTests {
  private static func text(_ path: String) throws -> String {
    try String(contentsOf: packageRoot.appendingPathComponent(path), encoding: .utf8)
  }

  @Test func changelogBeginsWithThisVersionAndItsDate() throws {
    let headings = try Self.text("CHANGELOG.md").split(separator: "\n").filter {
      $0.hasPrefix("## ")
    }
    let first = try #require(headings.first)
    #expect(first.wholeMatch(of: /## ([0-9.]+) \(\d{4}-\d{2}-\d{2}\)/)?.1 == Toolkit.version[...])
  }

  /// A library of columns knows no toolkit: its name in files is written down a second time.
  @Test func parquetFilesSayThisVersion() {
    #expect(ParquetWriter.Options().createdBy == "tracemill version \(Toolkit.version)")
  }

  @Test func pythonTakesTheVersionFromTheToolkit() throws {
    let line = try #require(
      try Self.text("Sources/Runs/Toolkit.swift").split(separator: "\n").first {
        $0.contains("let version")
      })
    #expect(line.contains("version = \"\(Toolkit.version)\""))
    #expect(
      try Self.text("python/backend/tracemill_build.py").contains("Sources/Runs/Toolkit.swift"))
    #expect(try Self.text("python/pyproject.toml").contains("dynamic = [\"version\"]"))
  }

  @Test func theHeaderGivesThisVersionAsItsExample() throws {
    #expect(
      try Self.text("Sources/CTracemill/include/tracemill.h").contains(
        "such as \"\(Toolkit.version)\""))
  }
}

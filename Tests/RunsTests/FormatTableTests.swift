import Foundation
import Runs
import Testing
import TraceParsing

/// `docs/formats.md` has a row for every format of the registry, as it describes itself. `tools/formats` writes
/// it anew.
@Suite struct FormatTableTests {
  private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
      "docs/formats.md")

  @Test func `the table of formats is that of the registry`() throws {
    let text = try String(contentsOf: Self.page, encoding: .utf8)
    let begin = try #require(text.range(of: "<!-- formats -->\n"))
    let end = try #require(text.range(of: "<!-- end -->"))
    let table = FormatSummary.table(Registry.builtIn)
    if ProcessInfo.processInfo.environment["TRACEMILL_WRITE_DOCS"] != nil {
      let new = text[..<begin.upperBound] + table + text[end.lowerBound...]
      return try String(new).write(to: Self.page, atomically: true, encoding: .utf8)
    }
    #expect(text[begin.upperBound..<end.lowerBound] == table, "tools/formats writes it anew")
  }

  @Test func `every format says what it is`() {
    for format in Registry.builtIn {
      guard let summary = format.summary else {
        Issue.record("\(format.name) says nothing")
        continue
      }
      #expect(!summary.about.isEmpty && !summary.knownBy.isEmpty, "\(format.name)")
      #expect(!summary.tables.isEmpty && !summary.reads.isEmpty, "\(format.name)")
    }
  }
}

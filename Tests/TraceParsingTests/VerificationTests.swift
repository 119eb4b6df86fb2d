import Diagnostics
import Foundation
import Testing
import TraceInput
import TraceParsing

@Suite struct VerificationTests {
  private static let opener = TraceOpener(formats: [
    RecordFileFormat(), Google2019Format(), Google2011Format(), StandardWorkloadFormat(),
  ])

  private func verify(
    _ path: String, partial: Bool = false
  ) throws -> [TraceVerifier.Result] {
    try TraceVerifier.verify(
      path, Self.opener, options: ReadOptions(), acceptsMissing: partial)
  }

  private func row(_ time: Int) -> String { "\(time),,1,0,,0,u,1,4,0.5,0.5,,0\n" }

  /// A folder with two parts and a manifest by the system's own tool.
  private func trace(_ tool: String, _ manifest: String) throws -> ScratchFolder {
    let folder = try ScratchFolder()
    try folder.write("task_events/part-00000-of-00002.csv", row(600_000_000))
    try folder.write("task_events/part-00001-of-00002.csv", row(700_000_000))
    try shell("cd \(folder.path) && gzip task_events/*.csv && \(tool) task_events/* > \(manifest)")
    return folder
  }

  private func shell(_ command: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  @Test(arguments: [
    ("sha256sum", "SHA256SUM"), ("sha1sum", "SHA1SUM"), ("md5sum", "MD5SUM"),
    ("sha256sum --tag", "sha256sums.txt"), ("md5sum -b", "MD5SUM"),
  ])
  func `a whole trace passes, a changed byte fails`(tool: String, manifest: String) throws {
    let folder = try trace(tool, manifest)
    let results = try verify(folder.path)
    #expect(results.allSatisfy { $0.passed })
    #expect(Set(results.map(\.check)) == [.checksums, .integrity, .parts, .rows])
    #expect(results[0].detail == "2 of 2 files right, 0 wrong, 0 not there")

    let part = folder.path + "/task_events/part-00001-of-00002.csv.gz"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: part))
    bytes[bytes.count - 6] ^= 1  // the CRC
    try bytes.write(to: URL(fileURLWithPath: part))
    let broken = try verify(folder.path).filter { !$0.passed }
    #expect(broken.map(\.check) == [.checksums, .checksums, .integrity, .integrity, .rows])
    #expect(broken[2].detail.contains("wrong CRC or length in gzip member 1"))

    try FileManager.default.removeItem(atPath: part)
    let missing = try verify(folder.path).filter { !$0.passed }
    #expect(missing.map(\.check) == [.checksums, .checksums, .parts])
    #expect(missing[2].detail.contains("the names say 2"))
    #expect(try verify(folder.path, partial: true).allSatisfy { $0.passed })
  }

  @Test func `rows out of order are found and placed`() throws {
    let folder = try ScratchFolder()
    let path = try folder.write(
      "task_events.csv", row(700_000_000) + row(600_000_000) + "x\n" + row(700_000_001))
    let rows = try #require(try verify(path).first { $0.check == .rows })
    #expect(!rows.passed)
    #expect(rows.detail.contains("2 of 4 rows: 1 time runs backwards, 1 too few columns"))
    #expect(rows.detail.contains("task_events.csv:2:1: time 600000000 is 100.0 s before"))
  }

  @Test func `bad manifests are results`() throws {
    let folder = try trace("sha256sum", "SHA256SUM")
    let good = try String(contentsOfFile: folder.path + "/SHA256SUM", encoding: .utf8)
    let zeros = String(repeating: "0", count: 64)
    for (text, message) in [
      ("hello\n", ":1: expected 64 hexadecimal digits"), ("\n", "lists no files"),
      (good + "\(zeros)  ../../etc/passwd\n", ":3: '../../etc/passwd' leads out of"),
      (good + "\(zeros)  /etc/passwd\n", ":3: '/etc/passwd' leads out of"),
      (good.replacing("  ", with: ""), "expected 64 hexadecimal digits"),
    ] {
      try folder.write("SHA256SUM", text)
      let failed = try verify(folder.path).filter { !$0.passed }
      #expect(failed.count == 1 && failed[0].detail.contains(message), "\(failed)")
    }
    #expect(throws: TraceError.self) { try verify(folder.path + "/nowhere") }
  }
}

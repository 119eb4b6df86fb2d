import Foundation
import TestSupport
import Testing

/// The same command writes the same bytes each time: each process orders its sets and dictionaries in another way,
/// and none of these orders may reach a result.
@Suite struct SameBytesTests {
  let folder = TemporaryFolder()
  private static let data = packageRoot.appendingPathComponent("data").path

  @Test(arguments: [
    ["inspect", "\(data)/google-2011-mini", "--html", "OUT/page.html"],
    ["inspect", "\(data)/google-2011-mini", "--json"],
    ["inspect", "\(data)/google-2019", "--json"],
    ["inspect", "\(data)/alibaba-2018", "--html", "OUT/page.html"],
    ["convert", "\(data)/google-2011-mini", "-o", "OUT/t.csv"],
    ["convert", "\(data)/alibaba-2018", "--to-format", "batsim", "-o", "OUT/t.json"],
    ["fit", "\(data)/google-2011-mini", "--by", "user", "--json"],
    ["fit", "\(data)/google-2011-mini", "-o", "OUT/profile.json", "--plots", "OUT/plots"],
    ["generate", "google-2019", "--tasks", "500", "-o", "OUT/t.csv"],
    [
      "simulate", "--workload", "\(data)/alibaba-2018", "--cluster", "\(data)/alibaba-2018",
      "--scheduler", "heft", "-o", "OUT/r.csv", "--series", "OUT/s.csv",
    ],
    [
      "simulate", "--workload", "\(data)/google-2011-mini", "--cluster",
      "\(data)/google-2011-mini", "--scheduler", "best-fit", "--timeline", "OUT/t.html",
    ],
  ])
  func everyTime(_ command: [String]) throws {
    var seen: [String: String] = [:]
    for time in 0..<4 {
      let out = folder("\(time)")
      try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
      let result = try TestSupport.run(
        tracemill, command.map { $0.replacingOccurrences(of: "OUT", with: out) } + ["--quiet"])
      try #require(result.status == 0, "\(result.error)")
      var files: [String: Data] = [:]
      if command[0] != "simulate" { files["output"] = Data(result.output.utf8) }
      for name in try FileManager.default.subpathsOfDirectory(atPath: out) {
        files[name] = FileManager.default.contents(atPath: out + "/" + name)
      }
      #expect(!files.isEmpty)
      // gnuplot writes the time into a PDF.
      for (name, bytes) in files where !name.hasSuffix(".pdf") {
        let text = String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: out, with: "")
        if time == 0 { seen[name] = text }
        let isSame = seen[name] == text
        #expect(isSame, "\(command) \(name)")
      }
    }
  }
}

import Foundation
import TestSupport
import Testing

/// docs/result-files.md names the columns of the files, in their order.
@Suite struct ResultFileTests {
  private func documented() throws -> [[String]] {
    let text = try String(
      contentsOf: packageRoot.appendingPathComponent("docs/result-files.md"), encoding: .utf8)
    return text.components(separatedBy: "\n## ").dropFirst().map { section in
      section.split(separator: "\n").filter { $0.hasPrefix("| `") }
        .map { String($0.dropFirst(3).prefix { $0 != "`" }) }
    }
  }

  @Test func theDocumentIsTheFiles() throws {
    let folder = TemporaryFolder()
    let result = try tracemill(
      "simulate", "--workload", "study:tasks=5", "--cluster", "study:3", "-q",
      "-o", folder("tasks.csv"), "--series", folder("series.csv"),
      "--machine-energy", folder("energy.csv"))
    #expect(result.status == 0)
    let documented = try documented()
    for (name, columns) in zip(["tasks", "series", "energy"], documented) {
      let text = String(decoding: try contents(folder(name + ".csv")), as: UTF8.self)
      let header = text.prefix { $0 != "\n" }.split(separator: ",").map(String.init)
      #expect(header == columns, "\(name)")
    }
  }
}

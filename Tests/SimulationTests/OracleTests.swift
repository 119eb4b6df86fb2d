import Foundation
import Simulation
import Testing
import Workload

/// The shared data beside the repository; tests that need it say so where it is absent.
let shared = URL(filePath: #filePath).deletingLastPathComponent()
  .appending(path: "../../../shared").standardizedFileURL

func hasShared(_ path: String) -> Bool {
  FileManager.default.fileExists(atPath: shared.appending(path: path).path)
}

/// Rows of numbers of a CSV file under `shared`.
func numbers(_ path: String, skip: Int = 0) throws -> [[Double]] {
  let text = try String(contentsOf: shared.appending(path: path), encoding: .utf8)
  return try text.split(whereSeparator: \.isNewline).dropFirst(skip).map { line in
    try line.split(separator: ",").map { try #require(Double($0)) }
  }
}

@Suite struct OracleTests {
  @Test(
    .enabled(if: hasShared("oracles/queueing"), "needs ../shared/oracles/queueing"))
  func queueingAgreesWithOtherSimulators() throws {
    let rows = try numbers("oracles/queueing/100-hosts-1000-tasks.csv")
    let records = rows.enumerated().map { task(Int64($0), at: $1[0], runs: $1[1]) }
    let (report, _) = try run(
      records, on: try machines(100, cores: 8),
      Scripted(
        first: (0..<records.count).map { $0 % 100 }, then: FirstFit())
    ) { $0.mode = .dispatch }
    #expect(report.audit?.passed == true)
    #expect(String(format: "%.4f", report.total.completion.mean / 1e6) == "16.0830")
    #expect(String(format: "%.2f", report.lastFinish.seconds) == "118.87")
  }
}

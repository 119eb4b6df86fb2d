import Foundation
import TestSupport
import Testing

@Suite struct EvaluateTests {
  private let scenario = packageRoot.appendingPathComponent("data/scenarios/study-100.yaml").path

  @Test func aFirstSeedMovesTheEpisodes() throws {
    let folder = TemporaryFolder()
    func seedsAndRewards(_ first: Int, _ count: Int) throws -> [String: String] {
      let result = try tracemill(
        "evaluate", scenario, "weighted-random", "--load", "0.5", "--tasks", "50", "--seeds",
        "\(count)", "--first-seed", "\(first)", "--csv", folder("rows.csv"))
      #expect(result.status == 0, "\(result.error)")
      let lines = String(decoding: try contents(folder("rows.csv")), as: UTF8.self)
        .split(separator: "\n").dropFirst()
      return Dictionary(
        uniqueKeysWithValues: lines.map {
          let cells = $0.split(separator: ",")
          return (String(cells[2]), String(cells[4]))
        })
    }
    let long = try seedsAndRewards(2001, 4)
    let late = try seedsAndRewards(2003, 2)
    #expect(long.keys.sorted() == ["2001", "2002", "2003", "2004"])
    #expect(late.keys.sorted() == ["2003", "2004"])
    for (seed, reward) in late { #expect(long[seed] == reward) }
    #expect(Set(long.values).count == 4)
  }

  @Test func validationSeedsAreRefused() throws {
    let result = try tracemill(
      "evaluate", scenario, "random", "--seeds", "2", "--first-seed", "999")
    #expect(result.status != 0)
    #expect(result.error.contains("--first-seed 999"))
  }
}

import Foundation
import TestSupport
import Testing

/// Chromium, if it is installed.
private let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
  .first { FileManager.default.isExecutableFile(atPath: $0) }

private let hasCharts = FileManager.default.fileExists(
  atPath: "/usr/share/javascript/chart.js/chart.min.js")

/// Pages as a real browser sees them (Tests/Oracles/browser.py).
@Suite(
  .enabled(
    if: chromium != nil && hasCharts,
    "needs Chromium and libjs-chart.js; tools/test installs them on Debian"))
struct ReportPageTests {
  let folder = TemporaryFolder()

  struct Sight: Decodable {
    struct Table: Decodable {
      struct Cell: Decodable {
        var text: String
        var value: Double?
        var strong: Bool
      }
      var caption: String
      var header: [String]
      var rows: [[Cell]]
    }
    var tables: [Table]
    var charts: [Int]
    var figures: [String]
    var keyboard: String?
    var themes: [String]
    var overflow: Bool
    var pages: Int
    var requests: [String]
    var errors: [String]
  }

  private func look(_ page: String) throws -> Sight {
    let result = try oracle("browser.py", [try #require(chromium), page])
    try #require(result.status == 0, "\(result.error)")
    return try JSONDecoder().decode(Sight.self, from: Data(result.outputBytes))
  }

  /// Equal, but for the last digit that Foundation's JSON reader gets wrong.
  private func same(_ a: Double?, _ b: Any?) -> Bool {
    guard let a, let b = b as? Double else { return a == nil && !(b is Double) }
    return abs(a - b) <= 1e-14 * abs(b)
  }

  /// What holds for every page.
  private func expectSound(_ sight: Sight, charts: Int) {
    #expect(sight.errors == [])
    #expect(sight.requests == [])
    #expect(sight.charts.count == charts)
    // Colours other than greys: something is drawn in each.
    #expect(sight.charts.allSatisfy { $0 >= 1 }, "\(sight.charts)")
    #expect(!sight.overflow, "a phone has to scroll sideways")
    #expect(Set(sight.themes).count == 2)
    #expect(sight.keyboard?.isEmpty == false)
    #expect(sight.pages > 10_000)
  }

  @Test func theReportIsWhatResultsSay() throws {
    let file = try folder.write(
      """
      name: "<b>page</b> & test </script>"
      workloads:
        - { name: calm, source: "study:tasks=300,load=0.4,cores=60" }
        - { name: full, source: "study:tasks=300,load=1.1,cores=60" }
      clusters: ["study:5"]
      schedulers: [random, best-fit, { name: study-random, policy: study-random, curve: curve.csv }]
      seeds: 8
      outputs: [json, html]
      """, to: "page.yaml")
    try folder.write(
      "iteration,decisions,reward,validation\n1,1000,-0.2,\n2,2000,0.1,0.15\n3,3000,0.3,0.28\n",
      to: "curve.csv")
    let made = try tracemill("compare", "--experiment", file, "-o", folder("r"), "--quiet")
    try #require(made.status == 0, "\(made.error)")
    let sight = try look(folder("r/report.html"))
    #expect(sight.figures.contains("learning-curve"))
    // Two scenarios: differences, 3 tails, 3 uses, Pareto, 3 classes each; 4 for each workload.
    expectSound(sight, charts: sight.charts.count)
    #expect(sight.charts.count >= 24)

    let json = try JSONSerialization.jsonObject(
      with: Data(try contents(folder("r/results.json"))))
    let details = try #require((json as? [String: Any])?["tracemill"] as? [String: Any])
    let metrics = try #require(details["metrics"] as? [[String: Any]]).map { $0["name"] as? String }
    let scenarios = try #require(details["scenarios"] as? [[String: Any]])
    for scenario in scenarios {
      let title = "\(scenario["workload"] ?? "") on \(scenario["cluster"] ?? "")"
      let headline = try #require(sight.tables.first { $0.caption == title })
      let schedulers = try #require(scenario["schedulers"] as? [[String: Any]])
      let winners = try #require(scenario["winners"] as? [String: String])
      #expect(headline.rows.count == 3)
      for (row, scheduler) in zip(headline.rows, schedulers) {
        let name = try #require(scheduler["scheduler"] as? String)
        #expect(row[0].text == name)
        let estimates = try #require(scheduler["metrics"] as? [String: [String: Any]])
        for (cell, metric) in zip(row.dropFirst(), metrics) {
          let metric = try #require(metric)
          #expect(same(cell.value, estimates[metric]?["mean"]))
          #expect(cell.strong == (winners[metric] == name))
          let shown = try #require(Double(cell.text.split(separator: " ")[0]))
          let mean = try #require(cell.value)
          let half =
            (estimates[metric]?["interval_t"] as? [Double]).map { ($0[1] - $0[0]) / 2 } ?? 0
          #expect(abs(shown - mean) <= max(half / 10, 1e-4 * abs(mean)))
        }
      }
      // Bold only what is significant after correction.
      let comparison = try #require(
        sight.tables.first { $0.caption == title + ": difference from random" })
      let expected = try #require(scenario["comparisons"] as? [[String: Any]])
      #expect(comparison.rows.count == expected.count)
      for (row, entry) in zip(comparison.rows, expected) {
        #expect(same(row[2].value, entry["mean_difference"]))
        #expect(row[2].strong == (entry["significant"] as? Bool))
        let p = try #require(entry["p_holm"] as? Double)
        #expect((p <= 0.05) == (entry["significant"] as? Bool))
      }
    }
  }

  @Test func aTracesPage() throws {
    let made = try tracemill("inspect", miniature, "--quiet", "--html", folder("trace.html"))
    try #require(made.status == 0, "\(made.error)")
    let sight = try look(folder("trace.html"))
    expectSound(sight, charts: 5)
    let outcomes = try #require(sight.tables.first { $0.caption == "Tasks by class and outcome" })
    let json = try object(try tracemill("inspect", miniature, "--quiet", "--json"))
    let tasks = try #require(json["tasks"] as? [String: Any])
    let shown = outcomes.rows.reduce(0) { $0 + ($1[1].value ?? 0) }
    #expect(shown == tasks["count"] as? Double)
  }

  @Test func withoutTheLibraryThePageHasItsTables() throws {
    let made = try tracemill(
      "compare", "--workload", "study:tasks=50", "--cluster", "study:5", "--scheduler", "random",
      "--scheduler", "best-fit", "--seeds", "2", "-o", folder("r"), "--quiet", "--chart-library",
      try folder.write("/* nothing */", to: "empty.js"))
    try #require(made.status == 0, "\(made.error)")
    let sight = try look(folder("r/report.html"))
    #expect(sight.errors == [] && sight.requests == [] && sight.charts == [])
    #expect(sight.tables.contains { $0.caption == "study:tasks=50 on study:5" })
  }
}

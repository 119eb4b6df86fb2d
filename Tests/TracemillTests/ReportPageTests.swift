import Foundation
import TestSupport
import Testing

/// Chromium, if it is installed.
let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
  .first { FileManager.default.isExecutableFile(atPath: $0) }

/// What takes the words out of a PDF, if it is installed.
private let pdftotext = ["/usr/bin/pdftotext", "/opt/homebrew/bin/pdftotext"]
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
    var contrast: [String]
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
    #expect(sight.contrast == [], "too faint")
    #expect(Set(sight.themes).count == 2)
    #expect(sight.keyboard?.isEmpty == false)
    #expect(sight.pages > 10_000)
  }

  /// results.json, page, tables, terminal and what the PDFs are drawn from say the same of one experiment.
  @Test func theReportIsWhatResultsSay() throws {
    let file = try folder.write(
      """
      name: "<b>page</b> & test </script>"
      workloads:
        - { name: calm, source: "study:tasks=300,load=0.4,cores=60" }
        - { name: full, source: "study:tasks=300,load=1.1,cores=60" }
        - { name: half, source: "study:tasks=300,load=0.7,cores=60" }
      clusters: ["study:5"]
      schedulers:
        - random
        - { name: shortest, policy: best-fit, engine: { queue: sjf, exactEstimates: true } }
        - { name: study-random, policy: study-random, curve: curve.csv }
      seeds: 8
      outputs: [json, html, markdown, latex, csv, pdf]
      """, to: "page.yaml")
    try folder.write(
      "iteration,decisions,reward,validation\n1,1000,-0.2,\n2,2000,0.1,0.15\n3,3000,0.3,0.28\n",
      to: "curve.csv")
    let made = try tracemill("compare", "--experiment", file, "-o", folder("r"), "--quiet")
    try #require(made.status == 0, "\(made.error)")
    let sight = try look(folder("r/report.html"))
    #expect(sight.figures.contains("learning-curve"))
    expectSound(sight, charts: sight.charts.count)
    #expect(sight.charts.count >= 20)
    func text(_ name: String) throws -> String {
      String(decoding: try contents(folder("r/" + name)), as: UTF8.self)
    }
    let html = try text("report.html")
    // Three scenarios and three workloads: each is folded away, and drawn when it is opened.
    #expect(html.components(separatedBy: "<details class=\"part\">").count == 1 + 3 + 3)
    let markdown = try text("tables.md").replacingOccurrences(of: "\\", with: "")
      .replacingOccurrences(of: "&amp;", with: "&")

    let json = try JSONSerialization.jsonObject(
      with: Data(try contents(folder("r/results.json"))))
    let details = try #require((json as? [String: Any])?["tracemill"] as? [String: Any])
    let answer = try #require(details["answer"] as? [String])
    #expect(answer.count == 4 && answer[0].hasPrefix("By mean completion time, against random"))
    for sentence in answer {
      #expect(markdown.contains(sentence) && made.output.contains(sentence))
      #expect(
        html.contains(
          sentence.replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: "'", with: "&#39;")))
    }
    let run = try #require(details["what_was_run"] as? [String: String])
    #expect(run["Scheduler shortest"] == "best-fit; queue sjf, exactEstimates yes")
    for words in run.values { #expect(markdown.contains(words)) }
    #expect(html.contains("best-fit; queue sjf, exactEstimates yes"))

    let metrics = try #require(details["metrics"] as? [[String: Any]])
    let titles = Dictionary(
      uniqueKeysWithValues: metrics.compactMap { metric in
        (metric["name"] as? String).map { ($0, metric["title"] as? String ?? "") }
      })
    let scenarios = try #require(details["scenarios"] as? [[String: Any]])
    for (index, scenario) in scenarios.enumerated() {
      let title = "\(scenario["workload"] ?? "") on \(scenario["cluster"] ?? "")"
      let headline = try #require(sight.tables.first { $0.caption == title })
      let schedulers = try #require(scenario["schedulers"] as? [[String: Any]])
      let winners = try #require(scenario["winners"] as? [String: String])
      #expect(headline.rows.count == 3)
      for (row, scheduler) in zip(headline.rows, schedulers) {
        let name = try #require(scheduler["scheduler"] as? String)
        #expect(row[0].text == name)
        let estimates = try #require(scheduler["metrics"] as? [String: [String: Any]])
        for (metric, metricTitle) in titles {
          guard
            let column = headline.header.firstIndex(where: {
              $0 == metricTitle || $0.hasPrefix(metricTitle + ", ")
            })
          else {
            // What is no column is the same for all.
            #expect(winners[metric] == nil)
            continue
          }
          let cell = row[column]
          #expect(same(cell.value, estimates[metric]?["mean"]))
          #expect(cell.strong == (winners[metric] == name))
          let shown = try #require(Double(cell.text.split(separator: " ")[0]))
          let unit = headline.header[column].dropFirst(metricTitle.count + 2)
          let factors: [String: Double] = ["d": 86400, "h": 3600, "min": 60, "ms": 1e-3, "%": 0.01]
          let factor = factors[String(unit)] ?? 1
          let mean = try #require(cell.value)
          let ends = estimates[metric]?["interval_t"] as? [Double] ?? [0, 0]
          let half = (ends[1] - ends[0]) / 2
          let error = abs(shown * factor - mean)
          #expect(error <= max(half / 10, 1e-3 * abs(mean)))
        }
      }
      // One verdict, and an interval that belongs to it.
      let comparison = try #require(
        sight.tables.first { $0.caption == title + ": difference from random" })
      let expected = try #require(scenario["comparisons"] as? [[String: Any]])
      #expect(comparison.rows.count == expected.count)
      for (row, entry) in zip(comparison.rows, expected) {
        let verdict = try #require(entry["verdict"] as? String)
        let metric = try #require(entry["metric"] as? String)
        #expect(same(row[2].value, entry["mean_difference"]) && same(row[3].value, entry["shift"]))
        #expect(row[6].text == verdict && row[6].strong == (verdict == "better"))
        let words = row.map { cell -> String in cell.strong ? "**\(cell.text)**" : cell.text }
        let line = "| " + words.joined(separator: " | ") + " |"
        #expect(markdown.contains(line), "\(line)")
        let p = try #require(entry["p_holm"] as? Double)
        #expect((p <= 0.05) == (entry["significant"] as? Bool))
        let told: Set<String> = ["better", "worse", "more", "less"]
        #expect(p <= 0.05 || !told.contains(verdict))
        if let interval = entry["interval"] as? [Double] {
          let holds = interval[0] < 0 && interval[1] > 0
          #expect(holds == (p > 0.05) || interval.contains(0))
          // The figure and its PDF are drawn from the same numbers.
          let id = "difference-\(metric.replacingOccurrences(of: "_", with: "-"))-\(index + 1)"
          #expect(sight.figures.contains(id))
          let script = try text("figures/\(id).gnuplot")
          let label = "\(row[0].text): \(verdict)"
          #expect(script.contains(label))
          let shift = try #require(entry["shift"] as? Double)
          let drawn = try text("figures/\(id).dat").split(whereSeparator: \.isNewline)
            .map { $0.split(separator: " ").compactMap { Double($0) } }
          // In the unit of the axis, which is one factor of all three.
          let whole = max(abs(shift), abs(interval[0]), abs(interval[1]))
          #expect(
            drawn.contains { point in
              let most = max(abs(point[0]), abs(point[4]), abs(point[5]))
              return zip([point[0], point[4], point[5]], [shift] + interval).allSatisfy {
                abs($0 / most - $1 / whole) < 1e-12
              }
            }, "\(id): \(drawn)")
          if let pdftotext {
            let pdf = folder("r/figures/\(id).pdf")
            let read = try TestSupport.run(pdftotext, ["-layout", pdf, "-"])
            // What is left of a word that is broken is its letters.
            let letters = read.output.filter { !$0.isWhitespace }
            #expect(letters.contains(label.filter { !$0.isWhitespace }), "\(read.output)")
            // A file is looked at without its page: it says what the page says above its figures.
            #expect(letters.contains("onethatholds0tellsnothingapart."), "\(read.output)")
            for warning in try #require(scenario["warnings"] as? [String]) {
              #expect(letters.contains(warning.filter { !$0.isWhitespace }), "\(read.output)")
            }
          }
        }
        if winners[metric] == row[0].text { #expect(verdict == "better") }
      }
    }
    let csv = try text("cells.csv").split(separator: "\n")
    let load = try #require(csv[0].split(separator: ",").firstIndex(of: "load"))
    #expect(Set(csv.dropFirst().map { $0.split(separator: ",")[load] }) == ["0.4", "0.7", "1.1"])
  }

  @Test func aTracesPage() throws {
    let made = try tracemill("inspect", miniature, "--quiet", "--html", folder("trace.html"))
    try #require(made.status == 0, "\(made.error)")
    let sight = try look(folder("trace.html"))
    // Arrivals, three sizes, use over time, waits, run times by class, machines;
    for figure in ["use", "run-time-by-class", "machines", "hours"] {
      #expect(sight.figures.contains(figure), "\(figure)")
    }
    expectSound(sight, charts: sight.figures.count)
    let users = try #require(sight.tables.first { $0.caption == "Users with the most tasks" })
    #expect(users.rows.count == 10 && users.rows[0][1].value ?? 0 >= users.rows[9][1].value ?? 1)
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

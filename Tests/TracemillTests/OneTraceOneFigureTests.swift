import Foundation
import TestSupport
import Testing

/// `inspect`, its JSON, its page and `fit` say of one trace the same figures.
@Suite struct OneTraceOneFigureTests {
  let folder = TemporaryFolder()

  /// Jobs of one task: their submissions and run times in µs, which of them were there before the trace, and
  /// which were cut off at its end.
  private struct Trace {
    var rows: [(submit: Int, run: Int, cores: Double, isBefore: Bool, isCut: Bool)] = []
    var csv: String {
      var text =
        "job_id,submit_us,run_us,cpu_cores,outcome,attempts,cut_off_at_start,cut_off_at_end\n"
      for (place, row) in rows.enumerated() {
        text +=
          "\(place + 1),\(row.submit),\(row.run),\(row.cores),\(row.isCut ? "running" : "finished"),1,"
        text += "\(row.isBefore ? 1 : 0),\(row.isCut ? 1 : 0)\n"
      }
      return text
    }
  }

  private var trace: Trace {
    var trace = Trace()
    for place in 0..<20 {
      trace.rows.append((0, 1_000_000 + 7_919_000 * place, 0.5, true, place % 4 == 0))
    }
    for place in 0..<300 {
      let run = 90_001 * (1 + place * place % 997)
      trace.rows.append(
        (5_000_000 + 31_000_000 * place, run, [0.5, 1, 1, 4][place % 4], false, place % 9 == 0))
    }
    return trace
  }

  /// The mean up to the longest seen, by the product-limit estimate from its definition.
  private func productLimitMean(_ rows: [(value: Double, isCut: Bool)]) -> Double {
    var (survival, mean, last) = (1.0, 0.0, 0.0)
    var left = rows.count
    for (value, same) in Dictionary(grouping: rows, by: \.value).sorted(by: { $0.key < $1.key }) {
      mean += survival * (value - last)
      survival *= 1 - Double(same.count { !$0.isCut }) / Double(left)
      left -= same.count
      last = value
    }
    return mean
  }

  private func figures(of page: String) throws -> [[String: Any]] {
    let text = String(decoding: try contents(page), as: UTF8.self)
    let data = try #require(
      text.components(separatedBy: "<script type=\"application/json\" id=\"data\">").last?
        .components(separatedBy: "</script>").first)
    let object = try JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any]
    return try #require(object?["figures"] as? [[String: Any]])
  }

  @Test func rateAndMeanAreTheSameEverywhere() throws {
    let trace = self.trace
    let path = try folder.write(trace.csv, to: "t.csv")
    let inspected = try tracemill("inspect", path, "--json", "--quiet", "--html", folder("t.html"))
    try #require(inspected.status == 0, "\(inspected.error)")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(inspected.output.utf8)) as? [String: Any])
    let arrivals = try #require(object["arrivals"] as? [String: Any])
    let rate = try #require(arrivals["rate_per_s"] as? Double)
    #expect(arrivals["count"] as? Int == 300 && arrivals["before_the_trace"] as? Int == 20)
    #expect(abs(rate - 299 / (31.0 * 299)) < 1e-12)

    let fitted = try tracemill("fit", path, "--json", "--quiet", "--families", "exponential")
    try #require(fitted.status == 0, "\(fitted.error)")
    let profile = try JSONSerialization.jsonObject(with: Data(fitted.output.utf8)) as? [String: Any]
    let all = try #require(profile?["all"] as? [String: Any])
    let fittedRate = (all["arrivals"] as? [String: Any])?["rate"] as? Double
    #expect(abs(try #require(fittedRate) - rate) < 1e-12)

    let margins = try #require(object["margins"] as? [String: Any])
    let limit = try #require(
      (margins["run time"] as? [String: Any])?["kaplan_meier"] as? [String: Any])
    let mean = try #require(limit["mean"] as? Double)
    let exact = productLimitMean(trace.rows.map { (Double($0.run) / 1e6, $0.isCut) })
    #expect(abs(mean / exact - 1) < 1e-12)
    #expect(
      trace.rows.contains { abs(Double($0.run) / 1e6 - (limit["p50"] as? Double ?? 0)) < 1e-9 })

    // The words of the terminal are those of the page.
    let words = try tracemill("inspect", path, "--quiet").output
    let line = try #require(words.split(separator: "\n").first { $0.contains("arrived over") })
    let page = String(decoding: try contents(folder("t.html")), as: UTF8.self)
    #expect(page.contains(line.trimmingCharacters(in: .whitespaces)))
    #expect(line.contains("1.94 a minute on average; 20 were there before"), "\(line)")
  }

  /// Points of P(X ≥ x) are shares of the data at their values, and begin with all of it.
  @Test func chartsShowSharesOfTheData() throws {
    let trace = self.trace
    let path = try folder.write(trace.csv, to: "t.csv")
    let made = try tracemill("inspect", path, "--quiet", "--html", folder("t.html"))
    try #require(made.status == 0, "\(made.error)")
    let cpu = try #require(
      try figures(of: folder("t.html")).first { $0["id"] as? String == "sizes-cpu" })
    let series = try #require((cpu["series"] as? [[String: Any]])?.first)
    let (x, y) = (series["x"] as? [Double] ?? [], series["y"] as? [Double] ?? [])
    #expect(x == [0.5, 1, 4])
    for (value, share) in zip(x, y) {
      let true_ = Double(trace.rows.count { $0.cores >= value }) / Double(trace.rows.count)
      #expect(abs(share - true_) < 1e-12, "\(value)")
    }
  }

  /// A table without outcomes: what has a run time ended, whichever way the file is read; run times of 0 count.
  @Test func whatHasARunTimeEnded() throws {
    let rows = "1,0,60000000,1\n2,0,30000000,1\n3,10000000,0,1\n4,20000000,10000000,1\n"
    let path = try folder.write("job_id,submit_us,run_us,cpu_cores\n" + rows, to: "plain.csv")
    let made = try tracemill("inspect", path, "--json", "--quiet", "--html", folder("p.html"))
    try #require(made.status == 0, "\(made.error)")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(made.output.utf8)) as? [String: Any])
    let tasks = try #require(object["tasks"] as? [String: Any])
    let outcomes = try #require(
      (tasks["outcomes"] as? [String: Any])?["unknown"] as? [String: Int])
    #expect(outcomes["finished"] == 4 && outcomes["pending"] == 0)
    let page = String(decoding: try contents(folder("p.html")), as: UTF8.self)
    #expect(page.contains("<dt>Mean run time</dt><dd>25.00 s</dd>"))
    let parquet = try tracemill("convert", path, "-o", folder("p.parquet"), "--quiet")
    try #require(parquet.status == 0, "\(parquet.error)")
    let again = try tracemill("inspect", folder("p.parquet"), "--quiet")
    #expect(again.output.contains("finished") && !again.output.contains("pending"))
  }

  /// What is still to be run has run times too.
  @Test func aGeneratedWorkloadHasRunTimes() throws {
    let made = try tracemill(
      "generate", "study:tasks=300", "-o", folder("w.csv"), "--quiet", "--seed", "3")
    try #require(made.status == 0, "\(made.error)")
    let inspected = try tracemill("inspect", folder("w.csv"), "--json", "--quiet")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(inspected.output.utf8)) as? [String: Any])
    let margins = try #require(object["margins"] as? [String: Any])
    #expect((margins["run time"] as? [String: Any])?["count"] as? Int == 300)
  }
}

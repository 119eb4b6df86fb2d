import Foundation
import TestSupport
import Testing

/// Pictures of a schedule, against the rows that `-o` writes of the same run.
@Suite struct TimelineTests {
  let folder = TemporaryFolder()

  private struct Row {
    var job: Int, index: Int, machine: Int, submit: Int, start: Int, finish: Int, wait: Int
    var kind: String
    /// When its machine was awake for it; nobody is evicted here.
    var awake: Int { submit + wait }
  }

  /// Runs a crowded cluster with sleeping machines, and gives its rows.
  private func rows(_ timeline: String, load: String = "1.1") throws -> [Row] {
    let made = try tracemill(
      "simulate", "--workload", "study:tasks=400,load=\(load)", "--cluster", "tiers:5",
      "--scheduler", "best-fit", "--seed", "3", "-o", folder("rows.csv"), "--timeline",
      folder(timeline), "--quiet")
    try #require(made.status == 0, "\(made.error)")
    let lines = String(decoding: try contents(folder("rows.csv")), as: UTF8.self)
      .split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    func value(_ row: [Substring], _ name: String) -> String {
      lines[0].firstIndex { $0 == name }.map { String(row[$0]) } ?? ""
    }
    return lines.dropFirst().map { row in
      Row(
        job: Int(value(row, "job_id")) ?? -1, index: Int(value(row, "task_index")) ?? -1,
        machine: Int(value(row, "machine_id")) ?? -1, submit: Int(value(row, "submit_us")) ?? -1,
        start: Int(value(row, "start_us")) ?? -1,
        finish: Int(value(row, "finish_us")) ?? -1, wait: Int(value(row, "wait_us")) ?? -1,
        kind: value(row, "priority_class"))
    }
  }

  private struct Decoded: Decodable {
    enum Field: Decodable, Hashable {
      case text(String), number(Int)
      init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let number = try? value.decode(Int.self) {
          self = .number(number)
        } else {
          self = .text(try value.decode(String.self))
        }
      }
    }
    var slices: [[Field]]
    var counters: [String: [[Double]]]
  }

  @Test(
    .enabled(if: hasPerfetto, "needs Python with Tests/requirements.txt; tools/test makes it"),
    arguments: ["1.1", "0.05"])
  func perfettoReadsEveryEvent(load: String) throws {
    let rows = try rows("run.perfetto-trace", load: load)
    #expect(rows.contains { $0.awake > $0.start } == (load == "0.05"))
    let result = try oracle("perfetto_trace.py", [folder("run.perfetto-trace")])
    try #require(result.status == 0, "\(result.error)")
    let decoded = try JSONDecoder().decode(Decoded.self, from: Data(result.outputBytes))
    let expected = Set(
      rows.map { row -> [Decoded.Field] in
        [
          .text("machine \(row.machine)"), .number(row.awake * 1000), .number(row.finish * 1000),
          .text("job \(row.job) task \(row.index)"), .text(row.kind), .number(row.wait),
        ]
      })
    let slices = decoded.slices.map { Array($0[0...0]) + $0[2...] }
    #expect(slices.count == rows.count && Set(slices) == expected)
    // No lane holds two tasks at once.
    var lanes: [[Decoded.Field]: [(Int, Int)]] = [:]
    for slice in decoded.slices {
      guard case .number(let begin) = slice[2], case .number(let end) = slice[3] else { continue }
      lanes[Array(slice[0...1]), default: []].append((begin, end))
    }
    for spans in lanes.values {
      let sorted = spans.sorted { $0 < $1 }
      #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $0.1 <= $1.0 })
    }
    #expect(
      Set(decoded.counters.keys) == [
        "tasks waiting", "tasks running", "CPU in use, %", "memory in use, %",
      ])
    #expect(decoded.counters["tasks waiting"]?.contains { $0[1] > (load == "1.1" ? 1 : 0) } == true)
  }

  /// The page's numbers are the rows'; it draws, answers keys, and asks the network for nothing.
  @Test(.enabled(if: chromium != nil, "needs Chromium"))
  func thePageShowsEveryTask() throws {
    let rows = try rows("run.html")
    let page = String(decoding: try contents(folder("run.html")), as: UTF8.self)
    #expect(page.contains("\(rows.count) tasks on 5 machines"))
    func column(_ id: String) throws -> [Int] {
      let start = try #require(page.range(of: " id=\"\(id)\">"))
      let tag = page[..<start.lowerBound].suffix(90).components(separatedBy: "<script").last ?? ""
      func said(_ key: String) -> String? {
        let parts = tag.components(separatedBy: "data-\(key)=\"")
        return parts.count > 1 ? parts[1].components(separatedBy: "\"")[0] : nil
      }
      if let value = said("value").flatMap(Int.init), let count = said("count").flatMap(Int.init) {
        return Array(repeating: value, count: count)
      }
      let end = try #require(page.range(of: "</script>", range: start.upperBound..<page.endIndex))
      let data = try #require(
        Data(base64Encoded: String(page[start.upperBound..<end.lowerBound])))
      func numbers<Number: BinaryInteger>(_: Number.Type) -> [Int] {
        data.withUnsafeBytes { bytes in
          stride(from: 0, to: bytes.count, by: MemoryLayout<Number>.size).map {
            Int(bytes.loadUnaligned(fromByteOffset: $0, as: Number.self))
          }
        }
      }
      switch said("type") {
      case "Uint8Array": return numbers(UInt8.self)
      case "Uint16Array": return numbers(UInt16.self)
      default: return numbers(UInt32.self)
      }
    }
    #expect(try column("jobs").sorted() == rows.map(\.job).sorted())
    #expect(try column("indices").sorted() == rows.map(\.index).sorted())
    #expect(try Set(column("classes")).count == Set(rows.map(\.kind)).count)
    let span = Double(
      try #require(rows.map(\.finish).max()) - #require(rows.map(\.submit).min()))
    for (id, lengths) in [
      ("waits", rows.map(\.wait)), ("lengths", rows.map { $0.finish - $0.awake }),
    ] {
      let drawn = try column(id).sorted().map { Double($0) * span / 0x1p31 }
      #expect(zip(drawn, lengths.sorted()).allSatisfy { abs($0 - Double($1)) <= span / 0x1p31 })
    }
    let result = try oracle("browser.py", [try #require(chromium), folder("run.html")])
    try #require(result.status == 0, "\(result.error)")
    let sight = try JSONDecoder().decode(Sight.self, from: Data(result.outputBytes))
    #expect(sight.errors == [] && sight.requests == [] && !sight.overflow)
    #expect(sight.charts.count == 1 && sight.charts[0] >= 3)
    #expect(sight.keyboard?.hasPrefix("from ") == true)
  }

  private struct Sight: Decodable {
    var charts: [Int]
    var keyboard: String?
    var overflow: Bool
    var requests: [String]
    var errors: [String]
  }

  /// The same run with its decisions taken down comes to the same, and they say where each task went.
  @Test func decisionsAreThoseOfTheRun() throws {
    let rows = try rows("run.html")
    let made = try tracemill(
      "simulate", "--workload", "study:tasks=400,load=1.1", "--cluster", "tiers:5", "--scheduler",
      "best-fit", "--seed", "3", "--decisions", folder("decisions.csv"), "--quiet")
    try #require(made.status == 0, "\(made.error)")
    let lines = String(decoding: try contents(folder("decisions.csv")), as: UTF8.self)
      .split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
    let columns = Dictionary(uniqueKeysWithValues: lines[0].enumerated().map { ($1, $0) })
    func value(_ line: [String], _ name: String) -> String { columns[name].map { line[$0] } ?? "?" }
    let placed = lines.dropFirst().filter { value($0, "answer") == "placed" }
    #expect(
      Set(
        placed.map { "\(value($0, "job_id")) \(value($0, "machine_id")) \(value($0, "time_us"))" })
        == Set(rows.map { "\($0.job) \($0.machine) \($0.start)" }))
    // Best fit takes the least score; nobody waits while a machine could take him.
    for line in placed {
      if let score = Double(value(line, "score")), let next = Double(value(line, "next_score")) {
        #expect(score <= next)
      }
    }
    let waits = lines.dropFirst().filter { value($0, "answer") == "waits" }
    #expect(!waits.isEmpty && waits.allSatisfy { value($0, "candidates") == "0" })
    #expect(Set(waits.map { value($0, "lacks") }).isSubset(of: ["cpu", "memory", "together"]))
    #expect(placed.contains { !value($0, "behind_job_id").isEmpty })
  }

  /// Waits by size are those of the rows, grouped by another hand.
  @Test func waitsAreToldApartBySizeAndUser() throws {
    let file = try folder.write(
      """
      job_id,submit_us,run_us,cpu_cores,memory_bytes,user
      1,0,100000000,4,1000000,ann
      2,1000000,50000000,3,1000000,bob
      3,2000000,10000000,1,1000000,ann
      4,3000000,10000000,1,1000000,bob
      """, to: "four.csv")
    let cluster = try folder.write(
      "groups: [{ count: 1, cores: 4, memoryGiB: 8 }]", to: "one.yaml")
    let made = try tracemill(
      "simulate", "--workload", file, "--cluster", cluster, "--by", "size", "--by", "user",
      "--json", "--quiet")
    try #require(made.status == 0, "\(made.error)")
    let object = try object(made)
    func means(_ key: String) throws -> [String: Double] {
      let groups = try #require(object[key] as? [[String: Any]])
      return Dictionary(
        uniqueKeysWithValues: groups.map {
          ($0["name"] as? String ?? "", $0["mean"] as? Double ?? -1)
        })
    }
    // First come first served: job 2 starts at 100 s, job 3 beside it, job 4 when job 3 has ended.
    let sizes = try means("waits_by_size")
    #expect(sizes == ["up to 4 cores": 49.5, "up to 1 core": (98 + 107) / 2])
    #expect(try means("waits_by_user") == ["ann": 49, "bob": (99 + 107) / 2])
  }

  /// The same waits in an experiment: its JSON, its table, its page.
  @Test func anExperimentTellsWaitsApartToo() throws {
    try folder.write(
      """
      job_id,submit_us,run_us,cpu_cores,memory_bytes,user
      1,0,100000000,4,1000000,ann
      2,1000000,50000000,3,1000000,bob
      3,2000000,10000000,1,1000000,ann
      4,3000000,10000000,1,1000000,bob
      """, to: "four.csv")
    try folder.write("groups: [{ count: 1, cores: 4, memoryGiB: 8 }]", to: "one.yaml")
    let made = try tracemill(
      "compare", "--workload", folder("four.csv"), "--cluster", folder("one.yaml"), "--scheduler",
      "first-fit", "--scheduler", "best-fit", "--by", "size", "--by", "user", "--by", "class",
      "--seeds", "2", "-o", folder("r"), "--quiet")
    try #require(made.status == 0, "\(made.error)")
    let file = try JSONSerialization.jsonObject(
      with: Data(try contents(folder("r/results.json"))))
    let details = try #require((file as? [String: Any])?["tracemill"] as? [String: Any])
    let scenario = try #require((details["scenarios"] as? [[String: Any]])?.first)
    // Two seeds of a replay: twice the tasks of TimelineTests.waitsAreToldApartBySizeAndUser.
    let expected: [String: Double] = [
      "size up to 4 cores 4": 49.5, "size up to 1 core 4": (98 + 107) / 2, "user ann 4": 49,
      "user bob 4": (99 + 107) / 2,
    ]
    for scheduler in try #require(scenario["schedulers"] as? [[String: Any]]) {
      let rows = try #require(scheduler["waits"] as? [[String: Any]])
      let means = Dictionary(
        uniqueKeysWithValues: rows.map { row in
          (
            "\(row["by"] ?? "") \(row["group"] ?? "") \(row["tasks"] ?? "")",
            row["wait_mean_s"] as? Double ?? -1
          )
        })
      #expect(means == expected)
    }
    let csv = String(decoding: try contents(folder("r/waits.csv")), as: UTF8.self)
      .split(separator: "\n")
    #expect(csv[0] == "workload,cluster,scheduler,seed,by,group,tasks,wait_mean_s")
    #expect(csv.count == 1 + 2 * 2 * 4)
    #expect(csv.contains("four.csv,one.yaml,best-fit,2,user,bob,2,103"))
    let page = String(decoding: try contents(folder("r/report.html")), as: UTF8.self)
    #expect(page.contains("id=\"wait-by-size\"") && page.contains("id=\"wait-by-user\""))
    let wrong = try tracemill(
      "compare", "--workload", folder("four.csv"), "--cluster", folder("one.yaml"), "--scheduler",
      "first-fit", "--by", "owner", "-o", folder("x"), "--quiet")
    #expect(wrong.status != 0 && wrong.error.contains("owner"))
  }

  @Test func otherEndingsAreRefused() throws {
    let result = try tracemill(
      "simulate", "--workload", "study:tasks=4", "--cluster", "study:5", "--timeline", "x.svg")
    #expect(result.status == 2 && result.error.contains(".html or .perfetto-trace"))
    let none = try tracemill("simulate", "--cluster", "study:5")
    #expect(none.status == 2 && none.error.contains("--workload is needed"))
  }
}

/// Whether the interpreter has the descriptors.
private let hasPerfetto: Bool = {
  guard let python else { return false }
  return (try? run(python, ["-c", "import perfetto.protos.perfetto.trace.perfetto_trace_pb2"]))?
    .status == 0
}()

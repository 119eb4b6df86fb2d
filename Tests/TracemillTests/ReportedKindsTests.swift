import Foundation
import TestSupport
import Testing

/// Kinds of input that people who read traces reported, which no other suite has: each with inputs of
/// several forms, through the program.
@Suite struct ReportedKindsTests {
  let folder = TemporaryFolder()

  /// Runs `convert --json` without writing.
  private func converted(_ path: String, _ more: [String] = []) throws -> [String: Any] {
    let result = try run(
      tracemill, ["convert", path, "--dry-run", "--json", "--quiet"] + more)
    #expect(result.status == 0, "\(path): \(result.error)")
    return try object(result)
  }

  /// The one line of an error.
  private func refusal(_ path: String, _ more: [String] = []) throws -> String {
    let result = try run(tracemill, ["convert", path, "--dry-run", "--quiet"] + more)
    #expect(result.status == 1, "\(path)")
    #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
    return result.error
  }

  private func make(_ script: String) throws {
    try folder.write("import sys, os\nos.chdir(sys.argv[1])\n" + script, to: "make.py")
    let made = try run(try #require(python), [folder("make.py"), folder.path])
    try #require(made.status == 0, "\(made.error)")
  }

  /// `verify` reads a table by the same mapping as `convert`, and finds what is wrong with its rows.
  @Test func verifyReadsByTheMapping() throws {
    let mapping = try folder.write(
      "columns:\n  submit_us: {from: t, unit: s}\n  run_us: {from: d, unit: min}\n", to: "m.yaml")
    let good = try folder.write("t,d\n1,2\n2,1\n", to: "good.csv")
    try folder.write("t,d\n1,2\n", to: "day/a.csv")
    try folder.write("t,d\n3,2\n", to: "day/b.csv")
    let tabs = try folder.write("t\td\n1\t2\n", to: "tabs.tsv")
    let tabbed = try folder.write(
      "separator: \"\\t\"\ncolumns:\n  submit_us: {from: t, unit: s}\n", to: "t.yaml")
    for (path, by) in [(good, mapping), (folder("day"), mapping), (tabs, tabbed)] {
      let result = try tracemill("verify", path, "--columns", by, "--quiet")
      #expect(result.status == 0, "\(path): \(result.output)\(result.error)")
      #expect(result.output.contains("rows       ok"))
    }
    let bad = try folder.write("t,d\n1,2\nx,1\n2,1\n", to: "bad.csv")
    let result = try tracemill("verify", bad, "--columns", mapping, "--quiet")
    #expect(result.status == 1)
    #expect(result.output.contains("1 of 3 rows"), "\(result.output)")
  }

  /// A JSON array where an object a line is read: said, with what makes one of the other.
  @Test func arraysOfJSONAreCalledSo() throws {
    let event =
      #"{"time": "1000000", "type": "0", "collection_id": "1", "priority": "200", "instance_index": "0"}"#
    for (name, text) in [
      ("one-line", "[\(event), \(event)]"), ("a-line-each", "[\n\(event),\n\(event)\n]\n"),
      ("spread", "[\n  {\n    \"time\": \"1\",\n    \"collection_id\": \"0\"\n  }\n]\n"),
      ("marked", "\u{feff}[\(event)]"),
    ] {
      let path = try folder.write(text, to: name + ".json")
      let said = try refusal(path, ["--format", "google-2019"])
      #expect(said.contains("a JSON array") && said.contains("jq -c '.[]'"), "\(name): \(said)")
    }
    let words = try folder.write(
      event + "\n" + event.replacing(#""0","#, with: #""SUBMIT","#) + "\n", to: "words.json")
    let said = try refusal(words)
    #expect(
      said.contains("words.json:2:") && said.contains("'SUBMIT' is not an integer"), "\(said)")
  }

  /// Columns of another edition of a format: what it needs, and what the file has.
  @Test func otherColumnsAreNamed() throws {
    let path = try folder.write(
      "id,submissionTime,endTime,maxCores,requiredMemory\n1,2,3,4,5\n", to: "tasks.csv")
    let said = try refusal(path, ["--format", "opendc"])
    #expect(said.contains("cpu_count") && said.contains("submissionTime"), "\(said)")
    let mapping = try folder.write(
      "columns:\n  submit_us: {from: start, unit: s}\n  run_us: {from: length, unit: s}\n",
      to: "m.yaml")
    let mapped = try refusal(path, ["--columns", mapping])
    #expect(mapped.contains("start") && mapped.contains("submissionTime"), "\(mapped)")
    // What is asked for is what is read, whatever else it might be.
    let wide = try folder.write(
      "separator: \",\"\ncolumns:\n  submit_us: {from: start, unit: s}\n  run_us: {from: length, unit: s}\n",
      to: "w.yaml")
    #expect(try refusal(path, ["--columns", wide]).contains("start"))
    let verified = try tracemill("verify", path, "--columns", mapping, "--quiet")
    #expect(verified.status == 1)
  }

  @Test(.enabled(if: python != nil, Comment(rawValue: noPython)))
  func codecsOfParquet() throws {
    try make(
      """
      import pyarrow as pa, pyarrow.parquet as pq
      table = pa.table({"submit_us": pa.array(range(100), pa.int64()),
                        "run_us": pa.array([7] * 100, pa.int64())})
      for codec in ["none", "snappy", "gzip", "zstd", "brotli", "lz4"]:
          pq.write_table(table, codec + ".parquet", compression=codec)
      pq.write_table(table, "v2.parquet", data_page_version="2.0", compression="zstd")
      pq.write_table(table, "split.parquet", use_dictionary=False,
                     column_encoding={"submit_us": "BYTE_STREAM_SPLIT", "run_us": "DELTA_BINARY_PACKED"})
      pq.write_table(table.slice(0, 0), "empty.parquet")
      pq.write_table(table.append_column("beside", pa.array([[1, 2]] * 100)), "nested.parquet")
      """)
    for name in ["none", "snappy", "gzip", "zstd", "v2", "split", "nested", "empty"] {
      let records = try converted(folder(name + ".parquet"))["records"] as? Int
      #expect(records == (name == "empty" ? 0 : 100), "\(name)")
    }
    for name in ["brotli", "lz4"] {
      let said = try refusal(folder(name + ".parquet"))
      #expect(said.contains("'submit_us'") && said.contains(name), "\(said)")
    }
  }

  /// Ends that are 0 or before the start, names with stages behind them, a comma too much.
  @Test func oddRowsOfAlibaba() throws {
    let path = try folder.write(
      """
      M1,1,j_2,1,Terminated,87076,87083,50,0.2
      R3_1_Stg2,1,j_2,1,Terminated,87076,87086,50,0.2
      M1,1,j_3,1,Failed,100,0,100,0.3
      J7_5_6_,1,j_4,1,Terminated,300,310,,
      task_Abc,1,j_5,1,Terminated,300,290,100,0.4

      """, to: "batch_task.csv")
    let result = try tracemill("convert", path, "-o", folder("o.csv"), "--quiet")
    #expect(result.status == 0, "\(result.error)")
    let lines = String(decoding: try contents(folder("o.csv")), as: UTF8.self)
      .split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    let run = try #require(lines[0].firstIndex(of: "run_us"))
    let runs = Dictionary(
      uniqueKeysWithValues: lines.dropFirst().map { ($0[0] + "/" + $0[1], $0[run]) })
    #expect(runs["2/1"] == "7000000" && runs["2/3"] == "10000000" && runs["3/1"] == "")
    #expect(runs.filter { $0.key.hasPrefix("5/") }.map(\.value) == [""])
    let edges = String(decoding: try contents(folder("o.dependencies.csv")), as: UTF8.self)
    #expect(edges.contains("\n2,3,2,1,") && edges.contains("\n4,7,4,5,"))
    #expect(edges.contains("\n4,7,4,6,"))
    let comma = try folder.write(
      "M1,1,j_2,1,Terminated,1,2,50,0.2\nM1,1,j,2,1,Terminated,1,2,50,0.2\n", to: "comma.csv")
    #expect(try refusal(comma).contains("comma.csv:2: "))
  }

  /// Rows cut out of a trace, times that went through floating point, a header row.
  @Test func rowsThatWereCutOut() throws {
    let row = ",,1,0,5,1,u,3,9,0.125,0.5,0.1,0\n"
    let end = ",,1,0,5,4,u,3,9,0.125,0.5,0.1,0\n"
    let path = try folder.write(
      "602000000" + row + "661000000" + end + "700000000,,2,0,5,4,u,3,9,0.125,0.5,0.1,0\n",
      to: "task_events.csv")
    #expect(try converted(path)["records"] as? Int == 2)
    for (name, text, place) in [
      ("floats", "600000000.0" + row, ":1:1:"), ("exponent", "6e8" + row, ":1:1:"),
      ("later", "600000000" + row + "6.1e8" + end, ":2:1:"),
      ("header", "time" + row + "600000000" + row, ":1:1:"),
    ] {
      let said = try refusal(
        folder.write(text, to: name + ".csv"), ["--table", "task_events"])
      #expect(said.contains("\(name).csv\(place)") && said.contains("not an integer"), "\(said)")
    }
  }

  /// Columns beyond number beside those that are needed, in a line or in a file without line ends.
  @Test func manyColumnsAreOneRow() throws {
    let beside = (0..<200_000).map { "c\($0)" }.joined(separator: ",")
    let zeros = String(repeating: ",0", count: 200_000)
    let path = try folder.write("submit_us,run_us,\(beside)\n5,7\(zeros)\n", to: "wide.csv")
    #expect(try converted(path)["records"] as? Int == 1)
    let short = try folder.write("submit_us,run_us,\(beside)\n5,7\(zeros),0\n", to: "wider.csv")
    #expect(try refusal(short).contains("wider.csv:2: "))
    let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 % 251 + 4) }.filter { $0 != 10 }
    #expect(!(try refusal(folder.write(bytes, to: "noise.csv"))).isEmpty)
  }
}

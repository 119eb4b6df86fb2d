import Configuration
import Diagnostics
import Foundation
import Parquet
import Testing
import TraceInput
import TraceParsing
import Workload

@Suite struct MappedRecordTests {
  private static let formats: [any TraceFormat] = [
    RecordFileFormat(), MappedTableFormat.openDC, Google2019Format(), Google2011Format(),
  ]
  private static let python: String? = {
    let named = ProcessInfo.processInfo.environment["TRACEMILL_PYTHON"]
    let path = named ?? Formats.root + "/.venv/bin/python"
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()

  private static let columns = TableMapping(columns: [
    "job_id": .init(from: "job"), "submit_us": .init(from: "t", unit: "s"),
    "run_us": .init(from: "d", factor: 60e6), "cpu_cores": .init(from: "cpu", unit: "percent"),
    "memory_bytes": .init(from: "mem", unit: "GiB"), "user": .init(from: "who"),
    "outcome": .init(from: "how", values: ["OK": "finished", "TIMEOUT": "killed"]),
  ])

  private func check(_ stream: RecordStream) throws {
    let records = try Formats.drain(stream)
    #expect(records.map(\.submit.seconds) == [1, 2.5, 7])
    #expect(records.map(\.runTime.seconds) == [60, 30, 0])
    #expect(records.map(\.request.cpu) == [Cores(1.5), Cores(0.25), .zero])
    #expect(records.map(\.maxRequest.cpu) == [Cores(1.5), Cores(0.25), .zero])
    #expect(records[2].flags.isSuperset(of: [.runTimeUnknown, .cpuUnknown]))
    #expect(!records[0].flags.contains(.cpuUnknown) && records[0].flags.contains(.diskUnknown))
    #expect(records[0].request.memory == Bytes(1 << 30))
    #expect(records.map(\.outcome) == [.finished, .killed, .finished])
    #expect(records.map { stream.symbols[$0.user] } == ["ann", "bob", "ann"])
    #expect(records[0].id.job == 17 && records[1].id.job == 3 && records[2].id.job >= 1 << 62)
  }

  @Test func `a CSV with other names`() throws {
    let folder = try ScratchFolder()
    let path = try folder.write(
      "theirs.csv",
      """
      who,t,d,cpu,mem,how,extra,job
      bob,2.5,0.5,25,0.5,TIMEOUT,x,3
      ann,1,1,150,1,OK,y,17
      ann,7,,,2,finished,z,batch/9

      """)
    let formats = [MappedTableFormat(name: "columns", mapping: Self.columns)] + Self.formats
    try check(TraceOpener(formats: formats).open(path).records(ReadOptions()))
  }

  @Test func `a mapping tells everything that is wrong with it`() {
    let mapping = TableMapping(columns: [
      "submit": .init(from: "t"), "run_us": .init(from: "d", unit: "weeks"),
      "cpu_cores": .init(from: "c", factor: -1), "user": .init(from: "", values: ["a": "b"]),
      "outcome": .init(from: "s", values: ["OK": "fine"]),
    ])
    #expect(mapping.problems.count == 7)
    #expect(Self.columns.problems.isEmpty)
  }

  @Test func `short and long forms decode`() throws {
    let text = #"{"columns":{"submit_us":"t","run_us":{"from":"d","unit":"s"}}}"#
    let mapping = try TableMapping(file: ConfigurationFile(text: text, name: "map.json"))
    #expect(
      mapping
        == TableMapping(columns: [
          "submit_us": .init(from: "t"), "run_us": .init(from: "d", unit: "s"),
        ]))
  }

  @Test func `a unit that a file contradicts is refused, one that is usual gives way`() throws {
    guard let python = Self.python else { return }
    let folder = try ScratchFolder()
    let script = try folder.write(
      "make.py",
      """
      import pyarrow as pa, pyarrow.parquet as pq, sys
      pq.write_table(pa.table({"t": pa.array([2000, 1000], pa.timestamp("ms"))}), sys.argv[1])
      """)
    let path = folder.path + "/t.parquet"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [script, path]
    try process.run()
    process.waitUntilExit()
    func read(_ map: String) throws -> [Double] {
      let mapping = try TableMapping(file: ConfigurationFile(text: map, name: "map.yaml"))
      let trace = try TraceOpener(formats: [MappedTableFormat(name: "columns", mapping: mapping)])
        .open(path)
      return try Formats.drain(try trace.records(ReadOptions())).map(\.submit.seconds)
    }
    // Dates, so from the first submission on.
    #expect(try read("columns: {submit_us: t}") == [0, 1])
    #expect(try read("columns: {submit_us: {from: t, unit: s, usual: true}}") == [0, 1])
    #expect(try read("origin: none\ncolumns: {submit_us: t}") == [1, 2])
    #expect(throws: TraceError.self) { try read("columns: {submit_us: {from: t, unit: s}}") }
  }

  @Test func `what a clock showed follows the mapping's zone, what is UTC does not`() throws {
    guard let python = Self.python else { return }
    let folder = try ScratchFolder()
    let script = try folder.write(
      "make.py",
      """
      import datetime as dt, sys
      import pyarrow as pa, pyarrow.parquet as pq
      # The clock of Amsterdam leaves out the hour from 2:00 on, and shows that of 27 October from 2:00 on twice.
      times = [dt.datetime(2024, 3, 31, 0, 30), dt.datetime(2024, 3, 31, 3, 30), dt.datetime(2024, 10, 27, 2, 30)]
      for name, zone in [("local", None), ("utc", "UTC")]:
        for unit in ["ms", "us", "ns"]:
          t = pa.array(times, pa.timestamp(unit, tz=zone))
          pq.write_table(pa.table({"t": t}), f"{sys.argv[1]}/{name}-{unit}.parquet")
      """)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [script, folder.path]
    try process.run()
    process.waitUntilExit()
    func read(_ file: String, _ map: String) throws -> (times: [Double], notes: [String]) {
      let mapping = try TableMapping(
        file: ConfigurationFile(text: map + "columns: {submit_us: t}", name: "map.yaml"))
      let stream = try TraceOpener(formats: [MappedTableFormat(name: "columns", mapping: mapping)])
        .open("\(folder.path)/\(file).parquet").records(ReadOptions())
      return (try Formats.drain(stream).map(\.submit.seconds), stream.report.notes.map(\.text))
    }
    for unit in ["ms", "us", "ns"] {
      let amsterdam = try read("local-\(unit)", "time_zone: Europe/Amsterdam\n")
      #expect(amsterdam.times == [0, 7200, 18_147_600])
      #expect(amsterdam.notes.contains { $0.hasPrefix("1 times are in an hour that clocks") })
      let unsaid = try read("local-\(unit)", "")
      #expect(unsaid.times == [0, 10800, 18_151_200])
      #expect(unsaid.notes.contains { $0.hasPrefix("3 times state no zone: taken as UTC") })
      let utc = try read("utc-\(unit)", "time_zone: Europe/Amsterdam\n")
      #expect(utc.times == unsaid.times)
      #expect(!utc.notes.contains { $0.contains("no zone") })
    }
  }

  @Test(
    .enabled(
      if: python != nil,
      "needs a Python with Tests/requirements.txt, in .venv or named by TRACEMILL_PYTHON"))
  func `Parquet by pyarrow and DuckDB`() throws {
    let folder = try ScratchFolder()
    let script = try folder.write(
      "make.py",
      """
      import pyarrow as pa, pyarrow.parquet as pq, duckdb, sys
      d = sys.argv[1]
      t = pa.table({
        "who": pa.array(["bob", "ann", "ann"]).dictionary_encode(),
        "t": pa.array([2.5, 1, 7], pa.float32()), "d": pa.array([0.5, 1, None], pa.float64()),
        "cpu": pa.array([25, 150, None], pa.int32()), "mem": pa.array([0, 1, 2], pa.int64()),
        "how": ["TIMEOUT", "OK", "finished"], "job": ["3", "17", "batch/9"],
        "nested": [[1], [2, 3], []]})
      for codec in ["snappy", "zstd", "gzip", "none"]:
        for version in ["1.0", "2.0"]:
          pq.write_table(t, f"{d}/{codec}{version}.parquet", compression=codec,
                         data_page_version=version)
      duckdb.sql("SET threads=1")
      duckdb.sql(f"COPY (SELECT * EXCLUDE nested FROM t) TO '{d}/duckdb.parquet' (FORMAT parquet)")
      pq.write_table(pa.table({
        "id": pa.array([5, 6], pa.int32()),
        "submission_time": pa.array([2000, 1000], pa.timestamp("ms")),
        "duration": pa.array([500, 60000], pa.int64()), "cpu_count": pa.array([2, 4], pa.int32()),
        "cpu_capacity": pa.array([2000.0, 1000.0]),
        "mem_capacity": pa.array([1024, 2048], pa.int64())}), f"{d}/tasks.parquet")
      """)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Self.python))
    process.arguments = [script, folder.path]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    let formats = [MappedTableFormat(name: "columns", mapping: Self.columns)] + Self.formats
    let names =
      ["snappy", "zstd", "gzip", "none"].flatMap { ["\($0)1.0", "\($0)2.0"] } + ["duckdb"]
    for name in names {
      let trace = try TraceOpener(formats: formats).open("\(folder.path)/\(name).parquet")
      #expect(trace.format == "columns")
      try check(trace.records(ReadOptions()))
    }
    let trace = try TraceOpener(formats: Self.formats).open(folder.path + "/tasks.parquet")
    #expect(trace.format == "opendc")
    let tasks = try Formats.drain(try trace.records(ReadOptions()))
    #expect(tasks.map(\.id.job) == [6, 5] && tasks.map(\.submit.seconds) == [1, 2])
    #expect(tasks.map(\.runTime.seconds) == [60, 0.5])
    #expect(tasks.map(\.request.cpu) == [Cores(4), Cores(2)])
    #expect(tasks.map(\.request.memory) == [Bytes(2_048_000), Bytes(1_024_000)])
  }
}

import Diagnostics
import Foundation
import Tables
import TestSupport
import Testing
import TraceInput
import Workload

@testable import TraceParsing

/// What other programs make of tables comes through as it was.
@Suite struct OtherProgramsTests {
  let folder = TemporaryFolder()
  private static let python: String? = {
    let named = ProcessInfo.processInfo.environment["TRACEMILL_PYTHON"]
    return [named, Formats.root + "/.venv/bin/python"].compactMap { $0 }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }()
  private static let noPython: Comment =
    "needs a Python with Tests/requirements.txt, in .venv or named by TRACEMILL_PYTHON"

  private let mapping = TableMapping(columns: [
    "job_id": .init(from: "id"), "submit_us": .init(from: "t"), "run_us": .init(from: "d"),
    "cpu_cores": .init(from: "c", isOptional: true),
    "machine_id": .init(from: "m", isOptional: true), "user": .init(from: "day", isOptional: true),
  ])

  private func mapped(_ path: String) throws -> (records: [TaskRecord], stream: RecordStream) {
    let opener = TraceOpener(formats: [MappedTableFormat(name: "columns", mapping: mapping)])
    let stream = try opener.open(path).records(ReadOptions())
    return (try Formats.drain(stream), stream)
  }

  private func make(_ script: String) throws {
    try folder.write("import sys, os\nos.chdir(sys.argv[1])\n" + script, to: "make.py")
    let made = try run(try #require(Self.python), [folder("make.py"), folder.path])
    try #require(made.status == 0, "\(made.error)")
  }

  @Test func namesThatLookLikeNumbersAreKeptApart() throws {
    let names = [
      "9007199254740992", "9007199254740993", "1234567890123456789", "1234567890123456788", "400",
      "4e2", "00400", "+400", "18446744073709551615", "9223372036854775808", "j_1", "j_01",
    ]
    let text = "id,t,d\n" + names.enumerated().map { "\($1),\($0),1\n" }.joined()
    let (records, _) = try mapped(folder.write(text, to: "ids.csv"))
    #expect(Set(records.map(\.id.job)).count == names.count)
    #expect(
      records[0].id.job == 9_007_199_254_740_992 && records[2].id.job == 1_234_567_890_123_456_789)
    #expect(records[4].id.job == 400 && records.allSatisfy { $0.id.job >= 0 })
    // The same in a record file, and a name is the same number everywhere.
    let own = "job_id,submit_us,run_us\n" + names.enumerated().map { "\($1),\($0),1\n" }.joined()
    #expect(
      try read(folder.write(own, to: "own.csv")).records.map(\.id.job) == records.map(\.id.job))
  }

  @Test func aNumberThatLostDigitsIsNoName() throws {
    for (column, cell) in [
      ("job_id", "9007199254740993.0"), ("task_index", "4e2"), ("task_index", "1.5"),
    ] {
      let text = "\(column),submit_us\n\(cell),1\n"
      if column == "job_id" {
        // A name of its own, not the integer next to it.
        let job = try read(folder.write(text, to: "r.csv")).records[0].id.job
        #expect(job != 9_007_199_254_740_992 && job != 9_007_199_254_740_993)
      } else {
        #expect(throws: TraceError.self) { try read(folder.write(text, to: "r.csv")) }
      }
    }
    for cell in ["2.5", "40000"] {
      let text = "priority,submit_us\n\(cell),1\n"
      #expect(throws: TraceError.self) { try read(folder.write(text, to: "p.csv")) }
    }
  }

  /// Parquet has no type for a length of time: pandas and polars say its unit in the file's Arrow schema.
  @Test(.enabled(if: python != nil, noPython)) func durationsKeepTheirUnits() throws {
    try make(
      """
      import pyarrow as pa, pyarrow.parquet as pq, pandas as pd
      runs = [1_500_000, 90_000_000_000, None, 7]
      for unit, of in [("s", 1_000_000), ("ms", 1000), ("us", 1), ("ns", 1 / 1000)]:
          held = [None if r is None else int(r // of) if of >= 1 else r * 1000 for r in runs]
          column = pa.array(held, pa.duration(unit))
          pq.write_table(pa.table({"job_id": [1, 2, 3, 4], "submit_us": [0, 1, 2, 3], "run_us": column}),
                         f"own-{unit}.parquet")
          pq.write_table(pa.table({"id": [1, 2, 3, 4], "t": [0, 1, 2, 3], "d": column}),
                         f"mapped-{unit}.parquet")
      frame = pd.DataFrame({"job_id": [1, 2], "submit_us": [0, 1]})
      frame["run_us"] = pd.to_timedelta([1_500_000, 90_000_000_000], unit="us")
      frame.to_parquet("pandas.parquet")
      # Names alone are no durations, and a schema that is damaged says nothing.
      table = pa.table({"job_id": [1], "submit_us": [0], "run_us": pa.array([5], pa.int64())})
      for name, text in [("cut", b"/////wAB"), ("none", b"!"), ("huge", b"/////////38=" * 9)]:
          writer = pq.ParquetWriter(f"{name}.parquet", table.schema, store_schema=False)
          writer.write_table(table)
          writer.add_key_value_metadata({"ARROW:schema": text})
          writer.close()
      """)
    let whole: [Int64?] = [1_500_000, 90_000_000_000, nil, 7]
    for (unit, step) in [("s", 1_000_000), ("ms", 1000), ("us", 1), ("ns", 1)] as [(String, Int64)]
    {
      let expected = whole.map { $0.map { $0 / step * step } }
      for records in [
        try read(folder("own-\(unit).parquet")).records,
        try mapped(folder("mapped-\(unit).parquet")).records,
      ] {
        let times = records.map { $0.flags.contains(.runTimeUnknown) ? nil : $0.runTime.rawValue }
        #expect(times == expected, "\(unit): \(times)")
      }
    }
    #expect(
      try read(folder("pandas.parquet")).records.map(\.runTime.rawValue)
        == [1_500_000, 90_000_000_000])
    for name in ["cut", "none", "huge"] {
      #expect(try read(folder("\(name).parquet")).records.map(\.runTime.rawValue) == [5], "\(name)")
    }
  }

  @Test func integersWithAPointAndWordsForYesAreRead() throws {
    let text = """
      job_id,submit_us,end_us,run_us,priority,cpu_cores,irregular,cut_off_at_end
      7,1.0,10.0,9.0,2.0,NaN,True,false
      8,2,,NaN,,0.5,FALSE,1

      """
    let records = try read(folder.write(text, to: "pandas.csv")).records
    #expect(records.map(\.submit.rawValue) == [1, 2] && records[0].end.rawValue == 10)
    #expect(records[0].runTime.rawValue == 9 && records[1].flags.contains(.runTimeUnknown))
    #expect(records[0].flags.isSuperset(of: [.irregular, .cpuUnknown]))
    #expect(!records[0].flags.contains(.cutOffAtEnd) && records[1].flags.contains(.cutOffAtEnd))
    #expect(records[0].attempts == 1)
  }

  /// R, databases and Hive write their own words for nothing, in one file or in several.
  @Test func wordsForNothingAreNothing() throws {
    for word in ["NA", "<NA>", "NaT", "NULL", "null", "None", "\\N", "nan"] {
      let text = "job_id,submit_us,run_us,priority,cpu_cores,machine_id,user\n"
      let row = "7,1,\(word),\(word),\(word),\(word),NA\n"
      try folder.write(text + row, to: "one.csv")
      try folder.write(text + row, to: "some/a.csv")
      try folder.write(text + "8,2,5,3,1,4,ann\n", to: "some/b.csv")
      for path in [folder("one.csv"), folder("some")] {
        let (records, stream) = try read(path)
        #expect(records[0].flags.isSuperset(of: [.runTimeUnknown, .cpuUnknown]), "\(word)")
        #expect(records[0].priority == -1 && records[0].machine == -1, "\(word)")
        // Somebody may be called so.
        #expect(stream.symbols[records[0].user] == "NA")
      }
    }
    let text = "job_id,submit_us,run_us\n7,NA,1\n"
    #expect(throws: TraceError.self) { try read(folder.write(text, to: "no.csv")) }
  }

  /// A request and the largest one share a flag: where a row has one of them, the other is the same.
  @Test func aRequestIsNotLostBesideAnEmptyLargestOne() throws {
    let header = "job_id,submit_us,cpu_cores,max_cpu_cores,memory_bytes,max_memory_bytes"
    let rows = ["1,1,0.5,,,", "2,2,,2,7,", "3,3,1,3,,9", "4,4,,,8,8"]
    let path = try folder.write(([header] + rows).joined(separator: "\n") + "\n", to: "max.csv")
    for only in [false, true] {
      var records = try read(path).records
      if only {
        let text = "job_id,submit_us,max_cpu_cores,max_memory_bytes\n1,1,0.5,\n2,2,2,7\n3,3,3,9\n"
        records = try read(folder.write(text + "4,4,,8\n", to: "only.csv")).records
      }
      #expect(records.map(\.request.cpu) == [0.5, 2, only ? 3 : 1, 0].map { Cores($0) })
      #expect(records.map(\.maxRequest.cpu) == [0.5, 2, 3, 0].map { Cores($0) })
      #expect(records.map { $0.flags.contains(.cpuUnknown) } == [false, false, false, true])
      #expect(records.map(\.request.memory) == [0, 7, 9, 8].map { Bytes($0) })
      #expect(records.map(\.maxRequest.memory) == [0, 7, 9, 8].map { Bytes($0) })
      #expect(records.map { $0.flags.contains(.memoryUnknown) } == [true, false, false, false])
    }
  }

  @Test func usersThatAreNotUTF8StayApart() throws {
    let names: [[UInt8]] = [[0x61, 0xe9], [0x61, 0xe8], [0x61, 0xff, 0xfe], Array("aé".utf8)]
    var bytes = Array("submit_us,user\n".utf8)
    for (number, name) in names.enumerated() { bytes += Array("\(number),".utf8) + name + [0x0a] }
    let (records, stream) = try read(folder.write(bytes, to: "r.csv"))
    let users = records.map { stream.symbols[$0.user] }
    #expect(users == ["a\\xE9", "a\\xE8", "a\\xFF\\xFE", "aé"])
  }

  @Test func everyGroupOfFilesAndEveryPartitionIsRead() throws {
    try folder.write("id,t,d\n1,10,1\n2,20,1\n", to: "tasks/day=1/part-0.csv")
    try folder.write("id,t,d\n3,5,1\n", to: "tasks/day=2/part-0.csv")
    try folder.write("id,t,d\n4,1,1\n", to: "tasks/day=a%2Fb/part-0.csv")
    try folder.write("id,t,d\n5,2,1\n", to: "tasks/day=__HIVE_DEFAULT_PARTITION__/part-0.csv")
    let (records, stream) = try mapped(folder("tasks"))
    #expect(records.map(\.id.job) == [4, 5, 3, 1, 2])
    #expect(records.map { stream.symbols[$0.user] } == ["a/b", "", "2", "1", "1"])
    #expect(stream.report.rows["tasks"] == 5)

    try folder.write("id,t,d\n1,1,1\n", to: "months/2024-apr.csv")
    try folder.write("d,t,id\n1,2,2\n", to: "months/2024-may.csv")
    try folder.write("x,y\n1,2\n", to: "months/other.csv")
    #expect(try mapped(folder("months")).records.map(\.id.job) == [1, 2])
    let opener = TraceOpener(formats: [MappedTableFormat(name: "columns", mapping: mapping)])
    #expect(
      try opener.open(folder("months")).passedOver.map(\.name) == [folder("months/other.csv")])

    // Record files too: parts in any order, a column of ours in the folders' names.
    try folder.write("job_id,submit_us\n1,9\n", to: "own/priority_class=batch/a.csv")
    try folder.write("job_id,submit_us\n2,3\n", to: "own/priority_class=production/a.csv")
    let own = try read(folder("own")).records
    #expect(own.map(\.id.job) == [2, 1] && own.map(\.priorityClass) == [.production, .batch])
    // A column that is none of ours is kept as those of the files are.
    try folder.write("job_id,submit_us,queue\n1,9,a\n", to: "more/site=eu/zone=01/a.csv")
    try folder.write("job_id,submit_us,queue\n2,3,b\n", to: "more/site=us%2C2/zone=1/a.csv")
    let more = try TraceOpener(formats: [RecordFileFormat()]).open(folder("more"))
    var options = ReadOptions()
    options.keepsColumns = true
    let kept = try more.records(options).attributes
    #expect(Set(kept.columns.map(\.name)) == ["queue", "site", "zone"])
  }

  @Test func whatIsThereTwiceIsTold() throws {
    let (_, stream) = try mapped(
      folder.write("id,t,d\n1,1,1\n2,1,1\n1,2,1\n1,3,1\n", to: "twice.csv"))
    #expect(
      stream.report.notes.texts.contains {
        $0.contains("1 task has more than one row (2 rows too many)")
      }
    )
    let own = try read(folder.write("job_id,submit_us\n1,1\n1,2\n", to: "own.csv")).stream
    #expect(
      own.report.notes.texts.contains {
        $0.contains("1 task has more than one row (1 row too many)")
      })
    let opener = TraceOpener(formats: [RecordFileFormat(), StandardWorkloadFormat()])
    for (name, text) in [
      ("r.csv", "job_id,submit_us\n1,1\n1,2\n"),
      ("l.swf", String(repeating: "1 0 0 9 4 -1 -1 4 9 -1 1 1 1 -1 -1 -1 -1 -1\n", count: 2)),
    ] {
      let results = try TraceVerifier.verify(
        folder.write(text, to: name), opener, options: ReadOptions())
      #expect(results.contains { $0.check == .rows && !$0.passed && $0.detail.contains("repeat") })
    }
  }

  @Test(.enabled(if: python != nil, noPython))
  func `Parquet's logical types are obeyed`() throws {
    try make(
      """
      import pyarrow as pa, pyarrow.parquet as pq, decimal as de, datetime as dt
      D = de.Decimal
      def w(name, t, d=[1, 1], **more):
        cols = {"id": pa.array([1, 2], pa.int64()), "t": t, "d": pa.array(d) if isinstance(d, list) else d}
        cols.update(more)
        pq.write_table(pa.table(cols), name + ".parquet", store_decimal_as_integer=True)
      w("decimal", pa.array([D("10.500"), D("21")], pa.decimal128(12, 3)), c=pa.array([D("2.5"), D("0.1")], pa.decimal128(4, 1)))
      w("unsigned", pa.array([3000000000, 4000000000], pa.uint32()), m=pa.array([3000000000, 5], pa.uint32()))
      for unit in ["s", "ms", "us", "ns"]:
        w(unit, pa.array([dt.datetime(1970, 1, 1, 0, 0, 1), dt.datetime(1970, 1, 1, 0, 1)], pa.timestamp(unit)))
      w("date", pa.array([dt.date(1970, 1, 2), dt.date(1970, 1, 3)], pa.date32()))
      pq.write_table(pa.table({"id": pa.array([2**63 + 5, 7], pa.uint64()), "t": [1, 2], "d": [1, 1]}), "large.parquet")
      pq.write_table(pa.table({"id": [1.0, 2.0**53 + 2], "t": [1, 2], "d": [1, 1]}), "float-id.parquet")
      t = pa.array([dt.datetime(1970, 1, 1)], pa.timestamp("ns"))
      pq.write_table(pa.table({"id": [1], "t": t, "d": [1]}), "int96.parquet", use_deprecated_int96_timestamps=True)
      for name, a in [("decimal38", pa.array([D("1.5")], pa.decimal128(30, 2))), ("half", pa.array([1.5], pa.float16())),
                      ("nested", pa.array([[{"a": 1}]])), ("group", pa.array([{"a": 1}])), ("decimal-bytes", pa.array([D("1.5")], pa.decimal128(20, 2)))]:
        pq.write_table(pa.table({"id": [1], "t": a, "d": [1]}), name + ".parquet")
      """)
    var tasks = try mapped(folder("decimal.parquet")).records
    // Microseconds, as the mapping has no unit: 10.5 rounds to even-away 11.
    #expect(
      tasks.map(\.submit.rawValue) == [11, 21]
        && tasks.map(\.request.cpu) == [Cores(2.5), Cores(0.1)])
    tasks = try mapped(folder("unsigned.parquet")).records
    #expect(tasks.map(\.submit.rawValue) == [3_000_000_000, 4_000_000_000])
    #expect(tasks.map(\.machine) == [3_000_000_000, 5])
    for unit in ["s", "ms", "us", "ns"] {
      #expect(
        // Dates, so from the first submission on.
        try mapped(folder("\(unit).parquet")).records.map(\.submit.seconds) == [0, 59], "\(unit)")
    }
    #expect(try mapped(folder("date.parquet")).records.map(\.submit.seconds) == [0, 86400])
    let large = try mapped(folder("large.parquet")).records.map(\.id.job)
    #expect(large[0] >= 1 << 62 && large[1] == 7)
    #expect(throws: TraceError.self) { try mapped(folder("float-id.parquet")) }
    for (name, type) in [
      ("int96", "INT96"), ("decimal38", "DECIMAL(30, 2)"), ("half", "FLOAT16"),
      ("nested", "nested"),
      ("decimal-bytes", "DECIMAL(20, 2)"),
    ] {
      let error = try #require(throws: TraceError.self) { try mapped(folder("\(name).parquet")) }
      #expect(error.message.contains("'t'") && error.message.contains(type), "\(error)")
    }
    // A group is its fields: there is no column of its name.
    let error = try #require(throws: TraceError.self) { try mapped(folder("group.parquet")) }
    #expect(error.message.contains("t.a"), "\(error)")
  }

  /// Few bytes may stand for very many entries of a list.
  @Test(.enabled(if: python != nil, noPython))
  func `entries of lists follow the file`() throws {
    try make(
      """
      import pyarrow as pa, pyarrow.parquet as pq, numpy
      entries = pa.ListArray.from_arrays([0, 20_000_000], pa.array(numpy.zeros(20_000_000, dtype="int8"), pa.int8()))
      pq.write_table(pa.table({"id": [1], "t": [1], "d": [1], "p": entries}), "entries.parquet", compression="zstd")
      """)
    let error = try #require(throws: TraceError.self) { try mapped(folder("entries.parquet")) }
    #expect(
      error.message.contains("20000000 entries of p are more than 1000 times the file's size"))
  }

  /// Columns beside ours: dates as dates, what cannot be read by column and type; a task that is there twice.
  @Test(.enabled(if: python != nil, noPython))
  func `other columns of Parquet records are kept or named`() throws {
    try make(
      """
      import pyarrow as pa, pyarrow.parquet as pq, datetime as dt, decimal, numpy
      t = dt.datetime(2024, 2, 29, 23, 59, 59, 500000)
      table = pa.table({
        "job_id": [1, 1], "submit_us": [1, 2], "day": [dt.date(1969, 12, 31), dt.date(2024, 2, 29)],
        "at": pa.array([t, None], pa.timestamp("ns")), "clock": pa.array([t.time(), dt.time(1)]),
        "large": [1704067200000000, 9007199254740992], "half": numpy.array([1, 2], numpy.float16),
        "lists": [[1], [2]], "money": [decimal.Decimal("1.5")] * 2})
      pq.write_table(table, "other.parquet")
      pq.write_table(pa.table({"id": [1], "t": [1], "d": [1], "on": [dt.date(2024, 2, 29)]}), "m.parquet")
      """)
    var options = ReadOptions()
    (options.keepsColumns, options.keepsAttributes) = (true, true)
    let stream = try TraceOpener(formats: [RecordFileFormat()]).open(folder("other.parquet"))
      .records(options)
    _ = try Formats.drain(stream)
    #expect(Set(stream.attributes.columns.map(\.name)) == ["day", "at", "clock", "large"])
    func words(_ name: String) -> [String] {
      guard let column = stream.attributes.columns.firstIndex(where: { $0.name == name }) else {
        return []
      }
      return (0..<stream.attributes.tasks.count).compactMap {
        stream.attributes.value(column: column, row: $0).map { stream.symbols[UInt32($0)] }
      }
    }
    // Both rows are of one task, which keeps the last value.
    #expect(words("day") == ["2024-02-29"] && words("at") == ["2024-02-29T23:59:59.500000000"])
    #expect(words("clock") == ["01:00:00"])
    #expect(stream.attributes["large", TaskID(job: 1, index: 0)] == 9_007_199_254_740_992)
    let notes = stream.report.notes.texts
    #expect(
      notes.contains { note in
        ["'half' (FLOAT16", "'lists' (", "'money' (DECIMAL"].allSatisfy(note.contains)
      }, "\(notes)")
    #expect(notes.contains { $0.contains("1 task has more than one row") }, "\(notes)")
  }

  @Test(.enabled(if: python != nil, noPython))
  func `record files through pandas, polars and DuckDB are the same`() throws {
    let header =
      "job_id,task_index,user,priority,submit_us,end_us,run_us,attempts,outcome,machine_id,cpu_cores,memory_bytes,irregular"
    let text = """
      \(header)
      1,0,ann,2,10,90,80,1,finished,5,0.5,1024,0
      1,1,,0,11,,,0,pending,,,2048,1
      2,0,bob,,12,99,9,3,killed,7,2,,0

      """
    let expected = try read(folder.write(text, to: "r.csv"))
    try make(
      """
      import pandas as pd, polars as pl, duckdb, pyarrow as pa, pyarrow.parquet as pq
      p = pd.read_csv("r.csv"); p["irregular"] = p["irregular"].astype(bool)
      p.to_csv("pandas.csv", index=False); p.to_parquet("pandas.parquet")
      q = pl.read_csv("r.csv").with_columns(pl.col("irregular").cast(pl.Boolean))
      q.write_csv("polars.csv"); q.write_parquet("polars.parquet")
      duckdb.sql("COPY (SELECT * FROM 'r.csv') TO 'duckdb.parquet' (FORMAT parquet)")
      duckdb.sql("COPY (SELECT * FROM 'r.csv') TO 'duckdb.csv' (HEADER)")
      t = pa.Table.from_pandas(p, preserve_index=False)
      t = t.set_column(t.schema.get_field_index("user"), "user", t["user"].cast(pa.large_string()))
      t = t.set_column(t.schema.get_field_index("outcome"), "outcome", t["outcome"].dictionary_encode())
      pq.write_table(t, "arrow.parquet")
      for n, part in enumerate([t.slice(2), t.slice(0, 2)]):
        os.makedirs("spark", exist_ok=True)
        pq.write_table(part, f"spark/part-0000{n}-a1b2c3.snappy.parquet")
        open(f"spark/.part-0000{n}.crc", "wb").write(b"crc")
      open("spark/_SUCCESS", "w").close()
      """)
    for name in [
      "pandas.csv", "pandas.parquet", "polars.csv", "polars.parquet", "duckdb.parquet",
      "duckdb.csv",
      "arrow.parquet", "spark",
    ] {
      let (records, stream) = try read(folder(name))
      #expect(records.count == 3, "\(name)")
      for (record, other) in zip(records, expected.records) {
        var plain = record
        #expect(stream.symbols[record.user] == expected.stream.symbols[other.user], "\(name)")
        plain.user = other.user
        #expect(plain == other, "\(name)")
      }
    }
  }
}

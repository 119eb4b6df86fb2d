import Diagnostics
import Foundation
import Tables
import TestSupport
import Testing
import TraceInput
import Workload

@testable import TraceParsing

/// What a format says beyond the columns of record files is kept in columns of their own, and comes back.
@Suite struct AttributeTests {
  /// Formats that keep attributes, with rows that have some.
  private static let samples: [(format: any TraceFormat, file: String, text: String)] = [
    (
      AlibabaGPU2023Format.format, "pods.csv",
      "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n"
        + "openb-pod-0001,1000,2048,1,500,V100|T4,LS,Succeeded,1,9,3\n"
        + "openb-pod-0002,1000,2048,1,500,,BE,Failed,2,9,3\n"
    ),
    (
      StandardWorkloadFormat(), "a.swf",
      "1 0 1 9 4 -1 -1 4 9 -1 1 1 1 7 2 1 -1 -1\n2 5 1 9 4 -1 -1 4 9 -1 0 2 1 1 1 1 1 7\n"
    ),
    (
      Google2019Format(), "collection_events-000000000000.json",
      #"{"time":"5","type":"0","collection_id":"7","priority":"200","collection_type":"0","user":"u","vertical_scaling":"2","scheduler":"1"}"#
        + "\n"
    ),
  ]

  /// Tasks with attributes written as we write numbers, names, names that look like numbers, and nothing.
  private static let plain =
    "job_id,task_index,submit_us,run_us,cpu_cores,memory_bytes,gpu_type,level,tag\n"
    + "1,0,5,7,1,1,A100,3,7\n1,1,6,7,1,1,\"x, y\",0.5,007\n2,0,7,7,1,1,,,b\n"

  private struct Kept: Equatable {
    var task: TaskID
    var values: [String: String]
  }

  /// Every task's attributes as words.
  private func kept(_ stream: RecordStream) throws -> [Kept] {
    var all: [Kept] = []
    while let record = try stream.next() {
      var values: [String: String] = [:]
      for (place, column) in stream.attributes.columns.enumerated() {
        guard let value = stream.attributes.value(column: place, of: record.id) else { continue }
        values[column.name] =
          column.kind == .symbol ? stream.symbols.strings[Int(value)] : decimal(value)
      }
      all.append(Kept(task: record.id, values: values))
    }
    return all
  }

  private func open(
    _ path: String, _ format: any TraceFormat = RecordFileFormat(), keeps: Bool = true
  ) throws -> RecordStream {
    var options = ReadOptions()
    options.keepsColumns = keeps
    return try TraceOpener(formats: [format]).open(path).records(options)
  }

  private func write(_ stream: RecordStream, to path: String) throws {
    let writer = try TableFileKind(path: path).writer(
      path: path, columns: RecordColumn.table + stream.attributes.table,
      symbols: { stream.symbols.strings }, threads: 3)
    while let record = try stream.next() { try writer.write(record) }
    try writer.finish()
  }

  private func comesBack(_ make: () throws -> RecordStream) throws {
    let folder = try ScratchFolder()
    let expected = try kept(make())
    for ending in [".parquet", ".csv", ".csv.zst"] {
      let path = folder.path + "/t" + ending
      try write(make(), to: path)
      let back = try kept(open(path))
      let taken = Set(RecordColumn.table.map(\.name))
      #expect(
        back
          == expected.map { kept in
            Kept(
              task: kept.task,
              values: Dictionary(
                uniqueKeysWithValues: kept.values.map {
                  (taken.contains($0.key) ? "attribute_" + $0.key : $0.key, $0.value)
                }))
          }, "\(ending)")
      // Nobody pays for what nobody asks for.
      #expect(try open(path, keeps: false).attributes.isEmpty)
    }
  }

  @Test func whatAFormatSaysComesBack() throws {
    for sample in Self.samples {
      let folder = try ScratchFolder()
      try folder.write(sample.file, sample.text)
      let make = { try open(folder.path + "/" + sample.file, sample.format) }
      #expect(try !kept(make()).allSatisfy(\.values.isEmpty), "\(sample.format.name)")
      try comesBack(make)
    }
  }

  /// Every mapping of the program's own that keeps attributes, on real rows.
  @Test(.enabled(if: Formats.has("README.md"), "needs ../shared/traces"))
  func whatAMappingKeepsComesBack() throws {
    let cases = [
      ("helios", "helios/readme-cluster_log.csv"), ("acme", "acme/readme-trace_seren.csv"),
      ("philly", "philly/readme-cluster_job_log.json"),
      ("spot", "alibaba-spot-gpu-2026/readme-job_info_df.csv"),
      ("azure", "azure-functions-2021"), ("genai", "alibaba-genai-2026/lora_request_trace.csv.gz"),
    ]
    var some = 0
    for (name, path) in cases where Formats.has(path) {
      let make = {
        try TraceOpener(formats: MappedTableFormat.presets).open(Formats.traces + "/" + path)
          .records(ReadOptions())
      }
      if try !make().attributes.isEmpty { some += 1 }
      try comesBack(make)
      #expect(some > 0, "\(name)")
    }
  }

  @Test func columnsThatAreNotOursAreKept() throws {
    let folder = try ScratchFolder()
    try folder.write("r.csv", Self.plain)
    let seen = try kept(open(folder.path + "/r.csv"))
    #expect(
      seen.map(\.values) == [
        ["gpu_type": "A100", "level": "3", "tag": "7"],
        ["gpu_type": "x, y", "level": "0.5", "tag": "007"], ["tag": "b"],
      ])
    try comesBack { try open(folder.path + "/r.csv") }
    // A row that cannot be read is counted once.
    try folder.write("r.csv", Self.plain + "3,0,8,x,1,1,T4,1,c\n3,1,9,1,1,1,T4,1,c\n")
    var options = ReadOptions()
    options.keepsColumns = true
    options.rejects = try RejectLog { _ in }
    let stream = try TraceOpener(formats: [RecordFileFormat()]).open(folder.path + "/r.csv")
      .records(options)
    let last = try kept(stream).last
    #expect(stream.report.rejects.values.reduce(0, +) == 1 && stream.report.records == 4)
    #expect(last?.values == ["gpu_type": "T4", "level": "1", "tag": "c"])
  }

  /// A number after a name is a name, and numbers before the first name become names.
  @Test func aColumnHoldsNumbersOrNames() {
    var attributes = TaskAttributes()
    var symbols = SymbolTable()
    for (job, text) in ["1", "2.5", "LS", "4"].enumerated() {
      Array(text.utf8).withUnsafeBytes {
        attributes.set("qos", of: TaskID(job: Int64(job)), to: $0, number: Double(text), &symbols)
      }
    }
    #expect(attributes.columns.map(\.kind) == [.symbol])
    let words = (0..<4).map { job in
      attributes["qos", TaskID(job: job)].map { symbols.strings[Int($0)] }
    }
    #expect(words == ["1", "2.5", "LS", "4"])
  }
}

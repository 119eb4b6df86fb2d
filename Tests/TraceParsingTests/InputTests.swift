import Diagnostics
import Foundation
import TestSupport
import Testing
import TraceInput
import Workload

@testable import TraceParsing

/// A small job_events table as parts.
let jobParts = [
  "0,,1,0,alice,1,n,l\n600000000,,2,0,bob,2,n,l\n600000100,,2,1,bob,2,n,l\n",
  "600000200,,1,1,alice,1,n,l\n600000300,,2,4,bob,2,n,l\n",
  "600000400,,3,0,,0,n,l\n600000500,,3,1,,0,n,l\n600000600,,1,5,alice,1,n,l\n",
]

func partName(_ number: Int, of total: Int = 500) -> String {
  String(format: "part-%05d-of-%05d.csv.gz", number, total)
}

/// All records of the trace at `path`, with what was counted.
func read(
  _ path: String, table: String? = nil, _ change: (inout ReadOptions) -> Void = { _ in }
) throws -> (records: [TaskRecord], stream: RecordStream) {
  let opener = TraceOpener(formats: [RecordFileFormat(), Google2011Format()])
  var options = ReadOptions()
  options.table = table
  change(&options)
  let stream = try opener.open(path, table: table).records(options)
  var records: [TaskRecord] = []
  while let record = try stream.next() { records.append(record) }
  return (records, stream)
}

@Suite struct PartNameTests {
  @Test func seriesAreRecognised() {
    let part = PartName("part-00017-of-00500.csv.gz")
    #expect(part.stem == "part-#-of-#")
    #expect(part.number == 17 && part.total == 500)
    #expect(PartName("instance_events-000000000012.json.gz").number == 12)
    #expect(PartName("job_events.csv").number == nil)
    #expect(PartName("a1b2").number == nil)
    #expect(PartName("part-99999999999999999999-of-00500").number == .max)
  }
}

@Suite struct InputKindTests {
  let gz = jobParts.map { ArchiveMaker.compress(Array($0.utf8), .gzip) }
  var entries: [(String, [UInt8])] {
    gz.enumerated().map { ("job_events/" + partName($0.offset), $0.element) }
  }

  @Test func everyWayToKeepATableGivesTheSameRecords() throws {
    let folder = TemporaryFolder()
    for (name, bytes) in entries { try folder.write(bytes, to: "root/" + name) }
    let expected = try read(folder("root/job_events")).records
    #expect(expected.map(\.id.job) == [1, 2, 3])
    #expect(expected.map(\.outcome) == [.killed, .finished, .running])

    let whole = Array(jobParts.joined().utf8)
    let files: [(String, [UInt8])] = [
      ("a.csv", whole), ("b.csv.gz", ArchiveMaker.compress(whole, .gzip)),
      ("c.csv.xz", ArchiveMaker.compress(whole, .xz)),
      ("d.csv.zst", ArchiveMaker.compress(whole, .zstd)),
      ("e.csv.bz2", ArchiveMaker.compress(whole, .bzip2)),
      ("f.tar", ArchiveMaker.tar(entries)), ("g.tar.gz", ArchiveMaker.tar(entries, .gzip)),
      ("h.tar.xz", ArchiveMaker.tar(entries, .xz)), ("i.tar.zst", ArchiveMaker.tar(entries, .zstd)),
      ("j.zip", ArchiveMaker.zip(entries)), ("k.7z", ArchiveMaker.sevenZip(entries)),
      // Stored in the wrong order: the parts still go by number.
      ("l.tar.gz", ArchiveMaker.tar(entries.reversed(), .gzip)),
      ("m.zip", ArchiveMaker.zip([entries[1], entries[0], entries[2]])),
      // Names that lie.
      ("n.zip", ArchiveMaker.compress(whole, .gzip)), ("o.csv", ArchiveMaker.tar(entries, .zstd)),
      ("p", ArchiveMaker.compress(ArchiveMaker.compress(whole, .gzip), .xz)),
    ]
    for (name, bytes) in files {
      let path = try folder.write(bytes, to: name)
      #expect(try read(path).records == expected, "\(name)")
    }
    #expect(try read(folder("root")).records == expected)
    let nested = TemporaryFolder()
    try nested.write(ArchiveMaker.tar(entries, .gzip), to: "job_events.tar.gz")
    #expect(try read(nested.path).records == expected)
  }

  @Test func missingPartsAreReported() throws {
    let folder = TemporaryFolder()
    for part in [3, 4, 7, 9, 10] {
      try folder.write(gz[0], to: "job_events/" + partName(part))
    }
    let trace = try TraceOpener(formats: [Google2011Format()]).open(folder.path)
    #expect(trace.tables[0].missing == [5...6, 8...8])
    #expect(trace.tables[0].missingCount == 3)
    #expect(trace.tables[0].total == 500)
    #expect(
      trace.notes.contains {
        $0.text.contains("part 5-6, 8 missing") && $0.figures == ["missing": 3]
      })
    #expect(trace.notes.contains { $0.text.contains("5 of 500 parts given") })
  }

  @Test func namesThatMakeNoSeriesDoNoHarm() throws {
    for names in [
      ["a1-part-5-of-9.csv", "a2-part-1-of-9.csv"], ["x-1.csv", "x-20110501120000.csv"],
      ["part-9-of-3.csv", "part-2-of-9.csv"],
      ["part-1-of-9223372036854775807.csv", "part-9223372036854775806-of-9223372036854775807.csv"],
      ["x-0.csv", "x-99999999999999999999.csv"], ["part-0-of-2.csv", "part-0-of-3.csv"],
    ] {
      let folder = TemporaryFolder()
      for name in names { try folder.write(jobParts[0], to: "job_events/" + name) }
      let group = try TraceInput(path: folder.path).groups[0]
      #expect(group.numbers.isEmpty && group.missing.isEmpty, "\(names)")
      let trace = try TraceOpener(formats: [Google2011Format()]).open(folder.path)
      #expect(trace.tables[0].parts == 2 && trace.notes.count < 3)
    }
  }

  @Test(.timeLimit(.minutes(1))) func pipesWithAPathAreReadOnce() throws {
    let folder = TemporaryFolder()
    let whole = Array(jobParts.joined().utf8)
    for bytes in [whole, ArchiveMaker.compress(whole, .gzip), ArchiveMaker.tar(entries, .gzip)] {
      let path = folder("pipe")
      #expect(mkfifo(path, 0o600) == 0)
      let writer = Thread {
        guard let file = FileHandle(forWritingAtPath: path) else { return }
        try? file.write(contentsOf: Data(bytes))
        try? file.close()
      }
      writer.start()
      #expect(try read(path).records.map(\.id.job) == [1, 2, 3])
      unlink(path)
    }
  }

  @Test(.timeLimit(.minutes(1))) func aPipeInAFolderIsNotOpened() throws {
    let folder = TemporaryFolder()
    try folder.write(jobParts.joined(), to: "job_events/part-0-of-1.csv")
    #expect(mkfifo(folder("job_events/pipe"), 0o600) == 0)
    #expect(try TraceInput(path: folder.path).passedOver.map(\.name) == [folder("job_events/pipe")])
    #expect(try read(folder.path).records.count == 3)
  }

  @Test func aPipedArchiveIsKeptWhereTheUserSays() throws {
    let folder = TemporaryFolder()
    let bytes = ArchiveMaker.tar(entries)
    let nowhere = folder("nowhere")
    let error = #expect(throws: TraceError.self) {
      try Container(spooling: MemoryStream(bytes, name: "x"), name: "x", directory: nowhere)
    }
    #expect(error?.file == nowhere)
  }

  @Test func oneBeginningIsKeptOfEachGroup() throws {
    let folder = TemporaryFolder()
    try folder.write("", to: "t/part-1.csv")
    for number in [10, 9, 2] { try folder.write("\(number),x\n", to: "t/part-\(number).csv") }
    let input = try TraceInput(path: folder.path)
    #expect(input.groups.map(\.head) == [Array("2,x\n".utf8)])
  }

  @Test func progressExpectsWhatIsRead() throws {
    let folder = TemporaryFolder()
    try folder.write(jobParts[0], to: "job_events/part-0-of-1.csv")
    try folder.write("0,5,0,HofLGzk1Or/8Ildj2=,0.5,0.2493\n", to: "machine_events/part-0-of-1.csv")
    let meter = ReadMeter()
    let trace = try TraceOpener(formats: [Google2011Format()]).open(folder.path, meter: meter)
    #expect(meter.total == 0)
    var options = ReadOptions()
    options.meter = meter
    _ = try trace.records(options)
    #expect(meter.total == jobParts[0].utf8.count)
    #expect(meter.bytes == meter.total)
  }

  @Test func partsGoByNumberNotByName() throws {
    let folder = TemporaryFolder()
    let texts = (0..<12).map { "\(600_000_000 + $0),,\($0),0,u,1,n,l\n" }
    for (number, text) in texts.enumerated() { try folder.write(text, to: "part-\(number)-of-12") }
    #expect(try read(folder.path).records.map(\.id.job) == Array(0..<12))
  }

  @Test func theSamePartTwiceIsAnError() throws {
    let folder = TemporaryFolder()
    try folder.write(gz[0], to: "job_events/part-00000-of-00500.csv.gz")
    try folder.write(jobParts[0], to: "job_events/part-00000-of-00500.csv")
    let error = #expect(throws: TraceError.self) { try read(folder.path) }
    #expect(error?.message.contains("the same part as") == true)
  }

  @Test func schemaDecidesTheColumnOrder() throws {
    let folder = TemporaryFolder()
    let order = [2, 0, 5, 3, 4, 1, 6, 7]  // for each new place the old column
    let names = Google2011Table.jobEvents.columns.map(\.name)
    var schema = "file pattern,field number,content,format,mandatory\n"
    for (place, column) in order.enumerated() {
      schema += "job_events/part-?????-of-?????.csv.gz,\(place + 1),\(names[column]),X,NO\n"
    }
    try folder.write(schema, to: "root/schema.csv")
    for (part, text) in jobParts.enumerated() {
      let moved = text.split(separator: "\n").map { row in
        let fields = row.split(separator: ",", omittingEmptySubsequences: false)
        return order.map { String(fields[$0]) }.joined(separator: ",")
      }.joined(separator: "\n")
      try folder.write(moved, to: "root/job_events/part-\(part)-of-3.csv")
      try folder.write(text, to: "plain/job_events/part-\(part)-of-3.csv")
    }
    let expected = try read(folder("plain")).records
    #expect(try read(folder("root")).records == expected)
    #expect(try read(folder("root/job_events")).records == expected)
    let part = "job_events/part-0-of-3.csv"
    #expect(try read(folder("root/" + part)).records == read(folder("plain/" + part)).records)
    try folder.write(
      schema.replacing("event type", with: "kind of event"), to: "root/schema.csv")
    let error = #expect(throws: TraceError.self) { try read(folder("root")) }
    #expect(error?.description.contains("no column 'event type'") == true)
  }

  @Test func tablesAreToldApartByTheirContent() throws {
    let folder = TemporaryFolder()
    let contents: [(Google2011Table, String)] = [
      (.jobEvents, jobParts[0]),
      (.taskEvents, "0,,1,0,,0,u,3,9,0.125,0.07446,0.2122,0\n"),
      (.machineEvents, "0,5,0,HofLGzk1Or/8Ildj2=,0.5,0.2493\n0,6,0,,,\n"),
      (.machineAttributes, "0,5,nZAfbb,1,0\n"),
      (.taskConstraints, "0,1,0,1,nZAfbb,2\n"),
      (
        .taskUsage,
        "600000000,900000000,1,0,5,0.1,0.1,0.1,0,0,0.1,0,0,0.2,0,1.5,0.01,1,0,0.1\n"
      ),
    ]
    for (table, text) in contents {
      let path = try folder.write(text, to: "x.csv")
      let trace = try TraceOpener(formats: [Google2011Format()]).open(path)
      #expect(trace.tables.map(\.name) == [table.rawValue])
    }
  }

  /// The ordinals of the column enums are part of the format.
  @Test func columnOrdinalsArePinned() {
    #expect(TaskEventColumn.allCases.count == Google2011Table.taskEvents.columns.count)
    #expect(JobEventColumn.allCases.count == Google2011Table.jobEvents.columns.count)
    #expect(MachineEventColumn.allCases.count == Google2011Table.machineEvents.columns.count)
    #expect(
      MachineAttributeColumn.allCases.count == Google2011Table.machineAttributes.columns.count)
    #expect(TaskConstraintColumn.allCases.count == Google2011Table.taskConstraints.columns.count)
    #expect(TaskUsageColumn.allCases.count == Google2011Table.taskUsage.columns.count)
    let usage = Google2011Table.taskUsage.columns.map(\.name)
    #expect(usage[TaskUsageColumn.maximumCPURate.rawValue] == "maximum CPU rate")
    #expect(usage[TaskUsageColumn.sampledCPURate.rawValue] == "sampled CPU usage")
    #expect(
      Google2011Table.taskConstraints.columns[TaskConstraintColumn.comparison.rawValue].name
        == "comparison operator")
    let names = Google2011Table.taskEvents.columns.map(\.name)
    #expect(names[TaskEventColumn.eventType.rawValue] == "event type")
    #expect(names[TaskEventColumn.priority.rawValue] == "priority")
    #expect(names[TaskEventColumn.cpuRequest.rawValue] == "CPU request")
    #expect(names[TaskEventColumn.differentMachines.rawValue] == "different machines restriction")
    #expect(
      Google2011Table.jobEvents.columns[JobEventColumn.schedulingClass.rawValue].name
        == "scheduling class")
    #expect(
      Google2011Table.machineEvents.columns[MachineEventColumn.platformID.rawValue].name
        == "platform ID")
  }
}

@Suite struct OtherTableTests {
  private func trace(_ folder: TemporaryFolder) throws -> Google2011Trace {
    try #require(
      TraceOpener(formats: [Google2011Format()]).open(folder.path) as? Google2011Trace)
  }

  @Test func attributesConstraintsAndUsageAreRead() throws {
    let folder = TemporaryFolder()
    try folder.write("0,5,kernel,,0\n700,5,kernel,7,1\n", to: "machine_attributes/part-0-of-1.csv")
    try folder.write(
      "650,9,2,1,kernel,7\n660,9,3,3,disk,\n", to: "task_constraints/part-0-of-1.csv")
    try folder.write(
      "600,900,9,2,5,0.5,0.1,0.2,,0.01,0.11,1e-05,0.001,0.9,0.02,1.5,0.01,1,0\n"
        + "900,1200,9,2,5,0.5,0.1,0.2,,0.01,0.11,1e-05,0.001,0.9,0.02,1.5,0.01,1,1,0.625\n",
      to: "task_usage/part-0-of-1.csv")
    let trace = try trace(folder)
    var attributes: [MachineAttribute] = []
    var constraints: [TaskConstraint] = []
    var usage: [TaskUsage] = []
    try trace.machineAttributes(ReadOptions()) { attributes.append($0) }
    try trace.taskConstraints(ReadOptions()) { constraints.append($0) }
    try trace.taskUsage(ReadOptions()) { usage.append($0) }
    #expect(
      attributes == [
        MachineAttribute(
          time: .zero, machine: 5, name: "kernel", value: nil, isDeleted: false),
        MachineAttribute(
          time: Microseconds(700), machine: 5, name: "kernel", value: "7", isDeleted: true),
      ])
    #expect(
      constraints == [
        TaskConstraint(
          time: Microseconds(650), id: TaskID(job: 9, index: 2), comparison: .notEqual,
          name: "kernel", value: "7"),
        TaskConstraint(
          time: Microseconds(660), id: TaskID(job: 9, index: 3), comparison: .greater, name: "disk",
          value: nil),
      ])
    #expect(usage.count == 2)
    #expect(usage[0].end == Microseconds(900) && usage[0].machine == 5)
    #expect(usage[0].cpuRate == 0.5 && usage[0].maximumCPURate == 0.9)
    #expect(usage[0].unmappedPageCache.isNaN && usage[0].sampledCPURate.isNaN)
    #expect(usage[0].diskIOTime == 1e-5 && !usage[0].isAggregated)
    #expect(usage[1].sampledCPURate == 0.625 && usage[1].isAggregated)
  }

  @Test func theirBadRowsSayWhere() throws {
    let folder = TemporaryFolder()
    try folder.write("0,5,,1,0\n", to: "machine_attributes/part-0-of-1.csv")
    try folder.write("650,9,2,4,kernel,7\n", to: "task_constraints/part-0-of-1.csv")
    try folder.write(
      "600,900,9,2,5,0.5,0.1,0.2,,x,0.11,1e-05,0.001,0.9,0.02,1.5,0.01,1,0\n",
      to: "task_usage/part-0-of-1.csv")
    let trace = try trace(folder)
    for (table, what) in [
      ("machine_attributes", ":1:3: attribute name is empty"),
      ("task_constraints", ":1:4: comparison operator 4 is not between 0 and 3"),
      ("task_usage", ":1:10: total page cache 'x' is not a number"),
    ] {
      let error = #expect(throws: TraceError.self) { try trace.survey(table, ReadOptions()) }
      #expect(error?.description.contains(what) == true, "\(String(describing: error))")
    }
  }
}

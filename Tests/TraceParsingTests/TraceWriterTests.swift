import Foundation
import Tables
import Testing
import TraceInput
import TraceParsing
import Workload

@Suite struct TraceWriterTests {
  private static let opener = TraceOpener(formats: [
    RecordFileFormat(), Google2019Format(), Google2011Format(), StandardWorkloadFormat(),
  ])
  private static let absent: Comment = "the real traces are not beside the package"

  /// What goes in comes out: Google 2011 → records → Google 2011 → records.
  private func checkRoundTrip(_ path: String, rowsPerPart: Int) throws {
    let folder = try ScratchFolder()
    let copy = folder.path + "/copy"
    let options = ReadOptions()
    let trace = try Self.opener.open(path)
    let stream = try trace.records(options)
    let machines = try trace.machineEvents(options)
    let writer = try Google2011TraceWriter(
      path: copy, jobLevel: stream.report.rows["task_events"] == nil,
      traceEnd: stream.report.lastTime, options: options)
    let records = try Formats.drain(stream)
    for record in records { try writer.write(record) }
    #expect(!FileManager.default.fileExists(atPath: copy))
    try writer.finish(symbols: stream.symbols, machines: machines, rowsPerPart: rowsPerPart)
    #expect(writer.summary.parts == max(1, (writer.summary.rows + rowsPerPart - 1) / rowsPerPart))
    #expect(writer.summary.leftOut == [:])

    let again = try Self.opener.open(copy)
    #expect(again.format == "google-2011")
    let copied = try again.records(options)
    let copies = try Formats.drain(copied)
    #expect(copies.count == records.count)
    #expect(copied.report.lastTime <= stream.report.lastTime)
    for (a, b) in zip(records, copies) {
      #expect(stream.symbols[a.user] == copied.symbols[b.user])
      var b = b
      b.user = a.user
      try #require(a == b)
    }
    let machineCopies = try again.machineEvents(options)
    #expect(machineCopies?.events == machines?.events)
    #expect(machineCopies?.symbols == machines?.symbols)
  }

  @Test(arguments: [100, 290_000])
  func `the made-up trace comes back, whatever its parts`(rowsPerPart: Int) throws {
    try checkRoundTrip(Formats.root + "/data/google-2011-mini", rowsPerPart: rowsPerPart)
  }

  @Test(.enabled(if: Formats.has("google-2011/job_events"), absent))
  func `Google 2011's real jobs come back`() throws {
    let part = Formats.traces + "/google-2011/job_events/part-00001-of-00500.csv.gz"
    try checkRoundTrip(part, rowsPerPart: 5000)
  }

  @Test(.enabled(if: Formats.has("google-2011/task_events"), absent))
  func `a task sample and the real machines come back`() throws {
    let folder = try ScratchFolder()
    for table in ["task_events", "machine_events"] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.path + "/" + table,
        withDestinationPath: Formats.traces + "/google-2011/" + table)
    }
    try checkRoundTrip(folder.path, rowsPerPart: 7)
  }

  @Test(.enabled(if: Formats.has("swf"), absent))
  func `NASA's log comes out as it was`() throws {
    let path = Formats.traces + "/swf/NASA-iPSC-1993-3.1-cln.swf.gz"
    let folder = try ScratchFolder()
    let stream = try Self.opener.open(path).records(ReadOptions())
    let writer = try StandardWorkloadWriter(
      path: folder.path + "/out.swf", stream: stream, format: "swf")
    while let record = try stream.next() { try writer.write(record) }
    try writer.finish()
    let words = { (lines: [Substring]) in
      lines.map { $0.hasPrefix(";") ? [$0] : $0.split(separator: " ") }
    }
    #expect(
      words(try Formats.lines(folder.path + "/out.swf")) == words(try Formats.lines(path)))
  }

  @Test(arguments: ["t.parquet", "t.csv", "t.csv.gz"])
  func `dependencies lie beside record files`(name: String) throws {
    var table = DependencyTable()
    table.add(TaskID(job: 1, index: 2), after: TaskID(job: 1, index: 1))
    table.add(TaskID(job: 1, index: 2), after: TaskID(job: 7), think: Microseconds(30))
    table.add(TaskID(wholeJob: 9), after: TaskID(wholeJob: 8))
    let folder = try ScratchFolder()
    let path = folder.path + "/" + name
    let writer = try TableFileKind(path: path).writer(path: path, columns: RecordColumn.table)
    try writer.write(
      TaskRecord(
        id: TaskID(job: 1, index: 2), submit: Microseconds(5), runTime: .zero, request: .zero))
    try writer.finish()
    try DependencyFile.write(table, beside: path)
    let read = try Self.opener.open(path).records(ReadOptions()).dependencies
    #expect(read.tasks == table.tasks && read.count == 3)
    for task in table.tasks { #expect(read.dependencies(of: task) == table.dependencies(of: task)) }
    // Files from before there were amounts of data.
    let columns = ["job_id", "task_index", "predecessor_job_id", "predecessor_index", "think_us"]
      .enumerated().map { place, name in
        TableColumn<[Int64]>(name, .integer({ (row: borrowing [Int64]) in row[place] }))
      }
    let file = try DependencyFile.path(beside: path)
    let older = try TableFileKind(path: file).writer(path: file, columns: columns)
    try older.write([1, 2, 7, -1, 30])
    try older.finish()
    let edges = try Self.opener.open(path).records(ReadOptions()).dependencies
      .dependencies(of: TaskID(job: 1, index: 2))
    #expect(edges.count == 1 && edges[0].think == Microseconds(30) && edges[0].data == .zero)
    try DependencyFile.write(DependencyTable(), beside: path)
    #expect(try Self.opener.open(path).records(ReadOptions()).dependencies.isEmpty)
  }

  /// Each part of a table in several files has its own dependencies beside it.
  @Test(arguments: ["parquet", "csv"])
  func `dependencies lie beside every part`(ending: String) throws {
    let folder = try ScratchFolder()
    for part in 0..<3 {
      let path = folder.path + "/part-0000\(part)-of-00003.\(ending)"
      let writer = try TableFileKind(path: path).writer(path: path, columns: RecordColumn.table)
      let id = TaskID(job: Int64(part), index: 2)
      try writer.write(
        TaskRecord(
          id: id, submit: Microseconds(Int64(part)), runTime: .zero, request: .zero))
      try writer.finish()
      guard part != 1 else { continue }  // a part without any has no file beside it
      var table = DependencyTable()
      table.add(id, after: TaskID(job: 7, index: Int32(part)), think: Microseconds(30))
      try DependencyFile.write(table, beside: path)
    }
    let stream = try Self.opener.open(folder.path).records(ReadOptions())
    #expect(try Formats.drain(stream).map(\.id.job) == [0, 1, 2])
    let read = stream.dependencies
    #expect(read.tasks == [TaskID(job: 0, index: 2), TaskID(job: 2, index: 2)])
    for part: Int32 in [0, 2] {
      let waits = read.dependencies(of: TaskID(job: Int64(part), index: 2))
      #expect(waits.map(\.predecessor) == [TaskID(job: 7, index: part)])
      #expect(waits.map(\.think) == [Microseconds(30)])
    }
  }

  @Test func `other records become a log`() throws {
    let trace = try TraceOpener(formats: [Alibaba2018Format.format])
      .open(Formats.root + "/data/alibaba-2018")
    let folder = try ScratchFolder()
    let stream = try trace.records(ReadOptions())
    let out = folder.path + "/out.swf"
    let writer = try StandardWorkloadWriter(path: out, stream: stream, format: trace.format)
    while let record = try stream.next() { try writer.write(record) }
    try writer.finish()
    let log = try Self.opener.open(out).records(ReadOptions())
    let jobs = try Formats.drain(log)
    #expect(jobs.count == 8 && jobs.map(\.id.job) == Array(1...8))
    // M1, M2_1, R3_1_2 have one place each for a predecessor; J4_3 comes before R3.
    #expect(log.dependencies.count == 2 && writer.leftOut["dependencies"] == 2)
  }
}

import Diagnostics
import Testing
import TraceInput
import TraceParsing
import Workload

/// Philly's list of machines, mended by its jobs.
@Suite struct PhillyMachinesTests {
  private func open(_ folder: ScratchFolder) throws -> any RecognisedTrace {
    try TraceOpener(formats: MappedTableFormat.presets).open(folder.path)
  }

  private static let list = """
    machineId, number of GPUs, single GPU mem
    m1,2, 24GB
    m2,8, 24GB
    m3,2, 12GB

    """

  private static func job(_ id: Int, _ details: String) -> String {
    #"{"status":"Pass","vc":"v","jobid":"application_\#(id)","attempts":[\#(details)],"#
      + #""submitted_time":"2017-10-07 01:11:39","user":"u"}"#
  }

  private static func attempt(_ machine: String, _ gpus: [Int]) -> String {
    #"{"start_time":"2017-10-07 01:12:09","end_time":"2017-10-07 01:13:23","detail":[{"ip":"\#(machine)","#
      + #""gpus":[\#(gpus.map { #""gpu\#($0)""# }.joined(separator: ","))]}]}"#
  }

  @Test func `machines have as many GPUs as jobs show`() throws {
    let folder = try ScratchFolder()
    let jobs = [
      Self.job(1, Self.attempt("m1", [7])),
      Self.job(2, Self.attempt("m2", [0, 1]) + "," + Self.attempt("m9", [0, 3])),
      Self.job(3, #"{"start_time":"None","end_time":"None","detail":null}"#),
      Self.job(4, ""),
    ]
    try folder.write("cluster_job_log", "[" + jobs.joined(separator: ",\n") + "]")
    try folder.write("cluster_machine_list", Self.list)
    let trace = try open(folder)
    #expect(trace.format == "philly" && trace.passedOver.isEmpty)
    let list = try #require(try trace.machineEvents(ReadOptions()))
    #expect(list.events.map(\.capacity.milliGPU) == [8000, 8000, 2000, 4000])
    #expect(list.events.allSatisfy { $0.unknown == [.cpu, .memory, .disk] })
    #expect(list.events.map { list.symbols[$0.platform] } == ["24GB", "24GB", "12GB", ""])
    #expect(
      list.notes.texts == [
        "jobs had more GPUs than are listed on 1 of 3 machines, which have as many as jobs show: m1 8, listed 2",
        "jobs ran on machines that are not listed, which are added with the GPUs that they had: 1 (m9)",
      ])
    let records = try Formats.drain(trace.records(ReadOptions()))
    #expect(records.count == 4)
    let machines = Set(list.events.map(\.machine))
    #expect(records.filter { $0.machine >= 0 }.allSatisfy { machines.contains($0.machine) })
  }

  @Test func `a list by itself says that it is not mended`() throws {
    let folder = try ScratchFolder()
    try folder.write("cluster_machine_list", Self.list)
    let trace = try open(folder)
    #expect(trace.format == "philly" && !trace.canMakeRecords(from: nil))
    let list = try #require(try trace.machineEvents(ReadOptions()))
    #expect(list.events.map(\.capacity.milliGPU) == [2000, 8000, 2000])
    #expect(list.notes.texts.contains { $0.contains("not mended") })
    #expect(list.survey?.rows == 3)
  }

  /// The published rows: one of the list, which has no header there, and the job of the readme.
  @Test(.enabled(if: Formats.has("philly"), "needs ../shared/traces"))
  func publishedRows() throws {
    let folder = try ScratchFolder()
    let lines = try Formats.lines(Formats.traces + "/philly/readme-usage-and-machine-rows.txt")
    let row = try #require(lines.first { $0.hasSuffix("24GB") })
    try folder.write("cluster_machine_list", row + "\n")
    let jobs = try Formats.lines(Formats.traces + "/philly/readme-cluster_job_log.json")
    try folder.write("cluster_job_log", jobs.joined(separator: "\n"))
    let list = try #require(try open(folder).machineEvents(ReadOptions()))
    // m31 is listed; m47 and m412 had gpu0 to gpu7 of the job.
    #expect(list.events.map(\.capacity.milliGPU) == [8000, 8000, 8000])
    #expect(
      list.notes.texts == [
        "jobs ran on machines that are not listed, which are added with the GPUs that they had: 2 (m47 and others)"
      ])
  }

  @Test(arguments: [
    ("m4,two, 24GB", "number of GPUs 'two' is not a whole number from 0 to 1024"),
    ("m4,-1, 24GB", "number of GPUs '-1' is not a whole number from 0 to 1024"),
    (
      "m4,99999999999999999999, 24GB",
      "number of GPUs '99999999999999999999' is not a whole number from 0 to 1024"
    ),
    ("m4,, 24GB", "number of GPUs '' is not a whole number from 0 to 1024"),
    ("m4,8", "a row has a machine, its GPUs and their memory; this one has 2 fields"),
    ("m4,8,24GB,x", "a row has a machine, its GPUs and their memory; this one has 4 fields"),
    (",8, 24GB", "machineId is empty"),
    ("m2,2, 24GB", "machine m2 is there twice, with other GPUs"),
    ("m4\u{0},x, 24GB", "a NUL byte, which no text has"),
  ])
  func `what is wrong is told in one line`(_ row: String, _ message: String) throws {
    let folder = try ScratchFolder()
    let path = try folder.write("cluster_machine_list", Self.list + row + "\nm5,4, 24GB\n")
    let trace = try open(folder)
    #expect {
      _ = try trace.machineEvents(ReadOptions())
    } throws: { "\($0)" == "\(path):5: \(message)" }
    var options = ReadOptions()
    let rejects = try RejectLog { _ in }
    options.rejects = rejects
    #expect(try trace.machineEvents(options)?.events.count == 4)
    #expect(rejects.counts.values.reduce(0, +) == 1)
  }

  /// Jobs whose machines cannot be read are told where records are made of them; the list stands.
  @Test(arguments: [
    #"{"detail":7}"#, #"{"detail":[{"ip":7,"gpus":["gpu0"]}]}"#,
    #"{"detail":[{"ip":"m1","gpus":["gpu99999999999"]}]}"#,
    #"{"detail":[{"gpus":["gpu3"]}]}"#, #"{"detail":[{"ip":"None","gpus":["gpu3"]}]}"#,
  ])
  func hostileJobs(_ attempt: String) throws {
    let folder = try ScratchFolder()
    let jobs = [
      Self.job(1, Self.attempt("m3", [3])), Self.job(2, attempt),
      Self.job(3, Self.attempt("m3", [4])),
    ]
    try folder.write("cluster_job_log", "[" + jobs.joined(separator: ",\n") + "]")
    try folder.write("cluster_machine_list", Self.list)
    let list = try #require(try open(folder).machineEvents(ReadOptions()))
    #expect(list.events.map(\.capacity.milliGPU) == [2000, 8000, 5000])
  }
}

import Foundation
import Testing
import TraceInput
import TraceParsing
import Workload

@Suite struct Google2019Tests {
  private static let opener = TraceOpener(formats: [
    RecordFileFormat(), Google2019Format(), Google2011Format(), StandardWorkloadFormat(),
    Alibaba2017Format.format, Alibaba2018Format.format, AlibabaGPU2023Format.format,
  ])
  private static let file = "google-2019/instance_events-000000000000.json.gz"
  private static let absent: Comment = "the real traces are not beside the package"

  /// What the test reads for itself, with Foundation's JSON parser.
  private struct Event {
    var time: Int64
    var type: Int
    var isAllocSet: Bool
    var isInside: Bool
    var id: TaskID
    var cpus: Double?
    var priority: Int16

    init(_ line: Substring) throws {
      let object =
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as! [String: Any]
      func integer(_ key: String) -> Int64 { Int64(object[key] as? String ?? "0")! }
      time = integer("time")
      type = Int(integer("type"))
      isAllocSet = integer("collection_type") == 1
      isInside = integer("alloc_collection_id") > 0
      id = TaskID(job: integer("collection_id"), index: Int32(integer("instance_index")))
      cpus = (object["resource_request"] as? [String: Double])?["cpus"]
      priority = Int16(integer("priority"))
    }
  }

  @Test(.enabled(if: Formats.has(file), absent))
  func `a real part, counted independently`() throws {
    let path = Formats.traces + "/" + Self.file
    let events = try Formats.lines(path).map(Event.init)
    #expect(events.count == 56_278)
    let trace = try Self.opener.open(path)
    #expect(trace.format == "google-2019" && trace.tables.map(\.name) == ["instance_events"])
    for withAllocs in [false, true] {
      var options = ReadOptions()
      options.includesAllocSets = withAllocs
      options.sortBufferBytes = 1 << 20  // so that the sorters spill
      let stream = try trace.records(options)
      let records = try Formats.drain(stream)
      let survey = try #require(stream.report.surveys["instance_events"])
      #expect(survey.rows == 56_278)
      #expect(
        survey.events.map(\.count)
          == (0...10).map { type in events.count { $0.type == type } })
      let wanted = events.filter { withAllocs || !$0.isAllocSet }
      let lives = Dictionary(grouping: wanted.filter { $0.time < .max }, by: \.id)
      #expect(records.count == lives.count)
      #expect(stream.report.notes.count == (withAllocs ? 0 : 1))
      for record in records {
        let life = try #require(lives[record.id])
        #expect(record.attempts == life.count { $0.type == 3 })
        #expect(record.submit.rawValue == life[0].time)
        #expect(record.priority == life.last?.priority)
        #expect(record.flags.contains(.allocSet) == life[0].isAllocSet)
        #expect(record.flags.contains(.inAllocSet) == life.contains { $0.isInside })
        let first = life.first { $0.type == 3 }
        #expect(record.firstSchedule.rawValue == first?.time ?? .max)
        let ended = life.last { $0.type < 9 }.map { (4...8).contains($0.type) } ?? false
        #expect(record.end.isKnown == ended)
        let largest = life.compactMap(\.cpus).max() ?? 0
        #expect(record.maxRequest.cpu == Cores(largest * 32))
      }
      let transitions = LifeState.allCases.map { state in
        LifeEvent.allCases.map { stream.report.transitions[state, $0] }.reduce(0, +)
      }.reduce(0, +)
      #expect(transitions == wanted.count { $0.time < .max })
    }
  }

  @Test func `states, defaults, alloc sets, dependencies`() throws {
    let trace = try Self.opener.open(Formats.root + "/data/google-2019")
    #expect(trace.tables.map(\.name) == ["instance_events", "collection_events", "machine_events"])
    let stream = try trace.records(ReadOptions())
    let records = try Formats.drain(stream)
    #expect(records.map(\.id.job) == [9, 7, 10])
    #expect(stream.report.afterEnd == 1)
    let life = records[1]
    #expect(life.submit == Microseconds(1000) && life.firstSchedule == Microseconds(2000))
    #expect(life.waitTime == Microseconds(1000) && life.runTime == Microseconds(3000))
    #expect(life.outcome == .finished && life.machine == 5 && life.flags == [.diskUnknown])
    #expect(life.request.cpu == Cores(16) && life.priorityClass == .mid)
    #expect(stream.report.transitions.impossible.map(\.from) == [.unsubmitted])
    #expect(records[0].flags.isSuperset(of: [.cutOffAtStart, .cutOffAtEnd, .memoryUnknown]))
    #expect(records[0].schedulingClass == 2 && records[0].priorityClass == .monitoring)
    #expect(records[2].flags.isSuperset(of: [.inAllocSet, .missingInfo]))
    #expect(records[2].machine == -1)
    let waits = stream.dependencies.dependencies(of: TaskID(wholeJob: 7))
    #expect(waits.map(\.predecessor) == [TaskID(wholeJob: 9), TaskID(wholeJob: 6)])

    var options = ReadOptions()
    options.table = "collection_events"
    let jobs = try trace.records(options)
    let job = try #require(try Formats.drain(jobs).first)
    #expect(jobs.symbols[job.user] == "u1" && job.flags.contains(.differentMachines))
    #expect(job.outcome == .finished && job.flags.contains(.requestAssumed))
    #expect(jobs.attributes["parent_collection_id", job.id] == 6)
    #expect(jobs.dependencies.count == 2)

    let machines = try #require(try trace.machineEvents(ReadOptions()))
    #expect(machines.events.map(\.machine) == [5, 6, 5])
    #expect(machines.events.map(\.kind) == [.add, .add, .remove])
    #expect(machines.events[1].capacity.cpu == Cores(32))
    #expect(machines.events.map { machines.symbols[$0.platform] } == ["p", "q", ""])
  }

  /// A table as BigQuery exports it, in shards of any name and order: JSON lines, and CSV with a header each.
  @Test(.enabled(if: Formats.has(file), absent), arguments: [false, true])
  func `shards are read together, in any order`(asCSV: Bool) throws {
    let lines = try Formats.lines(Formats.traces + "/" + Self.file)
    let columns = [
      "time", "type", "collection_id", "collection_type", "priority", "alloc_collection_id",
      "instance_index", "machine_id",
    ]
    let header = (columns + ["resource_request.cpus", "resource_request.memory"])
      .joined(separator: ",")
    let rows: [String] = try lines.map { line in
      guard asCSV else { return String(line) }
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      let request = object["resource_request"] as? [String: Double]
      return
        (columns.map { object[$0] as? String ?? "" }
        + ["cpus", "memory"].map { request?[$0].map { "\($0)" } ?? "" }).joined(separator: ",")
    }
    func read(_ shards: [ArraySlice<String>], without missing: Int? = nil) throws -> (
      records: [TaskRecord], rows: Int?, notes: [Note]
    ) {
      let folder = try ScratchFolder()
      for (number, shard) in shards.enumerated() where number != missing {
        let digits = String(number)
        let name = "export-" + String(repeating: "0", count: 12 - digits.count) + digits
        let text = (asCSV ? [header] : []) + Array(shard)
        try folder.write(name + (asCSV ? ".csv" : ".json"), text.joined(separator: "\n") + "\n")
      }
      let trace = try Self.opener.open(folder.path)
      #expect(trace.format == "google-2019" && trace.passedOver.isEmpty)
      #expect(trace.tables.map(\.parts) == [shards.count - (missing == nil ? 0 : 1)])
      let stream = try trace.records(ReadOptions())
      let records = try Formats.drain(stream)
      return (records, stream.report.rows["instance_events"], trace.notes)
    }
    let size = rows.count / 5 + 1
    let runs = (0..<5).map { rows[min(rows.count, $0 * size)..<min(rows.count, ($0 + 1) * size)] }
    let whole = try read([rows[...]])
    let inOrder = try read(runs)
    let shuffled = try read([3, 0, 4, 2, 1].map { runs[$0] })
    #expect(whole.rows == lines.count && inOrder.rows == lines.count)
    #expect(whole.records.count == 25_317)
    #expect(whole.records == inOrder.records && whole.records == shuffled.records)
    let cut = try read(runs, without: 2)
    #expect(cut.rows == lines.count - runs[2].count)
    #expect(cut.notes.contains { $0.kind == .partsMissing && $0.scope == "instance_events" })
  }
}

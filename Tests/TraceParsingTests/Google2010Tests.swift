import Testing
import TraceInput
import TraceParsing
import Workload

@Suite struct Google2010Tests {
  private func open(_ path: String) throws -> any RecognisedTrace {
    try TraceOpener(formats: [
      RecordFileFormat(), Google2019Format(), Google2011Format(), StandardWorkloadFormat(),
      Google2010Format(),
    ]).open(path)
  }

  @Test func `windows become spans`() throws {
    let trace = try open(Formats.root + "/data/google-2010/google-cluster-data-1.csv")
    #expect(trace.format == "google-2010")
    let stream = try trace.records(ReadOptions())
    let records = try Formats.drain(stream)
    #expect(stream.report.rows["task_windows"] == 7)
    #expect(records.map(\.id.job) == [757_745_334, 757_745_334, 1000, 2000])
    #expect(records.map(\.submit.seconds) == [90000, 90000, 90300, 91200])
    #expect(records.map(\.runTime.seconds) == [1200, 300, 600, 300])
    #expect(records.map(\.outcome) == [.lost, .lost, .lost, .running])
    #expect(records.map { $0.flags.contains(.cutOffAtStart) } == [true, true, false, false])
    #expect(records.map { $0.end.isKnown } == [true, true, true, false])
    #expect(records[0].request.cpu == Cores(4) && records[0].request.memory == Bytes(32 << 30))
    #expect(records.map(\.schedulingClass) == [0, 0, 2, 3])
    #expect(
      records.map { stream.attributes["task_id", $0.id] }
        == [1_488_529_826, 4_028_922_835, 1, 7])
    #expect(stream.report.lastTime == Microseconds(91_500_000_000))
    let survey = try trace.survey("task_windows", ReadOptions())
    #expect(survey.rows == 7 && survey.firstTime.seconds == 90000)
  }

  @Test func `a random trace, folded by a dictionary`() throws {
    var rng = RandomStream(seed: 3, name: "windows")
    var text = "Time ParentID TaskID JobType NrmlTaskCores NrmlTaskMem\n"
    var spans: [[Int64]: (Int, Int, Double)] = [:]
    for _ in 0..<5000 {
      let (time, job, task) = (rng.below(84) * 300, Int64(rng.below(30)), Int64(rng.below(20)))
      let cores = Double(rng.below(64)) / 64
      text += "\(time) \(job) \(task) \(job % 4) \(cores) 0.5\n"
      let (first, last, most) = spans[[job, task]] ?? (time, time, cores)
      spans[[job, task]] = (min(first, time), max(last, time), max(most, cores))
    }
    let folder = try ScratchFolder()
    var options = ReadOptions()
    options.sortBufferBytes = 4096
    let stream = try open(folder.write("v1.txt", text)).records(options)
    let records = try Formats.drain(stream)
    #expect(records.count == spans.count)
    for record in records {
      let task = Int64(try #require(stream.attributes["task_id", record.id]))
      let (first, last, most) = try #require(spans[[record.id.job, task]])
      #expect(record.submit.seconds == Double(first))
      #expect(record.runTime.seconds == Double(last + 300 - first))
      #expect(record.request.cpu == Cores(most * 32))
    }
  }
}

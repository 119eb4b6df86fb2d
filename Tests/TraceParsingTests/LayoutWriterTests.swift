import Diagnostics
import Foundation
import Testing
import TraceInput
import TraceParsing
import Workload

/// Layouts of other programs, written and read again.
@Suite struct LayoutWriterTests {
  /// Everything that a record can state.
  private static let full = """
    job_id,task_index,submit_us,first_schedule_us,wait_us,run_us,cpu_cores,memory_bytes,disk_bytes,estimate_us,deadline_us,outcome,user,priority,priority_class,scheduling_class,attempts,instances,gpu_milli,machine_id,different_machines
    7,0,1000000,2000000,1000000,5000000,2,1024,4096,60000000,90000000,failed,ann,9,production,2,3,4,1000,5,1

    """

  @Test func `what a layout has no place for is counted, whatever the layout`() throws {
    let folder = try ScratchFolder()
    let path = try folder.write("tasks.csv", Self.full)
    func stream() throws -> RecordStream {
      try TraceOpener(formats: [RecordFileFormat()]).open(path).records(ReadOptions())
    }
    func expected(_ places: LayoutPlaces) -> [String: Int] {
      var counts = Dictionary(uniqueKeysWithValues: places.losses.map { ($0.rawValue, 1) })
      if counts["attempts after the first"] != nil { counts["attempts after the first"] = 2 }
      if counts["further instances"] != nil { counts["further instances"] = 3 }
      counts["dependencies"] = nil
      return counts
    }
    var writers: [any LayoutWriter] = []
    for (number, kind) in [0, 1, 2, 3, 4].enumerated() {
      let (out, source) = (folder.path + "/out\(number)", try stream())
      let writer: any LayoutWriter =
        switch kind {
        case 0: try BatsimWriter(path: out, stream: source)
        case 1: try WfFormatWriter(path: out, stream: source)
        case 2: try SlurmSimulatorWriter(path: out, stream: source)
        case 3: try KubernetesWriter(path: out, stream: source)
        default: try OpenDCWriter(path: out, stream: source, machines: nil, ReadOptions())
        }
      let (_, leftOut) = try write(writer, source)
      writers.append(writer)
      var found = leftOut
      // Of 1,024 bytes; of job 7 in a layout of small numbers.
      found["fractions of a kB (rounded up)"] = nil
      #expect(found == expected(type(of: writer).places), "\(type(of: writer))")
    }
    let source = try stream()
    let log = try StandardWorkloadWriter(path: folder.path + "/o.swf", stream: source, format: "x")
    for record in try Formats.drain(source) { try log.write(record) }
    #expect(
      log.leftOut.filter { !$0.key.hasPrefix("names") }
        == expected(StandardWorkloadWriter.places))
    #expect(log.leftOut["names of users (numbers are written)"] == 1)
    let google = try Google2011TraceWriter(
      path: folder.path + "/google", traceEnd: .zero, options: ReadOptions())
    for record in try Formats.drain(try stream()) { try google.write(record) }
    #expect(google.summary.leftOut == expected(Google2011TraceWriter.places))
    // What is lost is told before anything is written, too.
    #expect(
      BatsimWriter.places.warning("batsim")
        == "batsim has no place for waits, attempts after the first, outcomes, deadlines, users, priorities, "
        + "scheduling classes, further instances, memory requests, disk requests, GPU requests, machines that tasks "
        + "ran on, wishes for different machines, dependencies; what there is of them is counted at the end. CPU "
        + "requests are whole cores")
  }

  private func stream(_ folder: ScratchFolder) throws -> RecordStream {
    let path = try folder.write(
      "tasks.csv",
      """
      job_id,task_index,submit_us,first_schedule_us,wait_us,run_us,cpu_cores,memory_bytes,estimate_us,outcome,user
      7,0,0,0,0,1500000,1.5,1024,60000000,finished,
      7,1,250000,250000,0,2000000,,,,finished,ann
      8,0,9000000,9000000,0,1500000,4,,,failed,
      9,0,9500000,,,,1,,,pending,

      """)
    try folder.write(
      "tasks.dependencies.csv",
      "job_id,task_index,predecessor_job_id,predecessor_index,think_us\n7,1,7,0,0\n8,0,7,1,0\n")
    return try TraceOpener(formats: [RecordFileFormat()]).open(path).records(ReadOptions())
  }

  private func write(
    _ writer: any LayoutWriter, _ stream: RecordStream
  ) throws -> (records: [TaskRecord], leftOut: [String: Int]) {
    let records = try Formats.drain(stream)
    for record in records { try writer.write(record) }
    return (records, try writer.finish())
  }

  private func read(_ path: String) throws -> (records: [TaskRecord], stream: RecordStream) {
    let stream = try TraceOpener(formats: MappedTableFormat.presets).open(path)
      .records(ReadOptions())
    return (try Formats.drain(stream), stream)
  }

  @Test func `Batsim: what the layout carries comes back, the rest is told`() throws {
    let folder = try ScratchFolder()
    let stream = try stream(folder)
    let path = folder.path + "/workload.json"
    let (records, leftOut) = try write(BatsimWriter(path: path, stream: stream), stream)
    #expect(
      leftOut == [
        "tasks without a run time": 1, "memory requests": 1, "users": 1, "outcomes": 1,
        "dependencies": 2, "fractions of cores (rounded up)": 1,
        "CPU requests that are not known (one core is written)": 1,
      ])
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
        as? [String: Any])
    #expect(object["nb_res"] as? Int == 4)
    #expect((object["profiles"] as? [String: Any])?.count == 2)
    let again = try read(path)
    #expect(again.records.map(\.id.job).filter { $0 < 1 << 62 } == [7, 8])
    #expect(again.records.map(\.submit) == records.prefix(3).map(\.submit))
    #expect(again.records.map(\.runTime) == records.prefix(3).map(\.runTime))
    #expect(again.records.map(\.request.cpu) == [Cores(2), Cores(1), Cores(4)])
    #expect(again.records[0].estimate == records[0].estimate && !again.records[1].estimate.isKnown)
  }

  @Test func `WfFormat: a file a job, with its graph`() throws {
    let folder = try ScratchFolder()
    let stream = try stream(folder)
    let path = folder.path + "/runs"
    let (records, leftOut) = try write(WfFormatWriter(path: path, stream: stream), stream)
    #expect(
      leftOut == [
        "tasks without a run time": 1, "users": 1, "outcomes": 1, "times of submission": 2,
        "estimates": 1,
        "dependencies between jobs": 1,
      ])
    let again = try read(path)
    #expect(again.records.map(\.id) == records.prefix(3).map(\.id))
    #expect(again.records.map(\.runTime) == records.prefix(3).map(\.runTime))
    #expect(again.records[0].request == records[0].request)
    #expect(
      again.stream.dependencies.dependencies(of: TaskID(job: 7, index: 1)).map(\.predecessor)
        == [TaskID(job: 7, index: 0)])
    #expect(again.stream.dependencies.count == 1)
    #expect(throws: TraceError.self) {
      _ = try WfFormatWriter(path: path, stream: stream)
    }
  }

  @Test func `events for the Slurm simulator`() throws {
    let folder = try ScratchFolder()
    let stream = try stream(folder)
    let path = folder.path + "/small.events"
    let (_, leftOut) = try write(SlurmSimulatorWriter(path: path, stream: stream), stream)
    #expect(
      leftOut == [
        "tasks without a run time": 1, "outcomes": 1, "dependencies": 2,
        "fractions of cores (rounded up)": 1,
        "CPU requests that are not known (one core is written)": 1,
      ])
    let lines = try Formats.lines(path)
    let expected: [Substring] = [
      "-dt 0 -e submit_batch_job | -J jobid_7 -sim-walltime 1.5 --uid=user1 -t 00:01:00 -n 2 "
        + "--mem=1 -A account1 -p normal -q normal pseudo.job",
      "-dt 0.25 -e submit_batch_job | -J jobid_7_1 -sim-walltime 2 --uid=user2 -t 00:01:00 -n 1 "
        + "-A account1 -p normal -q normal pseudo.job",
      "-dt 9 -e submit_batch_job | -J jobid_8 -sim-walltime 1.5 --uid=user1 -t 00:01:00 -n 4 "
        + "-A account1 -p normal -q normal pseudo.job",
    ]
    #expect(lines == expected)
  }

  @Test func `pods and nodes for kwok`() throws {
    let folder = try ScratchFolder()
    let stream = try stream(folder)
    let path = folder.path + "/pods.jsonl"
    var machines = MachineEventList(events: [], symbols: SymbolTable())
    let capacity = Resources(cpu: Cores(96), memory: Bytes(rounding: 1e12), milliGPU: 8000)
    for (time, kind) in [(Int64(0), MachineEvent.Kind.add), (5, .remove)] {
      machines.events.append(
        MachineEvent(
          time: Microseconds(time), machine: 3, kind: kind, capacity: capacity,
          platform: machines.symbols.intern("A100 \"SXM\"")))
    }
    let (_, leftOut) = try write(
      KubernetesWriter(path: path, stream: stream, machines: machines), stream)
    #expect(
      leftOut == [
        "tasks without a run time": 1, "outcomes": 1, "dependencies": 2, "estimates": 1,
        "machines' later events": 1,
      ])
    let objects = try Formats.lines(path).map {
      try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    func value(_ object: [String: Any], _ path: [String]) -> String? {
      var current: Any? = object
      for key in path {
        if let list = current as? [Any] { current = list.first }
        current = (current as? [String: Any])?[key]
      }
      return current as? String
    }
    #expect(objects.map { value($0, ["kind"]) } == ["Node", "Pod", "Pod", "Pod"])
    #expect(value(objects[0], ["status", "allocatable", "cpu"]) == "96000m")
    #expect(value(objects[0], ["status", "allocatable", "nvidia.com/gpu"]) == "8")
    #expect(value(objects[0], ["metadata", "labels", "tracemill.io/platform"]) == "A100--SXM")
    let annotations = ["metadata", "annotations"]
    let delays = objects.map {
      value($0, annotations + ["pod-complete.stage.kwok.x-k8s.io/delay"])
    }
    #expect(delays == [nil, "1500000us", "2000000us", "1500000us"])
    let arrivals = objects.map { value($0, annotations + ["tracemill.io/arrival-seconds"]) }
    #expect(arrivals == [nil, "0", "0.25", "9"])
    let requests = ["spec", "containers", "resources", "requests"]
    #expect(objects.map { value($0, requests + ["cpu"]) } == [nil, "1500m", nil, "4000m"])
    #expect(value(objects[1], requests + ["memory"]) == "1024")
    #expect(value(objects[2], ["metadata", "labels", "tracemill.io/user"]) == "ann")
  }
}

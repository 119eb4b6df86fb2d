import Diagnostics
import Foundation
import Testing
import TraceInput
import TraceParsing
import Workload

/// Layouts of other programs, written and read again.
@Suite struct LayoutWriterTests {
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
        "dependencies": 2,
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
    #expect(leftOut == ["tasks without a run time": 1, "outcomes": 1, "dependencies": 2])
    let lines = try Formats.lines(path)
    #expect(
      lines == [
        "-dt 0 -e submit_batch_job | -J jobid_7 -sim-walltime 1.5 --uid=user1 -t 00:01:00 -n 2 "
          + "--mem=1 -A account1 -p normal -q normal pseudo.job",
        "-dt 0.25 -e submit_batch_job | -J jobid_7_1 -sim-walltime 2 --uid=user2 -t 00:01:00 -n 1 "
          + "-A account1 -p normal -q normal pseudo.job",
        "-dt 9 -e submit_batch_job | -J jobid_8 -sim-walltime 1.5 --uid=user1 -t 00:01:00 -n 4 "
          + "-A account1 -p normal -q normal pseudo.job",
      ])
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

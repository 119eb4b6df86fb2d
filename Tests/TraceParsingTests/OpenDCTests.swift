import Diagnostics
import Foundation
import Testing
import TraceInput
import TraceParsing
import Workload

/// OpenDC workloads out and in again, and topologies.
@Suite struct OpenDCTests {
  private static let topology = """
    {"clusters": [{"name": "C01", "hosts": [
      {"name": "H01", "count": 3, "cpu": {"coreCount": 16, "coreSpeed": 2100}, "memory": {"memorySize": 100000},
       "powerModel": {"modelType": "sqrt", "power": 400.0}},
      {"name": "H02", "cpu": {"count": 2, "coreCount": 8, "coreSpeed": 2100}, "memory": {"memorySize": 50000},
       "gpu": {"count": 4, "coreCount": 1, "coreSpeed": 900}}]},
     {"hosts": [{"count": 1, "cpu": {"coreCount": 4, "coreSpeed": "2.5 GHz"}, "memory": {"size": "16 GiB"}}]}]}
    """

  private func drain(
    _ path: String
  ) throws -> (records: [TaskRecord], samples: [UsageSample], machines: MachineEventList?) {
    let trace = try TraceOpener(formats: PresetTests.formats).open(path)
    #expect(trace.format == "opendc")
    let stream = try trace.records(ReadOptions())
    let records = try Formats.drain(stream)
    var samples: [UsageSample] = []
    _ = try stream.usage?.forEach(ReadOptions()) { sample throws(TraceError) in
      samples.append(sample)
    }
    return (records, samples, try trace.machineEvents(ReadOptions()))
  }

  private func convert(
    _ path: String, to folder: String
  ) throws -> [String: Int] {
    let trace = try TraceOpener(formats: PresetTests.formats).open(path)
    let stream = try trace.records(ReadOptions())
    let writer = try OpenDCWriter(
      path: folder, stream: stream, machines: trace.machineEvents(ReadOptions()), ReadOptions())
    while let record = try stream.next() { try writer.write(record) }
    return try writer.finish()
  }

  @Test(
    .enabled(if: Formats.has("opendc"), "the real traces are not beside the package"),
    arguments: ["bitbrains-small"])
  func `a real workload comes back as it was`(_ name: String) throws {
    let folder = try ScratchFolder()
    for file in ["tasks.parquet", "fragments.parquet"] {
      try FileManager.default.copyItem(
        atPath: "\(Formats.traces)/opendc/\(name)/\(file)", toPath: "\(folder.path)/\(file)")
    }
    try folder.write("topology.json", Self.topology)
    let before = try drain(folder.path)
    let leftOut = try convert(folder.path, to: folder.path + "-out")
    defer { try? FileManager.default.removeItem(atPath: folder.path + "-out") }
    let after = try drain(folder.path + "-out")
    #expect(before.records == after.records)
    #expect(before.samples.count == after.samples.count && before.samples.count > 200_000)
    var largest = 0.0
    for (a, b) in zip(before.samples, after.samples) {
      #expect(a.task == b.task && a.offset == b.offset && a.duration == b.duration)
      largest = max(largest, abs(a.cores - b.cores))
    }
    #expect(largest < 1e-9)
    #expect(
      before.machines?.events.map(\.capacity) == after.machines?.events.map(\.capacity))
    // Another program adds both up to the same.
    let sums = [folder.path, folder.path + "-out"].map {
      (try? OracleRun.json("opendc_sums.py", of: $0)) as (ScratchFolder, [String: Double])?
    }
    if let a = sums[0]?.1, let b = sums[1]?.1 {
      #expect(a.count == 8 && a.keys == b.keys)
      for (key, value) in a { #expect(abs((b[key] ?? 0) / value - 1) < 1e-12, "\(key)") }
    }
    // What the layout has no place for is all that is told.
    #expect(Set(leftOut.keys) == ["machines' partitions"])
  }

  @Test func `what the layout cannot carry is counted`() throws {
    let folder = try ScratchFolder()
    let header =
      "job_id,task_index,user,submit_us,first_schedule_us,run_us,outcome,cpu_cores,memory_bytes,gpu_milli,deadline_us\n"
    let path = try folder.write(
      "r.csv",
      header
        + "7,1,ann,1000,1000,5000,finished,1.5,2000,500,9000\n8,0,,2000,2500,3500,failed,2,2001,0,\n"
        + "9,0,,3000,3000,,finished,2,2000,0,\n")
    let trace = try TraceOpener(formats: PresetTests.formats).open(path)
    let stream = try trace.records(ReadOptions())
    let writer = try OpenDCWriter(
      path: folder.path + "/out", stream: stream, machines: nil, ReadOptions())
    while let record = try stream.next() { try writer.write(record) }
    let leftOut = try writer.finish()
    #expect(leftOut["tasks without a run time"] == 1)
    #expect(leftOut["fractions of cores (rounded up)"] == 1)
    #expect(leftOut["fractions of GPUs (rounded up)"] == 1)
    #expect(leftOut["fractions of a kB (rounded up)"] == 1)
    #expect(leftOut["fractions of a millisecond"] == 1)
    #expect(leftOut["users"] == 1 && leftOut["outcomes"] == 1)
    #expect(leftOut["numbers of jobs and tasks (numbered anew)"] == 2)
    let after = try drain(folder.path + "/out")
    #expect(after.records.map(\.id.job) == [0, 1])
    #expect(after.records.map(\.request.cpu) == [Cores(2), Cores(2)])
    #expect(after.records.map(\.request.milliGPU) == [1000, 0])
    #expect(after.records.map(\.runTime.rawValue) == [5000, 4000])
    #expect(after.records[0].deadline.rawValue == 9000 && !after.records[1].deadline.isKnown)
    // A task without use over time has one fragment, of all that it asked for.
    #expect(after.samples.map(\.cores) == [2, 2])
    #expect(after.samples.map(\.duration) == [5000, 4000])
  }

  @Test func `a topology is a cluster`() throws {
    let folder = try ScratchFolder()
    let path = try folder.write("topology.json", Self.topology)
    let trace = try TraceOpener(formats: PresetTests.formats).open(path)
    #expect(trace.format == "opendc" && !trace.canMakeRecords(from: nil))
    let list = try #require(try trace.machineEvents(ReadOptions()))
    #expect(list.events.map(\.capacity.cpu) == [16, 16, 16, 16, 4].map { Cores($0) })
    #expect(
      list.events.map(\.capacity.memory.rawValue)
        == [100_000_000_000, 100_000_000_000, 100_000_000_000, 50_000_000_000, 16 << 30])
    #expect(list.events.map(\.capacity.milliGPU) == [0, 0, 0, 4000, 0])
    #expect(list.partitions == ["C01": [0, 1, 2, 3], "cluster 1.2": [4]])
    #expect(list.notes.count == 1)
    let bytes = try folder.write(
      "bytes.json", Self.topology.replacing("50000", with: "140457600000"))
    let other = try #require(
      try TraceOpener(formats: PresetTests.formats).open(bytes).machineEvents(ReadOptions()))
    #expect(other.events[3].capacity.memory.rawValue == 140_457_600_000)
    #expect(other.events[0].capacity.memory.rawValue == 100_000 && other.notes.isEmpty)
  }

  @Test(arguments: [
    (#""coreCount": 16"#, #""coreCount": 0"#, "clusters[0].hosts[0].cpu.coreCount"),
    (#""coreCount": 16"#, #""coreCount": "many""#, "clusters[0].hosts[0].cpu.coreCount"),
    (#""memorySize": 100000"#, #""speed": 1"#, "clusters[0].hosts[0].memory.memorySize is missing"),
    (#""memorySize": 100000"#, #""memorySize": "lots""#, "'lots' is no size"),
    (#""count": 3"#, #""count": -3"#, "clusters[0].hosts[0].count"),
    (#""count": 3"#, #""count": 1000000"#, "topology.json: more than 1000000 hosts"),
    (#""name": "H02", "cpu""#, #""name": "H02", "gpu2""#, "clusters[0].hosts[1].cpuModel"),
    ("}]}]}", "}]}", "topology.json:"),
  ])
  func `a broken topology is told in one line`(_ old: String, _ new: String, _ message: String)
    throws
  {
    let folder = try ScratchFolder()
    let path = try folder.write("topology.json", Self.topology.replacing(old, with: new))
    var told = "no error"
    do {
      _ = try TraceOpener(formats: PresetTests.formats).open(path).machineEvents(ReadOptions())
    } catch { told = "\(error)".replacing(folder.path + "/", with: "") }
    #expect(
      told.contains(message) && told.hasPrefix("topology.json") && !told.contains("\n"), "\(told)")
  }

  @Test func `parents come back, and are lists to others`() throws {
    let folder = try ScratchFolder()
    let path = try folder.write(
      "r.csv",
      "job_id,task_index,submit_us,run_us,cpu_cores\n5,0,0,1000,1\n6,0,0,2000,1\n7,0,0,3000,1\n8,0,0,,1\n"
    )
    try folder.write(
      "r.dependencies.csv",
      "job_id,task_index,predecessor_job_id,predecessor_index,think_us\n7,0,5,0,0\n7,0,6,0,5\n6,0,5,0,0\n7,0,8,0,0\n"
    )
    let stream = try TraceOpener(formats: PresetTests.formats).open(path).records(ReadOptions())
    let out = folder.path + "/out"
    let writer = try OpenDCWriter(path: out, stream: stream, machines: nil, ReadOptions())
    while let record = try stream.next() { try writer.write(record) }
    let leftOut = try writer.finish()
    #expect(leftOut["dependencies on tasks that are not written"] == 1)
    #expect(leftOut["think times"] == 1 && leftOut["dependencies"] == nil)
    for (path, isAgain) in [(out, false), (out + "-2", true)] {
      if isAgain { _ = try convert(out, to: path) }
      let trace = try TraceOpener(formats: PresetTests.formats).open(path)
      let again = try trace.records(ReadOptions())
      #expect(try Formats.drain(again).count == 3)
      var edges: Set<[Int64]> = []
      for task in again.dependencies.tasks {
        for dependency in again.dependencies.dependencies(of: task) {
          edges.insert([task.job, dependency.predecessor.job])
        }
      }
      #expect(edges == [[7, 5], [7, 6], [6, 5]])
    }
    let made: (ScratchFolder, [String: [[Int]]])? =
      (try? OracleRun.json("opendc_lists.py", of: out)) ?? nil
    if let made {
      #expect(made.1["parents"] == [[], [5], [5, 6]])
      #expect(made.1["children"] == [[6, 7], [7], []])
    }
  }
}

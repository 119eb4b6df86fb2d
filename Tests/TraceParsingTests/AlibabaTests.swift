import Foundation
import Testing
import TraceInput
import TraceParsing
import Workload

@Suite struct AlibabaTests {
  private static let opener = TraceOpener(formats: [
    RecordFileFormat(), Google2019Format(), Google2011Format(), StandardWorkloadFormat(),
    Alibaba2017Format.format,
    Alibaba2018Format.format, AlibabaGPU2023Format.format,
  ])
  private static let absent: Comment = "the real traces are not beside the package"

  private func seconds(_ text: Substring) -> Microseconds {
    Microseconds(Int64(text)! * 1_000_000)
  }

  @Test(.enabled(if: Formats.has("alibaba-2017"), absent))
  func `v2017's batch tasks, row by row`() throws {
    let trace = try Self.opener.open(Formats.traces + "/alibaba-2017")
    #expect(trace.format == "alibaba-2017")
    let stream = try trace.records(ReadOptions())
    let records = try Formats.drain(stream)
    let rows = try Formats.lines(Formats.traces + "/alibaba-2017/batch_task.csv.gz")
      .map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    #expect(rows.count == 80_553 && records.count == 80_553)
    let byID = Dictionary(uniqueKeysWithValues: records.map { ($0.id, $0) })
    let outcomes: [Substring: Outcome] = [
      "Terminated": .finished, "Failed": .failed, "Running": .running, "Waiting": .pending,
    ]
    for row in rows {
      let record = try #require(byID[TaskID(job: Int64(row[2])!, index: Int32(row[3])!)])
      let (submit, last) = (max(.zero, seconds(row[0])), max(.zero, seconds(row[1])))
      #expect(record.flags.contains(.cutOffAtStart) == row[0].hasPrefix("-"))
      #expect(record.submit == submit)
      #expect(record.instances == Int32(row[4])!)
      #expect(record.outcome == outcomes[row[5]])
      #expect(record.flags.contains(.cpuUnknown) == row[6].isEmpty)
      #expect(record.request.cpu == Cores((Double(row[6]) ?? 0) / 100))
      let memory = (Double(row[7]) ?? 0) * Double(128 << 30)
      #expect(abs(Double(record.request.memory.rawValue) - memory) <= 0.5)
      let neverRan = row[5] == "Waiting" || row[6].isEmpty && row[5] != "Running"
      #expect(record.attempts == (neverRan ? 0 : 1))
      if !neverRan && last >= submit && last > .zero { #expect(record.runTime == last - submit) }
      #expect(record.flags.contains(.irregular) == (last < submit && last > .zero))
      let hasEnded = ["Terminated", "Failed"].contains(row[5])
      // One task is said to have ended a second before it was created.
      #expect(record.end.isKnown == (hasEnded && last >= submit))
    }
    let survey = try #require(stream.report.surveys["batch_task"])
    #expect(survey.rows == 80_553)
    let counts = Dictionary(uniqueKeysWithValues: survey.events.map { ($0.name, $0.count) })
    #expect(counts == ["Terminated": 67_013, "Waiting": 8847, "Failed": 1126, "Running": 3567])
  }

  @Test(.enabled(if: Formats.has("alibaba-gpu-2023"), absent))
  func `GPU v2023's pods and nodes, row by row`() throws {
    let folder = Formats.traces + "/alibaba-gpu-2023"
    let trace = try Self.opener.open(folder)
    #expect(trace.format == "alibaba-gpu-2023" && trace.tables.map(\.name) == ["pods", "nodes"])
    let stream = try trace.records(ReadOptions())
    let records = try Formats.drain(stream)
    let rows = try Formats.lines(folder + "/openb_pod_list_default.csv").dropFirst()
      .map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    #expect(rows.count == 8152 && records.count == 8152)
    let byID = Dictionary(uniqueKeysWithValues: records.map { ($0.id.job, $0) })
    for row in rows {
      let record = try #require(byID[Int64(row[0].suffix(4))!])
      #expect(record.request.cpu.nano == Int64(row[1])! * 1_000_000)
      #expect(record.request.memory.rawValue == Int64(row[2])! << 20)
      #expect(record.request.milliGPU == Int64(row[3])! * Int64(row[4])!)
      #expect(record.submit == seconds(row[8]) && record.end == seconds(row[9]))
      #expect(record.attempts == (row[10].isEmpty ? 0 : 1))
      if row[10].isEmpty {
        #expect(!record.firstSchedule.isKnown && record.waitTime == record.end - record.submit)
      } else {
        #expect(record.firstSchedule == seconds(row[10]))
        #expect(record.runTime == record.end - record.firstSchedule)
      }
      let spec = stream.attributes["gpu_spec", record.id].map { stream.symbols[UInt32($0)] }
      #expect(spec ?? "" == row[5])
      #expect(stream.attributes["num_gpu", record.id] == Double(row[3]))
      #expect(
        stream.attributes["qos", record.id].map { stream.symbols[UInt32($0)] } == String(row[6]))
    }
    #expect(records.count { $0.attempts == 0 } == 897)
    let machines = try #require(try trace.machineEvents(ReadOptions()))
    let nodes = try Formats.lines(folder + "/openb_node_list_all_node.csv").dropFirst()
      .map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    #expect(machines.events.count == 1523 && nodes.count == 1523)
    for (event, node) in zip(machines.events, nodes) {
      #expect(event.kind == .add && event.time == .zero)
      #expect(event.machine == Int64(node[0].suffix(4))!)
      #expect(event.capacity.cpu.nano == Int64(node[1])! * 1_000_000)
      #expect(event.capacity.memory.rawValue == Int64(node[2])! << 20)
      #expect(event.capacity.milliGPU == Int64(node[3])! * 1000)
      #expect(machines.symbols[event.platform] == node[4])
    }
  }

  @Test func `v2018's graph, multiplicity and missing values`() throws {
    let trace = try Self.opener.open(Formats.root + "/data/alibaba-2018")
    #expect(trace.format == "alibaba-2018")
    let stream = try trace.records(ReadOptions())
    let records = try Formats.drain(stream)
    #expect(records.count == 8 && stream.report.rows["batch_task"] == 8)
    let job = Dictionary(
      uniqueKeysWithValues: records.filter { $0.id.job == 1 }.map { ($0.id.index, $0) })
    let waits = { (index: Int32) in
      stream.dependencies.dependencies(of: TaskID(job: 1, index: index)).map(\.predecessor.index)
    }
    #expect(waits(1) == [] && waits(2) == [1] && waits(3) == [1, 2] && waits(4) == [3])
    #expect(stream.dependencies.count == 4)
    #expect(job[1]?.instances == 4 && job[2]?.instances == 2)
    #expect(job[2]?.request.cpu == Cores(0.5))
    #expect(job[1]?.request.memory == Bytes(rounding: 0.005 * Double(128 << 30)))
    #expect(job[3]?.outcome == .failed && job[4]?.outcome == .pending && job[4]?.attempts == 0)
    let lone = try #require(job.values.first { $0.id.index >= 1 << 30 })
    #expect(lone.flags.contains(.memoryUnknown) && lone.instances == 10)
    let running = try #require(records.first { $0.outcome == .running })
    #expect(running.flags.isSuperset(of: [.cpuUnknown, .memoryUnknown, .cutOffAtEnd]))
    let backwards = try #require(records.first { $0.id == TaskID(job: 2, index: 1) })
    #expect(backwards.flags.isSuperset(of: [.irregular, .runTimeUnknown]))
    #expect(stream.report.notes.count == 1)
    #expect(records.contains { $0.id.job >= 1 << 62 && $0.outcome == .killed })

    let machines = try #require(try trace.machineEvents(ReadOptions())).events
    #expect(machines.map(\.kind) == [.add, .add, .update])
    #expect(machines.map(\.machine) == [1932, 1, 1932])
    #expect(machines.map(\.capacity.cpu) == [Cores(96), Cores(64), Cores(96)])
    #expect(machines.map(\.capacity.memory) == [Bytes(128 << 30), .zero, Bytes(64 << 30)])
  }

  @Test func `what a trace does not know of a machine is no limit, but for cores`() throws {
    let folder = try ScratchFolder()
    func events(_ name: String, _ text: String) throws -> [MachineEvent] {
      let trace = try Self.opener.open(folder.write(name, text))
      return try #require(try trace.machineEvents(ReadOptions())).events
    }
    let old = try events(
      "server_event.csv", "0,1,add,,64,-1,-1\n0,2,add,,64,0.5,\n0,3,add,,-1,0.5,0.5\n")
    #expect(old.map(\.unknown) == [[.memory, .disk], .disk, .cpu])
    let new = try events(
      "machine_meta.csv", "m_1,0,1,2,96,-1,USING\nm_2,0,1,2,96,101,USING\nm_3,0,1,2,-1,50,USING\n")
    #expect(new.map(\.unknown) == [[.memory, .disk], [.memory, .disk], [.cpu, .disk]])
    let nodes = try events(
      "openb_node_list.csv",
      "sn,cpu_milli,memory_mib,gpu,model\nn-0,32000,,0,\nn-1,32000,-1,2,V100\nn-2,-1,262144,0,\n")
    #expect(nodes.map(\.unknown) == [[.memory, .disk], [.memory, .disk], [.cpu, .disk]])
    #expect(nodes.allSatisfy { $0.capacity.memory >= .zero && $0.capacity.cpu >= .zero })
  }

  @Test func `v2017's machines come and go`() throws {
    let trace = try Self.opener.open(Formats.root + "/data/alibaba-2017")
    let events = try #require(try trace.machineEvents(ReadOptions())).events
    #expect(events.map(\.kind) == [.add, .add, .remove, .add, .remove])
    #expect(events.map(\.machine) == [1, 2, 2, 2, 1])
    #expect(events[1].capacity.cpu == Cores(64) && events[1].capacity.memory == Bytes(128 << 30))
    #expect(events[1].capacity.disk == Bytes(512 << 30))
    let survey = try trace.survey("server_event", ReadOptions())
    #expect(survey.rows == 5 && survey.events.map(\.count) == [3, 1, 1])
  }
}

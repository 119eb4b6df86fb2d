import Foundation
import Testing
import TraceInput
import TraceParsing
import Workload

/// Broken inputs of every format, each with the one line that it must be told with.
@Suite struct BrokenInputTests {
  static let formats: [any TraceFormat] = [
    RecordFileFormat(), MappedTableFormat.openDC,
    MappedTableFormat(
      name: "columns",
      mapping: TableMapping(columns: [
        "submit_us": .init(from: "when", unit: "s"), "cpu_cores": .init(from: "size"),
        "outcome": .init(from: "fate", values: ["OK": "finished"]),
      ])),
    Google2019Format(), Google2011Format(), StandardWorkloadFormat(), Google2010Format(),
    Alibaba2017Format.format, Alibaba2018Format.format, AlibabaGPU2023Format.format,
  ]

  /// A broken input: what is in the file, and the message without the folder.
  struct Case: Sendable, CustomTestStringConvertible {
    var file: String
    var text: String
    var message: String
    var readsMachines = false

    var testDescription: String { "\(file): \(message)" }
  }

  private static let job = "1 0 1 9 4 -1 -1 4 9 -1 1 1 1 1 1 1 -1 -1\n"
  private static let window = "0 1 1 0 0.5 0.5\n"
  private static let batch2017 = "1,2,3,4,5,Terminated,50,0.5\n"
  private static let batch2018 = "M1,1,j_1,1,Terminated,1,2,100,0.5\n"
  private static let pods =
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n"
  private static let nodes = "sn,cpu_milli,memory_mib,gpu,model\n"
  private static let instance =
    #"{"time":"1","type":"0","collection_id":"1","instance_index":"1"}"# + "\n"
  private static let task = "600000000,,1,0,,0,u,1,4,0.5,0.5,,0\n"

  private static let deep =
    String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)

  static let cases: [Case] = [
    // Standard Workload Format
    Case(
      file: "a.swf", text: job + "2 0 1 9\n",
      message: "a.swf:2: swf has 18 to 21 columns; this row has 4"
    ),
    Case(
      file: "a.swf", text: job + "x" + job,
      message: "a.swf:2:1: job number 'x1' is not an integer"),
    Case(
      file: "a.swf", text: job + "2 -1 1 9 4 -1 -1 4 9 -1 1 1 1 1 1 1 -1 -1\n",
      message: "a.swf:2:2: submit time -1 is not between 0 and 9007199254"),
    Case(
      file: "a.swf", text: job + "2 0 -0.5 9 4 -1 -1 4 9 -1 1 1 1 1 1 1 -1 -1\n",
      message: "a.swf:2:3: wait time '-0.5' is not -1 (unknown) or at least 0"),
    Case(
      file: "a.swf", text: job + "2 0 1 1e99 4 -1 -1 4 9 -1 1 1 1 1 1 1 -1 -1\n",
      message: "a.swf:2:4: run time 1e99 is not between -1 and 9007199254"),
    Case(
      file: "a.swf", text: job + "2 0 1 9 4 -1 -1 4 9 -1 7 1 1 1 1 1 -1 -1\n",
      message: "a.swf:2:11: status 7 is not between -1 and 5"),
    Case(
      file: "a.swf", text: job + "2 0 1 9 4 -1 -1 4 9 -1 1 1 1 1 1 1 nan -1\n",
      message: "a.swf:2:17: preceding job 'nan' is not an integer"),
    Case(
      file: "a.swf", text: job + String(repeating: "7", count: 1_200_000) + "\n",
      message: "a.swf:2: the line is longer than 1 MiB: this is no trace table"),
    // Google v1
    Case(
      file: "v1.csv", text: window + "301 1 1 0 0.5 0.5\n",
      message: "v1.csv:2:1: Time '301' is not a multiple of 300 s"),
    Case(
      file: "v1.csv", text: window + "300 1 1 4 0.5 0.5\n",
      message: "v1.csv:2:4: JobType 4 is not between 0 and 3"),
    Case(
      file: "v1.csv", text: window + "300 1 1 0 -0.5 0.5\n",
      message: "v1.csv:2:5: NrmlTaskCores -0.5 is not between 0 and 100"),
    Case(
      file: "v1.csv", text: window + "300 1 1 0 0.5\n",
      message: "v1.csv:2: task_windows has 6 columns; this row has 5"),
    // Alibaba v2017
    Case(
      file: "batch_task.csv", text: batch2017 + "1,2,3,4,5,Sleeping,50,0.5\n",
      message:
        "batch_task.csv:2:6: status 'Sleeping' is none of Ready, Waiting, Running, Terminated, Failed, Cancelled, Interrupted"
    ),
    Case(
      file: "batch_task.csv", text: batch2017 + "1,2,3,4,0,Failed,50,0.5\n",
      message: "batch_task.csv:2:5: instance_num 0 is not between 1 and 1000000"),
    Case(
      file: "batch_task.csv", text: batch2017 + "1,2,3,99999999999,1,Failed,50,0.5\n",
      message: "batch_task.csv:2:4: task_id 99999999999 is not between 0 and 2147483647"),
    Case(
      file: "batch_task.csv", text: batch2017 + ",2,3,4,1,Failed,50,0.5\n",
      message: "batch_task.csv:2:1: task_create_time is empty; expected a number"),
    Case(
      file: "batch_task.csv", text: batch2017 + "1,2,3,4,1,Failed,0x10,0.5\n",
      message: "batch_task.csv:2:7: plan_cpu '0x10' is not a number"),
    Case(
      file: "server_event.csv", text: "0,1,add,,64,1,1\n1,1,explode,,,,\n",
      message: "server_event.csv:2:3: event_type 'explode' is none of add, softerror, harderror",
      readsMachines: true),
    // Alibaba v2018
    Case(
      file: "batch_task.csv", text: batch2018 + "M2_1,1,,1,Terminated,1,2,100,0.5\n",
      message: "batch_task.csv:2:3: job_name is empty; expected a job name"),
    Case(
      file: "batch_task.csv", text: batch2018 + ",1,j_1,1,Terminated,1,2,100,0.5\n",
      message: "batch_task.csv:2:1: task_name is empty; expected a task name"),
    Case(
      file: "batch_task.csv", text: batch2018 + "M2,1.5,j_1,1,Terminated,1,2,100,0.5\n",
      message: "batch_task.csv:2:2: instance_num '1.5' is not an integer"),
    Case(
      file: "batch_task.csv", text: batch2018 + "M2,1,j_1,1,Terminated,1,2,100,102\n",
      message: "batch_task.csv:2:9: plan_mem 102 is not between -1 and 101"),
    Case(
      file: "batch_task.csv", text: batch2018 + "M2,1,j_1,1,Terminated,1,2,-0.5,1\n",
      message: "batch_task.csv:2:8: plan_cpu '-0.5' is not -1 (unknown) or at least 0"),
    Case(
      file: "machine_meta.csv", text: "m_1,0,1,1,96,100,USING\nm_2,,1,1,96,100,USING\n",
      message: "machine_meta.csv:2:2: time_stamp is empty; expected seconds", readsMachines: true),
    // Alibaba GPU v2023
    Case(
      file: "pods.csv", text: pods + "pod,1,1,0,0,,LS,Running,0,1,0\n",
      message: "pods.csv:2:1: name 'pod' is not a name that ends in a number"),
    Case(
      file: "pods.csv", text: pods + "pod-1,1,1,0,0,,LS,Dreaming,0,1,0\n",
      message:
        "pods.csv:2:8: pod_phase 'Dreaming' is none of Pending, Running, Succeeded, Failed, Unknown"
    ),
    Case(
      file: "pods.csv", text: pods + "pod-1,1,1,0,0,,LS,Running,5,9,4\n",
      message: "pods.csv:2:11: scheduled_time '4' is not at or after the creation_time"),
    Case(
      file: "pods.csv", text: pods + "pod-1,1,1,1,1001,,LS,Running,5,9,6\n",
      message: "pods.csv:2:5: gpu_milli 1001 is not between 0 and 1000"),
    Case(
      file: "pods.csv", text: pods + "pod-1,1,1,1\n",
      message: "pods.csv:2: pods has 11 columns; this row has 4"),
    Case(
      file: "nodes.csv", text: nodes + "node-1,1,1,many,\n",
      message: "nodes.csv:2:4: gpu 'many' is not an integer", readsMachines: true),
    // Google 2019
    Case(
      file: "instance_events-000000000000.json", text: instance + #"{"time":"1","#,
      message:
        "instance_events-000000000000.json:2:13: expected a JSON object: The JSON document has an improper structure: missing or superfluous commas, braces, missing keys, etc."
    ),
    Case(
      file: "i.json", text: instance + "[1,2]\n",
      message: "i.json:2: expected a JSON object: it is JSON, but not an object"),
    Case(
      file: "i.json", text: instance + #"{"time":"1"}"#,
      message: "i.json:2: collection_id is not there; expected an integer"),
    Case(
      file: "i.json", text: instance + #"{"collection_id":"1","time":"soon"}"#,
      message: "i.json:2:29: time 'soon' is not an integer"),
    Case(
      file: "i.json", text: instance + #"{"collection_id":"1","type":11}"#,
      message: "i.json:2:29: type 11 is not between 0 and 10"),
    Case(
      file: "i.json", text: instance + #"{"collection_id":"1","resource_request":{"cpus":-1}}"#,
      message: "i.json:2:49: resource_request.cpus -1.0 is not between 0 and 100"),
    Case(
      file: "i.json", text: instance + #"{"collection_id":"1","collection_type":"2"}"#,
      message: "i.json:2:40: collection_type 2 is not between 0 and 1"),
    Case(
      file: "i.json", text: instance + deep + "\n",
      message:
        "i.json:2:1025: expected a JSON object: The JSON document was too deep (too many nested objects and arrays)"
    ),
    Case(
      file: "collection_events-0.json",
      text: #"{"collection_id":"1","user":"u","start_after_collection_ids":["a"]}"#,
      message:
        "collection_events-0.json:1:62: start_after_collection_ids is not an array of integers"),
    Case(
      file: "machine_events-0.json",
      text: #"{"machine_id":"1","type":"1"}"# + "\n" + #"{"machine_id":"1"}"#,
      message: "machine_events-0.json:2: type is not there; expected an integer",
      readsMachines: true),
    // Google 2011
    Case(
      file: "task_events.csv", text: task + "600000000,,1,0,,9,u,1,4,0.5,0.5,,0\n",
      message: "task_events.csv:2:6: event type 9 is not between 0 and 8"),
    Case(
      file: "task_events.csv", text: task + "500000000,,1,0,,1,u,1,4,0.5,0.5,,0\n",
      message:
        "task_events.csv:2:1: time 500000000 is 100.0 s before that of an earlier row; rows are sorted by time (--time-tolerance accepts disorder up to a bound)"
    ),
    Case(
      file: "task_events.csv", text: task + "600000000,,1,0,,1\n",
      message: "task_events.csv:2: task_events has 13 columns; this row has 6"),
    // Mapped columns and record files
    Case(
      file: "m.csv", text: "when,size,fate\n1,2,OK\nlater,2,OK\n",
      message: "m.csv:3:1: when 'later' is not a number"),
    Case(
      file: "m.csv", text: "when,size,fate\n1,2,BAD\n",
      message:
        "m.csv:2:3: fate 'BAD' is none of finished, failed, killed, evicted, lost, running, pending"
    ),
    Case(file: "m.csv", text: "when,size,fate\n,2,OK\n", message: "m.csv:2:1: when is missing"),
    Case(
      file: "m.csv", text: "when,size,fate\n1,-2,OK\n",
      message:
        "m.csv:2: a CPU amount of -2 cores is not from 0 to 18014398.509481983"),
    Case(
      file: "m.csv", text: "when,size,fate\n1e300,2,OK\n",
      message: "m.csv:2:1: when 1e300 is out of range"),
    Case(
      file: "r.csv", text: "submit_us,run_us\n5,1\n4,1\n",
      message:
        "r.csv:3: submit_us 4 is before the record above (5); records are sorted by submit_us"),
    // No trace at all
    Case(file: "empty.csv", text: "", message: "empty.csv: the file is empty"),
    Case(
      file: "t.parquet", text: "PAR1 and nothing else",
      message: "t.parquet: no PAR1 at both ends: not a Parquet file, or one that was cut off"),
    Case(
      file: "odd.bin", text: "\u{1}\u{2}\u{3}\u{4}",
      message:
        "odd.bin: neither a CSV table nor an archive that can be opened (it starts with 01 02 03 04); expected .csv, .gz, .xz, .zst, .tar, .zip, .7z or .parquet"
    ),
  ]

  /// What reading the input throws, in one line without the folder.
  private func message(_ path: String, machines: Bool, folder: String) -> String {
    do {
      let trace = try TraceOpener(formats: Self.formats).open(path)
      if machines {
        _ = try trace.machineEvents(ReadOptions())
      } else {
        let stream = try trace.records(ReadOptions())
        while try stream.next() != nil {}
      }
      return "no error"
    } catch {
      return "\(error)".replacing(folder + "/", with: "")
    }
  }

  @Test(arguments: cases)
  func `is told in one line`(input: Case) throws {
    let folder = try ScratchFolder()
    let path = try folder.write(input.file, input.text)
    let told = message(path, machines: input.readsMachines, folder: folder.path)
    #expect(told == input.message)
    #expect(!told.contains("\n"))
  }

  @Test func `lenient reading counts every one of them`() throws {
    for input in Self.cases where input.message.contains(":2") && !input.readsMachines {
      let folder = try ScratchFolder()
      let path = try folder.write(input.file, input.text)
      var options = ReadOptions()
      options.rejects = try RejectLog { _ in }
      do {
        let stream = try TraceOpener(formats: Self.formats).open(path).records(options)
        while try stream.next() != nil {}
        #expect(options.rejects?.counts.values.reduce(0, +) == 1, "\(input.testDescription)")
      } catch {
        Issue.record("\(input.testDescription): \(error)")
      }
    }
  }

  /// Valid inputs with bytes changed, cut out, doubled and moved: anything may be said, nothing may
  /// crash or hang.
  @Test func `mutated inputs do no harm`() throws {
    let isSlow = ProcessInfo.processInfo.environment["TRACEMILL_SLOW"] == "1"
    var rng = RandomStream(seed: 1, name: "mutations")
    let seeds = Self.cases.map { ($0.file, Array($0.text.utf8)) }.filter { $0.1.count < 10_000 }
    let folder = try ScratchFolder()
    let marks = Array("0-9,\n\"{}[].eE ;#".utf8)
    var (failed, total) = (0, 0)
    for (file, seed) in seeds where !seed.isEmpty {
      for _ in 0..<(isSlow ? 400 : 12) {
        var bytes = seed
        for _ in 0...rng.below(4) {
          let place = rng.below(bytes.count)
          switch rng.below(5) {
          case 0: bytes[place] = UInt8(rng.below(256))
          case 1: bytes[place] ^= 1 << UInt8(rng.below(8))
          case 2: bytes.removeSubrange(place..<min(bytes.count, place + 1 + rng.below(9)))
          case 3: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 40)], at: place)
          default: bytes[place] = marks[rng.below(marks.count)]
          }
          if bytes.isEmpty { bytes = [0x0a] }
        }
        let path = folder.path + "/" + file
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        total += 1
        for machines in [false, true] {
          let told = message(path, machines: machines, folder: folder.path)
          if told != "no error" { failed += 1 }
          if !told.hasPrefix("not a table of") { #expect(!told.contains("\n"), "\(told)") }
        }
      }
    }
    #expect(total > 500 && failed > 0)
  }
}

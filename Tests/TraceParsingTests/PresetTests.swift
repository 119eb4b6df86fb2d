import Diagnostics
import Foundation
import Testing
import TraceInput
import TraceParsing
import Workload

/// The presets on the real rows of public traces: found by content, and adding up to what Python
/// makes of the same files (`Tests/Oracles/presets.py`).
@Suite struct PresetTests {
  private static let python: String? = {
    let named = ProcessInfo.processInfo.environment["TRACEMILL_PYTHON"]
    return [named, Formats.root + "/.venv/bin/python", "/usr/bin/python3"].compactMap { $0 }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  /// What the oracle says, by its own names.
  private static let sums: [String: [String: Double]]? = {
    guard let python, Formats.has("README.md") else { return nil }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [Formats.root + "/Tests/Oracles/presets.py", Formats.traces]
    let pipe = Pipe()
    process.standardOutput = pipe
    guard (try? process.run()) != nil else { return nil }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return try? JSONDecoder().decode([String: [String: Double]].self, from: data)
  }()

  static let formats: [any TraceFormat] =
    [
      RecordFileFormat(), MappedTableFormat.openDC, Google2019Format(), Google2011Format(),
      StandardWorkloadFormat(), Google2010Format(), Alibaba2017Format.format,
      Alibaba2018Format.format,
      AlibabaGPU2023Format.format, KubernetesFormat(),
    ] + MappedTableFormat.presets

  @Test(
    .enabled(if: sums != nil, "needs ../shared/traces and a Python"),
    arguments: [
      ("helios", "helios/readme-cluster_log.csv"), ("acme-seren", "acme/readme-trace_seren.csv"),
      ("acme-kalos", "acme/readme-trace_kalos.csv"), ("microsoft-itp", "microsoft-itp-2021"),
      ("philly-pollux", "philly/pollux-philly.csv.gz"),
      ("philly", "philly/readme-cluster_job_log.json"),
      ("alibaba-dlrm-2025", "alibaba-gpu-2025-dlrm"),
      ("alibaba-spot-2026", "alibaba-spot-gpu-2026/readme-job_info_df.csv"),
      ("alibaba-genai-2026", "alibaba-genai-2026/lora_request_trace.csv.gz"),
      ("azure-functions-2021", "azure-functions-2021"), ("azure-llm", "azure-llm-2023"),
      ("azure-llm 2025", "azure-lmm-2025"), ("burstgpt", "burstgpt"), ("mooncake", "mooncake"),
      ("mit-supercloud", "mit-supercloud"), ("azure-vm", "azure-vm-2017/vmtable.csv.gz"),
      ("bitbrains", "bitbrains/rnd-2013-7"), ("planetlab", "planetlab"),
      ("wfcommons", "wfcommons/bwa-chameleon-large-001.json.gz"),
      ("wfcommons montage", "wfcommons/montage-chameleon-2mass-005d-001.json.gz"),
      ("wfcommons fetchngs", "wfcommons/fetchngs-dirt02-001.json.gz"),
      ("wfcommons forkjoin", "wfcommons/helloworld-forkjoin-10-chameleon.json.gz"),
      ("wfcommons-1.2", "wfcommons/eager-nextflow-chameleon-schema1.2.json.gz"),
    ])
  func `real rows add up`(_ name: String, _ path: String) throws {
    try check(Formats.traces + "/" + path, name)
  }

  @Test(
    .enabled(if: sums?["wta"] != nil, "needs ../shared/traces and a Python with pyarrow"),
    arguments: [
      ("wta", "wta-shell"), ("opendc", "opendc/surf_week"),
      ("opendc bitbrains", "opendc/bitbrains-small/tasks.parquet"),
      ("opendc-2021", "opendc/bitbrains-small-2021"), ("opendc-2.0", "opendc/trace-v2.0"),
    ])
  func `real rows of Parquet add up`(_ name: String, _ path: String) throws {
    try check(Formats.traces + "/" + path, name)
  }

  /// What the folders of public traces are told as where no flag helps: nothing is taken for what it
  /// is not, and what is no trace of tasks says so with the way on.
  @Test(
    .enabled(if: Formats.has("README.md"), "the real traces are not beside the package"),
    arguments: [
      ("acme", "acme-kalos"), ("alibaba-2017", "alibaba-2017"),
      ("alibaba-genai-2026", "alibaba-genai-2026"), ("alibaba-gpu-2020", "alibaba-gpu-2020"),
      ("alibaba-gpu-2023", "alibaba-gpu-2023"), ("alibaba-gpu-2025-dlrm", "alibaba-dlrm-2025"),
      ("alibaba-spot-gpu-2026", "alibaba-spot-2026"),
      ("azure-functions-2021", "azure-functions-2021"), ("azure-llm-2024", "azure-llm"),
      ("azure-vm-2017", "azure-vm"), ("bitbrains", "bitbrains"), ("helios", "helios"),
      ("opendc/bitbrains-small", "opendc"), ("opendc/bitbrains-small-2021", "opendc-2021"),
      ("opendc/trace-v2.0", "opendc-2.0"), ("philly", "philly"), ("planetlab", "planetlab"),
      ("swf", "swf"), ("wfcommons", "wfcommons"), ("wta-shell", "wta"),
      ("swim-facebook", "no run times"), ("opendc/carbon", "carbon"),
      ("opendc/failure", "failures"), ("acme/cluster_summary.csv", "not a table of any"),
    ])
  func `folders are known for what they are`(_ path: String, _ expected: String) throws {
    do {
      let trace = try TraceOpener(formats: Self.formats).open(Formats.traces + "/" + path)
      #expect(trace.format == expected)
      #expect(try !Formats.drain(trace.records(ReadOptions())).isEmpty)
    } catch let error as TraceError {
      #expect("\(error)".contains(expected), "\(error)")
      #expect(!"\(error)".contains("\n"))
    }
  }

  @Test(
    .enabled(if: Formats.has("alibaba-gpu-2020"), "the real traces are not beside the package"),
    arguments: [
      ("alibaba-gpu-2020/pai_machine_spec.csv.gz", "alibaba-gpu-2020", 0),
      ("alibaba-spot-gpu-2026/node_info_df.csv.gz", "alibaba-spot-2026", 1),
    ])
  func `machines without their tasks are a cluster`(
    _ path: String, _ format: String, _ heads: Int
  ) throws {
    let trace = try TraceOpener(formats: Self.formats).open(Formats.traces + "/" + path)
    #expect(trace.format == format && !trace.canMakeRecords(from: nil))
    let lines = try Formats.lines(Formats.traces + "/" + path)
    let list = try #require(try trace.machineEvents(ReadOptions()))
    #expect(list.events.count == lines.count - heads && list.survey?.rows == list.events.count)
    #expect(list.events.contains { $0.capacity.milliGPU > 0 })
    #expect { try trace.records(ReadOptions()) } throws: { error in
      "\(error)".contains("the machines of \(format); records are made of")
    }
  }

  @Test(.enabled(if: sums != nil, "needs ../shared/traces and a Python"))
  func `the tables of Alibaba 2020 are joined`() throws {
    let folder = try ScratchFolder()
    for table in ["job", "task", "instance", "group_tag"] {
      try FileManager.default.copyItem(
        atPath: "\(Formats.traces)/alibaba-gpu-2020/notebook-pai_\(table)_table.csv",
        toPath: "\(folder.path)/pai_\(table)_table.csv")
    }
    try FileManager.default.copyItem(
      atPath: "\(Formats.traces)/alibaba-gpu-2020/pai_machine_spec.csv.gz",
      toPath: folder.path + "/pai_machine_spec.csv.gz")
    let trace = try check(folder.path, "alibaba-gpu-2020")
    let machines = try #require(try trace.machineEvents(ReadOptions()))
    #expect(machines.events.count == 1897)
    let lines = try Formats.lines(folder.path + "/pai_machine_spec.csv.gz").map {
      $0.split(separator: ",")
    }
    let gpus = lines.reduce(0) { $0 + (Int64($1[4]) ?? 0) }
    #expect(machines.events.reduce(0) { $0 + $1.capacity.milliGPU } == gpus * 1000)
    #expect(machines.symbols.strings.contains("V100M32"))
  }

  @discardableResult
  private func check(_ path: String, _ name: String) throws -> any RecognisedTrace {
    let expected = try #require(Self.sums?[name])
    let trace = try TraceOpener(formats: Self.formats).open(path)
    #expect(trace.format == name.prefix { $0 != " " })
    let stream = try trace.records(ReadOptions())
    let records = try Formats.drain(stream)
    var made: [String: Double] = [:]
    func add(_ key: String, _ value: Double) { made[key, default: 0] += value }
    for record in records {
      add("records", 1)
      add("run", record.flags.contains(.runTimeUnknown) ? 0 : Double(record.runTime.rawValue))
      add("runs known", record.flags.contains(.runTimeUnknown) ? 0 : 1)
      add("wait", record.flags.contains(.waitTimeUnknown) ? 0 : Double(record.waitTime.rawValue))
      add("cpu", record.request.cpu.value)
      add("memory", Double(record.request.memory.rawValue))
      add("gpu", Double(record.request.milliGPU))
      add("instances", Double(record.instances))
      add(record.outcome.name, 1)
    }
    let submits = records.filter { !$0.flags.contains(.cutOffAtStart) }.map(\.submit.rawValue)
    made["span"] = Double((submits.max() ?? 0) - (submits.min() ?? 0))
    made["dependencies"] = Double(stream.dependencies.count)
    for (key, value) in expected where key != "instances" || value > 0 {
      let sum = made[key] ?? 0
      let allowed = key == "memory" || key == "cpu" ? max(1, value * 1e-9) : 0
      #expect(abs(sum - value) <= allowed, "\(name) \(key): \(sum), expected \(value)")
    }
    return trace
  }
}

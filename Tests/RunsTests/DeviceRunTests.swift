import Experiments
import Foundation
import MARL
import Runs
import Simulation
import Testing
import Workload

/// GPUs as devices by name: what traces ask for, filling, learning.
@Suite struct DeviceRunTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "devices-\(UUID().uuidString)")

  private func write(_ name: String, _ text: String) throws -> String {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let path = folder.appendingPathComponent(name)
    try text.write(to: path, atomically: true, encoding: .utf8)
    return path.path
  }

  private func nodes() throws -> String {
    var text = "sn,cpu_milli,memory_mib,gpu,model\n"
    for number in 0..<12 {
      text +=
        "node-\(number),\(32_000 + 16_000 * (number % 3)),262144,\([2, 4, 8][number % 3]),"
        + "\(["T4", "P100", "G2"][number % 3])\n"
    }
    return try write("nodes.csv", text)
  }

  /// `bare`: with what pods ask for alone, as some of the published lists.
  private func pods(bare: Bool = false) throws -> String {
    var text = "name,cpu_milli,memory_mib,num_gpu,gpu_milli"
    text += bare ? "\n" : ",gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n"
    let gpus = [(1, 460), (1, 1000), (0, 0), (2, 1000), (1, 210), (4, 1000), (1, 500)]
    for number in 0..<70 {
      let (count, milli) = gpus[number % 7]
      text += "pod-\(number),\(1000 * (1 + number % 5)),4096,\(count),\(milli)"
      let spec = number % 10 == 0 && count > 0 ? "T4|P100" : ""
      text += bare ? "\n" : ",\(spec),LS,Running,\(number),\(number + 50),\(number)\n"
    }
    return try write(bare ? "bare.csv" : "pods.csv", text)
  }

  @Test func aTraceSaysWhatItsTasksAskOfDevices() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    var engine = EngineSettings()
    engine.devices = true
    engine.audit = true
    let tasks = folder.appendingPathComponent("tasks.csv").path
    let pods = try pods()
    for scheduler in ["fgd", "gpu-random", "first-fit", "gpu-packing:ties=index"] {
      let job = try SimulationJob(
        workload: pods, cluster: try nodes(), scheduler: scheduler, engine: engine)
      let summary = try job.run(seed: 1, files: ResultFiles(tasks: tasks))
      #expect(summary.report.audit?.passed == true)
      #expect(summary.report.total[.finished] == 70)
      #expect(summary.report.devices?.capacity == 56_000)
      let rows = try String(contentsOfFile: tasks, encoding: .utf8).split(separator: "\n")
        .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
      let (id, devices, machine) = (
        try #require(rows[0].firstIndex(of: "job_id")),
        try #require(rows[0].firstIndex(of: "devices")),
        try #require(rows[0].firstIndex(of: "machine_id"))
      )
      for row in rows.dropFirst() {
        let number = try #require(Int(row[id]))
        let count = [1, 1, 0, 2, 1, 4, 1][number % 7]
        #expect((Int(row[devices]) ?? 0).nonzeroBitCount == count)
        if number % 10 == 0, count > 0 { #expect(try #require(Int(row[machine])) % 3 < 2) }
      }
    }
  }

  @Test(arguments: [false, true])
  func fillingIsAPrefixOfFillingMore(_ bare: Bool) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let pods = try pods(bare: bare)
    let whole = Resources(cpu: Cores(500), memory: Bytes(gibibytes: 100), milliGPU: 56_000)
    func tasks(_ share: String, seed: UInt64 = 4) throws -> [TaskRecord] {
      let workload = try NamedWorkload("fill:\(share):\(pods)", seed: seed, whole: whole)
      let tasks = ReplayedTasks(workload)
      var records: [TaskRecord] = []
      while let task = try tasks.next() { records.append(task) }
      return records
    }
    let (less, more) = (try tasks("0.5"), try tasks("2.5"))
    #expect(more.count > 70 && less.count < 70)
    #expect(Array(more.prefix(less.count)).map(\.request) == less.map(\.request))
    let asked = more.map(\.request.milliGPU)
    #expect(asked.reduce(0, +) >= 140_000 && asked.dropLast().reduce(0, +) < 140_000)
    #expect(try tasks("0.5", seed: 5).map(\.request) != less.map(\.request))
    // Each of the list once, before any is drawn again.
    let once = more.prefix(70).map(\.request.milliGPU).sorted()
    #expect(
      once
        == Array(repeating: [0, 210, 460, 500, 1000, 2000, 4000], count: 10).flatMap { $0 }.sorted()
    )
    for wrong in ["fill:1.3", "fill:0:\(pods)", "fill:x:\(pods)", "fill:1:"] {
      #expect(throws: RunError.self) { try NamedWorkload(wrong, seed: 1, whole: whole) }
    }
    #expect(throws: RunError.self) { try NamedWorkload("fill:1:\(pods)", seed: 1) }
  }

  @Test func whatIsDroppedAndHeldIsAllThatCame() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    var engine = EngineSettings()
    (engine.devices, engine.refuse, engine.audit) = (true, true, true)
    let job = try SimulationJob(
      workload: "fill:1.5:" + pods(), cluster: try nodes(), scheduler: "fgd", engine: engine)
    let report = try job.run(seed: 3).report
    #expect(report.total[.refused] > 0 && report.total[.finished] == 0)
    #expect(report.total[.refused] + report.total[.unfinished] == report.total.submitted)
    let left = try #require(report.devices?.unallocated)
    #expect(left >= 0 && left < 0.3)
    #expect(report.audit?.passed == true)
  }

  @Test func aChoiceOfDevicesIsLearned() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    _ = try (pods(), nodes())
    let scenario = try write(
      "mine.yaml",
      """
      name: mine
      decision: device
      cluster: file:nodes.csv
      workloads: [file:pods.csv]
      everyMachine: 2
      training: { generations: 3, population: 4, draws: 2, validationEvery: 2 }
      """)
    var files: [Data] = []
    for workers in [1, 3] {
      let out = folder.appendingPathComponent("out-\(workers)").path
      try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
      var session = SearchSession(try DeviceScenario(path: scenario), folder: out)
      try session.run(workers: workers)
      files.append(try #require(FileManager.default.contents(atPath: out + "/policy.safetensors")))
    }
    #expect(files[0] == files[1])
    // What reading a workload told is told of the training on it.
    let twice = try write(
      "twice.csv", "job_id,submit_us,run_us,cpu_cores,gpu_milli\n1,0,1,1,500\n1,0,1,1,500\n")
    let odd = try write(
      "odd.yaml",
      "name: odd\ndecision: device\ncluster: file:nodes.csv\nworkloads: [file:twice.csv]\n")
    #expect(FileManager.default.fileExists(atPath: twice))
    #expect(
      try DeviceScenario(path: odd).notes().texts.contains {
        $0.contains("1 task has more than one row")
      })
    let model = try DeviceModel(SafeTensors(files[0]))
    #expect(model.parameters.count == DeviceModel.parameterCount)
    // A file of one kind is refused by the others, with what it is for.
    let path = folder.appendingPathComponent("out-1/policy.safetensors").path
    let error = #expect(throws: RunError.self) { try NamedScheduler("order:" + path) }
    #expect(error?.message.contains("device") == true)
    #expect(throws: Never.self) { try NamedScheduler("device:" + path) }
    var engine = EngineSettings()
    (engine.devices, engine.refuse) = (true, true)
    let job = try SimulationJob(
      workload: "fill:1.3:" + pods(), cluster: try nodes(), scheduler: "device:" + path,
      engine: engine)
    #expect(try job.run(seed: 1).report.policy == "device:policy")
  }

  /// One value that is no number makes a column one of names: it is told, and is no count.
  @Test func aNumberOfGPUsIsANumber() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let cluster = try write(
      "c.yaml",
      "groups: [{ count: 2, cores: 8, memoryGiB: 8, gpus: 2, gpuType: '100' }]\n")
    func run(_ rows: String) throws -> SimulationReport {
      let path = try write(
        "t.csv",
        "job_id,submit_us,run_us,cpu_cores,gpu_milli,num_gpu,gpu_spec\n1,0,1,1,500,1,\n" + rows)
      var engine = EngineSettings()
      engine.devices = true
      return try SimulationJob(
        workload: path, cluster: cluster, scheduler: "fgd", engine: engine
      ).run(seed: 1).report
    }
    // A type that looks like a number is a name all the same.
    let types = try run("2,0,1,1,500,1,100\n3,0,1,1,500,1,200\n")
    #expect(types.total.started == 2 && types.total.submitted == 3)
    for wrong in ["abc", "2.5", "-1", "1001", "1e300", "0x2"] {
      let error = #expect(throws: RunError.self) { try run("2,0,1,1,500,\(wrong),\n") }
      #expect(
        error?.message.contains("job 2 task 0: num_gpu '") == true
          && error?.message.contains("is no whole number from 0 to 1000") == true, "\(wrong)")
    }
  }

  /// What it takes to fill a cluster of a thousand million cores a hundred times is more than 64 bits hold in
  /// thousandths of a millionth of a core.
  @Test func fillingCannotOverflow() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let cluster = try write(
      "c.yaml", "groups: [{ count: 1000, cores: 1000000, memoryGiB: 100 }]\n")
    let twice = try write(
      "t.csv",
      "job_id,submit_us,run_us,cpu_cores\n1,0,1,900000\n1,0,1,900000\n")
    var engine = EngineSettings()
    engine.refuse = true
    let summary = try SimulationJob(
      workload: "fill:20:" + twice, cluster: cluster, scheduler: "first-fit", engine: engine
    ).run(seed: 1)
    #expect(summary.report.total.submitted == 22_223 && summary.report.total.started == 1000)
    // What reading the trace told is told of the filling too.
    #expect(summary.text.contains("1 task has more than one row"))
  }
}

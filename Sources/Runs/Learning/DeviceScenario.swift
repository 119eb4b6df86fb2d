import Configuration
import Experiments
import MARL
import Simulation
import Synchronization
import Workload

/// A scenario of `decision: device`: workloads that fill a cluster, and how the choice of machine and device is
/// learned from them.
public final class DeviceScenario: SearchScenario {
  /// What it is called.
  public let name: String
  /// How is trained.
  public let training: DeviceTrainer.Settings
  /// The workloads' names.
  public let workloads: [String]
  /// The machines.
  private let cluster: ClusterLayout
  /// Of the cluster, every so many-th machine is trained on.
  private let part: Int
  /// How many times the GPUs of the cluster are asked for.
  private let share: Double
  private let made: Mutex<[DeviceTrainer.Filling: Made]> = Mutex([:])

  private struct Made: Sendable {
    var layout: ClusterLayout
    var tasks: TaskTable
    var devices: DeviceTable
    var notes: [Note]
  }

  /// Reads it.
  ///
  /// - Throws: ``RunError`` with every mistake in the file.
  public init(path: String) throws {
    let file = LearningFile(path: path)
    let parts = try file.read { Parts($0) }
    name = parts.name
    training = parts.training
    part = parts.part
    share = parts.fill
    workloads = parts.workloads.map(file.place)
    cluster = try NamedCluster(file.place(parts.cluster)).layout(seed: 1)
    guard cluster.whole.milliGPU > 0 else {
      throw RunError(
        message: "\(path): \(parts.cluster) has no GPUs: there are no devices to choose")
    }
    // What cannot be read is told before the training begins.
    _ = try notes()
  }

  public func notes() throws -> [Note] {
    var notes: [Note] = []
    for workload in workloads.indices {
      notes.add(try filling(.init(workload: workload, seed: 1, isWhole: false)).notes)
    }
    return notes
  }

  public var words: SearchWords {
    SearchWords(
      decision: .device, loss: "GPUs left over FGD's", validation: "whole cluster", digits: 3,
      runs: "",
      result: {
        "on the whole cluster it leaves \($0) of the GPUs that FGD leaves, and FGD without the cut \($1)"
      },
      start: "FGD without the cut")
  }

  public func trainer() -> any SearchTrainer {
    DeviceTrainer(training, workloads: workloads.count) { policy, filling in
      let run = try self.filling(filling)
      var options = SimulationOptions()
      options.refusesAtOnce = true
      var simulator = Simulator(
        cluster: run.layout, policy: policy, options: options, seed: filling.seed)
      simulator.devices = run.devices
      return try simulator.run(run.tasks.source()).devices?.unallocated ?? .nan
    }
  }

  /// The machines and tasks of a filling, made once.
  private func filling(_ filling: DeviceTrainer.Filling) throws -> Made {
    if let known = made.withLock({ $0[filling] }) { return known }
    let new = try make(filling)
    made.withLock { $0[filling] = new }
    return new
  }

  private func make(_ filling: DeviceTrainer.Filling) throws -> Made {
    var layout = cluster
    if part > 1, !filling.isWhole {
      let chosen = Int(filling.seed % UInt64(part))
      let machines = cluster.machines.indices.filter { $0 % part == chosen }
      layout = try ClusterLayout(machines: machines.map { cluster.machines[$0] })
      layout.platforms = cluster.platforms
    }
    var reading = ReadingSettings()
    reading.keepsColumns = true
    let workload = try NamedWorkload(
      "fill:\(share):" + workloads[filling.workload], seed: filling.seed, whole: layout.whole,
      reading: reading)
    let replayed = ReplayedTasks(workload)
    let tasks = try replayed.all()
    let devices = try TraceDevices(
      tasks, workload.stream?.attributes ?? .init(), workload.stream?.symbols.strings ?? [],
      on: layout)
    return Made(
      layout: layout, tasks: TaskTable(tasks), devices: devices.table, notes: replayed.notes)
  }
}

/// What a scenario of devices says.
private struct Parts {
  var name = ""
  var workloads: [String] = []
  var cluster = ""
  var fill = 1.3
  var part = 1
  var training = DeviceTrainer.Settings()

  init?(_ root: ConfigurationNode) {
    name = root.string("name", required: true) ?? ""
    _ = root.choice("decision", of: LearnedDecision.self, required: true)
    workloads = root.list("workloads", required: true)?.compactMap { $0.string() } ?? []
    if root["workloads"] != nil, workloads.isEmpty { root.problem(at: "workloads", "is empty") }
    cluster = root.string("cluster", required: true) ?? ""
    fill = root.number("fill", in: .from(0.01, to: 100)) ?? fill
    part = root.integer("everyMachine", in: 1...1000) ?? part
    guard let node = root.object("training") else { return }
    var t = training
    t.read(node)
    t.draws = node.integer("draws", in: 1...10_000) ?? t.draws
    training = t
  }
}

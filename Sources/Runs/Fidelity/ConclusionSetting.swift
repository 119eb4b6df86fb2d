import Simulation
import Workload

/// A scheduler or queue order that conclusions are drawn about.
struct ConclusionSetting: Sendable {
  /// What a reader calls it.
  let name: String
  let policy: String
  let order: SimulationOptions.Order
  let backfilling: SimulationOptions.Backfilling

  /// The eight of the comparison. All know true run times.
  static let all: [ConclusionSetting] = [
    .init("FIFO", "first-fit"),
    .init("SJF", "first-fit", .sjf),
    .init("EASY", "first-fit", backfilling: .easy),
    .init("conservative", "first-fit", backfilling: .conservative),
    .init("best fit", "best-fit"),
    .init("worst fit", "worst-fit"),
    .init("power of two", "power-of-two"),
    .init("priority", "first-fit", .priority),
  ]

  private init(
    _ name: String, _ policy: String, _ order: SimulationOptions.Order = .fifo,
    backfilling: SimulationOptions.Backfilling = .none
  ) {
    (self.name, self.policy, self.order, self.backfilling) = (name, policy, order, backfilling)
  }

  /// The engine's options for it.
  var options: SimulationOptions {
    var options = SimulationOptions()
    options.order = order
    options.backfilling = backfilling
    options.estimates = .exact
    return options
  }
}

/// What of a task's request is scheduled.
enum ConclusionDemand: Sendable {
  /// CPU, and memory where it is known; of rigid parallel jobs that span machines, or not.
  case cores(spanning: Bool)
  /// GPUs: the trace knows no CPU requests.
  case gpus
  /// Nothing is known; a core each.
  case none

  /// What most of the tasks know.
  init(_ records: [TaskRecord]) {
    let cores = records.count { $0.request.cpu > .zero }
    let gpus = records.count { $0.request.milliGPU > 0 }
    let spanning = records.count { $0.flags.contains(.spansMachines) }
    self =
      cores * 2 > records.count
      ? .cores(spanning: spanning * 2 > records.count) : gpus * 2 > records.count ? .gpus : .none
  }

  /// A task that asks for that alone, with no past and no dependencies.
  func task(_ record: TaskRecord) -> TaskRecord {
    var request = Resources()
    var flags: TaskRecord.Flags = []
    switch self {
    case .cores(let spanning):
      request.cpu = max(record.request.cpu, Cores(0.001))
      if spanning { request.cpu = Cores(max(1, request.cpu.value.rounded())) }
      request.memory = record.request.memory
      if spanning { flags = .spansMachines }
    case .gpus:
      // A job of many GPUs has them on several machines: a rigid parallel job, a core for a GPU.
      let count = Double(record.request.milliGPU) / 1000
      request.cpu = Cores(max(count < 1 ? count : count.rounded(), 0.001))
      if count > 1 { flags = .spansMachines }
    case .none: request.cpu = Cores(1)
    }
    var task = TaskRecord(
      id: record.id, submit: record.submit, runTime: record.runTime, request: request)
    task.instances = record.instances
    task.priority = record.priority
    task.priorityClass = record.priorityClass
    task.flags = flags
    return task
  }

  /// What is said of it.
  var note: String? {
    switch self {
    case .cores: nil
    case .gpus: "the trace knows no CPU requests: GPUs are scheduled, jobs of several span machines"
    case .none: "the trace knows no requests: every task takes one core"
    }
  }
}

/// Tasks that are ready to be simulated, with what they ask for in all.
struct ConclusionWorkload: Sendable {
  let tasks: [TaskRecord]
  /// Core-seconds, and GiB-seconds of memory.
  let work: Double
  let memoryWork: Double
  /// Seconds from the first submission to the last.
  let span: Double

  /// - Parameters:
  ///   - records: tasks in order of submission.
  ///   - demand: what of their requests is scheduled.
  ///   - thinning: of so many instances of a record one is simulated.
  ///   - horizon: seconds after the first submission at which the trace ended: longer tasks are cut
  ///     there, as the trace cut its own.
  init(
    _ records: [TaskRecord], _ demand: ConclusionDemand, thinning: Int32 = 1,
    horizon: Double = .infinity
  ) {
    let first = records.first?.submit ?? .zero
    let end = horizon < 1e12 ? first + Microseconds(seconds: horizon) : Microseconds.never
    var (work, memoryWork) = (0.0, 0.0)
    tasks = records.map { record in
      var task = demand.task(record)
      task.instances = (task.instances + thinning - 1) / thinning
      if end.isKnown, task.submit + task.runTime > end { task.runTime = end - task.submit }
      let amount = Double(max(1, task.instances)) * task.runTime.seconds
      work += amount * task.request.cpu.value
      memoryWork += amount * task.request.memory.gibibytes
      return task
    }
    (self.work, self.memoryWork) = (work, memoryWork)
    span = records.last.map { ($0.submit - first).seconds } ?? 0
  }

  /// Cores that are busy on average if nothing has to wait.
  var busyCores: Double { span > 0 ? work / span : 0 }

  /// A cluster that suits these tasks: equal machines, on which at the trace's own pace they are a load
  /// of 0.7, or less where the largest of them needs more machines. Machines hold the largest task and
  /// at least eight mean ones, with memory in the proportion in which it is asked for; where tasks span
  /// machines these have a core each.
  ///
  /// - Parameter others: tasks that must find room as well.
  func cluster(with others: [TaskRecord] = []) -> (spec: ClusterSpec, words: String) {
    let wanted = busyCores / 0.7
    let spans = tasks.contains { $0.flags.contains(.spansMachines) }
    let most = (tasks + others).reduce(Resources.zero) { $0.union($1.request) }
    let largest = most.cpu.value
    if spans {
      let count = min(max(1, Int(max(wanted, largest).rounded(.up))), 100_000)
      return (
        Self.machines(count, cores: 1, memory: nil),
        "\(counted(count, "machine")) of 1 core, which parallel jobs span"
      )
    }
    let mean = tasks.reduce(0) { $0 + $1.request.cpu.value } / Double(max(1, tasks.count))
    let cores = max(largest, 8 * mean).rounded(.up)
    let count = min(max(4, Int((wanted / cores).rounded(.up))), 20_000)
    let words =
      "\(counted(count, "machine")) of \(significant(cores)) \(cores == 1 ? "core" : "cores")"
    guard memoryWork > 0, work > 0 else {
      return (Self.machines(count, cores: cores, memory: nil), words)
    }
    let memory = max(most.memory.gibibytes, cores * memoryWork / work).rounded(.up)
    return (
      Self.machines(count, cores: cores, memory: memory),
      words + " and \(significant(memory)) GiB"
    )
  }

  private static func machines(_ count: Int, cores: Double, memory: Double?) -> ClusterSpec {
    var group = MachineGroup(count: count, cores: cores...cores, memoryGiB: 1...1)
    group.memoryGiB = memory.map { ValueRange($0) }
    return ClusterSpec(groups: [group])
  }
}

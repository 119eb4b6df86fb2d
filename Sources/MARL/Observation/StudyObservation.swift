import PortableMath
import Simulation
import Workload

/// The study's observation of 50 numbers, all of them real: John (2026), section "State".
///
/// | index | feature |
/// | --- | --- |
/// | 0, 1 | own CPU, memory utilisation |
/// | 2 | own queue, log(1 + tasks) |
/// | 3, 4 | own cores / 16, own memory / 64 GiB |
/// | 5-14 | CPU utilisation of ten neighbours, drawn once a run |
/// | 15, 16 | the task's cores / 4, memory / 8 GiB |
/// | 17 | its class weight (3, 2, 1 over 2.1) |
/// | 18 | log(its reference time / 16.65 s) |
/// | 19 | time to its deadline over its reference time, less 3 |
/// | 20-29 | CPU utilisation of the machines: quantiles 0.05, 0.15 … 0.95 |
/// | 30-39 | memory utilisation, likewise |
/// | 40, 41 | share of the cluster's CPU, memory claimed |
/// | 42 | variance of CPU utilisation over machines × 10 |
/// | 43 | share of machines where tasks wait |
/// | 44 | log(1 + tasks waiting a machine) |
/// | 45 | tasks running a machine / 4 |
/// | 46 | share of machines that are empty |
/// | 47 | share of machines that are asleep |
/// | 48 | mean estimated backlog, log(1 + seconds / 10) |
/// | 49 | age of the information / 5 s |
///
/// In dispatch mode an agent decides about a task when it comes, so the study's "next ten tasks" are
/// one. Utilisation counts as 0…1.
public struct StudyObservation {
  /// How many numbers.
  public static let count = 50
  /// How many machines the network chooses among.
  public static let machines = 100
  /// Goes into checkpoints.
  public static let version = "study-observation-1"

  /// Ten machines for each.
  private var neighbours: [Int32] = []
  /// Features 20-49 of the last view.
  private var global = [Float](repeating: 0, count: 30)
  private var globalOf = Microseconds.never
  private var cpu: [Float] = []
  private var memory: [Float] = []

  package init() {}

  /// Draws each machine's neighbours for a run.
  package mutating func reset(_ cluster: borrowing Cluster) {
    globalOf = .never
    let stream = RandomStream(seed: 0, name: "neighbours")
    neighbours = (0..<cluster.count).flatMap { machine in
      var rng = stream.at(UInt64(machine))
      return (0..<10).map { _ in Int32(rng.below(cluster.count)) }
    }
  }

  /// Writes what the agent of the task's gateway sees.
  package mutating func write(
    _ task: TaskView, on cluster: borrowing Cluster, to row: UnsafeMutablePointer<Float>
  ) {
    let own = max(Int(task.gateway), 0)
    let view = cluster.view(of: own)
    let reference = max(task.estimate.isKnown ? task.estimate.seconds : 1, 1e-3)
    row[0] = Float(cluster.cpuUtilisation(own))
    row[1] = Float(cluster.memoryUtilisation(own))
    row[2] = log1pf(Float(view.queued))
    row[3] = Float(view.capacity.cpu.value / 16)
    row[4] = Float(view.capacity.memory.gibibytes / 64)
    for index in 0..<10 {
      row[5 + index] = Float(cluster.cpuUtilisation(Int(neighbours[own * 10 + index])))
    }
    row[15] = Float(task.request.cpu.value / 4)
    row[16] = Float(task.request.memory.gibibytes / 8)
    row[17] = Float(StudyReward.weight(of: task.priorityClass))
    row[18] = logf(Float(reference / 16.65))
    let left = task.deadline.isKnown ? (task.deadline - cluster.now).seconds / reference : 3
    row[19] = Float(min(max(left - 3, -3), 3))
    if globalOf != cluster.observed || cluster.observed == .zero { look(cluster) }
    for index in 0..<30 { row[20 + index] = global[index] }
    row[49] = Float(min((cluster.now - cluster.observed).seconds / 5, 4))
  }

  /// Works out what is the same for all decisions of one view.
  private mutating func look(_ cluster: borrowing Cluster) {
    globalOf = cluster.observed
    cpu.removeAll(keepingCapacity: true)
    memory.removeAll(keepingCapacity: true)
    var (squares, queues, empty, asleep, backlog) = (0.0, 0, 0, 0, 0.0)
    for machine in 0..<cluster.count where cluster.isUp(machine) {
      let u = cluster.cpuUtilisation(machine)
      cpu.append(Float(u))
      memory.append(Float(cluster.memoryUtilisation(machine)))
      squares += u * u
      queues += cluster.queueLength(machine) > 0 ? 1 : 0
      empty += cluster.runningCount(machine) == 0 ? 1 : 0
      asleep += cluster.isAsleep(machine) ? 1 : 0
      backlog += max(cluster.backlog(machine), cluster.memoryBacklog(machine))
    }
    guard !cpu.isEmpty else { return }
    let n = Double(cpu.count)
    cpu.sort()
    memory.sort()
    for index in 0..<10 {
      let place = min(Int((Double(index) + 0.5) / 10 * n), cpu.count - 1)
      global[index] = cpu[place]
      global[10 + index] = memory[place]
    }
    let (used, whole) = (cluster.totalClaimed, cluster.totalCapacity)
    let mean = cluster.meanUtilisation
    global[20] = Float(Double(used.cpu.nano) / Double(max(whole.cpu.nano, 1)))
    global[21] = Float(Double(used.memory.rawValue) / Double(max(whole.memory.rawValue, 1)))
    global[22] = Float(max(0, squares / n - mean * mean) * 10)
    global[23] = Float(queues) / Float(n)
    global[24] = log1pf(Float(cluster.totalQueued) / Float(n))
    global[25] = Float(cluster.totalRunning) / Float(n) / 4
    global[26] = Float(empty) / Float(n)
    global[27] = Float(asleep) / Float(n)
    global[28] = log1pf(Float(backlog / n / 10))
  }
}

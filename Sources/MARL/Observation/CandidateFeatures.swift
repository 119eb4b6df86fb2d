import PortableMath
import Simulation
import Workload

/// What the candidate scorer sees of one candidate machine: ``count`` numbers of about unit size.
///
/// The machine is as the agent sees it: itself as it is, others as of the last heartbeat and with what
/// it has itself sent there since.
///
/// | index | feature |
/// | --- | --- |
/// | 0 | 1 if the task fits now and nothing waits there |
/// | 1, 2 | share of CPU, of memory claimed |
/// | 3, 4 | free CPU, memory beyond the request, over capacity, -1…1 |
/// | 5 | tasks that wait there, log(1 + n) |
/// | 6, 7 | waiting CPU work, memory work: log(1 + seconds / 5) |
/// | 8 | speed - 1 |
/// | 9, 10 | cores / 16, memory / 64 GiB |
/// | 11 | energy that the task adds there / 800 J, at most 4 |
/// | 12 | idle power / 100 W |
/// | 13 | 1 if asleep |
/// | 14 | log(estimated completion / reference time), at most 3 |
/// | 15 | (time to the deadline - estimated completion) / reference time, -3…3 |
/// | 16 | age of the information / 5 s; 0 of itself |
/// | 17 | CPU that the agent has sent there since, over capacity |
/// | 18 | 1 if it is the agent's own machine |
/// | 19 | log(reference time / 16.65 s) |
/// | 20 | class weight (3, 2, 1 over 2.1) |
/// | 21, 22 | requested cores / 4, memory / 8 GiB |
/// | 23, 24 | share of the cluster's memory, of its CPU claimed |
/// | 25 | 1 if it is empty |
/// | 26 | 1 / (1 + its rank) if it was drawn as a neighbour that can take the task, 0 otherwise |
/// | 27 | feature 14 less the least of it among the candidates |
/// | 28 | feature 11 less the least of it among the candidates |
/// | 29 | share of the candidates in which the task fits now |
/// | 30 | the lesser of features 3 and 4 |
/// | 31 | tasks that run there, log(1 + n) / 2 |
public struct CandidateFeatures {
  /// How many there are.
  public static let count = 32
  /// Goes into checkpoints: networks trained on another version are refused.
  public static let version = "candidate-features-2"

  /// Features that belong together, to be withheld from a policy and see what they are worth.
  public enum Group: String, Hashable, Sendable, CaseIterable {
    /// What is said of memory.
    case memory
    /// What changes from one view to the next: claims, queues, sleep, what was sent.
    case state
    /// Energy and sleep.
    case energy
    /// The task's class and its deadline.
    case urgency
    /// What only the agent knows: age of the view, what it sent, which machine is its own, its neighbours.
    case own
    /// How it compares with the other candidates.
    case others

    /// Their indices.
    public var indices: [Int] {
      switch self {
      case .memory: [2, 4, 7, 10, 22, 23, 30]
      case .state: [0, 1, 2, 3, 4, 5, 6, 7, 13, 14, 15, 17, 23, 24, 25, 27, 29, 30, 31]
      case .energy: [11, 12, 13, 28]
      case .urgency: [15, 20]
      case .own: [16, 17, 18, 26]
      case .others: [27, 28, 29]
      }
    }
  }

  private let task: TaskView
  private let reference: Double
  private let timeLeft: Double
  private let age: Float
  private let hasSent: Bool
  /// Features 19 to 24.
  private let ofTask: (Float, Float, Float, Float, Float, Float)

  /// What is the same for all candidates of a task.
  package init(
    _ task: TaskView, on cluster: borrowing Cluster, _ ledger: borrowing SentLedger
  ) {
    self.task = task
    reference = max(task.estimate.isKnown ? task.estimate.seconds : 1, 1e-3)
    timeLeft = task.deadline.isKnown ? (task.deadline - cluster.now).seconds : 3 * reference
    age = Float(min((cluster.now - cluster.observed).seconds / 5, 4))
    hasSent = ledger.hasSent(task, on: cluster)
    let (used, whole) = (cluster.totalClaimed, cluster.totalCapacity)
    ofTask = (
      logf(Float(reference / 16.65)), Float(StudyReward.weight(of: task.priorityClass)),
      Float(task.request.cpu.value / 4), Float(task.request.memory.gibibytes / 8),
      Float(Double(used.memory.rawValue) / Double(max(whole.memory.rawValue, 1))),
      Float(Double(used.cpu.nano) / Double(max(whole.cpu.nano, 1)))
    )
  }

  /// Writes the features of candidates, a row each, of which the first `near` were taken as the agent's
  /// own machine and its neighbours.
  package func write(
    _ candidates: [Int32], near: Int, on cluster: borrowing Cluster,
    _ ledger: borrowing SentLedger, to rows: UnsafeMutablePointer<Float>
  ) {
    let count = candidates.count
    var rank = 0
    var (completion, energy, fits) = (Float.infinity, Float.infinity, Float(0))
    for index in 0..<count {
      let machine = Int(candidates[index])
      let row = rows + index * Self.count
      write(machine, on: cluster, ledger, to: row)
      row[26] = 0
      if index < near, machine != Int(task.gateway) {
        row[26] = 1 / Float(1 + rank)
        rank += 1
      }
      completion = min(completion, row[14])
      energy = min(energy, row[11])
      fits += row[0]
    }
    for index in 0..<count {
      let row = rows + index * Self.count
      row[27] = row[14] - completion
      row[28] = row[11] - energy
      row[29] = fits / Float(count)
    }
  }

  /// Writes the features of `machine` that say nothing of the other candidates.
  private func write(
    _ machine: Int, on cluster: borrowing Cluster, _ ledger: borrowing SentLedger,
    to row: UnsafeMutablePointer<Float>
  ) {
    var view = cluster.view(of: machine)
    let cores = max(view.capacity.cpu.value, 1e-9)
    let memory = max(view.capacity.memory.gibibytes, 1e-9)
    var sentShare = 0.0
    if hasSent {
      let sent = ledger.sent(by: Int(task.gateway), to: machine)
      if sent.coreSeconds > 0 || sent.memorySeconds > 0 {
        sentShare = sent.request.cpu.value / cores
        view.free -= sent.request
        view.cpuBacklog += sent.coreSeconds / cores
        view.memoryBacklog += sent.memorySeconds / memory
        view.isAsleep = false
        view.running += 1
      }
    }
    let (freeCPU, freeMemory) = (view.free.cpu.value, view.free.memory.gibibytes)
    let (cpu, gibibytes) = (task.request.cpu.value, task.request.memory.gibibytes)
    let fits = view.queued == 0 && task.request.fits(in: view.free)
    let isOwn = Int(task.gateway) == machine
    let isEmpty = view.running == 0 && view.queued == 0
    let run = reference / view.speed
    var completion = run + (isOwn ? 0 : 0.05)
    if !fits { completion += max(view.cpuBacklog, view.memoryBacklog) }
    if view.isAsleep { completion += view.wakeSeconds }
    let energy =
      run * (view.dynamicWatts * cpu / cores + (isEmpty ? view.idleWatts : 0))
      + (view.isAsleep ? 60 * view.idleWatts : 0)
    row[0] = fits ? 1 : 0
    row[1] = Float(1 - freeCPU / cores)
    row[2] = Float(1 - freeMemory / memory)
    row[3] = Float(min(max((freeCPU - cpu) / cores, -1), 1))
    row[4] = Float(min(max((freeMemory - gibibytes) / memory, -1), 1))
    row[5] = Self.logOfCount(view.queued)
    // Most machines have no queue, and logarithms cost more than all the rest.
    row[6] = view.queued == 0 ? 0 : log1pf(Float(view.queuedBacklog / 5))
    row[7] = view.queued == 0 ? 0 : log1pf(Float(view.queuedMemoryBacklog / 5))
    row[8] = Float(view.speed - 1)
    row[9] = Float(cores / 16)
    row[10] = Float(memory / 64)
    row[11] = Float(min(energy / 800, 4))
    row[12] = Float(view.idleWatts / 100)
    row[13] = view.isAsleep ? 1 : 0
    row[14] = min(logf(Float(completion / reference)), 3)
    row[15] = Float(min(max((timeLeft - completion) / reference, -3), 3))
    row[16] = isOwn ? 0 : age
    row[17] = Float(sentShare)
    row[18] = isOwn ? 1 : 0
    (row[19], row[20], row[21], row[22], row[23], row[24]) = ofTask
    row[25] = isEmpty ? 1 : 0
    row[30] = min(row[3], row[4])
    row[31] = Self.logOfCount(view.running) / 2
  }

  /// log(1 + count).
  @inline(__always)
  private static func logOfCount(_ count: Int) -> Float {
    count < logs.count ? logs[count] : log1pf(Float(count))
  }

  private static let logs = (0..<64).map { log1pf(Float($0)) }
}

import PortableMath
import Simulation
import Workload

/// What the critic of the candidate scorer sees of a decision: the task, the load, the time.
///
/// | index | feature |
/// | --- | --- |
/// | 0 | log(reference time / 16.65 s) |
/// | 1 | class weight |
/// | 2, 3 | requested cores / 4, memory / 8 GiB |
/// | 4 | time to the deadline over reference time, less 3 |
/// | 5, 6 | share of the cluster's CPU, of its memory claimed |
/// | 7 | tasks waiting a machine |
/// | 8 | tasks running a machine / 4 |
/// | 9 | age of the information / 5 s |
/// | 10 | place in the episode, 0…1 |
/// | 11 | the episode's load |
///
/// Of a centralised critic 5 to 8 are the present; of a local one what the agent sees. The critic is
/// used in training only.
enum CriticFeatures {
  static let count = 12

  static func write(
    _ task: TaskView, on cluster: borrowing Cluster, to row: UnsafeMutablePointer<Float>
  ) {
    let reference = max(task.estimate.isKnown ? task.estimate.seconds : 1, 1e-3)
    let machines = Float(max(cluster.upCount, 1))
    let (used, whole) = (cluster.totalClaimed, cluster.totalCapacity)
    let left = task.deadline.isKnown ? (task.deadline - cluster.now).seconds / reference : 3
    row[0] = logf(Float(reference / 16.65))
    row[1] = Float(StudyReward.weight(of: task.priorityClass))
    row[2] = Float(task.request.cpu.value / 4)
    row[3] = Float(task.request.memory.gibibytes / 8)
    row[4] = Float(min(max(left - 3, -3), 3))
    row[5] = Float(Double(used.cpu.nano) / Double(max(whole.cpu.nano, 1)))
    row[6] = Float(Double(used.memory.rawValue) / Double(max(whole.memory.rawValue, 1)))
    row[7] = min(Float(cluster.totalQueued) / machines, 4)
    row[8] = Float(cluster.totalRunning) / machines / 4
    row[9] = Float(min((cluster.now - cluster.observed).seconds / 5, 4))
    row[10] = 0
    row[11] = 0
  }
}

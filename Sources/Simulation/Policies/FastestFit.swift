// Fastest fit: the fastest machine with room now (Armstrong, Hensgen and Kidd, HCW 1998).
import Workload

/// Places each task on the fastest machine on which it fits now and nothing waits, then on the one of
/// least backlog, of CPU or memory; ties to the lowest index.
///
/// User-directed assignment without blind faith: Armstrong, Hensgen and Kidd, "The relative
/// performance of various mapping algorithms is independent of sizable variances in run-time
/// predictions", HCW 1998.
public struct FastestFit: ScoredPolicy {
  /// `fastest-fit`.
  public let name = "fastest-fit"
  /// A fastest-fit policy.
  public init() {}

  /// One over the speed where it fits now; more than that of any machine, and the backlog, elsewhere.
  public func cost(of task: TaskView, on machine: Int, in cluster: borrowing Cluster) -> Double {
    let view = cluster.view(of: machine)
    let fits = view.queued == 0 && task.request.fits(in: view.free)
    return fits ? 1 / view.speed : 1e6 + max(view.cpuBacklog, view.memoryBacklog)
  }
}

import PortableMath
import Simulation
import Workload

/// A learned order behind a gate: where it does worse than smallest area first, that decides.
///
/// At every fourth decision among several tasks the queue as it stands is drained in both orders (``QueueDrain``: no
/// more tasks come, run times are as predicted or requested). The logarithms of the ratio of the two sums of slowdowns
/// are added up, each 0.98 of what it counted at the one before. Where their mean says that smallest area first is
/// more than 3 % better, it decides until that is no more so. Only what a scheduler knows is used, so that nothing
/// hangs on true run times or what comes later. After the portfolio schedulers of Deng, Song, Ren and Iosup,
/// "Exploring portfolio scheduling for long-term execution of scientific workloads in IaaS clouds", SC'13.
struct GatedScorer: QueueScorer {
  /// Decisions from one look to the next.
  private static let every = 4
  /// What a look counts at the next one.
  private static let memory = 0.98
  /// By how much, as a logarithm, smallest area first must be better.
  private static let margin = 0.03

  private var learned: OrderScorer
  private var drain = QueueDrain()
  /// The sums of logarithms of how much better smallest area first is, and of what they count.
  private var (evidence, weight) = (0.0, 0.0)
  private var counts = QueueFallbacks()

  init(_ learned: OrderScorer) { self.learned = learned }

  var weighsTogether: Bool { true }
  var fallbacks: QueueFallbacks? { counts }

  mutating func score(
    _ scene: borrowing QueueScene, on cluster: borrowing Cluster, into scores: inout [Double]
  ) {
    if scene.waiting.count > 1 {
      if counts.decisions % Self.every == 0 { look(scene, on: cluster) }
      counts.decisions += 1
    }
    guard evidence > Self.margin * weight else {
      return learned.score(scene, on: cluster, into: &scores)
    }
    if scene.waiting.count > 1 { counts.taken += 1 }
    Self.areas(scene, 0, &scores)
  }

  /// Drains the queue in both orders.
  private mutating func look(_ scene: borrowing QueueScene, on cluster: borrowing Cluster) {
    let (total, claimed) = (cluster.totalCapacity.cpu.value, cluster.totalClaimed.cpu.value)
    let mine = drain.slowdown(scene, total: total, claimed: claimed) { scene, free, scores in
      learned.score(scene, total: total, free: free, into: &scores)
    }
    let other = drain.slowdown(scene, total: total, claimed: claimed, by: Self.areas)
    guard mine > 0, other > 0 else { return }
    evidence = evidence * Self.memory + PortableMath.log(mine / other)
    weight = weight * Self.memory + 1
  }

  /// Smallest area first, by predicted run times where there are such.
  private static func areas(
    _ scene: borrowing QueueScene, _ free: Double, _ scores: inout [Double]
  ) {
    for task in scene.waiting { scores.append(QueueDrain.seconds(task) * task.cores) }
  }
}

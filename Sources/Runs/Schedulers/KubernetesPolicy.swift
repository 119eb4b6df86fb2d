import Foundation
import KubeObjects
import KubeRules
import Simulation
import Workload

/// kube-scheduler's rules as a policy of the simulator: `kube:FILE`, a KubeSchedulerConfiguration.
///
/// A task is a pod, a machine a node. Where the workload or the cluster is a recording of a Kubernetes cluster
/// (`tracemill-kube record`), pods have their labels, affinity, tolerations and spread constraints, and nodes
/// their labels and taints; else amounts alone count. Of the best nodes one is drawn. From 100 nodes on a
/// sample is looked at, as kube-scheduler does, from where the last search ended.
public struct KubernetesPolicy: PlacementPolicy, Sendable {
  public let name: String
  private let plugins: ScorePlugins
  private let percentage: Int
  /// What its configuration says that is not modelled, a line each.
  public let notes: [Note]
  private var objects = KubernetesObjects()
  private var view = ClusterView()
  private var next = 0

  /// The scheduler of a configuration.
  ///
  /// - Throws: ``RunError`` where the file is not one.
  init(path: String) throws {
    do {
      let configuration = try KubernetesConfiguration(path: path)
      plugins = configuration.plugins
      percentage = configuration.percentageOfNodesToScore
      notes = configuration.notes
    } catch {
      throw RunError(error)
    }
    name = "kube:" + URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
  }

  /// Takes pods' and nodes' constraints from recordings, if these are any.
  ///
  /// - Throws: ``RunError`` for a recording that cannot be read.
  mutating func read(workload: String, cluster: String) throws {
    objects = try KubernetesObjects(workload: workload, cluster: cluster)
  }

  /// Makes the nodes.
  public mutating func runBegan(on cluster: borrowing Cluster) {
    view = ClusterView()
    next = 0
    for machine in 0..<cluster.count { show(machine, cluster) }
  }

  /// Keeps what nodes offer.
  public mutating func machineChanged(_ machine: Int, on cluster: borrowing Cluster) {
    let isThere = view.nodes[machine].isThere
    if cluster.isUp(machine) != isThere
      || isThere && cluster.capacity(machine) != view.offer(machine)
    {
      show(machine, cluster)
    }
    // What has been undone without a word is undone here too.
    if cluster.runningCount(machine) == 0, !view.nodes[machine].pods.isEmpty {
      for uid in view.nodes[machine].pods { view.removePod(uid) }
    }
  }

  /// The pod leaves its node.
  public mutating func taskEnded(_ result: TaskResult, on cluster: borrowing Cluster) {
    view.removePod(Self.uid(result.id, result.instance))
  }

  /// A node of the greatest score, of those that fit.
  public mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    view.tidy()
    _ = view.takeChanges()
    let uid = Self.uid(task.id, task.instance)
    view.removePod(uid)
    let shape = view.number(of: objects.shape(of: task))
    let rules = PodRules(shape, on: view)
    let wanted = sampleSize(cluster.count)
    var feasible: [Int] = []
    var looked = 0
    while looked < cluster.count, feasible.count < wanted {
      let machine = (next + looked) % cluster.count
      looked += 1
      if cluster.canTake(task, on: machine), rules.reason(machine, on: view) == nil {
        feasible.append(machine)
      }
    }
    if cluster.count > 0 { next = (next + looked) % cluster.count }
    guard !feasible.isEmpty else { return .wait }
    let totals = plugins.scores(shape, nodes: feasible, on: view).totals
    let best = totals.max() ?? 0
    let ties = feasible.indices.filter { totals[$0] == best }
    let machine = feasible[ties[ties.count > 1 ? rng.below(ties.count) : 0]]
    view.promise(uid, shape, to: machine)
    return .machine(machine)
  }

  /// The weighted sums of the plugins.
  public func scores(
    _ task: TaskView, on cluster: borrowing Cluster, into scores: inout [Double]
  ) {
    var view = view
    view.removePod(Self.uid(task.id, task.instance))
    let shape = view.number(of: objects.shape(of: task))
    let rules = PodRules(shape, on: view)
    let feasible = (0..<cluster.count).filter {
      cluster.canTake(task, on: $0) && rules.reason($0, on: view) == nil
    }
    scores = Array(repeating: -.infinity, count: cluster.count)
    let totals = plugins.scores(shape, nodes: feasible, on: view).totals
    for (machine, total) in zip(feasible, totals) { scores[machine] = Double(total) }
  }

  /// So many feasible nodes end the search (pkg/scheduler/schedule_one.go, numFeasibleNodesToFind).
  private func sampleSize(_ nodes: Int) -> Int {
    guard nodes >= 100, percentage < 100 else { return nodes }
    let share = percentage > 0 ? percentage : max(50 - nodes / 125, 5)
    return max(nodes * share / 100, 100)
  }

  private static func uid(_ id: TaskID, _ instance: Int32) -> String {
    "\(id.job)/\(id.index)/\(instance)"
  }

  private mutating func show(_ machine: Int, _ cluster: borrowing Cluster) {
    let description = cluster.description(machine)
    let known = objects.node(description.number)
    // The machine's index keeps names apart, whatever numbers a trace has.
    let name = known?.name ?? "machine-\(machine)"
    view.show(
      number: machine,
      Node(
        name: name, labels: known?.labels ?? ["kubernetes.io/hostname": name],
        allocatable: KubernetesObjects.amounts(cluster.capacity(machine)).merging(
          known?.allocatable.filter { KubernetesObjects.isExtra($0.key) }
            ?? ["pods": Quantity(nano: Int128(1 << 40) * 1_000_000_000)]
        ) { $1 },
        taints: known?.spec?.taints ?? [], isUnschedulable: known?.spec?.unschedulable ?? false),
      isThere: cluster.isUp(machine))
  }
}

extension ClusterView {
  /// CPU and memory that a node offers, as the simulator has them.
  fileprivate func offer(_ node: Int) -> Resources {
    KubernetesObjects.resources(nodes[node].node.allocatable)
  }
}

extension NamedScheduler {
  /// The score plugins that a KubeSchedulerConfiguration turns on, as `kube:FILE` has them.
  ///
  /// - Throws: ``RunError`` where the file is not one.
  public static func kubernetesPlugins(_ path: String) throws -> ScorePlugins {
    do { return try KubernetesConfiguration(path: path).plugins } catch { throw RunError(error) }
  }
}

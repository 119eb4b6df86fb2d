import Experiments
import Quoting
import Simulation

extension ExperimentDefinition {
  /// An experiment made of names, as `compare` takes them. The first scheduler is the baseline.
  ///
  /// - Throws: ``RunError`` for a name that is there twice.
  public init(
    workloads: [String], clusters: [String], schedulers: [String], seeds: [UInt64]
  ) throws(RunError) {
    let schedulers = try Self.named(schedulers, "--scheduler")
    let workloads = try Self.named(workloads, "--workload")
    let clusters = try Self.named(clusters, "--cluster")
    self.init(
      name: "comparison", workloads: workloads.map { .init(name: $0, source: $1) },
      clusters: clusters.map { .init(name: $0, source: $1) },
      schedulers: schedulers.map { .init(name: $0, policy: $1) }, seeds: seeds)
    baseline = schedulers.first?.name
  }

  private static func named(
    _ given: [String], _ option: String
  ) throws(RunError) -> [(name: String, source: String)] {
    if let twice = given.enumerated().first(where: { given.firstIndex(of: $1) != $0 })?.element {
      throw RunError(message: "\(option) \(Quoting.shell(twice)) is given twice")
    }
    return Array(zip(distinctNames(of: given), given))
  }

  /// Puts `metrics` first in tables and figures, before those that the experiment has or the usual ones.
  public mutating func lead(with metrics: [String]) {
    guard !metrics.isEmpty else { return }
    let others = self.metrics.isEmpty ? Metric.headline : self.metrics
    self.metrics = metrics + others.filter { !metrics.contains($0) }
  }

  /// Names a workload and a cluster that a sweep did not vary by what they are.
  public mutating func nameWhatStays() {
    func name(_ source: String) -> String {
      source.split(separator: "/").last.map(String.init) ?? source
    }
    for place in workloads.indices where workloads[place].name == "workload" {
      workloads[place].name = name(workloads[place].source)
    }
    for place in clusters.indices where clusters[place].name == "cluster" {
      clusters[place].name = name(clusters[place].source)
    }
  }
}

extension ExperimentDefinition {
  /// Every workload is of these tasks, with arrivals so many times as dense and run times so many times as long.
  public mutating func take(
    _ selection: TaskSelection, _ arrivals: Double = 1, _ runTimes: Double = 1
  ) {
    for index in workloads.indices {
      workloads[index].from = selection.from?.seconds
      workloads[index].to = selection.to?.seconds
      workloads[index].priority = selection.priority?.text
      workloads[index].sample = selection.sample
      if !selection.columns.isEmpty { workloads[index].select = selection.columns.map(\.text) }
      if arrivals != 1 { workloads[index].scaleArrivals = arrivals }
      if runTimes != 1 { workloads[index].scaleRunTimes = runTimes }
    }
  }
}

import Configuration
import Foundation
import Generation
import MARL
import Simulation
import Workload

/// One cluster of a scenario file and the tasks that are submitted to it.
struct ScenarioPlace {
  private enum Machines {
    /// A name, as `--cluster` takes it.
    case named(String)
    /// Written down here.
    case written(ClusterSpec)
  }

  private enum Tasks {
    /// A name, as `--workload` takes it: generated for each seed, or a trace.
    case named(String)
    /// Written down here.
    case written(WorkloadModel)
  }

  private let name: String
  private var machines = Machines.named("tiers:100")
  private var tasks = Tasks.named("study")

  /// What `node` says of its cluster and workload; every issue is noted.
  init(_ node: ConfigurationNode, name: String, folder: String) {
    self.name = name
    func place(_ text: String) -> String { LearningFile.place(text, in: folder) }
    if let cluster = node["cluster"] {
      if cluster.isObject {
        if let spec = ClusterSpec(cluster) { machines = .written(spec) }
      } else if let text = cluster.string() {
        machines = .named(place(text))
      }
    }
    if let workload = node["workload"] {
      if workload.isObject {
        let scenario = WorkloadScenario(workload) { base in
          try NamedModel.isOne(base) ? NamedModel(base).scenario.model : nil
        }
        if let scenario { tasks = .written(scenario.model) }
      } else if let text = workload.string() {
        tasks = .named(place(text))
      }
    }
  }

  /// The scenario; traces are read here, once.
  func scenario(options: SimulationOptions) throws -> Scenario {
    let (source, notes) = try source()
    var scenario = Scenario(name: name, options: options, cluster: try cluster(), source: source)
    scenario.notes = notes
    return scenario
  }

  private func cluster() throws -> @Sendable (UInt64) throws -> ClusterLayout {
    switch machines {
    case .written(let spec): return { try ClusterLayout(spec, seed: $0) }
    case .named(let name):
      let argument = NamedCluster(name)
      if let spec = try argument.specification() { return { try ClusterLayout(spec, seed: $0) } }
      // Machines of a trace, which no seed draws.
      let layout = try argument.layout(seed: 1)
      return { _ in layout }
    }
  }

  private typealias Source =
    @Sendable (EpisodeSeed, Double, ClusterLayout) throws -> any WorkloadSource

  private func source() throws -> (Source, [Note]) {
    let model: WorkloadModel
    switch tasks {
    case .written(let written): model = written
    case .named(let name) where NamedModel.isOne(name):
      model = try NamedModel(name).scenario.model
    case .named(let name):
      let tape = try ReplayTape(name)
      return (
        { seed, load, layout in
          try tape.source(seed: seed, load: load, onCores: layout.effectiveCores)
        }, tape.notes
      )
    }
    // Means of laws take far longer than an episode's other preparations.
    let work = model.meanJobCoreSeconds
    let source: Source = { seed, load, layout in
      var model = model
      try model.setLoad(load, onCores: layout.effectiveCores, work: work)
      return try SyntheticWorkload(model, .endless, seed: seed.value).map { task in
        var task = task
        task.setMissingDeadline()
        return task
      }
    }
    return (source, [])
  }
}

extension TaskRecord {
  /// Gives a task without a deadline that of the study: 1.5, 3 or 5 run times
  /// after its submission by class.
  mutating func setMissingDeadline() {
    guard !deadline.isKnown else { return }
    let factor =
      switch priorityClass {
      case .production, .monitoring: 1.5
      case .batch, .mid: 3.0
      case .bestEffort, .unknown: 5.0
      }
    deadline = submit + Microseconds(seconds: runTime.seconds * factor)
  }
}

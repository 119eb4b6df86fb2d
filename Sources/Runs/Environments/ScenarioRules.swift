import MARL
import Simulation
import TraceParsing
import Workload

extension SchedulingEnvironment.Rules {
  /// Episodes of a scenario of one cluster, as `tracemill evaluate` runs them: `reset(seed:)` begins that of
  /// the seed.
  ///
  /// - Parameters:
  ///   - path: the scenario's file.
  ///   - load: a load; the scenario's first if nil.
  ///   - tasks: tasks an episode; the scenario's if nil.
  /// - Throws: ``RunError`` with every mistake in the file.
  public init(scenario path: String, load: Double?, tasks: Int?) throws {
    let file = try ScenarioFile(path: path)
    let scenario = try file.scenario(of: path)
    let load = load ?? file.loads[0]
    let count = tasks ?? file.tasks
    self.init(
      layout: scenario.cluster,
      tasks: { seed, _ in
        var source = try scenario.source(EpisodeSeed(seed), load, scenario.cluster(seed))
        var records: [TaskRecord] = []
        while records.count < count, let record = try source.next() { records.append(record) }
        return NamedWorkload(TaskTable(records))
      }, options: scenario.options)
    self.load = load
    taskLimit = count
  }

  /// Sets what energy and imbalance count as 1: joules a task, variance of CPU utilisation over machines.
  public mutating func setUnits(energy: Double, variance: Double) {
    units = RewardUnits(energy: energy, variance: variance)
  }

  /// Sets them to what the random policy comes to on twenty seeds kept for that, as `tracemill evaluate` does.
  ///
  /// - Throws: where the machines or the tasks cannot be made.
  public mutating func measureUnits() throws {
    let (layout, tasks) = (layout, tasks)
    let scenario = Scenario(
      name: "units", options: options, cluster: layout,
      source: { seed, _, machines in
        ReplayedTasks(try tasks(seed.value, machines.effectiveCores))
      })
    units = try scenario.measuredUnits(
      load: load ?? 1, tasks: taskLimit, seeds: EpisodeSeed.some(.tuning, 20) ?? [])
  }
}

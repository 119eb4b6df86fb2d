import Workload

extension Collection where Element == Scenario, Self: Sendable {
  /// Mean reward of a policy on the validation seeds over the scenarios, load by load.
  ///
  /// - Throws: as ``Scenario/run(_:_:)``.
  func validate(
    _ model: PolicyModel, loads: [Double], tasks: Int, episodes: Int, workers: Int
  ) throws -> [Double] {
    let seeds = EpisodeSeed.some(.validation, episodes) ?? []
    let scenarios = Array(self)
    let each = scenarios.count * seeds.count
    let rewards = try Parallel.map(loads.count * each, workers: workers) { job in
      try scenarios[job % each / seeds.count].run(
        Episode(seed: seeds[job % seeds.count], load: loads[job / each], tasks: tasks),
        MARLScheduler(model)
      ).total
    }
    return loads.indices.map { load in
      rewards[(load * each)..<((load + 1) * each)].reduce(0, +) / Double(each)
    }
  }
}

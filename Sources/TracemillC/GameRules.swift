import Configuration
import Experiments
import Runs
import Simulation
import Workload

/// The rules of play that a description states.
func gameRules(
  _ description: UnsafePointer<CChar>?, _ table: RecordTable?
) throws -> SchedulingEnvironment.Rules {
  let wanted = try described(description) { DescribedGame($0, needsWorkload: table == nil) }
  var rules = try wanted.rules(table)
  rules.candidates = wanted.shown.candidates
  rules.sampling = wanted.shown.sampling
  rules.horizon = wanted.horizon
  rules.observation = wanted.shown.observation
  rules.reward = wanted.reward
  rules.rewardScale = wanted.scale ?? (wanted.reward == .waiting ? 0.01 : 1)
  rules.keepsEnded = wanted.keepsEnded
  if let units = wanted.units {
    rules.setUnits(energy: units.energy, variance: units.variance)
  } else if wanted.reward == .study || wanted.reward == .expected {
    try rules.measureUnits()
  }
  return rules
}

/// What environments are asked to be.
private struct DescribedGame {
  var scenario: (path: String, load: Double?, tasks: Int?)?
  var workload: String?
  var cluster: DescribedCluster?
  var options = SimulationOptions()
  var shown: DescribedObservation
  var horizon: Int?
  var reward: SchedulingEnvironment.RewardKind
  var scale: Double?
  var units: (energy: Double, variance: Double)?
  var keepsEnded: Bool

  init?(_ root: ConfigurationNode, needsWorkload: Bool) {
    if let path = root.string("scenario") {
      scenario = (
        path, root.number("load", in: .above(0, to: 100)),
        root.integer("tasks", in: 1...10_000_000)
      )
      for key in ["workload", "cluster", "engine"] where root[key] != nil {
        root.problem(at: key, "is the scenario's to say")
      }
    } else {
      workload = root.string("workload", required: needsWorkload)
      cluster = DescribedCluster(root, "cluster")
      if root["cluster"] == nil { root.problem(at: "cluster", "is missing") }
      if let engine = root.object("engine") { EngineSettings(whole: engine).apply(to: &options) }
    }
    shown = DescribedObservation(root)
    horizon = root.integer("horizon", in: 1...Int(Int32.max))
    reward = root.choice("reward", of: SchedulingEnvironment.RewardKind.self) ?? .waiting
    scale = root.number("rewardScale", in: .positive)
    if let node = root.object("units") {
      units = (
        node.number("energy", in: .positive, required: true) ?? 1,
        node.number("variance", in: .positive, required: true) ?? 1
      )
    }
    keepsEnded = root.flag("ended") ?? false
    guard scenario != nil || cluster != nil else { return nil }
  }

  func rules(_ table: RecordTable?) throws -> SchedulingEnvironment.Rules {
    if let scenario {
      return try SchedulingEnvironment.Rules(
        scenario: scenario.path, load: scenario.load, tasks: scenario.tasks)
    }
    guard let cluster else { throw RunError(message: "no cluster") }
    let workload = workload ?? ""
    return SchedulingEnvironment.Rules(
      layout: { try cluster.layout(seed: $0) },
      tasks: { seed, cores in
        if let table {
          return NamedWorkload(
            table.tasks, users: table.symbols.strings, dependencies: table.dependencies)
        }
        return try NamedWorkload(workload, seed: seed, cores: cores)
      }, options: options)
  }
}

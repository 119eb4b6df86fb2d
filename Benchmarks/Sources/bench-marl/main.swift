import Generation
import MARL
import Simulation
import Workload

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

// What learning does in a CPU-second, on one thread. Usage: bench-marl POLICY, a trained policy.

/// CPU-seconds of this process.
func processorSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

func fixed(_ value: Double, _ digits: Int) -> String {
  var text = [CChar](repeating: 0, count: 40)
  let count = withVaList([Int32(digits), value]) { vsnprintf(&text, text.count, "%.*f", $0) }
  return String(decoding: text.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// The study's workload on its tiers with speeds, dispatched at gateways.
func scenario(machines: Int) -> Scenario {
  Scenario(
    name: "bench", units: [0.7: RewardUnits(energy: 792, variance: 0.0766)],
    cluster: { try ClusterLayout(.studyTiersWithSpeeds(machines: machines), seed: $0) },
    source: { seed, load, layout in
      var model = WorkloadModel.study
      try model.setLoad(
        load, onCores: layout.machines.reduce(0) { $0 + $1.capacity.cpu.value * $1.speed })
      return try SyntheticWorkload(model, .endless, seed: seed.value)
    })
}

/// An episode of a held-out seed.
func heldOut(_ seed: Int, load: Double, tasks: Int? = nil) -> Episode {
  guard let seeds = EpisodeSeed.heldOut(1, from: seed) else { fatalError("\(seed) is not held out") }
  return Episode(seed: seeds[0], load: load, tasks: tasks)
}

func settings(_ architecture: PolicyModel.Architecture, iterations: Int) -> TrainingSettings {
  var settings = TrainingSettings()
  settings.architecture = architecture
  settings.loads = [0.7]
  settings.iterations = iterations
  settings.validationEvery = iterations + 1
  settings.validationEpisodes = 1
  return settings
}

/// Training: episodes of the simulator, credit, three epochs of PPO in minibatches of 2,000.
func train(_ name: String, _ architecture: PolicyModel.Architecture) throws {
  var trainer = try Trainer(scenario(machines: 100), settings(architecture, iterations: 5))
  _ = try trainer.step()
  let (start, before) = (processorSeconds(), trainer.decisions)
  // The last iteration would validate.
  for _ in 0..<3 { _ = try trainer.step() }
  let rate = Double(trainer.decisions - before) / (processorSeconds() - start)
  print("Tracemill  training, \(name): \(fixed(rate, 0)) decisions/CPU-s")
}

/// Decisions in use, by themselves and with the simulation of their tasks.
func use(_ name: String, _ model: PolicyModel, machines: Int) throws {
  let scenario = scenario(machines: machines)
  let tasks = 20 * machines
  _ = try scenario.run(heldOut(2001, load: 0.7, tasks: tasks), MARLScheduler(model))
  let start = processorSeconds()
  let episodes = 20_000 / tasks + 10
  for seed in 0..<episodes {
    _ = try scenario.run(
      heldOut(2002 + seed, load: 0.7, tasks: tasks), MARLScheduler(model))
  }
  let whole = processorSeconds() - start
  // The same episodes under a policy that only draws a number.
  let plain = processorSeconds()
  for seed in 0..<episodes {
    _ = try scenario.run(
      heldOut(2002 + seed, load: 0.7, tasks: tasks), WeightedRandom())
  }
  let rest = processorSeconds() - plain
  let decisions = Double(episodes * tasks)
  print(
    "Tracemill  in use, \(name): \(fixed(decisions / (whole - rest), 0)) decisions/CPU-s "
      + "(\(fixed(1e6 * (whole - rest) / decisions, 2)) µs each beyond weighted random's), "
      + "\(fixed(decisions / whole, 0)) with the simulation of their tasks")
}

/// Updates of the study's network by A2C with 64 decisions: forward, backward, Adam.
func update() throws {
  var learner = Learner(.initialised(.study, seed: 1), seed: 1)
  var rng = RandomStream(seed: 1, name: "update")
  var experience = Experience()
  experience.episodes = [0]
  for index in 0..<64 {
    experience.inputs += (0..<50).map { _ in Float(rng.uniform()) }
    experience.rowStart.append(Int32(index + 1))
    experience.chosen.append(Int32(rng.below(100)))
    experience.logProbability.append(logf(0.01))
    experience.network.append(0)
    experience.reward.append(Float(rng.uniform()))
  }
  var how = LearnerSettings()
  how.algorithm = .a2c
  how.minibatch = 64
  _ = try learner.update(experience, how, rate: 1e-4, seed: 1)
  let start = processorSeconds()
  let count = 2000
  for _ in 0..<count { _ = try learner.update(experience, how, rate: 1e-4, seed: 1) }
  let microseconds = 1e6 * (processorSeconds() - start) / Double(count)
  print("Tracemill  update of 64 decisions, 50-128-100 with value: \(fixed(microseconds, 1)) µs")
}

/// The study's experiment: four schedulers, 30 episodes of 1,000 tasks; the fourth trains in its
/// episodes, which the study's code does not.
func study() throws {
  let start = processorSeconds()
  let tiers = scenario(machines: 100)
  for name in ["study-random", "study-weighted-round-robin", "study-priority-min-min"] {
    guard let policy = PolicyCatalog.make(name) else { continue }
    for seed in 0..<30 {
      _ = try tiers.run(heldOut(1 + seed, load: 0.7, tasks: 1000), policy)
    }
  }
  let before = processorSeconds()
  var how = settings(.study, iterations: 30)
  how.learner.algorithm = .a2c
  how.learner.minibatch = 64
  how.episodes = 1
  how.tasks = 1000
  var trainer = try Trainer(tiers, how)
  while !trainer.isDone { _ = try trainer.step() }
  let end = processorSeconds()
  print(
    "Tracemill  the study's experiment, 4 schedulers x 30 x 1,000 tasks: \(fixed(end - start, 2)) CPU-s, "
      + "\(fixed(end - before, 2)) of them agents that learn")
}

do {
  try train("candidate scorer 32-32-1, ten candidates", .candidates)
  try train("study's network 50-128-100", .study)
  try use("ten candidates", .initialised(.candidates, seed: 1), machines: 100)
  if CommandLine.arguments.count > 1 {
    let trained = try PolicyModel(path: CommandLine.arguments[1])
    try use("the shipped policy", trained, machines: 100)
    try use("the shipped policy at 1,000 machines", trained, machines: 1000)
  }
  try use("study's network", .initialised(.study, seed: 1), machines: 100)
  try update()
  try study()
} catch {
  print("bench-marl: \(error)")
  exit(1)
}

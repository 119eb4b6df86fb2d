import Generation
import Simulation
import Testing
import Workload

@testable import MARL

/// The study's scenario in small.
func studyScenario(machines: Int = 20) -> Scenario {
  Scenario(
    name: "study-test", units: [0.5: RewardUnits(energy: 830, variance: 0.08)],
    cluster: { seed in try ClusterLayout(.studyTiersWithSpeeds(machines: machines), seed: seed) },
    source: { seed, load, layout in
      var model = WorkloadModel.study
      let cores = layout.machines.reduce(0) { $0 + $1.capacity.cpu.value * $1.speed }
      try model.setLoad(load, onCores: cores)
      return try SyntheticWorkload(model, .endless, seed: seed.value)
    })
}

/// An episode of a held-out seed.
func heldOut(_ seed: UInt64, load: Double, tasks: Int? = nil) throws -> Episode {
  Episode(seed: try #require(EpisodeSeed(.heldOut, seed)), load: load, tasks: tasks)
}

/// Settings for a quick polish.
func quickPolish(generations: Int) -> EvolutionSettings {
  var settings = EvolutionSettings()
  settings.loads = [0.5]
  settings.tasks = 60
  settings.pairs = 3
  settings.generations = generations
  settings.validationEvery = 2
  settings.validationEpisodes = 1
  return settings
}

/// Settings for a few quick iterations.
func quickSettings() -> TrainingSettings {
  var settings = TrainingSettings()
  settings.loads = [0.5]
  settings.tasks = 60
  settings.episodes = 4
  settings.iterations = 4
  settings.validationEvery = 2
  settings.validationEpisodes = 1
  settings.candidates = CandidateRule(4)
  settings.learner.minibatch = 100
  return settings
}

/// A machine for tests by hand.
func machine(
  _ number: Int64, cores: Double, memory: Double = 100, speed: Double = 1, idle: Double = 0,
  dynamic: Double = 0, sleepAfter: Microseconds = .never
) -> MachineDescription {
  MachineDescription(
    number: number,
    capacity: Resources(cpu: Cores(cores), memory: Bytes(gibibytes: memory)), speed: speed,
    power: PowerModel(idle: Watts(idle), dynamic: Watts(dynamic), sleepAfter: sleepAfter))
}

/// A task for tests by hand.
func task(
  _ number: Int64, at submit: Double, run: Double, cores: Double, memory: Double = 1,
  deadline: Double? = nil, _ priorityClass: PriorityClass = .batch
) -> TaskRecord {
  var task = TaskRecord(
    id: TaskID(job: number), submit: Microseconds(seconds: submit),
    runTime: Microseconds(seconds: run),
    request: Resources(cpu: Cores(cores), memory: Bytes(gibibytes: memory)))
  task.priorityClass = priorityClass
  task.estimate = task.runTime
  if let deadline { task.deadline = task.submit + Microseconds(seconds: deadline) }
  return task
}

/// Records in a list, as a source.
struct ListedTasks: WorkloadSource, Sendable {
  typealias Failure = Never
  var tasks: ArraySlice<TaskRecord>

  init(_ tasks: [TaskRecord]) { self.tasks = tasks[...] }
  mutating func next() -> TaskRecord? { tasks.popFirst() }
}

import Simulation
import Workload

/// A task of `cores` and `memory` GiB that arrives at `at` and runs for `runs` seconds.
func task(
  _ job: Int64, at: Double, runs: Double, cores: Double = 1, memory: Double = 0
) -> TaskRecord {
  TaskRecord(
    id: TaskID(job: job), submit: Microseconds(seconds: at), runTime: Microseconds(seconds: runs),
    request: Resources(cpu: Cores(cores), memory: Bytes(gibibytes: memory)))
}

/// Machines of (cores, GiB).
func machines(_ sizes: [(Double, Double)], speed: Double = 1) throws -> ClusterLayout {
  try ClusterLayout(
    machines: sizes.enumerated().map { index, size in
      MachineDescription(
        number: Int64(index),
        capacity: Resources(cpu: Cores(size.0), memory: Bytes(gibibytes: size.1)), speed: speed)
    })
}

func machines(_ count: Int, cores: Double, memory: Double = 0) throws -> ClusterLayout {
  try machines(Array(repeating: (cores, memory), count: count))
}

/// A run with its results, audited.
func run(
  _ records: [TaskRecord], on layout: ClusterLayout, _ policy: any PlacementPolicy,
  seed: UInt64 = 1, _ configure: (inout SimulationOptions) -> Void = { _ in }
) throws -> (report: SimulationReport, results: [TaskResult]) {
  var options = SimulationOptions()
  options.audit = true
  configure(&options)
  var sink = CollectedResults()
  let report = try Simulator(cluster: layout, policy: policy, options: options, seed: seed)
    .run(TaskTable(records).source(), results: &sink)
  return (report, sink.results)
}

/// A random workload of `count` tasks over `layout`-sized machines: bursts, ties in time, tasks of
/// no length, tasks that fit nowhere.
func randomRecords(_ count: Int, seed: UInt64) -> [TaskRecord] {
  var rng = RandomStream(seed: seed, name: "test workload")
  var clock = 0.0
  return (0..<count).map { index in
    if rng.below(3) > 0 { clock += rng.exponential(mean: 2) }
    var record = task(
      Int64(index), at: clock, runs: rng.below(20) == 0 ? 0 : rng.exponential(mean: 30),
      cores: Double(1 + rng.below(rng.below(50) == 0 ? 40 : 6)) / 2,
      memory: Double(rng.below(9)))
    record.priorityClass = [.bestEffort, .batch, .production][rng.below(3)]
    record.user = UserID(UInt32(1 + rng.below(4)))
    if rng.below(2) == 0 { record.deadline = record.submit + Microseconds(seconds: 60) }
    return record
  }
}

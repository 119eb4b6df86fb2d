// Tasks per CPU-second of the simulator: bench-sim POLICY MACHINES TASKS [LOAD] [central|dispatch]
import Simulation
import Workload

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

#if canImport(Glibc)
  let ownUsage = __rusage_who_t(RUSAGE_SELF.rawValue)
#else
  let ownUsage = RUSAGE_SELF
#endif

/// CPU time of this process in seconds.
func cpuTime() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// The most memory this process has held, in bytes.
func peakMemory() -> Int {
  var usage = rusage()
  getrusage(ownUsage, &usage)
  return usage.ru_maxrss * 1024
}

/// Poisson arrivals of one-to-four-core tasks with exponential run times, made as they are asked
/// for.
struct BenchmarkSource: WorkloadSource {
  var left: Int
  let gap: Double
  let mean: Double
  let mixed: Bool
  var rng: RandomStream
  var clock = 0.0

  mutating func next() -> TaskRecord? {
    guard left > 0 else { return nil }
    left -= 1
    clock += rng.exponential(mean: gap)
    let bits = rng.next()
    let cores = mixed ? Double(1 + bits & 7) / 2 : 1
    let memory = mixed ? Double(1 + (bits >> 8) & 15) / 2 : 0
    return TaskRecord(
      id: TaskID(job: Int64(left)), submit: Microseconds(seconds: clock),
      runTime: Microseconds(seconds: rng.exponential(mean: mean)),
      request: Resources(cpu: Cores(cores), memory: Bytes(gibibytes: memory)))
  }
}

let arguments = CommandLine.arguments
guard arguments.count >= 4, let policy = PolicyCatalog.make(arguments[1]),
  let machines = Int(arguments[2]), let tasks = Int(arguments[3])
else {
  print("usage: bench-sim POLICY MACHINES TASKS [LOAD=0.8] [central|dispatch]")
  exit(2)
}
let load = arguments.count > 4 ? Double(arguments[4]) ?? 0.8 : 0.8
var options = SimulationOptions()
options.mode = arguments.count > 5 && arguments[5] == "dispatch" ? .dispatch : .central
let mixed = options.mode == .central
let layout = try ClusterLayout(
  machines: (0..<machines).map {
    MachineDescription(
      number: Int64($0),
      capacity: Resources(cpu: Cores(8.0), memory: Bytes(gibibytes: 32)))
  })
// A mean request of 2.25 cores, or of one.
let meanRun = 100.0
let gap = (mixed ? 2.25 : 1) * meanRun / (load * 8 * Double(machines))
let source = BenchmarkSource(
  left: tasks, gap: gap, mean: meanRun, mixed: mixed, rng: RandomStream(seed: 1, name: "bench"))

var drained = source
let generationStart = cpuTime()
while drained.next() != nil {}
let generation = cpuTime() - generationStart
let start = cpuTime()
let report = try Simulator(cluster: layout, policy: policy, options: options, seed: 1).run(source)
let seconds = cpuTime() - start
print(
  "\(report.policy) machines=\(machines) tasks=\(tasks) load=\(load)",
  "cpu_s=\(seconds) tasks_per_cpu_s=\(Int(Double(tasks) / seconds))",
  "without_source=\(Int(Double(tasks) / (seconds - generation)))",
  "decisions=\(report.decisions) utilisation=\(report.usage.cpu)",
  "wait_mean_s=\(report.total.wait.mean / 1e6) peak_MB=\(peakMemory() >> 20)")

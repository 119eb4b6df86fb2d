// What the simulator does in a CPU-second. See tools/bench-sim, which runs it beside its peers.
import Simulation
import Workload

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

let usage = """
  usage: bench-sim place POLICY MACHINES TASKS [LOAD]   central queue, mixed requests, steady
         bench-sim generate TASKS HOSTS CORES           writes arrival,duration lines
         bench-sim queue FILE HOSTS CORES               round robin to queues at the hosts
         bench-sim study FOLDER                         the study's nodes.csv and tasks.csv
         bench-sim backfill SHAPE ESTIMATES TASKS [LOAD]  EASY beside conservative backfilling; SHAPE is
                        pool or a number of machines, ESTIMATES exact, over or wrong
  """

/// Placements per CPU-second in the steady state: the clocks start when the cluster has been at its
/// load for five mean run times and stop at the last arrival; generation of the workload is measured
/// apart and taken off.
func place(_ name: String, machines: Int, tasks: Int, load: Double) throws {
  guard let policy = PolicyCatalog.make(name) else {
    print("no policy is called \(name)")
    exit(2)
  }
  let alone = SteadySource(machines: machines, load: load, tasks: tasks)
  var drained = alone
  while drained.next() != nil {}
  let generation = drained.watch.span
  let source = SteadySource(machines: machines, load: load, tasks: tasks)
  let watch = source.watch
  var options = SimulationOptions()
  options.warmUp = Microseconds(seconds: source.warmUp)
  options.accountsTail = .zero
  let layout = try uniformCluster(machines, cores: 8)
  let report = try Simulator(cluster: layout, policy: policy, options: options, seed: 1).run(source)
  let seconds = watch.span - generation
  print(
    "\(name) machines=\(machines) tasks=\(tasks) cpu_s=\(fixed(seconds, 3))",
    "placements_per_cpu_s=\(Int(Double(tasks) / seconds))",
    "utilisation=\(fixed(report.usage.cpu, 3)) waiting=\(fixed(report.usage.meanWaiting, 1))",
    "peak_MiB=\(peakMebibytes())")
}

/// One-core tasks in lines of arrival and duration in seconds, to the microsecond, at load 0.8.
func generate(tasks: Int, hosts: Int, cores: Int) {
  var source = BenchmarkSource(
    left: tasks, gap: 20 / (0.8 * Double(hosts * cores)), mean: 20, mixed: false,
    rng: RandomStream(seed: 1, name: "bench"))
  while let record = source.next() {
    print("\(fixed(record.submit.seconds, 6)),\(fixed(record.runTime.seconds, 6))")
  }
}

/// The same workload as the peers run, from the same file.
func queue(path: String, hosts: Int, cores: Int) throws {
  guard let file = fopen(path, "r") else {
    print("\(path): cannot be read")
    exit(1)
  }
  var records: [TaskRecord] = []
  var line: UnsafeMutablePointer<CChar>?
  var capacity = 0
  while getline(&line, &capacity, file) > 0, let text = line {
    let fields = String(cString: text).split { $0 == "," || $0 == "\n" }.compactMap { Double($0) }
    guard fields.count == 2 else {
      print("\(path):\(records.count + 1): expected arrival,duration")
      exit(1)
    }
    records.append(
      TaskRecord(
        id: TaskID(job: Int64(records.count)), submit: Microseconds(seconds: fields[0]),
        runTime: Microseconds(seconds: fields[1]), request: Resources(cpu: Cores(1.0))))
  }
  free(line)
  fclose(file)
  let table = TaskTable(records)
  var options = SimulationOptions()
  options.mode = .dispatch
  let layout = try uniformCluster(hosts, cores: Double(cores))
  let start = cpuTime()
  let report = try Simulator(cluster: layout, policy: RoundRobin(), options: options, seed: 1)
    .run(table.source())
  let seconds = cpuTime() - start
  print(
    records.count, fixed(seconds, 6), fixed(report.total.completion.mean / 1e6, 4),
    fixed(report.lastFinish.seconds, 2))
}

let arguments = CommandLine.arguments.dropFirst().map { $0 }
let numbers = arguments.map { Int($0) ?? 0 }
switch (arguments.first, arguments.count) {
case ("place", 4), ("place", 5):
  try place(
    arguments[1], machines: numbers[2], tasks: numbers[3],
    load: arguments.count > 4 ? Double(arguments[4]) ?? 0.8 : 0.8)
case ("generate", 4): generate(tasks: numbers[1], hosts: numbers[2], cores: numbers[3])
case ("queue", 4): try queue(path: arguments[1], hosts: numbers[2], cores: numbers[3])
case ("study", 2): try study(folder: arguments[1])
case ("backfill", 4), ("backfill", 5):
  try backfill(
    arguments[1], arguments[2], tasks: numbers[3],
    load: arguments.count > 4 ? Double(arguments[4]) ?? 0.95 : 0.95)
default:
  print(usage)
  exit(2)
}

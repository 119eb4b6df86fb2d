import Simulation
import Workload

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

#if canImport(Glibc)
  private let ownUsage = __rusage_who_t(RUSAGE_SELF.rawValue)
#else
  private let ownUsage = RUSAGE_SELF
#endif

/// CPU time of this process in seconds.
func cpuTime() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// The most memory this process has held, in mebibytes.
func peakMebibytes() -> Int {
  var usage = rusage()
  getrusage(ownUsage, &usage)
  #if os(macOS)
    return usage.ru_maxrss >> 20
  #else
    return usage.ru_maxrss >> 10
  #endif
}

/// Poisson arrivals with exponential run times, made as they are asked for: one core each, or 0.5 to
/// 4 cores and 0.5 to 8 GiB, 2.25 cores and 4.25 GiB on average.
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

/// CPU time between two points of a run.
final class Stopwatch {
  private var start = 0.0
  private var stop = 0.0
  func begin() { start = cpuTime() }
  func end() { stop = cpuTime() }
  var span: Double { stop - start }
}

/// A workload that is in its steady state from the beginning: at time 0 come as many tasks as run on
/// average, with run times as long as what is left of such tasks, which of exponential ones is the
/// same again; then Poisson arrivals at the rate that replaces them.
struct SteadySource: WorkloadSource {
  private static let mean = 100.0
  /// What is left out of the measurement at first, in seconds: the cluster finds its packing.
  let warmUp = 5 * SteadySource.mean
  let watch = Stopwatch()
  private var arrivals: BenchmarkSource
  private var first: Int
  private var measured: Int
  private var isMeasuring = false

  /// `tasks` tasks after the warm-up, at `load` of the CPU of machines of 8 cores.
  init(machines: Int, load: Double, tasks: Int) {
    let running = load * 8 * Double(machines) / 2.25
    first = Int(running)
    measured = tasks
    arrivals = BenchmarkSource(
      left: .max, gap: Self.mean / running, mean: Self.mean, mixed: true,
      rng: RandomStream(seed: 1, name: "bench"))
  }

  mutating func next() -> TaskRecord? {
    guard measured > 0, var record = arrivals.next() else {
      watch.end()
      return nil
    }
    if first > 0 {
      first -= 1
      record.submit = .zero
      arrivals.clock = 0
      return record
    }
    if !isMeasuring, record.submit.seconds >= warmUp {
      isMeasuring = true
      watch.begin()
    }
    if isMeasuring { measured -= 1 }
    return record
  }
}

/// `count` machines of `cores` cores and 32 GiB.
func uniformCluster(_ count: Int, cores: Double) throws -> ClusterLayout {
  try ClusterLayout(
    machines: (0..<count).map {
      MachineDescription(
        number: Int64($0),
        capacity: Resources(cpu: Cores(cores), memory: Bytes(gibibytes: 32)))
    })
}

/// `value` with `digits` places, without Foundation.
func fixed(_ value: Double, _ digits: Int) -> String {
  guard value.isFinite else { return "\(value)" }
  var scale: Int64 = 1
  for _ in 0..<digits { scale *= 10 }
  let units = Int64((value.magnitude * Double(scale)).rounded())
  let fraction = String(units % scale)
  let zeros = String(repeating: "0", count: digits - fraction.count)
  return "\(value < 0 ? "-" : "")\(units / scale).\(zeros)\(fraction)"
}

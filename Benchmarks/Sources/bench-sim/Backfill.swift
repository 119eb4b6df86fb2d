import Simulation
import Workload

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Rigid jobs or tasks of several resources at a load that keeps a queue, with estimates of three kinds.
struct BackfillSource {
  enum Estimates: String, CaseIterable { case exact, over, wrong }

  /// `pool`: jobs of 1 to 64 processors, powers of two more often, on a pool of 128. Otherwise tasks of CPU
  /// and memory in odd proportions.
  let isPool: Bool
  let estimates: Estimates
  /// Processors that are kept busy.
  let cores: Double

  func records(_ count: Int, load: Double) -> [TaskRecord] {
    var rng = RandomStream(seed: 7, name: "backfill")
    var records: [TaskRecord] = []
    var work = 0.0
    for number in 0..<count {
      let width =
        isPool
        ? (rng.uniform() < 0.7
          ? Double(1 << Int(rng.uniform() * 7)) : (1 + rng.uniform() * 63).rounded(.down))
        : 0.25 + (rng.uniform() * 15).rounded(.down) / 4
      // Lognormal in effect: a sum of uniforms in the exponent.
      let spread = (0..<6).reduce(0.0) { sum, _ in sum + rng.uniform() } - 3
      let run = 600 * exp(1.8 * spread)
      var record = TaskRecord(
        id: TaskID(job: Int64(number)), submit: .zero,
        runTime: Microseconds(seconds: run.rounded(.up)),
        request: Resources(
          cpu: Cores(width),
          memory: Bytes(isPool ? 0 : Int64((1 + rng.uniform() * 12).rounded(.down)) << 30)))
      if isPool { record.flags.insert(.spansMachines) }
      record.user = UserID(UInt32(1 + Int(rng.uniform() * 20)))
      let factor =
        switch estimates {
        case .exact: 1.0
        case .over: 1 + 5 * rng.uniform()
        case .wrong: exp(1.4 * (2 * rng.uniform() - 1))
        }
      record.estimate = Microseconds(seconds: (run * factor).rounded(.up))
      work += width * run
      records.append(record)
    }
    // Poisson, over as long as the work takes at that load.
    let span = work / cores / load
    var times = (0..<count).map { _ in rng.uniform() * span }
    times.sort()
    for number in records.indices {
      records[number].moveSubmit(to: Microseconds(seconds: times[number].rounded()))
    }
    return records
  }
}

/// A digest of when and where everything started.
struct ScheduleDigest: ResultSink {
  var digest: UInt64 = 14_695_981_039_346_656_037

  mutating func record(_ result: TaskResult) {
    for value in [result.id.job, result.start.rawValue, result.finish.rawValue, result.machine] {
      digest = (digest ^ UInt64(bitPattern: value)) &* 1_099_511_628_211
    }
  }
}

/// CPU-seconds of EASY and of conservative backfilling on the same tasks.
func backfill(_ shape: String, _ estimates: String, tasks: Int, load: Double) throws {
  guard let estimates = BackfillSource.Estimates(rawValue: estimates) else {
    print("estimates are one of \(BackfillSource.Estimates.allCases.map(\.rawValue))")
    exit(2)
  }
  let isPool = shape == "pool"
  let machines = isPool ? 128 : Int(shape) ?? 200
  let layout = try uniformCluster(machines, cores: isPool ? 1 : 8)
  let source = BackfillSource(
    isPool: isPool, estimates: estimates, cores: Double(machines) * (isPool ? 1 : 8))
  let table = TaskTable(source.records(tasks, load: load))
  var line = "\(shape) \(estimates) tasks=\(tasks) load=\(load)"
  var seconds: [Double] = []
  for kind in [SimulationOptions.Backfilling.easy, .conservative] {
    var options = SimulationOptions()
    options.backfilling = kind
    var digest = ScheduleDigest()
    let start = cpuTime()
    let report = try Simulator(cluster: layout, policy: FirstFit(), options: options, seed: 1)
      .run(table.source(), results: &digest)
    seconds.append(cpuTime() - start)
    line +=
      " \(kind)_s=\(fixed(seconds[seconds.count - 1], 3))"
      + " wait=\(fixed(report.total.wait.mean / 1e6, 1)) digest=\(String(digest.digest, radix: 16))"
  }
  print(line, "ratio=\(fixed(seconds[1] / seconds[0], 2))")
}

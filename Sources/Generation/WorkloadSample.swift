import Fitting
import Workload

/// What is kept of a workload to compare it with another: a sample of the tasks, the jobs' arrivals,
/// and the load that they bring over time.
///
/// Memory is bounded by `reservoir` tasks, 16 bytes a job, and 8 bytes for each minute of the
/// workload.
public struct WorkloadSample {
  private var tasks: Reservoir<Task3>
  private var runTimes: Reservoir<(seconds: Double, isCensored: Bool)>
  private var jobs: [Int64: Int] = [:]
  /// Times in seconds at which jobs were submitted, ascending.
  public private(set) var arrivals: [Double] = []
  /// How many tasks were seen.
  public private(set) var count = 0
  /// When the workload begins, in seconds.
  private var origin: Double?
  /// Core-seconds that begin or end in each minute since then.
  private var changes: [Double] = []

  private static let minute = 60.0
  private static let minuteLimit = 60 * 24 * 366

  private struct Task3 {
    var runTime: Double
    var cpu: Double
    var memory: Double
  }

  /// A sample of nothing yet; `reservoir` tasks are kept.
  public init(reservoir: Int = 200_000, seed: UInt64 = 1) {
    func stream(_ name: String) -> RandomStream { RandomStream(seed: seed, name: name) }
    tasks = Reservoir(capacity: reservoir, generator: stream("compare/tasks"))
    runTimes = Reservoir(capacity: reservoir, generator: stream("compare/run times"))
  }

  /// Takes a task, submitted no earlier than the one before. Of one that ran before the workload began only
  /// the load counts: its run time and when it came are not seen.
  public mutating func add(_ record: TaskRecord) {
    count += 1
    if record.flags.contains(.cutOffAtStart) { return addLoad(record) }
    let isNew = jobs[record.id.job] == nil
    jobs[record.id.job, default: 0] += Int(max(1, record.instances))
    if isNew { arrivals.append(record.submit.seconds) }
    let hasRun = record.attempts > 0 || record.outcome == .running || record.runTime > .zero
    let isTimed =
      hasRun && record.runTime > .zero && record.runTime.isKnown
      && !record.flags.contains(.runTimeUnknown)
    let isCensored = record.flags.contains(.cutOffAtEnd)
    if isTimed { runTimes.add((record.runTime.seconds, isCensored)) }
    let isExact = isTimed && !isCensored
    let isGiven = !record.flags.contains(.requestAssumed)
    let hasCPU = isGiven && !record.flags.contains(.cpuUnknown)
    let hasMemory = isGiven && !record.flags.contains(.memoryUnknown)
    if hasCPU || hasMemory {
      tasks.add(
        Task3(
          runTime: isExact ? record.runTime.seconds : .nan,
          cpu: hasCPU ? record.request.cpu.value : .nan,
          memory: hasMemory ? record.request.memory.gibibytes : .nan))
    }
    addLoad(record)
  }

  /// The task's CPU from its submission for its run time, as if it had not to wait. A CPU request that the trace
  /// does not tell counts as one core, which is what is generated for it.
  private mutating func addLoad(_ record: TaskRecord) {
    let first = origin ?? record.submit.seconds
    origin = first
    guard record.runTime.isKnown else { return }
    let begin = max(0, record.submit.seconds - first) / Self.minute
    let end = begin + record.runTime.seconds / Self.minute
    for (time, sign) in [(begin, 1.0), (end, -1.0)] {
      let place = Int(min(time, Double(Self.minuteLimit)))
      guard place < Self.minuteLimit else { continue }
      while changes.count <= place + 1 { changes.append(0) }
      // The part of the minute that is left, and what carries over into the next.
      let rest = 1 - (time - Double(place))
      let isKnown = !record.flags.contains(.cpuUnknown) && !record.flags.contains(.requestAssumed)
      let cores = (isKnown ? record.request.cpu.value : 1) * Double(max(1, record.instances))
      changes[place] += sign * rest * cores
      changes[place + 1] += sign * (1 - rest) * cores
    }
  }

  /// A quantity by the name that the command line uses: run-time (s), cpu (cores), memory (GiB),
  /// job-size (tasks), gap (s between jobs). Exact values only; see ``censored(_:)``.
  public func values(_ name: String) -> [Double] {
    switch name {
    case "run-time": runTimes.elements.filter { !$0.isCensored }.map(\.seconds)
    case "cpu": tasks.elements.map(\.cpu).filter { !$0.isNaN }
    case "memory": tasks.elements.map(\.memory).filter { !$0.isNaN }
    case "job-size": jobs.sorted { $0.key < $1.key }.map { Double($0.value) }
    case "gap": zip(arrivals.dropFirst(), arrivals).map { $0 - $1 }
    default: []
    }
  }

  /// The values of a quantity that are only known to be greater than these: run times of tasks that
  /// the end of the trace cut off.
  public func censored(_ name: String) -> [Double] {
    name == "run-time" ? runTimes.elements.filter(\.isCensored).map(\.seconds) : []
  }

  /// The names that ``values(_:)`` knows.
  public static let quantities = [
    ("run-time", "s"), ("cpu", "cores"), ("memory", "GiB"), ("job-size", "tasks"), ("gap", "s"),
  ]

  /// Rank correlations of the kept tasks.
  public var rankCorrelations: RankCorrelations {
    let kept = tasks.elements
    func pair(_ a: (Task3) -> Double, _ b: (Task3) -> Double) -> Double? {
      let known = kept.filter { !a($0).isNaN && !b($0).isNaN }
      return rankCorrelation(known.map(a), known.map(b))
    }
    return RankCorrelations(
      runTimeCPU: pair(\.runTime, \.cpu), runTimeMemory: pair(\.runTime, \.memory),
      cpuMemory: pair(\.cpu, \.memory), sampleSize: kept.count)
  }

  /// Jobs that arrive in whole windows of `window` seconds, from the first arrival on.
  public func arrivalCounts(window: Double) -> [Int] {
    guard let first = arrivals.first, let last = arrivals.last, window > 0 else { return [] }
    let windows = Int((last - first) / window)
    guard windows > 0, windows < 100_000_000 else { return [] }
    var counts = [Int](repeating: 0, count: windows)
    for time in arrivals {
      let place = Int((time - first) / window)
      if place < windows { counts[place] += 1 }
    }
    return counts
  }

  /// Cores that would be busy in each minute if no task had to wait, up to the last arrival.
  public var load: [Double] {
    guard let first = origin, let last = arrivals.last else { return [] }
    var busy = 0.0
    return changes.prefix(Int((last - first) / Self.minute)).map { change in
      busy += change
      return busy
    }
  }
}

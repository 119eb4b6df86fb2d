import Experiments
import Foundation
import Simulation
import TraceInput
import Workload

/// Replays a trace under many settings, and finds those whose waits are nearest to the recorded ones.
///
/// The search is by successive halving (Jamieson and Talwalkar 2016): all candidates on an eighth of the tasks, the
/// better half of them on twice as many, and so on to all; then each setting of the best is changed by itself.
public struct CalibrationStudy: Sendable {
  /// The trace, as ``NamedWorkload`` takes it.
  public var workload: String
  /// Its machines, as ``NamedCluster`` takes them.
  public var cluster: String
  /// Which tasks.
  public var selection = TaskSelection()
  /// How the trace is read; its threads are those of the replays.
  public var reading = ReadingSettings()
  /// Settings that are tried at first.
  public var candidates = 24
  /// What candidates are drawn by.
  public var seed: UInt64 = 1

  /// A calibration of `workload` on `cluster`.
  public init(workload: String, cluster: String) {
    (self.workload, self.cluster) = (workload, cluster)
  }

  /// The fewest tasks with a recorded wait that anything is said of.
  private static let fewest = 100
  private static let rungs = 4

  private static let queues = ["fifo", "sjf", "priority", "fair-share"]
    .compactMap { EngineSettings.Queue(rawValue: $0) }
  private static let depths = [50, 500, 5000]
  private static let delays: [Double] = [0, 1, 2, 5, 20, 60]
  private static let overcommitments = [1, 1.25, 1.5, 2]
  private static let machineShares = [1, 0.9, 0.75, 0.5]

  /// Runs the search.
  ///
  /// - Throws: ``RunError`` where the trace records too few waits; `TraceError` where reading fails.
  public func run() async throws -> Calibration { try await search().calibration }

  /// Runs the search, and keeps what figures are of: the trace, and replays under the nearest and the default
  /// settings.
  ///
  /// - Throws: as ``run()``.
  public func search() async throws -> (
    calibration: Calibration, recorded: CalibrationTrace, nearest: CalibrationTrace,
    defaults: CalibrationTrace
  ) {
    let layout = try NamedCluster(cluster, reading: reading).layout(seed: seed)
    let source = ReplayedTasks(
      try NamedWorkload(
        workload, seed: seed, cores: layout.effectiveCores, reading: reading, selection: selection))
    var tasks: [TaskRecord] = []
    while let record = try source.next() { tasks.append(record) }
    tasks.sort(by: TaskRecord.submitOrder)
    let known = tasks.count { $0.recordedWait != nil }
    guard known >= Self.fewest else {
      throw RunError(
        message:
          "\(workload): records the waits of \(known) of \(tasks.count) tasks; a calibration needs "
          + "\(Self.fewest)")
    }
    var tried: [Calibration.Point] = []
    var field = settings()
    for rung in 0..<Self.rungs {
      let count = max(min(tasks.count, 1000), tasks.count >> (Self.rungs - 1 - rung))
      let points = try await points(field, Array(tasks.prefix(count)), layout)
      tried += points
      let order = points.indices.sorted { Self.isNearer(points[$0], points[$1]) }
      field = order.prefix(max(1, (field.count + 1) / 2)).map { field[$0] }
      if rung == Self.rungs - 1 { field = [field[0]] }
    }
    let near = neighbours(field[0])
    tried += try await points([field[0], Calibration.Settings()] + near, tasks, layout)
    let whole = tried.filter { $0.tasks == tasks.count }
    guard let best = whole.min(by: Self.isNearer),
      let standard = whole.last(where: { $0.settings == Calibration.Settings() })
    else { throw RunError(message: "\(workload): no tasks to calibrate with") }
    let calibration = Calibration(
      notes: source.notes, workload: workload, cluster: cluster, standard: standard, best: best,
      tried: tried)
    var recorded = CalibrationTrace()
    for task in tasks {
      guard let wait = task.recordedWait else { continue }
      recorded.add(
        start: task.submit.seconds + wait, wait: wait, runTime: task.runTime.seconds,
        cores: task.request.cpu.value * Double(max(1, task.instances)))
    }
    recorded.finish()
    return (
      calibration, recorded, try replay(best.settings, tasks, layout),
      try replay(standard.settings, tasks, layout)
    )
  }

  private func replay(
    _ settings: Calibration.Settings, _ tasks: [TaskRecord], _ layout: ClusterLayout
  ) throws -> CalibrationTrace {
    let starts = try starts(settings, tasks, layout)
    var trace = CalibrationTrace()
    for task in tasks where task.recordedWait != nil {
      guard let start = starts[task.id] else { continue }
      trace.add(
        start: start.seconds, wait: max(0, (start - task.submit).seconds),
        runTime: task.runTime.seconds,
        cores: task.request.cpu.value * Double(max(1, task.instances)))
    }
    trace.finish()
    return trace
  }

  /// Nearer to what was recorded: tasks that never start are the farthest.
  private static func isNearer(_ a: Calibration.Point, _ b: Calibration.Point) -> Bool {
    (a.errors.unstarted, a.errors.meanLogRatio) < (b.errors.unstarted, b.errors.meanLogRatio)
  }

  /// The defaults, every order with every backfilling as far as they go, and others by lot.
  private func settings() -> [Calibration.Settings] {
    var all = [Calibration.Settings()]
    for backfilling in EngineSettings.Backfilling.allCases {
      for queue in Self.queues where all.count < max(1, candidates / 2) {
        var settings = Calibration.Settings()
        (settings.queue, settings.backfilling) = (queue, backfilling)
        if !all.contains(settings) { all.append(settings) }
      }
    }
    var rng = RandomStream(seed: seed, name: "calibrate")
    var attempts = 0
    while all.count < candidates, attempts < 100 * candidates {
      attempts += 1
      var settings = Calibration.Settings()
      settings.queue = Self.queues[rng.below(Self.queues.count)]
      let kinds = EngineSettings.Backfilling.allCases
      settings.backfilling = kinds[rng.below(kinds.count)]
      settings.depth = Self.depths[rng.below(Self.depths.count)]
      settings.dispatchDelay = Self.delays[rng.below(Self.delays.count)]
      settings.overcommit = Self.overcommitments[rng.below(Self.overcommitments.count)]
      settings.machines = Self.machineShares[rng.below(Self.machineShares.count)]
      if !all.contains(settings) { all.append(settings) }
    }
    return all
  }

  /// Settings that differ from `best` in one thing.
  private func neighbours(_ best: Calibration.Settings) -> [Calibration.Settings] {
    var all: [Calibration.Settings] = []
    func vary<Value>(_ path: WritableKeyPath<Calibration.Settings, Value>, _ values: [Value]) {
      for value in values {
        var settings = best
        settings[keyPath: path] = value
        if settings != best, !all.contains(settings) { all.append(settings) }
      }
    }
    vary(\.queue, Self.queues)
    vary(\.backfilling, EngineSettings.Backfilling.allCases)
    vary(\.depth, Self.depths)
    vary(\.dispatchDelay, Self.delays)
    vary(\.overcommit, Self.overcommitments)
    vary(\.machines, Self.machineShares)
    return all.filter { $0 != Calibration.Settings() }
  }

  private func points(
    _ field: [Calibration.Settings], _ tasks: [TaskRecord], _ layout: ClusterLayout
  ) async throws -> [Calibration.Point] {
    try await Replications.run(
      seeds: 0..<UInt64(field.count), width: reading.threads
    ) { place in
      let settings = field[Int(place)]
      return Calibration.Point(
        settings: settings, tasks: tasks.count, errors: try errors(settings, tasks, layout))
    }
  }

  private func errors(
    _ settings: Calibration.Settings, _ tasks: [TaskRecord], _ layout: ClusterLayout
  ) throws -> Calibration.Errors {
    let starts = try starts(settings, tasks, layout)
    var pairs: [(recorded: Double, replayed: Double, begun: Double, start: Double)] = []
    var errors = Calibration.Errors()
    for task in tasks {
      guard let wait = task.recordedWait else { continue }
      guard let start = starts[task.id] else {
        errors.unstarted += 1
        continue
      }
      pairs.append(
        (
          wait, max(0, (start - task.submit).seconds), (task.submit.seconds + wait), start.seconds
        ))
    }
    guard !pairs.isEmpty else { return errors }
    errors.tasks = pairs.count
    let off = pairs.map { abs($0.recorded - $0.replayed) }.sorted()
    errors.median = off[(off.count - 1) / 2]
    errors.mean = off.reduce(0, +) / Double(off.count)
    errors.meanLogRatio =
      pairs.reduce(0) { $0 + abs(log((1 + $1.replayed) / (1 + $1.recorded))) } / Double(pairs.count)
    errors.startOrder = Self.tau(pairs.map { ($0.begun, $0.start) })
    let (recorded, replayed) = (
      pairs.map(\.recorded).sorted(), pairs.map(\.replayed).sorted()
    )
    errors.quantiles = [0.25, 0.5, 0.75, 0.9, 0.95, 0.99].map { p in
      let rank = min(pairs.count - 1, Int(p * Double(pairs.count)))
      return .init(p: p, recorded: recorded[rank], replayed: replayed[rank])
    }
    return errors
  }

  /// When each task first starts in a replay: once its machine was told, for which the engine's start, at which it
  /// has the machine, is too early by the dispatch delay.
  private func starts(
    _ settings: Calibration.Settings, _ tasks: [TaskRecord], _ layout: ClusterLayout
  ) throws -> [TaskID: Microseconds] {
    let policy = try NamedScheduler("first-fit").policy()
    let machines = settings.machines < 1 ? layout.share(settings.machines) : layout
    let starts = try Self.starts(
      tasks,
      Simulator(cluster: machines, policy: policy, options: settings.engine.options, seed: seed))
    let delay = Microseconds(seconds: settings.dispatchDelay)
    return delay > .zero ? starts.mapValues { $0 + delay } : starts
  }

  private static func starts(
    _ tasks: [TaskRecord], _ simulator: Simulator
  ) throws -> [TaskID: Microseconds] {
    var starts = FirstStarts()
    do {
      _ = try simulator.run(TaskTable(tasks).source(), results: &starts)
    } catch let error as SimulationError { throw error.underlying }
    return starts.starts
  }

  /// Kendall's tau-a of two orders; O(n log n) by merging.
  static func tau(_ pairs: [(Double, Double)]) -> Double {
    guard pairs.count > 1 else { return 1 }
    var values = pairs.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.1)
    let n = Double(values.count)
    let sorted = pairs.sorted { $0 < $1 }
    let ties =
      tied(pairs.map(\.0).sorted(), ==) + tied(values.sorted(), ==) - tied(sorted) { $0 == $1 }
    var inversions = 0.0
    var buffer = values
    var width = 1
    while width < values.count {
      var low = 0
      while low < values.count {
        let (middle, high) = (min(low + width, values.count), min(low + 2 * width, values.count))
        var (a, b, place) = (low, middle, low)
        while a < middle || b < high {
          if b == high || (a < middle && values[a] <= values[b]) {
            buffer[place] = values[a]
            a += 1
          } else {
            buffer[place] = values[b]
            inversions += Double(middle - a)
            b += 1
          }
          place += 1
        }
        low += 2 * width
      }
      swap(&values, &buffer)
      width *= 2
    }
    return 1 - (4 * inversions + 2 * ties) / (n * (n - 1))
  }

  /// Pairs of elements that are alike, of a list in which these stand together.
  private static func tied<Key>(_ keys: [Key], _ alike: (Key, Key) -> Bool) -> Double {
    var (sum, run) = (0.0, 1.0)
    for place in 1..<keys.count {
      run = alike(keys[place], keys[place - 1]) ? run + 1 : 1
      sum += run - 1
    }
    return sum
  }
}

/// When each task first started.
private struct FirstStarts: ResultSink {
  var starts: [TaskID: Microseconds] = [:]

  mutating func record(_ result: TaskResult) {
    guard result.firstStart.isKnown else { return }
    let known = starts[result.id] ?? .never
    starts[result.id] = min(known, result.firstStart)
  }
}

extension TaskRecord {
  /// How long it waited for its first start, in seconds, where the trace tells it.
  var recordedWait: Double? {
    guard flags.isDisjoint(with: [.waitTimeUnknown, .cutOffAtStart]), firstSchedule.isKnown,
      firstSchedule >= submit
    else { return nil }
    return (firstSchedule - submit).seconds
  }
}

extension ClusterLayout {
  /// A share of the machines, evenly taken from all of them.
  func share(_ share: Double) -> ClusterLayout {
    let count = max(1, Int((Double(machines.count) * share).rounded()))
    var places: [Int: Int] = [:]
    var kept: [MachineDescription] = []
    for place in 0..<count {
      let old = place * machines.count / count
      places[old] = kept.count
      kept.append(machines[old])
    }
    var copy = self
    copy.machines = kept
    copy.events = events.compactMap { event in
      places[event.machine].map { place in
        var event = event
        event.machine = place
        return event
      }
    }
    return copy
  }
}

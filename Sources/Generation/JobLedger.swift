import CVectorMath
import Fitting
import Workload

/// The jobs of a trace in the order in which they came, for what is to be learnt of several of their
/// properties at once: 104 bytes a job, for the first ``limit`` of them.
struct JobLedger {
  static let limit = 500_000

  struct Entry {
    var user: UInt32
    var priorityClass: PriorityClass
    var spansMachines: Bool
    /// Negative where it is not known.
    var cpu: Double
    var memory: Double
    var gpus: Double
    /// Of the first task; negative where it is not known.
    var runTime: Double
    var isCensored: Bool
    var instances: Int32
    var tasks: Int32 = 1
    /// Of the second task; negative where there is none.
    var secondRunTime = -1.0
    var secondAsksAlike = false
    /// When the job came, and when its first task ended, in seconds; negative where that is not known.
    var submit: Double
    var end: Double
    /// How the first task ended.
    var outcome: Outcome

    init(_ record: TaskRecord) {
      user = record.user.rawValue
      priorityClass = record.priorityClass
      spansMachines = record.flags.contains(.spansMachines)
      let assumed = record.flags.contains(.requestAssumed)
      cpu = assumed || record.flags.contains(.cpuUnknown) ? -1 : record.request.cpu.value
      memory =
        assumed || record.flags.contains(.memoryUnknown) ? -1 : record.request.memory.gibibytes
      gpus = Double(record.request.milliGPU) / 1000
      runTime = record.usableRunTime ?? -1
      isCensored = record.flags.contains(.cutOffAtEnd)
      instances = max(1, record.instances)
      submit = record.submit.seconds
      end = record.end.isKnown ? record.end.seconds : -1
      outcome = record.outcome
    }

    /// What it asks for, and how many tasks it has, once all are known.
    var amounts: [Double] {
      [
        cpu, memory, gpus, Double(instances), Double(priorityClass.rawValue), Double(tasks),
      ]
    }

    /// Whether it asks for the same as another and has as many tasks, once all are known.
    func isLike(_ other: Entry) -> Bool { asksAs(other) && tasks == other.tasks }

    /// Whether it asks for the same as another.
    func asksAs(_ other: Entry) -> Bool {
      cpu == other.cpu && memory == other.memory && gpus == other.gpus
        && instances == other.instances && priorityClass == other.priorityClass
    }
  }

  private(set) var entries: [Entry] = []

  /// Takes a job's first task; where it is kept, nil if it is not.
  mutating func add(_ record: TaskRecord) -> Int? {
    guard entries.count < Self.limit else { return nil }
    entries.append(Entry(record))
    return entries.count - 1
  }

  /// Takes another task of the job kept at `place`.
  mutating func add(_ record: TaskRecord, to place: Int) {
    entries[place].tasks &+= 1
    guard entries[place].tasks == 2 else { return }
    let second = Entry(record)
    entries[place].secondAsksAlike = second.asksAs(entries[place])
    if !second.isCensored { entries[place].secondRunTime = second.runTime }
  }
}

extension TaskRecord {
  /// The run time in seconds where the trace tells it, be it that it is censored.
  var usableRunTime: Double? {
    // A record made by hand has a run time and no history; a task that never ran has neither.
    let hasRun = attempts > 0 || outcome == .running || runTime > .zero
    guard hasRun, !flags.contains(.runTimeUnknown), runTime.isKnown else { return nil }
    return runTime.seconds
  }
}

extension JobLedger {
  /// What jobs have in common that are of one kind.
  private struct Key: Hashable {
    var priorityClass: PriorityClass
    var spansMachines: Bool
    var cpu: Double
    var gpus: Double
    var tasks: Int
    var instances: Int

    init(_ entry: Entry) {
      priorityClass = entry.priorityClass
      spansMachines = entry.spansMachines
      (cpu, gpus) = (entry.cpu, entry.gpus)
      (tasks, instances) = (Self.order(entry.tasks), Self.order(entry.instances))
    }

    /// 0 for 1, 1 for 2 to 3, 2 for 4 to 15, 3 for 16 to 63, …
    private static func order(_ count: Int32) -> Int {
      var (order, end) = (0, Int64(1))
      while Int64(count) > end { (order, end) = (order + 1, end * 4) }
      return order
    }
  }

  private static let kindLimit = 60

  /// The kind of each job, by number from 0, and how many kinds there are. Kinds of fewer than 30 jobs, or
  /// three in a thousand, make up the rest of their class.
  private func sorted() -> (kinds: [Int], names: [String]) {
    var counts: [Key: Int] = [:]
    for entry in entries { counts[Key(entry), default: 0] += 1 }
    let least = max(30, entries.count * 3 / 1000)
    let kept = counts.filter { $0.value >= least }
      .sorted { ($1.value, Self.place($0.key)) < ($0.value, Self.place($1.key)) }
      .prefix(Self.kindLimit).map(\.key)
    var names = kept.map(Self.words)
    var numbers = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
    var rest: [[Int]: Int] = [:]
    let kinds = entries.map { entry -> Int in
      let key = Key(entry)
      if let number = numbers[key] { return number }
      let part = [Int(key.priorityClass.rawValue), key.spansMachines ? 1 : 0]
      let number = rest[part] ?? names.count
      if rest[part] == nil {
        rest[part] = number
        names.append("others")
      }
      numbers[key] = number
      return number
    }
    return (kinds, names)
  }

  private static func place(_ key: Key) -> String {
    "\(key.priorityClass.rawValue) \(key.spansMachines) \(key.cpu) \(key.gpus) \(key.tasks) \(key.instances)"
  }

  private static func words(_ key: Key) -> String {
    var words: [String] = []
    if key.cpu >= 0 { words.append("\(number(key.cpu)) cores") }
    if key.gpus > 0 { words.append("\(number(key.gpus)) GPUs") }
    for (order, what) in [(key.tasks, "tasks"), (key.instances, "instances")] where order > 0 {
      let (low, high) = (order == 1 ? 2 : (1 << (2 * (order - 1))) + 1, 1 << (2 * order))
      words.append("\(low) to \(high) \(what)")
    }
    return words.isEmpty ? "all alike" : words.joined(separator: ", ")
  }

  /// The kinds, those of most jobs first within what was kept; empty for fewer than 100 jobs.
  func kinds() -> [JobKind] {
    guard entries.count >= 100 else { return [] }
    let (places, names) = sorted()
    var members = [[Int]](repeating: [], count: names.count)
    for (job, kind) in places.enumerated() { members[kind].append(job) }
    return names.indices.compactMap { kind(names[$0], members[$0].map { entries[$0] }) }
  }

  private func kind(_ name: String, _ jobs: [Entry]) -> JobKind? {
    guard let first = jobs.first else { return nil }
    func known(_ value: (Entry) -> Double) -> [Double] { jobs.map(value).filter { $0 >= 0 } }
    let exact = jobs.filter { $0.runTime >= 0 && !$0.isCensored }.map(\.runTime)
    let cut = jobs.filter { $0.runTime >= 0 && $0.isCensored }.map(\.runTime)
    guard let runTime = QuantileTable(exact, censored: cut) else { return nil }
    let several = jobs.filter { $0.tasks > 1 }
    let gpus = jobs.contains { $0.gpus > 0 } ? QuantileTable(jobs.map(\.gpus)) : nil
    return JobKind(
      priorityClass: first.priorityClass.name, name: name, jobs: jobs.count, runTime: runTime,
      cpu: QuantileTable(known(\.cpu)), memory: QuantileTable(known(\.memory)), gpus: gpus,
      tasks: several.isEmpty ? nil : QuantileTable(jobs.map { Double($0.tasks) }),
      instances: jobs.contains { $0.instances > 1 }
        ? QuantileTable(jobs.map { Double($0.instances) }) : nil,
      spansMachines: first.spansMachines,
      sharedRequests: several.isEmpty
        ? nil : Double(several.count { $0.secondAsksAlike }) / Double(several.count),
      rankCorrelations: PairCorrelations(
        runTimeCPU: Self.correlation(jobs, \.runTime, \.cpu),
        runTimeMemory: Self.correlation(jobs, \.runTime, \.memory),
        cpuMemory: Self.correlation(jobs, \.cpu, \.memory)),
      tail: TailDependence([
        ("run time", jobs.map { $0.runTime >= 0 && !$0.isCensored ? $0.runTime : .nan }),
        ("CPU", jobs.map { $0.cpu >= 0 ? $0.cpu : .nan }),
        ("memory", jobs.map { $0.memory >= 0 ? $0.memory : .nan }),
      ]))
  }

  private static func correlation(
    _ jobs: [Entry], _ a: (Entry) -> Double, _ b: (Entry) -> Double
  ) -> Double? {
    let pairs = jobs.filter { a($0) >= 0 && b($0) >= 0 && !$0.isCensored }.map { (a($0), b($0)) }
    guard pairs.count >= 30 else { return nil }
    return rankCorrelation(pairs.map(\.0), pairs.map(\.1))
  }

  /// Each exact run time as a normal score by its mid-rank within its kind; NaN for the others.
  func normalScores() -> [Double] {
    let (places, names) = sorted()
    var members = [[Int]](repeating: [], count: names.count)
    for (job, kind) in places.enumerated()
    where entries[job].runTime >= 0 && !entries[job].isCensored {
      members[kind].append(job)
    }
    var scores = [Double](repeating: .nan, count: entries.count)
    for part in members where part.count >= 10 {
      let order = part.sorted { (entries[$0].runTime, $0) < (entries[$1].runTime, $1) }
      var start = 0
      while start < order.count {
        var end = start
        while end < order.count, entries[order[end]].runTime == entries[order[start]].runTime {
          end += 1
        }
        let middle = (Double(start) + Double(end)) / 2 / Double(order.count)
        for place in start..<end { scores[order[place]] = cvm_normal_quantile(middle) }
        start = end
      }
    }
    return scores
  }

  static func correlation(_ pairs: [(Double, Double)]) -> Double {
    var (xy, xx, yy) = (0.0, 0.0, 0.0)
    for (x, y) in pairs { (xy, xx, yy) = (xy + x * y, xx + x * x, yy + y * y) }
    return xx > 0 && yy > 0 ? min(max(xy / (xx * yy).squareRoot(), -1), 1) : 0
  }

  /// How jobs repeat those before them; nil for fewer than 100 jobs.
  func repeats() -> RepeatProfile? {
    guard entries.count >= 100 else { return nil }
    let byUser = entries.contains { $0.user != 0 }
    let scores = normalScores()
    var last: [UInt32: Int] = [:]
    var (seen, alike) = (0, 0)
    var lags: [Int] = []
    var pairs: [(Double, Double)] = []
    for (job, entry) in entries.enumerated() {
      let user = byUser ? entry.user : 0
      defer { last[user] = job }
      guard let before = last[user], job - before <= RepeatProfile.window else { continue }
      seen += 1
      guard entry.isLike(entries[before]) else { continue }
      alike += 1
      lags.append(job - before)
      if !scores[job].isNaN, !scores[before].isNaN { pairs.append((scores[before], scores[job])) }
    }
    guard seen >= 50, !lags.isEmpty else { return nil }
    // Two jobs drawn at random ask for the same as often as this.
    var counts: [[Double]: Int] = [:]
    for entry in entries { counts[entry.amounts, default: 0] += 1 }
    let n = Double(entries.count)
    let chance = counts.values.reduce(0.0) { $0 + Double($1) * Double($1) } / (n * n)
    let observed = Double(alike) / Double(seen)
    let share =
      chance < 1 ? max(0, (observed - chance) / (1 - chance)) * Double(seen) / n : 0
    // Those that are alike by chance have run times of their own, and dilute the correlation.
    let repeated =
      chance < 0.999 && observed > chance
      ? max(0.05, (observed - chance) / (1 - chance) / observed) : 1
    lags.sort()
    // Where chance makes all jobs alike, it is run times that repeat.
    let isPlain = chance > 0.999
    let quantiles = (0..<64).map { step -> Int in
      let place = (Double(step) + 0.5) / 64 * Double(lags.count)
      return lags[min(lags.count - 1, Int(place))]
    }
    let correlation: Double =
      pairs.count >= 30 ? min(max(Self.correlation(pairs) / repeated, -1), 1) : 0
    return RepeatProfile(
      byUser: byUser, jobs: seen, observedShare: observed,
      share: isPlain ? Double(seen) / n : share, lags: quantiles,
      runTimeCorrelation: correlation)
  }

  /// Correlation of the run times of a job's first two tasks, in ranks within their kind: the part
  /// that is the job's. Nil for fewer than 30 jobs of several tasks.
  func withinJobs() -> Double? {
    let pairs = entries.filter { $0.runTime >= 0 && !$0.isCensored && $0.secondRunTime >= 0 }
    guard pairs.count >= 30 else { return nil }
    return rankCorrelation(pairs.map(\.runTime), pairs.map(\.secondRunTime))
  }
}

import Fitting
import Workload

/// How a profile is made.
public struct ProfileOptions: Sendable {
  /// Families to fit; nil for those that are usual for a quantity (`Family.usual(counts:)`).
  public var families: [Family]?
  /// What parameters of a family may be, by its name; families without are estimated freely.
  public var restrictions: [Family: [String: ParameterRestriction]] = [:]
  /// Whether each priority class, or each group that tasks are added with, gets a profile of its own.
  public var byClass = false
  /// Seed of reservoirs and bootstraps.
  public var seed: UInt64 = 1
  /// How many values of each quantity are kept for fits that need the values themselves; a
  /// longer stream is sampled uniformly.
  public var reservoir = 100_000
  /// Seconds of the shortest window in which arrivals are counted.
  public var arrivalWindow = 1.0
  /// Whether power-law tails are searched for.
  public var tails = true
  /// Replicates of each tail's p-value; 0 for none.
  public var tailReplicates = 0
  /// Replicates of each fit's p-values; 0 for none.
  public var fitReplicates = 0
  /// Replicates of each fit's bootstrap intervals; 0 for none.
  public var intervalReplicates = 0
  /// Threads for the bootstraps; the result does not depend on it.
  public var threads = 1
  /// Whether values that lie on a scale (whole seconds) are fitted as the intervals that they stand for.
  /// Nil: run times of traces where it matters, whose clocks are known to tick; no column of numbers, of
  /// which it is not known whether they were rounded.
  public var binning: BinningChoice?
  /// The one quantity that is fitted (`run time`, `cpu`, `memory`, `job size`); nil for all.
  public var only: String?
  /// Quantities with fewer exact values are described and not fitted.
  public var fewest = 0
  /// Told of each law that is about to be fitted, of what is known then, and of each quantity that is done.
  public var progress: (@Sendable (FitProgress) -> Void)?

  public init() {}
}

/// What values on a scale are taken for.
public enum BinningChoice: Sendable, Hashable {
  /// For exactly what they are.
  case points
  /// For intervals of the scale that is detected, if one is.
  case detected
  /// For intervals of this width around multiples of it.
  case width(Double)
}

/// How far a profile has come.
public enum FitProgress: Sendable {
  /// A law of a quantity (`all/run time`) is being fitted and tested.
  case fitting(Family, of: String)
  /// A quantity of a class as far as it is known: laws are fitted, or some of them tested.
  case partly(QuantityProfile, of: String)
  /// A quantity of a class is done.
  case done(QuantityProfile, of: String)
}

/// Makes a profile from a stream of tasks in submit order.
///
/// Holds, whatever the length of the stream: for each class and quantity a reservoir of
/// `ProfileOptions.reservoir` values (16 bytes each; 24 for the rank correlations), a quantile sketch
/// (tens of kilobytes) and running moments; one entry of about 40 bytes for each job, since a
/// job's tasks may come at any time; and 104 bytes for each of the first 500,000 jobs, whose order and
/// properties are looked at together. Everything else is streamed.
///
/// ```swift
/// var builder = try ProfileBuilder(options)
/// while let task = try source.next() { builder.add(task) }
/// let profile = await builder.finish(provenance)
/// ```
public struct ProfileBuilder {
  private let options: ProfileOptions
  private var all: ClassAccumulator
  /// Of each group of ``names`` where groups are told apart.
  private var classes: [ClassAccumulator] = []
  /// The groups: the priority classes, then those that tasks were added with.
  private var names = PriorityClass.allCases.map(\.name)
  private var places: [String: Int]
  private var jobs: [Int64: (tasks: Int, group: Int, place: Int)] = [:]
  private var ledger = JobLedger()
  private var submissions = TickFinder()
  private var runTimes = TickFinder()
  private var graphs: GraphLearner
  private var standing: StandingSnapshot
  private var arrivals = ArrivalLearner()
  private var jobsOfClass = [Int](repeating: 0, count: PriorityClass.allCases.count)

  /// The most groups that are told apart.
  public static let groupLimit = 1000
  private var first: Microseconds?
  private var last = Microseconds.zero

  /// A builder that has seen nothing; throws where an option is out of range.
  ///
  /// - Parameters:
  ///   - options: how the profile is made.
  ///   - dependencies: what the tasks that are to come wait for.
  public init(
    _ options: ProfileOptions = ProfileOptions(),
    dependencies: DependencyTable = DependencyTable()
  ) throws(FittingError) {
    guard options.reservoir >= 100, options.reservoir <= 1 << 26 else {
      throw .notApplicable("a reservoir holds from 100 to 67108864 values")
    }
    self.options = options
    graphs = GraphLearner(dependencies, seed: options.seed)
    places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    standing = StandingSnapshot(
      capacity: options.reservoir,
      generator: RandomStream(seed: options.seed, name: "profile/standing"))
    all = try ClassAccumulator(name: "all", options: options)
    if options.byClass {
      for priority in PriorityClass.allCases {
        classes.append(try ClassAccumulator(name: priority.name, options: options))
      }
    }
  }

  /// Takes a task, submitted no earlier than the one before. A record of several instances counts
  /// once, with its instances as the size of its job. O(1).
  public mutating func add(_ record: TaskRecord) {
    add(record, place: Int(record.priorityClass.rawValue))
  }

  /// Takes a task of a group, such as its user's tasks. O(1).
  ///
  /// - Throws: `notApplicable` for the group after the ``groupLimit``th.
  public mutating func add(_ record: TaskRecord, group: String) throws(FittingError) {
    var place = places[group] ?? names.count
    if place == names.count {
      guard places.count < PriorityClass.allCases.count + Self.groupLimit else {
        throw .notApplicable("there are more than \(Self.groupLimit) groups, the last one \(group)")
      }
      places[group] = place
      names.append(group)
      jobsOfClass.append(0)
      if options.byClass {
        classes.append(try ClassAccumulator(name: group, options: options))
      } else {
        place = Int(PriorityClass.unknown.rawValue)
      }
    }
    add(record, place: place)
  }

  private mutating func add(_ record: TaskRecord, place: Int) {
    if first == nil, !record.flags.contains(.cutOffAtStart) { first = record.submit }
    last = max(last, record.submit)
    all.add(record)
    if options.byClass { classes[place].add(record) }
    let size = Int(max(1, record.instances))
    standing.add(record)
    graphs.add(record)
    addTicks(record)
    if let known = jobs[record.id.job] {
      jobs[record.id.job]?.tasks += size
      if known.place >= 0 { ledger.add(record, to: known.place) }
    } else {
      // Jobs from before the trace are no sample of those that come.
      let kept = record.flags.contains(.cutOffAtStart) ? nil : ledger.add(record)
      jobs[record.id.job] = (size, place, kept ?? -1)
      jobsOfClass[place] += 1
      all.addJob(record)
      if !record.flags.contains(.cutOffAtStart) { arrivals.add(max(record.submit.seconds, 0)) }
      if options.byClass { classes[place].addJob(record) }
    }
  }

  /// Times of jobs that the trace saw come, and of tasks that it saw end.
  private mutating func addTicks(_ record: TaskRecord) {
    guard !record.flags.contains(.cutOffAtStart) else { return }
    if record.submit.isKnown { submissions.add(max(0, record.submit.rawValue)) }
    if record.usableRunTime != nil, !record.flags.contains(.cutOffAtEnd) {
      runTimes.add(max(0, record.runTime.rawValue))
    }
  }

  /// Names of the groups that are told apart: the classes, and those that tasks were added with.
  public var groups: [String] { options.byClass ? names : [] }

  /// Values of a quantity that were kept: all, or a uniform sample.
  public struct KeptValues: Sendable {
    /// Those that are exact.
    public var values: [Double]
    /// Lower bounds of those that were cut off.
    public var censored: [Double]
  }

  /// The kept values by quantity ("run-time", "cpu", "memory", "job-size"), for plotting.
  ///
  /// - Parameter group: the class's or group's name; nil for all tasks together. Empty for one that there is
  ///   not.
  public func keptValues(of group: String? = nil) -> [String: KeptValues] {
    let place = group.map { places[$0] ?? -1 }
    if let place, !classes.indices.contains(place) { return [:] }
    let part = place.map { classes[$0] } ?? all
    var kept: [String: KeptValues] = [:]
    for (name, quantity) in [
      ("run-time", part.runTime), ("cpu", part.cpu), ("memory", part.memory),
    ] {
      let elements = quantity.reservoir.elements
      kept[name] = KeptValues(
        values: elements.filter { !$0.isCensored }.map(\.value),
        censored: elements.filter(\.isCensored).map(\.value))
    }
    let sizes = jobs.sorted { $0.key < $1.key }.filter { place == nil || $0.value.group == place }
    kept["job-size"] = KeptValues(
      values: sizes.prefix(options.reservoir).map { Double($0.value.tasks) }, censored: [])
    return kept
  }

  /// The profile: fits, tails and tests of what was seen.
  public consuming func finish(_ provenance: ProfileProvenance) async -> WorkloadProfile {
    // In the order of job numbers, so that no dictionary order reaches the result.
    for (_, job) in jobs.sorted(by: { $0.key < $1.key }) {
      all.jobSize.add(Double(job.tasks))
      if options.byClass { classes[job.group].jobSize.add(Double(job.tasks)) }
    }
    var mix: [String: Share] = [:]
    for (name, count) in zip(names, jobsOfClass) where count > 0 {
      mix[name] = Share(count: count, of: jobs.count)
    }
    let fitter = QuantityFitter(options: options)
    // All tasks first: who interrupts a long fit has that.
    let whole = await all.profile(fitter, name: "all")
    var profiles: [String: ClassProfile] = [:]
    for (name, accumulator) in zip(names, classes) where accumulator.tasks > 0 {
      profiles[name] = await accumulator.profile(fitter, name: name)
    }
    let span = first.map { max(0, (last - $0).seconds) } ?? 0
    var profile = WorkloadProfile(
      provenance: provenance, span: span, all: whole,
      classes: profiles, classMix: mix)
    profile.all.arrivals.cascade = arrivals.profile(
      profile.all.arrivals, seed: options.seed, tick: submissions.seconds)
    profile.kinds = ledger.kinds()
    profile.repeats = ledger.repeats()
    profile.sequence = ledger.sequence()
    let resubmissions = ledger.resubmissions()
    if case .found(let found) = resubmissions { profile.resubmissions = found }
    profile.withinJobs = ledger.withinJobs()
    profile.graphs = graphs.profile()
    profile.standing = standing.profile(
      first: (first ?? .zero).seconds, last: last.seconds)
    if submissions.seconds > 0 || runTimes.seconds > 0 {
      profile.ticks = ClockTicks(submission: submissions.seconds, runTime: runTimes.seconds)
    }
    profile.card = profile.makeCard(resubmissions)
    return profile
  }
}

extension ClassAccumulator {
  func profile(_ fitter: QuantityFitter, name: String) async -> ClassProfile {
    var shares: [String: Share] = [:]
    for (outcome, count) in zip(Outcome.allCases, outcomes) where count > 0 {
      shares[outcome.name] = Share(count: count, of: tasks)
    }
    let triples = triples.elements
    func pair(
      _ a: ((runTime: Double, cpu: Double, memory: Double)) -> Double,
      _ b: ((runTime: Double, cpu: Double, memory: Double)) -> Double
    ) -> Double? {
      let known = triples.filter { !a($0).isNaN && !b($0).isNaN }
      return rankCorrelation(known.map(a), known.map(b))
    }
    return ClassProfile(
      tasks: tasks, jobs: jobs, runTime: await fitter.profile(runTime, "\(name)/run time"),
      cpu: await fitter.profile(cpu, "\(name)/cpu"),
      memory: await fitter.profile(memory, "\(name)/memory"),
      jobSize: await fitter.profile(jobSize, "\(name)/job size"), arrivals: arrivalProfile,
      outcomes: shares,
      rankCorrelations: RankCorrelations(
        runTimeCPU: pair(\.runTime, \.cpu), runTimeMemory: pair(\.runTime, \.memory),
        cpuMemory: pair(\.cpu, \.memory), sampleSize: triples.count))
  }

  private var arrivalProfile: ArrivalProfile {
    let windows = arrivals.statistics()
    let rate = arrivals.rate
    // Seconds of the observed span that fall into each hour of the week.
    var exposure = [Double](repeating: 0, count: 168)
    let week = 168 * 3600.0
    let span = arrivals.last - arrivals.first
    for hour in 0..<168 {
      exposure[hour] += (span / week).rounded(.down) * 3600
    }
    var time = arrivals.first
    let end = arrivals.first + span.truncatingRemainder(dividingBy: week)
    while time < end {
      let next = min(end, ((time / 3600).rounded(.down) + 1) * 3600)
      exposure[Int(time / 3600) % 168] += next - time
      time = next
    }
    func relativeRate(_ places: [Int]) -> Double? {
      let seconds = places.reduce(0) { $0 + exposure[$1] }
      guard seconds > 0, rate > 0 else { return nil }
      return Double(places.reduce(0) { $0 + hours[$1] }) / seconds / rate
    }
    return ArrivalProfile(
      count: arrivals.count, beforeTrace: jobsBeforeTrace, rate: rate,
      rateStandardError: arrivals.count > 1 ? rate / Double(arrivals.count - 1).squareRoot() : 0,
      hourOfDay: (0..<24).map { hour in relativeRate((0..<7).map { $0 * 24 + hour }) },
      dayOfWeek: (0..<7).map { day in relativeRate((0..<24).map { day * 24 + $0 }) },
      windows: windows, mmpp2: MMPP2(fitting: windows, rate: rate))
  }
}

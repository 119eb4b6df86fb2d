import Fitting
import PortableMath
import Workload

/// How what is known of a job hangs together in a model made of a profile.
public enum DependenceChoice: String, CaseIterable, Sendable {
  /// As in the trace: kinds of jobs, repeats of earlier jobs, and what runs at the beginning; of a profile
  /// without them, pairs.
  case best
  /// Gaussian copulas with the rank correlations of each class; nothing runs at the beginning.
  case pairs
  /// Every quantity by itself.
  case none
}

extension WorkloadModel {
  /// The most tasks that run at the beginning.
  private static var standingLimit: Double { 10_000_000 }

  /// Adds to a model what a profile says of repeats, the clock and what runs at the beginning.
  mutating func addSequence(
    _ profile: WorkloadProfile, assumed: (cpu: Double, memory: Double), _ notes: inout [Note]
  ) {
    if let known = profile.repeats, known.share > 0, !known.lags.isEmpty {
      repeats = RepeatModel(
        share: min(known.share, 1), lags: known.lags.map { min(max($0, 1), 255) },
        runTimeCorrelation: known.runTimeCorrelation)
    }
    addResubmissions(profile, &notes)
    ticks = profile.ticks
    guard let found = profile.standing, !found.sample.isEmpty else { return }
    let sample = found.sample.map { task in
      var task = task
      if task.cpu == 0, task.gpus == 0 { task.cpu = assumed.cpu }
      if task.memory == 0 { task.memory = assumed.memory }
      return task
    }
    if found.tasks > Self.standingLimit {
      notes.append(
        Note(
          .assumed, "standing.tasks", ["limit": Self.standingLimit],
          "standing.tasks is \(number(found.tasks)); \(number(Self.standingLimit)) tasks run at the beginning"
        ))
    }
    standing = StandingModel(
      count: Int(min(found.tasks, Self.standingLimit).rounded()), sample: sample, span: profile.span
    )
  }

  /// Adds what a profile says of jobs that come again because they failed. These repeat a job too, so that others do it
  /// the less.
  private mutating func addResubmissions(_ profile: WorkloadProfile, _ notes: inout [Note]) {
    guard let known = profile.resubmissions?.model, known.share > 0 else { return }
    var (failed, coming) = (0.0, 0.0)
    for part in classes {
      let share = part.share * (part.outcomes.first { $0.outcome == .failed }?.share ?? 0)
      failed += share
      coming += share * known.reach(rate: arrivals.rate, part.runTime)
    }
    guard failed > 0 else { return }
    resubmissions = known
    let share = coming * known.share
    if let others = repeats?.share { repeats?.share = max(0, (others - share) / (1 - share)) }
    if coming < 0.9 * failed {
      let part = WorkloadComparison.rounded(100 * (1 - coming / failed))
      notes.append(
        Note(
          .assumed, "resubmissions", ["share": 1 - coming / failed],
          "\(part) % of the jobs that come again because they failed are left out: they come beyond the block of "
            + "256 jobs of the one that failed"))
    }
  }

  /// The GPUs that tasks of several kinds ask for; nil where none does.
  static func pooledGPUs(_ kinds: [JobKind]) -> Law? {
    guard kinds.contains(where: { $0.gpus != nil }) else { return nil }
    var weights: [Double: Double] = [:]
    for kind in kinds {
      let values = kind.gpus?.values ?? [0]
      for value in values {
        weights[value, default: 0] += Double(kind.jobs) / Double(values.count)
      }
    }
    return try? Law.atoms(weights.map { ($0.key, $0.value) })
  }

  /// A class for each kind of a profile's jobs; empty where the profile has none.
  static func kindClasses(
    _ profile: WorkloadProfile, requests: (cpu: Double, memory: Double), _ notes: inout [Note]
  ) -> [TaskClass] {
    let kinds = profile.kinds ?? []
    let jobs = kinds.reduce(0) { $0 + $1.jobs }
    guard jobs > 0 else { return [] }
    let perClass = Dictionary(grouping: kinds, by: \.priorityClass)
    var classes: [TaskClass] = []
    var assumed: Set<String> = []
    var shrunk = 0
    for kind in kinds {
      let isAlone = perClass[kind.priorityClass]?.count == 1
      let words = kind.name
      guard let runTime = kind.runTime.law else { continue }
      let cpu = kind.cpu?.law
      let memory = kind.memory?.law
      if cpu == nil, kind.gpus == nil { assumed.insert("cpu: \(requests.cpu) cores") }
      if memory == nil { assumed.insert("memory: \(requests.memory) GiB") }
      guard let cpu = cpu ?? (try? Law.constant(requests.cpu)),
        let memory = memory ?? (try? Law.constant(requests.memory))
      else { continue }
      var part = TaskClass(
        name: isAlone ? kind.priorityClass : "\(kind.priorityClass)/\(words)",
        share: Double(kind.jobs) / Double(jobs),
        priorityClass: PriorityClass.allCases.first { $0.name == kind.priorityClass } ?? .unknown,
        runTime: runTime, cpu: cpu, memory: memory)
      part.gpus = kind.gpus?.law
      part.jobSize = kind.tasks?.law
      part.instances = kind.instances?.law
      part.spansMachines = kind.spansMachines
      part.sharesRequests = (kind.sharedRequests ?? 1) > 0.5
      if part.jobSize != nil, let rank = profile.withinJobs, rank > 0 {
        part.withinJobs = min(max(2 * sin(.pi / 6 * rank), 0), 1)
      }
      part.outcomes = (profile.classes[kind.priorityClass] ?? profile.all).ends
      let pairs = kind.rankCorrelations
      let wanted = [pairs.runTimeCPU, pairs.runTimeMemory, pairs.cpuMemory].map { $0 ?? 0 }
      let degrees = kind.tail?.degreesOfFreedom
      if degrees != nil || wanted.contains(where: { abs($0) >= 0.1 }) {
        let (correlations, factor) = part.reachable(wanted, degreesOfFreedom: degrees)
        part.correlations = correlations
        if factor < 1 { shrunk += 1 }
      }
      classes.append(part)
    }
    // Kinds without a law are gone: the others make up the whole.
    let total = classes.reduce(0) { $0 + $1.share }
    for place in classes.indices { classes[place].share /= total }
    for words in assumed.sorted() {
      notes.append(Note(.assumed, "", "not known to the profile, assumed: \(words)"))
    }
    if shrunk > 0 {
      notes.append(
        Note(
          .assumed, "rankCorrelations", ["kinds": Double(shrunk)],
          "rank correlations of \(shrunk) \(shrunk == 1 ? "kind" : "kinds") of jobs are taken at less than their size"
        ))
    }
    return classes
  }
}

extension ClassProfile {
  /// How tasks end; still running or pending is no end.
  var ends: [OutcomeShare] {
    let ends = Outcome.allCases.filter { $0 != .running && $0 != .pending }
    let counts = ends.map { outcomes[$0.name]?.count ?? 0 }
    let total = counts.reduce(0, +)
    guard total > 0 else { return [] }
    return zip(ends, counts).filter { $0.1 > 0 }
      .map { OutcomeShare($0.0, Double($0.1) / Double(total)) }
  }
}

extension TaskClass {
  /// The nearest correlations that can be to those of run time with CPU, with memory, and CPU with memory:
  /// shrunk together until they are positive definite and in reach of the laws' ties. By which
  /// factor, too; nil and 0 where none can.
  func reachable(
    _ wanted: [Double], degreesOfFreedom: Int? = nil
  ) -> (TaskCorrelations?, factor: Double) {
    for step in 0..<20 {
      let factor = 1 - Double(step) / 20
      let pairs = TaskCorrelations(
        runTimeCPU: factor * wanted[0], runTimeMemory: factor * wanted[1],
        cpuMemory: factor * wanted[2], degreesOfFreedom: degreesOfFreedom)
      if (try? Copula(pairs, self)) != nil { return (pairs, factor) }
    }
    return (nil, 0)
  }
}

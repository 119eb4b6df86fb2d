import CVectorMath
import Fitting
import Workload

/// A model made ready for drawing: samplers and streams.
final class CompiledModel: Sendable {
  /// The laws of one or several classes.
  struct Margins: Sendable {
    let runTime: MarginSampler
    let cpu: MarginSampler
    let memory: MarginSampler
    let copula: Copula?
    let sharesRequests: Bool

    /// Gives probabilities the class's copula and laws; `mixing` are those of a t copula.
    func transform(
      cpu: ClassGroups.Column, memory: ClassGroups.Column, runTime: ClassGroups.Column,
      mixing: ClassGroups.Column
    ) {
      copula?.couple(cpu: cpu, memory: memory, runTime: runTime, mixing: mixing)
      self.runTime.transform(runTime)
      self.cpu.transform(cpu)
      self.memory.transform(memory)
    }
  }

  /// What every task of a class needs; plain numbers, so that looking it up costs nothing.
  struct Class: Sendable {
    /// Upper end of the class's part of 0...1.
    let upTo: Double
    let margins: Int
    let priorityClass: PriorityClass
    let priority: Int16
    let deadlineFactor: Double
    let hasDisk: Bool
    let hasOutcomes: Bool
    let hasInstances: Bool
    let hasGPUs: Bool
    let spansMachines: Bool
    /// Square roots of the parts of a run time's normal score that are the job's and the task's.
    let jobPart, taskPart: Double
  }

  /// What only tasks with a past, or of larger jobs, need. An object, for it is too large to be copied for each
  /// task.
  final class Past: Sendable {
    let outcomes: OutcomeTable
    /// Of jobs that failed and came again.
    let outcomesAgain: OutcomeTable
    let unstarted: Double
    let jobSize, attempts, wait, disk, gpus, instances: MarginSampler?
    let hasWait, hasAttempts: Bool

    /// - Parameters:
    ///   - part: the class.
    ///   - again: the share that fails of jobs that came again, and how many of all jobs these are; nil where those end
    ///     as others do.
    init(_ part: TaskClass, again: (failing: Double, share: Double)? = nil) {
      let failing = part.outcomes.first { $0.outcome == .failed }?.share ?? 0
      // All jobs together fail as often as the class says.
      let others = again.map { max(0, failing - $0.share * $0.failing) / (1 - $0.share) }
      outcomes = OutcomeTable(part.outcomes, failing: others)
      outcomesAgain = OutcomeTable(part.outcomes, failing: again?.failing)
      unstarted = part.unstarted
      (hasWait, hasAttempts) = (part.wait != nil, part.attempts != nil)
      (jobSize, attempts) = (
        part.jobSize.map(MarginSampler.init), part.attempts.map(MarginSampler.init)
      )
      (wait, disk) = (part.wait.map(MarginSampler.init), part.disk.map(MarginSampler.init))
      (gpus, instances) = (
        part.gpus.map(MarginSampler.init), part.instances.map(MarginSampler.init)
      )
    }
  }

  /// What is drawn for the jobs of a block: when they come, their class, and how many tasks they have.
  struct Jobs {
    var times = [Double](repeating: 0, count: GammaBridge.blockSize)
    var classes = [UInt8](repeating: 0, count: GammaBridge.blockSize)
    var sizes = [Int32](repeating: 1, count: GammaBridge.blockSize)
    /// Where jobs repeat others: whose requests each has, in places of the block, and the
    /// probabilities of their run times.
    var origins = [Int32](repeating: 0, count: GammaBridge.blockSize)
    var runTimes = [Double](repeating: 0, count: GammaBridge.blockSize)
    /// Whether they failed before.
    var comeAgain = [Bool](repeating: false, count: GammaBridge.blockSize)
  }

  /// The most tasks of a job.
  static let jobLimit = 10_000_000.0

  let classes: [Class]
  /// By class.
  let pasts: [Past]
  let margins: [Margins]
  let marksClasses: Bool
  let hasJobSizes: Bool
  let hasOutcomes, hasGPUs, hasInstances, hasDisk: Bool
  /// Whether a class has a t copula.
  let hasMixing: Bool
  /// Whether run times of tasks hang together within jobs or between them.
  let hasJobRunTimes: Bool
  let chains: JobChains?
  let ticks: ClockTicks?
  let estimates: (factor: MarginSampler, roundedTo: [Double])?
  let streams: Streams
  /// What draws a trace's details; nil if the model has none.
  let details: TraceSampler?

  struct Streams: Sendable {
    let kind, jobSize, runTime, cpu, memory, outcome, attempts, estimate: RandomStream
    let wait, disk, unstarted, gpus, instances, jobRunTime, mixing: RandomStream

    init(seed: UInt64) {
      func stream(_ name: String) -> RandomStream { RandomStream(seed: seed, name: name) }
      (kind, jobSize) = (stream("class"), stream("job size"))
      (runTime, cpu, memory) = (stream("run time"), stream("cpu"), stream("memory"))
      (outcome, attempts) = (stream("outcome"), stream("attempts"))
      (estimate, wait) = (stream("estimate"), stream("wait"))
      (disk, unstarted) = (stream("disk"), stream("unstarted"))
      (gpus, instances) = (stream("gpus"), stream("instances"))
      (jobRunTime, mixing) = (stream("job run time"), stream("copula"))
    }
  }

  /// `model` must have no issues.
  init(_ model: WorkloadModel, seed: UInt64, marksClasses: Bool = false) {
    streams = Streams(seed: seed)
    var known: [TaskClass] = []
    var margins: [Margins] = []
    var upTo = 0.0
    var classes: [Class] = []
    var pasts: [Past] = []
    for part in model.classes {
      let place = known.firstIndex { $0.hasMargins(of: part) } ?? known.count
      if place == known.count {
        known.append(part)
        margins.append(
          Margins(
            runTime: MarginSampler(part.runTime), cpu: MarginSampler(part.cpu),
            memory: MarginSampler(part.memory),
            copula: part.correlations.flatMap { try? Copula($0, part) },
            sharesRequests: part.sharesRequests))
      }
      upTo += part.share
      classes.append(
        Class(
          upTo: upTo, margins: place, priorityClass: part.priorityClass, priority: part.priority,
          deadlineFactor: part.deadlineFactor ?? 0, hasDisk: part.disk != nil,
          hasOutcomes: !part.outcomes.isEmpty, hasInstances: part.instances != nil,
          hasGPUs: part.gpus != nil, spansMachines: part.spansMachines,
          jobPart: part.withinJobs.squareRoot(), taskPart: (1 - part.withinJobs).squareRoot()))
      pasts.append(Past(part, again: model.comingAgain(part)))
    }
    self.classes = classes
    self.margins = margins
    self.pasts = pasts
    self.marksClasses = marksClasses
    hasJobSizes = pasts.contains { $0.jobSize != nil }
    hasOutcomes = classes.contains(where: \.hasOutcomes)
    (hasGPUs, hasInstances) = (
      classes.contains(where: \.hasGPUs), classes.contains(where: \.hasInstances)
    )
    hasMixing = margins.contains { $0.copula?.mixing != nil }
    hasDisk = classes.contains(where: \.hasDisk)
    ticks = model.ticks
    chains = JobChains(model, seed: seed)
    hasJobRunTimes = chains != nil || model.classes.contains { $0.withinJobs > 0 }
    estimates = model.estimates.map { (MarginSampler($0.factor), $0.roundedTo) }
    details = model.details.map { TraceSampler($0, seed: seed) }
  }

  /// Draws the jobs of a block.
  func draw(block: Int, _ clock: inout ArrivalClock, into jobs: inout Jobs) {
    let size = GammaBridge.blockSize
    let first = UInt64(block * size)
    jobs.times.withUnsafeMutableBufferPointer {
      clock.times(of: block, into: $0)
      ticks?.round(submissions: $0)
    }
    withUnsafeTemporaryAllocation(of: Double.self, capacity: size) { column in
      streams.kind.openUniforms(from: first, into: column)
      for place in 0..<size { jobs.classes[place] = classIndex(column[place]) }
      if hasJobRunTimes {
        jobs.runTimes.withUnsafeMutableBufferPointer { times in
          streams.jobRunTime.openUniforms(from: first, into: times)
        }
        chains?.chain(&jobs, block: block, of: self)
      }
      guard hasJobSizes else { return }
      streams.jobSize.openUniforms(from: first, into: column)
      if chains != nil {
        // Origins come before what repeats them: going back, each is still its own.
        for place in (0..<size).reversed() { column[place] = column[Int(jobs.origins[place])] }
      }
      ClassGroups(jobs.classes, classes: classes.count)
        .transform(column) { pasts[$0].jobSize ?? MarginSampler.one }
      for place in 0..<size {
        jobs.sizes[place] = wholeCount(column[place], atMost: Self.jobLimit)
      }
    }
  }

  private func classIndex(_ u: Double) -> UInt8 {
    var index = 0
    while index + 1 < classes.count, u >= classes[index].upTo { index += 1 }
    return UInt8(index)
  }
}

extension TaskClass {
  /// Whether the tasks of both have the same laws.
  fileprivate func hasMargins(of other: TaskClass) -> Bool {
    runTime == other.runTime && cpu == other.cpu && memory == other.memory
      && correlations == other.correlations && sharesRequests == other.sharesRequests
  }
}

/// The nearest whole number to a number ≥ 0, at most `most`; that too for what is no number, which a
/// law without a finite value times 0 may give.
@inline(__always) func whole(_ x: Double, atMost most: Int64 = 1 << 53) -> Int64 {
  x < Double(most) ? Int64(x + 0.5) : most
}

/// The nearest microsecond to a span drawn in seconds, at most the longest in range.
@inline(__always) func inRange(seconds: Double) -> Int64 {
  whole(seconds * 1e6, atMost: Ranges.time.upperBound)
}

/// The nearest unit to an amount that was drawn, at most the largest in range.
@inline(__always) func inRange(amount: Double) -> Int64 {
  whole(amount, atMost: Ranges.amount.upperBound)
}

/// The nearest whole number to one that was drawn, from 1; 1 too for what is no number.
@inline(__always) func wholeCount(_ x: Double, atMost most: Double) -> Int32 {
  x > 1 ? Int32(min(x.rounded(), most)) : 1
}

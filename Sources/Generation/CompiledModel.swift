import CVectorMath
import Fitting
import Workload

/// A model made ready for drawing: samplers and streams.
final class CompiledModel: Sendable {
  /// The laws of one or several classes.
  private struct Margins: Sendable {
    let runTime: MarginSampler
    let cpu: MarginSampler
    let memory: MarginSampler
    let copula: Copula?
    let sharesRequests: Bool
  }

  /// What every task of a class needs; plain numbers, so that looking it up costs nothing.
  private struct Class: Sendable {
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

  /// What only tasks with a past, or of larger jobs, need.
  private struct Past: Sendable {
    let outcomes: [(upTo: Double, outcome: Outcome)]
    let unstarted: Double
    let jobSize, attempts, wait, disk, gpus, instances: MarginSampler?
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
  }

  /// The most tasks of a job.
  static let jobLimit = 10_000_000.0

  private let classes: [Class]
  /// By class.
  private let pasts: [Past]
  private let margins: [Margins]
  private let marksClasses: Bool
  private let hasJobSizes: Bool
  private let hasOutcomes: Bool
  /// Whether run times of tasks hang together within jobs or between them.
  private let hasJobRunTimes: Bool
  private let repeats: RepeatSampler?
  private let ticks: ClockTicks?
  private let estimates: (factor: MarginSampler, roundedTo: [Double])?
  private let streams: Streams
  /// What draws a trace's details; nil if the model has none.
  let details: TraceSampler?

  private struct Streams: Sendable {
    let kind, jobSize, runTime, cpu, memory, outcome, attempts, estimate: RandomStream
    let wait, disk, unstarted, gpus, instances, jobRunTime: RandomStream

    init(seed: UInt64) {
      func stream(_ name: String) -> RandomStream { RandomStream(seed: seed, name: name) }
      (kind, jobSize) = (stream("class"), stream("job size"))
      (runTime, cpu, memory) = (stream("run time"), stream("cpu"), stream("memory"))
      (outcome, attempts) = (stream("outcome"), stream("attempts"))
      (estimate, wait) = (stream("estimate"), stream("wait"))
      (disk, unstarted) = (stream("disk"), stream("unstarted"))
      (gpus, instances) = (stream("gpus"), stream("instances"))
      jobRunTime = stream("job run time")
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
      var outcomeUpTo = 0.0
      classes.append(
        Class(
          upTo: upTo, margins: place, priorityClass: part.priorityClass, priority: part.priority,
          deadlineFactor: part.deadlineFactor ?? 0, hasDisk: part.disk != nil,
          hasOutcomes: !part.outcomes.isEmpty, hasInstances: part.instances != nil,
          hasGPUs: part.gpus != nil, spansMachines: part.spansMachines,
          jobPart: part.withinJobs.squareRoot(), taskPart: (1 - part.withinJobs).squareRoot()))
      pasts.append(
        Past(
          outcomes: part.outcomes.map {
            outcomeUpTo += $0.share
            return (outcomeUpTo, $0.outcome)
          },
          unstarted: part.unstarted, jobSize: part.jobSize.map(MarginSampler.init),
          attempts: part.attempts.map(MarginSampler.init),
          wait: part.wait.map(MarginSampler.init), disk: part.disk.map(MarginSampler.init),
          gpus: part.gpus.map(MarginSampler.init),
          instances: part.instances.map(MarginSampler.init)))
    }
    self.classes = classes
    self.margins = margins
    self.pasts = pasts
    self.marksClasses = marksClasses
    hasJobSizes = pasts.contains { $0.jobSize != nil }
    hasOutcomes = classes.contains(where: \.hasOutcomes)
    ticks = model.ticks
    repeats = model.repeats.flatMap { $0.share > 0 ? RepeatSampler($0, seed: seed) : nil }
    hasJobRunTimes = repeats != nil || model.classes.contains { $0.withinJobs > 0 }
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
          repeats?.chain(block: block, origins: &jobs.origins, runTimes: times)
        }
      }
      if repeats != nil {
        for place in 0..<size { jobs.classes[place] = jobs.classes[Int(jobs.origins[place])] }
      }
      guard hasJobSizes else { return }
      streams.jobSize.openUniforms(from: first, into: column)
      if repeats != nil {
        // Origins come before what repeats them: going back, each is still its own.
        for place in (0..<size).reversed() { column[place] = column[Int(jobs.origins[place])] }
      }
      transform(column, of: jobs.classes, group: { Int($0) }, groups: classes.count) {
        pasts[$0].jobSize ?? MarginSampler.one
      }
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

  /// Columns of the tasks that are drawn together.
  private struct Columns {
    let scratch: UnsafeMutableBufferPointer<Double>

    subscript(column: Int, count: Int) -> UnsafeMutableBufferPointer<Double> {
      UnsafeMutableBufferPointer(rebasing: scratch[column * width..<column * width + count])
    }
    private var width: Int { scratch.count / 5 }
  }

  /// Appends tasks of the block's jobs from task `task` of job `place` on, `limit` of them or fewer,
  /// and moves both on; `place` is the block's size when its jobs are used up.
  func draw(
    block: Int, jobs: Jobs, place: inout Int, task: inout Int, atMost limit: Int,
    into records: inout [TaskRecord]
  ) {
    let size = GammaBridge.blockSize
    // The tasks' places among the block's jobs, and within their jobs.
    withUnsafeTemporaryAllocation(of: (place: Int, index: Int).self, capacity: size) { tasks in
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: size) { kinds in
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 5 * size) { scratch in
          var left = limit
          while left > 0, place < size {
            var count = 0
            while count < min(size, left), place < size {
              tasks[count] = (place, task)
              kinds[count] = jobs.classes[place]
              count += 1
              task += 1
              if task == jobs.sizes[place] { (place, task) = (place + 1, 0) }
            }
            left -= count
            append(
              block: block, jobs: jobs,
              tasks: UnsafeMutableBufferPointer(rebasing: tasks[..<count]),
              kinds: UnsafeMutableBufferPointer(rebasing: kinds[..<count]),
              Columns(scratch: scratch), into: &records)
          }
        }
      }
    }
  }

  private func append(
    block: Int, jobs: Jobs, tasks: UnsafeMutableBufferPointer<(place: Int, index: Int)>,
    kinds: UnsafeMutableBufferPointer<UInt8>, _ columns: Columns, into records: inout [TaskRecord]
  ) {
    let count = tasks.count
    let first = block * GammaBridge.blockSize
    func uniforms(_ stream: RandomStream, _ column: UnsafeMutableBufferPointer<Double>) {
      if !hasJobSizes {
        stream.openUniforms(from: UInt64(first + tasks[0].place), into: column)
        return
      }
      for i in 0..<count {
        let word = stream.at(UInt64(tasks[i].index)).word(UInt64(first + tasks[i].place))
        column[i] = RandomStream.openUniform(word)
      }
    }
    func requests(_ stream: RandomStream, _ column: UnsafeMutableBufferPointer<Double>) {
      if repeats != nil {
        for i in 0..<count {
          let origin = UInt64(first + Int(jobs.origins[tasks[i].place]))
          let index = margins[marginsOf(kinds[i])].sharesRequests ? 0 : tasks[i].index
          column[i] = RandomStream.openUniform(stream.at(UInt64(index)).word(origin))
        }
        return
      }
      uniforms(stream, column)
      guard hasJobSizes else { return }
      for i in 0..<count where tasks[i].index > 0 && margins[marginsOf(kinds[i])].sharesRequests {
        column[i] = RandomStream.openUniform(stream.word(UInt64(first + tasks[i].place)))
      }
    }
    let (runTimes, cpus, memories) = (columns[0, count], columns[1, count], columns[2, count])
    if hasJobRunTimes {
      joinedRunTimes(runTimes, jobs, tasks, kinds, first)
    } else {
      uniforms(streams.runTime, runTimes)
    }
    requests(streams.cpu, cpus)
    requests(streams.memory, memories)
    shape(runTimes, cpus, memories, kinds)
    ticks?.round(runTimes: runTimes)
    let (outcomes, estimated) = (columns[3, count], columns[4, count])
    if hasOutcomes { uniforms(streams.outcome, outcomes) }
    if let estimates {
      uniforms(streams.estimate, estimated)
      estimates.factor.transform(estimated)
    }
    for i in 0..<count {
      let part = classes[Int(kinds[i])]
      let submit = Microseconds(inRange(seconds: jobs.times[tasks[i].place]))
      var record = TaskRecord(
        id: TaskID(job: Int64(first + tasks[i].place), index: Int32(tasks[i].index)),
        submit: submit, runTime: Microseconds(inRange(seconds: runTimes[i])),
        request: Resources(
          cpu: Cores(nano: inRange(amount: cpus[i] * 1e9)),
          memory: Bytes(inRange(amount: memories[i] * 1_073_741_824))))
      record.priorityClass = part.priorityClass
      record.priority = part.priority
      if marksClasses { record.kind = UInt16(kinds[i]) + 1 }
      if part.spansMachines { record.flags.insert(.spansMachines) }
      if part.hasGPUs || part.hasInstances {
        let origin = repeats == nil ? tasks[i].place : Int(jobs.origins[tasks[i].place])
        let past = pasts[Int(kinds[i])]
        let index = margins[part.margins].sharesRequests ? 0 : tasks[i].index
        let job = Int64(first + origin)
        if let law = past.gpus {
          let gpus = law.value(uniform(streams.gpus, TaskID(job: job, index: Int32(index))))
          record.request.milliGPU = inRange(amount: gpus * 1000)
          record.maxRequest.milliGPU = record.request.milliGPU
        }
        if let law = past.instances {
          record.instances = wholeCount(
            law.value(uniform(streams.instances, TaskID(job: job))), atMost: Self.jobLimit)
        }
      }
      if part.deadlineFactor > 0 {
        let limit = Microseconds(inRange(seconds: part.deadlineFactor * runTimes[i]))
        record.deadline = (submit + limit).clamped
      }
      if estimates != nil { record.estimate = estimate(runTimes[i] * estimated[i]) }
      if part.hasDisk, let law = pasts[Int(kinds[i])].disk {
        let index = margins[part.margins].sharesRequests ? 0 : tasks[i].index
        let disk = law.value(uniform(streams.disk, TaskID(job: record.id.job, index: Int32(index))))
        record.request.disk = Bytes(inRange(amount: disk * 1_073_741_824))
        record.maxRequest.disk = record.request.disk
      }
      if part.hasOutcomes { live(&record, outcomes[i], pasts[Int(kinds[i])]) }
      details?.describe(&record)
      records.append(record)
    }
  }

  /// Probabilities of run times that hang together: of a job of one task the job's own, of others a
  /// normal score that is the job's in part.
  private func joinedRunTimes(
    _ column: UnsafeMutableBufferPointer<Double>, _ jobs: Jobs,
    _ tasks: UnsafeMutableBufferPointer<(place: Int, index: Int)>,
    _ kinds: UnsafeMutableBufferPointer<UInt8>, _ first: Int
  ) {
    for i in 0..<tasks.count {
      let (place, index) = tasks[i]
      let part = classes[Int(kinds[i])]
      if jobs.sizes[place] == 1 || part.jobPart == 1 {
        column[i] = jobs.runTimes[place]
        continue
      }
      let own = uniform(streams.runTime, TaskID(job: Int64(first + place), index: Int32(index)))
      if part.jobPart == 0, index > 0 {
        column[i] = own
      } else if part.jobPart == 0 {
        column[i] = jobs.runTimes[place]
      } else {
        let z =
          part.jobPart * cvm_normal_quantile(jobs.runTimes[place])
          + part.taskPart * cvm_normal_quantile(own)
        column[i] = min(max(cvm_normal_probability(z), 0x1p-53), 1 - 0x1p-53)
      }
    }
  }

  private func uniform(_ stream: RandomStream, _ task: TaskID) -> Double {
    RandomStream.openUniform(stream.at(UInt64(task.index)).word(UInt64(task.job)))
  }

  /// Gives a task a past.
  private func live(_ record: inout TaskRecord, _ u: Double, _ part: Past) {
    let outcome = (part.outcomes.first { u < $0.upTo } ?? part.outcomes[part.outcomes.count - 1])
      .outcome
    let seconds = part.wait?.value(uniform(streams.wait, record.id)) ?? 0
    let wait = Microseconds(inRange(seconds: seconds))
    if part.unstarted > 0, outcome == .killed,
      uniform(streams.unstarted, record.id) < part.unstarted
    {
      return record.endUnstarted(outcome, wait: wait)
    }
    let attempts = part.attempts?.value(uniform(streams.attempts, record.id)) ?? 1
    record.live(outcome, attempts: wholeCount(attempts, atMost: 1e6), wait: wait)
  }

  private func marginsOf(_ kind: UInt8) -> Int { classes[Int(kind)].margins }

  /// Gives probabilities their classes' copulas and laws.
  private func shape(
    _ runTimes: UnsafeMutableBufferPointer<Double>, _ cpus: UnsafeMutableBufferPointer<Double>,
    _ memories: UnsafeMutableBufferPointer<Double>, _ kinds: UnsafeMutableBufferPointer<UInt8>
  ) {
    if margins.count == 1 {
      margins[0].copula?.couple(cpu: cpus, memory: memories, runTime: runTimes)
      margins[0].runTime.transform(runTimes)
      margins[0].cpu.transform(cpus)
      margins[0].memory.transform(memories)
      return
    }
    let count = runTimes.count
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 3 * count) { scratch in
      for group in margins.indices {
        var size = 0
        for i in 0..<count where marginsOf(kinds[i]) == group {
          scratch[size] = runTimes[i]
          scratch[count + size] = cpus[i]
          scratch[2 * count + size] = memories[i]
          size += 1
        }
        guard size > 0 else { continue }
        let part = (0..<3).map {
          UnsafeMutableBufferPointer(rebasing: scratch[$0 * count..<$0 * count + size])
        }
        margins[group].copula?.couple(cpu: part[1], memory: part[2], runTime: part[0])
        margins[group].runTime.transform(part[0])
        margins[group].cpu.transform(part[1])
        margins[group].memory.transform(part[2])
        size = 0
        for i in 0..<count where marginsOf(kinds[i]) == group {
          (runTimes[i], cpus[i], memories[i]) = (part[0][size], part[1][size], part[2][size])
          size += 1
        }
      }
    }
  }

  /// Transforms each value by the sampler of its class's group.
  private func transform(
    _ values: UnsafeMutableBufferPointer<Double>, of kinds: [UInt8], group: (UInt8) -> Int,
    groups: Int, _ sampler: (Int) -> MarginSampler
  ) {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: values.count) { part in
      for wanted in 0..<groups {
        var count = 0
        for index in values.indices where group(kinds[index]) == wanted {
          part[count] = values[index]
          count += 1
        }
        sampler(wanted).transform(UnsafeMutableBufferPointer(rebasing: part[..<count]))
        count = 0
        for index in values.indices where group(kinds[index]) == wanted {
          values[index] = part[count]
          count += 1
        }
      }
    }
  }

  /// Estimates of tasks that run already at the beginning, of which the first is number `first`.
  func estimate(_ standing: inout [TaskRecord], from first: Int, seed: UInt64) {
    guard let estimates else { return }
    let stream = RandomStream(seed: seed, name: "standing/estimate")
    var factors = standing.indices.map {
      RandomStream.openUniform(stream.word(UInt64(first + $0)))
    }
    factors.withUnsafeMutableBufferPointer { estimates.factor.transform($0) }
    for place in standing.indices {
      standing[place].estimate = estimate(standing[place].runTime.seconds * factors[place])
    }
  }

  private func estimate(_ seconds: Double) -> Microseconds {
    let rounded = estimates?.roundedTo.first { $0 >= seconds } ?? seconds
    return Microseconds(inRange(seconds: rounded))
  }
}

extension TaskRecord {
  /// Gives the task a past: it waited and ran so many times, the last time for a fair part of its run
  /// time, and ended like this.
  fileprivate mutating func live(_ outcome: Outcome, attempts count: Int32, wait: Microseconds) {
    self.outcome = outcome
    guard outcome != .pending else { return }
    attempts = count
    // Each attempt waits for as long: where all of it would be out of range, for so much less.
    let longest = Ranges.time.upperBound / Int64(count)
    let wait = Microseconds(min(wait.rawValue, longest))
    waitTime = Microseconds(wait.rawValue * Int64(count))
    firstSchedule = (submit + wait).clamped
    lastSchedule =
      (submit + waitTime + runTime.scaled(by: Double(count - 1) / Double(count))).clamped
    if outcome != .running { end = (submit + waitTime + runTime).clamped }
  }

  /// Lets the task end before it was ever started.
  fileprivate mutating func endUnstarted(_ outcome: Outcome, wait: Microseconds) {
    self.outcome = outcome
    (runTime, waitTime, end) = (.zero, wait, (submit + wait).clamped)
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
@inline(__always) private func wholeCount(_ x: Double, atMost most: Double) -> Int32 {
  x > 1 ? Int32(min(x.rounded(), most)) : 1
}

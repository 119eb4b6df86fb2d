import CVectorMath
import Fitting
import Workload

extension CompiledModel {
  /// Columns of the tasks that are drawn together.
  private struct Columns {
    let scratch: UnsafeMutableBufferPointer<Double>

    enum Name: Int, CaseIterable {
      case runTime, cpu, memory, mixing, outcome, estimate, gpus, instances, disk, wait, attempts
    }
    static let count = Name.allCases.count

    subscript(name: Name, count: Int) -> UnsafeMutableBufferPointer<Double> {
      let from = name.rawValue * (scratch.count / Self.count)
      return UnsafeMutableBufferPointer(rebasing: scratch[from..<from + count])
    }
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
        withUnsafeTemporaryAllocation(of: Double.self, capacity: Columns.count * size) { scratch in
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
    let groups = ClassGroups(kinds, classes: classes.count)
    func uniforms(_ stream: RandomStream, _ column: UnsafeMutableBufferPointer<Double>) {
      if !hasJobSizes {
        stream.openUniforms(from: UInt64(first + tasks[0].place), into: column)
        return
      }
      // Runs of jobs of one task are drawn together.
      var i = 0
      while i < count {
        let (place, index) = tasks[i]
        var end = i + 1
        while end < count, tasks[end].index == index, tasks[end].place == place + end - i {
          end += 1
        }
        stream.at(UInt64(index)).openUniforms(
          from: UInt64(first + place),
          into: UnsafeMutableBufferPointer(rebasing: column[i..<end]))
        i = end
      }
    }
    /// The same for all tasks of a job where its class says so; `repeated` ones are those of the job that is
    /// repeated.
    func requests(
      _ stream: RandomStream, _ column: UnsafeMutableBufferPointer<Double>, repeated: Bool = true,
      perJob: Bool = false
    ) {
      let follows = repeated && chains != nil
      if !hasJobSizes, !follows { return uniforms(stream, column) }
      for i in 0..<count {
        let place = follows ? Int(jobs.origins[tasks[i].place]) : tasks[i].place
        let shared = perJob || margins[classes[Int(kinds[i])].margins].sharesRequests
        let part = stream.at(shared ? 0 : UInt64(tasks[i].index))
        column[i] = RandomStream.openUniform(part.word(UInt64(first + place)))
      }
    }
    let runTimes = columns[.runTime, count]
    let (cpus, memories) = (columns[.cpu, count], columns[.memory, count])
    if hasJobRunTimes {
      joinedRunTimes(runTimes, jobs, tasks, kinds, first)
    } else {
      uniforms(streams.runTime, runTimes)
    }
    requests(streams.cpu, cpus)
    requests(streams.memory, memories)
    let mixing = columns[.mixing, hasMixing ? count : 0]
    if hasMixing { requests(streams.mixing, mixing) }
    if margins.count == 1 {
      margins[0].transform(cpu: cpus, memory: memories, runTime: runTimes, mixing: mixing)
    } else {
      groups.forEach([cpus, memories, runTimes] + (hasMixing ? [mixing] : [])) { place, parts in
        margins[classes[place].margins].transform(
          cpu: parts[0], memory: parts[1], runTime: parts[2],
          mixing: hasMixing ? parts[3] : mixing)
      }
    }
    ticks?.round(runTimes: runTimes)
    let estimated = columns[.estimate, count]
    if let estimates {
      uniforms(streams.estimate, estimated)
      estimates.factor.transform(estimated)
    }
    let (gpus, instances) = (columns[.gpus, count], columns[.instances, count])
    if hasGPUs {
      requests(streams.gpus, gpus)
      groups.transform(gpus) { pasts[$0].gpus }
    }
    if hasInstances {
      requests(streams.instances, instances, perJob: true)
      groups.transform(instances) { pasts[$0].instances }
    }
    let disk = columns[.disk, count]
    if hasDisk {
      requests(streams.disk, disk, repeated: false)
      groups.transform(disk) { pasts[$0].disk }
    }
    let (outcomes, waits) = (columns[.outcome, count], columns[.wait, count])
    let attempts = columns[.attempts, count]
    if hasOutcomes {
      uniforms(streams.outcome, outcomes)
      uniforms(streams.wait, waits)
      groups.transform(waits) { pasts[$0].wait }
      uniforms(streams.attempts, attempts)
      groups.transform(attempts) { pasts[$0].attempts }
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
      if part.hasGPUs {
        record.request.milliGPU = inRange(amount: gpus[i] * 1000)
        record.maxRequest.milliGPU = record.request.milliGPU
      }
      if part.hasInstances {
        record.instances = wholeCount(instances[i], atMost: Self.jobLimit)
      }
      if part.deadlineFactor > 0 {
        let limit = Microseconds(inRange(seconds: part.deadlineFactor * runTimes[i]))
        record.deadline = (submit + limit).clamped
      }
      if estimates != nil { record.estimate = estimate(runTimes[i] * estimated[i]) }
      if part.hasDisk {
        record.request.disk = Bytes(inRange(amount: disk[i] * 1_073_741_824))
        record.maxRequest.disk = record.request.disk
      }
      if part.hasOutcomes {
        let past = pasts[Int(kinds[i])]
        let ends = jobs.comeAgain[tasks[i].place] ? past.outcomesAgain : past.outcomes
        live(
          &record, ends.outcome(outcomes[i]), wait: waits[i], attempts: attempts[i], past)
      }
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
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * tasks.count) { scores in
      var joined = 0
      for i in 0..<tasks.count {
        let (place, index) = tasks[i]
        let part = classes[Int(kinds[i])]
        column[i] = jobs.runTimes[place]
        if jobs.sizes[place] == 1 || part.jobPart == 1 || (part.jobPart == 0 && index == 0) {
          continue
        }
        let own = uniform(streams.runTime, TaskID(job: Int64(first + place), index: Int32(index)))
        if part.jobPart == 0 {
          column[i] = own
        } else {
          (scores[2 * joined], scores[2 * joined + 1]) = (column[i], own)
          // Marks what is still to be joined: no probability is negative.
          column[i] = -1
          joined += 1
        }
      }
      guard joined > 0, let start = scores.baseAddress else { return }
      cvm_transform(CVMFunctionNormalQuantile, start, start, 2 * joined)
      joined = 0
      for i in 0..<tasks.count where column[i] < 0 {
        let part = classes[Int(kinds[i])]
        scores[joined] = part.jobPart * scores[2 * joined] + part.taskPart * scores[2 * joined + 1]
        joined += 1
      }
      cvm_transform(CVMFunctionNormalProbability, start, start, joined)
      joined = 0
      for i in 0..<tasks.count where column[i] < 0 {
        column[i] = min(max(scores[joined], 0x1p-53), 1 - 0x1p-53)
        joined += 1
      }
    }
  }

  private func uniform(_ stream: RandomStream, _ task: TaskID) -> Double {
    RandomStream.openUniform(stream.at(UInt64(task.index)).word(UInt64(task.job)))
  }

  /// Run time in seconds of the first task of a job, as ``draw(block:jobs:place:task:atMost:into:)`` draws it, whatever
  /// comes of the jobs after it: its class, origin and score must be known, `score` being the normal score of the job.
  func firstRunTime(_ jobs: borrowing Jobs, place: Int, score: Double, block: Int) -> Double {
    let first = block * GammaBridge.blockSize
    let part = classes[Int(jobs.classes[place])]
    let margins = margins[part.margins]
    let origin = TaskID(job: Int64(first) + Int64(jobs.origins[place]))
    var normal = score
    if part.jobPart > 0, part.jobPart < 1,
      wholeCount(
        pasts[Int(jobs.classes[place])].jobSize?.value(uniform(streams.jobSize, origin)) ?? 1,
        atMost: Self.jobLimit) > 1
    {
      let own = uniform(streams.runTime, TaskID(job: Int64(first + place)))
      normal = part.jobPart * score + part.taskPart * cvm_normal_quantile(own)
    }
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: 4) { values in
      func column(_ place: Int) -> UnsafeMutableBufferPointer<Double> {
        UnsafeMutableBufferPointer(rebasing: values[place..<place + 1])
      }
      let runTime = column(2)
      runTime[0] = min(max(cvm_normal_probability(normal), 0x1p-53), 1 - 0x1p-53)
      if let copula = margins.copula {
        (values[0], values[1]) = (uniform(streams.cpu, origin), uniform(streams.memory, origin))
        values[3] = uniform(streams.mixing, origin)
        copula.couple(
          cpu: column(0), memory: column(1), runTime: runTime, mixing: column(3))
      }
      margins.runTime.transform(runTime)
      ticks?.round(runTimes: runTime)
      return runTime[0]
    }
  }

  /// Whether a job's task fails of which `u` of the stream of outcomes is drawn.
  func fails(_ jobs: borrowing Jobs, place: Int, _ u: Double) -> Bool {
    let past = pasts[Int(jobs.classes[place])]
    return (jobs.comeAgain[place] ? past.outcomesAgain : past.outcomes).outcome(u) == .failed
  }

  /// Gives a task a past.
  private func live(
    _ record: inout TaskRecord, _ outcome: Outcome, wait seconds: Double, attempts: Double,
    _ part: Past
  ) {
    let wait = Microseconds(inRange(seconds: part.hasWait ? seconds : 0))
    if part.unstarted > 0, outcome == .killed,
      uniform(streams.unstarted, record.id) < part.unstarted
    {
      return record.endUnstarted(outcome, wait: wait)
    }
    record.live(
      outcome, attempts: wholeCount(part.hasAttempts ? attempts : 1, atMost: 1e6), wait: wait)
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

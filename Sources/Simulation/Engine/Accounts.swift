import Workload

/// Everything a run adds up.
struct Accounts {
  var classes = Array(repeating: ClassMetrics(), count: PriorityClass.allCases.count)
  /// By the workload's own classes, as far as they have occurred.
  var kinds: [ClassMetrics] = []
  var unplaceable: [SimulationReport.UnplaceableCount] = UnplaceableReason.allCases.map {
    .init(reason: $0, count: 0, example: TaskID(job: -1))
  }
  var evictions = 0
  var preemptions = 0
  var failures = 0
  var conflicts = 0
  var droppedDependencies = 0
  var backfilled = 0
  var decisions = 0
  var events = 0
  var submissions = 0
  var conclusions = 0
  var warmUpTasks = 0
  var mostInFlight = 0
  var remarks = RunRemarks()
  /// Core-seconds submitted, on machines of speed 1, and what the machines could do in a second when the
  /// last of them was.
  var offeredWork = 0.0
  /// The part of it that some machine could take.
  var placeableWork = 0.0
  var offeredTo = 0.0
  var firstSubmit = Microseconds.never
  var lastFinish = Microseconds.never
  /// Of the tasks after the warm-up.
  private var lastMeasuredFinish = Microseconds.never
  /// Tasks waiting, in the queue and at machines.
  var waiting = 0
  /// Tasks on machines that wake up: they wait too.
  private var waking = WakingTasks()
  var mostWaiting = 0
  var violations = 0
  /// How often a task waited beside room that its mode lets it have, and how many still waited when
  /// nothing was left to happen.
  var idled = 0
  var lost = 0

  /// From the beginning of the run.
  var integrals = Integrals()
  /// What they were when accounting of use began and ended.
  private var windowStart: Integrals?
  private var windowEnd: Integrals?
  /// What they were when the last task was submitted, when that was, and who waited.
  private var atLastSubmit = Integrals()
  private var lastSubmit = Microseconds.never
  /// When a task last started.
  var lastStart = Microseconds.never
  private var waitingAtLastSubmit = 0
  /// Of tasks that finished in the window, in nano-core-µs of a machine of speed 1.
  private var work: Int128 = 0
  var series = UsageSeries()
  var decisionTimes = Tally()

  // The same, added up task by task; they must agree.
  var taskWaiting: Int128 = 0
  var taskRunning: Int128 = 0
  var taskCPU: Int128 = 0

  var energyOfTasks = 0.0
  private let slowdownBound: Microseconds
  private let warmUp: Microseconds
  private let countsDrain: Bool

  init(_ options: SimulationOptions) {
    countsDrain = options.accountsTail != .never
    slowdownBound = options.slowdownBound
    warmUp = options.warmUp
  }

  /// Whether use is being accounted for.
  private(set) var isRunning = false

  mutating func beginWindow() {
    windowStart = integrals
    isRunning = true
  }

  mutating func endWindow() {
    windowEnd = integrals
    isRunning = false
  }

  /// The clock moves on while the cluster stays as it is.
  mutating func advance(
    to time: Microseconds, _ cluster: borrowing Cluster, _ stranded: FragmentationMeter.Stranded
  ) {
    var start = cluster.now
    while let end = waking.nextEnd, end < time {
      advance(from: start, to: end, cluster, stranded)
      start = end
      waking.pass(end)
    }
    advance(from: start, to: time, cluster, stranded)
    waking.pass(time)
  }

  @inline(__always)
  private mutating func advance(
    from start: Microseconds, to time: Microseconds, _ cluster: borrowing Cluster,
    _ stranded: FragmentationMeter.Stranded
  ) {
    let length = time.rawValue - start.rawValue
    guard length > 0, firstSubmit.isKnown || isRunning else { return }
    let waiting = waiting + waking.count
    integrals.add(length, cluster, waiting: waiting, stranded)
    guard isRunning else { return }
    let (used, capacity) = (cluster.totalClaimed, cluster.totalCapacity)
    series.add(
      from: start, to: time,
      level: UsageSeries.Sums(
        // Not as literals, which would be arrays first.
        used: SIMD2(used.cpu.value, Double(used.memory.rawValue)),
        capacity: SIMD2(
          capacity.cpu.value / cluster.cpuOvercommit,
          Double(capacity.memory.rawValue) / cluster.memoryOvercommit),
        tasks: SIMD2(Double(waiting), Double(cluster.totalRunning))))
  }

  /// Whether a task is after the warm-up.
  func isMeasured(submit: Microseconds) -> Bool { submit >= firstSubmit + warmUp }

  mutating func submitted(at time: Microseconds) {
    if !firstSubmit.isKnown { firstSubmit = time }
    submissions += 1
    atLastSubmit = integrals
    lastSubmit = time
    waitingAtLastSubmit = waiting
  }

  mutating func beganWaiting() { waiting += 1 }

  /// On a stepped clock, one that waits has waited since before this step: the others of this step count with
  /// it, whether or not they start at once.
  mutating func hasWaited() {
    if isRunning { mostWaiting = max(mostWaiting, waiting + waking.count) }
  }

  /// A task's machine wakes up for it until `end`.
  mutating func beganWaking(until end: Microseconds) { waking.add(end) }

  /// It leaves the machine before that.
  mutating func stoppedWaking(until end: Microseconds) { waking.remove(end) }

  /// An attempt ended after `length`.
  mutating func ran(_ request: Resources, for length: Microseconds) {
    taskRunning += Int128(length.rawValue)
    taskCPU += Int128(request.cpu.nano) * Int128(length.rawValue)
  }

  /// An instance of a task that has come to its end held `request` for a run time of `length`.
  mutating func finished(_ request: Resources, after length: Microseconds) {
    if isRunning { work += Int128(request.cpu.nano) * Int128(length.rawValue) }
  }

  mutating func concluded(_ result: TaskResult) {
    conclusions += 1
    if result.isMeasured {
      classes[Int(result.priorityClass.rawValue)].record(result, slowdownBound: slowdownBound)
      if result.kind > 0 {
        while kinds.count < Int(result.kind) { kinds.append(ClassMetrics()) }
        kinds[Int(result.kind) - 1].record(result, slowdownBound: slowdownBound)
      }
    } else {
      warmUpTasks += 1
    }
    taskWaiting += Int128(result.wait.rawValue)
    energyOfTasks += result.energy.value
    if result.finish.isKnown {
      lastFinish = lastFinish.isKnown ? max(lastFinish, result.finish) : result.finish
      if result.isMeasured {
        lastMeasuredFinish =
          lastMeasuredFinish.isKnown ? max(lastMeasuredFinish, result.finish) : result.finish
      }
    }
  }

  /// As other figures, of tasks after the warm-up.
  mutating func cannotPlace(_ id: TaskID, _ reason: UnplaceableReason, submit: Microseconds) {
    guard isMeasured(submit: submit) else { return }
    let index = Int(reason.rawValue)
    if unplaceable[index].count == 0 { unplaceable[index].example = id }
    unplaceable[index].count += 1
  }

  /// The report; `audited` says whether the checks were on.
  func report(
    policy: String, seed: UInt64, cluster: borrowing Cluster, energy: EnergyReport, audited: Bool
  ) -> SimulationReport {
    var total = ClassMetrics()
    for metrics in classes { total.merge(metrics) }
    total.settle()
    let reports = PriorityClass.allCases.map { kind in
      var metrics = classes[Int(kind.rawValue)]
      metrics.settle()
      return SimulationReport.ClassReport(priorityClass: kind, metrics: metrics)
    }
    let window = (windowEnd ?? integrals) - (windowStart ?? integrals)
    let peak = series.greatest
    var usage = window.usage(cluster, mostWaiting: max(mostWaiting, Int(peak.tasks[0])))
    usage.mostRunning = Int(peak.tasks[1])
    (usage.mostCPU, usage.mostMemory) = (peak.share[0], peak.share[1])
    if atLastSubmit.span > 0 {
      usage.loadVarianceOfArrivals = atLastSubmit.loadVariance / Double(atLastSubmit.span)
    }
    usage.work = Double(work) * 1e-15
    usage.whileSubmitting = .init(cpu: usage.cpu, memory: usage.memory, gpu: usage.gpu)
    let start = windowStart ?? Integrals()
    if !countsDrain, atLastSubmit.span > start.span {
      let part = (atLastSubmit - start).usage(cluster, mostWaiting: 0)
      usage.whileSubmitting = .init(cpu: part.cpu, memory: part.memory, gpu: part.gpu)
    }
    var report = SimulationReport(
      policy: policy, seed: seed, machines: cluster.count, total: total,
      classes: reports.filter { $0.metrics.submitted > 0 }, unplaceable: unplaceable,
      evictions: evictions, preemptions: preemptions, backfilled: backfilled,
      failures: failures, conflicts: conflicts, droppedDependencies: droppedDependencies,
      firstSubmit: firstSubmit, lastFinish: lastFinish,
      usage: usage,
      energy: energy, series: series, decisions: decisions, decisionTimes: decisionTimes,
      warmUpTasks: warmUpTasks,
      events: events, mostInFlight: mostInFlight)
    report.remarks = remarks
    report.kinds = kinds
    for kind in kinds.indices { report.kinds[kind].settle() }
    let arrivals = lastSubmit.isKnown ? (lastSubmit - firstSubmit).seconds : 0
    // Where some task never ends there is no load.
    if arrivals > 0, offeredTo > 0, offeredWork.isFinite {
      report.offeredLoad = offeredWork / (offeredTo * arrivals)
      report.placeableLoad = placeableWork / (offeredTo * arrivals)
    }
    if lastMeasuredFinish.isKnown {
      report.measuredSpan = lastMeasuredFinish - (firstSubmit + warmUp)
    }
    let upToLastStart = lastStart.isKnown ? (lastStart - firstSubmit).seconds : 0
    if upToLastStart > 0, offeredTo > 0 {
      report.useToLastStart = Double(taskCPU) * 1e-15 / (offeredTo * upToLastStart)
    }
    report.remarks.tasks = submissions
    (report.lastSubmit, report.waitingAtLastSubmit) = (lastSubmit, waitingAtLastSubmit)
    if audited { report.audit = audit(cluster, energy) }
    return report
  }

  private func audit(
    _ cluster: borrowing Cluster, _ energy: EnergyReport
  ) -> AuditReport {
    AuditReport(
      checks: [
        .init(
          name: "tasks submitted = tasks whose fate is known", left: Int128(submissions),
          right: Int128(conclusions)),
        .init(
          name: "Little's law: tasks waiting over time = waits over tasks", left: integrals.waiting,
          right: taskWaiting),
        .init(
          name: "tasks running over time = run times over attempts", left: integrals.running,
          right: taskRunning),
        .init(
          name: "CPU claimed over time = request × run time over attempts", left: integrals.cpuUsed,
          right: taskCPU),
        .init(
          name: "waits beside room that may be taken", left: Int128(idled), right: 0),
        .init(
          name: "tasks still waiting when nothing is left to happen", left: Int128(lost), right: 0),
        .init(
          name: "nothing is claimed at the end", left: Int128(cluster.totalClaimed.cpu.nano),
          right: 0),
        .init(
          name: "dynamic energy of machines = of tasks", left: energy.dynamic.value,
          right: energyOfTasks),
      ], violations: violations)
  }
}

/// Integrals over time: exact ones in task-µs and fixed-point units × µs, and of the spread of load.
struct Integrals {
  var span: Int64 = 0
  var waiting: Int128 = 0
  var running: Int128 = 0
  var cpuUsed: Int128 = 0
  var cpuCapacity: Int128 = 0
  var memoryUsed: Int128 = 0
  var memoryCapacity: Int128 = 0
  var gpuUsed: Int128 = 0
  var gpuCapacity: Int128 = 0
  var cpuStranded: Int128 = 0
  var memoryStranded: Int128 = 0
  var gpuStranded: Int128 = 0
  var loadVariance = 0.0
  var jain = 0.0

  /// Adds `length` µs during which the cluster stays as it is.
  mutating func add(
    _ length: Int64, _ cluster: borrowing Cluster, waiting tasks: Int,
    _ stranded: FragmentationMeter.Stranded
  ) {
    span += length
    waiting += product(Int64(tasks), length)
    running += product(Int64(cluster.totalRunning), length)
    let (used, capacity) = (cluster.totalClaimed, cluster.totalCapacity)
    cpuUsed += product(used.cpu.nano, length)
    cpuCapacity += product(capacity.cpu.nano, length)
    memoryUsed += product(used.memory.rawValue, length)
    memoryCapacity += product(capacity.memory.rawValue, length)
    cpuStranded += product(stranded.cpu, length)
    memoryStranded += product(stranded.memory, length)
    if capacity.milliGPU > 0 {
      gpuUsed += product(used.milliGPU, length)
      gpuCapacity += product(capacity.milliGPU, length)
      gpuStranded += product(stranded.milliGPU, length)
    }
    guard cluster.upCount > 0 else { return }
    let (n, time) = (Double(cluster.upCount), Double(length))
    let (sum, squares) = (Double(cluster.loadSum) * 0x1p-20, cluster.loadSquares.double * 0x1p-40)
    loadVariance += max(0, squares / n - sum / n * (sum / n)) * time
    // An idle cluster is perfectly even.
    jain += (squares > 0 ? sum * sum / (n * squares) : 1) * time
  }

  static func - (a: Integrals, b: Integrals) -> Integrals {
    Integrals(
      span: a.span - b.span, waiting: a.waiting - b.waiting, running: a.running - b.running,
      cpuUsed: a.cpuUsed - b.cpuUsed, cpuCapacity: a.cpuCapacity - b.cpuCapacity,
      memoryUsed: a.memoryUsed - b.memoryUsed, memoryCapacity: a.memoryCapacity - b.memoryCapacity,
      gpuUsed: a.gpuUsed - b.gpuUsed, gpuCapacity: a.gpuCapacity - b.gpuCapacity,
      cpuStranded: a.cpuStranded - b.cpuStranded,
      memoryStranded: a.memoryStranded - b.memoryStranded,
      gpuStranded: a.gpuStranded - b.gpuStranded,
      loadVariance: a.loadVariance - b.loadVariance, jain: a.jain - b.jain)
  }

  func usage(_ cluster: borrowing Cluster, mostWaiting: Int) -> SimulationReport.Usage {
    let length = Double(span)
    return SimulationReport.Usage(
      span: Microseconds(span),
      cpu: Double(cpuUsed) / Double(cpuCapacity) * cluster.cpuOvercommit,
      memory: Double(memoryUsed) / Double(memoryCapacity) * cluster.memoryOvercommit,
      gpu: gpuCapacity > 0 ? Double(gpuUsed) / Double(gpuCapacity) : nil,
      fragmentation: SimulationReport.Fragmentation(
        cpu: Double(cpuStranded) / Double(cpuCapacity - cpuUsed),
        memory: Double(memoryStranded) / Double(memoryCapacity - memoryUsed),
        gpu: gpuCapacity > gpuUsed
          ? Double(gpuStranded) / Double(gpuCapacity - gpuUsed)
            / Double(FragmentationMeter.sampleSize) : nil),
      meanWaiting: Double(waiting) / length, mostWaiting: mostWaiting,
      meanRunning: Double(running) / length, loadVariance: loadVariance / length,
      jain: jain / length)
  }
}

/// The product in full.
@inline(__always)
private func product(_ a: Int64, _ b: Int64) -> Int128 {
  let (high, low) = a.multipliedFullWidth(by: b)
  return Int128(high) &<< 64 | Int128(low)
}

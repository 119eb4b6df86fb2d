import Workload

/// Everything a run adds up.
struct Accounts {
  var classes = Array(repeating: ClassMetrics(), count: PriorityClass.allCases.count)
  var unplaceable: [SimulationReport.UnplaceableCount] = UnplaceableReason.allCases.map {
    .init(reason: $0, count: 0, example: TaskID(job: -1))
  }
  var evictions = 0
  var preemptions = 0
  var overtakings = 0
  var decisions = 0
  var events = 0
  var mostInFlight = 0
  var firstSubmit = Microseconds.never
  var lastFinish = Microseconds.never
  /// Tasks waiting, in the queue and at machines.
  var waiting = 0
  var mostWaiting = 0
  var violations = 0

  // Integrals over time from the first submission, exact: task-µs and fixed-point units × µs.
  var waitingTime: Int128 = 0
  var runningTime: Int128 = 0
  var cpuUsed: Int128 = 0
  var cpuCapacity: Int128 = 0
  var memoryUsed: Int128 = 0
  var memoryCapacity: Int128 = 0
  var span: Int64 = 0
  var series = UsageSeries()

  // The same, added up task by task; they must agree.
  var taskWaiting: Int128 = 0
  var taskRunning: Int128 = 0
  var taskCPU: Int128 = 0

  var energyOfTasks = 0.0
  /// Whether time is being accounted for.
  var isRunning = false
  private let slowdownBound: Microseconds

  init(slowdownBound: Microseconds) { self.slowdownBound = slowdownBound }

  /// The clock moves on while the cluster stays as it is.
  mutating func advance(to time: Microseconds, _ cluster: borrowing Cluster) {
    guard isRunning else { return }
    let length = time.rawValue - cluster.now.rawValue
    span += length
    waitingTime += Int128(waiting) * Int128(length)
    runningTime += Int128(cluster.totalRunning) * Int128(length)
    let (used, capacity) = (cluster.totalClaimed, cluster.totalCapacity)
    cpuUsed += Int128(used.cpu.nano) * Int128(length)
    cpuCapacity += Int128(capacity.cpu.nano) * Int128(length)
    memoryUsed += Int128(used.memory.rawValue) * Int128(length)
    memoryCapacity += Int128(capacity.memory.rawValue) * Int128(length)
    series.add(
      from: cluster.now, to: time,
      level: UsageSeries.Sums(
        used: [used.cpu.value, Double(used.memory.rawValue)],
        capacity: [capacity.cpu.value, Double(capacity.memory.rawValue)],
        tasks: [Double(waiting), Double(cluster.totalRunning)]))
  }

  mutating func submitted(_ priorityClass: PriorityClass, at time: Microseconds) {
    if !firstSubmit.isKnown { firstSubmit = time }
    classes[Int(priorityClass.rawValue)].submitted += 1
  }

  mutating func beganWaiting() {
    waiting += 1
    mostWaiting = max(mostWaiting, waiting)
  }

  /// An attempt ended after `length`.
  mutating func ran(_ request: Resources, for length: Microseconds) {
    taskRunning += Int128(length.rawValue)
    taskCPU += Int128(request.cpu.nano) * Int128(length.rawValue)
  }

  mutating func concluded(_ result: TaskResult) {
    classes[Int(result.priorityClass.rawValue)].record(result, slowdownBound: slowdownBound)
    taskWaiting += Int128(result.wait.rawValue)
    energyOfTasks += result.energy.value
    if result.finish.isKnown {
      lastFinish = lastFinish.isKnown ? max(lastFinish, result.finish) : result.finish
    }
  }

  mutating func cannotPlace(_ id: TaskID, _ reason: UnplaceableReason) {
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
    let reports = PriorityClass.allCases.map {
      SimulationReport.ClassReport(priorityClass: $0, metrics: classes[Int($0.rawValue)])
    }
    let length = Double(span)
    let usage = SimulationReport.Usage(
      span: Microseconds(span), cpu: Double(cpuUsed) / Double(cpuCapacity),
      memory: Double(memoryUsed) / Double(memoryCapacity),
      meanWaiting: Double(waitingTime) / length, mostWaiting: mostWaiting,
      meanRunning: Double(runningTime) / length)
    var report = SimulationReport(
      policy: policy, seed: seed, machines: cluster.count, total: total,
      classes: reports.filter { $0.metrics.submitted > 0 }, unplaceable: unplaceable,
      evictions: evictions, preemptions: preemptions, overtakings: overtakings,
      firstSubmit: firstSubmit, lastFinish: lastFinish, usage: usage,
      energy: energy, series: series, decisions: decisions, events: events, mostInFlight: mostInFlight)
    if audited { report.audit = audit(total, cluster, energy) }
    return report
  }

  private func audit(
    _ total: ClassMetrics, _ cluster: borrowing Cluster, _ energy: EnergyReport
  ) -> AuditReport {
    AuditReport(
      checks: [
        .init(
          name: "tasks submitted = tasks by outcome", left: Int128(total.submitted),
          right: Int128(total.outcomes.reduce(0, +))),
        .init(
          name: "Little's law: tasks waiting over time = waits over tasks", left: waitingTime,
          right: taskWaiting),
        .init(
          name: "tasks running over time = run times over attempts", left: runningTime,
          right: taskRunning),
        .init(
          name: "CPU claimed over time = request × run time over attempts", left: cpuUsed,
          right: taskCPU),
        .init(
          name: "nothing is claimed at the end", left: Int128(cluster.totalClaimed.cpu.nano),
          right: 0),
        .init(
          name: "dynamic energy of machines = of tasks", left: energy.dynamic.value,
          right: energyOfTasks),
      ], violations: violations)
  }
}

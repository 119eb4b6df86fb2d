import Fitting
import PortableMath
import Workload

extension WorkloadModel {
  /// A workload with the life cycles of Google's 2011 `task_events`: the published number of tasks,
  /// submissions, starts and ends of each priority in the whole table, 29 days' rate of jobs and of
  /// tasks, three quarters of the jobs with one task.
  ///
  /// Run times have the law that was fitted to the real `job_events`, stretched for each priority so
  /// that by Little's law as many tasks are open as were at the end of the table (its submissions
  /// less its ends). Made up, for want of the real table: waits, users, and requests (a list of round
  /// CPU values; memory and disk log-normal, of four digits, e^-4.5 and e^-8 of a machine in the
  /// middle).
  static let google2011Tasks: WorkloadModel? = {
    guard let profile = WorkloadProfile.preset("google-2011"),
      let runTime = profile.all.runTime.fits.first?.fit.law,
      let sizes = try? Empirical(jobSizes),
      let cpu = try? Empirical(cpuShares.map { $0 * 32 }),
      let memory = try? fourDigits(Law(.lognormal, [-4.5, 1.2]), of: 128),
      let disk = try? fourDigits(Law(.lognormal, [-8, 1.5]), of: 1024),
      let wait = try? Law(.exponential, [0.125])
    else { return nil }
    let total = published.reduce(0) { $0 + $1.tasks }
    let classes = published.enumerated().map { priority, counts in
      var part = TaskClass(
        name: "priority-\(priority)", share: counts.tasks / total,
        priorityClass: priority < 2 ? .bestEffort : priority < 9 ? .batch : .production,
        priority: Int16(priority), runTime: counts.runTime(like: runTime), cpu: .empirical(cpu),
        memory: memory)
      part.disk = disk
      part.jobSize = .empirical(sizes)
      part.sharesRequests = true
      part.wait = wait
      counts.live(&part)
      return part
    }
    return WorkloadModel(
      arrivals: ArrivalModel(rate: 672_000 / traceLength), classes: classes,
      details: TraceDetails(users: 933, machines: 12_500, differentMachines: 0.05))
  }()

  /// 29 days, in seconds.
  private static let traceLength = 29.0 * 86400

  /// A law of shares of a machine as 400 values of four digits, times what the machine has.
  private static func fourDigits(_ law: Law, of whole: Double) throws(FittingError) -> Law {
    .empirical(
      try Empirical(
        (0..<400).map { place in
          let share = min(1, law.quantile((Double(place) + 0.5) / 400))
          var scale = 1000.0
          while share * scale < 1000 { scale *= 10 }
          return (share * scale).rounded() / scale * whole
        }))
  }

  /// One task in three quarters of the jobs, else exponential; 37.8 on average, as in the table.
  private static let jobSizes: [Double] =
    Array(repeating: 1, count: 15_000)
    + (0..<5000).map { max(2, (-log(1 - (Double($0) + 0.5) / 5000) * 148.2).rounded()) }

  private static let cpuShares = [
    0.0125, 0.0625, 0.03125, 0.125, 0.25, 0.006248, 0.02499, 0.01875, 0.05, 0.09375,
  ]

  /// What is published of a priority's events.
  private struct Counts {
    let tasks, submits, schedules, evict, fail, finish, kill, lost: Double

    /// `law` on 1 s ... 29 days, stretched to the mean life that Little's law gives with the tasks
    /// that were open at the end, but to 95 % of the trace at most; unstretched where none was.
    func runTime(like law: Law) -> Law {
      let open = submits - evict - fail - finish - kill - lost
      let mean = min(open / tasks, 0.95) * traceLength
      func stretched(_ factor: Double) -> Law? {
        try? law.scaled(by: factor).limited(by: .clamped(lower: 1, upper: traceLength))
      }
      var (low, high) = (-10.0, 30.0)
      while mean > 0, high - low > 1e-3 {
        let middle = (low + high) / 2
        if (stretched(exp2(middle))?.mean ?? 0) < mean { low = middle } else { high = middle }
      }
      return stretched(mean > 0 ? exp2(low) : 1) ?? law
    }

    /// Gives a class the number of attempts, the ends of all but the last, and those of the last that
    /// these counts imply: as many tasks as submissions exceed starts are killed before they start,
    /// and of ends that others follow evictions and failures come first, kills for the rest.
    func live(_ part: inout TaskClass) {
      let unstarted = submits - schedules
      let started = tasks - unstarted
      let earlier = max(0, schedules - started)
      let tried = min(earlier, evict + fail)
      let share = evict + fail > 0 ? tried / (evict + fail) : 0
      let killed = min(kill - unstarted, earlier - tried)
      let ends = [evict * share, fail * share, killed]
      let sum = ends.reduce(0, +)
      if sum > 0 {
        part.earlierEnds = zip([Outcome.evicted, .failed, .killed], ends)
          .map { OutcomeShare($0, $1 / sum) }
        // Geometric, of mean schedules / started.
        let stop = started / schedules
        let atoms = (1...200).map { ($0, pow(1 - stop, Double($0 - 1)) * stop) }
        part.attempts = try? Law.atoms(
          atoms.filter { $0.1 > 2e-5 }.map { (Double($0.0), $0.1) }, resolution: 50_000)
      }
      let last = [
        (Outcome.finished, finish), (.killed, kill - killed), (.lost, lost),
        (.evicted, evict * (1 - share)), (.failed, fail * (1 - share)),
      ]
      let total = last.reduce(0) { $0 + $1.1 }
      part.outcomes = last.filter { $0.1 > 0 }.map { OutcomeShare($0.0, $0.1 / total) }
      let kills = (kill - killed) / total * tasks
      if kills > 0 { part.unstarted = min(1, unstarted / kills) }
    }
  }

  /// Counts of the whole table by priority, from another group's analysis of it.
  private static let published: [Counts] = [
    (6_472_128, 25_358_652, 24_640_306, 5_290_793, 11_036_256, 3_626_617, 5_386_416, 4066),
    (2_453_482, 3_819_300, 3_745_699, 461_654, 721_333, 1_699_238, 923_231, 1172),
    (1_111_810, 1_231_479, 1_200_766, 47_440, 26_294, 990_365, 164_475, 45),
    (1027, 1203, 1203, 153, 1, 987, 62, 0),
    (14_197_733, 15_299_112, 15_099_442, 43_566, 643_807, 11_238_276, 3_361_759, 3294),
    (104, 104, 104, 0, 0, 104, 0, 0),
    (639_784, 690_156, 689_599, 422, 53_526, 499_092, 135_559, 42),
    (400, 796, 796, 0, 0, 0, 796, 0),
    (254_680, 275_297, 274_962, 2997, 17_184, 114_106, 138_154, 32),
    (286_269, 1_657_471, 1_656_760, 16_825, 1_309_946, 49_190, 227_918, 102),
    (1403, 32_131, 32_128, 503, 21_422, 0, 9383, 1),
    (7538, 9465, 9408, 0, 0, 0, 1927, 0),
  ].map {
    Counts(
      tasks: $0.0, submits: $0.1, schedules: $0.2, evict: $0.3, fail: $0.4, finish: $0.5,
      kill: $0.6, lost: $0.7)
  }
}

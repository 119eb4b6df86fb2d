import Fitting
import Foundation
import Workload

extension WorkloadModel {
  /// A workload with the life cycles of Google's 2011 `task_events`: the published number of tasks,
  /// submissions, starts and ends of each priority in the whole table, 29 days' rate of jobs and of
  /// tasks, three quarters of the jobs with one task.
  ///
  /// Made up, for want of the real table: run times (of the real `job_events`, as fitted), and requests
  /// (a list of round CPU values; memory log-normal, e^-4.5 of a machine in the middle).
  static let google2011Tasks: WorkloadModel? = {
    guard let profile = WorkloadProfile.preset("google-2011"),
      let runTime = profile.all.runTime.fits.first?.fit.law,
      let sizes = try? Empirical(jobSizes),
      let cpu = try? Empirical(cpuShares.map { $0 * 32 }),
      let memory = try? Law(.lognormal, [-4.5 + log(128), 1.2])
        .limited(by: .clamped(lower: 0.01, upper: 128)),
      let bounded = try? runTime.limited(by: .clamped(lower: 1, upper: 29 * 86400))
    else { return nil }
    let total = published.reduce(0) { $0 + $1.tasks }
    let classes = published.enumerated().map { priority, counts in
      var part = TaskClass(
        name: "priority-\(priority)", share: counts.tasks / total,
        priorityClass: priority < 2 ? .bestEffort : priority < 9 ? .batch : .production,
        priority: Int16(priority), runTime: bounded, cpu: .empirical(cpu), memory: memory)
      part.jobSize = .empirical(sizes)
      part.sharesRequests = true
      counts.live(&part)
      return part
    }
    return WorkloadModel(
      arrivals: ArrivalModel(rate: 672_000 / (29.0 * 86400)), classes: classes)
  }()

  /// One task in three quarters of the jobs, else exponential; 37.8 on average, as in the table.
  private static let jobSizes: [Double] =
    Array(repeating: 1, count: 15_000)
    + (0..<5000).map { max(2, (-log(1 - (Double($0) + 0.5) / 5000) * 148.2).rounded()) }

  private static let cpuShares = [
    0.0125, 0.0625, 0.03125, 0.125, 0.25, 0.006248, 0.02499, 0.01875, 0.05, 0.09375,
  ]

  /// What is published of a priority's events.
  private struct Counts {
    let tasks, schedules, evict, fail, finish, kill, lost: Double

    /// Gives a class the number of attempts, the ends of all but the last, and those of the last that
    /// these counts imply: evictions and failures come first, kills for the rest.
    func live(_ part: inout TaskClass) {
      let earlier = max(0, schedules - tasks)
      let tried = min(earlier, evict + fail)
      let share = evict + fail > 0 ? tried / (evict + fail) : 0
      let killed = min(kill, earlier - tried)
      let ends = [evict * share, fail * share, killed]
      let sum = ends.reduce(0, +)
      if sum > 0 {
        part.earlierEnds = zip([Outcome.evicted, .failed, .killed], ends)
          .map { OutcomeShare($0, $1 / sum) }
        // Geometric, of mean schedules / tasks.
        let stop = tasks / schedules
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
    }
  }

  /// Counts of the whole table by priority, from another group's analysis of it.
  private static let published: [Counts] = [
    (6_472_128, 24_640_306, 5_290_793, 11_036_256, 3_626_617, 5_386_416, 4066),
    (2_453_482, 3_745_699, 461_654, 721_333, 1_699_238, 923_231, 1172),
    (1_111_810, 1_200_766, 47_440, 26_294, 990_365, 164_475, 45),
    (1027, 1203, 153, 1, 987, 62, 0),
    (14_197_733, 15_099_442, 43_566, 643_807, 11_238_276, 3_361_759, 3294),
    (104, 104, 0, 0, 104, 0, 0),
    (639_784, 689_599, 422, 53_526, 499_092, 135_559, 42),
    (400, 796, 0, 0, 0, 796, 0),
    (254_680, 274_962, 2997, 17_184, 114_106, 138_154, 32),
    (286_269, 1_656_760, 16_825, 1_309_946, 49_190, 227_918, 102),
    (1403, 32_128, 503, 21_422, 0, 9383, 1),
    (7538, 9408, 0, 0, 0, 1927, 0),
  ].map {
    Counts(
      tasks: $0.0, schedules: $0.1, evict: $0.2, fail: $0.3, finish: $0.4, kill: $0.5, lost: $0.6)
  }
}

extension SyntheticWorkload {
  /// How attempt `attempt` (from 0) of a task that was tried again ended, for layouts that show every
  /// attempt: drawn from its class's ``TaskClass/earlierEnds``, from a stream of its own.
  public func earlierEnd(of record: TaskRecord, attempt: Int) -> Outcome {
    guard
      let ends = model.classes.first(where: {
        $0.priority == record.priority && $0.priorityClass == record.priorityClass
      })?.earlierEnds, let last = ends.last
    else { return .evicted }
    let stream = RandomStream(seed: seed, name: "earlier ends").at(UInt64(record.id.job))
    var u = RandomStream.openUniform(
      stream.word(UInt64(record.id.index) << 16 | UInt64(attempt & 0xffff)))
    for end in ends {
      if u < end.share { return end.outcome }
      u -= end.share
    }
    return last.outcome
  }
}

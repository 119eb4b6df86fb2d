import Generation
import Testing
import Workload

/// The life cycles of `google-2011-tasks`.
@Suite struct LifeCycleTests {
  /// Published counts of the whole `task_events` table by priority: distinct tasks, SUBMIT, SCHEDULE,
  /// EVICT, FAIL, FINISH, KILL, LOST.
  static let published: [Int16: [Double]] = [
    0: [6_472_128, 25_358_652, 24_640_306, 5_290_793, 11_036_256, 3_626_617, 5_386_416, 4066],
    1: [2_453_482, 3_819_300, 3_745_699, 461_654, 721_333, 1_699_238, 923_231, 1172],
    2: [1_111_810, 1_231_479, 1_200_766, 47_440, 26_294, 990_365, 164_475, 45],
    4: [14_197_733, 15_299_112, 15_099_442, 43_566, 643_807, 11_238_276, 3_361_759, 3294],
    6: [639_784, 690_156, 689_599, 422, 53_526, 499_092, 135_559, 42],
  ]

  private static func source(_ tasks: Int) throws -> SyntheticWorkload {
    let model = try #require(WorkloadModel.preset("google-2011-tasks"))
    return try SyntheticWorkload(model, .tasks(tasks), seed: 5)
  }

  @Test func `attempts are those that the record totals`() throws {
    let source = try Self.source(4000)
    var (several, unstarted) = (0, 0)
    for record in records(source) {
      let attempts = source.attempts(of: record)
      let started = attempts.filter(\.start.isKnown)
      #expect(started.count == record.attempts)
      #expect(attempts.first?.submit == record.submit && attempts.last?.end == record.end)
      #expect(attempts.last?.outcome == record.outcome)
      #expect(started.first?.start ?? .never == record.firstSchedule)
      #expect(started.last?.start ?? .never == record.lastSchedule)
      #expect(started.last?.machine ?? -1 == record.machine)
      let ran = started.reduce(Microseconds.zero) { $0 + ($1.end - $1.start) }
      let waited = attempts.reduce(Microseconds.zero) {
        $0 + (($1.start.isKnown ? $1.start : $1.end) - $1.submit)
      }
      #expect(ran == record.runTime && waited == record.waitTime)
      var time = record.submit
      for attempt in attempts {
        let moments = [
          attempt.submit, attempt.start.isKnown ? attempt.start : attempt.submit, attempt.end,
        ]
        for moment in moments {
          #expect(moment >= time)
          time = moment
        }
      }
      several += attempts.count > 2 ? 1 : 0
      unstarted += started.isEmpty ? 1 : 0
    }
    #expect(several > 100 && unstarted > 10)
  }

  @Test func `events by priority are in the published proportions`() throws {
    // In units of the counts' own chance: attempts of a task are geometric, tasks independent.
    let source = try Self.source(150_000)
    var tasks: [Int16: Double] = [:]
    var counts: [Int16: [Double]] = [:]
    for record in records(source) where Self.published[record.priority] != nil {
      tasks[record.priority, default: 0] += 1
      for attempt in source.attempts(of: record) {
        var events = counts[record.priority] ?? Array(repeating: 0, count: 7)
        events[0] += 1
        events[1] += attempt.start.isKnown ? 1 : 0
        let ends: [Outcome] = [.evicted, .failed, .finished, .killed, .lost]
        if let end = ends.firstIndex(of: attempt.outcome) { events[2 + end] += 1 }
        counts[record.priority] = events
      }
    }
    for (priority, expected) in Self.published {
      let n = try #require(tasks[priority])
      let submissions = expected[1] / expected[0]
      let spread = 1 + submissions
      for event in 0..<7 {
        let found = try #require(counts[priority])[event]
        let mean = n * expected[1 + event] / expected[0]
        // A few tasks were open at the table's end, and lack an end there.
        let allowance = 5 * (mean * spread).squareRoot() + 0.015 * mean + 5
        #expect(
          abs(found - mean) < allowance, "priority \(priority), event \(event): \(found), \(mean)")
      }
    }
  }

  @Test func `details leave everything else alone`() throws {
    var model = try #require(WorkloadModel.preset("google-2011-tasks"))
    let with = records(try SyntheticWorkload(model, .tasks(3000), seed: 5))
    model.details = nil
    let without = records(try SyntheticWorkload(model, .tasks(3000), seed: 5))
    for (a, b) in zip(with, without) {
      var a = a
      #expect(a.user != .unknown && (0...3).contains(a.schedulingClass))
      (a.user, a.schedulingClass, a.machine) = (b.user, b.schedulingClass, b.machine)
      a.flags.remove(.differentMachines)
      #expect(a == b)
    }
    model.details = TraceDetails(users: 0, machines: 2_000_000, differentMachines: -1)
    #expect(
      model.issues().map(\.path) == [
        "details.users", "details.machines", "details.differentMachines",
      ])
  }

  @Test func `users have names of their own`() throws {
    let source = try Self.source(1)
    let names = source.userNames
    #expect(names.count == 934 && Set(names).count == 934 && names[0].isEmpty)
    #expect(names.dropFirst().allSatisfy { $0.utf8.count == 44 && $0.hasSuffix("=") })
  }
}

import Simulation
import Testing
import Workload

/// What backfilling guarantees, over random workloads, and beside schedulers written from the papers'
/// definitions on a pool of processors.
@Suite struct BackfillingTests {
  /// Jobs of some processors on single-core machines, with estimates `slack` times too long at most.
  private func jobs(_ count: Int, processors: Int, slack: Double, seed: UInt64) -> [TaskRecord] {
    var rng = RandomStream(seed: seed, name: "parallel jobs")
    var clock = 0.0
    return (0..<count).map { index in
      if rng.below(4) > 0 { clock += rng.exponential(mean: 12) }
      let size = rng.below(4) == 0 ? 1 + rng.below(processors) : 1 + rng.below(4)
      var record = task(
        Int64(index), at: clock, runs: 1 + rng.exponential(mean: 30), cores: Double(size))
      record.flags = .spansMachines
      record.estimate = record.runTime.scaled(by: 1 + (slack - 1) * rng.uniform())
      return record
    }
  }

  /// The time, and everything else, of a job on a pool of processors.
  private struct Job {
    let submit: Int64
    let run: Int64
    let estimate: Int64
    let size: Int
    var start: Int64?
    var end: Int64 { start.map { $0 + run } ?? .max }
    var promised: Int64 = .max
    /// Until when it is reckoned with, once it runs.
    var planned: Int64 = .max

    init(_ record: TaskRecord) {
      submit = record.submit.rawValue
      run = record.runTime.rawValue
      estimate = record.estimate.rawValue
      size = Int(record.request.cpu.value)
    }
  }

  private func starts(_ jobs: [Job]) -> [Int64] { jobs.map { $0.start ?? -1 } }

  /// On as many machines of one core, on one of as many cores, or on four.
  private func starts(
    _ records: [TaskRecord], processors: Int, _ kind: SimulationOptions.Backfilling,
    spread: Bool = true, quarters: Bool = false
  ) throws -> [Int64] {
    let layout =
      try quarters
      ? machines(4, cores: Double(processors / 4))
      : spread ? machines(processors, cores: 1) : machines([(Double(processors), 0)])
    let (report, results) = try run(records, on: layout, FirstFit()) {
      $0.backfilling = kind
      $0.spansMachines = spread
    }
    #expect(report.audit?.passed == true)
    return results.sorted { $0.id < $1.id }.map(\.start.rawValue)
  }

  /// The instants at which something may happen, worked off with `decide` at each.
  private func simulate(
    _ records: [TaskRecord], _ decide: (inout [Job], _ now: Int64, _ waiting: [Int]) -> Void
  ) -> [Job] {
    var jobs = records.map(Job.init)
    var now = Int64.min
    while true {
      let next = jobs.flatMap { [$0.submit, $0.end, $0.start == nil ? $0.promised : .max] }
        .filter { $0 > now && $0 < .max }.min()
      guard let next else { return jobs }
      now = next
      let waiting = jobs.indices.filter { jobs[$0].submit <= now && jobs[$0].start == nil }
      decide(&jobs, now, waiting)
    }
  }

  /// EASY as Mu'alem and Feitelson (2001) describe it: the first job gets a shadow time, at which
  /// enough running jobs should have ended, and the extra processors that it then leaves; another may
  /// start if it should end by then, or uses extra processors only.
  private func easy(_ records: [TaskRecord], processors: Int) -> [Job] {
    simulate(records) { jobs, now, waiting in
      func running() -> [Job] { jobs.filter { ($0.start ?? .max) <= now && $0.end > now } }
      var free = processors - running().map(\.size).reduce(0, +)
      var queue = waiting
      while let head = queue.first, jobs[head].size <= free {
        jobs[head].start = now
        free -= jobs[head].size
        queue.removeFirst()
      }
      guard let head = queue.first else { return }
      var (shadow, there) = (now, free)
      let ends = running().map { (max($0.start! + $0.estimate, now), $0.size) }
      for time in Set(ends.map(\.0)).sorted() where there < jobs[head].size {
        shadow = time
        there += ends.filter { $0.0 == time }.map(\.1).reduce(0, +)
      }
      var extra = there - jobs[head].size
      for job in queue.dropFirst() where jobs[job].size <= free {
        let isOver = now + jobs[job].estimate <= shadow
        guard isOver || jobs[job].size <= extra else { continue }
        if !isOver { extra -= jobs[job].size }
        jobs[job].start = now
        free -= jobs[job].size
      }
    }
  }

  /// Conservative backfilling with compression: every job is promised the earliest start that delays
  /// no promise; when a job ends early, each in turn may move forward.
  private func conservative(_ records: [TaskRecord], processors: Int) -> [Job] {
    simulate(records) { jobs, now, waiting in
      /// Processors that are free at `time`, by estimates and promises but those left out.
      func free(at time: Int64, without left: Set<Int>) -> Int {
        processors
          - jobs.indices.filter { index in
            let job = jobs[index]
            if let start = job.start {
              return job.end > now && start <= time && max(start + job.estimate, now + 1) > time
            }
            return job.promised < .max && !left.contains(index) && job.promised <= time
              && job.promised + job.estimate > time
          }.map { jobs[$0].size }.reduce(0, +)
      }
      func earliest(_ index: Int, without left: Set<Int>) -> Int64 {
        // Room comes when something ends.
        var times = [now]
        for other in jobs where other.start != nil && other.end > now {
          times.append(max(other.start! + other.estimate, now + 1))
        }
        for (place, other) in jobs.enumerated()
        where other.start == nil && other.promised < .max && !left.contains(place) {
          times.append(other.promised + other.estimate)
        }
        let later = times.sorted()
        return later.first { start in
          let inside = later.filter { $0 > start && $0 < start + jobs[index].estimate }
          let starts = jobs.indices.compactMap { place -> Int64? in
            let job = jobs[place]
            guard job.start == nil, !left.contains(place), job.promised < .max else { return nil }
            return job.promised > start && job.promised < start + jobs[index].estimate
              ? job.promised : nil
          }
          return ([start] + inside + starts).allSatisfy {
            free(at: $0, without: left) >= jobs[index].size
          }
        } ?? .max
      }
      for index in waiting {
        jobs[index].promised = min(jobs[index].promised, earliest(index, without: [index]))
      }
      for index in waiting where jobs[index].promised == now { jobs[index].start = now }
    }
  }

  @Test(arguments: 0..<30)
  func easyIsTheTextbooks(_ seed: Int) throws {
    let processors = [8, 16, 32][seed % 3]
    let records = jobs(
      150, processors: processors, slack: seed % 2 == 0 ? 1 : 4, seed: UInt64(seed))
    let expected = easy(records, processors: processors)
    for spread in [true, false] {
      #expect(
        try starts(records, processors: processors, .easy, spread: spread) == starts(expected))
    }
    let plain = try starts(records, processors: processors, .none)
    #expect(plain != starts(expected))
  }

  @Test(arguments: 0..<12)
  func conservativeIsTheTextbooks(_ seed: Int) throws {
    // Processors are one pool, however they lie in machines.
    let processors = [8, 16][seed % 2]
    let records = jobs(40, processors: processors, slack: seed % 3 == 0 ? 1 : 4, seed: UInt64(seed))
    let expected = conservative(records, processors: processors)
    for (spread, quarters) in [(false, false), (true, false), (true, true)] {
      #expect(
        try starts(
          records, processors: processors, .conservative, spread: spread, quarters: quarters)
          == starts(expected))
    }
  }

  /// The same where jobs may run beyond their estimates: such a job is reckoned with for as long again as
  /// it has run. Promises that are then in the way are taken
  /// back from the last in the queue on, and given anew in its order.
  private func correcting(_ records: [TaskRecord], processors: Int) -> [Job] {
    simulate(records) { jobs, now, waiting in
      /// From when to when a job holds its processors.
      func place(_ index: Int) -> Range<Int64>? {
        let job = jobs[index]
        if job.start != nil { return job.end > now ? now..<job.planned : nil }
        return job.promised < .max ? job.promised..<(job.promised + max(job.estimate, 1)) : nil
      }
      func free(at time: Int64, without left: Set<Int>) -> Int {
        processors
          - jobs.indices.filter { !left.contains($0) && place($0)?.contains(time) == true }
          .map { jobs[$0].size }.reduce(0, +)
      }
      func least(in span: Range<Int64>, without left: Set<Int>) -> Int {
        let begins = jobs.indices.compactMap { place($0)?.lowerBound }.filter(span.contains)
        return ([span.lowerBound] + begins).map { free(at: $0, without: left) }.min()!
      }
      func earliest(_ index: Int, without left: Set<Int>) -> Int64 {
        let ends = jobs.indices.compactMap { place($0)?.upperBound }.filter { $0 > now }
        return ([now] + ends).sorted().first {
          least(in: $0..<($0 + max(jobs[index].estimate, 1)), without: left.union([index]))
            >= jobs[index].size
        }!
      }
      func makeWay(_ tasks: [Int]) {
        for index in tasks.reversed() {
          if let place = place(index), least(in: place, without: []) < 0 {
            jobs[index].promised = .max
          }
        }
      }
      for index in jobs.indices where jobs[index].start != nil && jobs[index].end > now {
        if jobs[index].planned <= now {
          jobs[index].planned = now + max(now - jobs[index].start!, 1)
        }
      }
      makeWay(waiting)
      var before: [Int64] = []
      while before != jobs.map(\.promised) {
        before = jobs.map(\.promised)
        for (position, index) in waiting.enumerated() where jobs[index].start == nil {
          let behind = waiting[(position + 1)...].filter { jobs[$0].start == nil }
          let plain = earliest(index, without: [])
          if jobs[index].promised == .max {
            let alone = earliest(index, without: Set(behind))
            jobs[index].promised = alone
            if alone < plain { makeWay(behind) }
          } else {
            jobs[index].promised = min(jobs[index].promised, plain)
          }
          if jobs[index].promised == now {
            jobs[index].start = now
            jobs[index].planned = now + max(jobs[index].estimate, 1)
          }
        }
      }
    }
  }

  @Test(arguments: 0..<12)
  func overdueJobsAreReckonedWithForLonger(_ seed: Int) throws {
    let processors = [8, 16][seed % 2]
    var rng = RandomStream(seed: UInt64(seed), name: "wrong both ways")
    var records = jobs(40, processors: processors, slack: 1, seed: UInt64(seed))
    for place in records.indices {
      records[place].estimate = records[place].runTime.scaled(by: 0.2 + 1.6 * rng.uniform())
    }
    let expected = correcting(records, processors: processors)
    for (spread, quarters) in [(false, false), (true, false), (true, true)] {
      #expect(
        try starts(
          records, processors: processors, .conservative, spread: spread, quarters: quarters)
          == starts(expected))
    }
  }

  @Test func whoIsOverdueIsExpectedToRunForAsLongAgain() throws {
    // 4 cores. 0 (3 cores) should take 16 s and takes 40; 1 (4 cores, 10 s) waits for it. 0 is reckoned
    // with until 16, then until 32 and 64. At 16 there are 16 s for 2 (1 core, 15 s), but not for 3 (1
    // core, 17 s), which has its turn at 32, and keeps 1 until 49.
    func record(_ job: Int64, at: Double, runs: Double, estimate: Double, cores: Double)
      -> TaskRecord
    {
      var record = task(job, at: at, runs: runs, cores: cores)
      record.estimate = Microseconds(seconds: estimate)
      return record
    }
    let (report, results) = try run(
      [
        record(0, at: 0, runs: 40, estimate: 16, cores: 3),
        record(1, at: 1, runs: 10, estimate: 10, cores: 4),
        record(2, at: 2, runs: 15, estimate: 15, cores: 1),
        record(3, at: 3, runs: 17, estimate: 17, cores: 1),
      ], on: try machines([(4, 0)]), FirstFit()
    ) { $0.backfilling = .conservative }
    #expect(results.sorted { $0.id < $1.id }.map(\.start.seconds) == [0, 49, 16, 32])
    #expect(report.audit?.passed == true)
  }

  @Test func waitingForTheOverdueTakesFewLooks() throws {
    // Estimates of nothing for run times of weeks: a look at each microsecond would never end.
    var records = (0..<60).map { task(Int64($0), at: Double($0), runs: 1e6, cores: 2) }
    for place in records.indices { records[place].estimate = Microseconds(Int64(place % 3)) }
    let (report, results) = try run(records, on: try machines(4, cores: 2), FirstFit()) {
      $0.backfilling = .conservative
    }
    #expect(results.allSatisfy { $0.outcome == .finished })
    #expect(report.audit?.passed == true)
    #expect(report.lastFinish.seconds >= 15e6)
  }

  @Test(arguments: 0..<12)
  func conservativeDelaysNoParallelJobForLaterOnes(_ seed: Int) throws {
    // With exact estimates, all start as they would if nobody came after them.
    let records = jobs(80, processors: 12, slack: 1, seed: UInt64(seed))
    let all = try starts(records, processors: 12, .conservative)
    for count in stride(from: 4, to: 80, by: 9) {
      let first = try starts(Array(records.prefix(count)), processors: 12, .conservative)
      #expect(first == Array(all.prefix(count)))
    }
  }

  /// A random workload on several unlike machines with two resources, estimates up to `slack` times
  /// too long.
  private func mixed(_ count: Int, slack: Double, seed: UInt64) throws -> (
    records: [TaskRecord], layout: ClusterLayout
  ) {
    var rng = RandomStream(seed: seed, name: "mixed")
    let layout = try machines(
      (0..<(1 + rng.below(5))).map { _ in (Double(4 + rng.below(5)), Double(8 + rng.below(17))) })
    let records = randomRecords(count, seed: seed).filter {
      $0.runTime > .zero && $0.request.cpu <= Cores(4.0) && $0.request.memory <= Bytes(gibibytes: 8)
    }.map { record in
      var record = record
      record.estimate = record.runTime.scaled(by: 1 + (slack - 1) * rng.uniform())
      return record
    }
    return (records, layout)
  }

  @Test(arguments: 0..<60)
  func easyNeverDelaysTheHead(_ seed: Int) throws {
    let (records, layout) = try mixed(150, slack: seed % 2 == 0 ? 1 : 3, seed: UInt64(seed))
    let (report, results) = try run(records, on: layout, BestFit(), seed: UInt64(seed)) {
      $0.backfilling = .easy
    }
    #expect(report.audit?.passed == true)
    let byID = Dictionary(uniqueKeysWithValues: results.map { ($0.id, $0) })
    let all = records.map { (record: $0, result: byID[$0.id]!) }
    var heads = 0
    for (place, head) in all.enumerated() {
      // It heads the queue when all ahead of it have started.
      let since = all[..<place].map(\.result.start).reduce(head.record.submit, max)
      guard head.result.start > since else { continue }
      heads += 1
      // What runs then: whoever came later and started at that instant has overtaken it already.
      let running = all.enumerated().filter { other, task in
        task.result.start <= since && task.result.finish > since
          && (other < place || task.result.start < since)
      }.map(\.element)
      // Without any more overtaking it could start when, by the estimates, enough have ended.
      let promised = layout.machines.compactMap { machine -> Microseconds? in
        let here = running.filter { $0.result.machine == machine.number }
        var free = machine.capacity
        for task in here { free -= task.record.request }
        if head.record.request.fits(in: free) { return since }
        for task in here.sorted(by: { end($0) < end($1) }) {
          free += task.record.request
          if head.record.request.fits(in: free) { return max(end(task), since) }
        }
        return nil
      }.min()
      #expect(head.result.start <= promised!, "job \(head.record.id.job)")
    }
    #expect(heads > 0)
    #expect(report.backfilled > 0)
  }

  private func end(_ task: (record: TaskRecord, result: TaskResult)) -> Microseconds {
    task.result.start + task.record.estimate
  }

  @Test(arguments: 0..<60)
  func conservativeNeverDelaysAnybody(_ seed: Int) throws {
    // With exact estimates nothing is unforeseen: a task starts no later than it could beside those
    // that came before it alone, whoever comes later.
    let (records, layout) = try mixed(120, slack: 1, seed: UInt64(seed))
    let (report, results) = try run(records, on: layout, BestFit(), seed: UInt64(seed)) {
      $0.backfilling = .conservative
    }
    #expect(report.audit?.passed == true)
    #expect(report.backfilled > 0)
    let byID = Dictionary(uniqueKeysWithValues: results.map { ($0.id, $0) })
    let all = records.map { (record: $0, result: byID[$0.id]!) }
    for (place, late) in all.enumerated() {
      let before = all[..<place].filter { $0.result.finish > late.record.submit }
      let times = ([late.record.submit] + before.map(\.result.finish)).sorted()
      let earliest = times.first { start in
        layout.machines.contains { machine in
          let here = before.filter { $0.result.machine == machine.number }
          let inside = here.map(\.result.start).filter {
            $0 > start && $0 < start + late.record.runTime
          }
          return ([start] + inside).allSatisfy { time in
            var free = machine.capacity
            for task in here where task.result.start <= time && task.result.finish > time {
              free -= task.record.request
            }
            return late.record.request.fits(in: free)
          }
        }
      }
      #expect(late.result.start <= earliest!, "job \(late.record.id.job)")
    }
  }

  @Test func earlyEndsMoveNobodyBack() throws {
    // Machine 0 has 2 cores, machine 1 has 1. At 0: 0 (2 cores, to 100 by its estimate, really 10) on
    // machine 0; 1 (1 core, until 50) on 1. At 1: 2 (1 core, 40 s) is promised 50 on machine 1. At 2:
    // 3 (2 cores, 30 s) is promised 100 on machine 0. When 0 ends at 10, 2 moves forward to 10 on
    // machine 0 and keeps 3 from doing so, until it ends at 50: 3 starts then, and not after 100.
    func record(_ job: Int64, at: Double, runs: Double, estimate: Double, cores: Double)
      -> TaskRecord
    {
      var record = task(job, at: at, runs: runs, cores: cores)
      record.estimate = Microseconds(seconds: estimate)
      return record
    }
    let (report, results) = try run(
      [
        record(0, at: 0, runs: 10, estimate: 100, cores: 2),
        record(1, at: 0, runs: 50, estimate: 50, cores: 1),
        record(2, at: 1, runs: 40, estimate: 40, cores: 1),
        record(3, at: 2, runs: 30, estimate: 30, cores: 2),
      ], on: try machines([(2, 0), (1, 0)]), FirstFit()
    ) { $0.backfilling = .conservative }
    #expect(results.sorted { $0.id < $1.id }.map(\.start.seconds) == [0, 0, 10, 50])
    #expect(report.audit?.passed == true)
  }
}

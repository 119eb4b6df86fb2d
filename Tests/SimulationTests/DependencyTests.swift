import Simulation
import Testing
import Workload

/// Tasks and whole jobs that wait for others.
@Suite struct DependencyTests {
  private func id(_ job: Int64, _ index: Int32 = 0) -> TaskID { TaskID(job: job, index: index) }

  private func record(_ id: TaskID, at: Double = 0, runs: Double = 1, cores: Double = 1)
    -> TaskRecord
  {
    var record = task(id.job, at: at, runs: runs, cores: cores)
    record.id = id
    return record
  }

  private func run(
    _ records: [TaskRecord], _ table: DependencyTable, cores: Double = 100
  ) throws -> (SimulationReport, [TaskID: TaskResult]) {
    var options = SimulationOptions()
    options.audit = true
    var simulator = Simulator(
      cluster: try machines([(cores, 0)]), policy: FirstFit(), options: options, seed: 1)
    simulator.dependencies = table
    var sink = CollectedResults()
    let report = try simulator.run(TaskTable(records).source(), results: &sink)
    #expect(report.audit?.passed == true)
    return (report, Dictionary(uniqueKeysWithValues: sink.results.map { ($0.id, $0) }))
  }

  @Test func wholeJobsWaitForWholeJobs() throws {
    // Job 1's tasks end at 10, 30 and (submitted at 5) 25; all of job 2 may start at 30 + 2. Of job 3,
    // which waits for job 2, task 1 waits for task 0 as well.
    var table = DependencyTable()
    table.add(TaskID(wholeJob: 2), after: TaskID(wholeJob: 1), think: Microseconds(seconds: 2))
    table.add(TaskID(wholeJob: 3), after: TaskID(wholeJob: 2))
    table.add(id(3, 1), after: id(3, 0))
    let (report, results) = try run(
      [
        record(id(1, 0), runs: 10), record(id(1, 1), runs: 30), record(id(2, 0), runs: 5),
        record(id(2, 1), runs: 8), record(id(3, 0), runs: 4), record(id(3, 1), runs: 1),
        record(id(1, 2), at: 5, runs: 20),
      ], table)
    #expect(results[id(2, 0)]?.start.seconds == 32)
    #expect(results[id(2, 1)]?.start.seconds == 32)
    #expect(results[id(3, 0)]?.start.seconds == 40)
    #expect(results[id(3, 1)]?.start.seconds == 44)
    #expect(report.droppedDependencies == 0)
  }

  @Test func aJobThatGoesOnHoldsThoseWhoComeLater() throws {
    // Job 1 is over at 10 and job 2's first task starts; at 20 job 1 has another task, and what comes
    // of job 2 after that waits for it.
    var table = DependencyTable()
    table.add(TaskID(wholeJob: 2), after: TaskID(wholeJob: 1))
    let (_, results) = try run(
      [
        record(id(1, 0), runs: 10), record(id(2, 0), runs: 1),
        record(id(1, 1), at: 20, runs: 10), record(id(2, 1), at: 25, runs: 1),
      ], table)
    #expect(results[id(2, 0)]?.start.seconds == 10)
    #expect(results[id(2, 1)]?.start.seconds == 30)
  }

  @Test func aJobThatFailsCancelsThoseThatWaitForIt() throws {
    var table = DependencyTable()
    table.add(TaskID(wholeJob: 2), after: TaskID(wholeJob: 1))
    let (_, results) = try run(
      [record(id(1, 0)), record(id(1, 1), cores: 1000), record(id(2, 0))], table)
    #expect(results[id(2, 0)]?.outcome == .cancelled)
  }

  @Test func whatIsNotInTheWorkloadHoldsNobodyForEver() throws {
    // 2 waits for 1, which ends at 10, and for 9 and job 8, which never come: it starts when it is
    // known, after the last submission at 50, that they do not. 3 follows it.
    var table = DependencyTable()
    table.add(id(2), after: id(1))
    table.add(id(2), after: id(9))
    table.add(id(2), after: TaskID(wholeJob: 8), think: Microseconds(seconds: 1000))
    table.add(id(3), after: id(2))
    let records = [
      record(id(1), runs: 10), record(id(2)), record(id(3)), record(id(4), at: 50),
    ]
    let (report, results) = try run(records, table)
    #expect(report.droppedDependencies == 2)
    #expect(results[id(2)]?.start.seconds == 50)
    #expect(results[id(3)]?.start.seconds == 51)
    // Who knows the workload beforehand need not wait for that.
    let (known, dropped) = table.restricted { $0.index == TaskID.wholeJob ? false : $0.job < 5 }
    #expect(dropped == 2)
    let (second, better) = try run(records, known)
    #expect(second.droppedDependencies == 0)
    #expect(better[id(2)]?.start.seconds == 10)
    #expect(better[id(3)]?.start.seconds == 11)
  }

  @Test func cyclesThroughWholeJobsAreFound() throws {
    func isCyclic(_ pairs: [(TaskID, TaskID)]) -> Bool {
      var table = DependencyTable()
      for (task, predecessor) in pairs { table.add(task, after: predecessor) }
      return table.firstCycle() != nil
    }
    let (one, two) = (TaskID(wholeJob: 1), TaskID(wholeJob: 2))
    #expect(isCyclic([(one, two), (two, one)]))
    #expect(isCyclic([(one, one)]))
    #expect(isCyclic([(id(1), one)]))
    #expect(isCyclic([(id(1), id(2)), (two, one)]))
    #expect(isCyclic([(id(1), id(2, 5)), (id(2, 5), id(2, 6)), (two, id(1))]))
    #expect(!isCyclic([(one, two), (id(1), id(2)), (id(1, 1), id(1))]))
    #expect(!isCyclic([(id(1), id(2)), (id(2, 1), id(1))]))
  }

  @Test(arguments: 0..<20)
  func nobodyStartsBeforeWhatItWaitsFor(_ seed: Int) throws {
    // Random graphs over jobs and tasks, of edges from earlier to later ones only.
    var rng = RandomStream(seed: UInt64(seed), name: "graph")
    var table = DependencyTable()
    var edges: [(TaskID, TaskID, Double)] = []
    let records = randomRecords(200, seed: UInt64(seed)).enumerated().map { place, record in
      var record = record
      record.id = id(Int64(place / 4), Int32(place % 4))
      record.request.memory = .zero
      return record
    }
    for _ in 0..<120 {
      let (a, b) = (rng.below(50), rng.below(50))
      guard a != b else { continue }
      let (early, late) = (Int64(min(a, b)), Int64(max(a, b)))
      let predecessor = rng.below(2) == 0 ? TaskID(wholeJob: early) : id(early, Int32(rng.below(4)))
      let task = rng.below(2) == 0 ? TaskID(wholeJob: late) : id(late, Int32(rng.below(4)))
      let think = Double(rng.below(3) * 10)
      table.add(task, after: predecessor, think: Microseconds(seconds: think))
      edges.append((task, predecessor, think))
    }
    #expect(table.firstCycle() == nil)
    let (report, results) = try run(records, table, cores: 20)
    #expect(results.count == records.count)
    #expect(report.total[.finished] == records.count)
    for (task, predecessor, think) in edges {
      for waiting in results.values
      where waiting.id == task || task.index < 0 && waiting.id.job == task.job {
        for done in results.values
        where done.id == predecessor || predecessor.index < 0 && done.id.job == predecessor.job {
          // A job is over once all of it that has been submitted has ended.
          guard done.submit <= waiting.start || predecessor.index >= 0 else { continue }
          let isKnown = done.id == predecessor || done.submit <= waiting.submit
          if isKnown { #expect(waiting.start >= done.finish + Microseconds(seconds: think)) }
        }
      }
    }
  }
}

import Simulation
import Testing
import Workload

@Suite struct EngineTests {
  @Test func firstComeFirstServedByHand() throws {
    // One machine of 4 cores. 0 runs 0-10 on 3; 1 needs 2 and waits until 10; 2 needs 1 and would
    // fit at once, but waits behind 1.
    let (report, results) = try run(
      [
        task(0, at: 0, runs: 10, cores: 3), task(1, at: 1, runs: 5, cores: 2),
        task(2, at: 2, runs: 1, cores: 1),
      ], on: try machines([(4, 0)]), FirstFit())
    let byJob = results.sorted { $0.id < $1.id }
    #expect(byJob.map(\.start.seconds) == [0, 10, 10])
    #expect(byJob.map(\.finish.seconds) == [10, 15, 11])
    #expect(byJob.map(\.wait.seconds) == [0, 9, 8])
    #expect(report.makespan.seconds == 15)
    #expect(report.total.wait.mean == (9e6 + 8e6) / 3)
    #expect(report.total.wait.quantile(0.5) == 8e6)
    // Waiting: one over 1-2, two over 2-10. Used: 3 over 0-10, 3 over 10-11, 2 over 11-15.
    #expect(abs(report.usage.meanWaiting - 17.0 / 15) < 1e-12)
    #expect(report.usage.mostWaiting == 2)
    #expect(abs(report.usage.cpu - 41.0 / 60) < 1e-12)
    #expect(report.audit?.passed == true)
  }

  @Test func aFasterMachineTakesLess() throws {
    let layout = try machines([(1, 0)], speed: 2)
    let (_, results) = try run([task(0, at: 0, runs: 10)], on: layout, FirstFit())
    #expect(results[0].finish.seconds == 5)
  }

  @Test func dispatchWaitsAtTheMachine() throws {
    // Both go to machine 0, though machine 1 is free.
    let (report, results) = try run(
      [task(0, at: 0, runs: 10), task(1, at: 1, runs: 10), task(2, at: 2, runs: 1)],
      on: try machines([(1, 0), (1, 0)]), Scripted(first: [0, 0, 0], then: FirstFit())
    ) { $0.mode = .dispatch }
    #expect(results.map(\.start.seconds) == [0, 10, 20])
    #expect(results.allSatisfy { $0.machine == 0 })
    #expect(report.audit?.passed == true)
  }

  @Test func whatFitsNowhereIsSaidAtOnceAndBlocksNobody() throws {
    let layout = try machines([(4, 8), (8, 4)])
    let (report, results) = try run(
      [
        task(0, at: 0, runs: 1, cores: 9), task(1, at: 0, runs: 1, memory: 9),
        task(2, at: 0, runs: 1, cores: 8, memory: 8), task(3, at: 0, runs: 1, cores: 8, memory: 4),
        task(4, at: 0, runs: -1), task(5, at: 0, runs: 1, cores: -1),
      ], on: layout, FirstFit())
    #expect(report.total[.unplaceable] == 5)
    #expect(report.total[.finished] == 1)
    #expect(results.map(\.id.job) == [0, 1, 2, 4, 5, 3])
    let reasons = report.unplaceable.filter { $0.count > 0 }
    #expect(reasons.map(\.reason) == [.cpu, .memory, .combination, .invalid])
    #expect(reasons.map(\.count) == [1, 1, 1, 2])
    #expect(reasons.map(\.example.job) == [0, 1, 2, 4])
  }

  @Test func anEmptyWorkloadIsAnEmptyReport() throws {
    let (report, results) = try run([], on: try machines([(1, 0)]), FirstFit())
    #expect(results.isEmpty)
    #expect(report.total.submitted == 0)
    #expect(report.makespan == .zero)
    #expect(report.total.wait.mean.isNaN)
    #expect(report.audit?.passed == true)
  }

  @Test func onAnEmptyClusterEveryTaskIsUnplaceable() throws {
    for entry in PolicyCatalog.entries {
      let (report, _) = try run(
        [task(0, at: 0, runs: 1, cores: 0), task(1, at: 5, runs: 1)], on: try machines([]),
        entry.make())
      #expect(report.total[.unplaceable] == 2)
      #expect(report.unplaceable[0].reason == .noMachine)
      #expect(report.unplaceable[0].count == 2)
    }
  }

  @Test func losingEveryMachineEndsTheWait() throws {
    let capacity = Resources(cpu: Cores(1.0))
    let layout = try ClusterLayout([
      MachineEvent(time: .zero, machine: 7, kind: .add, capacity: capacity),
      MachineEvent(
        time: Microseconds(seconds: 5), machine: 7, kind: .remove, capacity: .zero),
    ])
    for mode in [SimulationOptions.Mode.central, .dispatch] {
      let (report, results) = try run(
        [task(0, at: 0, runs: 10), task(1, at: 1, runs: 10), task(2, at: 9, runs: 1)], on: layout,
        FirstFit()
      ) { $0.mode = mode }
      #expect(report.total[.unplaceable] == 3)
      #expect(report.evictions == 1)
      #expect(results.map(\.id.job) == [0, 1, 2])
      #expect(results[0].attempts == 1)
      #expect(results[0].wasted.seconds == 5)
      #expect(results[0].start.seconds == 0)
      #expect(report.unplaceable[0].count == 3)
      #expect(report.audit?.passed == true)
    }
  }

  @Test func aMachineThatComesBackTakesUpWhatItLost() throws {
    let capacity = Resources(cpu: Cores(1.0))
    let layout = try ClusterLayout([
      MachineEvent(time: .zero, machine: 7, kind: .add, capacity: capacity),
      MachineEvent(time: Microseconds(seconds: 5), machine: 7, kind: .remove, capacity: .zero),
      MachineEvent(time: Microseconds(seconds: 8), machine: 7, kind: .add, capacity: .zero),
    ])
    let (report, results) = try run(
      [task(0, at: 0, runs: 10), task(1, at: 1, runs: 2)], on: layout, FirstFit())
    let evicted = try #require(results.first { $0.id.job == 0 })
    #expect(evicted.attempts == 2)
    #expect(evicted.firstStart.seconds == 0)
    #expect(evicted.start.seconds == 8)
    #expect(evicted.finish.seconds == 18)
    #expect(evicted.wait.seconds == 3)
    #expect(evicted.machine == 7)
    // Task 0 keeps its place ahead of 1.
    #expect(results.map(\.id.job) == [0, 1])
    #expect(report.total.restarts == 1)

    let once = try run([task(0, at: 0, runs: 10)], on: layout, FirstFit()) { $0.retries = 0 }
    #expect(once.report.total[.abandoned] == 1)
  }

  @Test func aLaterMachineIsWaitedFor() throws {
    let layout = try ClusterLayout([
      MachineEvent(
        time: .zero, machine: 1, kind: .add, capacity: Resources(cpu: Cores(1.0))),
      MachineEvent(
        time: Microseconds(seconds: 30), machine: 2, kind: .add,
        capacity: Resources(cpu: Cores(4.0))),
    ])
    let (report, results) = try run(
      [task(0, at: 0, runs: 1, cores: 4), task(1, at: 0, runs: 1, cores: 5)], on: layout,
      BestFit())
    #expect(results.last?.start.seconds == 30)
    #expect(results.last?.machine == 2)
    #expect(report.total[.unplaceable] == 1)
  }

  @Test func updatesChangeCapacity() throws {
    let layout = try ClusterLayout([
      MachineEvent(time: .zero, machine: 1, kind: .add, capacity: Resources(cpu: Cores(4.0))),
      MachineEvent(
        time: Microseconds(seconds: 1), machine: 1, kind: .update,
        capacity: Resources(cpu: Cores(2.0))),
    ])
    // The running task keeps its 4 cores; then two tasks of 2 go one after the other, and one of 3
    // that waited is told that it can no longer be placed.
    let (report, results) = try run(
      [
        task(0, at: 0, runs: 10, cores: 4), task(1, at: 0.5, runs: 1, cores: 3),
        task(2, at: 0.5, runs: 5, cores: 2), task(3, at: 0.5, runs: 5, cores: 2),
      ], on: layout, FirstFit())
    #expect(results.map(\.id.job) == [1, 0, 2, 3])
    #expect(results.map(\.outcome) == [.unplaceable, .finished, .finished, .finished])
    #expect(results.map(\.finish.seconds).suffix(3) == [10, 15, 20])
    #expect(report.audit?.passed == true)
  }

  @Test func anEarlyEndLeavesTasksUnfinished() throws {
    let (report, results) = try run(
      [task(0, at: 0, runs: 10), task(1, at: 1, runs: 10), task(2, at: 30, runs: 1)],
      on: try machines([(1, 0)]), FirstFit()
    ) { $0.until = Microseconds(seconds: 15) }
    #expect(report.total.submitted == 2)
    #expect(report.total[.finished] == 1)
    #expect(report.total[.unfinished] == 1)
    #expect(results[1].start.seconds == 10)
    #expect(report.usage.span.seconds == 15)
    #expect(report.audit?.passed == true)
  }

  @Test func refusalAtOnce() throws {
    let (report, _) = try run(
      [task(0, at: 0, runs: 10), task(1, at: 1, runs: 1), task(2, at: 10, runs: 1)],
      on: try machines([(1, 0)]), FirstFit()
    ) { $0.refusesAtOnce = true }
    #expect(report.total[.refused] == 1)
    #expect(report.total[.finished] == 2)
  }

  @Test func aRunTimeThatNeverEnds() throws {
    var endless = task(0, at: 1, runs: 1)
    endless.runTime = .never
    let (report, _) = try run([endless], on: try machines([(1, 0)]), FirstFit())
    #expect(report.total[.unfinished] == 1)
    #expect(report.total.started == 1)
  }

  @Test func timesAtTheEndOfTheWorld() throws {
    let far = Int64.max / 2
    var records = [task(0, at: 0, runs: 1), task(1, at: 0, runs: 1), task(2, at: 0, runs: 1)]
    records[1].submit = Microseconds(far)
    records[1].runTime = Microseconds(far)
    records[2].submit = Microseconds(Int64.max - 1)
    let (report, results) = try run(records, on: try machines([(1, 0)]), FirstFit()) {
      $0.heartbeat = Microseconds(Int64.max / 3)
      $0.backfilling = .conservative
      $0.estimates = .exact
    }
    #expect(results.count == 3)
    #expect(report.series.bins.count <= UsageSeries.binLimit)
    #expect(report.audit?.passed == true)
  }

  @Test func aDisorderlySourceIsAnError() throws {
    struct Backwards: WorkloadSource {
      var left = 2
      mutating func next() -> TaskRecord? {
        left -= 1
        return left >= 0 ? task(Int64(left), at: Double(left), runs: 1) : nil
      }
    }
    let simulator = Simulator(cluster: try machines([(1, 0)]), policy: FirstFit(), seed: 1)
    #expect {
      try simulator.run(Backwards())
    } throws: { error in
      "\(error)".contains("task 0/0 is submitted at 0 µs, after one at 1000000 µs")
    }
  }

  @Test func aPolicyThatOverfillsIsStopped() throws {
    #expect {
      try run(
        [task(0, at: 0, runs: 1), task(1, at: 0, runs: 1)], on: try machines([(1, 0)]),
        Scripted(first: [0, 0], then: FirstFit()))
    } throws: { error in
      "\(error)" == "policy scripted put task 1/0 on machine 0 at 0 µs, where it does not fit"
    }
  }

  @Test func aFullDiskStopsTheRun() throws {
    struct Full: Error {}
    struct Sink: ResultSink {
      func record(_ result: TaskResult) throws { throw Full() }
    }
    var sink = Sink()
    let simulator = Simulator(cluster: try machines([(1, 0)]), policy: FirstFit(), seed: 1)
    #expect {
      try simulator.run(TaskTable([task(0, at: 0, runs: 1)]).source(), results: &sink)
    } throws: { error in
      if case SimulationError.results(let cause) = error { cause is Full } else { false }
    }
  }
}

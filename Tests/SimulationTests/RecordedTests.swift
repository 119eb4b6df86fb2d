import Simulation
import Testing
import Workload

/// Tasks that start when and where their trace says.
@Suite struct RecordedTests {
  /// The records of a run: when and where each task started in it.
  private func recorded(_ records: [TaskRecord], _ results: [TaskResult]) -> [TaskRecord] {
    let starts = Dictionary(uniqueKeysWithValues: results.map { ($0.id, $0) })
    return records.compactMap { record in
      guard let result = starts[record.id], result.outcome == .finished else { return nil }
      var record = record
      (record.firstSchedule, record.lastSchedule) = (result.start, result.start)
      (record.waitTime, record.end) = (result.wait, result.finish)
      (record.attempts, record.machine, record.outcome) = (1, result.machine, .finished)
      return record
    }
  }

  private func starts(_ results: [TaskResult]) -> [TaskID: [Int64]] {
    Dictionary(
      uniqueKeysWithValues: results.filter { $0.outcome == .finished }.map {
        ($0.id, [$0.start.rawValue, $0.finish.rawValue, $0.wait.rawValue, $0.machine])
      })
  }

  /// Whatever a scheduler did can be done again, whole seconds with their ties too.
  @Test(arguments: 0..<12)
  func whatWasDoneIsDoneAgain(_ seed: Int) throws {
    var records = randomRecords(300, seed: UInt64(seed))
    if seed % 2 == 0 {
      for index in records.indices {
        records[index].submit = Microseconds(seconds: records[index].submit.seconds.rounded())
        records[index].runTime = Microseconds(seconds: records[index].runTime.seconds.rounded())
      }
    }
    let layout = try machines([(4, 16), (8, 8), (2, 32), (8, 16)])
    let done = try run(records, on: layout, [FirstFit(), WorstFit(), BestFit()][seed % 3]) {
      $0.order = [.fifo, .priority, .sjf][seed % 3]
      $0.backfilling = [.none, .greedy, .easy, .conservative][seed % 4]
      $0.estimates = .exact
    }
    let log = recorded(records, done.results)
    #expect(log.count > 200)
    let again = try run(log, on: layout, Recorded()) {
      // None of it means anything here.
      $0.order = .sjf
      $0.backfilling = .easy
      $0.heartbeat = Microseconds(seconds: 5)
    }
    #expect(again.report.audit?.passed == true)
    #expect(again.report.remarks.recorded == .init())
    #expect(again.report.decisions == 0)
    #expect(starts(again.results) == starts(done.results))
    #expect(
      again.report.notes(SimulationOptions()).isEmpty,
      "\(again.report.notes(SimulationOptions()))")
    var options = SimulationOptions()
    options.backfilling = .easy
    #expect(again.report.notes(options).count == 1)
  }

  private func started(
    _ job: Int64, at: Double, start: Double, runs: Double, on machine: Int64 = -1
  ) -> TaskRecord {
    var record = task(job, at: at, runs: runs)
    record.firstSchedule = Microseconds(seconds: start)
    record.waitTime = Microseconds(seconds: start - at)
    (record.attempts, record.machine, record.outcome) = (1, machine, .finished)
    return record
  }

  @Test func whatDoesNotFitIsCountedAndNotMoved() throws {
    // Machine 0 of one core: 1 runs from 5 to 15, 2 from 10 on does not fit, 3 from 15 on does. Machine 7
    // is not there. 5 and 6 have no machine: one fits beside 3, on machine 1. 7 has no start.
    let records = [
      started(1, at: 0, start: 5, runs: 10, on: 0), started(2, at: 1, start: 10, runs: 1, on: 0),
      started(3, at: 2, start: 15, runs: 10, on: 0), started(4, at: 3, start: 4, runs: 1, on: 7),
      started(5, at: 4, start: 20, runs: 10), started(6, at: 5, start: 22, runs: 1),
      task(7, at: 6, runs: 1),
    ]
    let (report, results) = try run(records, on: try machines(2, cores: 1), Recorded())
    #expect(report.audit?.passed == true)
    let fates = Dictionary(uniqueKeysWithValues: results.map { ($0.id.job, $0) })
    for job in [Int64(1), 3, 5] {
      let record = records[Int(job) - 1]
      #expect(fates[job]?.outcome == .finished)
      #expect(fates[job]?.start == record.firstSchedule)
      #expect(fates[job]?.wait == record.waitTime)
    }
    for job in [Int64(2), 4, 6, 7] { #expect(fates[job]?.outcome == .refused) }
    #expect(fates[5]?.machine == 1)
    let counts = try #require(report.remarks.recorded)
    #expect(counts.misfits == 2)
    #expect(counts.onAbsentMachines == 1)
    #expect(counts.withoutStart == 1)
    #expect(counts.first?.task == TaskID(job: 2))
    #expect(counts.first?.time == Microseconds(seconds: 10))
    #expect(report.remarks.failure(SimulationOptions()) == nil)
    let sentences = report.notes(SimulationOptions()).texts
    #expect(sentences.count == 3)
    #expect(sentences.allSatisfy { $0.contains("of 7 tasks") })
  }

  @Test func withoutAnyRecordedStartThereIsNothingToReplay() throws {
    let (report, _) = try run(
      [task(1, at: 0, runs: 1), task(2, at: 0, runs: 1)], on: try machines(1, cores: 4), Recorded())
    #expect(report.total[.refused] == 2)
    let failure = try #require(report.remarks.failure(SimulationOptions()))
    #expect(failure.hasPrefix("0 of 2 tasks have a recorded start"))
  }

  @Test func severalStartsAreOneAfterTheSumOfTheWaits() throws {
    // Started at 2, evicted at 5, started again at 9, ended at 16: waits of 2 and 4 s, 10 s of run time.
    var record = started(1, at: 0, start: 2, runs: 10, on: 0)
    record.waitTime = Microseconds(seconds: 6)
    record.attempts = 2
    // Its trace has one time for submission and start.
    var untold = started(2, at: 3, start: 3, runs: 1, on: 1)
    untold.flags.insert(.waitTimeUnknown)
    let (report, results) = try run([record, untold], on: try machines(2, cores: 1), Recorded())
    #expect(results.map(\.start.seconds) == [3, 6])
    #expect(results.map(\.finish.seconds) == [4, 16])
    #expect(report.remarks.recorded?.joined == 1)
    #expect(report.remarks.recorded?.withoutWait == 1)
  }

  @Test func whatTakesNoTimeLeavesTheRoomToOthers() throws {
    // One core: 1 until 10, then 3 for no time, then 2.
    let records = [
      started(1, at: 0, start: 0, runs: 10, on: 0), started(2, at: 1, start: 10, runs: 5, on: 0),
      started(3, at: 2, start: 10, runs: 0, on: 0), started(4, at: 3, start: 10, runs: 0, on: 0),
    ]
    let (report, results) = try run(records, on: try machines(1, cores: 1), Recorded())
    #expect(report.total[.finished] == 4)
    #expect(Set(results.map(\.start.seconds)) == [0, 10])
    #expect(report.audit?.passed == true)
  }

  @Test func aMachineThatGoesTakesItsTasksWithIt() throws {
    let capacity = Resources(cpu: Cores(1.0))
    let layout = try ClusterLayout([
      MachineEvent(time: .zero, machine: 4, kind: .add, capacity: capacity),
      MachineEvent(time: .zero, machine: 5, kind: .add, capacity: capacity),
      MachineEvent(time: Microseconds(seconds: 6), machine: 4, kind: .remove, capacity: .zero),
    ])
    let (report, results) = try run(
      [
        started(1, at: 0, start: 2, runs: 10, on: 4), started(2, at: 0, start: 8, runs: 1, on: 4),
        started(3, at: 0, start: 8, runs: 1, on: 5),
      ], on: layout, Recorded())
    let fates = Dictionary(uniqueKeysWithValues: results.map { ($0.id.job, $0.outcome) })
    #expect(fates == [1: .abandoned, 2: .refused, 3: .finished])
    #expect(report.audit?.passed == true)
  }

  @Test func aRigidJobStartsOverAllItsProcessors() throws {
    var wide = started(1, at: 0, start: 3, runs: 10)
    wide.request = Resources(cpu: Cores(3.0))
    wide.flags.insert(.spansMachines)
    var other = wide
    (other.id, other.firstSchedule) = (TaskID(job: 2), Microseconds(seconds: 12))
    let (report, results) = try run([wide, other], on: try machines(4, cores: 1), Recorded())
    // At 12 one core is free.
    #expect(results.map(\.outcome) == [.refused, .finished])
    #expect(results[1].start.seconds == 3)
    #expect(report.remarks.recorded?.misfits == 1)
    #expect(report.audit?.passed == true)
  }
}

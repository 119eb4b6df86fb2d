import Simulation
import Testing
import Workload

/// A wait for a machine to wake is a wait: in every task's wait, in the tasks that wait at a time, and over time.
@Suite struct WakingTests {
  private func sleepers(_ count: Int, cores: Double) throws -> ClusterLayout {
    try ClusterLayout(
      machines: (0..<count).map { index in
        MachineDescription(
          number: Int64(index),
          capacity: Resources(cpu: Cores(cores), memory: Bytes(gibibytes: 32)),
          power: PowerModel(
            idle: Watts(100), dynamic: Watts(100), sleep: Watts(5),
            sleepAfter: Microseconds(seconds: 4),
            wakeDelay: Microseconds(seconds: 3 + Double(index))))
      })
  }

  @Test func theOneWhoWaitsIsCounted() throws {
    // The machine sleeps from 6 s on; the second task waits for it from 60 to 63 s, and runs to 65 s.
    let (report, results) = try run(
      [task(1, at: 0, runs: 2), task(2, at: 60, runs: 2)], on: try sleepers(1, cores: 4), FirstFit()
    )
    #expect(results.map(\.wait.seconds) == [0, 3])
    #expect(report.usage.mostWaiting == 1)
    #expect(abs(report.usage.meanWaiting - 3.0 / 65) < 1e-12)
    // The second begins at 60 s, the third comes at 61 s: both wait for the same machine until 63 s.
    let (two, _) = try run(
      [task(1, at: 0, runs: 2), task(2, at: 60, runs: 2), task(3, at: 61, runs: 2)],
      on: try sleepers(1, cores: 4), FirstFit())
    #expect(two.usage.mostWaiting == 2)
    #expect(abs(two.usage.meanWaiting - 5.0 / 65) < 1e-12)
  }

  /// Little's law: tasks waiting, over time, are the waits, over tasks; in the mean and in the series; with
  /// evictions, runs that stop, queues at machines, gangs and steps of the clock.
  @Test(arguments: 0..<24)
  func waitsOverTimeAreWaitsOverTasks(_ number: Int) throws {
    let seed = UInt64(number)
    var records = randomRecords(150, seed: seed)
    for index in records.indices {
      // Gaps in which machines fall asleep.
      records[index].submit = Microseconds(
        seconds: Double(index) * 2 + Double(index / 5) * Double(number % 4) * 10)
      if number % 6 == 5 { records[index].instances = Int32(1 + index % 3) }
      records[index].priorityClass = index % 4 == 0 ? .production : .batch
    }
    let policies: [any PlacementPolicy] = [FirstFit(), RandomPlacement(), MinMin(), BestFit()]
    let (report, results) = try run(
      records, on: try sleepers(5, cores: 8), policies[number % 4], seed: seed
    ) {
      $0.mode = number % 3 == 2 ? .dispatch : .central
      $0.gangs = number % 6 == 5
      $0.retries = number % 5 == 0 ? 1 : .max
      if number % 2 == 0 {
        $0.failures = .init(
          shape: 0.7, scale: Microseconds(seconds: 200), meanRepair: Microseconds(seconds: 9))
      }
      if number % 4 == 1 { $0.preemption = .production }
      if number % 7 == 3 { $0.until = Microseconds(seconds: 211) }
      if number % 8 == 6 { $0.step = Microseconds(seconds: 2) }
    }
    let audit = try #require(report.audit)
    #expect(audit.passed, "\(audit)")
    #expect(results.contains { $0.waking > .zero })
    let waits = results.reduce(0.0) { $0 + $1.wait.seconds }
    let overTime = report.usage.meanWaiting * report.usage.span.seconds
    #expect(abs(waits - overTime) <= 1e-9 * max(waits, 1), "\(waits) \(overTime)")
    if number % 8 != 6 {
      // On a stepped clock the wait before a step is in no bin.
      let bins = report.series.bins.reduce(0.0) { $0 + $1.waiting * $1.length.seconds }
      #expect(abs(waits - bins) <= 1e-6 * max(waits, 1), "\(waits) \(bins)")
    }
    for result in results where result.outcome == .finished && number % 8 != 6 {
      // What is not wait, run, or thrown away, is nothing.
      let run = result.finish - result.start - result.waking
      #expect(result.submit + result.wait + result.wasted + run == result.finish)
    }
  }
}

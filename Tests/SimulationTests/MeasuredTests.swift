import Simulation
import Testing
import Workload

/// Which tasks a figure is of, and the greatest that there was of what goes up and down.
@Suite struct MeasuredTests {
  /// Two tasks of the warm-up run long; those after it are quick. Nothing of the former is in any figure.
  @Test func theWarmUpIsInNoFigure() throws {
    let records = [
      task(0, at: 0, runs: 1000), task(1, at: 10, runs: 7, cores: 9), task(2, at: 100, runs: 20),
      task(3, at: 110, runs: 20), task(4, at: 120, runs: 5, cores: 9),
    ]
    let (report, results) = try run(records, on: try machines([(2, 0)]), FirstFit()) {
      $0.warmUp = Microseconds(seconds: 60)
    }
    let measured = Dictionary(uniqueKeysWithValues: results.map { ($0.id.job, $0.isMeasured) })
    #expect(measured == [0: false, 1: false, 2: true, 3: true, 4: true])
    #expect(report.total.submitted == 3 && report.warmUpTasks == 2)
    #expect(report.total.wait.count == 2)
    // Of two unplaceable tasks one is of the warm-up.
    #expect(report.unplaceable.map(\.count).reduce(0, +) == report.total[.unplaceable])
    #expect(report.unplaceable.first { $0.count > 0 }?.example == TaskID(job: 4))
    // From the end of the warm-up, 60 s, to the end of task 3 at 140 s; the makespan is of all.
    #expect(report.measuredSpan.seconds == 80)
    #expect(report.throughput == 2.0 / 80)
    #expect(report.makespan.seconds == 1000)
    let (whole, _) = try run(records, on: try machines([(2, 0)]), FirstFit())
    #expect(whole.throughput == 3 / whole.makespan.seconds)
  }

  /// The most that waited, ran and was held for any time, against a count of the results.
  @Test(arguments: 1...12)
  func theGreatestIsThatOfAnyTime(seed: UInt64) throws {
    let layout = try machines([(4, 16), (3, 8), (2, 30)])
    let (report, results) = try run(randomRecords(400, seed: seed), on: layout, FirstFit())
    var changes: [Int64: (waiting: Int, running: Int)] = [:]
    for result in results where result.attempts > 0 {
      changes[result.submit.rawValue, default: (0, 0)].waiting += 1
      changes[result.start.rawValue, default: (0, 0)].waiting -= 1
      changes[result.start.rawValue, default: (0, 0)].running += 1
      changes[result.finish.rawValue, default: (0, 0)].running -= 1
    }
    var (waiting, running, most) = (0, 0, (waiting: 0, running: 0))
    for time in changes.keys.sorted() {
      waiting += changes[time]?.waiting ?? 0
      running += changes[time]?.running ?? 0
      most = (max(most.waiting, waiting), max(most.running, running))
    }
    #expect(report.usage.mostWaiting == most.waiting)
    #expect(report.usage.mostRunning == most.running)
    let bins = report.series.bins
    #expect(report.usage.mostCPU >= (bins.map { $0.cpuUsed / $0.cpuCapacity }.max() ?? 0) - 1e-12)
    #expect(report.usage.mostCPU <= 1 && report.usage.mostMemory <= 1)
  }

  @Test func whoStartsAtOnceHasNotWaited() throws {
    let (report, _) = try run(
      (0..<5).map { task($0, at: Double($0) * 10, runs: 5) }, on: try machines([(1, 0)]), FirstFit()
    )
    #expect(report.usage.mostWaiting == 0 && report.usage.mostRunning == 1)
    #expect(report.usage.mostCPU == 1)
    // On a stepped clock it waits for its step.
    let (stepped, results) = try run(
      [task(0, at: 1, runs: 5)], on: try machines([(1, 0)]), FirstFit()
    ) { $0.step = Microseconds(seconds: 4) }
    #expect(results[0].wait.seconds == 3)
    #expect(stepped.usage.mostWaiting == 1)
  }

  /// Where the greatest share comes as machines go: 2 of 8 cores are held, then 2 of 2.
  @Test func sharesAreOfWhatIsThere() throws {
    let layout = try ClusterLayout(
      machines: [0, 1].map { number in
        MachineDescription(
          number: Int64(number),
          capacity: Resources(cpu: Cores(number == 0 ? 2 : 6), memory: .zero))
      },
      events: [
        AvailabilityEvent(
          time: Microseconds(seconds: 10), machine: 1, kind: .remove,
          capacity: Resources(cpu: Cores(6), memory: .zero))
      ])
    let (report, _) = try run([task(0, at: 0, runs: 20, cores: 2)], on: layout, FirstFit())
    #expect(report.usage.mostCPU == 1)
  }
}

import Simulation
import Testing
import Workload

/// Run times by machine, and data on their way: what schedulers expect is what the engine charges.
@Suite struct UnrelatedMachinesTests {
  /// The ten tasks of Topcuoglu, Hariri and Wu (2002), figure 2: run times on three processors, and who
  /// hands how much to whom.
  private static let runTimes: [[Double]] = [
    [14, 16, 9], [13, 19, 18], [11, 13, 19], [13, 8, 17], [12, 13, 10], [13, 16, 9], [7, 15, 11],
    [5, 11, 14], [18, 12, 20], [21, 7, 16],
  ]
  private static let edges: [(Int64, Int64, Int64)] = [
    (1, 2, 18), (1, 3, 12), (1, 4, 9), (1, 5, 11), (1, 6, 14), (2, 8, 19), (2, 9, 16), (3, 7, 23),
    (4, 8, 27), (4, 9, 23), (5, 9, 13), (6, 8, 15), (7, 10, 17), (8, 10, 11), (9, 10, 13),
  ]

  @Test func thePapersTenTasksTakeEighty() throws {
    var table = DependencyTable()
    for (from, to, data) in Self.edges {
      table.add(TaskID(job: to), after: TaskID(job: from), data: Bytes(data))
    }
    for (task, times) in Self.runTimes.enumerated() {
      for (machine, time) in times.enumerated() {
        table.runTimes.set(
          Microseconds(seconds: time), of: TaskID(job: Int64(task + 1)), on: Int64(machine))
      }
    }
    var options = SimulationOptions()
    options.mode = .dispatch
    options.audit = true
    options.network = NetworkModel(constant: .zero, bandwidth: 1)
    options.network?.pushesData = true
    var simulator = Simulator(
      cluster: try machines(3, cores: 1), policy: HEFT(), options: options, seed: 1)
    simulator.dependencies = table
    var sink = CollectedResults()
    let report = try simulator.run(
      TaskTable((1...10).map { task($0, at: 0, runs: 1) }).source(), results: &sink)
    #expect(report.makespan.seconds == 80)
    #expect(report.audit?.passed == true)
    // The paper's own assignment, processors from 0.
    let byJob = sink.results.sorted { $0.id < $1.id }
    #expect(byJob.map(\.machine) == [2, 0, 2, 1, 2, 1, 2, 0, 1, 1])
    #expect(byJob.map(\.finish.seconds) == [9, 40, 28, 26, 38, 42, 49, 62, 68, 80])
    #expect(report.remarks.withEstimate == 10)
  }

  @Test func aTaskGoesWhereItsDataAre() throws {
    // Machine 1 is twice as fast, but 30 s away from what task 1 left on machine 0.
    let layout = try ClusterLayout(
      machines: [1.0, 2.0].enumerated().map {
        MachineDescription(
          number: Int64($0), capacity: Resources(cpu: Cores(1.0)), speed: $1)
      })
    var table = DependencyTable()
    table.add(TaskID(job: 2), after: TaskID(job: 1), data: Bytes(30))
    var second = task(2, at: 0, runs: 20)
    second.estimate = second.runTime
    for (pushes, start) in [(false, 10.0), (true, 10.0)] {
      for policy in [EarliestCompletion(), HEFT()] as [any PlacementPolicy] {
        var options = SimulationOptions()
        options.network = NetworkModel(constant: .zero, bandwidth: 1)
        options.network?.pushesData = pushes
        var simulator = Simulator(cluster: layout, policy: policy, options: options, seed: 1)
        simulator.dependencies = table
        // Nothing but machine 0 is there for the first.
        simulator.dependencies.runTimes.set(Microseconds(seconds: 10), of: TaskID(job: 1), on: 0)
        simulator.dependencies.runTimes.set(Microseconds(seconds: 90), of: TaskID(job: 1), on: 1)
        var sink = CollectedResults()
        _ = try simulator.run(
          TaskTable([task(1, at: 0, runs: 10), second]).source(), results: &sink)
        let result = sink.results.first { $0.id.job == 2 }!
        // 20 s there, 10 + 30 elsewhere.
        #expect(result.machine == 0)
        #expect(result.start.seconds == start && result.finish.seconds == 30)
      }
    }
  }

  @Test func independentTasksAreRankedByTheirLength() throws {
    // 1, 1 and 4 s on two machines: 4 s in all if the long one goes first.
    let records = [(1, 1.0), (2, 1.0), (3, 4.0)].map { id, length in
      var record = task(Int64(id), at: 0, runs: length)
      record.estimate = record.runTime
      return record
    }
    let (report, _) = try run(records, on: try machines(2, cores: 1), HEFT())
    #expect(report.makespan.seconds == 4)
  }
}

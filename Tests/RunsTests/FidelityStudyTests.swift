import Foundation
import Simulation
import TestSupport
import Testing
import Workload

@testable import Runs

/// Generated workloads held against a trace, and a simulator against recorded waits.
@Suite struct FidelityStudyTests {
  /// The slow tier has logs four times as long.
  private static let scale =
    ProcessInfo.processInfo.environment["TRACEMILL_SLOW"] == "1" ? 4 : 1

  /// Parallel jobs in bursts on 64 cores, as a log in the Standard Workload Format; waits are recorded where a
  /// wait is given.
  private func log(_ folder: TemporaryFolder, jobs: Int, waits: [TaskID: Double]? = nil) throws
    -> (path: String, tasks: [TaskRecord])
  {
    var rng = RandomStream(seed: 3, name: "log")
    var lines = ["; MaxProcs: 64", "; MaxNodes: 64"]
    var tasks: [TaskRecord] = []
    var time = 0
    for job in 1...jobs {
      time += Int(rng.exponential(mean: rng.uniform() < 0.1 ? 400 : 30))
      let cores = [1, 2, 8, 32][rng.below(4)]
      let run = 1 + Int(rng.exponential(mean: Double(cores) * 20))
      let id = TaskID(job: Int64(job))
      let wait = waits.map { Int(($0[id] ?? 0).rounded()) } ?? -1
      lines.append(
        "\(job) \(time) \(wait) \(run) \(cores) -1 -1 \(cores) -1 -1 1 \(1 + job % 7) 1 -1 1 1 -1 -1"
      )
      var task = TaskRecord(
        id: id, submit: Microseconds(seconds: Double(time)),
        runTime: Microseconds(seconds: Double(run)), request: Resources(cpu: Cores(Double(cores))))
      task.flags = .spansMachines
      tasks.append(task)
    }
    return (try folder.write(lines.joined(separator: "\n") + "\n", to: "log.swf"), tasks)
  }

  /// The trace itself leads to its own conclusions to the last digit; run times in another order do not.
  @Test func theTraceAgreesWithItself() async throws {
    let folder = TemporaryFolder()
    let (path, _) = try log(folder, jobs: 200 * Self.scale)
    var study = FidelityStudy(trace: path)
    study.workloads = 1
    let source = try NamedWorkload(path, seed: 1).source
    var tasks: [TaskRecord] = []
    while let task = try source.next() { tasks.append(task) }
    let kept = tasks
    let same = try await study.run(seed: 1) { _, _ in kept }
    let conclusions = try #require(same.conclusions)
    #expect(conclusions.meanAbsoluteLogRatio == 0)
    #expect(conclusions.tau == 1)
    #expect(conclusions.cells.count == 24)
    #expect(conclusions.pairs.count > (Self.scale > 1 ? 3 : 0))
    // EASY does not make jobs wait longer than FIFO.
    let waits = conclusions.cells.filter { $0.load == 0.9 }
    let (fifo, easy) = (
      try #require(waits.first { $0.scheduler == "FIFO" }),
      try #require(waits.first { $0.scheduler == "EASY" })
    )
    #expect(easy.meanWait < fifo.meanWait)
    // The same jobs with the run times of others: long jobs are small, and nobody is in the way.
    let runTimes = kept.map(\.runTime).sorted()
    let bySize = kept.indices.sorted { kept[$0].request.cpu > kept[$1].request.cpu }
    var changed = kept
    for (rank, place) in bySize.enumerated() { changed[place].runTime = runTimes[rank] }
    let others = changed
    let different = try await study.run(seed: 1) { _, _ in others }
    #expect(try #require(different.conclusions?.meanAbsoluteLogRatio) > 0.1)
    let words = different.text(original: "a", generated: "b")
    #expect(words.contains("NOT as in the trace"))
  }

  /// Whatever the number of threads, the same figures.
  @Test func threadsDoNotMatter() async throws {
    let folder = TemporaryFolder()
    let (path, _) = try log(folder, jobs: 110 * Self.scale)
    var results: [String] = []
    for threads in [1, 3] {
      var study = FidelityStudy(trace: path)
      study.workloads = 2
      study.reading.threads = threads
      let report = try await study.run(seed: 4) { count, seed in
        var source = try NamedModel("study:tasks=\(count)").source(seed: seed)
        var tasks: [TaskRecord] = []
        while let task = source.next() { tasks.append(task) }
        return tasks
      }
      results.append(report.text(original: "a", generated: "b"))
    }
    #expect(results[0] == results[1])
  }

  /// Waits that a replay made are found again, with the settings that made them.
  @Test func calibrationFindsTheSettingsThatMadeTheWaits() async throws {
    let folder = TemporaryFolder()
    let jobs = 300 * Self.scale
    let (_, tasks) = try log(folder, jobs: jobs)
    let cluster = try folder.write("groups:\n  - {count: 64, cores: 1}\n", to: "cluster.yaml")
    let layout = try NamedCluster(cluster).layout(seed: 1)
    var options = SimulationOptions()
    (options.order, options.backfilling, options.estimates) = (.sjf, .easy, .exact)
    var waits = Waits()
    _ = try Simulator(
      cluster: layout, policy: NamedScheduler("first-fit").policy(), options: options, seed: 1
    ).run(TaskTable(tasks).source(), results: &waits)
    let (path, _) = try log(folder, jobs: jobs, waits: waits.seconds)
    var study = CalibrationStudy(workload: path, cluster: cluster)
    study.candidates = 16
    let result = try await study.search()
    let found = result.calibration
    #expect(result.nearest.waits.count == jobs && result.recorded.waits.count == jobs)
    #expect(found.best.settings.queue.rawValue == "sjf")
    #expect(found.best.settings.backfilling == .easy)
    #expect(found.best.errors.median < 1)
    #expect(found.best.errors.meanLogRatio < found.standard.errors.meanLogRatio)
    #expect(found.best.errors.startOrder > 0.99)
    #expect(found.experiment.contains("queue: sjf"))
    #expect(found.text.contains("does not tell of reservations"))
  }

  /// A log without waits has nothing to be held against.
  @Test func calibrationNeedsWaits() async throws {
    let folder = TemporaryFolder()
    let (path, _) = try log(folder, jobs: 200)
    await #expect(throws: RunError.self) {
      try await CalibrationStudy(workload: path, cluster: "study:10").run()
    }
  }

  @Test func tauCountsPairs() {
    #expect(CalibrationStudy.tau([(1, 1), (2, 2), (3, 3)]) == 1)
    #expect(CalibrationStudy.tau([(1, 3), (2, 2), (3, 1)]) == -1)
    // Six pairs: 4 in order, 1 against, 1 tied.
    #expect(abs(CalibrationStudy.tau([(1, 1), (2, 3), (3, 2), (4, 3)]) - 0.5) < 1e-12)
  }
}

private struct Waits: ResultSink {
  var seconds: [TaskID: Double] = [:]
  mutating func record(_ result: TaskResult) { seconds[result.id] = result.wait.seconds }
}

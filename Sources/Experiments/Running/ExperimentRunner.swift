import Foundation
import Simulation
import Synchronization

/// How far a run of an experiment has come.
public struct RunProgress: Hashable, Sendable {
  /// Cells by state, those of other processes included.
  public var counts: CellCounts
  /// Seconds since this process began.
  public var elapsed: Double
  /// Seconds left, by the pace so far; nil before there is a pace.
  public var left: Double?
}

/// A cell that ended with an error.
public struct FailedCell: Hashable, Sendable {
  /// The cell.
  public var cell: CellID
  /// What went wrong.
  public var message: String
}

/// Runs the cells of an experiment that are not done yet, on all cores, in company of other processes
/// on the same results file.
public struct ExperimentRunner: Sendable {
  private let store: ResultsStore
  private let runner: CellRunner
  private let version: String
  private let threads: Int
  private let makesOverviews: Bool
  private let cell: RunCell

  /// Runs one cell: see ``CellRunner``.
  public typealias RunCell = @Sendable (CellRunner, CellID) throws -> CellOutcome

  /// A runner of what `store` holds.
  ///
  /// - Parameters:
  ///   - store: the results file; see ``ResultsStore/begin(_:folder:version:inputs:shard:)``.
  ///   - inputs: what the experiment's names stand for.
  ///   - version: the program's version, for the record.
  ///   - threads: how many cells run at once (≥ 1).
  ///   - makesOverviews: whether workloads are looked at as a whole, too.
  ///   - cell: runs one cell.
  public init(
    _ store: ResultsStore, inputs: any ExperimentInputs, version: String, threads: Int,
    makesOverviews: Bool = true, cell: @escaping RunCell = { try $0.run($1).outcome }
  ) throws(StoreError) {
    (self.makesOverviews, self.cell) = (makesOverviews, cell)
    self.store = store
    runner = CellRunner(try store.experiment().definition, inputs: inputs)
    self.version = version
    self.threads = max(1, threads)
  }

  /// Runs until every cell is done or has failed, here or elsewhere. Results do not depend on the
  /// number of threads, on interruptions, or on who ran what.
  ///
  /// - Parameter progress: called about five times a second, on a thread of its own.
  /// - Returns: the cells that failed, in the order of the file; they do not keep others from running.
  /// - Throws: ``StoreError`` where the results file fails; what is in it is kept.
  public func run(
    progress: @escaping @Sendable (RunProgress) -> Void = { _ in }
  ) async throws -> [FailedCell] {
    for scheduler in runner.definition.schedulers {
      if let curve = try runner.inputs.learningCurve(scheduler) {
        try store.keep(curve, of: scheduler.name)
      }
    }
    let worker = try StoreWorker(store, version: version)
    let pulse = Pulse(worker, store, progress)
    pulse.start()
    defer { pulse.stop() }
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<threads { group.addTask { try work(worker, pulse) } }
        do {
          while try await group.next() != nil {}
        } catch {
          // The others stop at their next claim.
          pulse.isStopping.store(true, ordering: .relaxed)
          throw error
        }
      }
    } catch {
      try? worker.end()
      throw error
    }
    try worker.end()
    try store.complete()
    return try store.failures()
  }

  private func work(_ worker: StoreWorker, _ pulse: Pulse) throws {
    for workload in runner.definition.workloads
    where makesOverviews && pulse.takesOverview(of: workload.name) {
      try overview(workload)
    }
    while !pulse.isStopping.load(ordering: .relaxed) {
      try Task.checkCancellation()
      guard let claim = try worker.claim() else {
        // Another process may end before its cells do.
        guard try store.counts().running > 0 else { return }
        Thread.sleep(forTimeInterval: 0.2)
        try store.releaseAbandoned()
        continue
      }
      let outcome: CellOutcome
      do {
        outcome = try cell(runner, claim.cell)
      } catch {
        try worker.fail(claim, "\(error)")
        continue
      }
      if try worker.finish(claim, outcome) { pulse.finished.wrappingAdd(1, ordering: .relaxed) }
    }
  }

  private func overview(_ workload: WorkloadDefinition) throws {
    guard try !store.hasOverview(of: workload.name), let seed = runner.definition.seeds.first else {
      return
    }
    // An input that cannot be read makes its cells fail; their messages say why.
    guard let cluster = runner.definition.clusters.first,
      let layout = try? runner.inputs.layout(cluster, seed: cluster.seed ?? seed),
      let tasks = try? runner.inputs.tasks(workload, on: layout, seed: seed),
      let overview = try? WorkloadOverview(tasks.source)
    else { return }
    try store.keep(overview, of: workload.name)
  }
}

/// Tells the results file that this process is alive, and the user how far it has come.
private final class Pulse: Sendable {
  let isStopping = Atomic<Bool>(false)
  /// Cells that this process has finished.
  let finished = Atomic<Int>(0)
  private let overviews = Mutex<Set<String>>([])
  private let hasEnded = DispatchSemaphore(value: 0)
  /// Ends the wait for the next beat.
  private let isOver = DispatchSemaphore(value: 0)
  private let worker: StoreWorker
  private let store: ResultsStore
  private let progress: @Sendable (RunProgress) -> Void
  private let began = ContinuousClock.now

  init(
    _ worker: StoreWorker, _ store: ResultsStore,
    _ progress: @escaping @Sendable (RunProgress) -> Void
  ) {
    self.worker = worker
    self.store = store
    self.progress = progress
  }

  /// Whether the caller is the first to ask for this workload.
  func takesOverview(of workload: String) -> Bool {
    overviews.withLock { $0.insert(workload).inserted }
  }

  func start() {
    Thread.detachNewThread { [self] in
      var beats = 0
      let doneBefore = (try? store.counts().done) ?? 0
      repeat {
        // A file that cannot be written stops the workers, who say so.
        if beats % 25 == 0 { try? worker.beat() }
        beats += 1
        if let counts = try? store.counts() { progress(report(counts, doneBefore)) }
      } while isOver.wait(timeout: .now() + 0.2) == .timedOut
      if let counts = try? store.counts() { progress(report(counts, doneBefore)) }
      hasEnded.signal()
    }
  }

  func stop() {
    isOver.signal()
    hasEnded.wait()
  }

  private func report(_ counts: CellCounts, _ doneBefore: Int) -> RunProgress {
    let elapsed = (ContinuousClock.now - began) / .seconds(1)
    let done = counts.done - doneBefore
    let remaining = counts.pending + counts.running
    // A running cell is half done on average.
    let left =
      done > 0
      ? elapsed / Double(done) * (Double(remaining) - Double(counts.running) / 2) : nil
    return RunProgress(counts: counts, elapsed: elapsed, left: left)
  }
}

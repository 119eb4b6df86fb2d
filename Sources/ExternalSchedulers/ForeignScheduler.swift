import CTracemill
import Simulation
import Synchronization
import Workload

/// The other side of a scheduler that is not Swift: a shared object, a process, a caller's functions.
///
/// One object is one run. What a method throws ends the run.
protocol ForeignRun: AnyObject {
  /// Where the task goes: a machine's index, `TM_WAIT` or `TM_REJECT`.
  func place(_ task: tm_task, _ cluster: UnsafePointer<tm_cluster>) throws(ForeignFailure) -> Int64

  /// Which of the tasks goes next, and where; nil for none.
  func choose(
    _ tasks: [tm_task], _ cluster: UnsafePointer<tm_cluster>
  ) throws(ForeignFailure) -> (task: Int, machine: Int)?

  /// A machine has changed.
  func machineChanged(_ machine: Int, _ cluster: UnsafePointer<tm_cluster>)

  /// A task has ended.
  func taskEnded(_ task: tm_ended, _ cluster: UnsafePointer<tm_cluster>) throws(ForeignFailure)
}

/// What went wrong on the other side, in one line.
public struct ForeignFailure: Error, CustomStringConvertible, Sendable {
  public let description: String
  package init(_ description: String) { self.description = description }
}

/// Where a foreign scheduler's failure is found when the run has ended with an invalid placement: a policy
/// cannot throw.
public final class ForeignOutcome: Sendable {
  private let first = Mutex<ForeignFailure?>(nil)

  package init() {}

  /// What ended the run; nil if nothing of the scheduler's did.
  public var failure: ForeignFailure? { first.withLock { $0 } }

  package func note(_ failure: ForeignFailure) { first.withLock { if $0 == nil { $0 = failure } } }
}

/// A policy whose decisions are made elsewhere.
public protocol ForeignPolicy: Sendable {
  /// Where its failure is found.
  var outcome: ForeignOutcome { get }
}

/// A scheduler that is not Swift, one task at a time. A run's own state is in the run's copy of it.
struct ForeignScheduler: PlacementPolicy, ForeignPolicy, @unchecked Sendable {
  let name: String
  let outcome = ForeignOutcome()
  private let open: @Sendable (UnsafePointer<tm_cluster>) throws(ForeignFailure) -> any ForeignRun
  private var columns: MachineColumns?
  private var run: (any ForeignRun)?

  init(
    name: String,
    open:
      @escaping @Sendable (UnsafePointer<tm_cluster>) throws(ForeignFailure) -> any ForeignRun
  ) {
    self.name = name
    self.open = open
  }

  mutating func runBegan(on cluster: borrowing Cluster) {
    let columns = MachineColumns(cluster)
    columns.update(time: cluster)
    self.columns = columns
    run = nil
    do throws(ForeignFailure) { run = try open(columns.view) } catch { outcome.note(error) }
  }

  mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    guard let run, let columns, outcome.failure == nil else { return .machine(-1) }
    columns.update(time: cluster)
    let told = columns.task(task, on: cluster, random: rng.next())
    do throws(ForeignFailure) {
      switch try run.place(told, columns.view) {
      case Int64(TM_WAIT): return .wait
      case Int64(TM_REJECT): return .reject
      case let machine: return .machine(Int(machine))
      }
    } catch {
      outcome.note(error)
      return .machine(-1)
    }
  }

  mutating func machineChanged(_ machine: Int, on cluster: borrowing Cluster) {
    guard let run, let columns else { return }
    columns.update(machine, cluster)
    columns.update(time: cluster)
    run.machineChanged(machine, columns.view)
  }

  mutating func taskEnded(_ result: TaskResult, on cluster: borrowing Cluster) {
    guard let run, let columns, outcome.failure == nil else { return }
    columns.update(time: cluster)
    do throws(ForeignFailure) { try run.taskEnded(tm_ended(result), columns.view) } catch {
      outcome.note(error)
    }
  }

  /// The next of the waiting tasks; for the batch form.
  fileprivate func choose(
    from waiting: [TaskView], on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> (task: Int, machine: Int)? {
    guard let run, let columns, outcome.failure == nil else { return (0, -1) }
    columns.update(time: cluster)
    var told: [tm_task] = []
    for (place, task) in waiting.enumerated() {
      told.append(columns.task(task, on: cluster, random: rng.next(), place: place))
    }
    do throws(ForeignFailure) { return try run.choose(told, columns.view) } catch {
      outcome.note(error)
      return (0, -1)
    }
  }
}

/// The same, choosing among all waiting tasks.
struct ForeignBatchScheduler: BatchPlacementPolicy, ForeignPolicy, @unchecked Sendable {
  private var base: ForeignScheduler
  var name: String { base.name }
  var outcome: ForeignOutcome { base.outcome }

  init(_ base: ForeignScheduler) { self.base = base }

  mutating func runBegan(on cluster: borrowing Cluster) { base.runBegan(on: cluster) }

  mutating func choose(
    from waiting: [TaskView], on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> (task: Int, machine: Int)? { base.choose(from: waiting, on: cluster, using: &rng) }

  mutating func machineChanged(_ machine: Int, on cluster: borrowing Cluster) {
    base.machineChanged(machine, on: cluster)
  }

  mutating func taskEnded(_ result: TaskResult, on cluster: borrowing Cluster) {
    base.taskEnded(result, on: cluster)
  }
}

extension tm_ended {
  /// What became of a task, for the other side.
  package init(_ result: TaskResult) {
    self.init()
    job = result.id.job
    index = result.id.index
    submit_us = result.submit.rawValue
    start_us = result.start.rawValue
    finish_us = result.finish.rawValue
    wait_us = result.wait.rawValue
    machine = result.machine
    attempts = result.attempts
    outcome = result.outcome.rawValue
  }
}

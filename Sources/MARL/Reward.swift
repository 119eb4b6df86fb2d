import Simulation
import Workload

/// What energy and imbalance count as 1: the means of the random policy under the same conditions.
public struct RewardUnits: Hashable, Sendable, Codable {
  /// Joules a task.
  public var energy: Double
  /// Variance of CPU utilisation over machines.
  public var variance: Double

  /// Units, both positive.
  public init(energy: Double, variance: Double) {
    self.energy = energy
    self.variance = variance
  }
}

/// The reward of a run and its terms, each a mean over tasks.
///
/// R = 0.4 S + 0.3 C - 0.2 E - 0.1 V, with the weights of `StudyReward`. A task that did not finish counts as a missed deadline, with C 0.
public struct Reward: Hashable, Sendable, Codable {
  /// S: class weight (3, 2, 1 over 2.1) × 1 where the deadline was met, -1 where missed.
  public var service = 0.0
  /// C: 1 - min(1, completion time / (3 × reference time)).
  public var completion = 0.0
  /// E: energy a task over the unit. A task's energy is its dynamic share and its machine's idle power
  /// over the awake time that it adds; what a machine draws after its last task is nobody's.
  public var energy = 0.0
  /// V: variance over machines of CPU utilisation, over time until the last arrival, over the unit.
  public var imbalance = 0.0
  /// Tasks.
  public var tasks = 0
  /// Mean completion time of those that finished, in seconds.
  public var completionSeconds = 0.0
  /// Joules a task.
  public var joules = 0.0
  /// Variance of CPU utilisation.
  public var variance = 0.0
  /// Share of tasks that met their deadline.
  public var deadlinesMet = 0.0

  /// R.
  public var total: Double {
    StudyReward.service * service + StudyReward.completion * completion
      - StudyReward.energy * energy - StudyReward.imbalance * imbalance
  }

  /// No reward.
  public init() {}
}

/// Works out the reward of any policy's run from its results.
///
/// ```swift
/// var meter = RewardMeter(layout, units)
/// let report = try simulator.run(tasks, results: &meter)
/// print(meter.reward(report).total)
/// ```
public struct RewardMeter: ResultSink {
  private let units: RewardUnits
  private let layout: ClusterLayout
  private let machineOf: [Int64: Int]
  private var runs: [Run] = []
  private var service = 0.0
  private var completion = 0.0
  private var joules = 0.0
  private var seconds = 0.0
  private var finished = 0
  private var met = 0
  private var tasks = 0

  /// A meter for one run on `layout`.
  public init(_ layout: ClusterLayout, _ units: RewardUnits) {
    self.layout = layout
    self.units = units
    machineOf = Dictionary(
      layout.machines.enumerated().map { ($0.element.number, $0.offset) },
      uniquingKeysWith: { first, _ in first })
  }

  /// What the tasks so far add up to: S and C over the tasks, joules without the idle ones.
  package var sums: (service: Double, completion: Double, joules: Double) {
    (service, completion, joules)
  }

  /// Takes what became of a task.
  public mutating func record(_ result: TaskResult) {
    tasks += 1
    let weight = StudyReward.weight(of: result.priorityClass)
    let machine = machineOf[result.machine]
    joules += result.energy.value
    guard result.outcome == .finished, let machine else {
      service -= weight
      return
    }
    let terms = TaskTerms(
      result, speed: layout.machines[machine].speed, weight: weight)
    finished += 1
    met += result.metDeadline ? 1 : 0
    service += terms.service
    completion += terms.completion
    seconds += result.completion.seconds
    runs.append(Run(machine: machine, start: result.start, finish: result.finish))
  }

  /// The reward, given the run's report.
  public func reward(_ report: SimulationReport) -> Reward {
    var reward = Reward()
    guard tasks > 0 else { return reward }
    let n = Double(tasks)
    reward.tasks = tasks
    reward.service = service / n
    reward.completion = completion / n
    reward.joules = (joules + idleJoules()) / n
    reward.energy = reward.joules / units.energy
    reward.variance = report.usage.loadVarianceOfArrivals
    reward.imbalance = reward.variance / units.variance
    reward.completionSeconds = finished > 0 ? seconds / Double(finished) : .nan
    reward.deadlinesMet = Double(met) / n
    return reward
  }
}

extension RewardMeter {
  private struct Run {
    var machine: Int
    var start: Microseconds
    var finish: Microseconds
  }

  /// The idle energy of the awake time that tasks add. O(n log n).
  private func idleJoules() -> Double {
    let order = runs.sorted { ($0.machine, $0.start.rawValue) < ($1.machine, $1.start.rawValue) }
    var sum = 0.0
    var machine = -1
    var awake = AwakeTime()
    for run in order {
      if run.machine != machine { (machine, awake) = (run.machine, AwakeTime()) }
      let power = layout.machines[machine].power
      sum += power.idle.value * awake.add(run.start, run.finish, sleepAfter: power.sleepAfter)
    }
    return sum
  }
}

/// How long a machine is awake for its tasks, which are added in the order in which they start: each
/// adds the part of its run in which no earlier one runs, and the time that the machine stayed awake
/// empty before it.
struct AwakeTime {
  private var until = Microseconds.never

  /// Adds a task; returns how many seconds it adds.
  mutating func add(
    _ start: Microseconds, _ finish: Microseconds, sleepAfter: Microseconds
  ) -> Double {
    guard until.isKnown else {
      until = finish
      return (finish - start).seconds
    }
    let before = until
    until = max(until, finish)
    guard start > before else { return (until - before).seconds }
    return (min(start - before, sleepAfter) + (finish - start)).seconds
  }
}

/// The terms of one finished task.
struct TaskTerms {
  var service: Double
  var completion: Double

  init(_ result: TaskResult, speed: Double, weight: Double) {
    service = result.metDeadline ? weight : -weight
    let reference = max(result.runTime.seconds * speed, 1e-6)
    completion = 1 - min(1, result.completion.seconds / (3 * reference))
  }
}

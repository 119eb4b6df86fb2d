import Workload

/// What a policy answered, and what else it could have.
public struct LoggedDecision: Sendable {
  /// What came of it.
  public enum Answer: UInt8, Sendable, CaseIterable {
    case placed, waits, refused
    /// It named a machine and the task did not start there: another instance of its gang found no room,
    /// backfilling did not let it overtake, or what the policy saw was out of date.
    case declined

    /// The name used in files.
    public var name: String { "\(self)" }
  }

  /// What a task that must wait lacks.
  public enum Lack: UInt8, Sendable, CaseIterable {
    /// Nothing: it does not wait, or waits though a machine could take it.
    case nothing
    case cpu, memory, disk, gpu
    /// Each resource is free somewhere, but all of them on no machine.
    case together
    /// There is room, on machines that its constraints forbid.
    case constraints

    /// The name used in files.
    public var name: String { "\(self)" }
  }

  /// When it was made.
  public var time: Microseconds
  /// Of which task.
  public var id: TaskID
  /// Of which of its instances, 0 ….
  public var instance: Int32
  /// What came of it.
  public var answer: Answer
  /// The number of the machine; -1 for none.
  public var machine: Int64
  /// What the policy's own score says of it, less is better; NaN where the policy has none.
  public var cost: Double
  /// Machines that could take the task.
  public var candidates: Int
  /// The next best machine by that score; -1 for none.
  public var nextMachine: Int64
  /// Its score.
  public var nextCost: Double
  /// What the task lacks if it waits.
  public var lack: Lack
  /// Of a task that had waited: the one before it in the queue that last had to wait; job -1 for
  /// none.
  public var behind: TaskID
}

/// Takes down a policy's decisions. One run writes to it.
public final class DecisionLog {
  /// The decisions in the order in which they were made.
  public private(set) var decisions: [LoggedDecision] = []
  private var lastToWait: (id: TaskID, time: Microseconds)?

  /// An empty log.
  public init() {}

  /// The policy that decides as `base` does and takes it down here. Every machine is looked at for every
  /// decision: O(n) each.
  public func logging(_ base: any PlacementPolicy) -> any PlacementPolicy {
    LoggedPolicy(base: base, log: self)
  }

  /// The last so many answers that named a machine came to nothing.
  fileprivate func decline(last count: Int) {
    var left = count
    for place in decisions.indices.reversed() where left > 0 {
      guard decisions[place].answer == .placed else { continue }
      decisions[place].answer = .declined
      left -= 1
    }
  }

  fileprivate func note(
    _ placement: Placement, _ task: TaskView, by base: any PlacementPolicy,
    on cluster: borrowing Cluster
  ) {
    var chosen: Int?
    if case .machine(let machine) = placement { chosen = machine }
    let scored = base as? any ScoredPolicy
    var decision = LoggedDecision(
      time: cluster.now, id: task.id, instance: task.instance, answer: .waits, machine: -1,
      cost: .nan, candidates: 0,
      nextMachine: -1, nextCost: .nan, lack: .nothing, behind: TaskID(job: -1))
    var lacks = (cpu: true, memory: true, disk: true, gpu: true, together: true)
    for machine in 0..<cluster.count {
      let free = cluster.free(machine)
      let isUp = cluster.isUp(machine)
      if isUp {
        if free.cpu.nano >= task.request.cpu.nano { lacks.cpu = false }
        if free.memory.rawValue >= task.request.memory.rawValue { lacks.memory = false }
        if free.disk.rawValue >= task.request.disk.rawValue { lacks.disk = false }
        if free.milliGPU >= task.request.milliGPU { lacks.gpu = false }
        if cluster.fits(task.request, on: machine) { lacks.together = false }
      }
      guard cluster.canTake(task, on: machine) else { continue }
      decision.candidates += 1
      guard let scored else { continue }
      let cost = scored.cost(of: task, on: machine, in: cluster)
      if machine == chosen {
        decision.cost = cost
      } else if decision.nextMachine < 0 || cost < decision.nextCost {
        decision.nextMachine = cluster.description(machine).number
        decision.nextCost = cost
      }
    }
    switch placement {
    case .machine(let machine):
      decision.answer = .placed
      decision.machine = cluster.description(machine).number
      if let last = lastToWait, last.id != task.id, last.time >= task.submit,
        cluster.now > task.submit
      {
        decision.behind = last.id
      }
    case .wait:
      lastToWait = (task.id, cluster.now)
      decision.lack =
        decision.candidates > 0
        ? .nothing
        : lacks.cpu
          ? .cpu
          : lacks.memory
            ? .memory
            : lacks.disk ? .disk : lacks.gpu ? .gpu : lacks.together ? .together : .constraints
    case .reject: decision.answer = .refused
    }
    decisions.append(decision)
  }
}

/// A policy whose decisions are taken down.
private struct LoggedPolicy: PlacementPolicy {
  var queueOrder: QueueRule? { base.queueOrder }
  var base: any PlacementPolicy
  let log: DecisionLog

  var name: String { base.name }
  var goesByEstimates: Bool { base.goesByEstimates }
  var goesByPower: Bool { base.goesByPower }
  var followsRecord: Bool { base.followsRecord }

  var needsDevices: Bool { base.needsDevices }
  var wantsDeclined: Bool { true }

  mutating func declined(last count: Int) {
    log.decline(last: count)
    if base.wantsDeclined { base.declined(last: count) }
  }

  mutating func devices(
    for task: TaskView, on machine: Int, in cluster: borrowing Cluster,
    using rng: inout RandomStream
  ) -> DeviceSet? { base.devices(for: task, on: machine, in: cluster, using: &rng) }

  mutating func runBegan(on cluster: borrowing Cluster) { base.runBegan(on: cluster) }

  mutating func machineChanged(_ machine: Int, on cluster: borrowing Cluster) {
    base.machineChanged(machine, on: cluster)
  }

  mutating func taskEnded(_ result: TaskResult, on cluster: borrowing Cluster) {
    base.taskEnded(result, on: cluster)
  }

  mutating func place(
    _ task: TaskView, on cluster: borrowing Cluster, using rng: inout RandomStream
  ) -> Placement {
    let placement = base.place(task, on: cluster, using: &rng)
    log.note(placement, task, by: base, on: cluster)
    return placement
  }
}

import Workload

/// Machines that are not simulated: their state is told from outside, and a policy decides for them.
///
/// It holds the state that a run holds, so that a policy sees what it would see there, and calls the
/// policy's hooks in the engine's order: a service in front of real machines decides as the simulation did.
///
/// ```swift
/// var cluster = try LiveCluster(machines, names: ["node-a", "node-b"], policy: BestFit(), seed: 1)
/// cluster.advance(to: Microseconds(seconds: 12))
/// if case .machine(let machine) = cluster.place(TaskView(request: request)) {
///   let hold = try cluster.claim(TaskView(request: request), on: machine)
///   …
///   try cluster.release(hold)
/// }
/// ```
///
/// What is told is taken as true: a claim that does not fit, which a policy would not make, leaves less than
/// nothing free. Memory is bounded by the machines and the claims that are held.
public struct LiveCluster: ~Copyable {
  /// A task's claim on a machine, as long as it is held.
  public struct Hold: Hashable, Sendable {
    fileprivate let slot: Int32
    fileprivate let number: UInt64
  }

  private struct Held {
    var view: TaskView
    var machine: Int
    var start: Microseconds
    var end: Microseconds
    var number: UInt64
  }

  private var state: Cluster
  private var policy: any PlacementPolicy
  private var rng: RandomStream
  private var machines: [MachineDescription]
  /// The machines' names, by index.
  public private(set) var names: [String]
  private var indexOf: [String: Int]
  private var held: [Held?] = []
  private var vacant: [Int32] = []
  private var claims: UInt64 = 0

  /// Machines that hold nothing, those that are up as their descriptions say.
  ///
  /// - Parameters:
  ///   - machines: what they are like; a policy knows them by their index.
  ///   - names: a name for each, all different; their numbers where none are given.
  ///   - mode: what a machine can take: what fits now (`central`), or what fits when it is empty
  ///     (`dispatch`).
  ///   - policy: decides, and is told what happens.
  ///   - seed: what the policy's chance comes from.
  /// - Throws: ``LiveClusterError``.
  public init(
    _ machines: [MachineDescription], names: [String]? = nil,
    mode: SimulationOptions.Mode = .central, policy: any PlacementPolicy, seed: UInt64 = 0
  ) throws(LiveClusterError) {
    let layout = try Self.layout(machines)
    let names = names ?? machines.map { String($0.number) }
    guard names.count == machines.count else {
      throw .names(count: names.count, machines: machines.count)
    }
    var places: [String: Int] = [:]
    for (index, name) in names.enumerated() {
      guard places.updateValue(index, forKey: name) == nil else { throw .nameTwice(name) }
    }
    indexOf = places
    self.machines = machines
    self.names = names
    state = Cluster(layout, mode: mode)
    self.policy = policy
    rng = RandomStream(seed: seed, name: "policy")
    self.policy.runBegan(on: state)
  }

  private static func layout(
    _ machines: [MachineDescription]
  ) throws(LiveClusterError) -> ClusterLayout {
    do {
      return try ClusterLayout(machines: machines)
    } catch {
      throw .cluster(error)
    }
  }

  /// The machines as the policy sees them.
  public var cluster: Cluster {
    _read { yield state }
  }

  /// How many claims are held.
  public var holdCount: Int { held.count - vacant.count }

  /// The machine of this name; nil if there is none. O(1).
  public func machine(named name: String) -> Int? { indexOf[name] }

  /// The clock goes on to `time`; one that has passed changes nothing.
  public mutating func advance(to time: Microseconds) {
    guard time > state.now, time.isKnown else { return }
    state.now = time
    state.observed = time
  }
}

// What happens to the machines.
extension LiveCluster {
  /// A task holds what it asks for on a machine from now on.
  ///
  /// - Throws: ``LiveClusterError`` if there is no such machine, it is down, or the request is out of range.
  public mutating func claim(
    _ task: TaskView, on machine: Int
  ) throws(LiveClusterError) -> Hold {
    try check(machine)
    guard state.isUp(machine) else { throw .isDown(names[machine]) }
    guard ClusterLayout.isReasonable(task.request) else { throw .request(task.request) }
    var view = task
    view.attempts += 1
    view.placements += 1
    var claim = Held(view: view, machine: machine, start: state.now, end: .never, number: claims)
    claims += 1
    state.apply(Claim(machine: machine, resources: view.request))
    state.mark(view, on: machine, sign: 1)
    if view.estimate.isKnown {
      let end = state.now + view.estimate.scaled(by: 1 / state.speed(machine))
      if end.isKnown {
        claim.end = end
        state.changeWork(of: machine, by: 1, view.request, end: end)
      }
    }
    let slot = insert(claim)
    policy.machineChanged(machine, on: state)
    return Hold(slot: slot, number: claim.number)
  }

  /// A claim has come to its end: the task has finished, unless said otherwise.
  ///
  /// - Throws: ``LiveClusterError/notHeld`` for one that is not held any more.
  public mutating func release(
    _ hold: Hold, as outcome: TaskOutcome = .finished
  ) throws(LiveClusterError) {
    try end(hold, outcome, isFinal: true)
  }

  /// A task has lost its place and will be decided about again.
  ///
  /// - Throws: as ``release(_:as:)``.
  public mutating func evict(_ hold: Hold) throws(LiveClusterError) {
    try end(hold, .unfinished, isFinal: false)
  }

  /// The machine goes: its tasks lose their place. Nothing if it was down.
  ///
  /// - Returns: whose places they were, in the order in which they were claimed. O(claims held).
  /// - Throws: ``LiveClusterError/noMachine(_:)``.
  @discardableResult
  public mutating func takeDown(_ machine: Int) throws(LiveClusterError) -> [Hold] {
    try check(machine)
    guard state.isUp(machine) else { return [] }
    let lost = holds(on: machine)
    for hold in lost { try evict(hold) }
    state.takeDown(machine)
    policy.machineChanged(machine, on: state)
    return lost
  }

  /// The machine comes, empty. Nothing if it is up.
  ///
  /// - Throws: ``LiveClusterError/noMachine(_:)``.
  public mutating func bringUp(_ machine: Int) throws(LiveClusterError) {
    try check(machine)
    guard !state.isUp(machine) else { return }
    state.bringUp(machine)
    policy.machineChanged(machine, on: state)
  }

  /// What the machine offers when empty changes; claims stay.
  ///
  /// - Throws: ``LiveClusterError`` if there is no such machine or the capacity is out of range.
  public mutating func setCapacity(
    of machine: Int, to capacity: Resources
  ) throws(LiveClusterError) {
    try check(machine)
    guard ClusterLayout.isReasonable(capacity) else {
      throw .cluster(.capacity(machine: machines[machine].number, capacity))
    }
    machines[machine].capacity = capacity
    state.resize(machine, to: capacity)
    policy.machineChanged(machine, on: state)
  }

  /// Another machine appears, with the next index. The policy begins anew, with the claims that are held.
  /// O(machines + claims).
  ///
  /// - Returns: its index.
  /// - Throws: ``LiveClusterError`` for a description out of range or a name that is there already.
  @discardableResult
  public mutating func add(
    _ machine: MachineDescription, name: String
  ) throws(LiveClusterError) -> Int {
    guard indexOf[name] == nil else { throw .nameTwice(name) }
    var machines = machines
    for index in machines.indices { machines[index].isUp = state.isUp(index) }
    machines.append(machine)
    let layout = try Self.layout(machines)
    var state = Cluster(layout, mode: state.mode)
    (state.now, state.observed) = (self.state.now, self.state.observed)
    for index in held.indices.sorted(by: { (held[$0]?.number ?? 0) < (held[$1]?.number ?? 0) }) {
      guard let claim = held[index] else { continue }
      state.apply(Claim(machine: claim.machine, resources: claim.view.request))
      state.mark(claim.view, on: claim.machine, sign: 1)
      if claim.end.isKnown {
        state.changeWork(of: claim.machine, by: 1, claim.view.request, end: claim.end)
      }
    }
    for index in self.machines.indices {
      state.emptySince[index] = self.state.emptySince[index]
      state.awakeAt[index] = self.state.awakeAt[index]
    }
    self.state = state
    self.machines = machines
    names.append(name)
    indexOf[name] = machines.count - 1
    policy.runBegan(on: self.state)
    return machines.count - 1
  }
}

// What is decided.
extension LiveCluster {
  /// Where the policy puts a task that has just come. It holds nothing until ``claim(_:on:)``.
  public mutating func place(_ task: TaskView) -> Placement {
    state.note(task)
    return policy.place(task, on: state, using: &rng)
  }

  /// How good the policy finds each machine for the task (``PlacementPolicy/scores(_:on:into:)``). The
  /// policy's state and chance stay as they are.
  ///
  /// `scores`: becomes as long as there are machines.
  public func scores(_ task: TaskView, into scores: inout [Double]) {
    policy.scores(task, on: state, into: &scores)
  }

  /// Restricts a task to the machines that are `allowed` (a flag a machine), such as those that a selector
  /// of nodes matches. The restriction holds for this task view until the next call. O(machines).
  ///
  /// - Throws: ``LiveClusterError/names(count:machines:)`` if there is not a flag for each machine.
  public mutating func restrict(
    _ task: inout TaskView, to allowed: [Bool]
  ) throws(LiveClusterError) {
    guard allowed.count == machines.count else {
      throw .names(count: allowed.count, machines: machines.count)
    }
    state.eligibility = [allowed]
    task.eligibility = 0
  }

  /// Restricts each of several tasks, as the other does one.
  ///
  /// `allowed`: for each task a flag a machine.
  /// - Throws: ``LiveClusterError/names(count:machines:)`` if there is not a flag for each machine.
  public mutating func restrict(
    _ tasks: inout [TaskView], to allowed: [[Bool]]
  ) throws(LiveClusterError) {
    precondition(tasks.count == allowed.count, "a list of flags for each task")
    for flags in allowed where flags.count != machines.count {
      throw .names(count: flags.count, machines: machines.count)
    }
    state.eligibility = allowed
    for index in tasks.indices { tasks[index].eligibility = Int32(index) }
  }

  /// The task that goes first of those that wait, by its place in `waiting`, and its machine; nil if all
  /// stay. A policy that does not choose among tasks takes the first that has a place.
  public mutating func choose(from waiting: [TaskView]) -> (task: Int, machine: Int)? {
    for task in waiting { state.note(task) }
    if var batch = policy as? any BatchPlacementPolicy {
      defer { policy = batch }
      return batch.choose(from: waiting, on: state, using: &rng)
    }
    for (index, task) in waiting.enumerated() {
      if case .machine(let machine) = policy.place(task, on: state, using: &rng) {
        return (index, machine)
      }
    }
    return nil
  }
}

extension LiveCluster {
  private func check(_ machine: Int) throws(LiveClusterError) {
    guard machines.indices.contains(machine) else { throw .noMachine(machine) }
  }

  private mutating func insert(_ claim: Held) -> Int32 {
    if let slot = vacant.popLast() {
      held[Int(slot)] = claim
      return slot
    }
    held.append(claim)
    return Int32(held.count - 1)
  }

  private func holds(on machine: Int) -> [Hold] {
    held.indices.compactMap { slot -> Hold? in
      guard let claim = held[slot], claim.machine == machine else { return nil }
      return Hold(slot: Int32(slot), number: claim.number)
    }
    .sorted { $0.number < $1.number }
  }

  private mutating func end(
    _ hold: Hold, _ outcome: TaskOutcome, isFinal: Bool
  ) throws(LiveClusterError) {
    let slot = Int(hold.slot)
    guard held.indices.contains(slot), let claim = held[slot], claim.number == hold.number else {
      throw .notHeld
    }
    held[slot] = nil
    vacant.append(hold.slot)
    let view = claim.view
    state.revert(Claim(machine: claim.machine, resources: view.request))
    state.mark(view, on: claim.machine, sign: -1)
    if claim.end.isKnown {
      state.changeWork(of: claim.machine, by: -1, view.request, end: claim.end)
    }
    policy.machineChanged(claim.machine, on: state)
    let hasFinished = outcome == .finished
    policy.taskEnded(
      TaskResult(
        id: view.id, instance: view.instance, submit: view.submit, firstStart: claim.start,
        start: claim.start, finish: hasFinished ? state.now : .never, deadline: view.deadline,
        wait: max(claim.start - view.submit, .zero),
        wasted: hasFinished ? .zero : state.now - claim.start, waking: .zero, startup: .zero,
        energy: .zero,
        machine: machines[claim.machine].number, attempts: view.attempts,
        priorityClass: view.priorityClass, outcome: outcome, placements: view.placements,
        isFinal: isFinal),
      on: state)
  }
}

/// What a ``LiveCluster`` cannot take.
public enum LiveClusterError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A description of machines is out of range.
  case cluster(ClusterError)
  /// There are more or fewer names, or flags, than machines.
  case names(count: Int, machines: Int)
  /// Two machines have this name.
  case nameTwice(String)
  /// There is no machine of this index.
  case noMachine(Int)
  /// The machine of this name is down.
  case isDown(String)
  /// A request is negative or beyond what a machine may have.
  case request(Resources)
  /// The claim has ended already.
  case notHeld

  public var description: String {
    switch self {
    case .cluster(let error): "\(error)"
    case .names(let count, let machines): "\(count) given for \(machines) machines"
    case .nameTwice(let name): "two machines are called '\(name)'"
    case .noMachine(let index): "there is no machine \(index)"
    case .isDown(let name): "machine '\(name)' is down"
    case .request(let request):
      "a request of \(request.cpu.value) cores, \(request.memory.gibibytes) GiB is out of range"
    case .notHeld: "the claim is not held any more"
    }
  }
}

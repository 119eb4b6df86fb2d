import Workload

// What the policy sees, and when.
extension Engine {
  /// Whether the policy sees the past.
  var isStale: Bool { options.heartbeat > .zero }

  /// The free room, queue or availability of a machine has changed.
  mutating func changed(_ machine: Int) {
    fragmentation.update(machine, &cluster)
    guard isStale else { return policy.machineChanged(machine, on: cluster) }
    if !isUnseen[machine] {
      isUnseen[machine] = true
      unseen.append(machine)
    }
  }

  /// Before the clock passes a heartbeat: the policy sees the machines as they are until then.
  mutating func lookIfDue(by time: Microseconds) {
    let period = options.heartbeat.rawValue
    guard time.rawValue / period > cluster.now.rawValue / period else { return }
    seen.see(cluster)
    seen.now = Microseconds(time.rawValue / period * period)
    seen.observed = seen.now
    if !unseen.isEmpty { noteLook() }
    for machine in unseen {
      isUnseen[machine] = false
      policy.machineChanged(machine, on: seen)
    }
    unseen.removeAll(keepingCapacity: true)
    // What conflicted or waited may be tried again.
    headWaits = false
  }

  /// Has the policy make the decision that is open.
  mutating func decideByPolicy() throws(SimulationError) {
    guard options.measuresDecisions else { return try answer(policyAnswer()) }
    let clock = ContinuousClock()
    let start = clock.now
    let answer = policyAnswer()
    let (seconds, attoseconds) = (clock.now - start).components
    accounts.decisionTimes.record(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    try self.answer(answer)
  }

  /// What the policy says to the decision that is open.
  @inline(__always)
  mutating func policyAnswer() -> Decision.Answer {
    if offering.question == .choose {
      guard var batch = policy as? any BatchPlacementPolicy else { return .nothing }
      let choice =
        isStale
        ? batch.choose(from: offering.views, on: seen, using: &rng)
        : batch.choose(from: offering.views, on: cluster, using: &rng)
      policy = batch
      return choice.map { .task($0.task, on: $0.machine) } ?? .nothing
    }
    let view = askedView
    return .placement(
      isStale
        ? policy.place(view, on: seen, using: &rng) : policy.place(view, on: cluster, using: &rng))
  }

  /// Makes the decision that is open. An answer that is not valid is an error, and leaves it open.
  @inline(__always)
  mutating func answer(_ answer: Decision.Answer) throws(SimulationError) {
    switch (answer, offering.question) {
    case (.placement(let placement), .place): try self.answer(placement)
    case (.task(let task, let machine), .choose): try choose(task, on: machine)
    case (.nothing, .choose): chooseNone()
    default: throw .unfittingAnswer(policy: policy.name, time: cluster.now)
    }
  }
}

extension Cluster {
  /// Takes over another's state; what is in a run's layout is the same.
  mutating func see(_ other: borrowing Cluster) {
    upCount = other.upCount
    totalCapacity = other.totalCapacity
    totalClaimed = other.totalClaimed
    totalRunning = other.totalRunning
    totalQueued = other.totalQueued
    offered = other.offered
    loadSum = other.loadSum
    loadSquares = other.loadSquares
    offers = other.offers
    wholes = other.wholes
    capacities = other.capacities
    states = other.states
    work = other.work
    emptySince = other.emptySince
    awakeAt = other.awakeAt
    eligibility = other.eligibility
    apart = other.apart
  }
}

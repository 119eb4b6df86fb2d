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
    guard isStale else { return }
    let period = options.heartbeat.rawValue
    guard time.rawValue / period > cluster.now.rawValue / period else { return }
    seen.see(cluster)
    seen.now = Microseconds(time.rawValue / period * period)
    seen.observed = seen.now
    for machine in unseen {
      isUnseen[machine] = false
      policy.machineChanged(machine, on: seen)
    }
    unseen.removeAll(keepingCapacity: true)
    // What conflicted or waited may be tried again.
    headWaits = false
  }

  /// Asks the policy about a task.
  mutating func ask(_ view: TaskView) -> Placement { timed { $0.decide(view) } }

  /// Counts a decision of the policy, and takes its time where that is wanted.
  @inline(__always)
  mutating func timed<Decision>(_ decide: (inout Engine) -> Decision) -> Decision {
    accounts.decisions += 1
    guard options.measuresDecisions else { return decide(&self) }
    let clock = ContinuousClock()
    let start = clock.now
    let decision = decide(&self)
    let (seconds, attoseconds) = (clock.now - start).components
    accounts.decisionTimes.record(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    return decision
  }

  private mutating func decide(_ view: TaskView) -> Placement {
    if isStale, view.gateway >= 0 { return decideAtGateway(view) }
    return isStale
      ? policy.place(view, on: seen, using: &rng) : policy.place(view, on: cluster, using: &rng)
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

import Workload

// Tasks are submitted at machines, whose agents decide.
extension Engine {
  /// Where the next task is submitted: uniform among the machines that are up; -1 if none is.
  mutating func drawGateway() -> Int32 {
    guard cluster.upCount > 0 else { return -1 }
    while true {
      let machine = gateways.below(cluster.count)
      if cluster.isUp(machine) { return Int32(machine) }
    }
  }

  /// Whoever decides about the task does so as the agent of its gateway: until then the stale view
  /// shows that machine, and the time, as they are.
  @inline(__always)
  mutating func revealGateway() {
    if isStale { reveal() }
  }

  private mutating func reveal() {
    let own = Int(slots[offering.task].view.gateway)
    guard own >= 0 else { return }
    seen.now = cluster.now
    guard isUnseen[own] else { return }
    offering.gatewayBefore = seen.state(of: own)
    seen.show(own, cluster.state(of: own))
    policy.machineChanged(own, on: seen)
  }

  /// The stale view is as it was before the decision.
  @inline(__always)
  mutating func concealGateway() {
    if isStale { conceal() }
  }

  private mutating func conceal() {
    guard let past = offering.gatewayBefore else { return }
    let own = Int(slots[offering.task].view.gateway)
    offering.gatewayBefore = nil
    seen.show(own, past)
    policy.machineChanged(own, on: seen)
  }

}

/// One machine's columns.
struct MachineState {
  var live: LiveState
  var capacity, offer, whole: Resources
  var work: MachineWork
  var emptySince, awakeAt: Microseconds
}

extension Cluster {
  func state(of machine: Int) -> MachineState {
    MachineState(
      live: states[machine], capacity: capacities[machine], offer: offers[machine],
      whole: mode == .dispatch ? wholes[machine] : .zero,
      work: work[machine], emptySince: emptySince[machine], awakeAt: awakeAt[machine])
  }

  /// Shows one machine as it is elsewhere; the totals stay as they are.
  mutating func show(_ machine: Int, _ state: MachineState) {
    states[machine] = state.live
    capacities[machine] = state.capacity
    offers.update(machine, to: state.offer)
    if mode == .dispatch { wholes.update(machine, to: state.whole) }
    work[machine] = state.work
    emptySince[machine] = state.emptySince
    awakeAt[machine] = state.awakeAt
  }
}

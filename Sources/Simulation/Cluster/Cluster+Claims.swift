import Workload

/// Resources of one machine, held by one task. A value: what was applied is what is reverted.
struct Claim: Hashable, Sendable {
  var machine: Int
  var resources: Resources
}

extension Cluster {
  /// Takes the resources; they must be free.
  mutating func apply(_ claim: Claim) {
    offers.update(claim.machine, to: offers[claim.machine] - claim.resources)
    totalClaimed += claim.resources
    running[claim.machine] += 1
    totalRunning += 1
  }

  /// Gives the resources back; the machine must be up.
  mutating func revert(_ claim: Claim) {
    offers.update(claim.machine, to: offers[claim.machine] + claim.resources)
    totalClaimed -= claim.resources
    running[claim.machine] -= 1
    if running[claim.machine] == 0 { emptySince[claim.machine] = now }
    totalRunning -= 1
  }

  /// The machine comes, empty.
  mutating func bringUp(_ machine: Int) {
    up[machine] = true
    upCount += 1
    emptySince[machine] = now
    awakeAt[machine] = now
    offers.update(machine, to: capacities[machine])
    totalCapacity += capacities[machine]
  }

  /// The machine goes; its claims must have been reverted.
  mutating func takeDown(_ machine: Int) {
    up[machine] = false
    upCount -= 1
    offers.update(machine, to: FitTree.nothing)
    totalCapacity -= capacities[machine]
  }

  /// The machine's capacity changes; what is claimed stays so.
  mutating func resize(_ machine: Int, to capacity: Resources) {
    let old = capacities[machine]
    capacities[machine] = capacity
    guard up[machine] else { return }
    offers.update(machine, to: offers[machine] + capacity - old)
    totalCapacity += capacity - old
  }

  mutating func changeQueue(of machine: Int, by change: Int) {
    queued[machine] += Int32(change)
    totalQueued += change
  }
}

import PortableMath
import Workload

// Machines fail and are repaired, by the failure model.
extension Engine {
  /// Schedules every machine's first failure.
  mutating func scheduleFailures() {
    guard options.failures != nil else { return }
    failureCounts = Array(repeating: 0, count: cluster.count)
    for machine in 0..<cluster.count { scheduleFailure(of: machine) }
  }

  /// Machine `m` draws its times from its own sub-stream, whatever the others do.
  private mutating func draw(_ machine: Int) -> RandomStream {
    defer { failureCounts[machine] += 1 }
    return failures.at(UInt64(machine) << 32 | UInt64(failureCounts[machine]))
  }

  private mutating func scheduleFailure(of machine: Int) {
    guard let model = options.failures else { return }
    var rng = draw(machine)
    // By inversion: scale × (-ln U)^(1 / shape).
    let factor = pow(-log(rng.openUniform()), 1 / model.shape)
    let time = cluster.now + max(model.scale.scaled(by: factor), Microseconds(1))
    if time.isKnown { heap.push(at: time.rawValue, .fail, subject: Int32(machine)) }
  }

  /// The machine fails: its tasks are evicted. One that is not there fails unnoticed.
  mutating func fail(_ machine: Int) {
    guard let model = options.failures else { return }
    isFailed[machine] = true
    accounts.failures += 1
    meter.read(machine, cluster)
    if cluster.isUp(machine) { empty(machine) }
    plan.isOutOfDate = true
    changed(machine)
    var rng = draw(machine)
    let length = Microseconds(seconds: rng.exponential(mean: model.meanRepair.seconds))
    let time = cluster.now + max(length, Microseconds(1))
    if time.isKnown { heap.push(at: time.rawValue, .repair, subject: Int32(machine)) }
  }

  /// The machine has been repaired.
  mutating func repair(_ machine: Int) {
    isFailed[machine] = false
    meter.read(machine, cluster)
    if isPresent[machine] { cluster.bringUp(machine) }
    noteGrowth()
    headWaits = false
    plan.isOutOfDate = true
    changed(machine)
    scheduleFailure(of: machine)
  }
}

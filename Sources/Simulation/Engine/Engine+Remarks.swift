import Workload

// What the tasks of a run say and do not say.
extension Engine {
  /// Takes out of the request what is not modelled; returns what that was.
  func leaveOutUnmodelled(_ view: inout TaskView) -> [RunRemarks.Unmodelled] {
    var leftOut: [RunRemarks.Unmodelled] = []
    if view.request.memory > .zero, unmodelled.contains(.memory) {
      view.request.memory = .zero
      leftOut.append(.memory)
    }
    if view.request.disk > .zero, unmodelled.contains(.disk) {
      view.request.disk = .zero
      leftOut.append(.disk)
    }
    if view.request.milliGPU > 0, unmodelled.contains(.gpu) {
      view.request.milliGPU = 0
      leftOut.append(.gpu)
    }
    return leftOut
  }

  /// Counts what a record of so many tasks says and does not say.
  mutating func note(_ view: TaskView, _ count: Int32) {
    let tasks = Int(count)
    let isKnown =
      view.estimate.isKnown
      || (hasRunTimes && cluster.delivery.runTimes.mean(of: view.id) != nil)
    if isKnown { accounts.remarks.withEstimate += tasks }
    accounts.remarks.withUser =
      (accounts.remarks.withUser ?? 0) + (view.user == .unknown ? 0 : tasks)
    let hasPriority = view.priority >= 0 || view.priorityClass != .unknown
    accounts.remarks.withPriority =
      (accounts.remarks.withPriority ?? 0) + (hasPriority ? tasks : 0)
    if view.instances > 1 { accounts.remarks.gangs += 1 }
    if view.deadline.isKnown { accounts.remarks.withDeadline += tasks }
    if view.request.cpu <= .zero { accounts.remarks.withoutCPU += tasks }
    if count > 1 { accounts.remarks.splitRecords += 1 }
  }
}

import Simulation

extension [SimulationReport] {
  /// That no task could be placed, or that a run's accounts do not agree; nil if all is well.
  public var failure: RunError? {
    if let reason = lazy.compactMap(\.allUnplaceable).first { return RunError(message: reason) }
    guard allSatisfy({ $0.audit?.passed ?? true }) else {
      return RunError(message: "the audit failed: this is a fault of the simulator")
    }
    return nil
  }
}

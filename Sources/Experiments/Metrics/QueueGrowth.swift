import Simulation

extension CellCurves {
  /// Whether the queue was growing up to the last submission, by one of two signs:
  ///
  /// - The tasks that some machine could take came to more CPU work than all machines could do until then. What
  ///   could not be done was left over: the queue grows as long as such a load lasts. This is of the tasks that came,
  ///   not of the laws that they were drawn from.
  /// - The queue grew by more than a queue at a load of exactly 1 would by chance. In heavy traffic that is a random
  ///   walk that is reflected at 0 (Whitt, "Stochastic-Process Limits", 2002, chapter 9): over k steps of the series it
  ///   grows by about √k of its deviation over one, and by more than twice as much in 1 run of 20. Below that load
  ///   the queue returns and grows by less. This finds queues that grow for memory, or for who must wait for whom.
  ///
  /// - Parameter load: CPU work of placeable tasks over what the machines could do; NaN where it is not known.
  func isQueueGrowing(load: Double) -> Bool {
    guard let end = lastSubmit, waitingAtLastSubmit > 1 else { return false }
    if load > 1 { return true }
    let queue = series.start.indices.filter { series.start[$0] + series.length[$0] <= end }
      .map { series.waiting[$0] }
    guard queue.count >= 8, let first = queue.first else { return false }
    let steps = Moments(zip(queue.dropFirst(), queue).map(-))
    // Steps between means over a time have two thirds of the variance of steps between its ends.
    let deviation = (1.5 * Double(queue.count)).squareRoot() * steps.standardDeviation
    return Double(waitingAtLastSubmit) - first > 2 * deviation
  }
}

extension CellRecord {
  /// Whether its queue was growing when the last task was submitted.
  var isQueueGrowing: Bool {
    let metrics = outcome.metrics
    let loads = [metrics["load_placeable"], metrics["load_offered"]].compactMap(\.self)
    return outcome.curves.isQueueGrowing(load: loads.first ?? .nan)
  }
}

extension SimulationReport {
  /// What has to be said of one run whose queue was still growing at the last submission; nil if it was not.
  public var growthNote: String? {
    guard CellCurves(self, isDrawn: false).isQueueGrowing(load: placeableLoad ?? .nan) else {
      return nil
    }
    return
      "the queue was still growing when the last task was submitted: waits and completion times are those of "
      + "this length of run, and longer runs have greater ones"
  }
}

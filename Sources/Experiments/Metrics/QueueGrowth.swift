import Simulation

extension CellCurves {
  /// Whether more than a twentieth of the tasks waited at the last submission, and more than on average over
  /// the second half of the submissions.
  func isQueueGrowing(tasks: Double) -> Bool {
    guard let end = lastSubmit, tasks.isFinite, let begin = series.start.first, end > begin
    else { return false }
    let middle = begin + (end - begin) / 2
    var (waiting, span) = (0.0, 0.0)
    for (place, start) in series.start.enumerated() where start >= middle && start < end {
      waiting += series.waiting[place] * series.length[place]
      span += series.length[place]
    }
    return Double(waitingAtLastSubmit) > max(tasks / 20, 1.2 * waiting / max(span, 1e-9))
  }
}

extension SimulationReport {
  /// What has to be said of one run whose queue was still growing at the last submission; nil if it was not.
  public var growthNote: String? {
    guard CellCurves(self, isDrawn: false).isQueueGrowing(tasks: Double(total.submitted)) else {
      return nil
    }
    return
      "the queue was still growing when the last task was submitted: waits and completion times are those of "
      + "this length of run, and longer runs have greater ones"
  }
}

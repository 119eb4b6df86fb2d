import Workload

// Run times that are predicted from tasks that have ended.
extension Engine {
  /// Predicts the run time of a task that waits.
  func predict(_ view: inout TaskView) {
    guard isPredicted, let predictor else { return }
    guard let seconds = predictor.prediction(of: view, at: cluster.now), seconds.isFinite else {
      return
    }
    view.predicted = min(Microseconds(seconds: min(max(seconds, 1), 1e9)), view.estimate)
  }

  /// The task as the order of the queue sees it.
  @inline(__always)
  func inOrder(_ view: TaskView) -> TaskView {
    guard view.predicted.isKnown, options.predictionUse != .backfilling else { return view }
    return believing(view)
  }

  /// The task as backfilling sees it.
  @inline(__always)
  func backfilled(_ view: TaskView) -> TaskView {
    guard view.predicted.isKnown, options.predictionUse != .order else { return view }
    return believing(view)
  }

  private func believing(_ view: TaskView) -> TaskView {
    var view = view
    view.estimate = view.predicted
    return view
  }

  /// A task has ended: what its user has waiting is predicted anew, but where starts have been promised.
  mutating func learn(_ task: TaskView, work: Microseconds) {
    predictor?.learn(task, ran: work.seconds, at: cluster.now)
    guard !keepsPlan, options.mode == .central else { return }
    for index in pending.slots(limit: .max) where slots[index].view.user == task.user {
      let entry = queueEntry(index)
      var view = slots[index].view
      predict(&view)
      guard view.predicted != slots[index].view.predicted else { continue }
      let key = pending.key(inOrder(view))
      slots[index].view = view
      guard key != slots[index].key else { continue }
      pending.remove(entry, of: view.user)
      slots[index].key = key
      pending.insert(queueEntry(index), of: view.user)
    }
  }

  /// Reckons with running tasks that have outlived their predictions for as long again as they have run, but
  /// no longer than was asked for; see ``extendOverdue()`` for the step.
  mutating func correctPredictions() {
    guard predictor != nil, !keepsPlan, options.predictionUse != .order else { return }
    let now = cluster.now.rawValue
    var passed: [Int32] = []
    var cursor = ends.cursor(from: .min)
    while let place = cursor, ends[place].key <= now {
      passed.append(ends[place].value)
      cursor = ends.advance(place)
    }
    for index in passed {
      let since = slots[index].since.rawValue
      let asked = slots[index].view.estimate
      let limit = asked.isKnown ? since + asked.rawValue : .max
      let end = min(now + max(now - since, 1), limit)
      guard end > slots[index].plannedEnd else { continue }
      planEnd(of: index, at: end)
    }
  }
}

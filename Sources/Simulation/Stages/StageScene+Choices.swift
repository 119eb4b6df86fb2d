extension StageScene {
  /// Executors at a job, on the way to it or promised to it.
  public func share(of job: Int) -> Int { jobs[job].executors + jobs[job].coming }

  /// A job's candidate by the longest way to the job's end, ready ones first.
  func criticalCandidate(of job: Int) -> Int? {
    guard jobs[job].openStages > 0 else { return nil }
    var found: Int?
    for stage in jobs[job].stages where stages[stage].isCandidate {
      guard let other = found else {
        found = stage
        continue
      }
      let (a, b) = (stages[stage], stages[other])
      let isLonger = tables.kinds[a.kind].criticalPath > tables.kinds[b.kind].criticalPath
      if a.isReady != b.isReady ? a.isReady : isLonger { found = stage }
    }
    return found
  }

  /// All executors that wait stay at their job, where it has a candidate.
  func stay(_ followsCriticalPath: Bool = false) -> StageChoice? {
    guard let source else { return nil }
    let stage = followsCriticalPath ? criticalCandidate(of: source) : firstCandidate(of: source)
    return stage.map { StageChoice(stage: $0, executors: waiting) }
  }

  /// Executors for a job, so that it has no more than `limit`.
  func fill(_ job: Int, upTo limit: Int, _ followsCriticalPath: Bool = false) -> StageChoice? {
    let missing = limit - share(of: job)
    guard missing > 0 else { return nil }
    let stage = followsCriticalPath ? criticalCandidate(of: job) : firstCandidate(of: job)
    return stage.map { StageChoice(stage: $0, executors: missing) }
  }
}

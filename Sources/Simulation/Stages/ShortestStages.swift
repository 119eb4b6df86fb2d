import PortableMath

/// The job with the least work left first, with as many executors as it can take or up to a limit by its work.
struct ShortestStages: StagePolicy {
  /// Whether the stage with the longest way to the job's end is first; else the one that was ready first.
  var followsCriticalPath = false
  /// A job has at most √(work in seconds / this) executors; nil for no limit.
  var workPerSquare: Double?

  var name: String {
    if let workPerSquare { return "capped:\(workPerSquare)" }
    return followsCriticalPath ? "sjf-cp" : "sjf"
  }

  mutating func choose(_ scene: borrowing StageScene) -> StageChoice? {
    if let stay = scene.stay(followsCriticalPath) { return stay }
    var best: StageChoice?
    var least = Double.infinity
    for job in scene.active where scene.jobs[job].openStages > 0 {
      let work = scene.jobs[job].workLeft
      guard work < least, let choice = scene.fill(job, upTo: limit(job, scene), followsCriticalPath)
      else { continue }
      (best, least) = (choice, work)
    }
    return best
  }

  private func limit(_ job: Int, _ scene: borrowing StageScene) -> Int {
    guard let workPerSquare else { return scene.executors }
    let work = scene.tables.graphs[scene.jobs[job].graph].work / 1000
    return min(scene.executors, max(1, Int((work / workPerSquare).squareRoot())))
  }
}

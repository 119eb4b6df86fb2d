/// The job with the least work left first, and at most √(work left in seconds / parameter) executors a job: what a job
/// has above that, as its work becomes less, goes to others.
///
/// Executors that no other job below its limit can use stay with their job.
struct YieldingStages: StagePolicy {
  let workPerSquare: Double

  var name: String { "yielding:\(workPerSquare)" }

  mutating func choose(_ scene: borrowing StageScene) -> StageChoice? {
    let own = scene.source.flatMap { scene.firstCandidate(of: $0) }
    if let own, let source = scene.source {
      // Those to be placed are counted at the job.
      let missing = limit(source, scene) - (scene.share(of: source) - scene.waiting)
      if missing > 0 { return StageChoice(stage: own, executors: missing) }
    }
    var best: StageChoice?
    var least = Double.infinity
    for job in scene.active where job != scene.source && scene.jobs[job].openStages > 0 {
      let work = scene.jobs[job].workLeft
      guard work < least, let choice = scene.fill(job, upTo: limit(job, scene)) else { continue }
      (best, least) = (choice, work)
    }
    return best ?? own.map { StageChoice(stage: $0, executors: scene.waiting) }
  }

  private func limit(_ job: Int, _ scene: borrowing StageScene) -> Int {
    let work = scene.jobs[job].workLeft / 1000
    return min(scene.executors, max(1, Int((work / workPerSquare).squareRoot().rounded())))
  }
}

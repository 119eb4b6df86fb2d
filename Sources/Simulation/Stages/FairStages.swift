import PortableMath

/// Each job that could take more executors gets a share of them by a power of its work; 0 gives equal shares (the
/// "dynamic partition" of decima-sim), others the weighted fair scheduler of the Decima paper.
///
/// Executors stay with a job while it has anything for them. Others go to the jobs below their shares, by arrival.
struct FairStages: StagePolicy {
  let exponent: Double

  var name: String { exponent == 0 ? "fair" : "weighted-fair:\(exponent)" }

  mutating func choose(_ scene: borrowing StageScene) -> StageChoice? {
    if let stay = scene.stay() { return stay }
    var total = 0.0
    if exponent != 0 {
      for job in scene.active where scene.jobs[job].openStages > 0 { total += weight(job, scene) }
    }
    let equal = Double(scene.executors) / Double(max(1, scene.openJobs))
    for job in scene.active where scene.jobs[job].openStages > 0 {
      let share =
        exponent == 0 ? equal : Double(scene.executors) * weight(job, scene) / max(total, 1e-300)
      if let choice = scene.fill(job, upTo: Int(share.rounded(.up))) { return choice }
    }
    return nil
  }

  private func weight(_ job: Int, _ scene: borrowing StageScene) -> Double {
    exp(exponent * log(scene.tables.graphs[scene.jobs[job].graph].work))
  }
}

/// Jobs by arrival, each with as many executors as it can take.
struct FirstComeStages: StagePolicy {
  let name = "fifo"

  mutating func choose(_ scene: borrowing StageScene) -> StageChoice? {
    if let stay = scene.stay() { return stay }
    for job in scene.active {
      if let choice = scene.fill(job, upTo: scene.executors) { return choice }
    }
    return nil
  }
}

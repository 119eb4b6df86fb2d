/// What happens when a job comes, an executor arrives, or a task ends.
extension StageRun {
  mutating func come() {
    while nextJob < scene.jobs.count, scene.jobs[nextJob].arrival == scene.now {
      scene.active.append(nextJob)
      scene.openJobs += 1
      for stage in scene.jobs[nextJob].stages where scene.stages[stage].unfinishedParents == 0 {
        becomeReady(stage)
      }
      nextJob += 1
    }
    beginRound(free, at: nil)
    free = []
  }

  private mutating func becomeReady(_ stage: Int) {
    scene.stages[stage].since = readyCount
    readyCount += 1
  }

  /// Begins a round for executors that wait.
  private mutating func beginRound(_ executors: [Int], at job: Int?) {
    (placing, giver) = (executors, .pool)
    (scene.source, scene.waiting) = (job, executors.count)
  }

  mutating func arrive(_ executor: Int) {
    let target = workers[executor].target
    workers[executor].isMoving = false
    guard target >= 0 else { return fallBack(executor) }
    let job = scene.stages[target].job
    workers[executor].job = job
    scene.jobs[job].executors += 1
    scene.jobs[job].coming -= 1
    let hasTask = scene.stages[target].started < scene.stages[target].tasks
    if hasTask, scene.stages[target].isReady {
      changeRoom(target) { $0.moving -= 1 }
      heap.add(executor, at: start(executor, target))
    } else {
      changeRoom(target) { $0.moving -= 1 }
      if hasTask { wait(executor, at: job) } else { fallBack(executor) }
    }
  }

  mutating func endTask(_ executor: Int) {
    let stage = workers[executor].stage
    scene.stages[stage].finished += 1
    if scene.stages[stage].started < scene.stages[stage].tasks {
      heap.replaceFirst(executor, at: start(executor, stage))
      return
    }
    heap.removeFirst()
    let job = scene.stages[stage].job
    let isReadying = scene.stages[stage].finished == scene.stages[stage].tasks && finish(stage)
    placing.append(executor)
    if hasPromise(of: stage) {
      giver = .stage(stage)
      scene.source = job
      keep()
    } else if isReadying {
      placing.removeAll(keepingCapacity: true)
      wait(executor, at: job)
    } else {
      (scene.source, scene.waiting) = (job, scene.stages[stage].executors)
      giver = .stage(stage)
    }
    if isReadying {
      beginRound(idle[job], at: job)
      idle[job] = []
    }
    if scene.jobs[job].unfinishedStages == 0 { end(job) }
  }

  /// A stage has ended; returns whether that lets others begin.
  private mutating func finish(_ stage: Int) -> Bool {
    let job = scene.stages[stage].job
    scene.jobs[job].unfinishedStages -= 1
    var isReadying = false
    for child in scene.tables.kinds[scene.stages[stage].kind].children {
      let place = scene.jobs[job].stages.lowerBound + scene.tables.children[child]
      scene.stages[place].unfinishedParents -= 1
      guard scene.stages[place].unfinishedParents == 0 else { continue }
      isReadying = true
      becomeReady(place)
    }
    return isReadying
  }

  /// A job has ended: its executors are at none, and those on the way to it will find nothing.
  private mutating func end(_ job: Int) {
    scene.jobs[job].end = scene.now
    for executor in workers.indices {
      if workers[executor].isMoving {
        let target = workers[executor].target
        if target >= 0, scene.stages[target].job == job { workers[executor].target = -1 }
      } else if workers[executor].job == job {
        leave(executor)
      }
    }
    free += idle[job]
    idle[job] = []
    scene.active.removeAll { $0 == job }
    // The executor of the last task is to be placed still, from none.
    if scene.waiting > 0 { giver = .pool }
  }

  /// Nothing would happen any more: executors that wait take what there is.
  mutating func force() {
    var waiting = free
    free = []
    for job in scene.active {
      waiting += idle[job]
      idle[job] = []
    }
    report.forced += waiting.count
    for executor in waiting { fallBack(executor) }
  }
}

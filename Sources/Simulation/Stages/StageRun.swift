import Workload

/// A run that is under way.
struct StageRun {
  var scene: StageScene
  var report = StageSimulator.Report()
  let options: StageOptions
  let stream: RandomStream
  let watch: ((StageSimulator.Run) -> Void)?
  var heap = StageHeap()
  var promises = StagePromises()
  var workers: [Worker]
  /// Executors that wait at each job, in the order in which they came, and at none.
  var idle: [[Int]]
  var free: [Int]
  var nextJob = 0
  var readyCount = 0
  var busy = 0
  /// Executors to place now, and who promised them: the rest of a round goes by promises.
  var placing: [Int] = []
  var giver = Giver.pool
  var chosen: [Int] = []

  struct Worker {
    /// Where it is; -1 at none.
    var job = -1
    /// What it ran last and runs, if it did not wait since; -1 for nothing.
    var stage = -1
    /// Where it goes; -1 if that job has ended meanwhile.
    var target = -1
    var isMoving = false
  }

  /// Whose executors are placed in a round.
  enum Giver {
    /// Those that wait at a job, or are at none: all at once.
    case pool
    /// Those at a stage: when their tasks have ended.
    case stage(Int)
  }

  init(_ simulator: StageSimulator, _ jobs: [StageJob], _ watch: ((StageSimulator.Run) -> Void)?) {
    let tables = simulator.tables
    scene = StageScene(tables, movingDelay: simulator.options.movingDelay)
    (options, self.watch) = (simulator.options, watch)
    stream = RandomStream(seed: simulator.seed, name: "stages.tasks")
    workers = Array(repeating: Worker(), count: tables.executors)
    free = Array(0..<tables.executors)
    idle = Array(repeating: [], count: jobs.count)
    scene.jobs.reserveCapacity(jobs.count)
    for (number, job) in jobs.enumerated() {
      let graph = tables.graphs[job.graph]
      let first = scene.stages.count
      for kind in graph.kinds {
        let parents = tables.kinds[kind].parents
        scene.stages.append(
          StageScene.Stage(
            kind: kind, job: number, tasks: tables.kinds[kind].tasks, unfinishedParents: parents,
            openParents: parents))
      }
      scene.jobs.append(
        StageScene.Job(
          graph: job.graph, arrival: job.arrival, stages: first..<scene.stages.count,
          openStages: graph.kinds.count, startingStages: graph.kinds.count,
          unfinishedStages: graph.kinds.count, workLeft: graph.work, tasksLeft: graph.tasks))
    }
  }

  mutating func run(_ policy: inout some StagePolicy) -> StageSimulator.Report {
    while true {
      while scene.waiting > 0 { ask(&policy) }
      let arrival = nextJob < scene.jobs.count ? scene.jobs[nextJob].arrival : Int.max
      if let event = heap.first, event.time < arrival {
        scene.now = event.time
        if workers[event.executor].isMoving {
          heap.removeFirst()
          arrive(event.executor)
        } else {
          endTask(event.executor)
        }
      } else if arrival < .max {
        scene.now = arrival
        come()
      } else if !scene.active.isEmpty {
        force()
      } else {
        break
      }
    }
    report.ends = scene.jobs.map(\.end)
    let total = scene.jobs.reduce(0.0) { $0 + Double($1.end - $1.arrival) }
    report.meanCompletion = total / Double(max(scene.jobs.count, 1))
    let last = Double(report.ends.max() ?? 0)
    report.use = last > 0 ? Double(busy) / (last * Double(workers.count)) : 0
    return report
  }

  // MARK: - Decisions

  mutating func ask(_ policy: inout some StagePolicy) {
    report.decisions += 1
    var target = -1
    var count = scene.waiting
    if let choice = policy.choose(scene) {
      precondition(
        scene.stages.indices.contains(choice.stage) && scene.stages[choice.stage].isCandidate
          && choice.executors > 0, "a policy chooses a candidate, and at least one executor")
      target = choice.stage
      count = min(count, choice.executors, scene.stages[target].room)
      scene.stages[target].isChosen = true
      chosen.append(target)
    }
    scene.waiting -= count
    promises.add(target, count, of: giverNumber)
    if target >= 0 {
      let job = scene.stages[target].job
      if scene.source != job { scene.jobs[job].coming += count }
      changeRoom(target) { $0.promised += count }
    }
    guard scene.waiting == 0 else { return }
    for stage in chosen { scene.stages[stage].isChosen = false }
    chosen.removeAll(keepingCapacity: true)
    keep()
  }

  var giverNumber: Int {
    if case .stage(let stage) = giver { return stage }
    return -1
  }

  /// Sends the executors that are to be placed where they are promised.
  mutating func keep() {
    let giver = giverNumber
    var place = 0
    while place < placing.count, let target = takePromise(of: giver) {
      send(placing[place], to: target)
      place += 1
    }
    placing.removeAll(keepingCapacity: true)
  }

  /// The next promise of a stage, or of the executors that waited (-1): a stage, or -1 for waiting; nil if there is none.
  mutating func takePromise(of giver: Int) -> Int? {
    guard hasPromise(of: giver) else { return nil }
    let target = promises.take(of: giver)
    guard target >= 0 else { return target }
    let job = scene.stages[target].job
    let from = giver >= 0 ? scene.stages[giver].job : scene.source
    if from != job { scene.jobs[job].coming -= 1 }
    changeRoom(target) { $0.promised -= 1 }
    return target
  }

  /// Whether executors of it are promised; promises to jobs that have ended are void.
  mutating func hasPromise(of giver: Int) -> Bool {
    while let target = promises.first(of: giver) {
      if target < 0 || scene.jobs[scene.stages[target].job].end < 0 { return true }
      promises.drop(of: giver)
    }
    return false
  }

  mutating func send(_ executor: Int, to target: Int) {
    let job = workers[executor].job
    guard target >= 0 else {
      let stays = job >= 0 && scene.jobs[job].startingStages > 0
      return wait(executor, at: stays ? job : -1)
    }
    guard scene.stages[target].started < scene.stages[target].tasks else {
      return fallBack(executor)
    }
    if job != scene.stages[target].job {
      move(executor, to: target)
    } else if scene.stages[target].isReady {
      heap.add(executor, at: start(executor, target))
    } else {
      wait(executor, at: job)
    }
  }

  /// Where an executor goes that has nothing to do where it was sent.
  mutating func fallBack(_ executor: Int) {
    let job = workers[executor].job
    if job >= 0 {
      var (found, since) = (-1, Int.max)
      for stage in scene.jobs[job].stages
      where scene.stages[stage].isOpen && scene.stages[stage].since < since {
        (found, since) = (stage, scene.stages[stage].since)
      }
      if found >= 0 { return heap.add(executor, at: start(executor, found)) }
    }
    for other in scene.active where scene.jobs[other].openStages > 0 {
      for stage in scene.jobs[other].stages where scene.stages[stage].isCandidate {
        return move(executor, to: stage)
      }
    }
    wait(executor, at: job)
  }

  mutating func move(_ executor: Int, to stage: Int) {
    leave(executor)
    workers[executor].isMoving = true
    workers[executor].target = stage
    scene.jobs[scene.stages[stage].job].coming += 1
    changeRoom(stage) { $0.moving += 1 }
    report.moves += 1
    heap.add(executor, at: scene.now + options.movingDelay)
  }

  mutating func wait(_ executor: Int, at job: Int) {
    if job < 0 {
      leave(executor)
      free.append(executor)
    } else {
      leaveStage(executor)
      idle[job].append(executor)
    }
  }

  mutating func leaveStage(_ executor: Int) {
    let stage = workers[executor].stage
    if stage >= 0 { scene.stages[stage].executors -= 1 }
    workers[executor].stage = -1
  }

  mutating func leave(_ executor: Int) {
    leaveStage(executor)
    if workers[executor].job >= 0 { scene.jobs[workers[executor].job].executors -= 1 }
    workers[executor].job = -1
  }

  /// Begins a task; returns when it ends.
  mutating func start(_ executor: Int, _ stage: Int) -> Int {
    let job = scene.stages[stage].job
    let task = scene.stages[stage].started
    let kind = scene.tables.kinds[scene.stages[stage].kind]
    let old = workers[executor].stage
    let wave = old == stage ? 2 : old >= 0 ? 1 : 0
    if old != stage {
      leaveStage(executor)
      workers[executor].stage = stage
      scene.stages[stage].executors += 1
    }
    let number = stage - scene.jobs[job].stages.lowerBound
    let word = stream.at(UInt64(job)).word(UInt64(number) << 32 | UInt64(task))
    let time = scene.tables.time(kind, executors: scene.jobs[job].executors, wave, word)
    busy += time
    report.tasks += 1
    changeRoom(stage) { $0.started += 1 }
    if task + 1 == kind.tasks { scene.jobs[job].startingStages -= 1 }
    scene.jobs[job].workLeft -= kind.mean
    scene.jobs[job].tasksLeft -= 1
    watch?(
      .init(
        job: job, stage: number, executor: executor, start: scene.now, end: scene.now + time,
        wave: wave, executors: scene.jobs[job].executors))
    return scene.now + time
  }

  /// Changes how many executors a stage could take, and what hangs on whether it could take any.
  @inline(__always)
  mutating func changeRoom(_ stage: Int, _ change: (inout StageScene.Stage) -> Void) {
    let was = scene.stages[stage].isOpen
    change(&scene.stages[stage])
    let isOpen = scene.stages[stage].isOpen
    if was != isOpen { changeOpen(stage, by: isOpen ? 1 : -1) }
  }

  mutating func changeOpen(_ stage: Int, by change: Int) {
    let job = scene.stages[stage].job
    scene.jobs[job].openStages += change
    let open = scene.jobs[job].openStages
    if open == 0 { scene.openJobs -= 1 } else if open == 1, change == 1 { scene.openJobs += 1 }
    for child in scene.tables.kinds[scene.stages[stage].kind].children {
      let place = scene.jobs[job].stages.lowerBound + scene.tables.children[child]
      scene.stages[place].openParents += change
    }
  }
}

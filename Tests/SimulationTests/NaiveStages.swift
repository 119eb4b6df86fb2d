import Workload

@testable import Simulation

/// The mechanism of ``StageSimulator`` once more, for plainness: objects, lists that are searched, nothing kept up to date
/// that can be counted.
final class NaiveStages {
  final class Stage {
    let kind: Int
    let number: Int
    unowned let job: Job
    var (started, finished) = (0, 0)
    var parents: [Stage] = []
    var readySince: Int?
    init(_ kind: Int, _ number: Int, _ job: Job) {
      (self.kind, self.number, self.job) = (kind, number, job)
    }
  }

  final class Job {
    let arrival: Int
    let number: Int
    let graph: Int
    var end = -1
    var stages: [Stage] = []
    init(_ given: StageJob, _ number: Int) {
      (arrival, graph, self.number) = (given.arrival, given.graph, number)
    }
  }

  final class Executor {
    let number: Int
    var job: Job?
    /// What it ran last, if it did not wait since.
    var stage: Stage?
    var target: Stage?
    var isMoving = false
    init(_ number: Int) { self.number = number }
  }

  /// A promise of one executor of a stage, or of a pool (nil).
  private struct Promise {
    var giver: Stage?
    var from: Job?
    /// Nil for waiting.
    var target: Stage?
  }

  private struct Event {
    var time: Int
    var order: Int
    var executor: Executor
  }

  private let simulator: StageSimulator
  private let stream: RandomStream
  private var now = 0
  private var count = 0
  private var readyCount = 0
  private(set) var jobs: [Job] = []
  private var present: [Job] = []
  private var executors: [Executor]
  private var events: [Event] = []
  private var promises: [Promise] = []
  private var pools: [(job: Job?, executor: Executor)] = []
  private var chosen: [Stage] = []
  private(set) var runs: [StageSimulator.Run] = []

  init(_ simulator: StageSimulator, _ list: [StageJob]) {
    self.simulator = simulator
    stream = RandomStream(seed: simulator.seed, name: "stages.tasks")
    executors = (0..<simulator.tables.executors).map { Executor($0) }
    let tables = simulator.tables
    for (number, given) in list.enumerated() {
      let job = Job(given, number)
      let kinds = tables.graphs[given.graph].kinds
      job.stages = kinds.map { Stage($0, $0 - kinds.lowerBound, job) }
      for (stage, kind) in zip(job.stages, kinds) {
        for child in tables.kinds[kind].children {
          job.stages[tables.children[child]].parents.append(stage)
        }
      }
      jobs.append(job)
    }
    pools = executors.map { (nil, $0) }
  }

  private func tasks(_ stage: Stage) -> Int { simulator.tables.kinds[stage.kind].tasks }
  private func coming(_ stage: Stage) -> Int {
    executors.count { $0.isMoving && $0.target === stage }
  }
  private func promised(_ stage: Stage) -> Int { promises.count { $0.target === stage } }
  private func room(_ stage: Stage) -> Int {
    tasks(stage) - stage.started - coming(stage) - promised(stage)
  }
  private func isReady(_ stage: Stage) -> Bool {
    stage.parents.allSatisfy { $0.finished == tasks($0) }
  }
  private func isCandidate(_ stage: Stage) -> Bool {
    room(stage) > 0 && stage.parents.allSatisfy { room($0) <= 0 }
      && !chosen.contains { $0 === stage }
  }

  func run(_ policy: some StagePolicy) {
    var policy = policy
    var left = jobs[...]
    while true {
      let event = events.min { ($0.time, $0.order) < ($1.time, $1.order) }
      if let job = left.first, job.arrival <= event?.time ?? .max {
        now = job.arrival
        while let other = left.first, other.arrival == now {
          present.append(left.removeFirst())
          for stage in other.stages where stage.parents.isEmpty { markReady(stage) }
        }
        round(pools.filter { $0.job == nil }.map(\.executor), nil, nil, &policy)
      } else if let event {
        now = event.time
        events.removeAll { $0.order == event.order }
        if event.executor.isMoving {
          arrive(event.executor)
        } else {
          endTask(event.executor, &policy)
        }
      } else if present.isEmpty {
        return
      } else {
        let waiting =
          pools.filter { $0.job == nil }
          + present.flatMap { job in pools.filter { $0.job === job } }
        pools = []
        for (_, executor) in waiting { fallBack(executor) }
      }
    }
  }

  private func markReady(_ stage: Stage) {
    stage.readySince = readyCount
    readyCount += 1
  }

  /// Asks where executors go. Those of a stage are more than the one that is sent now.
  private func round(
    _ sent: [Executor], _ giver: Stage?, _ source: Job?, _ policy: inout some StagePolicy,
    of total: Int? = nil
  ) {
    pools.removeAll { place in sent.contains { $0 === place.executor } }
    var waiting = total ?? sent.count
    while waiting > 0 {
      var number = waiting
      var target: Stage?
      if let choice = policy.choose(scene(source, waiting)) {
        target = jobs.flatMap(\.stages)[choice.stage]
        number = min(waiting, choice.executors, room(target!))
        chosen.append(target!)
      }
      promises += Array(
        repeating: Promise(giver: giver, from: source, target: target), count: number)
      waiting -= number
    }
    chosen = []
    for executor in sent {
      if let place = promises.firstIndex(where: { $0.giver === giver }) {
        send(executor, promises.remove(at: place).target)
      }
    }
  }

  private func send(_ executor: Executor, _ target: Stage?) {
    guard let target else {
      let stays = executor.job?.stages.contains { $0.started < tasks($0) } ?? false
      return wait(executor, stays ? executor.job : nil)
    }
    if target.started == tasks(target) {
      fallBack(executor)
    } else if executor.job !== target.job {
      move(executor, target)
    } else if isReady(target) {
      start(executor, target)
    } else {
      wait(executor, executor.job)
    }
  }

  private func wait(_ executor: Executor, _ job: Job?) {
    (executor.job, executor.stage) = (job, nil)
    pools.append((job, executor))
  }

  private func move(_ executor: Executor, _ target: Stage) {
    (executor.job, executor.stage, executor.target) = (nil, nil, target)
    executor.isMoving = true
    add(executor, now + simulator.options.movingDelay)
  }

  private func add(_ executor: Executor, _ time: Int) {
    count += 1
    events.append(Event(time: time, order: count, executor: executor))
  }

  private func fallBack(_ executor: Executor) {
    let ready = executor.job?.stages.filter { $0.readySince != nil && room($0) > 0 } ?? []
    if let stage = ready.min(by: { $0.readySince! < $1.readySince! }) {
      return start(executor, stage)
    }
    if let stage = present.flatMap(\.stages).first(where: isCandidate) {
      return move(executor, stage)
    }
    wait(executor, executor.job)
  }

  private func start(_ executor: Executor, _ stage: Stage) {
    let wave = executor.stage === stage ? 2 : executor.stage != nil ? 1 : 0
    let here = executors.count { $0.job === stage.job }
    let word = stream.at(UInt64(stage.job.number))
      .word(UInt64(stage.number) << 32 | UInt64(stage.started))
    let time = simulator.tables.time(
      simulator.tables.kinds[stage.kind], executors: here, wave, word)
    executor.stage = stage
    stage.started += 1
    add(executor, now + time)
    runs.append(
      .init(
        job: stage.job.number, stage: stage.number, executor: executor.number, start: now,
        end: now + time, wave: wave, executors: here))
  }

  private func arrive(_ executor: Executor) {
    executor.isMoving = false
    guard let target = executor.target, target.job.end < 0 else { return fallBack(executor) }
    executor.job = target.job
    if target.started == tasks(target) {
      fallBack(executor)
    } else if isReady(target) {
      start(executor, target)
    } else {
      wait(executor, target.job)
    }
  }

  private func endTask(_ executor: Executor, _ policy: inout some StagePolicy) {
    let stage = executor.stage!
    let job = stage.job
    stage.finished += 1
    if stage.started < tasks(stage) { return start(executor, stage) }
    let readied =
      stage.finished < tasks(stage)
      ? []
      : job.stages.filter { child in
        child.parents.contains { $0 === stage } && isReady(child)
      }
    for child in readied { markReady(child) }
    let isOver = job.stages.allSatisfy { $0.finished == tasks($0) }
    // What was promised to jobs that have ended is void.
    promises.removeAll { $0.target.map { $0.job.end >= 0 } ?? false }
    let place = promises.firstIndex { $0.giver === stage }
    let crowd = executors.count { $0.stage === stage }
    if let place {
      send(executor, promises.remove(at: place).target)
    } else if !readied.isEmpty {
      wait(executor, job)
    }
    if isOver {
      job.end = now
      present.removeAll { $0 === job }
      for other in executors where other.job === job && !other.isMoving {
        (other.job, other.stage) = (nil, nil)
      }
      pools =
        pools.filter { $0.job !== job } + pools.filter { $0.job === job }.map { (nil, $0.executor) }
    }
    if !readied.isEmpty {
      round(pools.filter { $0.job === job }.map(\.executor), nil, job, &policy)
    } else if place == nil {
      // Of a job that has ended only this one is left, and it is at none.
      round([executor], isOver ? nil : stage, job, &policy, of: crowd)
    }
  }

  /// What the policy sees, counted anew.
  private func scene(_ source: Job?, _ waiting: Int) -> StageScene {
    var scene = StageScene(simulator.tables, movingDelay: simulator.options.movingDelay)
    scene.now = now
    scene.active = present.map(\.number)
    (scene.source, scene.waiting) = (source?.number, waiting)
    for job in jobs {
      let first = scene.stages.count
      for stage in job.stages {
        var state = StageScene.Stage(
          kind: stage.kind, job: job.number, tasks: tasks(stage),
          unfinishedParents: stage.parents.count { $0.finished < tasks($0) },
          openParents: stage.parents.count { room($0) > 0 })
        (state.started, state.finished) = (stage.started, stage.finished)
        (state.moving, state.promised) = (coming(stage), promised(stage))
        state.since = stage.readySince ?? .max
        state.isChosen = chosen.contains { $0 === stage }
        scene.stages.append(state)
      }
      let kinds = simulator.tables.kinds
      var state = StageScene.Job(
        graph: job.graph, arrival: job.arrival, end: job.end, stages: first..<scene.stages.count,
        openStages: job.stages.count { room($0) > 0 },
        startingStages: job.stages.count { $0.started < tasks($0) },
        unfinishedStages: job.stages.count { $0.finished < tasks($0) },
        workLeft: 0, tasksLeft: 0)
      for stage in job.stages {
        state.workLeft += Double(tasks(stage) - stage.started) * kinds[stage.kind].mean
      }
      state.executors = executors.count { $0.job === job && !$0.isMoving }
      state.coming =
        executors.count { $0.isMoving && $0.target?.job === job }
        + promises.count { $0.target?.job === job && $0.from !== job }
      scene.jobs.append(state)
    }
    scene.openJobs = present.count { job in job.stages.contains { room($0) > 0 } }
    return scene
  }
}

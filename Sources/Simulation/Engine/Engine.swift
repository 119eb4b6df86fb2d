import Workload

/// One run: tasks are pushed in, in order of submission, and results come out.
///
/// Events are ordered by time. At one instant, tasks end first, in the order in which they were
/// started; then machines come and go; then tasks arrive; then the queue is offered to the policy.
struct Engine: ~Copyable {
  var cluster: Cluster
  /// The machines as the policy sees them, where that is not the present.
  var seen: Cluster
  /// Machines that have changed since the policy last saw them.
  var unseen: [Int] = []
  var isUnseen: [Bool]
  var policy: any PlacementPolicy
  var rng: RandomStream
  let options: SimulationOptions
  var slots = TaskSlots()
  var pending: WaitingQueue
  /// What has arrived since the queue was last offered.
  var fresh: [OrderedIndex.Entry] = []
  /// Running instances by their planned ends; kept only where backfilling reckons with them.
  var ends = OrderedIndex()
  /// The head that stays the head until it starts, and the time before which others must end; -1 for none.
  var bound: Int32 = -1
  var shadow: HeadPromise?
  /// Scores the waiting tasks, in an order that changes with time.
  var scorer: (any QueueScorer)?
  /// Whether there is one: to ask it itself is to copy it.
  private(set) var isScored = false
  /// What it is shown, and what it says, where it weighs tasks together.
  var scene = QueueScene()
  var scores: [Double] = []
  /// Predicts run times from tasks that have ended.
  var predictor: (any RunTimePredictor)?
  private(set) var isPredicted = false
  /// What waiting tasks have been promised by conservative backfilling.
  var plan = PromisePlan()
  /// Whether decisions are about which waiting task goes next, not only where the first one goes.
  let isBatch: Bool
  /// Whether tasks start as their trace says; then the queue is in the order of these starts.
  let followsRecord: Bool
  /// Machines by their numbers, where that is needed.
  let machineOf: [Int64: Int32]
  /// The head of the queue has said wait, and nothing has changed since.
  var headWaits = false
  /// Where the queue's meeting with the policy stands, which may stop at any decision.
  var offering = Offering()
  /// What EASY backfilling has promised to the head of the queue. Not in ``offering``, all of which would be
  /// copied with it wherever it is looked at.
  var headPromise: HeadPromise?
  /// The passage through the queue of conservative backfilling.
  var pass = PromisePass()
  var heap = EventHeap()
  /// Whether each machine is there, failures apart.
  var isPresent: [Bool]
  var isFailed: [Bool]
  let failures: RandomStream
  var gateways: RandomStream
  /// How many draws each machine has made from it.
  var failureCounts: [UInt32] = []
  let changes: [AvailabilityEvent]
  var nextChange = 0
  var prospects: Prospects
  /// Each machine's running tasks; empty lists where `keepsRunningLists` is false.
  var runningLists: [SlotList]
  let keepsRunningLists: Bool
  /// Whether waiting tasks are promised their starts: conservative backfilling of a central queue.
  let keepsPlan: Bool
  /// Whether some task's run times are given machine by machine.
  let hasRunTimes: Bool
  /// Whether there are delays of a network.
  let hasNetwork: Bool
  /// Whether the policy wants to know which of its answers came to nothing.
  let tellsOfDeclined: Bool
  /// Whether it matters when running tasks should end.
  let foreseesEnds: Bool
  /// Each machine's queue, in dispatch mode.
  var queues: [SlotList]
  var accounts: Accounts
  var dependencies: DependencyState
  let constraints: ConstraintTable
  let deviceTable: DeviceTable
  /// Whether tasks may be kept from machines, by constraints or for want of devices.
  let isConstrained: Bool
  /// With devices, the row of allowed machines for each set of constraints and request of devices.
  var eligibilityOfPair: [SIMD2<Int32>: Int32] = [:]
  /// The devices that the task of each slot holds, or held last; with devices only.
  var heldDevices: [DeviceSet] = []
  /// How devices stood at the last submission; nil until then, and without devices.
  var deviceReport: DeviceReport?
  /// For each set of constraints its row of allowed machines in the cluster; -1 until it is needed.
  var eligibilityOf: [Int32]
  var auditing = AuditState()
  let unmodelled: Set<RunRemarks.Unmodelled>
  var meter: EnergyMeter
  var fragmentation: FragmentationMeter
  /// The limit that has been exceeded: the run cannot go on.
  private var exhausted: SimulationError?
  private var isExhausted = false
  /// Results not yet handed over.
  var results: [TaskResult] = []
  /// Where the instances of gangs among them were, their first ones apart.
  var places: [InstancePlace] = []
  /// Nothing is left to do at this instant.
  var isSettled = false
  private var stage = Stage.ready
  /// When the task arrives that is on its way; only while its arrival is being reached.
  private var arrivalTime = Microseconds.zero
  var arrivals: UInt64 = 0
  private var lastSubmit = Microseconds.zero
  /// Whether the run was ended before its end: those who wait are not lost.
  private var isAbandoned = false
  /// When accounting of use is to begin and to end; `never` once it has.
  private var accountsStart = Microseconds.never
  private var accountsEnd = Microseconds.never

  init(
    _ layout: ClusterLayout, policy: any PlacementPolicy, options: SimulationOptions, seed: UInt64,
    dependencies: DependencyTable, constraints: ConstraintTable,
    devices: DeviceTable, choosesTasks: Bool
  ) {
    self.constraints = constraints
    deviceTable = devices
    isConstrained = !constraints.isEmpty || !devices.isEmpty
    followsRecord = policy.followsRecord
    machineOf = policy.followsRecord ? Self.machinesByNumber(layout) : [:]
    eligibilityOf = Array(repeating: -1, count: constraints.setCount)
    // A recorded start tells when its predecessors had ended.
    self.dependencies = DependencyState(
      policy.followsRecord ? DependencyTable() : dependencies)
    cluster = Cluster(layout, mode: options.mode, overcommit: options.overcommit)
    seen = Cluster(
      options.heartbeat > .zero ? layout : ClusterLayout(), mode: options.mode,
      overcommit: options.overcommit)
    if !devices.isEmpty { cluster.devices = DeviceState(devices, layout) }
    cluster.delivery.network = options.network
    cluster.delivery.runTimes = dependencies.runTimes
    seen.delivery = cluster.delivery
    self.policy = policy
    rng = RandomStream(seed: seed, name: "policy")
    var options = options
    if let order = policy.queueOrder { options.order = .rule(order) }
    self.options = options
    hasNetwork = options.network != nil
    tellsOfDeclined = policy.wantsDeclined
    hasRunTimes = !dependencies.runTimes.isEmpty
    pending = WaitingQueue(options.order)
    var made: (any QueueScorer)?
    if case .rule(let rule) = options.order, case .changing(let make) = rule.kind { made = make() }
    let showsEnds = made?.weighsTogether ?? false
    scorer = made
    scene.backfilling = options.backfilling
    isScored = made != nil
    predictor = options.prediction?.make()
    isPredicted = predictor != nil
    isBatch = choosesTasks
    changes = layout.events
    prospects = Prospects(layout)
    // Beside queues at machines nobody can be promised anything. In constants of their own: what captures
    // a part of an instance that is still being made was destroyed too early in release builds (Swift
    // 6.3.1).
    let plans = options.backfilling == .conservative && options.mode == .central
    let listsRunning =
      plans || !layout.events.isEmpty || options.failures != nil || options.audit
      || options.preemption != nil
    keepsPlan = plans
    foreseesEnds =
      plans || showsEnds || options.backfilling == .easy || options.backfilling == .shadow
    keepsRunningLists = listsRunning
    runningLists = Array(repeating: SlotList(), count: listsRunning ? cluster.count : 0)
    queues = Array(repeating: SlotList(), count: options.mode == .dispatch ? cluster.count : 0)
    accounts = Accounts(options)
    if policy.followsRecord { accounts.remarks.recorded = .init() }
    if predictor != nil { accounts.remarks.predictedAlone = 0 }
    if policy.needsDevices, devices.isEmpty { accounts.remarks.lacksDevices = policy.name }
    isUnseen = Array(repeating: false, count: seen.count)
    isPresent = layout.machines.map(\.isUp)
    isFailed = Array(repeating: false, count: layout.machines.count)
    failures = RandomStream(seed: seed, name: "failures")
    gateways = RandomStream(seed: seed, name: "gateways")
    unmodelled = layout.unmodelled
    meter = EnergyMeter(layout, alwaysOn: options.alwaysOn)
    fragmentation = FragmentationMeter(seed: seed)
    accountsStart = options.accountsFrom
    if accountsStart == .zero { beginAccounts() }
    self.policy.runBegan(on: cluster)
    scheduleFailures()
  }

  /// Whether anything was left to chance so far.
  var drewChance: Bool { rng.hasDrawn || gateways.hasDrawn || options.failures != nil }

  /// What the run is doing when it stops.
  private enum Stage {
    /// It waits for the next task.
    case ready
    /// It runs up to the arrival of the task that comes.
    case reaching
    /// All tasks have come; it runs on until nothing more happens.
    case draining
    case over
  }

  /// Why the run has stopped.
  enum Stop {
    /// A decision is due: ``Offering/question`` says which.
    case decision
    /// The next task is due.
    case task
    /// The task that is on its way is there.
    case arrival
    /// Many results wait to be taken.
    case results
    case end
  }

  /// How many results may wait to be taken.
  private static var resultLimit: Int { 1024 }

  /// The task that comes next. False if that is after the run's end: then ``close()`` is due.
  ///
  /// Where the run must reach its arrival first, whoever submits it keeps it until ``Stop/arrival``: to keep it
  /// here would be to copy it twice more.
  mutating func submit(_ record: UnsafePointer<TaskRecord>) throws(SimulationError) -> Bool {
    let submit = record.pointee.submit
    guard submit >= lastSubmit else {
      throw .outOfOrder(record.pointee.id, submit: submit, previous: lastSubmit)
    }
    guard submit <= options.until, submit.isKnown else { return false }
    lastSubmit = submit
    arrivalTime = stepped(submit)
    if arrivalTime > cluster.now || options.takesEventsOneByOne {
      stage = .reaching
    } else {
      arrive(record)
    }
    return true
  }

  /// No more tasks will come.
  mutating func close() {
    guard stage != .draining, stage != .over else { return }
    stage = .draining
    if options.accountsTail.isKnown, accounts.submissions > 0 {
      accountsEnd = min(stepped(lastSubmit) + options.accountsTail, options.until)
    }
    dropAbsentPredecessors()
    isSettled = false
  }

  /// Goes on until something is due. A decision that is open must have been answered.
  ///
  /// - Throws: where a limit of the options is exceeded.
  mutating func proceed() throws(SimulationError) -> Stop {
    while true {
      if isExhausted, let exhausted { throw exhausted }
      switch stage {
      case .ready: return results.count < Self.resultLimit ? .task : .results
      case .reaching:
        // All before the arrival happens and, at it, ends and availability.
        if settle() { return .decision }
        if let next = nextInstant, next < arrivalTime {
          step(to: next)
        } else {
          step(to: arrivalTime, onlyClock: options.takesEventsOneByOne)
          return .arrival
        }
      case .draining:
        if settle() { return .decision }
        if cluster.devices.isOn, deviceReport == nil { deviceReport = cluster.deviceReport() }
        if isUnderWay, let next = nextInstant, next <= options.until {
          step(to: next)
        } else {
          giveUpRest()
        }
      case .over: return .end
      }
      if results.count >= Self.resultLimit { return .results }
    }
  }

  /// Ends the run as it stands, if it is not over: an open decision is never made.
  mutating func abandon() {
    guard stage != .over else { return }
    withdrawQuestion()
    isAbandoned = true
    giveUpRest()
  }

  private mutating func step(to time: Microseconds, onlyClock: Bool = false) {
    moveClock(to: time)
    if !isStepped, !onlyClock { happen() }
    let limit = options.maximumFailures + 1000 * accounts.submissions
    if accounts.failures > limit { exhaust(.tooManyFailures(limit, time: cluster.now)) }
  }

  /// The task that was submitted arrives.
  mutating func arrive(_ record: UnsafePointer<TaskRecord>) {
    stage = .ready
    accounts.submitted(at: record.pointee.submit)
    if accounts.submissions == 1 { begin() }
    accounts.events += 1
    admit(record)
  }

  mutating func exhaust(_ error: SimulationError) {
    exhausted = error
    isExhausted = true
  }

  /// Whether anything can still come of the tasks in flight. Machines may fail for ever; what waits
  /// for a predecessor that never came does not count.
  private var isUnderWay: Bool {
    accounts.waiting > 0 || cluster.totalRunning > 0 || dependencies.scheduled > 0
  }

  /// When something happens next, arrivals apart; nil if nothing does.
  private var nextInstant: Microseconds? {
    let end = heap.nextTime
    let change = nextChange < changes.count ? changes[nextChange].time.rawValue : .max
    var next = stepped(Microseconds(min(end, change)))
    // What a step has freed is offered at the next.
    if isStepped, !headWaits, !pending.isEmpty { next = min(next, cluster.now + options.step) }
    if let start = nextRecordedStart { next = min(next, stepped(start)) }
    if keepsPlan {
      // A promised start is between two ends or arrivals as often as not. It is vain only if a task is
      // then found to be overdue, which happens to each a logarithmic number of times.
      next = min(next, stepped(Microseconds(plan.wake(after: cluster.now.rawValue))))
    }
    if isStale, !pending.isEmpty, !unseen.isEmpty {
      // Whoever waits may be placed by the next view.
      let age = Microseconds(cluster.now.rawValue % options.heartbeat.rawValue)
      next = min(next, stepped(cluster.now + (options.heartbeat - age)))
    }
    return next.isKnown ? next : nil
  }

  var isStepped: Bool { options.step > .zero }

  /// The first step that is not before `time`; `time` itself on the continuous clock.
  private func stepped(_ time: Microseconds) -> Microseconds {
    guard isStepped, time.isKnown else { return time }
    let past = time.rawValue % options.step.rawValue
    return past == 0 ? time : time + (options.step - Microseconds(past))
  }

  private mutating func moveClock(to time: Microseconds) {
    if accountsStart <= time {
      pass(to: accountsStart)
      beginAccounts()
    }
    if accountsEnd <= time {
      pass(to: accountsEnd)
      endAccounts()
    }
    pass(to: time)
    isSettled = false
  }

  private mutating func pass(to time: Microseconds) {
    if isStale { lookIfDue(by: time) }
    accounts.advance(to: time, cluster, fragmentation.stranded)
    cluster.now = time
  }

  /// The first task has come.
  private mutating func begin() {
    cluster.begin()
    if isStale { (seen.emptySince, seen.hasBegun) = (cluster.emptySince, true) }
    guard !options.accountsFrom.isKnown else { return }
    accountsStart = accounts.firstSubmit + options.warmUp
    if accountsStart <= cluster.now { beginAccounts() }
  }

  private mutating func beginAccounts() {
    accountsStart = .never
    accounts.beginWindow()
    meter.begin(at: cluster.now)
  }

  private mutating func endAccounts() {
    accountsEnd = .never
    for machine in 0..<cluster.count { meter.read(machine, cluster) }
    accounts.endWindow()
    meter.end()
  }

  /// Lets happen what is due now: tasks end, then machines come and go.
  private mutating func happen() {
    let now = cluster.now.rawValue
    while heap.nextTime <= now, !heap.isEmpty {
      let event = heap.pop()
      accounts.events += 1
      switch event.kind {
      case .finish:
        // An event that its task no longer knows of is out of date: the task was evicted.
        if slots[event.subject].state == .running,
          slots[event.subject].finishSequence == event.sequence
        {
          finish(event.subject)
        }
      case .release:
        dependencies.scheduled -= 1
        letGo(event.subject)
      case .fail: fail(Int(event.subject))
      case .repair: repair(Int(event.subject))
      }
      if options.takesEventsOneByOne { return }
    }
    while nextChange < changes.count, changes[nextChange].time.rawValue <= now {
      accounts.events += 1
      change(nextChange)
      nextChange += 1
    }
  }

  /// Offers the queue until nothing more happens at this instant. Whether it stopped at a decision.
  private mutating func settle() -> Bool {
    if offering.stage == .closed {
      guard !isSettled else { return false }
      cancelDoomed()
      isSettled = true
      offering.stage = .opening
    }
    while true {
      if offerPending() { return true }
      if options.audit { inspectWaiting() }
      if isStepped {
        happen()
        return false
      }
      // Tasks of no length end at once and may make room.
      guard heap.nextTime == cluster.now.rawValue, !options.takesEventsOneByOne else {
        return false
      }
      happen()
      offering.stage = .opening
    }
  }

  /// The run is over: what is under way ends as unfinished, in order of arrival.
  private mutating func giveUpRest() {
    stage = .over
    if options.audit, !isAbandoned, nextInstant == nil, cluster.totalRunning == 0 { inspectLost() }
    if options.until.isKnown, options.until > cluster.now, slots.count > 0 {
      moveClock(to: options.until)
    }
    if accountsEnd.isKnown { moveClock(to: max(accountsEnd, cluster.now)) }
    // Nobody goes on because of an end that is none.
    dependencies = DependencyState(DependencyTable())
    for index in slots.inOrderOfArrival() {
      switch slots[index].state {
      case .running: release(index)
      case .queued: leaveQueue(index)
      case .pending: stopWaiting(index)
      case .held, .released: break
      case .free: continue
      }
      conclude(index, .unfinished)
    }
    for machine in 0..<cluster.count { meter.read(machine, cluster) }
  }
}

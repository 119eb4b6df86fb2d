import Workload

// A record arrives, and its tasks come to wait or are turned away.
extension Engine {
  /// A record arrives: one task, or its instances as so many.
  mutating func admit(_ record: UnsafePointer<TaskRecord>) {
    isSettled = false
    var view = TaskView(record.pointee)
    let leftOut = unmodelled.isEmpty ? [] : leaveOutUnmodelled(&view)
    let instances = split(record, &view)
    if options.gateways { view.gateway = drawGateway() }
    // Absurdly many are refused as one.
    let count = Ranges.instances.contains(Int64(instances)) ? instances : 1
    dependencies.began(view.id, instances: count)
    var obstacle: UnplaceableReason?
    for resource in leftOut { accounts.remarks.unmodelled[resource.rawValue] += Int(count) }
    let runTime = record.pointee.runTime
    if FitTree.nothing.isStrictlyBelow(record.pointee.request), runTime >= .zero,
      count == instances
    {
      if isConstrained { constrain(&view) }
      obstacle = prospects.obstacle(to: view, allowed: allowedMachines(view))
    } else {
      obstacle = .invalid
    }
    guard obstacle != nil || hasRoom(for: max(count, view.instances)) else { return }
    if options.estimates == .exact, !view.estimate.isKnown { view.estimate = runTime }
    note(view, count)
    let hasNoStart = followsRecord && obstacle == nil && !noteRecordedStart(record.pointee, count)
    let work =
      view.request.cpu.value * Double(max(record.pointee.instances, 1))
      * (runTime.isKnown ? runTime.seconds : .infinity)
      * (record.pointee.instances > 1 ? 1 : Double(view.instances))
    accounts.offeredWork += work
    if obstacle == nil { accounts.placeableWork += work }
    accounts.offeredTo = cluster.totalCores
    for instance in 0..<count {
      if instance > 0 { accounts.submissions += 1 }
      if let obstacle {
        accounts.cannotPlace(view.id, obstacle, submit: view.submit)
        turnAway(record.pointee, instance, of: view.instances, .unplaceable)
      } else if hasNoStart {
        turnAway(record.pointee, instance, of: view.instances, .refused)
      } else {
        admit(view, record, instance)
      }
    }
  }

  /// Whether so many more tasks may be in flight; if not, the run ends with an error.
  mutating func hasRoom(for tasks: Int32) -> Bool {
    let hasRoom = slots.count + Int(tasks) <= options.maximumInFlight
    if !hasRoom { exhaust(.tooManyTasks(options.maximumInFlight, time: cluster.now)) }
    return hasRoom
  }

  /// As how many independent tasks the record counts. What starts and ends together is one, of so
  /// many instances.
  private func split(_ record: UnsafePointer<TaskRecord>, _ view: inout TaskView) -> Int32 {
    let count = max(record.pointee.instances, 1)
    guard options.mode == .central else {
      view.instances = 1
      return count
    }
    let request = view.request
    let processors = request.cpu.nano / 1_000_000_000
    if options.spansMachines, record.pointee.flags.contains(.spansMachines), count == 1,
      request.cpu == Cores(nano: processors * 1_000_000_000), processors > 1,
      let instances = Int32(exactly: processors)
    {
      view.instances = instances
      view.request = request.share(of: processors)
      return 1
    }
    if options.gangs { return 1 }
    view.instances = 1
    return count
  }

  /// A task arrives, and waits.
  private mutating func admit(
    _ view: TaskView, _ record: UnsafePointer<TaskRecord>, _ instance: Int32
  ) {
    arrivals += 1
    notePlanned(view)
    cluster.note(view)
    fragmentation.submit(view.request, &cluster)
    let submit = view.submit
    var slot = TaskSlot(
      view: view, work: record.pointee.runTime, arrival: arrivals, since: submit)
    slot.view.instance = instance
    if isBatch { slot.view.upwardRank = length(view) }
    if isPredicted { predict(&slot.view) }
    if followsRecord {
      slot.key = Self.recordedKey(record.pointee)
      slot.machine = recordedMachine(record.pointee)
    } else {
      slot.key = pending.hasKeys ? key(onArrivalOf: slot.view) : 0
    }
    let index = slots.insert(slot)
    accounts.mostInFlight = max(accounts.mostInFlight, slots.count)
    if !dependencies.isEmpty, hold(index) { return cancelDoomed() }
    noteInputs(of: index)
    accounts.beganWaiting()
    // On a stepped clock it has been waiting since before this step.
    let past = cluster.now - submit
    if past > .zero {
      accounts.integrals.waiting += Int128(past.rawValue)
      accounts.hasWaited()
    }
    if options.backfilling != .none { fresh.append(queueEntry(index)) }
    enqueue(index)
  }

  /// Looks up which machines the task's constraints allow; worked out once for each set of them.
  private mutating func constrain(_ view: inout TaskView) {
    if cluster.devices.isOn { return constrainByDevices(&view) }
    let set = Int(constraints.set(of: view.id))
    guard set >= 0 else { return }
    if eligibilityOf[set] < 0 {
      eligibilityOf[set] = Int32(cluster.eligibility.count)
      let allowed = (0..<cluster.count).map {
        constraints.isMet(set, by: cluster.description($0).number)
      }
      cluster.eligibility.append(allowed)
      // What is allowed does not change over time, so even a stale view knows it.
      if isStale { seen.eligibility.append(allowed) }
    }
    view.eligibility = eligibilityOf[set]
  }

  /// The machines that the task's constraints allow; nil for all.
  func allowedMachines(_ view: borrowing TaskView) -> [Bool]? {
    view.eligibility >= 0 ? cluster.eligibility[Int(view.eligibility)] : nil
  }

  /// A task does not even come to wait.
  private mutating func turnAway(
    _ record: TaskRecord, _ instance: Int32, of instances: Int32, _ outcome: TaskOutcome
  ) {
    conclude(
      TaskResult(
        id: record.id, instance: instance, submit: record.submit, firstStart: .never, start: .never,
        finish: .never,
        deadline: record.deadline, wait: .zero, wasted: .zero, waking: .zero, startup: .zero,
        energy: .zero,
        machine: -1, attempts: 0, priorityClass: record.priorityClass, outcome: outcome,
        kind: record.kind, instances: instances))
    noteFate(of: record.id, .init(finish: .never, machine: -1))
    cancelDoomed()
  }
}

extension Resources {
  /// One of so many equal parts, rounded up.
  fileprivate func share(of parts: Int64) -> Resources {
    func part(_ whole: Int64) -> Int64 { whole / parts + (whole % parts > 0 ? 1 : 0) }
    return Resources(
      cpu: Cores(nano: part(cpu.nano)), memory: Bytes(part(memory.rawValue)),
      disk: Bytes(part(disk.rawValue)), milliGPU: part(milliGPU))
  }

  /// Whether this is less in every dimension.
  fileprivate func isStrictlyBelow(_ other: Resources) -> Bool {
    cpu < other.cpu && memory < other.memory && disk < other.disk && milliGPU < other.milliGPU
  }
}

import Workload

/// Tasks that wait for others, and what has become of those.
struct DependencyState {
  let table: DependencyTable
  /// How a task that others wait for ended, and where. Only ever looked up.
  var fates: [TaskID: Fate] = [:]
  /// Tasks and whole jobs that others wait for, as far as they have been submitted. Only ever looked
  /// up.
  private var open: [TaskID: Open] = [:]
  /// Tasks held back by one that has not ended, in order of arrival.
  var heldBy: [TaskID: [Int32]] = [:]
  /// Tasks that can no longer run, to be told so.
  var doomed: [Int32] = []
  /// Held tasks whose time to go is known.
  var scheduled = 0
  /// Whether tasks have come since ranks were last worked out, and how often that was.
  var ranksAreOld = false
  var rankRound: UInt32 = 0

  /// The end of a task: `never` if it did not finish.
  struct Fate {
    var finish: Microseconds
    var machine: Int
    /// It is not in the workload.
    var isAbsent = false
  }

  /// What has come of a task's instances, or a job's tasks.
  private struct Open {
    /// How many have not ended.
    var left = 0
    var finish = Microseconds.zero
    var hasFailed = false
  }

  /// No task waits for another.
  let isEmpty: Bool

  init(_ table: DependencyTable) {
    self.table = table
    isEmpty = table.isEmpty
  }

  /// What the task waits for by itself and as one of its job.
  func dependencies(of id: TaskID) -> [DependencyTable.Dependency] {
    table.dependencies(of: id) + table.dependencies(of: TaskID(wholeJob: id.job))
  }

  /// A task of so many instances has been submitted. Its job goes on, even if it seemed over.
  mutating func began(_ id: TaskID, instances: Int32) {
    guard !isEmpty else { return }
    for key in [id, TaskID(wholeJob: id.job)] where table.hasSuccessors(key) {
      open[key, default: Open()].left += Int(instances)
      fates[key] = nil
    }
  }

  /// An instance has come to its end; returns whether the task, or the whole job, has with it.
  mutating func ended(_ key: TaskID, _ fate: Fate) -> Bool {
    guard var state = open[key] else { return false }
    state.left -= 1
    if fate.finish.isKnown {
      state.finish = max(state.finish, fate.finish)
    } else {
      state.hasFailed = true
    }
    open[key] = state
    guard state.left <= 0 else { return false }
    fates[key] = Fate(finish: state.hasFailed ? .never : state.finish, machine: fate.machine)
    return true
  }

  /// Whether the task, or any task of the job, has been submitted.
  func hasCome(_ key: TaskID) -> Bool { open[key] != nil }

  /// When a task may start by what has ended; nil if something has not, `never` if something failed.
  func release(of id: TaskID, submit: Microseconds) -> Microseconds? {
    var release = submit
    for dependency in dependencies(of: id) {
      guard let fate = fates[dependency.predecessor] else { return nil }
      if fate.isAbsent { continue }
      guard fate.finish.isKnown else { return .never }
      release = max(release, fate.finish + dependency.think)
    }
    return release
  }
}

extension Engine {
  /// A task arrives where tasks have predecessors. Whether it is held back.
  mutating func hold(_ index: Int32) -> Bool {
    let id = slots[index].view.id
    dependencies.ranksAreOld = true
    for dependency in dependencies.dependencies(of: id)
    where dependencies.fates[dependency.predecessor] == nil {
      dependencies.heldBy[dependency.predecessor, default: []].append(index)
    }
    return settleHeld(index)
  }

  /// Lets a held task go if its predecessors have ended. Whether it is still held.
  private mutating func settleHeld(_ index: Int32) -> Bool {
    let view = slots[index].view
    guard let release = dependencies.release(of: view.id, submit: view.submit) else {
      slots[index].state = .held
      return true
    }
    guard release > cluster.now else { return false }
    slots[index].state = .held
    if release.isKnown {
      slots[index].state = .released
      heap.push(at: release.rawValue, .release, subject: index)
      dependencies.scheduled += 1
    } else {
      dependencies.doomed.append(index)
    }
    return true
  }

  /// A held task's think time is over: it counts as submitted now.
  mutating func letGo(_ index: Int32) {
    slots[index].view.submit = cluster.now
    slots[index].since = cluster.now
    noteInputs(of: index)
    slots[index].state = .pending
    accounts.beganWaiting()
    if options.backfilling != .none { fresh.append(queueEntry(index)) }
    enqueue(index)
  }

  /// The fate of a task is known: those that wait for it, or for its job if that was the last of it
  /// so far, may go, or never will.
  @inline(__always)
  mutating func noteFate(of id: TaskID, _ fate: DependencyState.Fate) {
    if !dependencies.isEmpty { tell(id, fate) }
  }

  private mutating func tell(_ id: TaskID, _ fate: DependencyState.Fate) {
    for key in [id, TaskID(wholeJob: id.job)] where dependencies.ended(key, fate) {
      letGoHeld(by: key)
    }
  }

  private mutating func letGoHeld(by key: TaskID) {
    for index in dependencies.heldBy.removeValue(forKey: key) ?? []
    where slots[index].state == .held {
      if !settleHeld(index) { letGo(index) }
    }
  }

  /// No more tasks will be submitted: those that wait for a task that was never submitted wait no longer.
  mutating func dropAbsentPredecessors() {
    guard !dependencies.isEmpty else { return }
    for index in slots.inOrderOfArrival() where slots[index].state == .held {
      for dependency in dependencies.dependencies(of: slots[index].view.id)
      where !dependencies.hasCome(dependency.predecessor) {
        accounts.droppedDependencies += 1
        dependencies.fates[dependency.predecessor] = .init(
          finish: .zero, machine: -1, isAbsent: true)
      }
    }
    for index in slots.inOrderOfArrival() where slots[index].state == .held {
      for dependency in dependencies.dependencies(of: slots[index].view.id)
      where dependencies.fates[dependency.predecessor]?.isAbsent == true {
        letGoHeld(by: dependency.predecessor)
      }
    }
  }

  /// Ends the tasks that wait for one that did not finish, and those that wait for them.
  mutating func cancelDoomed() {
    while let index = dependencies.doomed.popLast() {
      if slots[index].state == .held { conclude(index, .cancelled) }
    }
  }

  /// Gives every waiting task its upward rank: its length and the longest path of tasks held back
  /// behind it, with what their data take. O(tasks and dependencies in flight), once after arrivals.
  mutating func updateRanks() {
    guard dependencies.ranksAreOld else { return }
    dependencies.ranksAreOld = false
    dependencies.rankRound += 1
    let round = dependencies.rankRound
    // Depth first with an own stack: chains may be long.
    var stack = pending.slots(limit: .max).map { (slot: $0, next: 0) }
    while let (slot, next) = stack.last {
      if next == 0 {
        if slots[slot].rankRound == round {
          stack.removeLast()
          continue
        }
        slots[slot].rankRound = round
        slots[slot].view.upwardRank = 0
      }
      let id = slots[slot].view.id
      let children =
        (dependencies.heldBy[id] ?? []) + (dependencies.heldBy[TaskID(wholeJob: id.job)] ?? [])
      if next < children.count {
        stack[stack.count - 1].next = next + 1
        if slots[children[next]].rankRound != round { stack.append((children[next], 0)) }
        continue
      }
      // In whole microseconds, so that equal paths have equal ranks whatever they are made of.
      var longest = 0.0
      for child in children {
        let rank = (slots[child].view.upwardRank * 1e6).rounded()
        longest = max(longest, rank + Double(meanTransfer(to: child, from: id).rawValue))
      }
      slots[slot].view.upwardRank = ((length(slots[slot].view) * 1e6).rounded() + longest) / 1e6
      stack.removeLast()
    }
  }

  /// Seconds of a task by itself: the mean of its run times where they are given by machine, else its
  /// estimate, or 1.
  func length(_ view: TaskView) -> Double {
    if !cluster.delivery.runTimes.isEmpty, let mean = cluster.delivery.runTimes.mean(of: view.id) {
      return mean.seconds
    }
    return view.estimate.isKnown ? view.estimate.seconds : 1
  }

  /// The mean time, over pairs of machines, that a task's data take to one that waits for it.
  private func meanTransfer(to child: Int32, from id: TaskID) -> Microseconds {
    guard let network = options.network else { return .zero }
    let whole = TaskID(wholeJob: id.job)
    var longest = Microseconds.zero
    for dependency in dependencies.dependencies(of: slots[child].view.id)
    where dependency.predecessor == id || dependency.predecessor == whole {
      longest = max(longest, network.meanTransfer(dependency.data, machines: cluster.count))
    }
    return longest
  }

  /// What the task's predecessors hand over, once all have ended.
  mutating func noteInputs(of index: Int32) {
    guard hasNetwork, !dependencies.isEmpty else { return }
    let id = slots[index].view.id
    var inputs: [Delivery.Input] = []
    for dependency in dependencies.dependencies(of: id) {
      guard let fate = dependencies.fates[dependency.predecessor], !fate.isAbsent else { continue }
      inputs.append(.init(machine: fate.machine, data: dependency.data, finish: fate.finish))
    }
    cluster.delivery.add(inputs, of: id)
    if isStale { seen.delivery.add(inputs, of: id) }
  }

  @inline(__always)
  mutating func forgetInputs(of index: Int32) {
    guard hasNetwork, !dependencies.isEmpty else { return }
    cluster.delivery.remove(slots[index].view.id)
    if isStale { seen.delivery.remove(slots[index].view.id) }
  }
}

import Workload

/// Gathers events into lives.
///
/// Tasks that are pending or running are held in memory. A dead one may still be submitted again,
/// so it is kept until there are too many of them; then all dead ones go to a sorter on disk, and
/// what comes after is a new stretch of the same life, joined to the old one at the end. So memory
/// is bounded by the open tasks and two fixed buffers, and the result is that of unlimited memory.
struct LifecycleAssembler {
  private var lives: [TaskID: Lifecycle] = [:]
  private var dead = 0
  private var stretches: ExternalSorter<Lifecycle>
  private let maximumDead: Int
  /// How often each event met a task in each state, as far as is known.
  private(set) var transitions = TransitionCounts()
  /// The last real time seen.
  private(set) var lastTime = Microseconds.zero

  init(bufferBytes: Int, directory: String) {
    stretches = ExternalSorter(bufferBytes: bufferBytes, directory: directory)
    maximumDead = max(1024, bufferBytes / (2 * MemoryLayout<Lifecycle>.stride))
  }

  /// Adds an event; a task's events come in the order in which they happened. O(1) amortised.
  mutating func add(_ event: LifecycleEvent) throws(TraceError) {
    if event.time.isKnown { lastTime = max(lastTime, event.time) }
    let stretch = Lifecycle(event)
    if var life = lives[event.id] {
      if life.state == .dead { dead -= 1 }
      life.append(stretch, counting: &transitions)
      if life.state == .dead { dead += 1 }
      lives[event.id] = life
    } else {
      if stretch.state == .dead { dead += 1 }
      lives[event.id] = stretch
    }
    if dead > maximumDead { try setDeadAside() }
  }

  private mutating func setDeadAside() throws(TraceError) {
    // The sorter's order is total over distinct tasks, so the dictionary's order does not matter.
    for life in lives.values where life.state == .dead { try stretches.add(life) }
    lives = lives.filter { $0.value.state != .dead }
    dead = 0
  }

  /// Ends the trace: every life, whole, ordered by task.
  consuming func finish() throws(TraceError) -> AssembledLives {
    for life in lives.values { try stretches.add(life) }
    lives = [:]
    let (transitions, lastTime) = (transitions, lastTime)
    return AssembledLives(
      sorted: try stretches.sorted(), transitions: transitions, lastTime: lastTime)
  }
}

/// Whole lives, joined from their stretches.
struct AssembledLives {
  private var sorted: SortedElements<Lifecycle>
  private var ahead: Lifecycle?
  private var started = false
  /// Complete, once all lives are out and their records made.
  var transitions: TransitionCounts
  /// The last real time of the table.
  let lastTime: Microseconds

  fileprivate init(
    sorted: SortedElements<Lifecycle>, transitions: TransitionCounts, lastTime: Microseconds
  ) {
    self.sorted = sorted
    self.transitions = transitions
    self.lastTime = lastTime
  }

  /// The next life, or nil after the last.
  mutating func next() throws(TraceError) -> Lifecycle? {
    if !started {
      started = true
      ahead = try sorted.next()
    }
    guard var life = ahead else { return nil }
    while true {
      ahead = try sorted.next()
      guard let following = ahead, following.id == life.id else { return life }
      life.append(following, counting: &transitions)
    }
  }
}

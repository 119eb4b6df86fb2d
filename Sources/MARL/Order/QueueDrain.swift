import Simulation
import Workload

/// What a queue comes to in an order if no more tasks come: the machine is one pool of cores, run times are as
/// predicted or requested, and a task whose turn it is stays the next one until it starts.
///
/// Conservative backfilling is taken for EASY.
struct QueueDrain {
  /// Scores of the tasks that are left; the smallest goes first, ties in order of arrival.
  typealias Scores = (_ scene: borrowing QueueScene, _ free: Double, inout [Double]) -> Void

  /// The tasks at most that are looked at: those that came first.
  static let most = 128

  private var scene = QueueScene()
  private var scores: [Double] = []
  private var free = 0.0

  /// The run time that a task is taken to have, in seconds: a day where nothing is known.
  static func seconds(_ task: borrowing TaskView) -> Double {
    let time = task.predicted.isKnown ? task.predicted : task.estimate
    return time.isKnown ? max(time.seconds, 1) : 86_400
  }

  /// The sum of bounded slowdowns of the tasks that wait. O(n²) scores and O(n (n + running)) steps.
  ///
  /// - Parameters:
  ///   - start: the queue as it stands, and what runs.
  ///   - total: cores that there are.
  ///   - claimed: cores that are held.
  ///   - order: scores of tasks.
  mutating func slowdown(
    _ start: borrowing QueueScene, total: Double, claimed: Double, by order: Scores
  ) -> Double {
    scene.now = start.now
    scene.backfilling = start.backfilling
    scene.waiting.removeAll(keepingCapacity: true)
    for task in start.waiting.prefix(Self.most) where task.cores <= total {
      scene.waiting.append(task)
    }
    scene.running.removeAll(keepingCapacity: true)
    var held = 0.0
    for var hold in start.running {
      hold.end = max(hold.end, start.now + Microseconds(seconds: 1))
      held += hold.cores
      scene.running.append(hold)
    }
    free = total - max(claimed, held)
    // What has no estimate is taken to end in a day.
    if claimed > held {
      run(.init(request: .zero, submit: .zero), cores: claimed - held, seconds: 86_400)
      free += claimed - held
    }
    var sum = 0.0
    while !scene.waiting.isEmpty {
      scene.queueLength = scene.waiting.count
      scores.removeAll(keepingCapacity: true)
      order(scene, free, &scores)
      var next = 0
      for place in scores.indices where scores[place] < scores[next] { next = place }
      let head = scene.waiting.remove(at: next)
      scores.remove(at: next)
      var limit = head.cores > free ? promise(to: head) : nil
      while head.cores > free {
        if let promised = limit { overtake(promised, &sum) }
        guard let first = scene.running.first else { break }
        scene.now = first.end
        let ended = scene.running.prefix { $0.end <= scene.now }
        for hold in ended { free += hold.cores }
        scene.running.removeFirst(ended.count)
        if scene.backfilling != .shadow, head.cores > free { limit = promise(to: head) }
      }
      sum += begin(head)
    }
    return sum
  }

  /// What those who overtake must leave to the head: it starts at a time, and then leaves cores over.
  private struct Promise {
    var time: Microseconds
    var spare: Double
  }

  private func promise(to head: TaskView) -> Promise? {
    switch scene.backfilling {
    case .none: return nil
    case .greedy: return Promise(time: .never, spare: 0)
    case .easy, .conservative, .shadow: break
    }
    var room = free
    for hold in scene.running {
      room += hold.cores
      guard room >= head.cores else { continue }
      return Promise(
        time: hold.end, spare: scene.backfilling == .shadow ? 0 : room - head.cores)
    }
    return Promise(time: .never, spare: 0)
  }

  /// Starts what does not delay the head: in order of arrival before a shadow, else by score.
  private mutating func overtake(_ promise: Promise, _ sum: inout Double) {
    var spare = promise.spare
    var places = Array(scene.waiting.indices)
    if scene.backfilling != .shadow { places.sort { (scores[$0], $0) < (scores[$1], $1) } }
    var started: [Int] = []
    for place in places {
      let task = scene.waiting[place]
      guard task.cores <= free else { continue }
      let end = scene.now + Microseconds(seconds: Self.seconds(task))
      let isInTime =
        end < promise.time || end == promise.time && scene.backfilling != .shadow
      guard isInTime || task.cores <= spare else { continue }
      if !isInTime { spare -= task.cores }
      sum += begin(task)
      started.append(place)
    }
    for place in started.sorted(by: >) {
      scene.waiting.remove(at: place)
      scores.remove(at: place)
    }
  }

  /// Starts a task; its bounded slowdown.
  private mutating func begin(_ task: TaskView) -> Double {
    let seconds = Self.seconds(task)
    run(task, cores: task.cores, seconds: seconds)
    let wait = max((scene.now - task.submit).seconds, 0)
    return max(1, (wait + seconds) / max(seconds, 10))
  }

  private mutating func run(_ task: TaskView, cores: Double, seconds: Double) {
    let end = scene.now + Microseconds(seconds: seconds)
    var (low, high) = (0, scene.running.count)
    while low < high {
      let middle = (low + high) / 2
      if scene.running[middle].end <= end { low = middle + 1 } else { high = middle }
    }
    scene.running.insert(.init(end: end, cores: cores, user: task.user), at: low)
    free -= cores
  }
}

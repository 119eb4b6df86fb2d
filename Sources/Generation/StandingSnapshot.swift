import Fitting
import Workload

/// Finds what was running when a trace began, or at times within it.
struct StandingSnapshot {
  private struct Life {
    var start: Double
    var end: Double
    /// Its end is not seen.
    var isOpen: Bool
    var task: StandingTask
  }

  private var lives: Reservoir<Life>
  private var atStart: [Life] = []
  private var startCount = 0
  private static let sampleLimit = 2000

  init(capacity: Int, generator: RandomStream) {
    lives = Reservoir(capacity: capacity, generator: generator)
  }

  mutating func add(_ record: TaskRecord) {
    let known = record.usableRunTime
    let isBefore = record.flags.contains(.cutOffAtStart)
    let isOpen = record.flags.contains(.cutOffAtEnd) || record.outcome == .running
    guard known != nil || isBefore || isOpen else { return }
    // Pending to the end is no running.
    guard record.outcome != .pending else { return }
    let begin =
      isBefore
      ? record.submit : record.firstSchedule.isKnown ? record.firstSchedule : record.submit
    let end =
      record.end.isKnown
      ? record.end.seconds : isOpen && known == nil ? .infinity : begin.seconds + (known ?? 0)
    let assumed = record.flags.contains(.requestAssumed)
    let life = Life(
      start: begin.seconds, end: end, isOpen: isOpen || end == .infinity,
      task: StandingTask(
        priorityClass: record.priorityClass.name,
        cpu: assumed || record.flags.contains(.cpuUnknown) ? 0 : record.request.cpu.value,
        memory: assumed || record.flags.contains(.memoryUnknown)
          ? 0 : record.request.memory.gibibytes,
        gpus: Double(record.request.milliGPU) / 1000, instances: max(1, record.instances),
        spansMachines: record.flags.contains(.spansMachines), rest: 0))
    if isBefore {
      startCount += 1
      if atStart.count < 100_000 { atStart.append(life) }
    }
    lives.add(life)
  }

  /// The population, for a trace of submissions from `first` to `last` (seconds); nil for none.
  func profile(first: Double, last: Double) -> StandingProfile? {
    let span = last - first
    guard span > 0 else { return nil }
    if atStart.count >= 20 {
      // Each lives from the trace's beginning on for as long as it was seen.
      let tasks = atStart.map { rest(of: $0, at: first, span) }.filter { $0.rest > 0 }
      return Self.profile(
        tasks, mean: Double(startCount) * Double(tasks.count) / Double(atStart.count),
        "running when the trace began")
    }
    // Nothing is known of before: what ran at five times in the second half.
    let times = [0.5, 0.6, 0.7, 0.8, 0.9].map { first + $0 * span }
    var found: [StandingTask] = []
    for time in times {
      for life in lives.elements where life.start < time && life.end > time {
        found.append(rest(of: life, at: time, span))
      }
    }
    let weight = Double(lives.seen) / Double(max(1, lives.elements.count))
    return Self.profile(
      found, mean: Double(found.count) / Double(times.count) * weight,
      "running at five times in the second half of the trace, on average")
  }

  private func rest(of life: Life, at time: Double, _ span: Double) -> StandingTask {
    var task = life.task
    task.rest = life.isOpen ? max(span, min(life.end, 1e9) - time) : life.end - time
    return task
  }

  private static func profile(
    _ tasks: [StandingTask], mean: Double, _ origin: String
  ) -> StandingProfile? {
    guard mean >= 1, !tasks.isEmpty else { return nil }
    let stride = max(1, (tasks.count + sampleLimit - 1) / sampleLimit)
    let kept = Swift.stride(from: 0, to: tasks.count, by: stride).map { tasks[$0] }
    let cores = tasks.reduce(0) { $0 + $1.cpu * Double($1.instances) } / Double(tasks.count)
    return StandingProfile(origin: origin, tasks: mean, cores: cores * mean, sample: kept)
  }
}

import Workload

/// Tasks drawn from a ``WorkloadModel``: a workload source without end or of a given extent.
///
/// A value that depends on the model, the seed and nothing else. Each quantity has a named stream of
/// random numbers of its own (`arrivals`, `class`, `run time`, `cpu`, `memory`, …), in which the
/// draws of a job have its place: another arrival law leaves the sizes alone, and
/// ``skip(toJob:)`` reaches any job without drawing those before it.
///
/// ```swift
/// var tasks = try SyntheticWorkload(.study, .tasks(1_000_000), seed: 42)
/// tasks.skip(toJob: 900_000)
/// let task = tasks.next()           // the same as after 900,000 calls of next()
/// ```
public struct SyntheticWorkload: WorkloadSource, Sendable {
  public typealias Failure = Never

  /// What the tasks are drawn from.
  public let model: WorkloadModel
  /// What all chance comes from.
  public let seed: UInt64
  private(set) var extent: WorkloadExtent
  private let compiled: CompiledModel
  private var clock: ArrivalClock
  private var jobs = CompiledModel.Jobs()
  /// The block of jobs that is loaded, and the first of its tasks that is not yet drawn.
  private var block = -1
  private var place = GammaBridge.blockSize
  private var task = 0
  private var records: [TaskRecord] = []
  private var position = 0
  private var produced = 0
  /// The first task that runs already at the beginning and is not yet given.
  private var standingPlace = 0
  private var hasEnded = false

  /// Tasks drawn at once, at most: a block of one-task jobs, or a part of the tasks of larger ones.
  private static let batch = 1024

  /// The tasks of `model` up to `extent`.
  ///
  /// - Parameters:
  ///   - model: what is drawn from.
  ///   - extent: how much is drawn.
  ///   - seed: what all chance comes from.
  ///   - marksClasses: whether records say which of the model's own classes they are of
  ///     (`TaskRecord.kind`), if it has any; record files do not keep it.
  /// - Throws: ``WorkloadModelError`` with everything that is wrong with the model or the extent.
  public init(
    _ model: WorkloadModel, _ extent: WorkloadExtent = .endless, seed: UInt64,
    marksClasses: Bool = false
  ) throws(WorkloadModelError) {
    let issues = model.issues() + extent.issues
    guard issues.isEmpty else { throw WorkloadModelError(issues: issues) }
    (self.model, self.extent, self.seed) = (model, extent, seed)
    compiled = CompiledModel(
      model, seed: seed, marksClasses: marksClasses && model.hasOwnClasses)
    clock = ArrivalClock(model.arrivals, seed: seed)
  }

  /// The study's workload: `count` tasks, with the arrival rate that makes the offered CPU load on
  /// `cores` cores `load`, or the study's own rate of 0.5 tasks a second where no load is given.
  ///
  /// - Throws: ``WorkloadModelError`` where a number is out of range.
  public static func study(
    tasks count: Int, load: Double? = nil, onCores cores: Double = 1250, seed: UInt64
  ) throws(WorkloadModelError) -> SyntheticWorkload {
    var model = WorkloadModel.study
    if let load { try model.setLoad(load, onCores: cores) }
    return try SyntheticWorkload(model, .tasks(count), seed: seed)
  }

  /// This workload without its end.
  func endless() -> SyntheticWorkload {
    var copy = self
    copy.extent = .endless
    return copy
  }

  /// Whether jobs have more than one task.
  var hasJobSizes: Bool { model.classes.contains { $0.jobSize != nil } }

  /// What draws a trace's details, if the model has some.
  var details: TraceSampler? { compiled.details }

  /// Whether it never ends.
  var isEndless: Bool { extent.tasks == nil && extent.duration == nil }

  /// Goes to the first task of job `job` (counted from 0): the next record is the one that would
  /// come after those of all jobs before it. O(log job). An extent in tasks counts from there.
  public mutating func skip(toJob job: Int) {
    precondition(job >= 0, "jobs are counted from 0")
    records.removeAll(keepingCapacity: true)
    (position, produced, hasEnded) = (0, 0, false)
    standingPlace = standingCount
    load(job / GammaBridge.blockSize)
    place = job % GammaBridge.blockSize
  }

  private mutating func load(_ block: Int) {
    self.block = block
    (place, task) = (0, 0)
    compiled.draw(block: block, &clock, into: &jobs)
  }

  public mutating func next() -> TaskRecord? {
    guard position < records.count || refill() else { return nil }
    defer { position += 1 }
    return records[position]
  }

  public mutating func read(into batch: inout OutputSpan<TaskRecord>) {
    while !batch.isFull, position < records.count || refill() {
      let count = min(batch.freeCapacity, records.count - position)
      for place in position..<position + count { batch.append(records[place]) }
      position += count
    }
  }

  /// Draws more tasks, cut to the extent; false at the end.
  private mutating func refill() -> Bool {
    let left = extent.tasks.map { $0 - produced } ?? .max
    guard !hasEnded, left > 0 else { return false }
    if standingPlace < standingCount {
      records = standingTasks(from: standingPlace, atMost: min(left, Self.batch))
      position = 0
      standingPlace += records.count
      produced += records.count
      return true
    }
    if place == GammaBridge.blockSize { load(block + 1) }
    records.removeAll(keepingCapacity: true)
    position = 0
    compiled.draw(
      block: block, jobs: jobs, place: &place, task: &task, atMost: min(left, Self.batch),
      into: &records)
    if let duration = extent.duration, let last = records.last, last.submit >= duration {
      while let last = records.last, last.submit >= duration { records.removeLast() }
      hasEnded = true
    }
    produced += records.count
    return !records.isEmpty
  }

  /// How many tasks run already at the beginning.
  var standingCount: Int { model.standing?.count ?? 0 }

  /// Some of the tasks that run already at the beginning; they come before all others.
  func standingTasks(from first: Int, atMost limit: Int) -> [TaskRecord] {
    guard let standing = model.standing else { return [] }
    let stream = RandomStream(seed: seed, name: "standing")
    var tasks = (first..<min(standing.count, first + limit)).map { standing.task($0, stream) }
    compiled.estimate(&tasks, from: first, seed: seed)
    return tasks
  }

  /// This workload without what runs already at the beginning.
  func withoutStanding() -> SyntheticWorkload {
    var copy = self
    copy.standingPlace = standingCount
    return copy
  }

  /// Calls `body` with each job from the first, how many tasks it has, and how many of them the
  /// extent lets in, until it says no; draws no tasks. Whether it never did.
  mutating func forEachJob(_ body: (_ job: Int, _ size: Int, _ submitted: Int) -> Bool) -> Bool {
    var left = extent.tasks.map { max(0, $0 - standingCount) } ?? .max
    var block = 0
    while left > 0 {
      load(block)
      for place in 0..<GammaBridge.blockSize where left > 0 {
        let submit = Microseconds(inRange(seconds: jobs.times[place]))
        if let duration = extent.duration, submit >= duration { return true }
        let size = Int(jobs.sizes[place])
        let job = block * GammaBridge.blockSize + place
        guard body(job, size, min(size, left)) else { return false }
        left -= min(size, left)
      }
      block += 1
    }
    return true
  }

  /// How many tasks the jobs from `first` on have that come before job `end`.
  func taskCount(fromJob first: Int, toJob end: Int) -> Int {
    var copy = self
    var count = 0
    for block in first / GammaBridge.blockSize..<end / GammaBridge.blockSize {
      copy.load(block)
      for size in copy.jobs.sizes { count += Int(size) }
    }
    return count
  }
}

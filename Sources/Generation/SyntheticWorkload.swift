import Workload

/// Tasks drawn from a ``WorkloadModel``: a workload source without end or of a given extent.
///
/// A value that depends on the model, the seed and nothing else. Each quantity has a named stream of
/// random numbers of its own (`arrivals`, `class`, `run time`, `cpu`, `memory`, …), in which the
/// draw of task n has place n: another arrival law leaves the sizes alone, and
/// ``skip(toJob:)`` reaches any job without drawing those before it.
///
/// ```swift
/// var tasks = try SyntheticWorkload(.study, .tasks(1_000_000), seed: 42)
/// tasks.skip(toJob: 900_000)
/// let task = tasks.next()           // the same as after 900,000 calls of next()
/// ```
public struct SyntheticWorkload: WorkloadSource, Sendable {
  public typealias Failure = Never

  private let compiled: CompiledModel
  private let extent: WorkloadExtent
  private var bridge: GammaBridge
  /// The job after the last in `records`.
  private var nextJob = 0
  private var records: [TaskRecord] = []
  private var position = 0
  private var produced = 0
  private var hasEnded = false

  /// The tasks of `model` up to `extent`.
  ///
  /// - Throws: ``WorkloadModelError`` with everything that is wrong with the model or the extent.
  public init(
    _ model: WorkloadModel, _ extent: WorkloadExtent = .endless, seed: UInt64
  ) throws(WorkloadModelError) {
    var issues = model.issues()
    if let tasks = extent.tasks, tasks < 0 {
      issues.append(ModelIssue(path: "tasks", message: "is \(tasks); expected 0 or more"))
    }
    guard issues.isEmpty else { throw WorkloadModelError(issues: issues) }
    compiled = CompiledModel(model, seed: seed)
    self.extent = extent
    bridge = GammaBridge(seed: seed, name: "arrivals")
    records.reserveCapacity(GammaBridge.blockSize)
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

  /// Goes to the first task of job `job` (counted from 0): the next record is the one that would
  /// come after those of all jobs before it. O(log job). An extent in tasks counts from there.
  public mutating func skip(toJob job: Int) {
    precondition(job >= 0, "jobs are counted from 0")
    records.removeAll(keepingCapacity: true)
    position = 0
    nextJob = job
    hasEnded = false
    produced = 0
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

  /// Draws the rest of the block that holds `nextJob`, cut to the extent; false at the end.
  private mutating func refill() -> Bool {
    let left = extent.tasks.map { $0 - produced } ?? .max
    guard !hasEnded, left > 0 else { return false }
    let block = nextJob / GammaBridge.blockSize
    let from = nextJob % GammaBridge.blockSize
    records.removeAll(keepingCapacity: true)
    position = 0
    compiled.draw(block: block, from: from, atMost: left, &bridge, into: &records)
    if let duration = extent.duration, let last = records.last, last.submit >= duration {
      while let last = records.last, last.submit >= duration { records.removeLast() }
      hasEnded = true
    }
    produced += records.count
    nextJob = (block + 1) * GammaBridge.blockSize
    return !records.isEmpty
  }
}

import MARL
import Simulation
import Workload

extension SchedulingEnvironment {
  /// What is seen of a decision.
  public enum Observation: String, Sendable, CaseIterable {
    /// Eight numbers about the task, then eight about each machine shown, as shares (0 to 1, but for CPU and
    /// memory of a task that is larger than any machine).
    case machines
    /// The study's 50 inputs: `StudyObservation`.
    case study
    /// Of each machine shown the 32 numbers of `CandidateFeatures`; zeroes where fewer can take the task.
    case candidates
    /// The figures themselves: 10 of the task, then 13 of each machine shown, in cores, GiB, GPUs and
    /// seconds; -1 for a time that is not known.
    case columns
  }
}

/// Writes what is seen, and keeps what that takes.
struct ObservationWriter {
  private static let shares = (task: 8, machine: 8)
  private static let columns = (task: 10, machine: 13)

  private let kind: SchedulingEnvironment.Observation
  private var sampler: CandidateSampler
  private var ledger = SentLedger()
  private var study = StudyObservation()
  private var near = 0
  private var largest = Resources.zero
  private var fastest = 1.0

  init(_ kind: SchedulingEnvironment.Observation, sampling: CandidateSampler.Weighting) {
    self.kind = kind
    sampler = CandidateSampler(sampling)
  }

  /// How many numbers an observation has.
  func count(shown: Int) -> Int {
    switch kind {
    case .machines: Self.shares.task + shown * Self.shares.machine
    case .study: StudyObservation.count
    case .candidates: shown * CandidateFeatures.count
    case .columns: Self.columns.task + shown * Self.columns.machine
    }
  }

  /// A run begins.
  mutating func begin(_ cluster: borrowing Cluster) {
    (largest, fastest, near) = (.zero, 0, 0)
    for machine in 0..<cluster.count {
      largest = largest.union(cluster.capacity(machine))
      fastest = max(fastest, cluster.speed(machine))
    }
    switch kind {
    case .study: study.reset(cluster)
    case .candidates:
      sampler.prepare(cluster)
      ledger.reset(cluster)
    case .machines, .columns: break
    }
  }

  /// Draws the machines to show of those that can take the task: with replacement, but for the candidate
  /// features as learned schedulers do.
  mutating func draw(
    _ count: Int, _ task: TaskView, _ cluster: borrowing Cluster, _ rng: inout RandomStream,
    into places: inout [Int32]
  ) {
    guard kind == .candidates else {
      for place in 0..<count {
        places[place] = cluster.randomCandidate(for: task, using: &rng).map(Int32.init) ?? -1
      }
      return
    }
    sampler.draw(count, for: task, on: cluster, using: &rng)
    near = sampler.near
    let drawn = sampler.drawn
    for place in 0..<count { places[place] = place < drawn.count ? drawn[place] : -1 }
  }

  /// A task goes to a machine.
  mutating func decided(_ task: TaskView, _ machine: Int, _ cluster: borrowing Cluster) {
    if kind == .candidates { ledger.note(task, to: machine, on: cluster) }
  }

  mutating func write(
    _ places: [Int32], _ task: TaskView, _ cluster: borrowing Cluster,
    to row: UnsafeMutablePointer<Float>, _ mask: UnsafeMutablePointer<UInt8>
  ) {
    switch kind {
    case .machines: writeShares(places, task, cluster, row, mask)
    case .columns: writeColumns(places, task, cluster, row, mask)
    case .study:
      study.write(task, on: cluster, to: row)
      Self.write(mask, places, task, cluster)
    case .candidates:
      Self.write(mask, places, task, cluster)
      let count = places.firstIndex { $0 < 0 } ?? places.count
      let features = CandidateFeatures(task, on: cluster, ledger)
      let shown = count == places.count ? places : Array(places[..<count])
      features.write(shown, near: near, on: cluster, ledger, to: row)
      (row + count * CandidateFeatures.count)
        .update(repeating: 0, count: (places.count - count) * CandidateFeatures.count)
    }
  }

  private static func write(
    _ mask: UnsafeMutablePointer<UInt8>, _ places: [Int32], _ task: TaskView,
    _ cluster: borrowing Cluster
  ) {
    for place in places.indices {
      let machine = Int(places[place])
      mask[place] = machine >= 0 && cluster.canTake(task, on: machine) ? 1 : 0
    }
  }

  private func writeShares(
    _ places: [Int32], _ task: TaskView, _ cluster: borrowing Cluster,
    _ row: UnsafeMutablePointer<Float>, _ mask: UnsafeMutablePointer<UInt8>
  ) {
    let cpu = 1 / Float(max(largest.cpu.nano, 1))
    let memory = 1 / Float(max(largest.memory.rawValue, 1))
    row[0] = Float(task.request.cpu.nano) * cpu
    row[1] = Float(task.request.memory.rawValue) * memory
    row[2] = task.estimate.isKnown ? Self.squashed(task.estimate.seconds, 100) : 0
    row[3] = Self.squashed(max((cluster.now - task.submit).seconds, 0), 100)
    row[4] =
      task.deadline.isKnown
      ? Self.squashed(max((task.deadline - cluster.now).seconds, 0), 100) : 1
    row[5] = Float(task.priorityClass.rawValue) / 5
    row[6] = Self.claimed(cluster)
    row[7] = Self.squashed(Double(task.attempts), 1)
    var next = row + Self.shares.task
    let speed = Float(1 / fastest)
    for place in places.indices {
      defer { next += Self.shares.machine }
      let machine = Int(places[place])
      guard machine >= 0 else {
        next.update(repeating: 0, count: Self.shares.machine)
        mask[place] = 0
        continue
      }
      let free = cluster.free(machine)
      let takes = cluster.canTake(task, on: machine)
      next[0] = cluster.isUp(machine) ? 1 : 0
      next[1] = Float(free.cpu.nano) * cpu
      next[2] = Float(free.memory.rawValue) * memory
      next[3] = Float(cluster.speed(machine)) * speed
      next[4] = Self.squashed(cluster.runningCount(machine))
      next[5] = Self.squashed(cluster.queueLength(machine))
      next[6] = takes ? 1 : 0
      next[7] = machine == Int(task.gateway) ? 1 : 0
      mask[place] = takes ? 1 : 0
    }
  }

  private func writeColumns(
    _ places: [Int32], _ task: TaskView, _ cluster: borrowing Cluster,
    _ row: UnsafeMutablePointer<Float>, _ mask: UnsafeMutablePointer<UInt8>
  ) {
    Self.write(task.request, to: row)
    row[4] = task.estimate.isKnown ? Float(task.estimate.seconds) : -1
    row[5] = Float(max((cluster.now - task.submit).seconds, 0))
    row[6] = task.deadline.isKnown ? Float(max((task.deadline - cluster.now).seconds, 0)) : -1
    row[7] = Float(task.priorityClass.rawValue)
    row[8] = Float(task.attempts)
    row[9] = Self.claimed(cluster)
    var next = row + Self.columns.task
    for place in places.indices {
      defer { next += Self.columns.machine }
      let machine = Int(places[place])
      guard machine >= 0 else {
        next.update(repeating: 0, count: Self.columns.machine)
        mask[place] = 0
        continue
      }
      Self.write(cluster.free(machine), to: next)
      Self.write(cluster.capacity(machine), to: next + 4)
      next[8] = Float(cluster.speed(machine))
      next[9] = Float(cluster.runningCount(machine))
      next[10] = Float(cluster.queueLength(machine))
      next[11] = cluster.isUp(machine) ? 1 : 0
      next[12] = machine == Int(task.gateway) ? 1 : 0
      mask[place] = cluster.canTake(task, on: machine) ? 1 : 0
    }
  }

  private static func write(_ resources: Resources, to row: UnsafeMutablePointer<Float>) {
    row[0] = Float(resources.cpu.value)
    row[1] = Float(resources.memory.gibibytes)
    row[2] = Float(resources.disk.gibibytes)
    row[3] = Float(resources.milliGPU) / 1000
  }

  /// The share of the cluster's CPU that is claimed.
  private static func claimed(_ cluster: borrowing Cluster) -> Float {
    Float(
      Double(cluster.totalClaimed.cpu.nano) / Double(max(cluster.totalCapacity.cpu.nano, 1)))
  }

  /// x / (x + scale): 0 to 1.
  private static func squashed(_ value: Double, _ scale: Double) -> Float {
    Float(value / (value + scale))
  }

  /// n / (n + 10).
  private static func squashed(_ count: Int) -> Float {
    count < shares10.count ? shares10[count] : squashed(Double(count), 10)
  }

  private static let shares10 = (0..<256).map { squashed(Double($0), 10) }
}

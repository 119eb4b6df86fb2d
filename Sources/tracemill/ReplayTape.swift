import Foundation
import TraceParsing
import Workload

/// A trace's tasks in memory, to be replayed again and again: from a place that a seed draws, around
/// its end, at a density of arrivals that makes a load.
final class ReplayTape: Sendable {
  private let tasks: [TaskRecord]
  private let gaps: [Double]
  /// Core-seconds a task, on average.
  private let work: Double

  init(_ path: String) throws {
    let argument = try WorkloadArgument(
      path, seed: 0, reading: .parse(["--quiet"]), selection: .parse([]), meter: ReadMeter())
    let replayed = ReplayedTasks(argument, atStart: .skip)
    var tasks: [TaskRecord] = []
    while let task = try replayed.next() {
      guard task.runTime > .zero, task.request.cpu > .zero else { continue }
      tasks.append(task)
    }
    guard tasks.count > 1 else {
      throw CommandFailure(message: "\(path): has no two tasks that ran, to be replayed")
    }
    var gaps = [0.0]
    for (a, b) in zip(tasks, tasks.dropFirst()) { gaps.append((b.submit - a.submit).seconds) }
    gaps[0] = gaps.reduce(0, +) / Double(gaps.count - 1)
    self.tasks = tasks
    self.gaps = gaps
    work = tasks.reduce(0) { $0 + $1.runTime.seconds * $1.request.cpu.value } / Double(tasks.count)
  }

  /// The tasks from a place drawn by `seed`, with the trace's own sequence of gaps stretched so that the
  /// trace as a whole offers `load` on `cores` reference cores. Tasks without a deadline get one of 1.5,
  /// 3 or 5 run times by class, as the study's.
  func source(seed: UInt64, load: Double, onCores cores: Double) throws -> any WorkloadSource {
    var rng = RandomStream(seed: seed, name: "replay")
    let meanGap = gaps.reduce(0, +) / Double(gaps.count)
    return Loop(
      tape: self, place: rng.below(tasks.count), stretch: work / (load * cores) / max(meanGap, 1e-9)
    )
  }

  private struct Loop: WorkloadSource {
    typealias Failure = Never
    let tape: ReplayTape
    var place: Int
    let stretch: Double
    var clock = 0.0
    var produced: Int64 = 0

    mutating func next() -> TaskRecord? {
      var task = tape.tasks[place]
      clock += tape.gaps[place] * stretch
      place = (place + 1) % tape.tasks.count
      let submit = Microseconds(seconds: clock)
      let factor =
        switch task.priorityClass {
        case .production, .monitoring: 1.5
        case .batch, .mid: 3.0
        case .bestEffort, .unknown: 5.0
        }
      task.deadline =
        task.deadline.isKnown
        ? submit + (task.deadline - task.submit)
        : submit + Microseconds(seconds: task.runTime.seconds * factor)
      task.submit = submit
      // A record counts as one task, whatever instances it stands for.
      task.instances = 1
      // Once around, the same task comes again under another name.
      task.id = TaskID(job: produced)
      produced += 1
      return task
    }
  }
}

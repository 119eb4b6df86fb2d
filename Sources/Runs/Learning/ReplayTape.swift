import Foundation
import MARL
import TraceParsing
import Workload

/// A trace's tasks in memory, to be replayed again and again: from a place that a seed draws, at a
/// density of arrivals that makes a load.
///
/// Whatever learns or is tuned meets the first half of the trace alone, and what is evaluated the second
/// half: the seeds tell which it is.
public final class ReplayTape: Sendable {
  private let tasks: [TaskRecord]
  private let gaps: [Double]
  /// What was left out or assumed.
  let notes: [Note]
  private let halves: [Half]

  private struct Half {
    var range: Range<Int>
    /// Seconds from one task to the next, on average.
    var gap: Double
    /// Core-seconds a task, on average.
    var work: Double
  }

  /// Tasks of a tape, at most: 176 bytes each.
  private static let taskLimit = 20_000_000

  /// Reads the trace at `path`.
  public init(_ path: String) throws {
    let argument = try NamedWorkload(path, seed: 0)
    let replayed = ReplayedTasks(argument, atStart: .skip)
    var tasks: [TaskRecord] = []
    var idle = 0
    while let task = try replayed.next() {
      guard task.runTime > .zero, task.request.cpu > .zero else {
        idle += 1
        continue
      }
      guard tasks.count < Self.taskLimit else {
        throw RunError(
          message:
            "\(path): has more than \(Self.taskLimit) tasks; what is replayed is held in memory")
      }
      tasks.append(task)
    }
    guard tasks.count > 3 else {
      throw RunError(message: "\(path): has no four tasks that ran, to be replayed")
    }
    var notes = replayed.notes
    if idle > 0 {
      notes.append(
        Note(
          .leftOut, "workload", ["without_work": Double(idle)],
          "\(counted(idle, "task")) without run time or CPU request: left out"))
    }
    self.notes = notes
    var gaps = [0.0]
    for (a, b) in zip(tasks, tasks.dropFirst()) { gaps.append((b.submit - a.submit).seconds) }
    gaps[0] = gaps.reduce(0, +) / Double(gaps.count - 1)
    self.tasks = tasks
    self.gaps = gaps
    halves = [0..<tasks.count / 2, tasks.count / 2..<tasks.count].map { range in
      let count = Double(range.count)
      return Half(
        range: range, gap: max(gaps[range].reduce(0, +) / count, 1e-9),
        work: tasks[range].reduce(0) { $0 + $1.runTime.seconds * $1.request.cpu.value } / count)
    }
  }

  /// The tasks of the seed's half from a place that it draws, around the half's end, with the trace's own
  /// sequence of gaps stretched so that the half as a whole offers `load` on `cores` reference cores.
  /// Tasks without a deadline get the study's.
  public func source(
    seed: EpisodeSeed, load: Double, onCores cores: Double
  ) throws -> any WorkloadSource {
    var rng = RandomStream(seed: seed.value, name: "replay")
    let half = halves[seed.split == .heldOut ? 1 : 0]
    return Loop(
      tape: self, range: half.range, place: half.range.lowerBound + rng.below(half.range.count),
      stretch: half.work / (load * cores) / half.gap)
  }

  private struct Loop: WorkloadSource {
    typealias Failure = Never
    let tape: ReplayTape
    let range: Range<Int>
    var place: Int
    let stretch: Double
    var clock = 0.0
    var produced: Int64 = 0

    mutating func next() -> TaskRecord? {
      var task = tape.tasks[place]
      clock += tape.gaps[place] * stretch
      place = place + 1 < range.upperBound ? place + 1 : range.lowerBound
      let submit = Microseconds(seconds: clock)
      if task.deadline.isKnown { task.deadline = submit + (task.deadline - task.submit) }
      task.submit = submit
      task.setMissingDeadline()
      // A record counts as one task, whatever instances it stands for.
      task.instances = 1
      // Once around, the same task comes again under another name.
      task.id = TaskID(job: produced)
      produced += 1
      return task
    }
  }
}

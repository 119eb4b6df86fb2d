import ArgumentParser
import Foundation
import Generation
import TraceParsing
import Workload

/// `--workload`: a trace, a record file, or a synthetic workload by its parameters.
struct WorkloadArgument {
  let source: AnyWorkloadSource<TraceError>
  /// Where the records come from, if not from a generator.
  let stream: RecordStream?
  /// What the tasks wait for.
  let dependencies: DependencyTable
  /// The format they were read from.
  let format: String?

  /// - Parameters:
  ///   - argument: what the user named.
  ///   - seed: what a generator's chance comes from.
  ///   - cores: those of the cluster, times their speeds, for a load that is asked for.
  ///   - reading: how traces are read.
  ///   - selection: which of a trace's tasks are wanted.
  ///   - meter: counts what was read.
  ///   - rejects: takes rows that cannot be read; without it they are errors.
  init(
    _ argument: String, seed: UInt64, cores: Double? = nil, reading: TraceOptions,
    selection: SelectionOptions, meter: ReadMeter, rejects: RejectLog? = nil
  ) throws {
    if argument.hasPrefix("poisson:") {
      (stream, format, dependencies) = (nil, nil, DependencyTable())
      source = AnyWorkloadSource(
        Infallible(base: try Self.poisson(argument.dropFirst("poisson:".count), seed: seed)))
    } else if SyntheticArgument.isOne(argument) {
      var synthetic = try SyntheticArgument(argument)
      try synthetic.setLoad(onCores: cores)
      for note in synthetic.notes { reading.logger?.notice("\(note)") }
      let tasks = try synthetic.source(seed: seed)
      (stream, format, dependencies) = (nil, nil, tasks.dependencies())
      source = selection.apply(RecordStream(generated: tasks, users: tasks.userNames))
    } else {
      let trace = try reading.open(argument, meter: meter)
      let stream = try trace.records(try reading.readOptions(meter: meter, rejects: rejects))
      self.stream = stream
      dependencies = stream.dependencies
      format = trace.format
      source = selection.apply(stream)
    }
  }

  private static func poisson(_ text: Substring, seed: UInt64) throws -> PoissonSource {
    var values = ["rate": 1.0, "run": 60, "cpu": 1, "memory": 1, "tasks": 10_000]
    for item in text.split(separator: ",") {
      let pair = item.split(separator: "=", maxSplits: 1).map(String.init)
      guard pair.count == 2, let known = values[pair[0]] else {
        throw CommandFailure(
          message: "poisson: '\(item)' is none of rate=, run=, cpu=, memory=, tasks=")
      }
      guard let value = Double(pair[1]), value >= 0, value <= 1e12, known > 0 else {
        throw CommandFailure(message: "poisson: \(pair[0]) '\(pair[1])' is not a number from 0")
      }
      values[pair[0]] = value
    }
    guard let rate = values["rate"], rate > 0 else {
      throw CommandFailure(message: "poisson: rate is more than 0")
    }
    return PoissonSource(
      rate: rate, runTime: Microseconds(seconds: values["run"] ?? 0),
      request: Resources(
        cpu: Cores(min(values["cpu"] ?? 0, 1e6)),
        memory: Bytes(gibibytes: min(values["memory"] ?? 0, 1e6))),
      count: Int(values["tasks"] ?? 0), seed: seed)
  }
}

/// A source that cannot fail, where one that may is expected.
private struct Infallible<Base: WorkloadSource<Never>>: WorkloadSource {
  typealias Failure = TraceError
  var base: Base

  mutating func next() throws(TraceError) -> TaskRecord? { base.next() }
}

/// The tasks of a workload that can be run again: those that ran, and for how long is known.
///
/// Counts what it leaves out. A reference, so that the counts can be read after the run.
final class ReplayedTasks: WorkloadSource {
  typealias Failure = TraceError

  /// What to do with tasks that were running when the trace began.
  enum AtStart: String, ExpressibleByArgument, CaseIterable {
    /// Replay them from the trace's beginning to their end, or to the trace's.
    case observed
    /// Leave them out.
    case skip
  }

  /// Tasks that never ran in the trace.
  private(set) var neverRan = 0
  /// Tasks whose run time the trace does not tell.
  private(set) var unknown = 0
  /// Tasks that were running when the trace began, replayed from its beginning.
  private(set) var observed = 0
  /// Tasks still running when the trace ended, replayed as far as it goes.
  private(set) var cutOffAtEnd = 0
  /// Tasks with a stated default for a request.
  private(set) var assumed = 0

  private let workload: WorkloadArgument
  private let atStart: AtStart

  init(_ workload: WorkloadArgument, atStart: AtStart) {
    self.workload = workload
    self.atStart = atStart
  }

  func next() throws(TraceError) -> TaskRecord? {
    while var record = try workload.source.next() {
      guard workload.stream != nil else { return record }
      // Whatever else is missing: what has a run time has run.
      let hasRun =
        record.attempts > 0 || record.runTime > .zero || record.outcome == .running
        || !record.hasHistory
      guard hasRun else {
        neverRan += 1
        continue
      }
      // Time 0 stands for "before the trace", which begins with its first real time.
      let start = workload.stream?.report.firstTime ?? .never
      if record.submit == .zero, record.flags.contains(.cutOffAtStart), start.isKnown {
        record.submit = start
      }
      if record.flags.contains(.runTimeUnknown) {
        guard let span = observedSpan(of: record) else {
          unknown += 1
          continue
        }
        record.runTime = span
        record.flags.remove(.runTimeUnknown)
        if record.flags.contains(.cutOffAtStart) { observed += 1 }
      }
      if record.flags.contains(.cutOffAtEnd) { cutOffAtEnd += 1 }
      if record.flags.contains(.requestAssumed) { assumed += 1 }
      return record
    }
    return nil
  }

  /// How long a task ran in sight of the trace, whose beginning or end cuts it off; nil where neither
  /// does: then nothing tells how long it ran.
  private func observedSpan(of record: TaskRecord) -> Microseconds? {
    let isCutAtStart = record.flags.contains(.cutOffAtStart)
    let isCutAtEnd = record.outcome == .running || record.flags.contains(.cutOffAtEnd)
    guard isCutAtStart || isCutAtEnd, !isCutAtStart || atStart == .observed else { return nil }
    let start = !isCutAtStart && record.lastSchedule.isKnown ? record.lastSchedule : record.submit
    let last = isCutAtEnd ? workload.stream?.report.lastTime ?? .never : .never
    let end = record.end.isKnown ? record.end : last
    return end.isKnown && end >= start ? end - start : nil
  }
}

extension TaskRecord {
  /// Whether it tells of a past: a record made by hand has only what is to be run, and flags for
  /// what it leaves unsaid. A task that a trace shows pending to its end is cut off there.
  fileprivate var hasHistory: Bool {
    attempts > 0 || outcome != .pending || end.isKnown
      || !flags.isDisjoint(with: [.cutOffAtStart, .cutOffAtEnd, .missingInfo, .irregular])
  }
}

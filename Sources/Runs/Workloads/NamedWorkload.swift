import Diagnostics
import Foundation
import Generation
import TraceInput
import TraceParsing
import Workload

/// A workload by its name: a trace, a record file, or a synthetic workload by its parameters
/// (`poisson:rate=0.5,run=20,cpu=1,memory=2,tasks=10000`: a second, seconds, cores, GiB; a preset such
/// as `study:tasks=1000,load=0.4`; a scenario or a fitted profile).
///
/// Its source gives its tasks once.
public struct NamedWorkload {
  /// Its tasks in order of submission.
  public let source: AnyWorkloadSource<TraceError>
  /// Where the records come from, if not from a generator.
  public let stream: RecordStream?
  /// What the tasks wait for.
  public let dependencies: DependencyTable
  /// The format they were read from.
  public let format: String?
  /// Files of the trace that were not read.
  public private(set) var passedOver: [PassedOverFile] = []
  /// What was told of it when it was found: of its trace, or of the model that makes it.
  public private(set) var told: [Note] = []
  /// The names of its own classes, by `TaskRecord.kind` from 1; empty where it has none.
  public private(set) var classNames: [String] = []
  /// The load that it was asked to be; nil where none was.
  public private(set) var askedLoad: AskedLoad?

  /// Finds the workload; a trace is read here as far as its format needs before the first record.
  ///
  /// - Parameters:
  ///   - name: what the user named.
  ///   - seed: what a generator's chance comes from.
  ///   - cores: those of the cluster, times their speeds, for a load that is asked for.
  ///   - whole: what the cluster offers, for tasks that are to fill it; nil where there is none.
  ///   - reading: how traces are read.
  ///   - selection: which of a trace's tasks are wanted.
  ///   - meter: counts what was read.
  ///   - rejects: takes rows that cannot be read; without it they are errors.
  /// - Throws: ``RunError`` for a name that stands for nothing; `TraceError` where reading fails.
  public init(
    _ name: String, seed: UInt64, cores: Double? = nil, whole: Resources? = nil,
    reading: ReadingSettings = .init(), selection: TaskSelection = .init(),
    meter: ReadMeter = .init(), rejects: RejectLog? = nil
  ) throws {
    if name.hasPrefix("poisson:") {
      (stream, format, dependencies) = (nil, nil, DependencyTable())
      (source, told) = try Self.poisson(name.dropFirst("poisson:".count), seed: seed)
      for note in told { reading.logger?.notice("\(note)") }
    } else if let fill = try ClusterFill(name) {
      let made = try fill.stream(of: whole, seed: seed, reading, meter: meter, rejects: rejects)
      (stream, format, dependencies) = (made, nil, DependencyTable())
      source = selection.apply(made)
    } else if NamedModel.isOne(name) {
      var model = try NamedModel(name)
      try model.setLoad(onCores: cores)
      let made = try Self(model, seed: seed, reading: reading, selection: selection)
      (stream, format, dependencies) = (made.stream, made.format, made.dependencies)
      (source, classNames, askedLoad) = (made.source, made.classNames, made.askedLoad)
      told = made.told
    } else {
      var reading = reading
      reading.keepsColumns = reading.keepsColumns || selection.needsAttributes
      let trace = try reading.open(name, meter: meter)
      let stream = try trace.records(reading.readOptions(meter: meter, rejects: rejects))
      self.stream = stream
      dependencies = stream.dependencies
      format = trace.format
      passedOver = trace.passedOver
      told = trace.notes
      told.add(PassedOverFile.note(passedOver).map { [$0] } ?? [])
      source = selection.apply(stream)
    }
  }

  /// What `model` makes, whose load is set.
  init(
    _ model: NamedModel, seed: UInt64, reading: ReadingSettings = .init(),
    selection: TaskSelection = .init()
  ) throws {
    told = model.notes
    for note in told { reading.logger?.notice("\(note)") }
    let tasks = try model.source(seed: seed, marksClasses: true)
    (stream, format, dependencies) = (nil, nil, try tasks.dependencies())
    source = selection.apply(RecordStream(generated: tasks, users: tasks.userNames))
    let scenario = model.scenario
    if scenario.model.hasOwnClasses { classNames = scenario.model.classes.map(\.name) }
    askedLoad = scenario.askedLoad
  }

  /// A workload that is in memory; if it tells of a past, it is replayed as a trace is.
  public init(
    _ tasks: TaskTable, users: [String] = [], dependencies: DependencyTable = DependencyTable(),
    selection: TaskSelection = .init()
  ) {
    let lastTime = tasks.records.reduce(Microseconds.zero) { last, task in
      max(last, task.submit, task.end.isKnown ? task.end : .zero)
    }
    let stream = RecordStream(
      generated: tasks.source(), dependencies: dependencies, users: users, lastTime: lastTime)
    self.stream = stream
    self.dependencies = dependencies
    format = nil
    source = selection.apply(stream)
  }

  /// Keys of one word that may be set in what `name` names, beside those deep in a scenario.
  static func parameterKeys(of name: String) -> [String] {
    if name.hasPrefix("poisson:") { return ["rate", "run", "law", "cv", "cpu", "memory", "tasks"] }
    if NamedStation.isOne(name) { return StationParameters.keys }
    // Of a trace it is said by name that it has none.
    return NamedModel.parameterKeys + ["estimates"]
  }

  /// Run times are constant, which is said, or follow the law that is named.
  private static func poisson(
    _ text: Substring, seed: UInt64
  ) throws -> (AnyWorkloadSource<TraceError>, [Note]) {
    var law: String?
    var cv: Double?
    var values = ["rate": 1.0, "run": 60, "cpu": 1, "memory": 1, "tasks": 10_000]
    for item in text.split(separator: ",") {
      let pair = item.split(separator: "=", maxSplits: 1).map(String.init)
      if pair.count == 2, pair[0] == "law" {
        law = pair[1]
        continue
      }
      if pair.count == 2, pair[0] == "cv", let value = Double(pair[1]), value > 0, value <= 100 {
        cv = value
        continue
      }
      guard pair.count == 2, let known = values[pair[0]] else {
        throw RunError(
          message: "poisson: '\(item)' is none of rate=, run=, law=, cv=, cpu=, memory=, tasks=")
      }
      guard let value = Double(pair[1]), value >= 0, value <= 1e12, known > 0 else {
        throw RunError(message: "poisson: \(pair[0]) '\(pair[1])' is not a number from 0")
      }
      values[pair[0]] = value
    }
    guard let rate = values["rate"], Ranges.rate.contains(rate) else {
      throw RunError(message: "poisson: rate is from 1e-9 to 1e9")
    }
    guard let run = values["run"], Ranges.seconds.contains(run) else {
      throw RunError(message: "poisson: run is from 0 to \(Ranges.seconds.upperBound)")
    }
    let (cpu, memory) = (min(values["cpu"] ?? 0, 1e6), min(values["memory"] ?? 0, 1e6))
    guard let law else {
      guard cv == nil else { throw RunError(message: "poisson: cv= needs law=") }
      let tasks = PoissonSource(
        rate: rate, runTime: Microseconds(seconds: run),
        request: Resources(cpu: Cores(cpu), memory: Bytes(gibibytes: memory)),
        count: Int(values["tasks"] ?? 0), seed: seed)
      let note = Note(
        .assumed, "poisson", ["run_s": run],
        "poisson: every task runs for \(significant(run)) s; law=exponential draws run times")
      return (AnyWorkloadSource(Infallible(base: tasks)), [note])
    }
    guard run > 0, cpu > 0, memory > 0 else {
      throw RunError(message: "poisson: with law=, run, cpu and memory are more than 0")
    }
    let model = try NamedStation.model(
      rate: rate, law: StationParameters.law(law, mean: run, cv: cv, of: "poisson"), cpu: cpu,
      memory: memory)
    do {
      let tasks = try SyntheticWorkload(
        model, .tasks(Int(values["tasks"] ?? 0)), seed: seed)
      return (AnyWorkloadSource(RecordStream(generated: tasks, users: tasks.userNames)), [])
    } catch { throw RunError(error) }
  }
}

/// A source that cannot fail, where one that may is expected.
private struct Infallible<Base: WorkloadSource<Never>>: WorkloadSource {
  typealias Failure = TraceError
  var base: Base

  mutating func next() throws(TraceError) -> TaskRecord? { base.next() }
}

import Foundation
import Generation
import Simulation
import TraceInput
import Workload

/// A generated workload held against a trace: margins, conclusions, detectability.
///
/// ```swift
/// var study = FidelityStudy(trace: "log.swf")
/// study.selection.from = half
/// let report = try await study.run(against: model)
/// print(report.conclusions?.meanAbsoluteLogRatio ?? 0)
/// ```
public struct FidelityStudy: Sendable {
  /// The trace, as ``NamedWorkload`` takes it.
  public var trace: String
  /// Which of its tasks are compared. With a beginning, the tasks before it are the other stretch that
  /// shows by how much two stretches of the trace differ; without, its own halves are.
  public var selection = TaskSelection()
  /// The machines, as ``NamedCluster`` takes them; nil for equal ones that suit the trace.
  public var cluster: String?
  /// Workloads that are generated for the conclusions; 0 for none.
  public var workloads = 20
  /// Tasks that are run at most: the first ones.
  public var taskLimit = 20_000
  /// How the trace is read; its threads are those of the simulations.
  public var reading = ReadingSettings()

  /// Instances that are simulated at most.
  private static let instanceLimit = 60_000

  /// Everything of `trace`.
  public init(trace: String) { self.trace = trace }

  /// What came out.
  public struct Report: Encodable {
    /// Margins, dependence, arrivals, load.
    public let comparison: WorkloadComparison
    /// Nil if they were not asked for, or the trace has too few tasks.
    public let conclusions: Conclusions?
    /// By length of the window; those that there are enough jobs for.
    public let detectability: [Detectability]
    /// What was compared, for plots.
    public let original: WorkloadSample
    public let generated: WorkloadSample

    private enum Key: String, CodingKey { case conclusions, detectability }

    public func encode(to encoder: any Encoder) throws {
      try comparison.encode(to: encoder)
      var box = encoder.container(keyedBy: Key.self)
      try box.encodeIfPresent(conclusions, forKey: .conclusions)
      try box.encode(detectability, forKey: .detectability)
    }
  }

  /// Compares what `make` draws with the trace. `make` gives the workload of a seed with as many tasks as
  /// it is told.
  ///
  /// - Throws: ``RunError`` where the trace has no tasks; `TraceError` where reading fails.
  public func run(
    seed: UInt64,
    drawing make: @escaping @Sendable (_ tasks: Int, _ seed: UInt64) throws -> [TaskRecord]
  ) async throws -> Report {
    let original = try tasks(selection)
    guard !original.records.isEmpty else {
      throw RunError(message: "\(trace): no tasks to compare")
    }
    let drawn = try make(original.records.count, seed)
    var samples = (WorkloadSample(seed: seed), WorkloadSample(seed: seed))
    // What ran when the stretch began is load of it too.
    if let from = selection.from {
      for record in Self.stretch(try replayed().records, from: from, to: from, limit: 0) {
        samples.0.add(record)
      }
    }
    for record in original.records { samples.0.add(record) }
    for record in drawn { samples.1.add(record) }
    return Report(
      comparison: WorkloadComparison(original: samples.0, generated: samples.1),
      conclusions: workloads > 0 ? try await conclusions(seed: seed, drawing: make) : nil,
      detectability: Detectability.lengths.compactMap {
        Detectability(original: original.records, generated: drawn, length: $0)
      },
      original: samples.0, generated: samples.1)
  }

  private func tasks(
    _ selection: TaskSelection
  ) throws -> (records: [TaskRecord], workload: NamedWorkload) {
    let workload = try NamedWorkload(trace, seed: 1, reading: reading, selection: selection)
    var records: [TaskRecord] = []
    while let record = try workload.source.next() { records.append(record) }
    return (records, workload)
  }

  /// The trace as it is replayed, in order of submission, and when it ends.
  private func replayed() throws -> (records: [TaskRecord], end: Microseconds, notes: [Note]) {
    var whole = selection
    whole.from = nil
    let workload = try NamedWorkload(trace, seed: 1, reading: reading, selection: whole)
    let source = ReplayedTasks(workload)
    var records: [TaskRecord] = []
    while let record = try source.next() { records.append(record) }
    let last = workload.stream?.report.lastTime ?? .never
    return (records.sorted(by: TaskRecord.submitOrder), last, source.notes)
  }

  private func conclusions(
    seed: UInt64,
    drawing make: @escaping @Sendable (_ tasks: Int, _ seed: UInt64) throws -> [TaskRecord]
  ) async throws -> Conclusions? {
    let (all, end, told) = try replayed()
    let middle = all.isEmpty ? .zero : all[all.count / 2].submit
    let from = selection.from ?? .zero
    let judged = Self.stretch(all, from: from, to: .never, limit: taskLimit)
    let halves =
      selection.from != nil
      ? (Self.stretch(all, from: .zero, to: from, limit: taskLimit), judged)
      : (
        Self.stretch(all, from: .zero, to: middle, limit: taskLimit),
        Self.stretch(all, from: middle, to: .never, limit: taskLimit)
      )
    guard judged.count >= 100 else { return nil }
    let demand = ConclusionDemand(judged)
    let instances = judged.reduce(0) { $0 + Int(max(1, $1.instances)) }
    let thinning = Int32(min(max(1, instances / Self.instanceLimit), 1_000_000))
    let original = ConclusionWorkload(judged, demand, thinning: thinning)
    let last = judged.last?.submit ?? .zero
    // Where the trace's end cut its tasks, it would have cut those that are generated.
    let isCut = judged.contains { $0.flags.contains(.cutOffAtEnd) }
    let horizon = isCut && end.isKnown && last < end ? (end - judged[0].submit).seconds : .infinity
    var words: String
    let layout: ClusterLayout
    if let cluster {
      (layout, words) = (try NamedCluster(cluster, reading: reading).layout(seed: seed), cluster)
    } else {
      // Every task must find room, be it beyond those that are run.
      let others = all
      let made = original.cluster(with: others.map { demand.task($0) })
      (layout, words) = (try ClusterLayout(made.spec, seed: seed), made.words)
    }
    if words.isEmpty { words = "its machines" }
    let study = ConclusionStudy(cluster: layout)
    let stretches = [halves.0, halves.1].map { ConclusionWorkload($0, demand, thinning: thinning) }
    let hasStretches = stretches.allSatisfy { $0.tasks.count >= 100 && $0.span > 0 }
    // 0 is the trace, 1 and 2 its stretches, and then what is generated.
    let count = judged.count
    let runs = try await Replications.run(
      seeds: 0..<UInt64(workloads + 3), width: reading.threads
    ) { place -> [[ConclusionStudy.Figures]] in
      switch place {
      case 0: return try study.run(original, seed: seed)
      case 1, 2:
        // The second stretch of a trace that is judged from a time on is what is judged.
        guard hasStretches, selection.from == nil || place == 1 else { return [] }
        return try study.run(stretches[Int(place) - 1], seed: seed)
      default:
        let drawn = try make(count, seed &+ place - 3)
        return try study.run(
          ConclusionWorkload(drawn, demand, thinning: thinning, horizon: horizon), seed: seed)
      }
    }
    let pair = hasStretches ? (runs[1], selection.from == nil ? runs[2] : runs[0]) : nil
    var notes = told.texts + [demand.note].compactMap { $0 }
    if count == taskLimit { notes.append("the first \(grouped(count)) tasks, not all") }
    if thinning > 1 {
      notes.append(
        "of \(grouped(Int(thinning))) instances of a task one is simulated, rounded up")
    }
    let lost = runs.dropFirst(3).reduce(0) { $0 + ($1.first?.first?.unplaceable ?? 0) }
    if lost > 0 {
      notes.append(
        "\(grouped(lost)) of \(grouped(count * workloads)) generated tasks ask for more than any machine of "
          + "the cluster has, and are left out")
    }
    return Conclusions(
      cluster: words, tasks: count, original: runs[0], generated: Array(runs.dropFirst(3)),
      stretches: pair, notes: notes)
  }

  /// The tasks submitted in a stretch of the trace, and before them what was running when it began,
  /// for the rest of its time.
  private static func stretch(
    _ all: [TaskRecord], from: Microseconds, to: Microseconds, limit: Int
  ) -> [TaskRecord] {
    var tasks: [TaskRecord] = []
    for record in all where record.submit < max(to, from) {
      if record.submit >= from {
        if tasks.count < limit { tasks.append(record) }
        continue
      }
      // As the trace says, or as if it had not waited.
      let end = record.end.isKnown ? record.end : record.submit + record.runTime
      guard end > from else { continue }
      var rest = record
      rest.runTime = min(end - from, record.runTime)
      rest.submit = from
      rest.flags.insert(.cutOffAtStart)
      tasks.append(rest)
    }
    return tasks
  }
}

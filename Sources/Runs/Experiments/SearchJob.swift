import Experiments
import Foundation
import Simulation
import TraceParsing
import Workload

/// A search for where a condition ends, for each scheduler of an experiment: what `tracemill sweep --find` does,
/// whole or in shards.
///
/// The searches of all schedulers go on side by side in rounds. What a round runs follows from what is known:
/// shards that know the same share the runs of one round, by their places, and the next round knows what they wrote.
public struct SearchJob {
  private let sweep: Sweep
  private let condition: SweepCondition
  private let range: ClosedRange<Double>
  /// Which of the runs of the next round are done, and nothing else; all of all rounds if nil.
  public var shard: Shard?
  /// What is known already: `.points` files, and folders of them.
  public var known: [String] = []
  /// The file that a shard writes.
  public var output = ""

  /// A search between the ends of a variation.
  public init(_ sweep: Sweep, _ condition: SweepCondition, _ variation: Variation) {
    (self.sweep, self.condition) = (sweep, condition)
    range = Self.range(variation)
  }

  private static func range(_ variation: Variation) -> ClosedRange<Double> {
    let ends = variation.values.compactMap(\.number)
    return variation.range ?? (ends.min() ?? 0)...(ends.max() ?? 0)
  }

  /// Why what options of `sweep` say does not go together; nil if it does.
  ///
  /// - Parameters:
  ///   - condition: what is looked for, if anything is.
  ///   - variations: what is varied.
  ///   - seeds: how many.
  ///   - isShared: whether it is to be a part of a search, or to go on from one.
  ///   - hasWaits: whether waits of groups of tasks are asked for.
  package static func obstacle(
    _ condition: SweepCondition?, _ variations: [Variation], seeds: Int, isShared: Bool,
    hasWaits: Bool
  ) -> String? {
    guard let condition else {
      if isShared { return "--shard and --known are for --find; axes are run by compare --shard" }
      return variations.first { $0.range != nil }
        .map { "--vary \($0.key): a range without a step is for --find" }
    }
    if hasWaits { return "--find prints a value and no table of waits: it takes no --by" }
    guard variations.count == 1 else { return "--find takes one --vary: its range" }
    return condition.obstacle(variations[0], seeds: seeds)
  }

  /// How many rounds a search takes at most.
  public static func rounds(_ condition: SweepCondition, _ variation: Variation) -> Int {
    SweepSearch(condition: condition, range: range(variation), seeds: 2, level: 0.95).rounds
  }

  /// Runs what is not known, and returns what is printed.
  ///
  /// - Parameters:
  ///   - threads: runs at once; the result is the same.
  ///   - json: whether it is JSON.
  /// - Throws: ``RunError`` for a definition that cannot be run, files of another search and runs that have no such
  ///   figure.
  public func run(threads: Int, json: Bool) async throws -> String {
    let base = sweep.base
    let search = SweepSearch(
      condition: condition, range: range, seeds: base.seeds.count, level: base.level)
    let work = shard == nil && known.isEmpty ? nil : try work()
    var metrics = try KnownRuns.joined(known, ending: ".points", of: work)?.results ?? [:]
    while true {
      let known = metrics
      let states = try base.schedulers.map { scheduler in
        let count = alone(scheduler).cells.count
        return try search.next { value in
          let all = (0..<count).compactMap {
            known[RunPlace(scheduler: scheduler.name, value: value, run: $0)]
          }
          return all.count == count ? try search.point(value, all.map { $0 ?? .nan }) : nil
        }
      }
      let round = zip(base.schedulers, states).flatMap { scheduler, state in
        state.wanted.flatMap { value in
          alone(scheduler).cells.indices.map {
            RunPlace(scheduler: scheduler.name, value: value, run: $0)
          }
        }
      }
      guard !round.isEmpty || shard != nil else {
        let found = states.map {
          SweepSearch.Found(
            condition: condition, points: $0.asked, seeds: search.seeds, level: search.level)
        }
        let named = zip(base.schedulers.map(\.name), found)
        return json
          ? try jsonText(["found": named.map { $1.object(scheduler: $0) }]) + "\n"
          : named.map { $1.text(scheduler: $0) }.joined()
      }
      let own = round.enumerated().filter { place, run in
        (shard.map { place % $0.count == $0.number - 1 } ?? true) && known[run] == nil
      }.map(\.element)
      let made = try await run(own, threads: threads)
      if let shard, let work {
        try KnownRuns(work, made).write(to: output)
        return try told(shard, made.count, of: round, json: json)
      }
      metrics.merge(made) { first, _ in first }
      tell(search, made)
    }
  }

  /// Joins `.points` files of one search to one, and returns what is printed.
  ///
  /// - Parameters:
  ///   - paths: files, and folders of them; none is changed.
  ///   - output: the file to write; its bytes do not hang on how the files are grouped.
  ///   - json: whether what is printed is JSON.
  /// - Throws: ``RunError`` that names a file that is damaged, of another search, or came to something else for a run
  ///   than another; `TraceError` where it cannot be written.
  public static func merge(_ paths: [String], to output: String, json: Bool) throws -> String {
    try KnownRuns.merge(paths, ending: ".points", to: output, json: json)
  }

  /// The experiment with one scheduler.
  private func alone(_ scheduler: SchedulerDefinition) -> ExperimentDefinition {
    var one = sweep.base
    one.schedulers = [scheduler]
    one.baseline = nil
    return one
  }

  /// What the runs depend on.
  private func work() throws -> SharedWork {
    struct All: Encodable {
      var experiment: ExperimentDefinition
      var condition: String
      var limit: Double
      var range: [Double]
      var inputs: [InputFile]
    }
    let (low, high) = (range.lowerBound, range.upperBound)
    let provider = ExperimentProvider(folder: sweep.folder, reading: sweep.quietReading)
    return try SharedWork(
      "search", "for \(condition.key) from \(low) to \(high) where \(condition.words)",
      of: All(
        experiment: sweep.base, condition: condition.words, limit: condition.limit,
        range: [low, high], inputs: try provider.inputFiles(sweep.base)))
  }

  private func run(
    _ places: [RunPlace], threads: Int
  ) async throws -> [RunPlace: Double?] {
    struct Point: Hashable { var (scheduler, value) = ("", 0.0) }
    var runners: [Point: (CellRunner, [CellID])] = [:]
    for place in places {
      let point = Point(scheduler: place.scheduler, value: place.value)
      guard runners[point] == nil,
        let scheduler = sweep.base.schedulers.first(where: { $0.name == place.scheduler })
      else { continue }
      let definition = try sweep.definition(
        condition.key, [AxisValue(place.value)], of: alone(scheduler))
      let provider = ExperimentProvider(folder: sweep.folder, reading: sweep.quietReading)
      let problems = provider.problems(definition)
      guard problems.isEmpty else { throw RunError(lines: problems) }
      runners[point] = (CellRunner(definition, inputs: provider), definition.cells)
    }
    let (ready, metric) = (runners, condition.metric)
    let values = try await Replications.run(
      seeds: places.indices.map(UInt64.init), width: max(1, threads)
    ) { index in
      let place = places[Int(index)]
      guard let (runner, cells) = ready[Point(scheduler: place.scheduler, value: place.value)],
        cells.indices.contains(place.run)
      else { throw RunError(message: "\(place.scheduler): no run \(place.run + 1)") }
      return try runner.run(cells[place.run]).outcome.metrics[metric].flatMap {
        $0.isFinite ? $0 : nil
      }
    }
    return Dictionary(zip(places, values)) { first, _ in first }
  }

  /// Tells what a round came to.
  private func tell(_ search: SweepSearch, _ made: [RunPlace: Double?]) {
    guard let logger = sweep.reading.logger else { return }
    for scheduler in sweep.base.schedulers {
      let own = made.filter { $0.key.scheduler == scheduler.name }
      for value in Set(own.keys.map(\.value)).sorted() {
        let runs = own.filter { $0.key.value == value }.sorted { $0.key < $1.key }
        guard let point = try? search.point(value, runs.map { $0.value ?? .nan }) else { continue }
        let figure = Figures.mean(point.mean, halfWidth: point.interval.halfWidth)
        logger.info(
          "\(scheduler.name), \(condition.key) \(significant(value, digits: 4)): \(condition.metric) \(figure)"
        )
      }
    }
  }

  /// What a shard did.
  private func told(
    _ shard: Shard, _ count: Int, of round: [RunPlace], json: Bool
  ) throws -> String {
    let values = Set(round.map(\.value)).sorted()
    guard !json else {
      return try jsonText([
        "shard": "\(shard)", "runs": count, "runs_of_round": round.count, "values": values,
        "output": output,
      ]) + "\n"
    }
    let at = values.map { significant($0, digits: 4) }.joined(separator: ", ")
    return round.isEmpty
      ? "shard    \(shard): nothing is left to run\nwrote    \(output)\n"
      : "shard    \(shard): \(counted(count, "run")) of the \(grouped(round.count)) at \(condition.key) \(at)\n"
        + "wrote    \(output)\n"
  }
}

/// One run of a search: at a value of the key, of a scheduler, by its place among the runs at that value.
struct RunPlace: Codable, Hashable, Comparable, CustomStringConvertible {
  var scheduler: String
  var value: Double
  var run: Int

  var description: String { "run \(run + 1) of \(scheduler) at \(value)" }

  static func < (a: Self, b: Self) -> Bool {
    (a.scheduler, a.value, a.run) < (b.scheduler, b.value, b.run)
  }
}

/// The metric of each run.
typealias KnownRuns = KnownFile<RunPlace, Double>

import Foundation
import Simulation
import Workload

/// Distributions and series of a run, small enough to keep for every cell.
public struct CellCurves: Codable, Hashable, Sendable {
  /// How many tasks had more than each of ``edges``: of `wait` and `completion` in seconds, of
  /// `slowdown` and `bounded_slowdown`.
  public var tails: [String: Tail]
  /// The cluster's use over time.
  public var series: Series
  /// Whether another seed could have come to something else: false where nothing was drawn.
  public var isDrawn: Bool
  /// When the last task was submitted, in seconds of the series; nil if there was none.
  public var lastSubmit: Double?
  /// Tasks that were waiting then.
  public var waitingAtLastSubmit: Int

  /// Waits by tenth of the run time.
  public var waitsByLength: [WaitsByLength.Tenth] = []
  /// What was left out or assumed of the workload.
  public var notes: [Note] = []
  /// The names of the workload's own classes; empty where it has none.
  public var classNames: [String] = []
  /// Waits by `class` where there are several, and by what the experiment's `waitsBy` asks for, the fifty
  /// users with the most tasks.
  public var waitGroups: [String: [WaitGroup]] = [:]

  /// Values at which tails are counted: twelve a decade from 1e-6 to 1e10.
  public static let edges: [Double] = (0...192).map { pow(10, Double($0 - 72) / 12) }

  /// A complementary distribution in whole tasks, so that those of several runs can be pooled.
  public struct Tail: Codable, Hashable, Sendable {
    /// Tasks in all.
    public var count: Int
    /// The place in ``CellCurves/edges`` of the first of `beyond`; all tasks are beyond those before.
    public var first: Int
    /// Tasks beyond each edge from there on; none are beyond those after.
    public var beyond: [Int]

    /// How many tasks are beyond the edge at `place`.
    public subscript(place: Int) -> Int {
      if place < first { return count }
      return place - first < beyond.count ? beyond[place - first] : 0
    }
  }

  /// The cluster's use over time, in at most 128 steps.
  public struct Series: Codable, Hashable, Sendable {
    /// When each step begins, in seconds.
    public var start: [Double] = []
    /// How long it is, in seconds.
    public var length: [Double] = []
    /// Share of CPU in use, 0…1.
    public var cpu: [Double] = []
    /// Share of memory in use, 0…1.
    public var memory: [Double] = []
    /// Tasks waiting.
    public var waiting: [Double] = []
    /// Tasks running.
    public var running: [Double] = []

    /// An empty series.
    public init() {}
  }

  /// The curves of a run.
  ///
  /// - Parameters:
  ///   - report: what the run came to.
  ///   - isDrawn: whether its tasks or machines depend on the seed; what the run itself drew is in the
  ///     report.
  public init(_ report: SimulationReport, isDrawn: Bool = true) {
    tails = [:]
    for (name, distribution) in [
      ("wait", report.total.wait), ("completion", report.total.completion),
      ("slowdown", report.total.slowdown), ("bounded_slowdown", report.total.boundedSlowdown),
    ] where distribution.count > 0 {
      tails[name] = Tail(distribution)
    }
    series = Series(report.series.bins)
    self.isDrawn = isDrawn || report.drewChance
    lastSubmit = report.lastSubmit.isKnown ? report.lastSubmit.seconds : nil
    waitingAtLastSubmit = report.waitingAtLastSubmit
    classNames = report.kindNames
    let classes = report.namedClasses.compactMap { WaitGroup($0.name, $0.metrics.wait) }
    if classes.count > 1 { waitGroups["class"] = classes }
  }

  /// Results of versions before 0.2 have quantiles, which cannot be pooled, and no tails.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    tails = try keys.decodeIfPresent([String: Tail].self, forKey: .tails) ?? [:]
    series = try keys.decode(Series.self, forKey: .series)
    isDrawn = try keys.decodeIfPresent(Bool.self, forKey: .isDrawn) ?? true
    lastSubmit = try keys.decodeIfPresent(Double.self, forKey: .lastSubmit)
    waitsByLength =
      try keys.decodeIfPresent([WaitsByLength.Tenth].self, forKey: .waitsByLength) ?? []
    notes = try keys.decodeIfPresent([Note].self, forKey: .notes) ?? []
    classNames = try keys.decodeIfPresent([String].self, forKey: .classNames) ?? []
    waitGroups =
      try keys.decodeIfPresent([String: [WaitGroup]].self, forKey: .waitGroups) ?? [:]
    waitingAtLastSubmit = try keys.decodeIfPresent(Int.self, forKey: .waitingAtLastSubmit) ?? 0
  }
}

extension CellCurves.Tail {
  /// The tail of values in millionths.
  init(_ distribution: Tally) {
    count = distribution.count
    let counts = distribution.counts(above: CellCurves.edges.map { $0 * 1e6 })
    first = counts.firstIndex { $0 < distribution.count } ?? counts.count
    beyond = counts[first...].prefix { $0 > 0 }.map(\.self)
  }
}

extension CellCurves.Series {
  /// Neighbouring bins merged until at most 128 are left.
  init(_ bins: [UsageSeries.Bin]) {
    let width = max(1, (bins.count + 127) / 128)
    for first in stride(from: 0, to: bins.count, by: width) {
      let slice = bins[first..<min(first + width, bins.count)]
      let span = slice.reduce(0) { $0 + $1.length.seconds }
      func mean(_ value: (UsageSeries.Bin) -> Double) -> Double {
        slice.reduce(0) { $0 + value($1) * $1.length.seconds } / max(span, 1e-12)
      }
      func share(_ used: Double, _ capacity: Double) -> Double {
        capacity > 0 ? used / capacity : 0
      }
      start.append(bins[first].start.seconds)
      length.append(span)
      cpu.append(share(mean(\.cpuUsed), mean(\.cpuCapacity)))
      memory.append(share(mean(\.memoryUsed), mean(\.memoryCapacity)))
      waiting.append(mean(\.waiting))
      running.append(mean(\.running))
    }
  }
}

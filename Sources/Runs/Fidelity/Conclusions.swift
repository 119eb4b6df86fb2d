import Experiments
import Foundation
import Simulation

/// Does a study of generated workloads say what one of the trace says? Eight schedulers or queue orders
/// at three loads, the trace beside workloads generated after it.
public struct Conclusions: Sendable, Codable {
  /// A figure of generated workloads over the trace's: the geometric mean over the workloads, with
  /// Student's 95 % interval of its logarithm. It says how the model is off, not how the trace might
  /// have come out otherwise.
  public struct Ratio: Sendable, Codable {
    public let value: Double
    public let lower: Double
    public let upper: Double
  }

  /// One scheduler at one load.
  public struct Cell: Sendable, Codable {
    public let load: Double
    public let scheduler: String
    /// Of the trace, in seconds.
    public let meanWait: Double
    public let p99Wait: Double
    /// Of the trace: mean of max(1, completion / max(run time, 10 s)).
    public let boundedSlowdown: Double
    /// What was generated over the trace; waits below 1 s count as 1 s.
    public let meanWaitRatio: Ratio
    public let p99WaitRatio: Ratio
    public let boundedSlowdownRatio: Ratio
    /// Mean wait of the trace's second stretch over that of its first; nil without two stretches.
    public let stretchRatio: Double?
    /// Whether anybody waited: cells where mean waits are below a second on both sides are in no mean.
    public let counts: Bool
  }

  /// Two schedulers at one load that the trace tells apart.
  public struct Pair: Sendable, Codable {
    public let load: Double
    public let first: String
    public let second: String
    /// Natural logarithm of the first's mean wait over the second's, in the trace and here.
    public let original: Double
    public let generated: Double
    /// Whether both have the same sign.
    public var agrees: Bool { original * generated > 0 }
  }

  /// The machines, in words.
  public let cluster: String
  /// Tasks of the trace that were run, and workloads that were generated.
  public let tasks: Int
  public let workloads: Int
  /// Scheduler by scheduler, load by load.
  public let cells: [Cell]
  /// Pairs of schedulers that the trace tells apart: the mean difference of their waits over 20
  /// stretches of consecutive tasks is not 0 by Student's 95 % interval, and at least a second.
  public let pairs: [Pair]
  /// Mean of |ln(mean wait here / in the trace)| over the cells that count; nil where nobody waits.
  public let meanAbsoluteLogRatio: Double?
  /// The same of two stretches of the trace itself.
  public let stretches: Double?
  /// Kendall's tau over ``pairs``: agreeing less disagreeing, over all; nil where there is none.
  public let tau: Double?
  /// What is to be known beside it.
  public let notes: [String]

  /// |log ratio| that is asked for.
  public static let goal = 0.15

  init(
    cluster: String, tasks: Int, original: [[ConclusionStudy.Figures]],
    generated: [[[ConclusionStudy.Figures]]],
    stretches: ([[ConclusionStudy.Figures]], [[ConclusionStudy.Figures]])?, notes: [String]
  ) {
    (self.cluster, self.tasks, self.notes) = (cluster, tasks, notes)
    workloads = generated.count
    var cells: [Cell] = []
    var pairs: [Pair] = []
    func logs(_ values: [Double], over base: Double, floor: Double) -> [Double] {
      values.map { log(max($0, floor) / max(base, floor)) }
    }
    for (l, load) in ConclusionStudy.loads.enumerated() {
      let row = original[l]
      for (s, setting) in ConclusionSetting.all.enumerated() {
        let (real, drawn) = (row[s], generated.map { $0[l][s] })
        cells.append(
          Cell(
            load: load, scheduler: setting.name, meanWait: real.meanWait, p99Wait: real.p99Wait,
            boundedSlowdown: real.slowdown,
            meanWaitRatio: Ratio(logs(drawn.map(\.meanWait), over: real.meanWait, floor: 1)),
            p99WaitRatio: Ratio(logs(drawn.map(\.p99Wait), over: real.p99Wait, floor: 1)),
            boundedSlowdownRatio: Ratio(logs(drawn.map(\.slowdown), over: real.slowdown, floor: 1)),
            stretchRatio: stretches.map {
              max($0.1[l][s].meanWait, 1) / max($0.0[l][s].meanWait, 1)
            },
            counts: max(real.meanWait, drawn.map(\.meanWait).max() ?? 0) >= 1))
      }
      for a in row.indices {
        for b in row.indices where b > a && Self.differ(row[a].stretches, row[b].stretches) {
          let drawn = generated.map {
            log(max($0[l][a].meanWait, 1) / max($0[l][b].meanWait, 1))
          }
          pairs.append(
            Pair(
              load: load, first: ConclusionSetting.all[a].name,
              second: ConclusionSetting.all[b].name,
              original: log(max(row[a].meanWait, 1) / max(row[b].meanWait, 1)),
              generated: drawn.reduce(0, +) / Double(max(1, drawn.count))))
        }
      }
    }
    self.cells = cells
    self.pairs = pairs
    let counting = cells.filter(\.counts)
    func mean(_ values: [Double]) -> Double? {
      values.isEmpty ? nil : values.reduce(0) { $0 + abs($1) } / Double(values.count)
    }
    meanAbsoluteLogRatio = mean(counting.map { log($0.meanWaitRatio.value) })
    self.stretches = mean(counting.compactMap { $0.stretchRatio.map { log($0) } })
    let agreeing = pairs.count { $0.agrees }
    tau = pairs.isEmpty ? nil : Double(2 * agreeing - pairs.count) / Double(pairs.count)
  }

  /// Whether waits differ beyond chance.
  private static func differ(_ a: [Double], _ b: [Double]) -> Bool {
    guard a.count == b.count, a.count > 1 else { return false }
    let differences = zip(a, b).map { $0 - $1 }
    let mean = differences.reduce(0, +) / Double(differences.count)
    guard abs(mean) >= 1, let interval = ConfidenceInterval.t(differences) else { return false }
    return !interval.contains(0)
  }
}

extension Conclusions.Ratio {
  /// From logarithms.
  init(_ logs: [Double]) {
    let mean = logs.reduce(0, +) / Double(max(1, logs.count))
    let interval = ConfidenceInterval.t(logs)
    value = exp(mean)
    lower = exp(interval?.lower ?? mean)
    upper = exp(interval?.upper ?? mean)
  }
}

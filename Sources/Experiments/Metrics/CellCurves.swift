import Foundation
import Simulation
import Workload

/// Distributions and series of a run, small enough to keep for every cell.
public struct CellCurves: Codable, Hashable, Sendable {
  /// Quantiles of wait and completion in seconds and of the slowdowns, at the shares of greater values
  /// in ``tails``, as far as the number of tasks reaches.
  public var quantiles: [String: [Double]]
  /// The cluster's use over time.
  public var series: Series

  /// The shares of values that are greater: twelve a decade from 1 to 0.0001.
  public static let tails: [Double] = (0...48).map { pow(10, -Double($0) / 12) }

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
  public init(_ report: SimulationReport) {
    quantiles = [:]
    for (name, distribution) in [
      ("wait", report.total.wait), ("completion", report.total.completion),
      ("slowdown", report.total.slowdown), ("bounded_slowdown", report.total.boundedSlowdown),
    ] where distribution.count > 0 {
      let reached = Self.tails.prefix { $0 * Double(distribution.count) >= 1 - 1e-9 }
      quantiles[name] = distribution.quantiles(reached.map { 1 - $0 }).map { $0 * 1e-6 }
    }
    series = Series(report.series.bins)
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

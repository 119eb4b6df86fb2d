import Fitting
import Foundation

/// What queueing theory says of one station of equal servers with Poisson arrivals, to be printed beside
/// a simulation of it.
public struct QueueTheory: Sendable {
  /// Servers (≥ 1).
  public let servers: Int
  /// Share of the servers that is busy on average, 0…1 (exclusive).
  public let load: Double
  /// The law of run times, in seconds.
  public let runTime: Law

  /// Mean run time in seconds.
  public var meanRun: Double { runTime.mean }
  /// Arrivals a second.
  public var rate: Double { load * Double(servers) / meanRun }

  /// A station.
  ///
  /// - Precondition: at least one server, a load within 0…1, ends excluded.
  public init(servers: Int, load: Double, runTime: Law) {
    precondition(
      servers > 0 && load > 0 && load < 1, "a queue of that load has no stationary state")
    (self.servers, self.load, self.runTime) = (servers, load, runTime)
  }

  /// A figure, where it is from, and whether it is exact.
  public struct Value: Sendable {
    /// What it is of: `mean wait, s`.
    public var name: String
    /// The figure.
    public var value: Double
    /// The formula's name.
    public var source: String
  }

  /// Mean of the square of run times, by the midpoint rule over 200,000 quantiles where the law has
  /// no closed form; NaN if it is infinite.
  private var meanSquare: Double {
    let variance = runTime.variance
    return variance + meanRun * meanRun
  }

  private var isExponential: Bool {
    runTime.family == .exponential && runTime.limits == .none
  }

  /// The probability that an arrival has to wait in M/M/c (Erlang's C formula), by the recursion of his
  /// B formula. O(c).
  public var erlangC: Double {
    let offered = load * Double(servers)
    var blocking = 1.0
    for server in 1...servers {
      blocking = offered * blocking / (Double(server) + offered * blocking)
    }
    return blocking / (1 - load * (1 - blocking))
  }

  /// Mean wait in seconds, first come first served: exact for exponential run times and for one
  /// server (Pollaczek and Khinchine), by the approximation of Allen and Cunneen otherwise.
  public var meanWait: (value: Double, source: String) {
    if isExponential {
      return (erlangC * meanRun / (Double(servers) * (1 - load)), "M/M/\(servers), Erlang C")
    }
    let variability = meanSquare / (meanRun * meanRun)
    if servers == 1 {
      return (
        rate * meanSquare / (2 * (1 - load)), "M/G/1, Pollaczek-Khinchine"
      )
    }
    return (
      erlangC * meanRun / (Double(servers) * (1 - load)) * variability / 2,
      "M/G/\(servers), Allen-Cunneen's approximation"
    )
  }

  /// Mean wait in seconds where the shortest of those that wait goes next, on one server (Phipps 1956):
  /// λ E[S²] / 2 · ∫ dF(x) / (1 - ρ(x))², with ρ(x) the load of run times up to x. By the midpoint rule over
  /// 100,000 quantiles.
  public var meanWaitShortestFirst: Double {
    guard servers == 1 else { return .nan }
    let steps = 100_000
    var (below, sum) = (0.0, 0.0)
    for step in 0..<steps {
      let part = runTime.quantile((Double(step) + 0.5) / Double(steps)) / Double(steps) * rate
      let middle = 1 - below - part / 2
      sum += 1 / (middle * middle) / Double(steps)
      below += part
    }
    return rate * meanSquare / 2 * sum
  }

  /// What can be said, for a queue served first come first served, or the shortest first.
  public func values(isShortestFirst: Bool = false) -> [Value] {
    var values: [Value] = []
    if isShortestFirst {
      if servers == 1 {
        let wait = meanWaitShortestFirst
        values.append(
          .init(name: "mean wait, s", value: wait, source: "M/G/1, shortest first (Phipps)"))
        values.append(
          .init(name: "mean completion, s", value: wait + meanRun, source: "wait + run time"))
      }
    } else {
      let wait = meanWait
      values.append(.init(name: "mean wait, s", value: wait.value, source: wait.source))
      values.append(
        .init(name: "mean completion, s", value: wait.value + meanRun, source: "wait + run time"))
      values.append(
        .init(
          name: "tasks waiting", value: rate * wait.value, source: "Little's law on \(wait.source)")
      )
      if isExponential {
        values.append(
          .init(name: "share that waits", value: erlangC, source: "Erlang C"))
        // P(W > t) = C exp(-(c μ - λ) t).
        let drain = Double(servers) / meanRun * (1 - load)
        if erlangC > 0.01 {
          values.append(
            .init(
              name: "99th percentile of wait, s", value: log(erlangC / 0.01) / drain,
              source: "M/M/\(servers)"))
        }
      }
    }
    values.append(.init(name: "utilisation", value: load, source: "ρ"))
    if servers == 1 {
      values.append(
        .init(
          name: "mean completion under processor sharing, s", value: meanRun / (1 - load),
          source: "M/G/1-PS, whatever the law"))
    }
    return values
  }
}

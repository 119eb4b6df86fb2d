import Fitting
import Workload

/// How a user's jobs resemble those before them: measured, to hold what is generated against; nothing is drawn from
/// it.
public struct SequenceProfile: Codable, Sendable, Equatable {
  /// Whether the trace tells users; else all jobs are one user's.
  public var byUser: Bool
  /// Mean number of a user's jobs on end that ask for the same, from 1.
  public var runLength: Double
  /// Of jobs and those of the same user so many jobs before.
  public var autocorrelations: [Lag]

  /// Spearman's rank correlations of pairs of jobs, ranks taken over all of them: what users differ by counts too. Nil
  /// for fewer than 30 pairs, or values that do not vary.
  public struct Lag: Codable, Sendable, Equatable {
    /// So many of the user's jobs before.
    public var lag: Int
    /// Of the cores (where these are not known, the GPUs) of all tasks and instances together.
    public var size: Double?
    /// Of exact run times of the first tasks.
    public var runTime: Double?
  }

  static let lags = [1, 2, 4, 8, 16]
}

extension JobLedger {
  /// How jobs resemble those before them; nil where fewer than 30 follow another of their user. O(n log n).
  func sequence() -> SequenceProfile? {
    let byUser = entries.contains { $0.user != 0 }
    var jobs: [UInt32: [Int]] = [:]
    for (job, entry) in entries.enumerated() where !byUser || entry.user != 0 {
      jobs[byUser ? entry.user : 0, default: []].append(job)
    }
    let users = jobs.sorted { $0.key < $1.key }.map(\.value)
    let count = users.reduce(0) { $0 + $1.count }
    guard count - users.count >= 30 else { return nil }
    var runs = 0
    for jobs in users {
      runs += 1
      for (a, b) in zip(jobs, jobs.dropFirst()) where !entries[b].isLike(entries[a]) { runs += 1 }
    }
    return SequenceProfile(
      byUser: byUser, runLength: Double(count) / Double(runs),
      autocorrelations: SequenceProfile.lags.map { lag in
        SequenceProfile.Lag(
          lag: lag, size: autocorrelation(users, lag, \.size),
          runTime: autocorrelation(users, lag) { $0.isCensored ? -1 : $0.runTime })
      })
  }

  /// Of pairs of which both values are known (≥ 0).
  private func autocorrelation(
    _ users: [[Int]], _ lag: Int, _ value: (Entry) -> Double
  ) -> Double? {
    var (first, second): ([Double], [Double]) = ([], [])
    for jobs in users {
      for (a, b) in zip(jobs, jobs.dropFirst(lag)) {
        let (x, y) = (value(entries[a]), value(entries[b]))
        guard x >= 0, y >= 0 else { continue }
        first.append(x)
        second.append(y)
      }
    }
    return first.count >= 30 ? rankCorrelation(first, second) : nil
  }
}

extension JobLedger.Entry {
  /// Cores of the whole job; its GPUs where cores are not known; negative where neither is.
  fileprivate var size: Double {
    let amount = cpu >= 0 ? cpu : gpus > 0 ? gpus : -1
    return amount < 0 ? -1 : amount * Double(instances) * Double(tasks)
  }
}

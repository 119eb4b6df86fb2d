import Fitting
import Workload

extension JobLedger {
  /// What was found of jobs that failed, or why nothing was.
  enum Resubmissions: Equatable {
    case found(ResubmissionProfile)
    case leftOut(String)
  }

  /// A job that ended, and the like job that its user submitted next, if any.
  private struct Ended {
    var job: Int
    var next: Int?
  }

  /// Jobs of one user that ran for about as long.
  private struct Stratum: Hashable {
    var user: UInt32
    /// Of the run time: 0 below a second, 1 below 4, 2 below 16, …; -1 where it is not known.
    var order: Int

    init(_ entry: Entry) {
      user = entry.user
      order = -1
      guard entry.runTime >= 0 else { return }
      var end = 1.0
      order = 0
      while entry.runTime >= end, order < 30 { (order, end) = (order + 1, end * 4) }
    }
  }

  /// How jobs that failed are submitted again. O(n log n).
  ///
  /// A job is taken to follow the last like job of its user that had ended before it, each job one other at most,
  /// however that ended. What follows jobs that failed beyond what follows jobs of the same users that finished after
  /// about as long are resubmissions.
  func resubmissions() -> Resubmissions {
    guard entries.contains(where: { $0.user != 0 }) else { return .leftOut("users are not told") }
    let followers = followers()
    func ended(_ outcome: Outcome) -> [Ended] {
      entries.indices.compactMap { job in
        let entry = entries[job]
        guard entry.user != 0, entry.end >= 0, entry.outcome == outcome else { return nil }
        return Ended(job: job, next: followers[job])
      }
    }
    var (failed, finished) = (ended(.failed), ended(.finished))
    // Users differ: those that fail much are compared with themselves. What failed at once ended while its user was still
    // submitting: it is compared with what ran for as long.
    var counts: [Stratum: (failed: Int, finished: Int)] = [:]
    for job in failed { counts[Stratum(entries[job.job]), default: (0, 0)].failed += 1 }
    for job in finished { counts[Stratum(entries[job.job]), default: (0, 0)].finished += 1 }
    func hasBoth(_ ended: Ended) -> Bool {
      counts[Stratum(entries[ended.job])].map { $0.failed > 0 && $0.finished > 0 } ?? false
    }
    failed.removeAll { !hasBoth($0) }
    finished.removeAll { !hasBoth($0) }
    let fewest = ResubmissionProfile.fewest
    guard failed.count >= fewest, finished.count >= fewest else {
      return .leftOut(
        "\(failed.count) jobs failed and \(finished.count) finished of users with both, after about as long; \(fewest) of each are needed"
      )
    }
    let last = entries.reduce(0) { max($0, $1.submit) }
    func observation(_ ended: Ended) -> RelativeSurvival.Observation {
      let entry = entries[ended.job]
      let alike = counts[Stratum(entry)] ?? (1, 1)
      let weight = entry.outcome == .failed ? 1 : Double(alike.failed) / Double(alike.finished)
      if let next = ended.next {
        return .init(time: entries[next].submit - entry.end, isEvent: true, weight: weight)
      }
      return .init(time: max(0, last - entry.end), isEvent: false, weight: weight)
    }
    guard
      let excess = RelativeSurvival(
        failed.map(observation), beside: finished.map(observation),
        horizon: ResubmissionProfile.window)
    else { return .leftOut("nearly all jobs come again within a day, whether they fail or not") }
    guard excess.share > 3 * excess.standardError, excess.share > 0.01 else {
      return .leftOut(
        "none beyond chance: a like job follows \(failed.count) that failed with probability "
          + "\(WorkloadComparison.rounded(excess.observedShare)), those that finished with "
          + WorkloadComparison.rounded(excess.expectedShare))
    }
    let delays = (0..<64).compactMap { excess.quantile((Double($0) + 0.5) / 64) }
    let scores = normalScores()
    let pairs = failed.compactMap { ended -> (Double, Double)? in
      guard let next = ended.next, !scores[ended.job].isNaN, !scores[next].isNaN else { return nil }
      return (scores[ended.job], scores[next])
    }
    let again = failed.compactMap { $0.next.map { entries[$0] } }.filter { $0.end >= 0 }
    return .found(
      ResubmissionProfile(
        failed: failed.count, finished: finished.count, observedShare: excess.observedShare,
        expectedShare: excess.expectedShare, share: excess.share,
        standardError: excess.standardError, delays: delays,
        failsAgain: again.isEmpty
          ? 0 : Double(again.count { $0.outcome == .failed }) / Double(again.count),
        runTimeCorrelation: pairs.count >= 30 ? Self.correlation(pairs) : 0))
  }

  /// For each job that ended the like job of the same user that came next, within a day.
  private func followers() -> [Int: Int] {
    struct Key: Hashable {
      var user: UInt32
      var amounts: [Double]
    }
    // Ends before the submissions of the same time.
    var events: [(time: Double, isSubmission: Bool, job: Int)] = []
    for (job, entry) in entries.enumerated() where entry.user != 0 {
      events.append((entry.submit, true, job))
      if entry.end >= 0 { events.append((entry.end, false, job)) }
    }
    events.sort {
      ($0.time, $0.isSubmission ? 1 : 0, $0.job) < ($1.time, $1.isSubmission ? 1 : 0, $1.job)
    }
    var waiting: [Key: [Int]] = [:]
    var found: [Int: Int] = [:]
    for event in events {
      let entry = entries[event.job]
      let key = Key(user: entry.user, amounts: entry.amounts)
      guard event.isSubmission else {
        waiting[key, default: []].append(event.job)
        continue
      }
      // A job that took no time ended when it came: it does not follow itself.
      guard let place = waiting[key]?.lastIndex(where: { $0 != event.job }),
        let before = waiting[key]?.remove(at: place)
      else { continue }
      if event.time - entries[before].end > ResubmissionProfile.window {
        // All that ended before that one are too long ago as well.
        waiting[key]?.removeSubrange(0..<place)
      } else {
        found[before] = event.job
      }
    }
    return found
  }
}

import MARL

/// How clusters train together, or do not.
public enum FederationMethod: String, CaseIterable, Sendable {
  /// Averages of what the clusters' policies learn (McMahan et al. 2017).
  case fedavg
  /// The same with a pull towards the average (Li et al. 2020).
  case fedprox
  /// One policy trained on the experience of all clusters.
  case pooled
  /// A policy for each cluster, trained on its own experience.
  case isolated

  /// Refuses a scenario that this cannot train on.
  ///
  /// - Parameters:
  ///   - file: the clusters.
  ///   - path: where it was read from.
  public func check(_ file: ScenarioFile, _ path: String) throws(RunError) {
    guard file.scenarios.count > 1 else {
      throw RunError(
        message: "\(path): has one cluster; expected a list of two or more at `clusters`")
    }
    guard Set(file.scenarios.map(\.name)).count == file.scenarios.count else {
      throw RunError(message: "\(path): two clusters have the same name")
    }
    if self == .fedprox, file.proximal == 0 {
      throw RunError(
        message: "\(path): fedprox needs `proximal` above 0 under `federated`; 0 is fedavg")
    }
  }

  /// Trains; the policies, one a cluster, as rows of a ``FederationTable``.
  ///
  /// - Parameters:
  ///   - file: the clusters and how to train.
  ///   - folder: where policies and checkpoints go.
  ///   - resume: whether to go on from the folder's checkpoints, where there are any.
  ///   - workers: clusters or episodes at a time; the result is the same.
  ///   - limit: how many rounds more at most.
  ///   - report: is given a line a round.
  ///   - conclude: is given what a training came to, when it is over.
  public func train(
    _ file: ScenarioFile, folder: String, resume: Bool, workers: Int, limit: Int?,
    report: (String) -> Void, conclude: (String) throws -> Void
  ) throws -> [FederationTable.Entry] {
    var file = file
    /// Trains one policy on a file's scenarios.
    func policy(_ file: ScenarioFile, _ folder: String, _ name: String) throws -> PolicyModel {
      try makeFolder(folder)
      var session = try TrainingSession(file, folder: folder, resume: resume, from: nil)
      try session.run(workers: workers, limit: limit.map { $0 * file.localIterations }) {
        report(name + $0)
      }
      try conclude(session.summary)
      return session.policy
    }
    switch self {
    case .fedavg, .fedprox:
      file.training.learner.proximal = self == .fedprox ? file.proximal : 0
      var session = try FederationSession(file, folder: folder, resume: resume)
      try session.run(workers: workers, limit: limit) { report($0) }
      try conclude(session.summary)
      return [.init(rawValue, Array(repeating: session.policy, count: file.scenarios.count))]
    case .pooled:
      // As many decisions, in as many steps, as all clusters together make and each.
      file.training.episodes *= file.scenarios.count
      file.training.learner.minibatch *= file.scenarios.count
      let policy = try policy(file, folder, "")
      return [.init("pooled", Array(repeating: policy, count: file.scenarios.count))]
    case .isolated:
      let policies = try file.scenarios.map { scenario in
        var alone = file
        alone.scenarios = [scenario]
        return try policy(alone, "\(folder)/\(scenario.name)", "\(scenario.name): ")
      }
      return [.init("isolated", policies), .init("isolated, elsewhere", policies, elsewhere: true)]
    }
  }
}

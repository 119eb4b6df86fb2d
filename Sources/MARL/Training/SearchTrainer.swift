import Simulation

/// A training that searches weights by ``CMAES``.
public protocol SearchTrainer: Sendable {
  /// One generation more.
  ///
  /// - Parameters:
  ///   - workers: runs at a time; the result is the same.
  ///   - validates: whether what may be the result is run on what is kept for validation, and kept if it is the best.
  mutating func step(workers: Int, validates: Bool) throws -> SearchProgress
  /// The best policy so far by validation: the one that the search began with, until another is better.
  var policy: SafeTensors { get }
  /// Its loss there, as a logarithm.
  var bestLoss: Double { get }
  /// The loss there of the policy that the search began with.
  var startLoss: Double { get }
  /// Runs so far.
  var runs: Int { get }
}

/// How a search by ``CMAES`` goes on.
public protocol SearchSettings: Hashable, Sendable, Codable {
  /// Generations.
  var generations: Int { get set }
  /// Points a generation; nil for 4 + 3 ln n.
  var population: Int? { get set }
  /// Generations from one validation to the next.
  var validationEvery: Int { get set }
  /// Standard deviation of the first draws of a weight.
  var step: Double { get set }
  /// What all chance comes from.
  var seed: UInt64 { get set }
}

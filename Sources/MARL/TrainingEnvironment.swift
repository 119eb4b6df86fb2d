import Simulation
import Workload

/// The engine's settings that a policy learned in, so far as they change what it decides and what comes of
/// it; in its checkpoint under `environment`, with the keys of an experiment's `engine`.
public struct TrainingEnvironment: Hashable, Sendable, Codable {
  /// Whether tasks wait at their machines (`dispatch`) and not in one queue.
  public var dispatch: Bool
  /// Whether tasks are submitted at machines whose agents decide.
  public var gateways: Bool
  /// Age of the view of other machines, in seconds; 0 is the present.
  public var heartbeat: Double
  /// Delay of every placement, in seconds; 0 is none.
  public var networkDelay: Double
  /// Whether run times are known where no estimates are declared.
  public var exactEstimates: Bool
  /// What may overtake a head that waits: `none`, `greedy`, `easy`, `conservative`.
  public var backfilling: String
  /// Step of the clock, in seconds; 0 is the continuous clock.
  public var step: Double
  /// Whether what does not fit at once is refused.
  public var refuse: Bool

  /// Whether a head that does not fit stays the head. This and the next are of policies that order the queue, and
  /// nil for others.
  public var bindHead: Bool?
  /// What predicts run times, or `none`.
  public var prediction: String?
  /// What predictions are for.
  public var predictFor: String?

  /// The environment of these options.
  public init(_ options: SimulationOptions) {
    dispatch = options.mode == .dispatch
    gateways = options.gateways
    heartbeat = options.heartbeat.seconds
    networkDelay = options.network?.dispatch.seconds ?? 0
    exactEstimates = options.estimates == .exact
    backfilling = "\(options.backfilling)"
    step = options.step.seconds
    refuse = options.refusesAtOnce
  }

  /// The environment of these options for a policy that orders the queue.
  public init(ofOrder options: SimulationOptions) {
    self.init(options)
    bindHead = options.bindsHead
    prediction = options.prediction?.name ?? "none"
    predictFor = options.prediction == nil ? nil : options.predictionUse.rawValue
  }

  /// Whether its numbers are such as an engine can have.
  var isValid: Bool {
    [heartbeat, networkDelay, step].allSatisfy { $0 >= 0 && $0 <= 1e9 }
      && SimulationOptions.Backfilling.allCases.contains { "\($0)" == backfilling }
  }
}

extension Collection where Element == Scenario {
  /// The environment that all have in common; nil if they differ.
  var environment: TrainingEnvironment? {
    let all = Set(map { TrainingEnvironment($0.options) })
    return all.count == 1 ? all.first : nil
  }
}

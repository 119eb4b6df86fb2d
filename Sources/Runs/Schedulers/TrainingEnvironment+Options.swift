import Experiments
import MARL
import Simulation

extension TrainingEnvironment {
  /// Makes an engine's settings those of this environment; what it says nothing of stays.
  public func apply(to settings: inout EngineSettings) {
    let before = TrainingEnvironment(settings.options)
    settings.mode = dispatch ? .dispatch : .central
    settings.gateways = gateways
    settings.heartbeat = heartbeat
    if networkDelay != before.networkDelay {
      settings.network = nil
      settings.networkDelay = networkDelay
    }
    settings.exactEstimates = exactEstimates
    settings.backfilling = .init(rawValue: backfilling)
    settings.step = step
    settings.refuse = refuse
  }

  /// The options of the command line in which an engine of these `options` differs from it, as they were in
  /// training; empty if it does not.
  public func flags(unlike options: SimulationOptions) -> [String] {
    let other = TrainingEnvironment(options)
    var flags: [String] = []
    /// A switch that is off by default cannot be given: then it is named as what is to be left out.
    func note(_ flag: String, _ mine: Bool, _ theirs: Bool) {
      if mine != theirs { flags.append(mine ? flag : "no \(flag)") }
    }
    if dispatch != other.dispatch { flags.append("--mode \(dispatch ? "dispatch" : "central")") }
    note("--gateways", gateways, other.gateways)
    if heartbeat != other.heartbeat { flags.append("--heartbeat \(Self.time(heartbeat))") }
    if networkDelay != other.networkDelay {
      flags.append(networkDelay > 0 ? "--network \(Self.time(networkDelay))" : "no --network")
    }
    note("--exact-estimates", exactEstimates, other.exactEstimates)
    if backfilling != other.backfilling { flags.append("--backfilling \(backfilling)") }
    if step != other.step { flags.append("--step \(Self.time(step))") }
    note("--refuse", refuse, other.refuse)
    return flags
  }

  private static func time(_ seconds: Double) -> String {
    let milliseconds = (seconds * 1e3).rounded()
    return seconds < 1 && milliseconds == seconds * 1e3 && seconds > 0
      ? "\(Int(milliseconds))ms"
      : seconds == seconds.rounded() ? "\(Int(seconds))s" : "\(seconds)s"
  }
}

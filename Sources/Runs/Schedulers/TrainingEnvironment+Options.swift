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
    if let bindHead { settings.bindHead = bindHead }
    if let prediction { settings.prediction = prediction }
    if let predictFor { settings.predictFor = predictFor }
  }

  /// Makes an engine's options those of this environment; what it says nothing of stays.
  func apply(to options: inout SimulationOptions) {
    let before = TrainingEnvironment(options)
    var settings = EngineSettings()
    apply(to: &settings)
    settings.networkDelay = networkDelay != before.networkDelay ? networkDelay : nil
    settings.apply(to: &options)
  }

  /// A setting in which an engine differs from it, as it was in training.
  private struct Difference {
    /// The option of the command line. A switch that is off by default cannot be given: then it is named
    /// as what is to be left out.
    let flag: String
    /// The key of an experiment's `engine` and its value.
    let key: String
  }

  private func differences(_ options: SimulationOptions) -> [Difference] {
    let other = TrainingEnvironment(ofOrder: options)
    var found: [Difference] = []
    func note(_ flag: String, _ key: String, _ mine: Bool, _ theirs: Bool) {
      guard mine != theirs else { return }
      found.append(Difference(flag: mine ? flag : "no \(flag)", key: "\(key): \(mine)"))
    }
    func note(_ flag: String, _ key: String, _ value: String, differs: Bool) {
      if differs { found.append(Difference(flag: "\(flag) \(value)", key: "\(key): \(value)")) }
    }
    note("--mode", "mode", dispatch ? "dispatch" : "central", differs: dispatch != other.dispatch)
    note("--gateways", "gateways", gateways, other.gateways)
    note("--heartbeat", "heartbeat", Self.time(heartbeat), differs: heartbeat != other.heartbeat)
    if networkDelay != other.networkDelay {
      let delay = Self.time(networkDelay)
      found.append(
        Difference(
          flag: networkDelay > 0 ? "--network \(delay)" : "no --network",
          key: "networkDelay: \(delay)"))
    }
    note("--exact-estimates", "exactEstimates", exactEstimates, other.exactEstimates)
    note("--backfilling", "backfilling", backfilling, differs: backfilling != other.backfilling)
    note("--step", "step", Self.time(step), differs: step != other.step)
    note("--refuse", "refuse", refuse, other.refuse)
    if let bindHead { note("--bind-head", "bindHead", bindHead, other.bindHead ?? false) }
    if let prediction {
      let theirs = other.prediction ?? "none"
      note("--prediction", "prediction", prediction, differs: prediction != theirs)
    }
    if let predictFor {
      let theirs = other.predictFor ?? "both"
      note("--predict-for", "predictFor", predictFor, differs: predictFor != theirs)
    }
    return found
  }

  /// The options of the command line in which an engine of these `options` differs from it, as they were in
  /// training; empty if it does not.
  public func flags(unlike options: SimulationOptions) -> [String] {
    differences(options).map(\.flag)
  }

  /// The same as the keys of a file's `engine`: `heartbeat: 5s`.
  func keys(unlike options: SimulationOptions) -> [String] { differences(options).map(\.key) }

  private static func time(_ seconds: Double) -> String {
    let milliseconds = (seconds * 1e3).rounded()
    return seconds < 1 && milliseconds == seconds * 1e3 && seconds > 0
      ? "\(Int(milliseconds))ms"
      : seconds == seconds.rounded() ? "\(Int(seconds))s" : "\(seconds)s"
  }
}

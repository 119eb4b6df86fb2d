import Experiments
import MARL
import Simulation

/// A learned policy decides as it learned to, and what it learned holds for the engine it learned in. Every
/// way to run one says so before it runs in another, or sets that engine (`--as-trained`).
extension NamedScheduler {
  /// How the settings would be said that are to be another's.
  public enum Saying: Sendable {
    /// As options of `tracemill simulate`.
    case flags
    /// As the keys of a file's `engine`.
    case keys
  }

  /// What goes behind its name in one line for an engine whose settings differ from those in which it
  /// learned; nil where they do not.
  public func warning(in options: SimulationOptions, as saying: Saying = .flags) -> String? {
    guard let environment else { return nil }
    let settings =
      switch saying {
      case .flags: environment.flags(unlike: options).joined(separator: " ")
      case .keys: environment.keys(unlike: options).joined(separator: ", ")
      }
    guard !settings.isEmpty else { return nil }
    return "learned in another engine: "
      + (saying == .keys ? "engine: { \(settings) }" : settings)
      + " would be right, and --as-trained sets it"
  }

  /// Where it learned, for `--as-trained`.
  ///
  /// - Throws: ``RunError`` where its file does not say.
  private func environmentToSet() throws -> TrainingEnvironment {
    guard let environment else {
      throw RunError(message: "\(name): it does not say what engine it learned in")
    }
    return environment
  }

  /// Makes an engine's settings those in which it learned.
  public func setEnvironment(_ settings: inout EngineSettings) throws {
    try environmentToSet().apply(to: &settings)
  }

  /// Makes an engine's options those in which it learned.
  public func setEnvironment(_ options: inout SimulationOptions) throws {
    try environmentToSet().apply(to: &options)
  }

  /// Whether a name is of a policy that learned in an engine.
  public static func isLearned(_ name: String) -> Bool {
    ["marl:", "order:"].contains(file(name)?.kind)
  }

  /// Why it cannot run in an engine of these settings; nil if it can.
  public func obstacle(in options: SimulationOptions) -> String? {
    guard ordersQueue else { return nil }
    if options.mode == .dispatch {
      return
        "\(name): orders one queue, and with mode dispatch tasks wait at their machines: use mode central"
    }
    if options.order != .fifo {
      return "\(name): says itself who goes next: leave queue out"
    }
    return nil
  }

  /// What is wrong with `--as-trained` where nothing learned.
  public static let nothingLearned =
    "--as-trained is for a policy that learned: --scheduler marl:FILE or order:FILE"
}

extension ExperimentProvider {
  /// Makes the learned schedulers of an experiment ready: each gets what is to be known of it as its note,
  /// and with `asTrained` the engine in which it learned as its own.
  ///
  /// - Returns: a line for each that is to run in another engine than it learned in.
  /// - Throws: ``RunError`` where `asTrained` asks for what no scheduler says.
  public func settle(_ definition: inout ExperimentDefinition, asTrained: Bool) throws -> [String] {
    var warnings: [String] = []
    let learned = definition.schedulers.indices.filter {
      NamedScheduler.isLearned(definition.schedulers[$0].policy)
    }
    if asTrained, learned.isEmpty { throw RunError(message: NamedScheduler.nothingLearned) }
    for index in learned {
      // A file that cannot be read is one of the experiment's `problems`.
      guard let policy = try? NamedScheduler(schedulerName(definition.schedulers[index])) else {
        continue
      }
      if asTrained {
        var engine = definition.engine(of: definition.schedulers[index])
        try policy.setEnvironment(&engine)
        if let issue = definition.schedulers[index].engine.idle(in: engine).first {
          throw RunError(
            message:
              "\(definition.schedulers[index].name), as trained: \(issue.path) \(issue.message)")
        }
        // What stands for all and means nothing to it is told of as a remark of its run.
        engine.leaveOutIdle()
        // What an axis varies goes before what it was trained in.
        for key in definition.varied?.keys ?? [] where key.hasPrefix("engine.") {
          engine = engine.taking(
            String(key.dropFirst("engine.".count)), from: definition.schedulers[index].engine)
        }
        definition.schedulers[index].engine = engine
      }
      let scheduler = definition.schedulers[index]
      let engines = definition.clusters.map { definition.engine(of: scheduler, on: $0).options }
      if let obstacle = engines.lazy.compactMap(policy.obstacle).first {
        throw RunError(message: "\(scheduler.name): \(obstacle)")
      }
      let warning = engines.lazy.compactMap { policy.warning(in: $0, as: .keys) }.first
      if let warning { warnings.append("\(scheduler.name) \(warning)") }
      definition.schedulers[index].note = note(of: scheduler)
      definition.schedulers[index].warning = warning
    }
    return warnings
  }
}

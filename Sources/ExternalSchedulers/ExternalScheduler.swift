import Simulation

/// Schedulers from outside by their names: `plugin:FILE`, a shared object, and `process:COMMAND`, a program.
///
/// Both run code of others. So such a name counts only where the user wrote it, on the command line or in a
/// call; in a file, such as an experiment or a results store, it is refused.
public enum ExternalScheduler {
  private static let plugin = "plugin:"
  private static let process = "process:"

  /// Whether `name` is of that kind.
  public static func isOne(_ name: String) -> Bool {
    name.hasPrefix(plugin) || name.hasPrefix(process)
  }

  /// The scheduler called `name`. Nothing of a program runs before a run begins; a shared object is loaded
  /// here.
  ///
  /// - Parameter timeout: seconds that a program may take for an answer.
  /// - Throws: ``ForeignFailure`` where it cannot be loaded.
  public static func policy(
    _ name: String, timeout: Double = ProcessScheduler.defaultTimeout
  ) throws(ForeignFailure) -> any PlacementPolicy & ForeignPolicy {
    if name.hasPrefix(plugin) {
      return try FunctionScheduler.policy(plugin: String(name.dropFirst(plugin.count)))
    }
    let command = String(name.dropFirst(process.count))
    guard !command.allSatisfy(\.isWhitespace) else {
      throw ForeignFailure("process: without a command")
    }
    return ProcessScheduler.policy(command: command, timeout: timeout)
  }

  /// What to say where such a name stands in an input.
  public static func refusal(_ name: String) -> String {
    "'\(name)' would run code that a file names; it is taken from the command line of"
      + " `tracemill simulate`, or from a call, only"
  }
}

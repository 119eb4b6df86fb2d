import ArgumentParser
import Experiments

/// By what waits are told apart, for the commands that print them.
struct WaitsOptions: ParsableArguments {
  @Option(
    name: .customLong("by"),
    help: ArgumentHelp(
      """
      Tell waits apart by user, or by size (cores, in powers of two); may be repeated. By run time and \
      by class they are told anyway.
      """, valueName: "what"))
  var waitsBy: [WaitsBy] = []

  /// What takes asking for.
  var groupings: [WaitGrouping] {
    WaitGrouping.allCases.filter { grouping in waitsBy.contains { $0.rawValue == grouping.rawValue }
    }
  }
}

/// What waits are told apart by: what is asked for, and what is told anyway.
enum WaitsBy: String, CaseIterable, ExpressibleByArgument {
  case user, size, runTime = "run-time", kind = "class"
}

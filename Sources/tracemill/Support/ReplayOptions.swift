import ArgumentParser
import Experiments
import Workload

/// How a workload is replayed, on the command line.
struct ReplayOptions: ParsableArguments, Sendable {
  @Option(help: ArgumentHelp("Arrivals so many times as dense.", valueName: "factor"))
  var scaleArrivals = 1.0

  @Option(
    name: [.customLong("scale-run-times"), .customLong("scale-load")],
    help: ArgumentHelp("Run times so many times as long.", valueName: "factor"))
  var scaleRunTimes = 1.0

  @Option(
    help: ArgumentHelp(
      """
      Tasks that were running already when the trace began: observed replays them from its \
      beginning to their end, skip leaves them out.
      """, valueName: "how"))
  var atStart = EngineSettings.AtStart.observed

  @Flag(
    help: """
      Ignore the constraints of tasks on machines' attributes, which are honoured where a \
      google-2011 trace with both tables, or Kubernetes' lists of pods and nodes, is the cluster \
      and the workload is it or a record file.
      """)
  var ignoreConstraints = false

  /// Whether everything is replayed as it is.
  var isEmpty: Bool {
    scaleArrivals == 1 && scaleRunTimes == 1 && atStart == .observed && !ignoreConstraints
  }

  mutating func validate() throws {
    guard scaleArrivals > 0, scaleArrivals.isFinite else {
      throw ValidationError("--scale-arrivals is more than 0")
    }
    guard scaleRunTimes >= 0, scaleRunTimes.isFinite else {
      throw ValidationError("--scale-run-times is not negative")
    }
  }
}

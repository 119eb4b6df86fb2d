import ArgumentParser
import Experiments
import Runs

/// What is said of an experiment that is made of options.
struct ExperimentOptions: ParsableArguments {
  @OptionGroup var chart: ChartOption
  @OptionGroup(title: "Engine") var engine: EngineOptions
  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Selection") var replay: ReplayOptions
  @OptionGroup(title: "Reading") var reading: TraceOptions

  /// Refuses what a file brings itself.
  func refuse() throws {
    guard try engine.said() == EngineSettings() else {
      throw ValidationError("--experiment brings its own engine: engine: of the file")
    }
    guard selection.isEmpty, replay.isEmpty else {
      throw ValidationError("--experiment brings its own workloads: from, to, select, … of each")
    }
  }

  func apply(to definition: inout ExperimentDefinition) throws {
    guard selection.sampleSeed == SelectionOptions.standardSeed else {
      throw ValidationError("--sample-seed: here every seed draws a sample of its own")
    }
    definition.engine = try engine.said()
    definition.take(selection.selection, replay.scaleArrivals, replay.scaleRunTimes)
    if replay.atStart != .observed { definition.engine.atStart = replay.atStart }
    if replay.ignoreConstraints { definition.engine.ignoreConstraints = true }
  }
}

/// Where the charts of pages come from.
struct ChartOption: ParsableArguments {
  @Option(
    name: .customLong("chart-library"),
    help: ArgumentHelp(
      "Chart.js for the page, if packages do not have it; or TRACEMILL_CHART_LIBRARY.",
      valueName: "file"))
  var library: String?
}

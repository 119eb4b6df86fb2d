import ArgumentParser
import Experiments
import Foundation
import Runs
import TraceParsing

/// `tracemill report`: the files of an experiment from its results.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Make the tables, figures and pages of an experiment from its results file.",
    discussion: """
      Works while the experiment still runs: what is finished is shown.

      Examples:
        tracemill report study/results.sqlite
        tracemill report study/results.sqlite -o elsewhere --json | jq .Random
      """)

  @Argument(
    help: ArgumentHelp("The results file.", valueName: "results.sqlite"), completion: .file())
  var results: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Where everything is written; the results file's folder if not given.", valueName: "folder"))
  var output: String?

  @OptionGroup var chart: ChartOption

  @Flag(help: "Print results.json.")
  var json = false

  @OptionGroup(title: "Messages") var messages: MessageOptions

  func run() throws {
    let store = try ResultsStore(reading: results)
    let summary = ExperimentSummary(try store.results())
    let folder = output ?? ReportFiles.folder(beside: results, logger: messages.logger)
    try ensureFolder(folder)
    let files = ReportFiles(
      store: results, folder: folder, chartLibrary: chart.library,
      logger: messages.logger)
    try writeOutput(try files.answer(summary, json: json, strong: Terminal.output.strong))
  }
}

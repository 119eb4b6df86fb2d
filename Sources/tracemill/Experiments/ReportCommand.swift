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

  @Option(
    help: ArgumentHelp(
      "Chart.js for report.html, if packages do not have it; or TRACEMILL_CHART_LIBRARY.",
      valueName: "file"))
  var chartLibrary: String?

  @Flag(help: "Print results.json.")
  var json = false

  @OptionGroup(title: "Messages") var messages: MessageOptions

  func run() throws {
    let store = try ResultsStore(path: results)
    let summary = ExperimentSummary(try store.results())
    let folder = output ?? URL(fileURLWithPath: results).deletingLastPathComponent().relativePath
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure(message: "\(folder): cannot be made: \(error.localizedDescription)")
    }
    let files = ReportFiles(
      store: results, folder: folder, chartLibrary: chartLibrary,
      logger: messages.logger)
    let written = try files.write(summary)
    try writeOutput(
      json
        ? summary.json(source: results).text(isIndented: true) + "\n"
        : summary.text + written.map { "wrote \($0)\n" }.joined())
  }
}

import ArgumentParser
import Experiments
import Foundation
import Runs
import Tables
import TraceInput
import TraceParsing
import Workload

/// `tracemill inspect`: what a person wants to know first of a trace.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what is in a trace: tables, span, events, tasks, outcomes, sizes.",
    discussion: """
      Examples:
        tracemill inspect clusterdata-2011-2
        tracemill inspect tasks.parquet --priority production
        tracemill inspect clusterdata-2011-2 --json | jq .tasks
        tracemill inspect clusterdata-2011-2 --html trace.html
      """)

  @Argument(
    help: ArgumentHelp("The trace; - for standard input.", valueName: "in"), completion: .file())
  var input: String

  @Flag(help: "Count rows that cannot be read instead of stopping at the first.")
  var lenient = false

  @Flag(help: "Print JSON.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "Write a page with charts and fitted laws too: one file that needs no network.",
      valueName: "file"))
  var html: String?

  @OptionGroup var chart: ChartOption

  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Reading") var reading: TraceOptions

  func run() throws {
    let reading = try self.reading.settings(isLenient: lenient)
    let meter = ReadMeter()
    let progress = Progress("reading \(input)", meter: meter, logger: reading.logger)
    defer { progress.finish() }
    var overview = html == nil ? nil : WorkloadOverview.Builder()
    var activity = html == nil ? nil : TraceActivity()
    let summary = try TraceSummary(
      path: input, reading: reading, selection: selection.selection, meter: meter
    ) {
      overview?.add($0)
      activity?.add($0)
    }
    progress.finish(summary.records, summary.unit)
    if let html {
      let library = try PageFiles.chartLibrary(chart.library, logger: reading.logger)
      let file = try OutputFile(path: html)
      try file.write(
        summary.page(overview?.finish(), activity: activity).html(chartLibrary: library))
      try file.commit()
    }
    try writeOutput(json ? try jsonText(summary.object) + "\n" : summary.text)
  }
}

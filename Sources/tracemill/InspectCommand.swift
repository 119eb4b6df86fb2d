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

  @Option(
    help: ArgumentHelp(
      "Chart.js for the page, if packages do not have it; or TRACEMILL_CHART_LIBRARY.",
      valueName: "file"))
  var chartLibrary: String?

  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Reading") var reading: TraceOptions

  func run() throws {
    let reading = try self.reading.settings(isLenient: lenient)
    let meter = ReadMeter()
    let trace = try reading.open(input, meter: meter)
    let rejects = try reading.rejectLog()
    let options = reading.readOptions(meter: meter, rejects: rejects)
    let progress = Progress("reading \(input)", meter: meter, logger: reading.logger)
    defer { progress.finish() }

    var overview = html == nil ? nil : WorkloadOverview.Builder()
    var summary = TraceSummary(path: input, trace: trace, scale: options.scale)
    if trace.canMakeRecords(from: reading.table) {
      let stream = try trace.records(options)
      let source = selection.selection.apply(stream)
      try source.forEachBatch { records in
        for record in records {
          summary.add(record)
          overview?.add(record)
        }
      }
      while try stream.next() != nil {}
      summary.report = stream.report
    }
    for table in trace.tables where summary.survey(of: table.name) == nil {
      // Read once: it may be standard input, and a bad row is one bad row.
      if table.name == "machine_events", let list = try trace.machineEvents(options) {
        summary.machines = MachineSummary(list)
        summary.surveys[table.name] = list.survey
      }
      if summary.survey(of: table.name) == nil {
        summary.surveys[table.name] = try trace.survey(table.name, options)
      }
    }
    summary.rejects = rejects?.counts ?? [:]
    progress.finish(summary.records, summary.unit)
    if let html {
      let library = try PageFiles.chartLibrary(chartLibrary, logger: reading.logger)
      let file = try OutputFile(path: html)
      try file.write(summary.page(overview?.finish()).html(chartLibrary: library))
      try file.commit()
    }
    try writeOutput(json ? try jsonText(summary.object) + "\n" : summary.text)
  }
}

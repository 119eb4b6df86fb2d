import ArgumentParser
import Runs
import TraceInput
import TraceParsing

/// `tracemill verify`: is a trace whole and in order?
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check a trace: checksum manifests, archives and CRCs, part series, rows.",
    discussion: """
      Reads every byte, and every row of every table that is understood. Exits with 1 if anything \
      is not as it should be.

      Examples:
        tracemill verify clusterdata-2011-2
        tracemill verify clusterdata-2011-2/job_events --partial
      """)

  @Argument(
    help: ArgumentHelp("The trace: a folder, a file or an archive.", valueName: "in"),
    completion: .file())
  var input: String

  @Flag(help: "Only some of the trace is here: parts and listed files may be missing.")
  var partial = false

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup(title: "Reading") var reading: TraceOptions

  func run() throws {
    let reading = try self.reading.settings()
    let meter = ReadMeter()
    let options = reading.readOptions(meter: meter)
    let progress = Progress("verifying \(input)", meter: meter, logger: reading.logger)
    defer { progress.finish() }
    let results = try TraceVerifier.verify(
      input, try reading.opener(), options: options, acceptsMissing: partial,
      format: reading.formatAsked, table: reading.table)
    progress.finish()
    try writeOutput(json ? jsonText(["results": results.objects]) + "\n" : results.text)
    if let failure = results.failure { throw failure }
  }
}

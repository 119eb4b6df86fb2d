import ArgumentParser
import Diagnostics
import Fitting
import Foundation
import Generation
import Runs
import Tables
import TraceInput
import TraceParsing
import Workload

/// `tracemill fit`: distributions for a column of numbers, or a workload profile for a trace.
struct FitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit",
    abstract: "Fit distributions to a trace or to a column of numbers, and say how well they fit.",
    discussion: """
      The input is a trace, as for convert, or a text file with numbers: one a line, or a table of \
      which --column names one. A trace gives a workload profile: run time, CPU, memory, job size, \
      arrivals, classes, outcomes, correlations.

      Limits that the data are known to obey must be declared, or the fits are biased: --clamp 0:500 \
      where greater values were set to 500, --truncate 0:500 where they were left out.

      Examples:
        tracemill fit durations.csv.gz --column duration_s --plots plots
        tracemill fit clusterdata-2011-2 --by class -o profile.json
        tracemill fit tasks.parquet --families lognormal,pareto,weibull --p-value-error 0.01
      """)

  @Argument(
    help: ArgumentHelp("The trace or the numbers; - for standard input.", valueName: "in"),
    completion: .file())
  var input: String

  @Option(
    help: ArgumentHelp(
      "The column: of numbers by name or place; of a trace run-time, cpu, memory or job-size.",
      valueName: "name"))
  var column: String?

  @Option(
    help: ArgumentHelp(
      """
      One profile for each class, user, priority, or other value of a column of record files or of an \
      attribute that the trace has (GPU type, QoS, queue); of at most \
      \(ProfileBuilder.groupLimit).
      """, valueName: "column"),
    completion: .list(RecordGrouping.names))
  var by: String?

  @Option(
    help: ArgumentHelp(
      """
      Laws to fit, or 'all': \(Family.allCases.map(\.rawValue).joined(separator: ", ")). If not given, those of \
      few parameters: the laws of whole numbers for job sizes alone.
      """, valueName: "list")
  )
  var families: FamilyList?

  @Option(
    name: .customLong("fix"),
    help: ArgumentHelp(
      "A parameter that is known, such as weibull.shape=0.7; may be repeated.",
      valueName: "law.parameter=value"))
  var fixed: [FixedParameter] = []

  @Option(
    name: .customLong("bound"),
    help: ArgumentHelp(
      "What a parameter may be, such as pareto.shape=1:3; may be repeated.",
      valueName: "law.parameter=from:to"))
  var bounds: [BoundedParameter] = []

  @Flag(help: "Leave out values that are not finite and positive; they are counted.")
  var dropNonpositive = false

  @Option(
    help: ArgumentHelp(
      "Values were moved to the nearer end of this interval.", valueName: "from:to"))
  var clamp: FitInterval?

  @Option(help: ArgumentHelp("Values outside this interval were left out.", valueName: "from:to"))
  var truncate: FitInterval?

  @Option(
    help: ArgumentHelp(
      """
      What values on a scale, such as whole seconds, are taken for: auto, the intervals of the scale that is \
      detected; a width; none, exactly what they are. If not given, auto for run times of traces where it \
      matters and none for a column of numbers.
      """, valueName: "width"))
  var bins: BinningChoice?

  @Option(
    help: ArgumentHelp(
      """
      As if the trace had ended at this trace time: what comes later is left out, what runs then is cut off.
      """, valueName: "time"))
  var asOf: TraceTime?

  @Flag(help: "Do not search for a power-law tail.")
  var noTail = false

  @Option(
    help: ArgumentHelp(
      """
      Standard error of the p-values, by bootstrap: 0.01 takes 2,500 replicates. If not given, 0.05 \
      for a column of up to 20,000 numbers, and no p-values else.
      """, valueName: "error"))
  var pValueError: Double?

  @Option(
    help: ArgumentHelp(
      "Resamples for 95 % intervals of the parameters by bootstrap, 100 to 100000.",
      valueName: "number"))
  var bootstrapIntervals: Int?

  @Option(help: ArgumentHelp("Seed of bootstraps and samples.", valueName: "number"))
  var seed: UInt64 = 1

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Write the profile to this JSON file.", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Write plots to this folder: data, gnuplot scripts, and SVG and PDF if gnuplot is there.",
      valueName: "folder"))
  var plots: String?

  @Flag(help: "Print the profile as JSON.")
  var json = false

  @Flag(help: "Say on standard error what CPU time reading and fitting took.")
  var timings = false

  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Reading") var reading: TraceOptions
  @OptionGroup(title: "Reading") var leniency: LenientOption

  mutating func validate() throws {
    if clamp != nil, truncate != nil {
      throw ValidationError("--clamp and --truncate exclude each other")
    }
    if let pValueError, !(0.0005...0.5).contains(pValueError) {
      throw ValidationError("--p-value-error is from 0.0005 to 0.5")
    }
    if let bootstrapIntervals, !(100...100_000).contains(bootstrapIntervals) {
      throw ValidationError("--bootstrap-intervals is from 100 to 100000")
    }
  }

  func run() async throws {
    let reading = try self.reading.settings(isLenient: leniency.lenient)
    let meter = ReadMeter()
    let progress = Progress("reading \(input)", meter: meter, logger: reading.logger)
    defer { progress.finish() }
    let stopwatch = Stopwatch(timings ? { writeError($0) } : nil)
    // On a terminal a line that changes, elsewhere one in ten seconds.
    let (logger, draws) = (reading.logger, reading.logger != nil && isatty(STDERR_FILENO) == 1)
    let watch = FitWatch(every: draws ? .milliseconds(100) : .seconds(10)) { line in
      if draws { writeErrorLine(line) } else { logger?.info("\(line)") }
    }
    if !json {
      Interrupts.before { if let text = watch.partial { try? writeOutput(text) } }
    }
    do {
      let fitted = try await job(reading).run(meter: meter, progress: { watch.told($0) }) {
        count, what, laws in
        progress.finish(count, what)
        stopwatch.lap("reading")
        watch.begin(laws)
      }
      if draws { writeErrorLine() }
      stopwatch.lap("fitting")
      if let output { try OutputFile.write(fitted.json, to: output) }
      try writeOutput(json ? String(decoding: fitted.json, as: UTF8.self) : fitted.text)
      if let plots { try fitted.draw(into: plots, logger: reading.logger) }
    } catch let error as FittingError {
      var message = "\(input): \(error)"
      if case .unusableValues = error {
        message += "; --drop-nonpositive drops and counts them"
      }
      throw CommandFailure(message: message)
    }
  }

  private func job(_ reading: ReadingSettings) throws -> FitJob {
    var job = FitJob(input)
    job.column = column
    job.grouping = by
    job.families = families?.families
    for known in fixed {
      job.restrictions[known.family, default: [:]][known.name] = .fixed(known.value)
    }
    for known in bounds {
      job.restrictions[known.family, default: [:]][known.name] = .within(known.range)
    }
    job.dropsNonpositive = dropNonpositive
    job.limits =
      clamp.map { .clamped(lower: $0.lower, upper: $0.upper) }
      ?? truncate.map { .truncated(lower: $0.lower, upper: $0.upper) } ?? .none
    job.binning = bins
    job.asOf = asOf?.value
    job.searchesTails = !noTail
    job.pValueError = pValueError
    job.intervals = bootstrapIntervals ?? 0
    job.seed = seed
    job.filters = filters
    job.selection = selection.selection
    job.reading = reading
    job.onlyColumn = output == nil && !json && plots == nil
    job.keepsValues = plots != nil
    return job
  }

  /// What was selected, as the options said it.
  private var filters: [String] {
    var filters: [String] = []
    let given = CommandLine.arguments
    for name in [
      "--from", "--to", "--as-of", "--priority", "--sample", "--sample-seed", "--table", "--column",
    ] {
      if let place = given.firstIndex(of: name), place + 1 < given.count {
        filters.append("\(name) \(given[place + 1])")
      }
    }
    if dropNonpositive { filters.append("--drop-nonpositive") }
    return filters
  }
}

extension BinningChoice: ReadFromText, ExpressibleByArgument {}

/// `lognormal,pareto`.
struct FamilyList: ExpressibleByArgument {
  let families: [Family]

  init?(argument: String) {
    guard let families = Family.list(argument) else { return nil }
    self.families = families
  }
}

extension FixedParameter: ReadFromText, ExpressibleByArgument {}

extension BoundedParameter: ReadFromText, ExpressibleByArgument {}

extension FitInterval: ReadFromText, ExpressibleByArgument {}

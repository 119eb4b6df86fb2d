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

  /// What a trace can be told apart by.

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
      One profile for each class, user, priority, or other value of a column of record files; of at most \
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
  var clamp: Interval?

  @Option(help: ArgumentHelp("Values outside this interval were left out.", valueName: "from:to"))
  var truncate: Interval?

  @Option(
    help: ArgumentHelp(
      """
      What values on a scale, such as whole seconds, are taken for: auto, the intervals of the scale that is \
      detected; a width; none, exactly what they are. If not given, auto for run times of traces where it \
      matters and none for a column of numbers.
      """, valueName: "width"))
  var bins: Bins?

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
    let meter = ReadMeter()
    let traceColumns = ["run-time", "cpu", "memory", "job-size"]
    let reading = try self.reading.settings(isLenient: leniency.lenient)
    do {
      if let column, !traceColumns.contains(column) {
        try await fitNumbers(meter)
      } else {
        let trace: any RecognisedTrace
        do { trace = try reading.open(input, meter: meter) } catch let error as TraceError
          where error.code == .unrecognised && reading.format == nil
        {
          // A plain table may have columns of these names too.
          return try await fitNumbers(ReadMeter())
        }
        try await fitTrace(trace, reading, meter)
      }
    } catch let error as FittingError {
      var message = "\(input): \(error)"
      if case .unusableValues = error {
        message += "; --drop-nonpositive drops and counts them"
      }
      throw CommandFailure(message: message)
    }
  }

  private func options(forColumnOf count: Int? = nil) -> ProfileOptions {
    var replicateCount = pValueError.map { BootstrapPrecision(standardError: $0).replicates } ?? 0
    if pValueError == nil, let count, count <= 20_000 { replicateCount = 100 }
    var options = ProfileOptions()
    options.families = families?.families
    for known in fixed {
      options.restrictions[known.family, default: [:]][known.name] = .fixed(known.value)
    }
    for known in bounds {
      options.restrictions[known.family, default: [:]][known.name] = .within(known.range)
    }
    options.binning = bins?.choice
    options.byClass = by != nil
    options.seed = seed
    options.tails = !noTail
    options.tailReplicates = replicateCount
    options.fitReplicates = replicateCount
    options.intervalReplicates = bootstrapIntervals ?? 0
    options.threads = reading.work.threads
    return options
  }

  private var provenance: ProfileProvenance {
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
    return ProfileProvenance(
      input: input, sha256: try? FileDigest.sha256.ofTree(input), filters: filters,
      tool: "tracemill \(Toolkit.version)", seed: seed)
  }

  private func fitNumbers(_ meter: ReadMeter) async throws {
    let progress = Progress("reading \(input)", meter: meter, logger: reading.logger)
    defer { progress.finish() }
    let stopwatch = Stopwatch(isOn: timings)
    let numbers = try NumberColumn(path: input, column: column, meter: meter)
    progress.finish(numbers.values.count, "numbers")
    stopwatch.lap("reading")
    let limits: Limits =
      if let clamp {
        .clamped(lower: clamp.lower, upper: clamp.upper)
      } else if let truncate {
        .truncated(lower: truncate.lower, upper: truncate.upper)
      } else { .none }
    let sample = try Sample(
      numbers.values, limits: limits, policy: dropNonpositive ? .drop : .refuse)
    guard !sample.values.isEmpty else {
      throw FittingError.tooFew(count: 0, needed: 1, purpose: "a fit")
    }
    let name = numbers.name ?? "column \(column ?? "1")"
    var options = options(forColumnOf: sample.values.count)
    let watch = watch(laws: 1, &options)
    let quantity = await QuantityFitter(options: options).profile(sample, unit: "", name: name)
    watch.finish()
    stopwatch.lap("fitting")
    let profile = ColumnProfile(provenance: provenance, column: name, quantity: quantity)
    try finish(profile.json(), text: "\(input), \(name)\n" + FitReport(quantity).text)
    if let plots {
      try FitPlots(folder: plots, logger: reading.logger).write(
        name: "values", label: name, values: sample.values, profile: quantity,
        showsTail: limits == .none)
    }
  }

  private func fitTrace(
    _ trace: any RecognisedTrace, _ reading: ReadingSettings, _ meter: ReadMeter
  ) async throws {
    guard clamp == nil, truncate == nil else {
      throw CommandFailure(message: "--clamp and --truncate are for a column of numbers")
    }
    let stopwatch = Stopwatch(isOn: timings)
    let rejects = try reading.rejectLog()
    let stream = try trace.records(reading.readOptions(meter: meter, rejects: rejects))
    let progress = Progress("reading \(input)", meter: meter, logger: reading.logger)
    defer { progress.finish() }
    let grouping = try by.map { try RecordGrouping($0) }
    var options = options()
    // Ten tasks tell no laws apart.
    if families == nil { options.fewest = 20 }
    if let column, output == nil, !json, plots == nil {
      options.only = column.replacingOccurrences(of: "-", with: " ")
    }
    let parts =
      (options.only == nil ? 4 : 1)
      * (grouping?.isClass == true ? 1 + PriorityClass.allCases.count : 1)
    let watch = watch(laws: parts, &options)
    var builder = try ProfileBuilder(options)
    let source = selection.selection.apply(stream)
    var records = 0
    while var record = try source.next() {
      if let asOf, !record.isKnown(asOf: asOf.value) { continue }
      if let asOf { record.cutOff(at: asOf.value) }
      if let grouping, !grouping.isClass {
        try builder.add(record, group: grouping.group(of: record, users: stream.symbols))
      } else {
        builder.add(record)
      }
      records += 1
    }
    progress.finish(records)
    stopwatch.lap("reading")
    var origin = provenance
    origin.notes = trace.notes + stream.report.notes
    if let note = rejects?.note {
      origin.notes.append(note)
      reading.logger?.warning("\(note)")
    }
    let groups = builder.groups
    let kept = plots == nil ? [] : ([nil] + groups).map { ($0, builder.keptValues(of: $0)) }
    let profile = await builder.finish(origin)
    watch.finish()
    stopwatch.lap("fitting")
    if grouping?.isClass == true,
      profile.classes.keys.allSatisfy({ $0 == PriorityClass.unknown.name })
    {
      reading.logger?.warning(
        "\(input): the table has no priorities, so there are no classes; --table names another")
    }
    guard profile.all.tasks > 0 else { throw CommandFailure(message: "\(input): no tasks to fit") }
    try finish(profile.json(), text: ProfileReport(profile, only: column).text)
    if let plots {
      let writer = try FitPlots(folder: plots, logger: reading.logger)
      for (group, values) in kept {
        guard let part = group.map({ profile.classes[$0] }) ?? profile.all else { continue }
        for (name, quantity) in part.quantities where column == nil || column == name {
          guard let sample = values[name], !sample.values.isEmpty else { continue }
          let words = name.replacingOccurrences(of: "-", with: " ")
          try writer.write(
            name: group.map { "\(FitPlots.fileName(of: $0, among: groups))-\(name)" } ?? name,
            label: (group.map { "\(words) of \($0)" } ?? words) + ", \(quantity.unit)",
            values: sample.values, censored: sample.censored, profile: quantity, showsTail: true)
        }
      }
    }
  }

  /// Tells how far it is, and what is done if it is interrupted.
  private func watch(laws quantities: Int, _ options: inout ProfileOptions) -> FitWatch {
    // Job sizes, one of four quantities, have the laws of whole numbers too.
    let (plain, counted) = (Family.usual(counts: false).count, Family.usual(counts: true).count)
    let laws =
      options.families.map { quantities * $0.count }
      ?? (quantities < 4
        ? quantities * (options.only == "job size" ? counted : plain)
        : quantities / 4 * (3 * plain + counted))
    let watch = FitWatch(total: laws, logger: reading.logger)
    options.progress = { watch.told($0) }
    let json = json
    Interrupts.before {
      if !json, let text = watch.partial { try? writeOutput(text) }
    }
    return watch
  }

  private func finish(_ data: Data, text: String) throws {
    if let output {
      let file = try OutputFile(path: output)
      try file.write(String(decoding: data, as: UTF8.self))
      try file.commit()
    }
    try writeOutput(json ? String(decoding: data, as: UTF8.self) : text)
  }
}

/// `auto`, `none`, `0.5`.
struct Bins: ExpressibleByArgument {
  let choice: BinningChoice

  init?(argument: String) {
    switch argument {
    case "auto": choice = .detected
    case "none": choice = .points
    default:
      guard let width = Double(argument), width > 0, width.isFinite else { return nil }
      choice = .width(width)
    }
  }
}

/// `lognormal,pareto`.
struct FamilyList: ExpressibleByArgument {
  var families: [Family]

  init(families: [Family]) { self.families = families }

  init?(argument: String) {
    families = []
    if argument == "all" {
      families = Family.allCases
      return
    }
    for name in argument.split(separator: ",") {
      guard let family = Family(rawValue: String(name)) else { return nil }
      families.append(family)
    }
    if families.isEmpty { return nil }
  }

  var defaultValueDescription: String { "the usual ones" }
}

/// `weibull.shape`: a parameter of a family.
private func parameter(_ text: Substring) -> (family: Family, name: String)? {
  let parts = text.split(separator: ".")
  guard parts.count == 2, let family = Family(rawValue: String(parts[0])),
    family.parameterNames.contains(String(parts[1]))
  else { return nil }
  return (family, String(parts[1]))
}

/// `weibull.shape=0.7`.
struct FixedParameter: ExpressibleByArgument {
  var family: Family
  var name: String
  var value: Double

  init?(argument: String) {
    let parts = argument.split(separator: "=")
    guard parts.count == 2, let known = parameter(parts[0]), let value = Double(parts[1]),
      value.isFinite
    else { return nil }
    (family, name, self.value) = (known.family, known.name, value)
  }
}

/// `pareto.shape=1:3`.
struct BoundedParameter: ExpressibleByArgument {
  var family: Family
  var name: String
  var range: ClosedRange<Double>

  init?(argument: String) {
    let parts = argument.split(separator: "=")
    guard parts.count == 2, let known = parameter(parts[0]) else { return nil }
    let ends = parts[1].split(separator: ":").map { Double($0) }
    guard ends.count == 2, let low = ends[0], let high = ends[1], low <= high else { return nil }
    (family, name, range) = (known.family, known.name, low...high)
  }
}

/// `0.5:8`, `:8`, `0.5:`.
struct Interval: ExpressibleByArgument {
  var lower = 0.0
  var upper = Double.infinity

  init?(argument: String) {
    let ends = argument.split(separator: ":", omittingEmptySubsequences: false)
    guard ends.count == 2 else { return nil }
    if !ends[0].isEmpty {
      guard let value = Double(ends[0]), value >= 0 else { return nil }
      lower = value
    }
    if !ends[1].isEmpty {
      guard let value = Double(ends[1]) else { return nil }
      upper = value
    }
    guard lower < upper else { return nil }
  }
}

/// The profile of a column of numbers: what `-o` writes.
struct ColumnProfile: Codable {
  var version = 1
  var provenance: ProfileProvenance
  var column: String
  var quantity: QuantityProfile

  func json() throws -> Data { try WorkloadProfile.encoder.encode(self) + Data("\n".utf8) }
}

/// CPU time by stage, on standard error.
final class Stopwatch {
  private let isOn: Bool
  private var last = clock()

  init(isOn: Bool) { self.isOn = isOn }

  func lap(_ stage: String) {
    let now = clock()
    if isOn {
      let seconds = Double(now - last) / Double(CLOCKS_PER_SEC)
      writeError("\(stage): \(fixed(seconds, 4)) CPU-s\n")
    }
    last = clock()
  }
}

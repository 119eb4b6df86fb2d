import Diagnostics
import Fitting
import Foundation
import Generation
import Logging
import Tables
import TraceInput
import TraceParsing
import Workload

/// Distributions for a column of numbers, or a workload profile for a trace: what `tracemill fit` does.
///
/// ```swift
/// var job = FitJob("tasks.parquet")
/// job.families = [.lognormal, .weibull]
/// print(try await job.run().text)
/// ```
public struct FitJob {
  /// A trace, or a text file with numbers; `-` for standard input.
  public var input: String
  /// The column: of numbers by name or place, of a trace one of ``traceColumns``.
  public var column: String?
  /// The column that tasks of a trace are told apart by; see ``RecordGrouping``.
  public var grouping: String?
  /// The families to fit; nil for the usual ones.
  public var families: [Family]?
  /// What parameters of a family may be; families without are estimated freely.
  public var restrictions = ProfileOptions().restrictions
  /// What was done with values beyond limits, in a column of numbers.
  public var limits = Limits.none
  /// Whether values that are not finite and positive are left out of a column and counted.
  public var dropsNonpositive = false
  /// What values on a scale are taken for.
  public var binning: BinningChoice?
  /// As if the trace had ended then.
  public var asOf: Microseconds?
  /// Whether power-law tails are searched for.
  public var searchesTails = true
  /// Standard error of p-values by bootstrap; nil for 0.05 of columns of up to 20,000 numbers and none else.
  public var pValueError: Double?
  /// Resamples for intervals of parameters; 0 for none.
  public var intervals = 0
  /// Seed of bootstraps and samples.
  public var seed: UInt64 = 1
  /// What was selected, in the words of the profile's provenance.
  public var filters: [String] = []
  /// Which tasks of a trace are wanted.
  public var selection = TaskSelection()
  /// How the input is read.
  public var reading = ReadingSettings()
  /// Whether no other quantity of a trace than ``column`` is fitted.
  public var onlyColumn = false
  /// Whether values are kept for ``FittedInput/draw(into:logger:)``.
  public var keepsValues = false

  /// Quantities of a trace.
  public static let traceColumns = ["run-time", "cpu", "memory", "job-size"]

  /// Is told when the input is read: how many, of what, and how many laws are to be fitted.
  public typealias Read = (_ count: Int, _ what: String, _ laws: Int) -> Void

  /// A fit of `input` with everything else as it is by default.
  public init(_ input: String) { self.input = input }

  /// Reads the input and fits.
  ///
  /// - Parameters:
  ///   - meter: counts what is read.
  ///   - progress: is told what is being fitted, on any thread.
  ///   - read: is told when the input is read.
  /// - Throws: `FittingError` for values that cannot be fitted, `TraceError` for what cannot be read.
  public func run(
    meter: ReadMeter = ReadMeter(), progress: (@Sendable (FitProgress) -> Void)? = nil,
    read: Read = { _, _, _ in }
  ) async throws -> FittedInput {
    if let column, !Self.traceColumns.contains(column) {
      return try await fitNumbers(meter, progress, read)
    }
    let trace: any RecognisedTrace
    do { trace = try reading.open(input, meter: meter) } catch let error as TraceError
      where error.code == .unrecognised && reading.format == nil
    {
      // A plain table may have columns of these names too.
      return try await fitNumbers(ReadMeter(), progress, read)
    }
    return try await fitTrace(trace, meter, progress, read)
  }

  private func options(
    forColumnOf count: Int? = nil, _ progress: (@Sendable (FitProgress) -> Void)?
  ) -> ProfileOptions {
    var replicateCount = pValueError.map { BootstrapPrecision(standardError: $0).replicates } ?? 0
    if pValueError == nil, let count, count <= 20_000 { replicateCount = 100 }
    var options = ProfileOptions()
    options.families = families
    options.restrictions = restrictions
    options.binning = binning
    options.byClass = grouping != nil
    options.seed = seed
    options.tails = searchesTails
    options.tailReplicates = replicateCount
    options.fitReplicates = replicateCount
    options.intervalReplicates = intervals
    options.threads = reading.threads
    options.progress = progress
    return options
  }

  /// How many laws are fitted to so many quantities: job sizes, one of four, have the laws of whole numbers too.
  private func laws(_ quantities: Int, _ options: ProfileOptions) -> Int {
    let (plain, counted) = (Family.usual(counts: false).count, Family.usual(counts: true).count)
    return options.families.map { quantities * $0.count }
      ?? (quantities < 4
        ? quantities * (options.only == "job size" ? counted : plain)
        : quantities / 4 * (3 * plain + counted))
  }

  private var provenance: ProfileProvenance {
    ProfileProvenance(
      input: input, sha256: try? FileDigest.sha256.ofTree(input), filters: filters,
      tool: "tracemill \(Toolkit.version)", seed: seed)
  }

  private func fitNumbers(
    _ meter: ReadMeter, _ progress: (@Sendable (FitProgress) -> Void)?, _ read: Read
  ) async throws -> FittedInput {
    let numbers = try NumberColumn(path: input, column: column, meter: meter)
    let sample = try Sample(
      numbers.values, limits: limits, policy: dropsNonpositive ? .drop : .refuse)
    let options = options(forColumnOf: sample.values.count, progress)
    read(numbers.values.count, "numbers", laws(1, options))
    guard !sample.values.isEmpty else {
      throw FittingError.tooFew(count: 0, needed: 1, purpose: "a fit")
    }
    let name = numbers.name ?? "column \(column ?? "1")"
    let quantity = await QuantityFitter(options: options).profile(sample, unit: "", name: name)
    let profile = ColumnProfile(provenance: provenance, column: name, quantity: quantity)
    return FittedInput(
      json: try profile.json(), text: "\(input), \(name)\n" + FitReport(quantity).text,
      plots: [
        .init(
          name: "values", label: name, values: sample.values, censored: [], profile: quantity,
          showsTail: limits == .none)
      ])
  }

  private func fitTrace(
    _ trace: any RecognisedTrace, _ meter: ReadMeter,
    _ progress: (@Sendable (FitProgress) -> Void)?, _ read: Read
  ) async throws -> FittedInput {
    guard limits == .none else {
      throw RunError(message: "--clamp and --truncate are for a column of numbers")
    }
    let rejects = try reading.rejectLog()
    var options = options(progress)
    var reading = reading
    reading.keepsColumns = grouping != nil || selection.needsAttributes
    let stream = try trace.records(reading.readOptions(meter: meter, rejects: rejects))
    let grouping = try grouping.map { try RecordGrouping($0, of: stream) }
    // Ten tasks tell no laws apart.
    if families == nil { options.fewest = 20 }
    if let column, onlyColumn { options.only = column.replacing("-", with: " ") }
    var builder = try ProfileBuilder(options, dependencies: stream.dependencies)
    let records = try add(stream, by: grouping, to: &builder)
    let parts =
      (options.only == nil ? 4 : 1)
      * (grouping?.isClass == true ? 1 + PriorityClass.allCases.count : 1)
    read(records, "tasks", laws(parts, options))
    var origin = provenance
    var notes = trace.notes
    notes.add(stream.report.notes)
    for note in stream.report.notes where note.kind != .resumed && !trace.notes.contains(note) {
      reading.logger?.notice("\(note)")
    }
    origin.notes = notes.texts
    if let note = rejects?.note {
      origin.notes.append(note.text)
      reading.logger?.warning("\(note)")
    }
    let groups = builder.groups
    let kept = keepsValues ? ([nil] + groups).map { ($0, builder.keptValues(of: $0)) } : []
    let profile = await builder.finish(origin)
    if grouping?.isClass == true,
      profile.classes.keys.allSatisfy({ $0 == PriorityClass.unknown.name })
    {
      reading.logger?.warning(
        "\(input): the table has no priorities, so there are no classes; --table names another")
    }
    guard profile.all.tasks > 0 else { throw RunError(message: "\(input): no tasks to fit") }
    return FittedInput(
      json: try profile.json(), text: ProfileReport(profile, only: column).text,
      plots: plots(profile, kept, groups))
  }

  /// Adds the tasks that are wanted; how many they are.
  private func add(
    _ stream: RecordStream, by grouping: RecordGrouping?, to builder: inout ProfileBuilder
  ) throws -> Int {
    let source = selection.apply(stream)
    var records = 0
    while var record = try source.next() {
      if let asOf, !record.isKnown(asOf: asOf) { continue }
      if let asOf { record.cutOff(at: asOf) }
      if let grouping, !grouping.isClass {
        try builder.add(record, group: grouping.group(of: record, users: stream.symbols))
      } else {
        builder.add(record)
      }
      records += 1
    }
    return records
  }

  private func plots(
    _ profile: WorkloadProfile,
    _ kept: [(group: String?, values: [String: ProfileBuilder.KeptValues])],
    _ groups: [String]
  ) -> [FittedInput.Plot] {
    var plots: [FittedInput.Plot] = []
    for (group, values) in kept {
      guard let part = group.map({ profile.classes[$0] }) ?? profile.all else { continue }
      for (name, quantity) in part.quantities where column == nil || column == name {
        guard let sample = values[name], !sample.values.isEmpty else { continue }
        let words = name.replacing("-", with: " ")
        plots.append(
          .init(
            name: group.map { "\(FitPlots.fileName(of: $0, among: groups))-\(name)" } ?? name,
            label: (group.map { "\(words) of \($0)" } ?? words) + ", \(quantity.unit)",
            values: sample.values, censored: sample.censored, profile: quantity, showsTail: true))
      }
    }
    return plots
  }
}

/// What a fit came to.
public struct FittedInput {
  /// The profile, as `tracemill fit -o` writes it.
  public let json: Data
  /// The same for people.
  public let text: String
  let plots: [Plot]

  struct Plot {
    let name: String
    let label: String
    let values: [Double]
    let censored: [Double]
    let profile: QuantityProfile
    let showsTail: Bool
  }

  /// Writes plots to a folder: data, gnuplot scripts, and SVG and PDF if gnuplot is there.
  ///
  /// - Throws: ``RunError`` if the folder cannot be made.
  public func draw(into folder: String, logger: Logger? = nil) throws {
    let writer = try FitPlots(folder: folder, logger: logger)
    for plot in plots {
      try writer.write(
        name: plot.name, label: plot.label, values: plot.values, censored: plot.censored,
        profile: plot.profile, showsTail: plot.showsTail)
    }
  }
}

/// The profile of a column of numbers: what `-o` writes.
private struct ColumnProfile: Codable {
  var version = 1
  var provenance: ProfileProvenance
  var column: String
  var quantity: QuantityProfile

  func json() throws -> Data { try WorkloadProfile.encoder.encode(self) + Data("\n".utf8) }
}

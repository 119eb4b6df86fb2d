import ArgumentParser
import Configuration
import Foundation
import Logging
import TraceParsing
import Workload

/// Which trace, and how it is read. Shared by all commands that take one.
struct TraceOptions: ParsableArguments, Sendable {
  @Option(
    help: ArgumentHelp(
      "The trace's format: \(Registry.formats.map(\.name).joined(separator: ", ")). Found out if not given.",
      valueName: "name"),
    completion: .list(Registry.formats.map(\.name)))
  var format: String?

  @Option(help: ArgumentHelp("The table to make task records from.", valueName: "name"))
  var table: String?

  @Option(
    help: ArgumentHelp(
      "YAML or JSON that says which columns of a Parquet or CSV table stand for which of ours: "
        + "columns: {submit_us: {from: t, unit: ms}, run_us: {from: d, factor: 1000}, ...}.",
      valueName: "file"))
  var columns: String?

  @Option(help: ArgumentHelp("Cores that a CPU request of 1.0 stands for.", valueName: "cores"))
  var scaleCpu: Double = MachineScale.assumed.cores

  @Option(help: ArgumentHelp("GiB that a memory request of 1.0 stands for.", valueName: "GiB"))
  var scaleMemory: Double = MachineScale.assumed.memory.gibibytes

  @Option(help: ArgumentHelp("GiB that a disk request of 1.0 stands for.", valueName: "GiB"))
  var scaleDisk: Double = MachineScale.assumed.disk.gibibytes

  @Option(
    help: ArgumentHelp(
      "CPU request, as a share of the largest machine's, of tasks whose table has none (job_events).",
      valueName: "share"))
  var assumedCpu: Double = ReadOptions().assumedRequest[0]

  @Option(
    help: ArgumentHelp(
      "Memory request, likewise.", valueName: "share"))
  var assumedMemory: Double = ReadOptions().assumedRequest[1]

  @Flag(help: "Make records of alloc sets too (Google 2019); they are reservations, no tasks.")
  var allocSets = false

  @Option(help: ArgumentHelp("Seconds by which times may run backwards.", valueName: "seconds"))
  var timeTolerance: Double = 0

  @Option(help: ArgumentHelp("Where data that do not fit in memory go.", valueName: "folder"))
  var temporaryDirectory: String = NSTemporaryDirectory()

  @Option(help: ArgumentHelp("Size of each sort buffer in MiB.", valueName: "MiB"))
  var sortBuffer: Int = ReadOptions().sortBufferBytes >> 20

  @Option(
    help: ArgumentHelp(
      "Threads to work with; all cores if not given. The result is the same.", valueName: "number"))
  var threads: Int = ReadOptions().threads

  @Option(
    help: ArgumentHelp(
      "Times its size that a compressed file may inflate to, beyond \(Expansion.allowance >> 20) MiB.",
      valueName: "times"))
  var maxExpansion: Int = Expansion.defaultLimit

  @OptionGroup(title: "Messages") var messages: MessageOptions

  mutating func validate() throws {
    let formats = Registry.formats.map(\.name) + (columns == nil ? [] : ["columns"])
    if let format, !formats.contains(format) {
      throw ValidationError(unknownName("format", format, among: formats))
    }
    for (name, value) in [
      ("--scale-cpu", scaleCpu), ("--scale-memory", scaleMemory), ("--scale-disk", scaleDisk),
    ] where !(value > 0 && value <= 1e6) {
      throw ValidationError("\(name) is more than 0 and at most 1000000")
    }
    for (name, value) in [("--assumed-cpu", assumedCpu), ("--assumed-memory", assumedMemory)]
    where !(0...1).contains(value) {
      throw ValidationError("\(name) is a share from 0 to 1")
    }
    guard timeTolerance >= 0, timeTolerance.isFinite else {
      throw ValidationError("--time-tolerance is not negative")
    }
    guard (1...4096).contains(threads) else {
      throw ValidationError("--threads is from 1 to 4096")
    }
    guard (1...Int(Int32.max)).contains(maxExpansion) else {
      throw ValidationError("--max-expansion is at least 1")
    }
    guard (1...65536).contains(sortBuffer) else {
      throw ValidationError("--sort-buffer is from 1 to 65536 MiB")
    }
  }

  /// Logs to standard error; nil if the user wants quiet.
  var logger: Logger? { messages.logger }

  func readOptions(meter: ReadMeter, rejects: RejectLog? = nil) throws -> ReadOptions {
    var options = ReadOptions()
    options.scale = try MachineScale(
      cores: scaleCpu, memory: Bytes(gibibytes: scaleMemory), disk: Bytes(gibibytes: scaleDisk))
    options.table = table
    options.rejects = rejects
    options.timeTolerance = Microseconds(seconds: timeTolerance)
    options.assumedRequest = SIMD4(assumedCpu, assumedMemory, 0, 0)
    options.includesAllocSets = allocSets
    options.temporaryDirectory = temporaryDirectory
    options.sortBufferBytes = sortBuffer << 20
    options.threads = threads
    options.maximumExpansion = maxExpansion
    options.meter = meter
    return options
  }

  func open(_ path: String, meter: ReadMeter, notes: Bool = true) throws -> any RecognisedTrace {
    var formats = Registry.formats
    if let columns { formats.insert(try mappedFormat(columns), at: 0) }
    let trace = try TraceOpener(formats: formats)
      .open(
        path, format: format, table: table, meter: meter, maximumExpansion: maxExpansion,
        temporaryDirectory: temporaryDirectory)
    logger?.debug("\(path): \(trace.format), \(trace.tables.map(\.name).joined(separator: ", "))")
    if notes { for note in trace.notes { logger?.notice("\(note)") } }
    return trace
  }

  /// The format that a column mapping file describes; every mistake in it is told at once.
  private func mappedFormat(_ path: String) throws -> MappedRecordFormat {
    do {
      let mapping = try ColumnMapping(file: ConfigurationFile(path: path))
      return MappedRecordFormat(name: "columns", mapping: mapping)
    } catch {
      throw CommandFailure(error)
    }
  }
}

/// `--lenient` of commands that write nothing of what they cannot read: they count it.
struct LenientOption: ParsableArguments, Sendable {
  @Flag(help: "Leave out and count rows that cannot be read instead of stopping at the first.")
  var lenient = false

  /// Counts rejected rows; nil in strict mode.
  func rejectLog() throws(TraceError) -> RejectLog? { lenient ? try RejectLog { _ in } : nil }
}

extension RejectLog {
  /// `3 rows that cannot be read are left out: 2 empty job ID, 1 too few columns`; nil if none.
  var note: String? {
    let total = counts.values.reduce(0, +)
    guard total > 0 else { return nil }
    let reasons = counts.sorted { $0.key < $1.key }.map { "\(grouped($0.value)) \($0.key)" }
    return "\(grouped(total)) \(total == 1 ? "row" : "rows") that cannot be read left out: "
      + reasons.joined(separator: ", ")
  }
}

/// Which of a trace's tasks are wanted.
struct SelectionOptions: ParsableArguments, Sendable {
  @Option(
    help: ArgumentHelp(
      "Tasks submitted from this trace time on: seconds, or with a unit (90s, 10m, 2h, 1d).",
      valueName: "time"))
  var from: TraceTime?

  @Option(help: ArgumentHelp("Tasks submitted before this trace time.", valueName: "time"))
  var to: TraceTime?

  @Option(
    help: ArgumentHelp(
      "Priorities: numbers, ranges and classes, such as 0-1,9 or production,batch.",
      valueName: "list"))
  var priority: PrioritySelection?

  @Option(help: ArgumentHelp("Share of the jobs to keep, 0 to 1, whole jobs.", valueName: "share"))
  var sample: Double?

  @Option(help: ArgumentHelp("Seed of the sample.", valueName: "number"))
  var sampleSeed: UInt64 = 1

  mutating func validate() throws {
    if let sample, !(0...1).contains(sample) {
      throw ValidationError("--sample is a share from 0 to 1")
    }
    if let from, let to, from.value >= to.value {
      throw ValidationError("--from is before --to")
    }
  }

  /// The wanted tasks of `source`.
  func apply(_ source: RecordStream) -> AnyWorkloadSource<TraceError> {
    if from == nil && to == nil && priority == nil && sample == nil {
      return AnyWorkloadSource(source)
    }
    let selection = priority
    let sampler = sample.map { JobSampler(fraction: $0, seed: sampleSeed) }
    return AnyWorkloadSource(
      source.window(from: from?.value ?? .zero, to: to?.value ?? .never)
        .filter { selection?.contains($0) ?? true }
        .filter { sampler?.includes(job: $0.id.job) ?? true })
  }
}

/// A trace time on the command line.
struct TraceTime: ExpressibleByArgument, CustomStringConvertible {
  static let zero = TraceTime(value: .zero)
  var value: Microseconds
  var description: String { span(value.seconds) }

  private init(value: Microseconds) { self.value = value }

  init?(argument: String) {
    let units: [(String, Double)] = [
      ("us", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400), ("", 1),
    ]
    for (unit, seconds) in units where argument.hasSuffix(unit) {
      if let number = Double(argument.dropLast(unit.count)), number >= 0, number.isFinite {
        value = Microseconds(seconds: number * seconds)
        return
      }
    }
    return nil
  }
}

/// A choice of priorities: numbers, ranges, classes.
struct PrioritySelection: ExpressibleByArgument {
  private var ranges: [ClosedRange<Int16>] = []
  private var classes: [PriorityClass] = []

  init?(argument: String) {
    for item in argument.split(separator: ",", omittingEmptySubsequences: false) {
      if let name = PriorityClass.allCases.first(where: { $0.name == item }) {
        classes.append(name)
        continue
      }
      let ends = item.split(separator: "-", omittingEmptySubsequences: false).map { Int16($0) }
      guard (1...2).contains(ends.count), let low = ends[0], let high = ends[ends.count - 1],
        low <= high
      else { return nil }
      ranges.append(low...high)
    }
    if ranges.isEmpty && classes.isEmpty { return nil }
  }

  func contains(_ record: TaskRecord) -> Bool {
    classes.contains(record.priorityClass) || ranges.contains { $0.contains(record.priority) }
  }
}

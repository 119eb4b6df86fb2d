import ArgumentParser
import Foundation
import Logging
import Runs
import TraceInput
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

  @Option(
    help: ArgumentHelp(
      "Unit of mem_capacity in opendc workloads: \(MappedTableFormat.memoryUnits.joined(separator: ", ")); "
        + "kB if not given.", valueName: "unit"),
    completion: .list(MappedTableFormat.memoryUnits))
  var opendcMemoryUnit: String?

  @Option(
    help: ArgumentHelp(
      "Type of machine that requests are shares of, in traces that have several (azure-packing-2020).",
      valueName: "type"))
  var machineType: String?

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

  @OptionGroup var work: WorkOptions

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
    if let opendcMemoryUnit, !MappedTableFormat.memoryUnits.contains(opendcMemoryUnit) {
      throw ValidationError(
        unknownName("unit", opendcMemoryUnit, among: MappedTableFormat.memoryUnits))
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
    guard Ranges.seconds.contains(timeTolerance) else {
      throw ValidationError("--time-tolerance is from 0 to \(Ranges.seconds.upperBound)")
    }
    guard (1...Int(Int32.max)).contains(maxExpansion) else {
      throw ValidationError("--max-expansion is at least 1")
    }
  }

  /// Logs to standard error; nil if the user wants quiet.
  var logger: Logger? { messages.logger }

  /// What the options say.
  func settings(isLenient: Bool = false) throws -> ReadingSettings {
    var settings = ReadingSettings()
    settings.format = format
    settings.table = table
    settings.columns = columns
    settings.openDCMemoryUnit = opendcMemoryUnit
    settings.machineType = machineType
    settings.scale = try MachineScale(
      cores: scaleCpu, memory: Bytes(gibibytes: scaleMemory), disk: Bytes(gibibytes: scaleDisk))
    settings.timeTolerance = Microseconds(seconds: timeTolerance)
    settings.assumedRequest = SIMD4(assumedCpu, assumedMemory, 0, 0)
    settings.includesAllocSets = allocSets
    work.apply(to: &settings)
    settings.maximumExpansion = maxExpansion
    settings.isLenient = isLenient
    settings.logger = logger
    return settings
  }
}

/// What work may take of the machine.
struct WorkOptions: ParsableArguments, Sendable {
  @Option(help: ArgumentHelp("Where data that do not fit in memory go.", valueName: "folder"))
  var temporaryDirectory: String = NSTemporaryDirectory()

  @Option(help: ArgumentHelp("Size of each sort buffer in MiB.", valueName: "MiB"))
  var sortBuffer: Int = ReadOptions().sortBufferBytes >> 20

  @Option(
    help: ArgumentHelp(
      "Threads to work with; all cores if not given. The result is the same.", valueName: "number"))
  var threads: Int = ReadOptions().threads

  mutating func validate() throws {
    guard (1...4096).contains(threads) else {
      throw ValidationError("--threads is from 1 to 4096")
    }
    guard (1...65536).contains(sortBuffer) else {
      throw ValidationError("--sort-buffer is from 1 to 65536 MiB")
    }
  }

  /// Sets what the options say.
  func apply(to settings: inout ReadingSettings) {
    settings.temporaryDirectory = temporaryDirectory
    settings.sortBufferBytes = sortBuffer << 20
    settings.threads = threads
  }
}

/// `--lenient` of commands that write nothing of what they cannot read: they count it.
struct LenientOption: ParsableArguments, Sendable {
  @Flag(help: "Leave out and count rows that cannot be read instead of stopping at the first.")
  var lenient = false
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

  @Option(
    help: ArgumentHelp(
      """
      Tasks with one of these values in a column of record files, or in an attribute that the trace has, such as \
      user=ann,bob or qos=LS; may be repeated, and all must hold.
      """, valueName: "column=values"))
  var select: [ColumnSelection] = []

  @Option(help: ArgumentHelp("Share of the jobs to keep, 0 to 1, whole jobs.", valueName: "share"))
  var sample: Double?

  @Option(help: ArgumentHelp("Seed of the sample.", valueName: "number"))
  var sampleSeed: UInt64 = Self.standardSeed

  /// The seed of a sample for which none is given.
  static var standardSeed: UInt64 { 1 }

  /// Whether every task is wanted.
  var isEmpty: Bool {
    from == nil && to == nil && priority == nil && sample == nil && select.isEmpty
  }

  mutating func validate() throws {
    if let sample, !(0...1).contains(sample) {
      throw ValidationError("--sample is a share from 0 to 1")
    }
    if let from, let to, from.value >= to.value {
      throw ValidationError("--from is before --to")
    }
  }

  /// What the options say.
  var selection: TaskSelection {
    var selection = TaskSelection()
    selection.from = from?.value
    selection.to = to?.value
    selection.priority = priority
    selection.sample = sample
    selection.sampleSeed = sampleSeed
    selection.columns = select
    return selection
  }
}

extension TraceTime: ReadFromText, ExpressibleByArgument {}

extension PrioritySelection: ReadFromText, ExpressibleByArgument {}

extension ColumnSelection: ReadFromText, ExpressibleByArgument {}

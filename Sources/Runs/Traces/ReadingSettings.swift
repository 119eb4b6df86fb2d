import Configuration
import Diagnostics
import Foundation
import Logging
import TraceInput
import TraceParsing
import Workload

/// How traces are read, whatever they are read for.
public struct ReadingSettings: Sendable {
  /// The trace's format by its name in ``Registry``; found out if nil.
  public var format: String?
  /// The table to make task records from; the format's own choice if nil.
  public var table: String?
  /// A YAML or JSON file that says which columns of a table stand for which of ours.
  public var columns: String?
  /// What a request of 1.0 stands for where requests are relative.
  public var scale = MachineScale.assumed
  /// CPU, memory, disk and GPU requests of tasks whose table has none, as shares of the largest
  /// machine's (0 to 1).
  public var assumedRequest = ReadOptions().assumedRequest
  /// Whether records are made of alloc sets too (Google 2019), which are reservations.
  public var includesAllocSets = false
  /// How far times may run backwards.
  public var timeTolerance = Microseconds.zero
  /// Where data that do not fit in memory go.
  public var temporaryDirectory = NSTemporaryDirectory()
  /// Size of each sort buffer in bytes.
  public var sortBufferBytes = ReadOptions().sortBufferBytes
  /// Threads to work with; the result does not depend on them.
  public var threads = ReadOptions().threads
  /// Times its size that a compressed file may inflate to.
  public var maximumExpansion = Expansion.defaultLimit
  /// Another unit of `mem_capacity` in opendc workloads than kB: one of `MappedTableFormat.memoryUnits`.
  public var openDCMemoryUnit: String?
  /// The type of machine that requests are shares of, where a trace has several (azure-packing-2020).
  public var machineType: String?
  /// Whether rows that cannot be read are left out and counted, instead of ending the reading.
  public var isLenient = false
  /// Files that are not on the disk; nil for none.
  public var remote: (any RemoteFiles)?
  /// Whether columns of record files that are none of theirs are kept: for output that has them, and where
  /// tasks are chosen or told apart by them.
  public var keepsColumns = false
  /// These, with the columns of record files that are none of ours.
  var keepingColumns: Self {
    var settings = self
    settings.keepsColumns = true
    return settings
  }
  /// Takes notes on what was recognised and assumed; nil for silence.
  public var logger: Logger?

  /// The defaults: strict, and silent.
  public init() {}

  /// The reader's options.
  ///
  /// - Parameters:
  ///   - meter: counts what was read.
  ///   - rejects: takes rows that cannot be read; without it they are errors.
  public func readOptions(meter: ReadMeter, rejects: RejectLog? = nil) -> ReadOptions {
    var options = ReadOptions()
    options.scale = scale
    options.table = table
    options.rejects = rejects
    options.timeTolerance = timeTolerance
    options.assumedRequest = assumedRequest
    options.includesAllocSets = includesAllocSets
    options.temporaryDirectory = temporaryDirectory
    options.sortBufferBytes = sortBufferBytes
    options.threads = threads
    options.maximumExpansion = maximumExpansion
    options.keepsColumns = keepsColumns
    options.meter = meter
    return options
  }

  /// What an input must be: ``format``, or what ``columns`` describes.
  public var formatAsked: String? { format ?? columns.map { _ in "columns" } }

  /// Finds out what trace `path` is.
  ///
  /// - Parameters:
  ///   - path: a folder, a file, an archive, or `-` for standard input.
  ///   - meter: counts what is read.
  ///   - notes: whether the trace's own notes go to ``logger``.
  ///   - mustBe: whether it must be the table that ``columns`` describes, if that is there.
  /// - Throws: `TraceError` where no format knows it; ``RunError`` for a wrong ``columns`` file.
  public func open(
    _ path: String, meter: ReadMeter, notes: Bool = true, mustBe: Bool = true
  ) throws -> any RecognisedTrace {
    let opener = try opener()
    let isLocal = path != "-" && remote?.claims(path) != true
    if isLocal, let kept = try opener.fragments(path, version: Toolkit.version) {
      return told(kept, at: path, notes: notes)
    }
    let trace = try opener.open(
      path, format: mustBe ? formatAsked : format, table: table, meter: meter,
      maximumExpansion: maximumExpansion,
      temporaryDirectory: temporaryDirectory, remote: remote)
    return told(trace, at: path, notes: notes)
  }

  /// Finds out what trace `path` is, to read a share of its parts.
  ///
  /// - Parameters:
  ///   - path: a folder or a file.
  ///   - meter: counts what is read.
  /// - Throws: as `open`.
  public func openToSplit(
    _ path: String, meter: ReadMeter
  ) throws -> (input: TraceInput, trace: any RecognisedTrace) {
    let input = try TraceInput(
      path: path, meter: meter, maximumExpansion: maximumExpansion,
      temporaryDirectory: temporaryDirectory, remote: remote)
    let trace = try opener().recognise(input, format: formatAsked, table: table)
    return (input, told(trace, at: path, notes: true))
  }

  /// Tells what was recognised.
  private func told(
    _ trace: any RecognisedTrace, at path: String, notes: Bool
  ) -> any RecognisedTrace {
    logger?.debug("\(path): \(trace.format), \(trace.tables.map(\.name).joined(separator: ", "))")
    if notes {
      for note in trace.notes { logger?.notice("\(note)") }
      if let note = PassedOverFile.note(trace.passedOver) { logger?.notice("\(note)") }
    }
    return trace
  }

  /// Knows the formats, the one that ``columns`` describes before all others.
  ///
  /// - Throws: ``RunError`` for a wrong ``columns`` file.
  public func opener() throws -> TraceOpener {
    var formats = Registry.formats
    if let openDCMemoryUnit {
      let openDC = MappedTableFormat.openDC(memoryUnit: openDCMemoryUnit)
      formats = formats.map { $0.name == openDC.name ? openDC : $0 }
    }
    if let machineType {
      let packing = MappedTableFormat.azurePacking(machineType: machineType)
      formats = formats.map { $0.name == packing.name ? packing : $0 }
    }
    if let columns {
      let format = try mappedFormat(columns)
      formats.insert(machineType.map(format.choosing) ?? format, at: 0)
    }
    return TraceOpener(formats: formats)
  }

  /// Counts rejected rows; nil in strict mode.
  public func rejectLog() throws(TraceError) -> RejectLog? {
    isLenient ? try RejectLog { _ in } : nil
  }

  /// The format that a column mapping file describes; every mistake in it is told at once.
  private func mappedFormat(_ path: String) throws -> MappedTableFormat {
    do {
      return MappedTableFormat(
        name: "columns", mapping: try TableMapping(file: ConfigurationFile(path: path)),
        isDescribed: true)
    } catch {
      throw RunError(error)
    }
  }
}

extension RejectLog {
  /// What is to be said of the rows that it counted; nil if there are none.
  package var note: Note? { rejectNote(counts) }
}

/// `3 rows that cannot be read left out: 2 empty job ID, 1 too few columns`; nil if none.
package func rejectNote(_ counts: [String: Int]) -> Note? {
  let total = counts.values.reduce(0, +)
  guard total > 0 else { return nil }
  let reasons = counts.sorted { $0.key < $1.key }.map { "\(grouped($0.value)) \($0.key)" }
  return Note(
    .leftOut, "rows", counts.mapValues(Double.init),
    "\(grouped(total)) \(total == 1 ? "row" : "rows") that cannot be read left out: "
      + reasons.joined(separator: ", "))
}

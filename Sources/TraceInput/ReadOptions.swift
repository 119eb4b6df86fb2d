import Diagnostics
import Foundation
import Quoting
import Workload

/// How a trace is to be read.
public struct ReadOptions {
  /// What the trace's normalised requests and capacities stand for.
  public var scale = MachineScale.assumed
  /// The table to make records from; nil takes the most detailed one there is.
  public var table: String?
  /// Where rejected rows go; nil stops at the first one.
  public var rejects: RejectLog?
  /// By how much a time may run backwards within a table.
  public var timeTolerance = Microseconds.zero
  /// The request of a task whose table has none (job-level records), as fractions of the largest
  /// machine's CPU, memory and disk.
  public var assumedRequest = SIMD4(0.03125, 0.015625, 0, 0)
  /// Whether alloc sets (Google 2019), which are reservations and no tasks, get records too.
  public var includesAllocSets = false
  /// Whether columns of record files that are none of theirs become attributes; they are read beforehand and
  /// kept in memory.
  public var keepsColumns = false
  /// Where spilled data go; they have no name there and vanish with the process.
  public var temporaryDirectory = NSTemporaryDirectory()
  /// How many bytes may be held for sorting, by all threads together; what exceeds them is spilled.
  public var sortBufferBytes = 96 << 20
  /// How many threads read; the result does not depend on it.
  public var threads = ProcessInfo.processInfo.activeProcessorCount
  /// How many bytes may come out of one byte of a compressed file, once more than
  /// `Expansion.allowance` have: a stream that exceeds it is no trace but a bomb.
  public var maximumExpansion = Expansion.defaultLimit
  /// Where finished parts are kept, so that an interrupted reading can go on from them; nil keeps
  /// nothing. Formats whose parts are not read on their own have nothing to keep.
  public var work: WorkFolder?
  /// Whether what a format says of tasks beyond their records is kept; where nothing takes it, it is only
  /// counted how many tasks have any.
  public var keepsAttributes = true
  /// What is done with the parts where the reading is split over processes; nil reads all of them. Formats
  /// whose parts are not read on their own cannot be split.
  package var split: PartSplit?
  /// What a progress display reads.
  public var meter: ReadMeter?

  public init() {}
}

/// Rows that could not be read, with the reason: written out, and counted.
public final class RejectLog {
  /// How many rows were rejected, by reason.
  public private(set) var counts: [String: Int] = [:]
  private let write: (String) throws(TraceError) -> Void

  /// - Parameter write: takes lines of CSV, `file,line,column,reason,row`, header first.
  public init(write: @escaping (String) throws(TraceError) -> Void) throws(TraceError) {
    self.write = write
    try write("file,line,column,reason,row\n")
  }

  package func add(_ row: RejectedRow) throws(TraceError) {
    try add(row.error, reason: row.reason, row: row.row)
  }

  package func add(_ error: TraceError, reason: String, row: String) throws(TraceError) {
    counts[reason, default: 0] += 1
    let cells = [
      error.file ?? "", error.line.map(String.init) ?? "", error.column.map(String.init) ?? "",
      error.message, row,
    ]
    try write(cells.map(Quoting.csv).joined(separator: ",") + "\n")
  }
}

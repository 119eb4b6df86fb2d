import Diagnostics
import Tables
import Workload

/// Writes records as a Batsim workload: rigid jobs whose profiles are delays.
///
/// A job's number is `7`, or `7!3` for task 3 of job 7. CPU requests are rounded up to whole resources; a
/// task without a run time has no profile and is left out. Profiles, one for each length there is, are
/// held in memory until the end.
public final class BatsimWriter: LayoutWriter {
  public static let places = LayoutPlaces(
    aspects: [.submission, .estimates], rounding: "CPU requests are whole cores")

  private let file: OutputFile
  private let stream: RecordStream
  private var lengths: [Int64: Int] = [:]
  private var order: [Int64] = []
  private var largest: Int64 = 1
  private var count = 0
  private var leftOut = LeftOut(places)

  /// Begins the file at `path`.
  public init(path: String, stream: RecordStream) throws(TraceError) {
    self.stream = stream
    file = try OutputFile(path: path)
    try file.write("{\"jobs\": [")
  }

  /// Adds a record.
  public func write(_ record: TaskRecord) throws(TraceError) {
    guard !record.flags.contains(.runTimeUnknown), record.attempts > 0 else {
      leftOut.count("tasks without a run time")
      return
    }
    let resources = max(1, (record.request.cpu.nano + 999_999_999) / 1_000_000_000)
    largest = max(largest, resources)
    let length = record.runTime.rawValue
    if lengths[length] == nil {
      lengths[length] = order.count
      order.append(length)
    }
    let id = record.id.index == 0 ? "\(record.id.job)" : "\(record.id.job)!\(record.id.index)"
    // Batsim ends a job at its walltime: one that nobody estimated has none.
    let limit = record.estimate.isKnown ? ", \"walltime\": \(decimal(record.estimate.seconds))" : ""
    try file.write(
      "\(count == 0 ? "" : ",")\n{\"id\": \"\(id)\", \"subtime\": \(decimal(record.submit.seconds)), "
        + "\"res\": \(resources)\(limit), \"profile\": \"p\(lengths[length] ?? 0)\"}")
    count += 1
    leftOut.count(record)
    leftOut.count(coresOf: record)
  }

  /// Completes the file.
  public func finish() throws(TraceError) -> [String: Int] {
    try file.write("\n], \"profiles\": {")
    for (number, length) in order.enumerated() {
      let seconds = decimal(Microseconds(length).seconds)
      try file.write(
        "\(number == 0 ? "" : ",")\n\"p\(number)\": {\"type\": \"delay\", \"delay\": \(seconds)}")
    }
    try file.write("\n}, \"nb_res\": \(largest)}\n")
    try file.commit()
    leftOut.count("dependencies", times: stream.dependencies.count)
    return leftOut.counts
  }
}

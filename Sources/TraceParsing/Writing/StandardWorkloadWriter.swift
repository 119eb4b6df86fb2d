import Diagnostics
import Tables
import Workload

/// Writes records as a Standard Workload Format log, one job a record.
///
/// A log that was read comes out as it was: header, job numbers and all 18 fields. Records from
/// elsewhere are numbered in submit order from 1; their times are rounded to seconds, and their
/// CPU requests up to whole processors.
public final class StandardWorkloadWriter {
  private let file: OutputFile
  private let stream: RecordStream
  private let isLog: Bool
  /// The numbers given to records from elsewhere, where dependencies need them.
  private var numbers: [TaskID: Int] = [:]
  private var count = 0
  private var lost = LeftOut(places)
  /// Dependencies that were left out: the layout has one preceding job, of a smaller number.
  private var lostDependencies = 0

  /// What the layout had no place for.
  public var leftOut: [String: Int] {
    var counts = lost.counts
    if lostDependencies > 0 { counts["dependencies"] = lostDependencies }
    return counts
  }

  /// What the layout carries of records from elsewhere.
  public static let places = LayoutPlaces(
    aspects: [.submission, .waits, .estimates, .users, .memory, .outcomes, .dependencies],
    rounding: "Times are whole seconds, cores are whole, memory is whole KiB a core")

  /// Begins the log at `path`.
  ///
  /// - Parameters:
  ///   - path: the file's name.
  ///   - stream: where the records come from; its header, attributes and dependencies are used.
  ///   - format: the name of the format that they were read from.
  public init(path: String, stream: RecordStream, format: String) throws(TraceError) {
    self.stream = stream
    isLog = format == "swf"
    file = try OutputFile(path: path)
    if isLog {
      for line in stream.header { try file.write(line + "\n") }
    } else {
      try file.write("; Version: 2.2\n; Note: converted from \(format) by tracemill\n")
      // Not known yet where records are made as they are asked for.
      let count = stream.report.records
      if count > 0 { try file.write("; MaxRecords: \(count)\n") }
    }
  }

  /// Adds a record.
  public func write(_ record: TaskRecord) throws(TraceError) {
    count += 1
    if !isLog, !stream.dependencies.isEmpty { numbers[record.id] = count }
    var fields = StandardWorkloadColumn.allCases.map { field($0, of: record) }
    if !isLog {
      setDependency(record.id, &fields)
      lost.count(record)
      lost.count(coresOf: record)
      lost.count(
        "names of users (numbers are written)",
        if: record.user != .unknown && Int64(stream.symbols[record.user]) == nil)
      lost.count("fractions of a second", if: Self.hasFraction(record))
    }
    try file.write(fields.joined(separator: " ") + "\n")
  }

  private func field(_ column: StandardWorkloadColumn, of record: TaskRecord) -> String {
    let flags = record.flags
    let processors = flags.contains(.cpuUnknown) ? "-1" : processors(record.request.cpu)
    return switch column {
    case .job: isLog ? "\(record.id.job)" : "\(count)"
    case .submit: seconds(record.submit)
    case .wait: flags.contains(.waitTimeUnknown) ? "-1" : seconds(record.waitTime)
    case .run: flags.contains(.runTimeUnknown) ? "-1" : seconds(record.runTime)
    case .requestedTime: record.estimate.isKnown ? seconds(record.estimate) : "-1"
    case .user: user(record.user)
    case _ where isLog: attribute(column, record.id)
    case .allocatedProcessors: record.attempts > 0 ? processors : "-1"
    case .requestedProcessors: processors
    case .requestedMemory: flags.contains(.memoryUnknown) ? "-1" : kilobytes(record)
    case .status: status(record.outcome)
    default: "-1"
    }
  }

  private static func hasFraction(_ record: TaskRecord) -> Bool {
    [record.submit, record.waitTime, record.runTime].contains { $0.rawValue % 1_000_000 != 0 }
  }

  /// Completes the file.
  public func finish() throws(TraceError) { try file.commit() }

  private func setDependency(_ id: TaskID, _ fields: inout [String]) {
    let dependencies = stream.dependencies.dependencies(of: id)
    guard !dependencies.isEmpty else { return }
    let known = dependencies.filter { numbers[$0.predecessor] != nil }
    lostDependencies += dependencies.count - min(1, known.count)
    if let last = known.last, let number = numbers[last.predecessor] {
      fields[StandardWorkloadColumn.precedingJob.rawValue] = "\(number)"
      fields[StandardWorkloadColumn.thinkTime.rawValue] = seconds(last.think)
    }
  }

  private func attribute(_ column: StandardWorkloadColumn, _ id: TaskID) -> String {
    guard let name = column.attribute, let value = stream.attributes[name, id] else { return "-1" }
    return decimal(value)
  }

  private func seconds(_ time: Microseconds) -> String {
    isLog ? decimal(time.seconds) : "\(Int64(time.seconds.rounded()))"
  }

  private func processors(_ cpu: Cores) -> String {
    isLog ? decimal(cpu.value) : "\(max(1, (cpu.nano + 999_999_999) / 1_000_000_000))"
  }

  /// Kilobytes a processor.
  private func kilobytes(_ record: TaskRecord) -> String {
    let processors = max(1, (record.request.cpu.nano + 999_999_999) / 1_000_000_000)
    return "\(record.request.memory.rawValue / 1024 / processors)"
  }

  private func user(_ user: UserID) -> String {
    if user == .unknown { return "-1" }
    let name = stream.symbols[user]
    return Int64(name).map { "\($0)" } ?? "\(user.rawValue)"
  }

  private func status(_ outcome: Outcome) -> String {
    switch outcome {
    case .finished: "1"
    case .failed, .evicted: "0"
    case .killed: "5"
    case .lost, .running, .pending: "-1"
    }
  }
}

import Diagnostics
import TraceInput
import Workload

/// The Standard Workload Format of the Parallel Workloads Archive, version 2.2 (Chapin et al.,
/// "Benchmarks and standards for the evaluation of parallel job schedulers", JSSPP 1999): one
/// rigid parallel job a line.
///
/// A job is one record: its CPU request is the processors it asked for (where that is not known,
/// those it got), its memory request that per processor times the processors. All other fields are
/// kept in the stream's `attributes`, a preceding job with its think time in `dependencies`, the
/// `;` lines in `header`.
public struct StandardWorkloadFormat: TraceFormat {
  /// `swf`.
  public let name = "swf"

  /// The format; it has no settings.
  public init() {}

  /// The log in `input`: most of its first lines have 18 numbers.
  public func recognise(
    _ input: TraceInput, table: String?
  ) throws(TraceError) -> (any RecognisedTrace)? {
    let logs = input.groups.filter {
      $0.looksLike(StandardWorkloadColumn.table, .blanks(header: nil))
    }
    guard let first = logs.first else { return nil }
    // One log may lie in folders by value, a piece in each.
    let joined = logs.allSatisfy { $0.files.count == 1 } ? TraceInput.Group.joined(logs) : nil
    guard let log = joined else {
      let other = first.files.count > 1 ? first.files[1] : logs[1].files[0]
      throw TraceError(
        .unrecognised, "a second log beside \(first.files[0].name): give one of them",
        file: other.name)
    }
    try checkPieces(logs)
    return StandardWorkloadTrace(
      group: log, notes: [Note.partitioned(name, log)].compactMap { $0 },
      passedOver: input.passedOver(besides: [log], format: name))
  }

  /// Pieces of one log tell the same of their cluster and their begin, where they tell it.
  private func checkPieces(_ logs: [TraceInput.Group]) throws(TraceError) {
    var known: [String: (value: String, file: String)] = [:]
    for log in logs {
      for line in String(decoding: log.head, as: UTF8.self).split(whereSeparator: \.isNewline) {
        guard line.first == ";", let colon = line.firstIndex(of: ":") else { continue }
        let name = line[..<colon].drop { $0 == ";" || $0 == " " }.lowercased()
        guard ["unixstarttime", "maxnodes", "maxprocs"].contains(name) else { continue }
        let value = line[line.index(after: colon)...].split(separator: " ").joined(separator: " ")
        let file = log.files[0].name
        if let other = known[name], other.value != value {
          throw TraceError(
            .unrecognised,
            "another log than \(other.file): its \(name) is \(value.prefix(40)), not \(other.value.prefix(40))",
            file: file)
        }
        known[name] = (value, file)
      }
    }
  }

  /// Frontier's logs say in words of a 21st field, `…:NODESxCORES`, what the standard's fields have wrong: they
  /// are for the preset that reads it.
  public func isTold(by input: TraceInput) -> Bool {
    !input.groups.contains { group in
      group.looksLike(StandardWorkloadColumn.table, .blanks(header: nil))
        && group.sample(.blanks(header: nil)) { $0.count == 21 && Self.isExtent($0.text(20)) }
          .contains(true)
    }
  }

  private static func isExtent(_ text: String) -> Bool {
    guard let last = text.split(separator: ":").last, text.contains(":") else { return false }
    let parts = last.split(separator: "x", omittingEmptySubsequences: false)
    return parts.count == 2 && parts.allSatisfy { Int($0) != nil }
  }

  /// A log by its comments whose lines have another number of fields.
  public func refusal(_ input: TraceInput, isAsked: Bool) -> TraceError? {
    let allowed = StandardWorkloadColumn.table.fieldCount
    for group in input.groups where group.head.first == UInt8(ascii: ";") {
      let lines = group.sample(.blanks(header: nil)) { row in (row.line, row.count) }
      guard let (line, count) = lines.first(where: { !allowed.contains($0.1) }) else { continue }
      return TraceError(
        .unrecognised,
        "\(count) fields; swf has \(StandardWorkloadColumn.allCases.count), and up to "
          + "\(allowed.upperBound) are passed over", file: group.files[0].name, line: line)
    }
    return nil
  }
}

/// The 18 fields of a line. -1 is "not known" in all of them.
public enum StandardWorkloadColumn: Int, CaseIterable, Sendable {
  case job, submit, wait, run, allocatedProcessors, averageCPU, usedMemory, requestedProcessors
  case requestedTime, requestedMemory, status, user, group, executable, queue, partition
  case precedingJob, thinkTime

  /// The attribute under which the stream keeps a field that a `TaskRecord` does not hold as it is;
  /// nil for the six that it does.
  public var attribute: String? {
    switch self {
    case .job, .submit, .wait, .run, .requestedTime, .user: nil
    case .allocatedProcessors: "allocated_processors"
    case .averageCPU: "average_cpu_s"
    case .usedMemory: "used_memory_kb"
    case .requestedProcessors: "requested_processors"
    case .requestedMemory: "requested_memory_kb"
    case .status: "status"
    case .group: "group"
    case .executable: "executable"
    case .queue: "queue"
    case .partition: "partition"
    case .precedingJob: "preceding_job"
    case .thinkTime: "think_time_s"
    }
  }

  static let table = FieldTable(
    "swf",
    [
      ColumnSpec("job number", .integer, true), ColumnSpec("submit time", .number, true),
      ColumnSpec("wait time", .number, true), ColumnSpec("run time", .number, true),
      ColumnSpec("allocated processors", .number, true),
      ColumnSpec("average CPU time used", .number, true), ColumnSpec("used memory", .number, true),
      ColumnSpec("requested processors", .number, true),
      ColumnSpec("requested time", .number, true), ColumnSpec("requested memory", .number, true),
      ColumnSpec("status", .integer, true), ColumnSpec("user", .integer, true),
      ColumnSpec("group", .integer, true), ColumnSpec("executable", .integer, true),
      ColumnSpec("queue", .integer, true), ColumnSpec("partition", .integer, true),
      ColumnSpec("preceding job", .integer, true), ColumnSpec("think time", .number, true),
    ], extra: 3)
}

/// A log that was found.
struct StandardWorkloadTrace: RecognisedTrace {
  let group: TraceInput.Group
  let notes: [Note]
  let passedOver: [PassedOverFile]
  let format = "swf"

  var tables: [TraceTable] { [group.traceTable("swf")] }

  func records(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    try gather(options).stream()
  }

  private func gather(_ options: ReadOptions) throws(TraceError) -> RecordGathering {
    var gathering = RecordGathering(options)
    var partial = PartialExecutions()
    var longLines = 0
    var reader = FieldTableReader(
      group, StandardWorkloadColumn.table, .blanks(header: nil), options: options)
    try reader.forEachRow { row throws(RowError) in
      let job = try StandardWorkloadJob(row)
      if row.row.count > StandardWorkloadColumn.allCases.count { longLines += 1 }
      gathering.count(job.statusName)
      if let submit = job.submit { gathering.survey.add(time: submit, isBefore: false) }
      if job.isPartial {
        partial.add(job)
      } else {
        partial.add(whole: job.id.job)
        job.add(to: &gathering)
      }
    }
    for job in partial.jobsWithoutLine() {
      if let issue = job.rangeIssue {
        let error = TraceError(
          .malformedRow, "job \(job.id.job), its partial executions together: \(issue)",
          file: group.files[0].name)
        guard let rejects = options.rejects else { throw error }
        try rejects.add(error, reason: "value out of range", row: "")
        continue
      }
      job.add(to: &gathering)
    }
    gathering.report.notes.add(partial.notes)
    if longLines > 0 {
      gathering.report.notes.add(
        Note(
          .leftOut, "swf", ["lines": Double(longLines)],
          "\(longLines) \(longLines == 1 ? "line has" : "lines have") more than the 18 fields of the format: what is beyond is left out"
        ))
    }
    let header = StandardWorkloadHeader(reader.header)
    for key in ["MaxProcs", "MaxNodes", "MaxMemory"] where header.number(key) == nil {
      guard let value = header[key], !value.isEmpty else { continue }
      gathering.report.notes.add(
        Note(
          .odd, "swf",
          "\(key) of the header is '\(value.prefix(40))', which is no number: taken as not known"))
    }
    gathering.header = reader.header
    gathering.finish("swf", rows: reader.rows, comments: reader.comments, options)
    return gathering
  }

  /// The header's `MaxProcs` as one machine that is there from the start: a rigid job takes its
  /// processors from the whole computer. Nil where the header does not say.
  func machineEvents(_ options: ReadOptions) throws(TraceError) -> MachineEventList? {
    var reader = FieldTableReader(
      group, StandardWorkloadColumn.table, .blanks(header: nil), options: options)
    try reader.forEachRow { _ throws(RowError) in }
    let values = StandardWorkloadHeader(reader.header)
    guard
      let processors = (values.number("MaxProcs") ?? values.number("MaxNodes")).flatMap({
        Int64(exactly: $0)
      }), processors > 0
    else { return nil }
    guard Double(processors) <= Ranges.cores.upperBound else {
      throw TraceError(
        .malformedRow,
        "the header has \(processors) processors; expected at most \(Int(Ranges.cores.upperBound))",
        file: group.files[0].name)
    }
    // kilobytes a node
    let nodes = values.number("MaxNodes") ?? 1
    let stated = values.number("MaxMemory").flatMap { $0 > 0 ? $0 : nil }
    let memory = stated.map {
      Bytes(rounding: min($0 * 1024 * max(1, nodes), Double(Ranges.amount.upperBound / 2)))
    }
    var symbols = SymbolTable()
    let platform = symbols.intern(values["Computer"] ?? "")
    return MachineEventList(
      events: [
        MachineEvent(
          time: .zero, machine: 0, kind: .add,
          capacity: Resources(
            cpu: Cores(nano: processors * 1_000_000_000),
            memory: memory ?? .zero),
          unknown: memory == nil ? [.memory, .disk] : .disk, platform: platform)
      ], symbols: symbols)
  }

  func survey(_ table: String, _ options: ReadOptions) throws(TraceError) -> TableSurvey {
    guard table == "swf" else {
      throw TraceError(.missing, "no table \(table) in a Standard Workload Format log")
    }
    return try gather(options).survey
  }
}

/// `; Key: value` lines.
public struct StandardWorkloadHeader: Sendable {
  /// The keys and values, in order; a key may occur more than once (`Note`, `Queue`).
  public let fields: [(key: String, value: String)]

  /// Reads header lines; a line without a key goes on from the one above.
  public init(_ lines: [String]) {
    var fields: [(key: String, value: String)] = []
    for line in lines {
      let text = Self.trim(line.drop { $0 == ";" || $0 == "#" })
      if let colon = text.firstIndex(of: ":"), text[..<colon].allSatisfy({ $0.isLetter }),
        colon > text.startIndex
      {
        fields.append(
          (String(text[..<colon]), String(Self.trim(text[text.index(after: colon)...]))))
      } else if !text.isEmpty, !fields.isEmpty {
        fields[fields.count - 1].value += "\n" + text
      }
    }
    self.fields = fields
  }

  /// The first value of a key.
  public subscript(key: String) -> String? { fields.first { $0.key == key }?.value }

  /// The number that the first value of a key begins with, what follows a blank being a remark
  /// (`430 (until 1997)`); nil if it begins with none.
  public func number(_ key: String) -> Double? {
    self[key]?.split(whereSeparator: \.isWhitespace).first.flatMap { DecimalText.number($0) }
      .flatMap { $0.isFinite ? $0 : nil }
  }

  private static func trim(_ text: Substring) -> Substring {
    var text = text.drop { $0.isWhitespace }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return text
  }
}

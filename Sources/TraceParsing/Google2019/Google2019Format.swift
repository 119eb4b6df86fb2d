import Diagnostics
import TraceInput
import Workload

/// Google clusterdata-2019 (version 3 of its format): eight Borg cells over May 2019, as
/// newline-delimited JSON, or as BigQuery exports it, in Parquet with its records as groups, or in CSV.
///
/// Records are made of jobs' instances. Alloc sets, reservations that tasks run inside, are counted
/// and get records (flagged) only if `ReadOptions.includesAllocSets` says so, since they and the
/// tasks inside them ask for the same resources. Where `collection_events` is there, the jobs that
/// a job starts after come as `dependencies` between whole jobs.
///
/// The parts of the public export are in no order, so all events are sorted by task and time first.
public struct Google2019Format: TraceFormat {
  /// `google-2019`.
  public let name = "google-2019"

  /// The format; it has no settings.
  public init() {}

  /// The trace in `input`, known by the keys of its objects.
  public func recognise(
    _ input: TraceInput, table: String?
  ) throws(TraceError) -> (any RecognisedTrace)? {
    var found = FoundTables()
    for group in input.groups {
      if Self.isUsage(group) {
        found.add(group, as: Google2019Usage.table)
      } else if let table = try Self.table(of: group) {
        found.add(group, as: table.rawValue)
      }
    }
    var (tables, notes) = try found.tables()
    for (name, group) in tables.sorted(by: { $0.key < $1.key }) where !group.missing.isEmpty {
      notes.append(.partsMissing(name, group.missingCount))
    }
    let usage = tables.removeValue(forKey: Google2019Usage.table)
    let groups = Dictionary(
      uniqueKeysWithValues: tables.compactMap { name, group in
        Google2019Table(rawValue: name).map { ($0, group) }
      })
    guard !groups.isEmpty else { return nil }
    if let table, Google2019Table(rawValue: table) == nil {
      let names = Google2019Table.allCases.map(\.rawValue).joined(separator: ", ")
      throw TraceError(.missing, "no table '\(table)' in google-2019; there are \(names)")
    }
    return Google2019Trace(
      path: input.path, groups: groups, usage: usage, notes: notes,
      passedOver: input.passedOver(
        besides: Array(groups.values) + [usage].compactMap { $0 }, format: name))
  }

  /// Whether a group is instance_usage: JSON lines or a flat table of text.
  private static func isUsage(_ group: TraceInput.Group) -> Bool {
    switch TableLayout.kind(of: group.head) {
    case .json:
      let text = String(decoding: group.head.prefix(1 << 13), as: UTF8.self)
      return ["start_time", "collection_id", "average_usage"].allSatisfy {
        text.contains("\"\($0)\"")
      }
    case .text: return Google2019Usage.isOne(group.rows(TableLayout(), limit: 1).first ?? [])
    case .parquet: return Google2019Usage.isOne((try? columnNames(group)) ?? [])
    case .sqlite: return false
    }
  }

  /// The columns of a group in Parquet.
  private static func columnNames(_ group: TraceInput.Group) throws(TraceError) -> [String] {
    let reader = try group.files[0].openParquet()
    return reader.columns.map(\.name) + reader.unreadableColumns.map(\.name)
  }

  /// The table that has these columns; nil for another trace's.
  private static func table(
    columns: [String], called named: Google2019Table?
  ) -> Google2019Table? {
    let outer = columns.map { name in
      ["resource_request", "capacity"].first {
        name.hasPrefix("\($0).") || name.hasPrefix("\($0)_")
      }
        ?? name
    }
    guard Set(columns).isSuperset(of: ["time", "type"]) else { return nil }
    return table(seen: Set(outer).intersection(marks), called: named)
  }

  /// An array, as `bq query --format=json` prints, is one line of one value.
  public func refusal(_ input: TraceInput, isAsked: Bool) -> TraceError? {
    guard let group = input.groups.first(where: \.beginsAsJSONArray) else { return nil }
    let marks = ["collection_id", "machine_id"].map { Array("\"\($0)\"".utf8) }
    guard marks.contains(where: { mark in group.head.firstRange(of: mark) != nil }),
      group.head.firstRange(of: Array("\"submit_us\"".utf8)) == nil
    else { return nil }
    return TraceError(
      .unrecognised, "a JSON array; google-2019 is read as one object a line: jq -c '.[]'",
      file: group.files[0].name, line: 1)
  }

  private static let marks = [
    "collection_id", "instance_index", "start_time", "user", "collection_name", "scheduler",
    "machine_id", "capacity", "switch_id", "resource_request", "type",
  ]

  /// The table that the first objects of a group belong to. Fields at their default may be absent,
  /// so any of the objects may tell, and the name where none does.
  private static func table(of group: TraceInput.Group) throws(TraceError) -> Google2019Table? {
    let named = Google2019Table.allCases.first { group.files[0].baseName.hasPrefix($0.rawValue) }
    switch TableLayout.kind(of: group.head) {
    case .parquet: return table(columns: try columnNames(group), called: nil)
    case .sqlite: return nil
    case .json, .text:
      if group.head.isEmpty { return named }
      guard group.head.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else {
        return table(columns: group.rows(TableLayout(), limit: 1).first ?? [], called: nil)
      }
    }
    var head = group.head[...]
    if head.count >= TraceInput.headLength, let end = head.lastIndex(of: 0x0a) {
      head = head[...end]
    }
    var seen: Set<String> = []
    let reader = try JSONLineReader(MemoryStream(Array(head), name: ""), fields: marks)
    for _ in 0..<100 {
      do throws(TraceError) {
        let more = try reader.next { row throws(TraceError) in
          for (field, name) in marks.enumerated() where row.has(field) { seen.insert(name) }
        }
        if !more { break }
      } catch {
        continue  // the reader proper reports it
      }
    }
    return table(seen: seen, called: named)
  }

  /// The table that has these of the `marks`, or what its name says.
  private static func table(
    seen: Set<String>, called named: Google2019Table?
  ) -> Google2019Table? {
    if seen.contains("start_time") { return nil }  // instance_usage
    if seen.contains("instance_index") || seen.contains("resource_request") {
      return .instanceEvents
    }
    if seen.contains("collection_id") {
      let isCollection = !seen.isDisjoint(with: ["user", "collection_name", "scheduler"])
      return isCollection ? .collectionEvents : named
    }
    if seen.contains("machine_id"), !seen.isDisjoint(with: ["capacity", "switch_id", "type"]) {
      return .machineEvents
    }
    return named
  }
}

/// A clusterdata-2019 trace, or some tables and parts of it.
struct Google2019Trace: RecognisedTrace {
  let relativeAmounts: RelativeAmounts = [.cpu, .memory]
  let format = "google-2019"
  let path: String
  let groups: [Google2019Table: TraceInput.Group]
  /// Use over time.
  let usage: TraceInput.Group?
  let notes: [Note]
  let passedOver: [PassedOverFile]

  var tables: [TraceTable] {
    Google2019Table.allCases.compactMap { groups[$0]?.traceTable($0.rawValue) }
      + [usage?.traceTable(Google2019Usage.table)].compactMap { $0 }
  }

  func canSplit(_ table: String?) -> Bool {
    guard let table = try? recordTable(table), let group = groups[table] else { return false }
    let read = [group] + [groups[.collectionEvents]].compactMap { $0 }
    return read.allSatisfy { $0.isSplittable && TableLayout.kind(of: $0.head) == .json }
  }

  func records(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    let table = try recordTable(options.table)
    guard let group = groups[table] else {
      throw TraceError(.missing, "the trace has no \(table.rawValue)", file: path)
    }
    var reader = Google2019Reader(group, table, options: options)
    var decoder = Google2019EventDecoder(table, options)
    var events = ExternalSorter<LifecycleEvent>(
      bufferBytes: options.sortBufferBytes, directory: options.temporaryDirectory)
    var lastTime = Microseconds.zero
    try reader.forEachEvent { event throws(TraceError) in
      guard let event = decoder.add(event) else { return }
      if event.time.isKnown { lastTime = max(lastTime, event.time) }
      try events.add(event)
    }

    var report = ReadReport()
    report.notes = notes
    report.rows[table.rawValue] = reader.rows
    report.surveys[table.rawValue] = decoder.survey(rows: reader.rows)
    report.firstTime = report.surveys[table.rawValue]?.firstTime ?? .never
    report.lastTime = lastTime
    if decoder.allocSetEvents > 0 {
      report.notes.add(
        Note(
          .leftOut, table.rawValue, ["events": Double(decoder.allocSetEvents)],
          "\(decoder.allocSetEvents) \(decoder.allocSetEvents == 1 ? "event is" : "events are") of alloc sets, which are no tasks: left out"
        ))
    }
    let sorted = try records(
      try events.sorted(), report: report, options,
      assumed: table == .collectionEvents ? options.assumedRequest : nil)
    sorted.symbols = decoder.symbols
    sorted.attributes = decoder.attributes
    sorted.dependencies = decoder.dependencies
    if table == .instanceEvents, let collections = groups[.collectionEvents] {
      var reader = Google2019Reader(collections, .collectionEvents, options: options)
      var decoder = Google2019EventDecoder(.collectionEvents, options)
      try reader.forEachEvent { event throws(TraceError) in _ = decoder.add(event) }
      sorted.dependencies = decoder.dependencies
      let name = Google2019Table.collectionEvents.rawValue
      sorted.report.rows[name] = reader.rows
      sorted.report.surveys[name] = decoder.survey(rows: reader.rows)
    }
    sorted.report.rejects = options.rejects?.counts ?? [:]
    if table == .instanceEvents, let usage,
      options.canReadBeside(usage, Google2019Usage.table, sorted)
    {
      JoinedUsage(Google2019Usage.table, of: sorted, options) { options, body throws(TraceError) in
        try Google2019Usage(group: usage).forEach(options, body)
        return []
      }
    }
    return sorted
  }

  /// Folds the events of each task, which are neighbours now, and sorts the records.
  private func records(
    _ sorted: consuming SortedElements<LifecycleEvent>, report: ReadReport, _ options: ReadOptions,
    assumed: SIMD4<Double>?
  ) throws(TraceError) -> RecordStream {
    var report = report
    var events = sorted
    var sorter = ExternalSorter<TaskRecord>(
      bufferBytes: options.sortBufferBytes, directory: options.temporaryDirectory)
    var next = try events.next()
    while let first = next {
      var life = Lifecycle(first)
      next = try events.next()
      while let event = next, event.id == first.id {
        life.append(Lifecycle(event), counting: &report.transitions)
        next = try events.next()
      }
      let record = life.record(
        end: report.lastTime, scale: options.scale, assumed: assumed, counting: &report.transitions)
      if let record {
        try sorter.add(record)
        report.records += 1
      } else {
        report.afterEnd += 1
      }
    }
    var records = try sorter.sorted()
    return RecordStream(report: report, symbols: SymbolTable()) { _ throws(TraceError) in
      try records.next()
    }
  }

  private func recordTable(_ asked: String?) throws(TraceError) -> Google2019Table {
    if let asked {
      guard let table = Google2019Table(rawValue: asked), table != .machineEvents else {
        throw TraceError(
          .missing, "records are made from instance_events or collection_events, not from \(asked)",
          file: path)
      }
      return table
    }
    if groups[.instanceEvents] != nil { return .instanceEvents }
    if groups[.collectionEvents] != nil { return .collectionEvents }
    throw TraceError(
      .missing, "no instance_events or collection_events here to make records from", file: path)
  }

  func canMakeRecords(from table: String?) -> Bool {
    guard let table else {
      return groups[.instanceEvents] != nil || groups[.collectionEvents] != nil
    }
    return table != Google2019Table.machineEvents.rawValue
  }

  func machineEvents(_ options: ReadOptions) throws(TraceError) -> MachineEventList? {
    guard let group = groups[.machineEvents] else { return nil }
    var reader = Google2019Reader(group, .machineEvents, options: options)
    var decoder = Google2019EventDecoder(.machineEvents, options)
    var events: [MachineEvent] = []
    try reader.forEachMachineEvent(&decoder) { events.append($0) }
    var list = MachineEventList(events: events, symbols: decoder.symbols).inTimeOrder()
    list.survey = decoder.survey(rows: reader.rows)
    return list
  }

  func survey(_ name: String, _ options: ReadOptions) throws(TraceError) -> TableSurvey {
    if name == Google2019Usage.table, let usage {
      var survey = TableSurvey()
      survey.rows = try Google2019Usage(group: usage).forEach(options) {
        sample throws(TraceError) in
        survey.add(time: Microseconds(sample.offset))
      }
      return survey
    }
    guard let table = Google2019Table(rawValue: name), let group = groups[table] else {
      throw TraceError(.missing, "the trace has no table \(name)", file: path)
    }
    var reader = Google2019Reader(group, table, options: options)
    var decoder = Google2019EventDecoder(table, options)
    if table == .machineEvents {
      try reader.forEachMachineEvent(&decoder) { _ in }
    } else {
      try reader.forEachEvent { event throws(TraceError) in _ = decoder.add(event) }
    }
    return decoder.survey(rows: reader.rows)
  }
}

extension LifecycleEvent: ExternallySortable {
  /// By task, then by time; the sorter is stable, so events of one time stay in file order.
  var sortKey: SortKey {
    SortKey(major: id.job, minor: Int64(id.index), last: time.rawValue)
  }
}

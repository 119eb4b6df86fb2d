import Diagnostics
import TraceInput
import Workload

/// Google clusterdata-2011-2: the trace of one Borg cell over 29 days of May 2011.
public struct Google2011Format: TraceFormat {
  public let name = "google-2011"

  public init() {}

  public func recognise(
    _ input: TraceInput, table: String?
  ) throws(TraceError) -> (any RecognisedTrace)? {
    let asked = table.flatMap(Google2011Table.init(rawValue:))
    // By their rows, and by their names only: a file that merely lies in a table's folder does not stand in its way.
    var (tables, strays) = (FoundTables(), FoundTables())
    var layouts: [String: ColumnLayout] = [:]
    var fitting: Set<String> = []
    for group in input.groups {
      guard let layout = try layout(of: group, in: input, asked: asked) else { continue }
      let name = layout.table.rawValue
      if fits(group, layout) {
        tables.add(group, as: name)
        if fitting.insert(name).inserted { layouts[name] = layout }
      } else {
        strays.add(group, as: name)
        if layouts[name] == nil { layouts[name] = layout }
      }
    }
    let (good, notes) = try tables.tables()
    var found: [Google2011Table: (TraceInput.Group, ColumnLayout)] = [:]
    let others = try strays.tables(besides: fitting).groups
    for (name, group) in good.merging(others, uniquingKeysWith: { good, _ in good }) {
      if let layout = layouts[name] { found[layout.table] = (group, layout) }
    }
    guard !found.isEmpty else { return nil }
    if let table, asked == nil {
      let names = Google2011Table.allCases.map(\.rawValue).joined(separator: ", ")
      throw TraceError(.missing, "no table '\(table)' in google-2011; there are \(names)")
    }
    let used = found.values.map(\.0)
    return Google2011Trace(
      path: input.path, found: found, partitions: notes,
      passedOver: input.passedOver(besides: used, format: name))
  }

  /// A part with a header, which the published ones do not have; most such tables are of other formats, so
  /// that they are asked first.
  public func refusal(_ input: TraceInput, isAsked: Bool) -> TraceError? {
    for group in input.groups where group.beginsWithNames {
      let fitting = Google2011Table.allCases.filter { fit(group, ColumnLayout($0)) ?? false }
      guard let table = fitting.first, fitting.count == 1 else { continue }
      return TraceError(
        .malformedRow,
        "a header, which parts of \(table.rawValue) do not have: leave this line out, or say with "
          + "--columns which columns are which", file: group.files[0].name, line: 1, column: 1)
    }
    return nil
  }

  /// The group's columns if it is one of the tables: by what the rows hold; the names of folder and
  /// file decide only where that leaves a choice, or where nothing can be read.
  private func layout(
    of group: TraceInput.Group, in input: TraceInput, asked: Google2011Table?
  ) throws(TraceError) -> ColumnLayout? {
    let file = group.files[0]
    let folder = file.name.split { $0 == "/" || $0 == "!" }.dropLast().last { !$0.contains("=") }
    let hint =
      Google2011Table.allCases.first { table in
        folder.map { $0 == table.rawValue } ?? false || file.baseName.hasPrefix(table.rawValue)
      } ?? (input.groups.count == 1 ? asked : nil)
    let schemaBytes = [file.tableFolder, parent(of: file.tableFolder)].lazy
      .compactMap { folder in input.schemas[folder].map { (folder, $0) } }.first
    if let hint, let (folder, bytes) = schemaBytes {
      let schema = try Schema(bytes, file: folder.isEmpty ? "schema.csv" : folder + "/schema.csv")
      if let layout = try ColumnLayout(hint, schema: schema) { return layout }
    }
    if hint == nil, group.beginsWithNames { return nil }
    let fitting = Google2011Table.allCases.filter { fit(group, ColumnLayout($0)) ?? false }
    if let hint, fitting.isEmpty || fitting.contains(hint) { return ColumnLayout(hint) }
    return fitting.count == 1 ? ColumnLayout(fitting[0]) : nil
  }

  /// Whether nothing that can be read of the group speaks against the layout.
  private func fits(_ group: TraceInput.Group, _ layout: ColumnLayout) -> Bool {
    fit(group, layout) ?? true
  }

  /// Whether most of the group's first rows are rows of the layout; nil where there is none to see.
  private func fit(_ group: TraceInput.Group, _ layout: ColumnLayout) -> Bool? {
    let answers = answers(group, layout)
    return answers.isEmpty ? nil : answers.count { $0 } * 2 > answers.count
  }

  private func parent(of folder: String) -> String {
    folder.split(separator: "/").dropLast().joined(separator: "/")
  }

  /// Whether each of up to 100 whole rows from the beginning of the group is one of the layout.
  private func answers(_ group: TraceInput.Group, _ layout: ColumnLayout) -> [Bool] {
    group.sample(.csv) { row in
      guard layout.fieldCount.contains(row.count) else { return false }
      return (try? TableRow(row: row, layout: layout).validate()) != nil
    }
  }
}

/// A clusterdata-2011-2 trace, or some tables and parts of it.
public struct Google2011Trace: RecognisedTrace {
  public let relativeAmounts: RelativeAmounts = [.cpu, .memory]
  public let format = "google-2011"
  let path: String
  let found: [Google2011Table: (TraceInput.Group, ColumnLayout)]
  /// What is to be said of folders by value.
  let partitions: [Note]
  public let passedOver: [PassedOverFile]

  public var tables: [TraceTable] {
    Google2011Table.allCases.compactMap { table in
      found[table].map { group, _ in
        TraceTable(
          name: table.rawValue, parts: group.files.count, total: group.total,
          missing: group.missing)
      }
    }
  }

  public var notes: [Note] {
    var notes = partitions
    for table in tables {
      if !table.missing.isEmpty {
        notes.append(
          .partsMissing(table.name, table.missing, "; tasks whose events are there are cut"))
      }
      if let total = table.total, table.parts + table.missingCount < total {
        notes.append(.partsGiven(table.name, table.parts, of: total))
      }
    }
    if ownTable == .jobEvents, found[.taskEvents] != nil {
      notes.append(
        Note(
          .assumed, "job_events",
          "task_events is tiny beside job_events: records are made of job_events; "
            + "--table task_events takes the other"))
    }
    return notes
  }

  public func canMakeRecords(from table: String?) -> Bool {
    let makers: [Google2011Table] = [.taskEvents, .jobEvents]
    guard let table else { return makers.contains { found[$0] != nil } }
    return Google2011Table(rawValue: table).map(makers.contains) ?? true
  }

  /// Parts that are files of their own can be kept.
  public func canKeepParts(of table: String?) -> Bool {
    guard let table = try? recordTable(table), let (group, _) = found[table] else { return false }
    return group.hasOnlyFiles
  }

  public func canSplit(_ table: String?) -> Bool {
    guard let table = try? recordTable(table), let (group, _) = found[table] else { return false }
    return group.isSplittable
  }

  public func records(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    let table = try recordTable(options.table)
    guard let (group, layout) = found[table] else {
      throw TraceError(.missing, "the trace has no \(table.rawValue)", file: path)
    }
    let partOptions = PartOptions(options)
    let pipeline = EventPipeline(group, options) { (file, stream, lastTime) in
      let reader = Google2011PartReader(
        stream, file: file, layout: layout, options: partOptions, lastTime: lastTime)
      return Google2011EventPart(reader, table)
    }
    var report = ReadReport()
    report.notes = notes
    let stream = try pipeline.records(
      table: table.rawValue, report: report,
      assumed: table == .jobEvents ? options.assumedRequest : nil)
    if table == .taskEvents, let (group, layout) = found[.taskUsage],
      options.canReadBeside(group, Google2011Table.taskUsage.rawValue, stream)
    {
      JoinedUsage(Google2011Table.taskUsage.rawValue, of: stream, options) {
        options, body throws(TraceError) in
        try Google2011Usage(group: group, layout: layout).forEach(options, body)
      }
    }
    return stream
  }

  /// The table that records are made of if none is asked for: task_events, unless job_events, which tells of
  /// jobs only, has twenty times as many bytes. The whole trace has many more tasks than jobs: such a table
  /// is a sample of another kind.
  private var ownTable: Google2011Table? {
    func bytes(_ table: Google2011Table) -> Int? {
      guard let (group, _) = found[table] else { return nil }
      let sizes = group.files.map(\.size)
      return sizes.contains { $0 == nil } ? Int.max : sizes.reduce(0) { $0 + ($1 ?? 0) }
    }
    guard let tasks = bytes(.taskEvents) else {
      return found[.jobEvents] == nil ? nil : .jobEvents
    }
    guard let jobs = bytes(.jobEvents), tasks < jobs / 20, jobs < Int.max else {
      return .taskEvents
    }
    return .jobEvents
  }

  private func recordTable(_ asked: String?) throws(TraceError) -> Google2011Table {
    if let asked {
      guard let table = Google2011Table(rawValue: asked), [.jobEvents, .taskEvents].contains(table)
      else {
        throw TraceError(
          .missing, "records are made from task_events or job_events, not from \(asked)", file: path
        )
      }
      return table
    }
    if let table = ownTable { return table }
    let there = tables.map(\.name).joined(separator: ", ")
    throw TraceError(
      .missing, "no task_events or job_events here to make records from, only \(there)", file: path)
  }

  public func machineEvents(_ options: ReadOptions) throws(TraceError) -> MachineEventList? {
    guard let (group, layout) = found[.machineEvents] else { return nil }
    var reader = Google2011TableReader(group, layout: layout, options: options)
    var list = MachineEventList(events: [], symbols: SymbolTable())
    var decoder = Google2011EventDecoder(.machineEvents)
    try reader.forEachRow { row throws(RowError) in
      try decoder.count(row)
      let code = try row.integer(MachineEventColumn.eventType.rawValue, in: 0...2)
      var capacity = SIMD4(
        try row.amount(MachineEventColumn.cpus.rawValue),
        try row.amount(MachineEventColumn.memory.rawValue), .nan, .nan)
      // The table has no disks, yet tasks ask for some: every machine is given the largest.
      if !capacity[0].isNaN || !capacity[1].isNaN { capacity[2] = 1 }
      list.events.append(
        MachineEvent(
          time: try row.time(MachineEventColumn.time.rawValue),
          machine: try row.integer(MachineEventColumn.machineID.rawValue),
          kind: MachineEvent.Kind(rawValue: UInt8(code)) ?? .update,
          capacity: options.scale.resources(capacity), unknown: options.scale.unknown(capacity),
          platform: list.symbols.intern(row[MachineEventColumn.platformID.rawValue])))
    }
    var survey = decoder.takeSurvey()
    (survey.rows, survey.comments) = (reader.rows, reader.comments)
    list.survey = survey
    return list
  }

  public func survey(_ name: String, _ options: ReadOptions) throws(TraceError) -> TableSurvey {
    guard let table = Google2011Table(rawValue: name), let (group, layout) = found[table] else {
      throw TraceError(.missing, "the trace has no table \(name)", file: path)
    }
    var reader = Google2011TableReader(group, layout: layout, options: options)
    var decoder = Google2011EventDecoder(table)
    try reader.forEachRow { row throws(RowError) in try decoder.count(row) }
    var survey = decoder.takeSurvey()
    (survey.rows, survey.comments) = (reader.rows, reader.comments)
    return survey
  }

  /// `3, 7-9`.
  private func text(_ ranges: [ClosedRange<Int>]) -> String {
    ranges.map {
      $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
    }.joined(separator: ", ")
  }
}

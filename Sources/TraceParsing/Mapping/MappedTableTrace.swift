import Diagnostics
import Foundation
import Tables
import TraceInput
import Workload

/// The contexts of workers.
private final class MappedContexts: @unchecked Sendable {
  private let mapping: TableMapping
  private let zone: TimeZone
  private let lock = NSLock()
  private var contexts: [MappedContext] = []

  init(_ mapping: TableMapping, _ zone: TimeZone) { (self.mapping, self.zone) = (mapping, zone) }

  func make() -> MappedContext {
    let context = MappedContext(
      clock: ZoneClock(zone), hasDecimalCommas: mapping.table.hasDecimalCommas)
    lock.withLock { contexts.append(context) }
    return context
  }

  /// Those that were made, once nobody works any more.
  var made: [MappedContext] { lock.withLock { contexts } }
}

/// A mapped table that was found.
struct MappedTableTrace: RecognisedTrace {
  let format: String
  /// The table, in one group or several of the same columns.
  let groups: [TraceInput.Group]
  let joined: [String: [TraceInput.Group]]
  let machineGroup: TraceInput.Group?
  /// The samples of use over time; empty where there are none.
  let usageGroups: [TraceInput.Group]
  let mapping: TableMapping
  /// What is to be said of what was found.
  let findings: [Note]
  let passedOver: [PassedOverFile]

  private static let table = "tasks"
  private static let machineTable = "machines"
  private static let usageTable = "usage"

  var tables: [TraceTable] {
    var tables = [groups[0].traceTable(Self.table)]
    tables[0].parts = groups.reduce(0) { $0 + $1.files.count }
    tables += mapping.joins.compactMap { joined[$0.name]?.first?.traceTable($0.name) }
    if let machineGroup { tables.append(machineGroup.traceTable(Self.machineTable)) }
    if mapping.usage?.table != nil, var table = usageGroups.first?.traceTable(Self.usageTable) {
      table.parts = usageGroups.reduce(0) { $0 + $1.files.count }
      tables.append(table)
    }
    return tables
  }

  var notes: [Note] {
    let has = Set(mapping.columns.keys)
    var notes =
      findings + mapping.notes.map { Note(.assumed, format, $0) }
      + TablePieces.notes(Self.table, groups) + MappedLife(has).notes
    if !has.contains("run_us"), !has.contains("end_us") {
      notes.append(
        Note(
          .leftOut, "run_us",
          "neither run_us nor end_us is mapped: no task has a run time, none can be replayed"))
    }
    return notes
  }

  var relativeAmounts: RelativeAmounts {
    var amounts: RelativeAmounts = []
    if mapping.columns["cpu_cores"]?.isShare == true { amounts.insert(.cpu) }
    if mapping.columns["memory_bytes"]?.isShare == true { amounts.insert(.memory) }
    return amounts
  }

  func records(_ options: ReadOptions) throws(TraceError) -> RecordStream {
    var keys = MappedUsageKeys()
    let stream = try gather(options, &keys).stream()
    if let usage = mapping.usage, !usageGroups.isEmpty {
      stream.usage = MappedUsage(
        mapping: mapping, usage: usage, groups: usageGroups, keys: keys)
    }
    return stream
  }

  /// The folded tasks, in the order of their first rows.
  private struct Folding {
    var places: [[UInt8]: Int] = [:]
    var tasks: [MappedTaskBuilder.Task] = []
  }

  private func gather(
    _ options: ReadOptions, _ keys: inout MappedUsageKeys
  ) throws(TraceError) -> RecordGathering {
    let hasUsage = !usageGroups.isEmpty
    let mapping = mapping.scaled(by: options.scale)
    let plan = MappingPlan(mapping)
    var gathering = RecordGathering(options)
    var joins: [MappedJoin] = []
    let zone = mapping.timeZone.flatMap(ZoneClock.zone(named:)) ?? .gmt
    let context = MappedContext(
      clock: ZoneClock(zone), hasDecimalCommas: mapping.table.hasDecimalCommas)
    let builder = MappedTaskBuilder(
      plan, hasDecimalCommas: mapping.table.hasDecimalCommas)
    let row = MappedRow(slots: plan.slotCount)
    let numbersJobs = mapping.columns["job_id"] == nil
    var folding = Folding()
    // Where rows are tasks by themselves, any thread can read them.
    let hasChunks =
      !hasUsage && plan.fold.isEmpty && plan.dependencies == nil && !joinsItself
    var commit = MappedCommit(plan, numbersJobs: numbersJobs, context)
    var (count, rows, comments): (Int64, Int, Int) = (0, 0, 0)
    for group in groups.flatMap({ group in group.files.map { group.only($0) } }) {
      if joins.isEmpty || joinsItself {
        joins = try plan.joins.map { join throws(TraceError) in
          let groups = join.join.isInSameFile(group) ? [group] : joined[join.join.name] ?? []
          let table = try MappedJoin(join, groups, options, &gathering)
          if table.isEmpty { try join.join.checkChoice(groups, options) }
          return table
        }
      }
      var table = MappedTable(
        Self.table, group, mapping.table, names: plan.names, optional: plan.optional,
        conditions: plan.conditions, typed: plan.typed, spelledOut: mapping.wordsOnly)
      if hasChunks, table.hasChunks {
        let joined = joins
        let keepsAttributes = options.keepsAttributes
        let contexts = MappedContexts(mapping, zone)
        try table.forEachChunk(
          options,
          worker: {
            MappedWorker(
              mapping, MappingPlan(mapping), joined, contexts.make(),
              keepsAttributes: keepsAttributes)
          },
          commit: { chunk throws(TraceError) in commit.add(chunk, &gathering) })
        for other in contexts.made { context.add(other) }
        rows += table.rows
        comments += table.comments
        gathering.report.notes += table.notes
        continue
      }
      try table.forEachRow(into: row, context, options) { () throws(RowError) in
        for (place, join) in joins.enumerated() where !join.look(row, context.arena) {
          let isLeftOut = plan.joins[place].count(in: context)
          if isLeftOut { return }
        }
        for check in plan.checks { try check.hold(row) }
        var task = try builder.read(row, context, &gathering.symbols)
        if numbersJobs { task.record.id.job = count }
        count += 1
        if hasUsage, let key = mappedKey(row, plan.usageKey) {
          keys.note(key, task.record.id, full: try plan.usageFull?.number(row, context))
        }
        try keep(row, task, plan, context, &gathering)
        guard plan.fold.isEmpty else { return fold(row, task, plan, context, &folding) }
        let record = try builder.finish(task, context)
        if hasUsage { keys.note(record) }
        try add(record, task.check, row, plan, context, &gathering)
      }
      rows += table.rows
      comments += table.comments
      gathering.report.notes += table.notes
    }
    for task in folding.tasks {
      do throws(RowError) {
        let record = try builder.finish(task, context)
        if hasUsage { keys.note(record) }
        try add(record, task.check, nil, plan, context, &gathering)
      } catch {
        let located = TraceError(
          error.code, "task \(task.record.id.job): \(error.message)", file: groups[0].files[0].name)
        guard let rejects = options.rejects else { throw located }
        try rejects.add(located, reason: error.reason, row: "")
      }
    }
    commit.finish(&gathering)
    gathering.tell(
      context, zone, isStated: mapping.timeZone != nil, origin: mapping.origin)
    gathering.finish(Self.table, rows: rows, comments: comments, options)
    return gathering
  }

  private var joinsItself: Bool { mapping.joins.contains { $0.isInSameFile(groups[0]) } }

  private func fold(
    _ row: MappedRow, _ task: MappedTaskBuilder.Task, _ plan: MappingPlan, _ context: MappedContext,
    _ folding: inout Folding
  ) {
    var key: [UInt8] = []
    for slot in plan.fold {
      if case .text(let bytes)? = row.values[slot] {
        key.append(contentsOf: bytes)
      } else if let value = row.values[slot] {
        key.append(contentsOf: value.description.utf8)
      }
      key.append(0)
    }
    if let place = folding.places[key] {
      if !mapping.rowsAreAttempts {
        folding.tasks[place].fold(task)
      } else if folding.tasks[place].foldAttempt(task) {
        context.count("there twice: an attempt that another row has too, counted once")
      }
    } else {
      folding.places[key] = folding.tasks.count
      folding.tasks.append(task)
    }
  }

  private func add(
    _ record: TaskRecord, _ check: UInt32, _ row: MappedRow?, _ plan: MappingPlan,
    _ context: MappedContext,
    _ gathering: inout RecordGathering
  ) throws(RowError) {
    for column in row == nil ? [] : plan.comparisons {
      guard let row else { break }
      guard let stated = try column.source.integer(row, context),
        let made = column.target.integer(of: record), abs(stated - made) >= 1_000_000
      else { continue }
      context.count("\(column.source.label) is not \(column.target.name)")
    }
    gathering.survey.add(record)
    gathering.count(record.outcome.name)
    gathering.add(record, check: check)
  }

  /// What is kept beside the record.
  private func keep(
    _ row: MappedRow, _ task: MappedTaskBuilder.Task, _ plan: MappingPlan,
    _ context: MappedContext, _ gathering: inout RecordGathering
  ) throws(RowError) {
    let id = task.record.id
    // Rows that are folded are no tasks yet, and tasks are counted.
    let keepsAttributes = gathering.keepsAttributes || !plan.fold.isEmpty
    if !keepsAttributes,
      plan.attributes.contains(where: { $0.source.value(row, context) != nil })
    {
      gathering.attributes.omitted += 1
    }
    for attribute in keepsAttributes ? plan.attributes : [] {
      guard let value = attribute.source.value(row, context) else { continue }
      // What is text all through is not tried as a number: saying why it is none takes long.
      var isText = false
      if case .text(let bytes) = value, attribute.source.isPlain {
        isText = parseNumber(bytes) == nil
      }
      let number = isText ? nil : try? attribute.source.number(row, context)
      let text: UnsafeRawBufferPointer =
        if case .text(let bytes) = value { bytes } else {
          context.arena.copy(value.description.utf8)
        }
      gathering.attributes.set(
        attribute.name, of: id, to: text, number: number, &gathering.symbols)
    }
    guard let dependencies = plan.dependencies else { return }
    var elements: [UnsafeRawBufferPointer] = []
    switch row.values[dependencies.slot] {
    case .text(let bytes)?:
      elements = QuantityText.elements(bytes, separator: dependencies.separator)
    case let value?: elements = [context.arena.copy(value.description.utf8)]
    case nil: return
    }
    for element in elements {
      if dependencies.areTasks {
        let index: Int32
        if plan.numbersTasks {
          index = context.number(of: String(decoding: element, as: UTF8.self), in: id.job)
        } else if let number = parseInteger(element), let narrow = Int32(exactly: number) {
          index = narrow
        } else {
          throw RowError(
            column: dependencies.slot,
            message: "'\(String(decoding: element.prefix(40), as: UTF8.self))' is no task's number",
            reason: "bad dependency")
        }
        gathering.dependencies.add(id, after: TaskID(job: id.job, index: index))
      } else {
        guard let job = context.names.identifier(element) else {
          throw RowError(
            column: dependencies.slot,
            message: "'\(String(decoding: element.prefix(40), as: UTF8.self))' is no job's number",
            reason: "bad dependency")
        }
        gathering.dependencies.add(id, after: TaskID(job: job))
      }
    }
  }

  // MARK: - Machines

  var machineTable: String? { machineGroup == nil ? nil : Self.machineTable }

  func machineEvents(_ options: ReadOptions) throws(TraceError) -> MachineEventList? {
    guard let machines = mapping.machines, let group = machineGroup else { return nil }
    if let list = machines.list?.init(group) {
      return try list.read(options, beside: groups)
    }
    var (list, survey) = try MappedMachines(machines.scaled(by: options.scale)).read(group, options)
    list.survey = survey
    return list
  }

  func survey(_ table: String, _ options: ReadOptions) throws(TraceError) -> TableSurvey {
    var keys = MappedUsageKeys()
    if table == Self.table { return try gather(options, &keys).survey }
    if table == Self.usageTable {
      var survey = TableSurvey()
      _ = try gather(options, &keys)
      if let usage = mapping.usage {
        _ = try MappedUsage(mapping: mapping, usage: usage, groups: usageGroups, keys: keys)
          .forEach(options) { _ throws(TraceError) in survey.rows += 1 }
      }
      return survey
    }
    if table == Self.machineTable, let survey = try machineEvents(options)?.survey { return survey }
    var survey = TableSurvey()
    survey.rows = try gather(options, &keys).report.rows[table] ?? 0
    return survey
  }
}

import Diagnostics
import Foundation
import Tables
import TraceInput
import Workload

/// Makes records of rows of a mapped table, on any thread; what depends on the rows before is done by
/// `MappedCommit`.
final class MappedWorker: @unchecked Sendable {
  let row: MappedRow
  let context: MappedContext
  let filter: MappedFilter
  private let plan: MappingPlan
  private let builder: MappedTaskBuilder
  private let joins: [MappedJoin]
  private let attributes: [MappingPlan.Attribute]
  private let comparisons: [MappingPlan.Column]
  private let keepsAttributes: Bool
  private var symbols = SymbolTable()
  private var chunk = MappedChunk()
  private let spare = SpareChunks()

  init(
    _ mapping: TableMapping, _ plan: MappingPlan, _ joins: [MappedJoin], _ context: MappedContext,
    keepsAttributes: Bool
  ) {
    self.keepsAttributes = keepsAttributes
    self.plan = plan
    self.joins = joins
    self.context = context
    row = MappedRow(slots: plan.slotCount)
    filter = MappedFilter(mapping.table, plan.conditions)
    builder = MappedTaskBuilder(plan, hasDecimalCommas: mapping.table.hasDecimalCommas)
    attributes = plan.attributes
    comparisons = plan.comparisons
  }

  /// Makes a record of the row that is there.
  func takeRow() throws(RowError) {
    context.arena.reset()
    for place in joins.indices where !joins[place].look(row, context.arena) {
      let isLeftOut = plan.joins[place].count(in: context)
      if isLeftOut { return }
    }
    for check in plan.checks { try check.hold(row) }
    let task = try builder.read(row, context, &symbols)
    let record = try builder.finish(task, context)
    for column in comparisons {
      guard let stated = try column.source.integer(row, context),
        let made = column.target.integer(of: record), abs(stated - made) >= 1_000_000
      else { continue }
      context.count("\(column.source.label) is not \(column.target.name)")
    }
    // Nothing of a bad row is kept.
    if keepsAttributes {
      for attribute in attributes { take(attribute) }
    } else if attributes.contains(where: { $0.source.value(row, context) != nil }) {
      chunk.omitted += 1
    }
    chunk.records.append(record)
    chunk.checks.append(task.check)
  }

  @inline(__always)
  private func take(_ attribute: MappingPlan.Attribute) {
    let source = attribute.source
    if let slot = source.plainSlot, case .text(let bytes)? = row.values[slot] {
      if let number = parseNumber(bytes) {
        chunk.add(number * source.plainFactor)
      } else {
        chunk.add(name: symbols.intern(bytes))
      }
      return
    }
    guard let value = source.value(row, context) else { return chunk.add(.nan) }
    if case .text(let bytes) = value, source.isPlain, parseNumber(bytes) == nil {
      // What is text all through is not tried as a number: saying why it is none takes long.
      chunk.add(name: symbols.intern(bytes))
    } else if let number = try? source.number(row, context) {
      chunk.add(number)
    } else if case .text(let bytes) = value {
      chunk.add(name: symbols.intern(bytes))
    } else {
      chunk.add(name: symbols.intern(value.description))
    }
  }

  /// Takes away what was made of the rows since it was last asked.
  func takeChunk() -> MappedChunk {
    chunk.worker = self
    chunk.leftOut = filter.take()
    chunk.oddities = context.takeOddities()
    // The order in which workers' chunks come is nobody's to say: each has names of its own.
    if symbols.count > 1 {
      chunk.names = Array(symbols.strings[1...])
      symbols = SymbolTable()
    }
    defer { chunk = spare.take() ?? MappedChunk() }
    return chunk
  }
}

/// Chunks whose memory can be used again: asking the system for it costs as much as reading the rows.
private final class SpareChunks: @unchecked Sendable {
  private let lock = NSLock()
  private var chunks: [MappedChunk] = []

  func take() -> MappedChunk? { lock.withLock { chunks.popLast() } }
  func giveBack(_ chunk: MappedChunk) { lock.withLock { chunks.append(chunk) } }
}

extension MappedWorker {
  /// Takes back a chunk that is of no more use.
  fileprivate func giveBack(_ chunk: MappedChunk) {
    chunk.removeAll()
    spare.giveBack(chunk)
  }
}

/// What rows came to. Belongs to one thread at a time.
final class MappedChunk: @unchecked Sendable {
  var records: [TaskRecord] = []
  /// As of `MappedContext.jobCheck`, of each record.
  var checks: [UInt32] = []
  /// The attributes of each record, one behind the other; NaN is none.
  private(set) var values: [Double] = []
  /// Which of them are names, by their places in `names`, from 1 on.
  private(set) var areNames: [Bool] = []
  /// The names of users and attributes, in the order in which they came.
  var names: [String] = []
  var leftOut: [Int] = []
  /// What is odd in the rows, and how often.
  var oddities: [(what: String, count: Int)] = []
  /// How many records have attributes that are not kept.
  var omitted = 0
  fileprivate var worker: MappedWorker?

  fileprivate func removeAll() {
    records.removeAll(keepingCapacity: true)
    checks.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
    areNames.removeAll(keepingCapacity: true)
    names = []
    omitted = 0
    worker = nil
  }

  @inline(__always)
  func add(_ number: Double) {
    values.append(number)
    areNames.append(false)
  }

  @inline(__always)
  func add(name: UInt32) {
    values.append(Double(name))
    areNames.append(true)
  }
}

/// Puts chunks in their places in the whole, in the order of the rows.
struct MappedCommit {
  private let plan: MappingPlan
  private let numbersJobs: Bool
  private let context: MappedContext
  private var count: Int64 = 0
  private var outcomes = [Int](repeating: 0, count: Outcome.allCases.count)
  private var order: [Outcome] = []
  private var columns: [Int]

  /// - Parameter context: numbers tasks within their jobs.
  init(_ plan: MappingPlan, numbersJobs: Bool, _ context: MappedContext) {
    self.plan = plan
    self.numbersJobs = numbersJobs
    self.context = context
    columns = Array(repeating: -1, count: plan.attributes.count)
  }

  mutating func add(_ chunk: MappedChunk, _ gathering: inout RecordGathering) {
    guard let worker = chunk.worker else { return }
    defer { worker.giveBack(chunk) }
    gathering.attributes.omitted += chunk.omitted
    let numbers = [0] + chunk.names.map { gathering.symbols.intern($0) }
    for (what, times) in chunk.oddities { context.count(what, times) }
    let width = gathering.keepsAttributes ? columns.count : 0
    for (place, made) in chunk.records.enumerated() {
      var record = made
      if numbersJobs { record.id.job = count }
      count += 1
      if plan.numbersTasks { record.id.index = context.nextNumber(in: record.id.job) }
      record.user = UserID(numbers[Int(record.user.rawValue)])
      gathering.survey.add(record)
      let outcome = Int(record.outcome.rawValue)
      if outcomes[outcome] == 0 { order.append(record.outcome) }
      outcomes[outcome] += 1
      gathering.add(record, check: chunk.checks[place])
      guard width > 0 else { continue }
      var row = -1
      for attribute in 0..<width {
        let value = chunk.values[place * width + attribute]
        guard !value.isNaN else { continue }
        if row < 0 { row = gathering.attributes.row(of: record.id) }
        keep(value, chunk.areNames[place * width + attribute], numbers, attribute, row, &gathering)
      }
    }
  }

  @inline(__always)
  private mutating func keep(
    _ value: Double, _ isName: Bool, _ numbers: [UInt32], _ attribute: Int, _ row: Int,
    _ gathering: inout RecordGathering
  ) {
    if columns[attribute] < 0 {
      columns[attribute] = gathering.attributes.column(
        plan.attributes[attribute].name, isName ? .symbol : .number)
    }
    let column = columns[attribute]
    var stored = isName ? Double(numbers[Int(value)]) : value
    if isName != (gathering.attributes.columns[column].kind == .symbol) {
      // Numbers in some rows and names in others: names all of them.
      var symbols = gathering.symbols
      if isName { gathering.attributes.makeNames(column) { symbols.intern(decimal($0)) } }
      if !isName { stored = Double(symbols.intern(decimal(value))) }
      gathering.symbols = symbols
    }
    gathering.attributes.set(column: column, row: row, to: stored)
  }

  /// Counts what was seen.
  func finish(_ gathering: inout RecordGathering) {
    for outcome in order {
      gathering.count(outcome.name, times: outcomes[Int(outcome.rawValue)])
    }
  }
}

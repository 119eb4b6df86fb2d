import Diagnostics
import Foundation
import Tables
import TraceInput
import Workload

/// A mapping made ready for reading: which slot each of their columns has, and what is made of it.
struct MappingPlan {
  /// One of our columns and where it comes from.
  struct Column {
    let target: RecordColumn
    let source: MappedSource
    /// What the limits of `alive` are multiplied with.
    let aliveFactor: Double
  }

  /// A column that is kept beside the records.
  struct Attribute {
    let name: String
    let source: MappedSource
  }

  /// A column that holds numbers in a range.
  struct Check {
    let name: String
    let slot: Int
    let range: ClosedRange<Double>

    /// Throws where the row has something else there.
    func hold(_ row: MappedRow) throws(RowError) {
      var number: Double?
      switch row.values[slot] {
      case .text(let bytes)?: number = parseNumber(bytes)
      case .integer(let integer)?: number = Double(integer)
      case .number(let value)?: number = value
      case .flag?, nil: break
      }
      if let number, range.contains(number) { return }
      let text = row.values[slot].map { "'\($0.description.prefix(40))'" } ?? "nothing"
      throw RowError(
        column: slot,
        message: "\(name) \(text) is not a number from \(decimal(range.lowerBound)) to "
          + decimal(range.upperBound), reason: "bad \(name)")
    }
  }

  /// A joined table and the slots of what is compared.
  struct Join {
    let join: TableMapping.Join
    let by: [Int]
    /// The columns that are asked for, by slot.
    let columns: [(name: String, slot: Int)]

    /// Counts a row that has no counterpart; whether it is left out.
    func count(in context: MappedContext) -> Bool {
      context.count(
        join.isNeeded
          ? "rows left out, as \(join.name) has none of them" : "rows without one in \(join.name)")
      return join.isNeeded
    }
  }

  /// The table's own columns, by slot.
  let names: [String]
  /// Of `names` those that a table may lack.
  let optional: Set<String>
  /// Slots of joined columns included.
  let slotCount: Int
  let joins: [Join]
  let columns: [Column]
  let attributes: [Attribute]
  let comparisons: [Column]
  let dependencies: MappedDependencies?
  let fold: [Int]
  /// By what samples of use know a task.
  let usageKey: [Int]
  let usageFull: MappedSource?
  let conditions: [MappedCondition]
  /// Columns that hold numbers from … to in every row.
  let checks: [Check]
  /// What their columns are for, where the type that a file declares matters.
  let typed: [String: MappedType]
  /// Our columns that are made of something.
  let targets: Set<String>
  /// Whether tasks are names, numbered within their jobs.
  let numbersTasks: Bool
  private let words = TextArena()

  /// The name under which the file's own name can be used as a column.
  static let fileColumn = "@file"
  /// The name under which a row's number within its file, from 0 on, can be used as a column.
  static let rowColumn = "@row"

  /// Whether a column is none of the table's.
  static func isOwn(_ name: String) -> Bool { name == fileColumn || name == rowColumn }

  init(_ mapping: TableMapping) {
    var slots: [String: Int] = [:]
    var own: [String] = []
    var all: [String] = []
    let joinNames = mapping.joins.map(\.name)
    func isJoined(_ name: String) -> Bool { joinNames.contains { name.hasPrefix($0 + ".") } }
    // Their own columns first: the reader's fields are the first slots.
    let used = mapping.columnsInUse
    for name in used where !isJoined(name) && slots[name] == nil {
      slots[name] = all.count
      all.append(name)
      own.append(name)
    }
    for name in used where isJoined(name) && slots[name] == nil {
      slots[name] = all.count
      all.append(name)
    }
    func slot(_ name: String) -> Int { slots[name] ?? 0 }
    names = own
    slotCount = all.count
    optional = mapping.optionalColumns
    joins = mapping.joins.map { join in
      Join(
        join: join, by: join.by.map(slot),
        columns: all.filter { $0.hasPrefix(join.name + ".") }
          .map { (String($0.dropFirst(join.name.count + 1)), slot($0)) })
    }
    let words = words
    func column(_ name: String, _ source: TableMapping.Source) -> Column? {
      RecordColumn.all.first { $0.name == name }.map {
        Column(
          target: $0, source: MappedSource(source, of: name, words: words, slot),
          aliveFactor: source.factor ?? source.unit.flatMap { UnitName.factors(of: name)[$0] } ?? 1)
      }
    }
    columns = RecordColumn.all.compactMap { target in
      mapping.columns[target.name].flatMap { column(target.name, $0) }
    }
    comparisons = mapping.compare.sorted { $0.key < $1.key }
      .compactMap { column($0.key, $0.value) }
    attributes = mapping.attributes.sorted { $0.key < $1.key }.map {
      Attribute(name: $0.key, source: MappedSource($0.value, of: $0.key, words: words, slot))
    }
    dependencies = mapping.dependencies.map {
      MappedDependencies(
        slot: slot($0.from), separator: $0.separator, areTasks: $0.areTasks)
    }
    fold = mapping.fold.map(slot)
    usageKey = mapping.usage?.of.map(slot) ?? []
    usageFull = mapping.usage?.full.map {
      MappedSource($0, of: "full", words: words, slot)
    }
    conditions = mapping.table.only.map { MappedCondition($0, slot) }
    checks = mapping.checks.sorted { $0.key < $1.key }
      .map { Check(name: $0.key, slot: slot($0.key), range: $0.value) }
    typed = mapping.typedColumns
    targets = Set(mapping.columns.keys)
    numbersTasks = mapping.columns["task_index"]?.isNumbered ?? false
  }
}

/// What a column is for, where the type that a Parquet file declares for it matters.
enum MappedType {
  /// Names that happen to be numbers.
  case name
  /// Times, whose unit the mapping says.
  case time(factor: Double)
}

/// Where what a task waits for is found.
struct MappedDependencies {
  let slot: Int
  let separator: UInt8
  let areTasks: Bool
}

extension TableMapping {
  /// What their columns are for, where a file's types matter.
  var typedColumns: [String: MappedType] {
    var types: [String: MappedType] = [:]
    for (name, source) in columns {
      guard let target = RecordColumn.all.first(where: { $0.name == name }) else { continue }
      for column in source.from {
        if target.isIdentifier { types[column] = .name }
        let factor = source.factor ?? source.unit.flatMap { UnitName.factors(of: name)[$0] }
        if target.isTime, let factor, !source.unitIsUsual { types[column] = .time(factor: factor) }
      }
    }
    return types
  }

  /// All of their columns that are named anywhere, in a fixed order.
  var columnsInUse: [String] {
    var names: [String] = []
    for (_, source) in columns.sorted(by: { $0.key < $1.key }) { names += source.columnsInUse }
    for (_, source) in attributes.sorted(by: { $0.key < $1.key }) { names += source.columnsInUse }
    for (_, source) in compare.sorted(by: { $0.key < $1.key }) { names += source.columnsInUse }
    if let dependencies { names.append(dependencies.from) }
    names += fold
    if let usage { names += usage.of + (usage.full?.columnsInUse ?? []) }
    names += recognise + checks.keys.sorted()
    names += table.only.map(\.column)
    for join in joins { names += join.by }
    return names
  }

  /// Those that are attributes without a unit and nothing else.
  var wordsOnly: Set<String> {
    var others = self
    others.attributes = attributes.filter { $0.value.unit != nil || $0.value.factor != nil }
    let words = attributes.values.flatMap(\.columnsInUse)
    return Set(words).subtracting(others.columnsInUse)
  }

  /// Those that a table may lack.
  var optionalColumns: Set<String> {
    var optional: Set<String> = []
    var needed: Set<String> = []
    for source in columns.values {
      // Of several names for one thing, one is enough; that is checked when the header is seen.
      if source.isOptional || source.from.count > 1 || !source.any.isEmpty {
        optional.formUnion(source.columnsInUse)
      } else {
        needed.formUnion(source.columnsInUse)
      }
    }
    for source in attributes.values { optional.formUnion(source.columnsInUse) }
    for source in compare.values { optional.formUnion(source.columnsInUse) }
    if let dependencies { optional.insert(dependencies.from) }
    if let usage { optional.formUnion(usage.of + (usage.full?.columnsInUse ?? [])) }
    return optional.subtracting(needed).subtracting(recognise).union([
      MappingPlan.fileColumn, MappingPlan.rowColumn,
    ])
  }
}

extension TableMapping.Source {
  /// The columns that this names.
  var columnsInUse: [String] {
    from + any.flatMap(\.columnsInUse) + sum.flatMap(\.columnsInUse) + times.flatMap(\.columnsInUse)
      + spans
      + [perNode, perCore].compactMap { $0 } + conditions.map(\.column)
  }
}

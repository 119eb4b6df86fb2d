import Diagnostics
import Tables
import TraceInput
import Workload

/// A joined table's rows by key. Kept in memory: the key and the columns that are asked for, as text.
struct MappedJoin {
  private let plan: MappingPlan.Join
  private var rows: [[UInt8]: Int] = [:]
  private var texts: [UInt8] = []
  /// Where each value ends; those of a row are one behind the other. An empty one is missing.
  private var ends: [Int] = [0]

  /// Whether it has no rows.
  var isEmpty: Bool { rows.isEmpty }

  /// Reads the table; with no groups, nothing is found.
  init(
    _ plan: MappingPlan.Join, _ groups: [TraceInput.Group], _ options: ReadOptions,
    _ gathering: inout RecordGathering
  ) throws(TraceError) {
    self.plan = plan
    let join = plan.join
    var names = join.key
    func slot(_ name: String) -> Int {
      if let known = names.firstIndex(of: name) { return known }
      names.append(name)
      return names.count - 1
    }
    let columns = plan.columns.map { slot($0.name) }
    let least = join.least.map { slot($0) }
    let conditions = join.table.only.map { MappedCondition($0) { slot($0) } }
    let isChosen = join.choice.map { choice in join.table.only.contains { $0.column == choice } }
    // Rows of all choices together mean nothing.
    let groups = isChosen ?? true ? groups : []
    let row = MappedRow(slots: names.count)
    let context = MappedContext(
      clock: ZoneClock(.gmt), hasDecimalCommas: join.table.hasDecimalCommas)
    var smallest: [Double] = []
    var (rows, texts, ends) = (rows, texts, ends)
    var contradictions = 0
    func take() throws(RowError) {
      guard let key = mappedKey(row, Array(0..<join.key.count)) else { return }
      let rank =
        least.flatMap { row.values[$0] }.flatMap { value -> Double? in
          switch value {
          case .text(let bytes): parseNumber(bytes)
          case .integer(let integer): Double(integer)
          case .number(let number): number
          case .flag: nil
          }
        } ?? .infinity
      if let known = rows[key] {
        guard least != nil else {
          let first = known * columns.count
          let isSame = columns.indices.allSatisfy { index in
            let held = texts[ends[first + index]..<ends[first + index + 1]]
            return switch row.values[columns[index]] {
            case .text(let bytes)?: held.elementsEqual(bytes)
            case let value?: held.elementsEqual(value.description.utf8)
            case nil: held.isEmpty
            }
          }
          if !isSame { contradictions += 1 }
          return
        }
        guard rank < smallest[known] else { return }
        smallest[known] = rank
        rows[key] = (ends.count - 1) / max(1, columns.count)
        smallest.append(rank)
      } else {
        rows[key] = (ends.count - 1) / max(1, columns.count)
        smallest.append(rank)
      }
      for column in columns {
        switch row.values[column] {
        case .text(let bytes)?: texts.append(contentsOf: bytes)
        case let value?: texts.append(contentsOf: value.description.utf8)
        case nil: break
        }
        ends.append(texts.count)
      }
    }
    for group in groups {
      var table = MappedTable(
        join.name, group, join.table, names: names,
        optional: Set(names).subtracting(join.key), conditions: conditions)
      try table.forEachRow(into: row, context, options) { () throws(RowError) in try take() }
      gathering.report.rows[join.name, default: 0] += table.rows
      gathering.report.comments += table.comments
      gathering.report.notes += table.notes
    }
    if contradictions > 0 {
      let key = join.key.joined(separator: ", ")
      let what =
        contradictions == 1
        ? "1 row has the \(key) of an earlier row and says"
        : "\(contradictions) rows have the \(key) of an earlier row and say"
      gathering.report.notes.add(
        Note(
          .odd, join.name, ["rows": Double(contradictions)],
          "\(join.name): \(what) otherwise: the first row counts"
        ))
    }
    (self.rows, self.texts, self.ends) = (rows, texts, ends)
  }

  /// Puts the joined row's values into their slots; false if there is no such row.
  func look(_ row: MappedRow, _ arena: TextArena) -> Bool {
    guard let key = mappedKey(row, plan.by), let place = rows[key] else {
      for (_, slot) in plan.columns { row.values[slot] = nil }
      return false
    }
    for (index, (_, slot)) in plan.columns.enumerated() {
      let value = place * plan.columns.count + index
      let (start, end) = (ends[value], ends[value + 1])
      row.values[slot] = start == end ? nil : .text(arena.copy(texts[start..<end]))
    }
    return true
  }
}

extension TableMapping.Join {
  /// Throws where the user has to choose among rows, and has not or has chosen something that is not there: with
  /// what there is to choose.
  func checkChoice(_ groups: [TraceInput.Group], _ options: ReadOptions) throws(TraceError) {
    guard let choice, let first = groups.first else { return }
    let chosen = table.only.first { $0.column == choice }?.patterns.first
    var counts: [String: Int] = [:]
    let row = MappedRow(slots: 1)
    let context = MappedContext(clock: ZoneClock(.gmt), hasDecimalCommas: table.hasDecimalCommas)
    for group in groups {
      var rows = MappedTable(name, group, table, names: [choice], optional: [], conditions: [])
      try rows.forEachRow(into: row, context, options) { () throws(RowError) in
        if let value = row.values[0] { counts[value.description, default: 0] += 1 }
      }
    }
    let sorted = counts.sorted { (-$0.value, $0.key) < (-$1.value, $1.key) }
    let there = sorted.prefix(40).map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
    throw TraceError(
      .missing,
      (chosen.map { "no rows of \(name) have \(choice) \($0)" }
        ?? "\(name) has rows for each \(choice), of which one must be chosen")
        + ": --machine-type is one of (with how many rows each) \(there)"
        + (sorted.count > 40 ? " and \(sorted.count - 40) more" : ""),
      file: first.files[0].name)
  }
}

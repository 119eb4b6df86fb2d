import Diagnostics
import Tables
import TraceInput
import Workload

extension TableMapping {
  /// Everything that is wrong with it; empty if it can be used.
  public var problems: [DescriptionIssue] {
    var checker = MappingChecker()
    let known = RecordColumn.all.map(\.name)
    if !MappedLife.canSubmit(Set(columns.keys)) {
      checker.note(
        "columns.submit_us",
        "is missing, and so is what it follows from: first_schedule_us, or end_us and run_us")
    }
    for (name, source) in columns.sorted(by: { $0.key < $1.key }) {
      checker.check(source, of: name, known, at: "columns.\(name)")
    }
    for (name, source) in compare.sorted(by: { $0.key < $1.key }) {
      checker.check(source, of: name, known.filter { $0.hasSuffix("_us") }, at: "compare.\(name)")
    }
    for (name, source) in attributes.sorted(by: { $0.key < $1.key }) {
      checker.checkParts(source, of: name, at: "attributes.\(name)")
    }
    if let usage {
      for (name, source) in usage.columns.sorted(by: { $0.key < $1.key }) {
        checker.check(source, of: name, Usage.columnNames, at: "usage.columns.\(name)")
      }
      if usage.key.isEmpty || usage.key.count != usage.of.count {
        checker.note("usage.key", "has \(usage.key.count) columns for \(usage.of.count) in of")
      }
      if usage.columns["start_us"] == nil, usage.columns["duration_us"] == nil {
        checker.note("usage.columns.start_us", "is missing, and so is duration_us")
      }
    }
    if let machines {
      for (name, source) in machines.columns.sorted(by: { $0.key < $1.key }) {
        checker.check(source, of: name, Machines.columnNames, at: "machines.columns.\(name)")
      }
      if machines.columns["machine_id"] == nil, machines.listing == nil {
        checker.note("machines.columns.machine_id", "is missing")
      }
    }
    checkNames(&checker)
    return checker.problems
  }

  private func checkNames(_ checker: inout MappingChecker) {
    if let zone = timeZone, ZoneClock.zone(named: zone) == nil {
      checker.note("time_zone", "'\(zone)' is no zone; such as UTC, +08:00, Asia/Shanghai")
    }
    var seen: Set<String> = []
    for join in joins {
      if !seen.insert(join.name).inserted { checker.note("join.\(join.name)", "is there twice") }
      if join.by.count != join.key.count || join.by.isEmpty {
        checker.note(
          "join.\(join.name).key", "has \(join.key.count) columns for \(join.by.count) in by")
      }
    }
    // A headerless table has no other columns than its header names.
    func check(_ names: [String], _ table: TableLayout, at path: String) {
      guard let header = table.header else { return }
      let doubled = header.enumerated().filter { header.firstIndex(of: $1) != $0 }.map(\.element)
      for name in doubled { checker.note("\(path)header", "names '\(name)' twice") }
      for name in Set(names).sorted() where !header.contains(name) {
        guard !MappingPlan.isOwn(name) else { continue }
        guard !joins.contains(where: { name.hasPrefix($0.name + ".") }) else { continue }
        checker.note("\(path)header", "has no column '\(name)', which is mapped")
      }
    }
    check(columnsInUse, table, at: "")
    for join in joins {
      let prefix = join.name + "."
      let names = columnsInUse.filter { $0.hasPrefix(prefix) }.map {
        String($0.dropFirst(prefix.count))
      }
      check(names + join.key + [join.least].compactMap { $0 }, join.table, at: "join.\(join.name).")
    }
    if let usage, let table = usage.table {
      check(usage.key + usage.columns.values.flatMap(\.columnsInUse), table, at: "usage.")
    }
    if let machines {
      check(
        machines.columns.values.flatMap(\.columnsInUse), machines.table, at: "machines.")
    }
  }
}

/// Notes what is wrong with sources.
private struct MappingChecker {
  private(set) var problems: [DescriptionIssue] = []

  mutating func note(_ path: String, _ message: String) {
    problems.append(DescriptionIssue(path: path, message: message))
  }

  mutating func check(
    _ source: TableMapping.Source, of name: String, _ known: [String], at place: String
  ) {
    guard known.contains(name) else {
      return note(place, "no such column; there are \(known.joined(separator: ", "))")
    }
    checkParts(source, of: name, at: place)
    let column = RecordColumn.all.first { $0.name == name }
    if case .label(let names, _)? = column?.access {
      for value in (Array(source.values.values) + [source.other].compactMap { $0 }).sorted()
      where !names.contains(value) {
        note("\(place).values", "'\(value)' is none of \(names.joined(separator: ", "))")
      }
      if let value = source.value, !names.contains(value) {
        note("\(place).value", "'\(value)' is none of \(names.joined(separator: ", "))")
      }
    } else if name == "user", !source.values.isEmpty {
      note("\(place).values", "only words and numbers have values")
    }
    if source.alive != nil,
      !["submit_us", "first_schedule_us", "end_us"].contains(name)
    {
      note(
        "\(place).alive", "only submit_us, first_schedule_us and end_us can lie outside the trace")
    }
    if source.isNumbered, name != "task_index" {
      note("\(place).numbered", "only task_index numbers names")
    }
    if !source.spans.isEmpty, name != "run_us", name != "wait_us" {
      note("\(place).spans", "only run_us and wait_us are times between others")
    }
  }

  mutating func checkParts(
    _ source: TableMapping.Source, of name: String, at place: String
  ) {
    let ways = [
      !source.from.isEmpty, source.value != nil, !source.sum.isEmpty, !source.spans.isEmpty,
      !source.any.isEmpty,
    ].count { $0 }
    if ways == 0 { note("\(place).from", "is missing; value, any, sum or spans would do too") }
    if ways > 1 { note(place, "has more than one of from, value, any, sum and spans") }
    if source.from.contains("") { note("\(place).from", "is empty") }
    if let factor = source.factor, !(factor > 0 && factor.isFinite) {
      note("\(place).factor", "\(factor) is not above 0")
    }
    if source.factor != nil, source.unit != nil {
      note(place, "has both a factor and a unit: give one")
    }
    let names = UnitName.names(of: name)
    if let unit = source.unit, !names.contains(unit) {
      note(
        "\(place).unit",
        names.isEmpty ? "has no unit" : "'\(unit)' is none of \(names.joined(separator: ", "))")
    }
    if !source.spans.isEmpty, source.spans.count != 2 {
      note("\(place).spans", "has \(source.spans.count) columns: one of starts and one of ends")
    }
    if let match = source.match, (try? Regex(match)) == nil {
      note("\(place).match", "'\(match)' is no regular expression")
    }
    if let form = source.form, DateText.Order(rawValue: form) == nil {
      let forms = DateText.Order.allCases.map(\.rawValue).joined(separator: ", ")
      note("\(place).form", "'\(form)' is none of \(forms)")
    }
    for (index, part) in source.any.enumerated() {
      checkParts(part, of: name, at: "\(place).any[\(index)]")
    }
    for (index, part) in source.sum.enumerated() {
      checkParts(part, of: name, at: "\(place).sum[\(index)]")
    }
    for (index, part) in source.times.enumerated() {
      checkParts(part, of: "factor", at: "\(place).times[\(index)]")
    }
  }
}

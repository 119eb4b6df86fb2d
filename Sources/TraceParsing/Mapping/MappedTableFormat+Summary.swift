import TraceInput

extension MappedTableFormat {
  /// Made of the mapping.
  public var summary: FormatSummary? {
    let plan = MappingPlan(mapping)
    var tables = [Self.name(mapping.table, else: "tasks")]
    tables += mapping.joins.map { Self.name($0.table, else: $0.name) }
    if let machines = mapping.machines {
      let list =
        [
          "slurm": "scontrol show node or sinfo", "opendc": "topology.json",
          "philly": "cluster_machine_list",
        ][machines.listing ?? ""] ?? "its list"
      tables.append(Self.name(machines.table, else: list) + " (machines)")
    }
    if let usage = mapping.usage {
      tables.append(
        usage.table.map { Self.name($0, else: "samples") + " (use over time)" }
          ?? "use over time in the same")
    }
    var reads = RecordColumn.all.map(\.name).filter { mapping.columns[$0] != nil }
    if mapping.dependencies != nil { reads.append("dependencies") }
    if !mapping.attributes.isEmpty {
      reads.append("beside them " + mapping.attributes.keys.sorted().joined(separator: ", "))
    }
    return FormatSummary(
      about: mapping.about ?? "", knownBy: knownBy(plan), tables: tables, reads: reads,
      limits: mapping.notes)
  }

  private func knownBy(_ plan: MappingPlan) -> String {
    var parts: [String] = []
    if let table = mapping.table.table { parts.append("a table \(table) of SQLite") }
    if let rows = mapping.table.rows { parts.append("JSON with a list at \(rows)") }
    if let header = mapping.table.header {
      parts.append(
        header.count == 1 ? "lines" : "\(header.count) fields without a header that can be read")
      for check in mapping.checks.keys.sorted() { parts.append("\(check) in its range") }
      for condition in mapping.table.only {
        parts.append(
          "\(condition.column) \(condition.isNegated ? "not " : "")\(condition.patterns.joined(separator: " or "))"
        )
      }
    } else {
      let needed = plan.names.filter { !plan.optional.contains($0) && !MappingPlan.isOwn($0) }
      var seen: Set<String> = []
      let names = needed.filter { seen.insert($0).inserted }.map { "`\($0)`" }
      if !names.isEmpty { parts.append("columns " + names.joined(separator: ", ")) }
    }
    if let file = mapping.table.file { parts.append("a file named \(file)…") }
    return parts.joined(separator: "; ")
  }

  private static func name(_ layout: TableLayout, else name: String) -> String {
    layout.file ?? layout.table ?? name
  }
}

/// Finds the tables of a format among an input's files.
struct FieldTableFinder {
  /// A table of the format and how its rows are written.
  struct Candidate {
    let table: FieldTable
    let syntax: FieldTablePart.Syntax
    /// What a row must hold besides the right kinds.
    var check: (RawRow) -> Bool = { _ in true }
  }

  let format: String
  let candidates: [Candidate]

  /// The tables that are there, by name, and what the user should know; nil if none is.
  ///
  /// A group is a table by what its rows hold; its name decides where nothing can be read of it.
  func find(
    _ input: TraceInput, asked: String?
  ) throws(TraceError) -> (groups: [String: TraceInput.Group], notes: [String])? {
    let names = candidates.map(\.table.name)
    var groups: [String: TraceInput.Group] = [:]
    var notes: [String] = []
    for group in input.groups {
      guard let name = name(of: group) else { continue }
      if let other = groups[name] {
        throw TraceError(
          .unrecognised, "\(name) again; it is in \(other.files[0].name) already: give one of them",
          file: group.files[0].name)
      }
      groups[name] = group
    }
    guard !groups.isEmpty else { return nil }
    if let asked, !names.contains(asked) {
      throw TraceError(
        .missing, "no table '\(asked)' in \(format); there are \(names.joined(separator: ", "))")
    }
    for name in names {
      guard let group = groups[name], !group.missing.isEmpty else { continue }
      notes.append("\(name): \(group.missingCount) parts missing between those given")
    }
    return (groups, notes)
  }

  private func name(of group: TraceInput.Group) -> String? {
    if group.head.isEmpty {
      return candidates.map(\.table.name).first { group.files[0].baseName.hasPrefix($0) }
    }
    return candidates.first { candidate in
      if case .csvWithHeader = candidate.syntax {
        let header = Set(
          group.sample(.csv, limit: 1) { row in (0..<row.count).map(row.text) }.joined())
        return candidate.table.columns.allSatisfy { !$0.isMandatory || header.contains($0.name) }
      }
      let answers = group.sample(candidate.syntax) {
        candidate.table.accepts($0) && candidate.check($0)
      }
      return !answers.isEmpty && answers.count { $0 } * 2 >= answers.count
    }?.table.name
  }
}

/// A trace of field tables.
struct FieldTableTrace {
  let path: String
  let format: String
  let candidates: [FieldTableFinder.Candidate]
  let groups: [String: TraceInput.Group]
  let notes: [String]
  let passedOver: [PassedOverFile]

  init?(_ finder: FieldTableFinder, _ input: TraceInput, asked: String?) throws(TraceError) {
    guard let (groups, notes) = try finder.find(input, asked: asked) else { return nil }
    path = input.path
    format = finder.format
    candidates = finder.candidates
    self.groups = groups
    self.notes = notes
    passedOver = input.passedOver(besides: Array(groups.values), format: finder.format)
  }

  var tables: [TraceTable] {
    candidates.compactMap { groups[$0.table.name]?.traceTable($0.table.name) }
  }

  /// A reader of a table; nil if the trace does not have it.
  func reader(_ name: String, _ options: ReadOptions) -> FieldTableReader? {
    guard let group = groups[name],
      let candidate = candidates.first(where: { $0.table.name == name })
    else { return nil }
    return FieldTableReader(group, candidate.table, candidate.syntax, options: options)
  }

  /// A reader of the table that records are made from.
  func recordReader(_ name: String, _ options: ReadOptions) throws(TraceError) -> FieldTableReader {
    if let asked = options.table, asked != name {
      throw TraceError(.missing, "records are made from \(name), not from \(asked)", file: path)
    }
    guard let reader = reader(name, options) else {
      let there = tables.map(\.name).joined(separator: ", ")
      throw TraceError(
        .missing, "no \(name) here to make records from, only \(there)", file: path)
    }
    return reader
  }

  /// What a failed look-up of a table to survey throws.
  func noTable(_ name: String) -> TraceError {
    TraceError(.missing, "the trace has no table \(name)", file: path)
  }
}

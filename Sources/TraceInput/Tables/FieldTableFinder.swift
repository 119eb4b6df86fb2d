import Diagnostics
import Workload

/// Finds the tables of a format among an input's files.
public struct FieldTableFinder {
  /// A table of the format and how its rows are written.
  public struct Candidate {
    let table: FieldTable
    let syntax: RowSyntax
    /// What a row must hold besides the right kinds.
    package var check: @Sendable (RawRow) -> Bool = { _ in true }

    /// A table that is known by the names of its header, or by the kinds of its values and by what
    /// `accepts` says of its first rows.
    public init(
      table: FieldTable, syntax: RowSyntax, accepts: (@Sendable (FieldRow) -> Bool)?
    ) {
      self.init(table: table, syntax: syntax)
      guard let accepts else { return }
      let layout = FieldLayout(table, Array(table.columns.indices))
      check = { accepts(FieldRow(row: $0, layout: layout)) }
    }

    /// A table that is known by the names of its header, or by the kinds of its values.
    public init(table: FieldTable, syntax: RowSyntax) {
      self.table = table
      self.syntax = syntax
    }
  }

  /// The format's name.
  package let format: String
  /// Asked in this order.
  package let candidates: [Candidate]

  /// A finder of a format's tables, asked in this order.
  public init(format: String, candidates: [Candidate]) {
    self.format = format
    self.candidates = candidates
  }

  /// The tables that are there, by name, and what the user should know; nil if none is.
  ///
  /// A group is a table by what its rows hold; its name decides where nothing can be read of it.
  package func find(
    _ input: TraceInput, asked: String?
  ) throws(TraceError) -> (groups: [String: TraceInput.Group], notes: [Note])? {
    let names = candidates.map(\.table.name)
    var found = FoundTables()
    for group in input.groups {
      if let name = name(of: group) { found.add(group, as: name) }
    }
    guard !found.isEmpty else { return nil }
    let (groups, partitions) = try found.tables()
    var notes = partitions
    if let asked, !names.contains(asked) {
      throw TraceError(
        .missing, "no table '\(asked)' in \(format); there are \(names.joined(separator: ", "))")
    }
    for name in names {
      guard let group = groups[name], !group.missing.isEmpty else { continue }
      notes.append(.partsMissing(name, group.missingCount))
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
      if case .csv = candidate.syntax, group.beginsWithNames,
        !group.files[0].baseName.hasPrefix(candidate.table.name)
      {
        return false
      }
      let answers = group.sample(candidate.syntax) {
        candidate.table.accepts($0) && candidate.check($0)
      }
      return !answers.isEmpty && answers.count { $0 } * 2 >= answers.count
    }?.table.name
  }
}

/// A trace of field tables: what a format made of them hands its questions to.
public struct FieldTableTrace {
  /// What was opened.
  public let path: String
  /// The format's name.
  public let format: String
  package let candidates: [FieldTableFinder.Candidate]
  package let groups: [String: TraceInput.Group]
  /// What the user should know: missing parts.
  public let notes: [Note]
  /// The files that no table is made of.
  public let passedOver: [PassedOverFile]

  /// The tables in `input`; nil if none is of the format.
  ///
  /// - Parameters:
  ///   - finder: knows the tables.
  ///   - input: what was found.
  ///   - asked: the table that the user insists on; it must be one of the format's.
  /// - Throws: `TraceError` if a table is there twice, or `asked` is none.
  public init?(_ finder: FieldTableFinder, _ input: TraceInput, asked: String?) throws(TraceError) {
    guard let (groups, notes) = try finder.find(input, asked: asked) else { return nil }
    path = input.path
    format = finder.format
    candidates = finder.candidates
    self.groups = groups
    self.notes = notes
    passedOver = input.passedOver(besides: Array(groups.values), format: finder.format)
  }

  /// The tables that are there.
  public var tables: [TraceTable] {
    candidates.compactMap { groups[$0.table.name]?.traceTable($0.table.name) }
  }

  /// A reader of a table; nil if the trace does not have it.
  public func reader(_ name: String, _ options: ReadOptions) -> FieldTableReader? {
    guard let group = groups[name],
      let candidate = candidates.first(where: { $0.table.name == name })
    else { return nil }
    return FieldTableReader(group, candidate.table, candidate.syntax, options: options)
  }

  /// A reader of the table that records are made from.
  public func recordReader(_ name: String, _ options: ReadOptions) throws(TraceError)
    -> FieldTableReader
  {
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

  /// Whether the parts of a table can be read by several processes, a share each.
  package func canSplit(_ name: String) -> Bool { groups[name]?.isSplittable == true }

  /// What a failed look-up of a table to survey throws.
  public func noTable(_ name: String) -> TraceError {
    TraceError(.missing, "the trace has no table \(name)", file: path)
  }
}

import Diagnostics
import Workload

/// The groups of files that were found to be tables of a format, by name.
package struct FoundTables {
  private var groups: [String: [TraceInput.Group]] = [:]
  private var order: [String] = []

  /// None yet.
  package init() {}

  /// Whether there are none.
  package var isEmpty: Bool { groups.isEmpty }

  /// Notes that a group is the table `name`, or a piece of it.
  package mutating func add(_ group: TraceInput.Group, as name: String) {
    if groups[name] == nil { order.append(name) }
    groups[name, default: []].append(group)
  }

  /// Each table as one group: of those in folders by value (`day=1/`) all.
  ///
  /// - Parameter others: names of tables that are not asked for.
  /// - Returns: the tables by name, and what the user should know of their folders.
  /// - Throws: `TraceError` for a table that is there twice.
  package func tables(
    besides others: Set<String> = []
  ) throws(TraceError) -> (groups: [String: TraceInput.Group], notes: [Note]) {
    var tables: [String: TraceInput.Group] = [:]
    var notes: [Note] = []
    for name in order where !others.contains(name) {
      let found = groups[name] ?? []
      guard let table = TraceInput.Group.joined(found) else {
        throw TraceError(
          .unrecognised,
          "\(name) again; it is in \(found[0].files[0].name) already: give one of them",
          file: found[1].files[0].name)
      }
      tables[name] = table
      if let note = Note.partitioned(name, table) { notes.append(note) }
    }
    return (tables, notes)
  }
}

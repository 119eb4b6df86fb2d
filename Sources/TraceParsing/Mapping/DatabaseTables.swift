import Diagnostics
import SQLite
import TraceInput

extension ForeignDatabase {
  /// The table `name`, or, where no name is said, the one that has the columns `needed`.
  ///
  /// - Throws: `TraceError` where there is none, or more than one.
  func table(
    _ name: String?, having needed: [String], file: String
  ) throws(TraceError) -> ForeignTable {
    let found = tables.filter { table in
      (name.map(table.isCalled) ?? true) && needed.allSatisfy(table.has)
    }
    guard let first = found.first, found.count == 1 else {
      let what = name ?? "one with the columns \(needed.joined(separator: ", "))"
      throw TraceError(
        .unrecognised,
        found.isEmpty
          ? "no table \(what) whose columns are stored; the database has \(contents)"
          : "the tables \(found.map(\.name).joined(separator: " and ")) have the columns: table: says which",
        file: file)
    }
    return first
  }

  /// What it holds, in words.
  var contents: String {
    let limit = 8
    var words = tables.prefix(limit).map {
      "\($0.name) (\($0.columns.joined(separator: ", "))"
        + ($0.generated.isEmpty
          ? "" : "; worked out, and so not read: \($0.generated.joined(separator: ", "))") + ")"
    }
    if tables.count > limit { words.append("\(tables.count - limit) more") }
    var text = words.isEmpty ? "no tables" : words.joined(separator: ", ")
    if !views.isEmpty {
      text +=
        "; not read, as nothing that a file says is executed: "
        + views.prefix(limit).joined(separator: ", ")
    }
    return String(text.prefix(600))
  }
}

extension TraceInput.File {
  /// Whether its database has a table `name` (or any) with `columns`.
  func hasTable(_ name: String?, _ columns: [String]) throws(TraceError) -> Bool {
    let partition = partition.map(\.column)
    return try openDatabase().tables.contains { table in
      (name.map(table.isCalled) ?? true)
        && columns.allSatisfy {
          table.has($0) || MappingPlan.isOwn($0) || partition.contains($0)
        }
    }
  }
}

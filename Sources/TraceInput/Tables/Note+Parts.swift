import Workload

extension Note.Kind {
  /// Parts of a table are not there.
  public static let partsMissing = Note.Kind(rawValue: "parts-missing")
}

extension Note {
  /// So many parts of a table are missing between those that are there.
  public static func partsMissing(_ table: String, _ count: Int) -> Note {
    Note(
      .partsMissing, table, ["missing": Double(count)],
      "\(table): \(count) \(count == 1 ? "part" : "parts") missing between those given")
  }

  /// These parts of a table are missing between those that are there.
  ///
  /// - Parameters:
  ///   - table: the table's name.
  ///   - ranges: the numbers that are missing.
  ///   - rest: what follows from it, with what goes before it.
  package static func partsMissing(
    _ table: String, _ ranges: [ClosedRange<Int>], _ rest: String = ""
  ) -> Note {
    let names = ranges.map {
      $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
    }
    let count = ranges.reduce(0) { $0 + $1.count }
    return Note(
      .partsMissing, table, ["missing": Double(count)],
      "\(table): part \(names.joined(separator: ", ")) missing\(rest)")
  }

  /// A table has more parts than are given, by what their names say.
  public static func partsGiven(_ table: String, _ count: Int, of total: Int) -> Note {
    Note(
      .partsMissing, table, ["given": Double(count), "in_all": Double(total)],
      "\(table): \(count) of \(total) parts given")
  }
}

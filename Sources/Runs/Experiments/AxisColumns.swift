import Experiments
import Tables

extension ExperimentDefinition {
  /// A column for each axis, in the order of their names, and one for the load: what was asked for or, where that
  /// is not known, what it came to.
  package func axisColumns(
    _ records: [CellRecord]
  ) -> [TableColumn<CellRecord>] {
    @Sendable func load(_ record: borrowing CellRecord) -> Double? {
      let metrics = record.outcome.metrics
      let known = self.load(of: record.cell.workload) ?? metrics["load_asked"]
      return [known, metrics["load_offered"]].compactMap(\.self).first(where: \.isFinite)
    }
    return Set(sweptKeys + ["load"]).sorted().map { key in
      TableColumn(
        key, nullable: true,
        .number { record in
          if let value = parameter(key, of: record.cell) { return value }
          return key == "load" ? load(record) : nil
        })
    }
      + sweptWords.map { key in
        let words = [""] + Set(records.compactMap { word(key, of: $0.cell) }).sorted()
        let places = Dictionary(words.enumerated().map { ($1, $0) }) { first, _ in first }
        return TableColumn(
          key, .label(words, { record in places[word(key, of: record.cell) ?? ""] ?? 0 }))
      }
  }
}

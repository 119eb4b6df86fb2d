import Experiments
import Tables

extension ExperimentDefinition {
  /// A column for each axis, in the order of their names, and one for the load: where it is no axis, what was asked of
  /// the cluster or, where nothing was, what it came to.
  package func axisColumns(
    _ records: [CellRecord]
  ) -> [TableColumn<CellRecord>] {
    @Sendable func load(_ record: borrowing CellRecord) -> Double? {
      let metrics = record.outcome.metrics
      let known = [metrics["load_asked"], metrics["load_offered"]]
      return known.compactMap(\.self).first(where: \.isFinite)
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

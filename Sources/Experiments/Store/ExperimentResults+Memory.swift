extension ExperimentResults {
  /// Results of cells that ran in this process and were not stored.
  ///
  /// - Parameters:
  ///   - definition: the experiment.
  ///   - version: the program's version.
  ///   - cells: its finished cells, in the order of the experiment.
  public init(
    _ definition: ExperimentDefinition, version: String, cells: [(CellID, CellOutcome)]
  ) {
    self.init(
      definition: definition, version: version, began: 0,
      cells: cells.map { CellRecord(cell: $0, outcome: $1, process: 0, claims: 1) },
      counts: CellCounts(done: cells.count), failures: [], inputs: [], processes: [],
      overviews: [:], learning: [:])
  }
}

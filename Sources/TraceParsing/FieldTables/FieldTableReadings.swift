import Diagnostics
import TraceInput
import Workload

extension FieldTableFormat {
  /// A table of what machines used over time, a row a machine and moment. Records are not made of it; `inspect`
  /// surveys it.
  public struct Readings: Sendable {
    /// Makes a reading of a row; its error makes the row a bad one.
    public typealias Reading = @Sendable (FieldRow) throws(RowError) -> FieldTableReading

    let table: FieldTable
    let syntax: RowSyntax
    let accepts: (@Sendable (FieldRow) -> Bool)?
    let measures: [(name: String, unit: String)]
    let read: Reading

    /// A table.
    ///
    /// - Parameters:
    ///   - table: its name and columns.
    ///   - syntax: how its rows are written.
    ///   - accepts: as of ``FieldTableFormat/Tasks``.
    ///   - measures: what it states and in which unit, at most four.
    ///   - read: makes a reading of a row. It may run on any thread, several rows at a time.
    public init(
      _ table: FieldTable, _ syntax: RowSyntax, accepts: (@Sendable (FieldRow) -> Bool)? = nil,
      measures: [(name: String, unit: String)], read: @escaping Reading
    ) {
      self.table = table
      self.syntax = syntax
      self.accepts = accepts
      self.measures = Array(measures.prefix(4))
      self.read = read
    }
  }
}

/// What a row of a table of readings says.
public struct FieldTableReading: Sendable {
  /// The machine's number.
  public var machine: Int64
  /// When.
  public var time: Microseconds
  /// The values of the measures, in their order; NaN is none.
  public var values: SIMD4<Double>

  /// A reading.
  public init(machine: Int64, time: Microseconds, values: SIMD4<Double>) {
    (self.machine, self.time, self.values) = (machine, time, values)
  }
}

extension FieldTableFormat.Readings {
  /// Rows, machines and measures of a table. O(rows); memory is bounded but for the machines' numbers.
  func survey(_ found: FieldTableTrace, _ options: ReadOptions) throws(TraceError) -> TableSurvey? {
    guard var reader = found.reader(table.name, options) else { return nil }
    var survey = TableSurvey()
    survey.measures = measures.map { SurveyedMeasure($0.name, unit: $0.unit) }
    var machines: Set<Int64> = []
    try reader.forEachRow(
      read,
      { reading throws(TraceError) in
        survey.add(time: reading.time, isBefore: false)
        machines.insert(reading.machine)
        for place in survey.measures.indices {
          survey.measures[place].add(reading.values[place], at: reading.time)
        }
      })
    (survey.rows, survey.comments, survey.subjects) = (reader.rows, reader.comments, machines.count)
    return survey
  }
}

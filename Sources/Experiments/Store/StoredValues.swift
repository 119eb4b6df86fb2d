import Foundation
import SQLite
import Workload

// A results file may come from anybody: what is in it is checked like what is in any other file.

extension SQLRow {
  /// The value of a column; nil where it is NULL.
  ///
  /// - Throws: ``StoreError`` for these.
  func stored<Value: SQLConvertible>(_ column: String) throws -> Value? {
    guard let found = self[column] else { throw DamagedStore("has no column \(column)") }
    if found == .null { return nil }
    guard let value = Value(found) else {
      throw DamagedStore("holds something else than expected in column \(column)")
    }
    return value
  }

  /// The value of a column that must have one.
  func required<Value: SQLConvertible>(_ column: String) throws -> Value {
    guard let value: Value = try stored(column) else {
      throw DamagedStore("holds nothing in column \(column)")
    }
    return value
  }

  /// A finite number; NaN where the column is NULL or holds an infinite one.
  func finite(_ column: String) throws -> Double {
    let value: Double? = try stored(column)
    return value.flatMap { $0.isFinite ? $0 : nil } ?? .nan
  }

  /// A figure of a run: ``finite(_:)``, within what sums and conversions of all cells can hold.
  func figure(_ column: String, of name: String) throws -> Double {
    let value = try finite(column)
    guard value.isNaN || abs(value) <= 1e18 else {
      throw DamagedStore("holds a \(name) of \(value), which no run comes to")
    }
    return value
  }
}

/// What is wrong with the contents of a results file.
struct DamagedStore: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}

extension ResultsStore {
  /// Throws unless the tables are exactly those that Tracemill makes, and there is nothing else that
  /// SQLite would work off: no views, no triggers.
  static func checkTables(_ db: Database) throws {
    let expected = try DatabaseQueue().write { db in
      try db.executeAll(tables1)
      return try tableTexts(db)
    }
    let found = try tableTexts(db)
    for (name, text) in expected.sorted(by: { $0.key < $1.key }) where found[name] != text {
      throw DamagedStore("has no table \(name) as Tracemill makes it")
    }
    guard found.count == expected.count else {
      throw DamagedStore("holds tables, views or triggers that are not Tracemill's")
    }
  }

  private static func tableTexts(_ db: Database) throws -> [String: String] {
    var texts: [String: String] = [:]
    let rows = try db.rows(
      """
      SELECT type || ' ' || name AS name, sql AS text FROM sqlite_master
      WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
      """)
    for row in rows { texts[try row.required("name")] = try row.stored("text") ?? "" }
    return texts
  }
}

/// No workload has more tasks: sums of such counts over all cells stay within 64 bits.
private let countLimit = Ranges.tasks.upperBound

extension CellCurves {
  /// Throws unless every array is as long as those that are read beside it, and every number one that
  /// a run could have come to.
  func check() throws {
    for tail in tails.values {
      let counts = 0...max(0, tail.count)
      guard (0...countLimit).contains(tail.count), (0...Self.edges.count).contains(tail.first),
        tail.beyond.count <= Self.edges.count - tail.first,
        tail.beyond.allSatisfy(counts.contains)
      else { throw DamagedStore("holds a distribution that cannot be") }
    }
    let columns = [
      series.start, series.length, series.cpu, series.memory, series.waiting, series.running,
    ]
    guard columns.allSatisfy({ $0.count == columns[0].count }) else {
      throw DamagedStore("holds series of unequal length")
    }
    let numbers =
      columns.joined() + [lastSubmit ?? 0]
      + waitsByLength.flatMap { [$0.shortest, $0.longest, $0.meanWait] }
      + waitGroups.values.joined().map(\.mean)
    guard numbers.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
      throw DamagedStore("holds a series with a number that is negative or infinite")
    }
    let counts =
      [waitingAtLastSubmit] + waitsByLength.map(\.count) + waitGroups.values.joined().map(\.count)
    guard counts.allSatisfy((0...countLimit).contains)
    else { throw DamagedStore("holds a count that cannot be") }
    guard notes.allSatisfy({ $0.figures.values.allSatisfy(\.isFinite) }) else {
      throw DamagedStore("holds a note with a number that cannot be")
    }
  }
}

extension WorkloadOverview {
  /// Throws where counts or widths cannot be.
  func check() throws {
    let counts = classes.map(\.count) + arrivals + quantities.map(\.count) + [tasks]
    guard counts.allSatisfy((0...countLimit).contains), span >= 0, arrivalWidth > 0,
      arrivals.count <= 100_000
    else { throw DamagedStore("holds an overview with negative counts or widths") }
  }
}

import Workload

/// A table of a trace.
public struct TraceTable: Equatable, Sendable {
  /// Its name in the format.
  public var name: String
  /// How many parts are there.
  public var parts: Int
  /// How many parts the names say there are in all; nil where they do not.
  public var total: Int?
  /// Part numbers missing between the first and the last.
  public var missing: [ClosedRange<Int>]

  /// How many part numbers are missing between the first and the last.
  public var missingCount: Int { missing.reduce(0) { $0 + $1.count } }

  /// A table of so many parts.
  public init(name: String, parts: Int, total: Int? = nil, missing: [ClosedRange<Int>] = []) {
    self.name = name
    self.parts = parts
    self.total = total
    self.missing = missing
  }
}

/// What is in a table, counted row by row.
public struct TableSurvey: Equatable, Sendable {
  /// Rows, rejected ones included.
  public var rows = 0
  /// Comment lines.
  public var comments = 0
  /// The first real time; `never` if there is none.
  public var firstTime = Microseconds.never
  /// The last real time.
  public var lastTime = Microseconds.zero
  /// Rows whose time is before the trace (0).
  public var beforeStart = 0
  /// Rows whose time is after its end (2^63-1).
  public var afterEnd = 0
  /// Rows that repeat a task, in a table that has one row each.
  public var repeated = 0
  /// Events by type, in the order of their codes; empty for a table without events.
  public var events: [EventCount] = []
  /// Rows marked as reconstructed from partial information, by code.
  public var missingInfo: [Int: Int] = [:]
  /// What rows state over time, in a table of readings.
  public var measures: [SurveyedMeasure] = []
  /// How many machines the rows of a table of readings are of.
  public var subjects = 0

  /// How often an event occurs.
  public struct EventCount: Equatable, Sendable {
    /// The trace's name for it.
    public var name: String
    /// How many rows.
    public var count: Int

    /// An event that occurs so often.
    public init(name: String, count: Int) {
      self.name = name
      self.count = count
    }
  }

  public init() {}

  /// Adds what was counted in other rows of the same table.
  package mutating func add(_ other: TableSurvey) {
    rows += other.rows
    comments += other.comments
    firstTime = min(firstTime, other.firstTime)
    lastTime = max(lastTime, other.lastTime)
    beforeStart += other.beforeStart
    repeated += other.repeated
    afterEnd += other.afterEnd
    if events.isEmpty {
      events = other.events
    } else {
      for (place, event) in other.events.enumerated() { events[place].count += event.count }
    }
    for (code, count) in other.missingInfo { missingInfo[code, default: 0] += count }
  }

  /// Counts a row of this time, where 0 is before the trace.
  @inlinable public mutating func add(time: Microseconds) {
    add(time: time, isBefore: time == .zero)
  }

  /// Counts a record. One that was submitted at 0 is of before the trace only if it says so: the times of most
  /// traces begin there.
  @inlinable public mutating func add(_ record: TaskRecord) {
    add(
      time: record.submit,
      isBefore: record.submit == .zero && record.flags.contains(.cutOffAtStart))
  }

  /// Counts a row of this time, or of before the trace.
  @inlinable public mutating func add(time: Microseconds, isBefore: Bool) {
    if isBefore {
      beforeStart += 1
    } else if !time.isKnown {
      afterEnd += 1
    } else {
      firstTime = min(firstTime, time)
      lastTime = max(lastTime, time)
    }
  }
}

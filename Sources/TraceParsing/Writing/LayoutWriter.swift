import Diagnostics
import Workload

/// Writes records in the layout of another program.
public protocol LayoutWriter: AnyObject {
  /// What the layout carries.
  static var places: LayoutPlaces { get }

  /// Adds a record.
  func write(_ record: TaskRecord) throws(TraceError)

  /// Completes the output; returns what the layout has no place for, and how often.
  func finish() throws(TraceError) -> [String: Int]
}

import Diagnostics
import Workload

/// Writes records in the layout of another program.
public protocol LayoutWriter: AnyObject {
  /// Adds a record.
  func write(_ record: TaskRecord) throws(TraceError)

  /// Completes the output; returns what the layout has no place for, and how often.
  func finish() throws(TraceError) -> [String: Int]
}

/// What a layout had no place for.
struct LeftOut {
  private(set) var counts: [String: Int] = [:]

  /// Counts one more, if it is so.
  mutating func count(_ what: String, if isSo: Bool = true, times: Int = 1) {
    if isSo, times > 0 { counts[what, default: 0] += times }
  }
}

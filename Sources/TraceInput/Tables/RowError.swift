import Diagnostics

/// What is wrong with a row: which column (counting from 0), what, and the short reason that
/// rejects are counted by.
public struct RowError: Error {
  /// The column, counting from 0; nil for the whole row.
  public var column: Int?
  /// What is wrong, with the value.
  public var message: String
  /// The same without the value: what rejects are counted by.
  public var reason: String
  /// The kind of failure.
  public var code: TraceError.Code

  /// An error of a row.
  public init(
    column: Int?, message: String, reason: String, code: TraceError.Code = .malformedRow
  ) {
    self.column = column
    self.message = message
    self.reason = reason
    self.code = code
  }

  /// A whole number that is out of its range; a range up to `.max` has no upper end to speak of.
  package init(column: Int, named name: String, value: Int64, outside range: ClosedRange<Int64>) {
    let bound =
      range.upperBound == .max
      ? "below \(range.lowerBound)" : "not between \(range.lowerBound) and \(range.upperBound)"
    self.init(
      column: column, message: "\(name) \(value) is \(bound)", reason: "\(name) out of range")
  }
}

/// A row that could not be read.
package struct RejectedRow: Sendable {
  package var error: TraceError
  package var reason: String
  package var row: String

  package init(error: TraceError, reason: String, row: String) {
    self.error = error
    self.reason = reason
    self.row = row
  }
}

extension RejectedRow {
  /// What follows the damage in a damaged part; nil for an error that is not damage.
  package init?(restOfPart error: TraceError) {
    guard error.code == .damaged || error.code == .unrecognised else { return nil }
    self.init(error: error, reason: "damaged part: the rest of it is not read", row: "")
  }
}

extension RejectedRow: FragmentItem {
  package func encode(to out: inout FragmentEncoder) {
    for text in [error.code.rawValue, error.message, error.file ?? "", reason, row] {
      out.put(text)
    }
    out.put(error.file == nil ? 0 : 1)
    out.put(error.line ?? -1)
    out.put(error.column ?? -1)
  }

  package init(from input: inout FragmentDecoder) {
    let texts = (0..<5).map { _ in input.text() }
    let hasFile = input.integer(UInt8.self) == 1
    let (line, column) = (input.integer(Int.self), input.integer(Int.self))
    self.init(
      error: TraceError(
        TraceError.Code(rawValue: texts[0]) ?? .damaged, texts[1], file: hasFile ? texts[2] : nil,
        line: line < 0 ? nil : line, column: column < 0 ? nil : column),
      reason: texts[3], row: texts[4])
  }
}

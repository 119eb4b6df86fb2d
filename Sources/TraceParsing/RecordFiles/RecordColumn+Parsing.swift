import Diagnostics
import TraceInput
import Workload

// What other programs make of a column's values: integers as floating point where some are missing,
// `True` and `false`, `NaN`.
extension RecordColumn {
  /// Beyond it not every integer is a double.
  private static let exact = Int64(1) << 53

  /// The integer that a field spells; nil if it spells none. A name is never taken for a number that is
  /// only near it.
  func integer(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    if let whole = parseInteger(bytes) { return whole }
    let exact = -Self.exact...Self.exact
    if let whole = parseWholeNumber(bytes) { return exact.contains(whole) ? whole : nil }
    guard !isIdentifier, let number = parseNumber(bytes) else { return nil }
    return Int64(exactly: number).flatMap { exact.contains($0) ? $0 : nil }
  }

  /// The number of a job or a machine: its own where its name is one, written as integers are (`00400`
  /// is another name than `400`); nil if another name has that number.
  func identifier(_ bytes: UnsafeRawBufferPointer, _ names: inout NameNumbers) -> Int64? {
    name == "task_index" ? integer(bytes) : names.identifier(bytes)
  }

  /// The integer that a number is; nil if it is none, or is so large that it may have been another.
  static func integer(_ number: Double) -> Int64? {
    Int64(exactly: number).flatMap { abs($0) <= exact ? $0 : nil }
  }

  /// What other programs write where there is no number: R and pandas, databases, Hive.
  private static let missingWords = ["NA", "<NA>", "NaT", "NULL", "null", "None", "\\N"]

  /// Whether a field says that there is no value.
  func isMissing(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if bytes.isEmpty { return true }
    guard isNullable else { return false }
    if isNaN(bytes) { return true }
    // A user may be called so.
    guard !isText, bytes.count <= 4, bytes[0] &- 0x30 > 9 else { return false }
    return Self.missingWords.contains { bytes.elementsEqual($0.utf8) }
  }

  private var isText: Bool { if case .user = access { true } else { false } }

  /// Yes or no, as any program writes it; nil for anything else.
  static func truth(_ bytes: UnsafeRawBufferPointer) -> Bool? {
    if bytes.count == 1, bytes[0] & 0xfe == 0x30 { return bytes[0] == 0x31 }
    switch String(decoding: bytes.prefix(6), as: UTF8.self).lowercased() {
    case "true", "1.0", "yes": return true
    case "false", "0.0", "no": return false
    default: return nil
    }
  }
}

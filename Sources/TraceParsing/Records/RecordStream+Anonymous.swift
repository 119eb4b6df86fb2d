import Diagnostics
import TraceInput
import Workload

extension RecordStream {
  /// The same records fit to be given away: users are numbers, of a salted hash, and times count from
  /// the first submission. Names that are kept beside the records, and the trace's own header, are
  /// left out; job and machine numbers stay, except that those made of names stay hashes.
  ///
  /// - Parameter salt: the same names get the same numbers with the same salt only; keep it secret, or
  ///   forget it.
  public func anonymised(salt: [UInt8]) throws(TraceError) -> RecordStream {
    let source = self
    // Records before the first that was submitted within the trace wait for it: it is where time
    // begins.
    var held: [TaskRecord] = []
    while let record = try source.next() {
      held.append(record)
      if !record.flags.contains(.cutOffAtStart) { break }
    }
    let start = held.last.flatMap { $0.flags.contains(.cutOffAtStart) ? nil : $0.submit } ?? .zero
    var report = source.report
    report.shift(by: start)
    report.notes.add(Self.anonymousNote)
    var numbers: [UInt32: UInt32] = [:]
    var (place, given) = (0, 0)
    let stream = RecordStream(report: report, symbols: SymbolTable()) {
      (stream) throws(TraceError) -> TaskRecord? in
      let next: TaskRecord?
      if place < held.count {
        next = held[place]
        place += 1
        if place == held.count { held = []; place = 0 }
      } else {
        next = try source.next()
      }
      guard let next else {
        stream.report = source.report
        stream.report.shift(by: start)
        stream.report.records = given
        stream.report.notes.add(Self.anonymousNote)
        return nil
      }
      given += 1
      var record = next.shifted(by: start)
      if record.user != .unknown {
        if numbers[record.user.rawValue] == nil {
          let number = try Self.number(of: source.symbols[record.user], salt)
          numbers[record.user.rawValue] = stream.symbols.intern(number)
        }
        record.user = UserID(numbers[record.user.rawValue] ?? 0)
      }
      return record
    }
    stream.dependencies = source.dependencies
    stream.usage = source.usage
    return stream
  }

  private static let anonymousNote = Note(
    .leftOut, "names",
    "anonymised: users are numbers, times count from the first submission, names beside the records "
      + "are left out")

  /// The first 64 bits of SHA-256 over the salt and the name.
  private static func number(of name: String, _ salt: [UInt8]) throws(TraceError) -> String {
    let digest = try RunningDigest(.sha256, "salt")
    try digest.update(salt + Array(name.utf8))
    let number = UInt64(try digest.finish().prefix(16), radix: 16) ?? 0
    return String(number)
  }
}

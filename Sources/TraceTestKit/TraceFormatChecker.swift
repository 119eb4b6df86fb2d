import Diagnostics
import Foundation
import TraceInput
import TraceParsing
import Workload
import WorkloadTestKit

/// Checks that a trace format keeps what every command relies on.
///
/// For a test of your own format, in whatever framework:
/// ```swift
/// let violations = try TraceTestKit.check(myFormat, sample: "id,start\n1,2\n", named: "jobs.csv")
/// #expect(violations.isEmpty)
/// ```
public enum TraceTestKit {
  /// A requirement that was not kept, in words.
  public typealias Violation = String

  /// What is wrong with `format`; empty if nothing is.
  ///
  /// The sample, some whole and good rows of text, is read as it stands, with other line
  /// ends, without the last one, on several threads, cut off at many places, and with a row of noise
  /// behind it: the records are always the same, and damage is told in one line or counted.
  ///
  /// - Parameters:
  ///   - format: what is checked.
  ///   - sample: a table that records can be made of.
  ///   - name: the file's name.
  ///   - others: files that belong to it, by name, such as machines.
  /// - Throws: what making the files throws.
  public static func check(
    _ format: any TraceFormat, sample: String, named name: String, others: [String: String] = [:]
  ) throws -> [Violation] {
    let folder = try Folder()
    defer { folder.remove() }
    var checker = FormatChecker(
      FormatReader(format: format, folder: folder, name: name, others: others))
    try checker.run(Array(sample.utf8))
    return checker.violations
  }
}

/// A folder that goes away.
private struct Folder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "trace-format-\(UInt64.random(in: 0...UInt64.max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}

/// What a reading gave.
private struct Reading: Equatable {
  var records: [TaskRecord]
  var users: [String]
  var dependencies: Int
  var rows: [String: Int]
  var rejected: Int
}

/// Writes samples and reads them with the format.
private struct FormatReader {
  let format: any TraceFormat
  let folder: Folder
  let name: String
  let others: [String: String]

  /// Writes a table and what belongs to it into a folder of their own.
  func put(_ bytes: [UInt8], _ place: String) throws -> String {
    let directory = folder.path + "/" + place
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: directory + "/" + name))
    for (other, text) in others {
      try Data(text.utf8).write(to: URL(fileURLWithPath: directory + "/" + other))
    }
    return others.isEmpty ? directory + "/" + name : directory
  }

  func open(_ path: String) throws(TraceError) -> any RecognisedTrace {
    try TraceOpener(formats: [format]).open(path)
  }

  func read(
    _ path: String, threads: Int = 2, rejects: RejectLog? = nil
  ) throws(TraceError) -> Reading {
    var options = ReadOptions()
    options.threads = threads
    options.rejects = rejects
    let stream = try open(path).records(options)
    var records: [TaskRecord] = []
    while let record = try stream.next() { records.append(record) }
    let users = records.map { stream.symbols[$0.user] }
    // Numbers of users depend on the order of rows; names do not.
    for index in records.indices { records[index].user = .unknown }
    return Reading(
      records: records, users: users, dependencies: stream.dependencies.count,
      rows: stream.report.rows, rejected: rejects?.counts.values.reduce(0, +) ?? 0)
  }
}

private struct FormatChecker {
  let reader: FormatReader
  private(set) var violations: [TraceTestKit.Violation] = []

  init(_ reader: FormatReader) { self.reader = reader }

  mutating func run(_ sample: [UInt8]) throws {
    let reader = reader
    let path = try reader.put(sample, "plain")
    guard let expected = attempt("the sample", { try reader.read(path) }) else { return }
    if expected.records.isEmpty { violations.append("records: none are made of the sample") }
    checkTrace(path, expected)
    for violation in WorkloadTestKit.check({ try reader.open(path).records(ReadOptions()) }) {
      violations.append("records: \(violation)")
    }
    for threads in [1, 4] {
      expect(expected, "\(threads) threads") { try reader.read(path, threads: threads) }
    }
    try checkSpellings(sample, expected)
    try checkDamage(sample, expected)
    try checkStrangers()
  }

  private mutating func attempt<R>(_ what: String, _ body: () throws -> R) -> R? {
    do { return try body() } catch {
      violations.append("\(what): it threw: \(error)")
      return nil
    }
  }

  private mutating func expect(
    _ expected: Reading, _ what: String, _ body: () throws -> Reading
  ) {
    guard let made = attempt(what, body) else { return }
    if made.records != expected.records || made.users != expected.users
      || made.dependencies != expected.dependencies
    {
      violations.append(
        "\(what): \(made.records.count) records, not the same as the sample's "
          + "\(expected.records.count)")
    }
  }

  // MARK: - Requirements

  private mutating func checkTrace(_ path: String, _ expected: Reading) {
    let reader = reader
    guard let trace = attempt("open", { try reader.open(path) }) else { return }
    if trace.format != reader.format.name {
      violations.append(
        "name: the trace says '\(trace.format)', the format '\(reader.format.name)'")
    }
    if trace.tables.isEmpty { violations.append("tables: none are listed") }
    for table in trace.tables {
      guard
        let survey = attempt(
          "survey of \(table.name)", { try trace.survey(table.name, ReadOptions()) })
      else { continue }
      if let rows = expected.rows[table.name], rows != survey.rows {
        violations.append("survey of \(table.name): \(survey.rows) rows; reading says \(rows)")
      }
    }
    if let events = attempt("machines", { try trace.machineEvents(ReadOptions()) })??.events,
      zip(events, events.dropFirst()).contains(where: { $0.time > $1.time })
    {
      violations.append("machines: events are not in time order")
    }
    for record in expected.records {
      if let issue = record.rangeIssue {
        violations.append("records: job \(record.id.job): \(issue)")
        break
      }
    }
  }

  private mutating func checkSpellings(_ sample: [UInt8], _ expected: Reading) throws {
    let reader = reader
    let lineEnd = UInt8(ascii: "\n")
    let crlf: [UInt8] = sample.flatMap { (byte: UInt8) -> [UInt8] in
      byte == lineEnd ? [0x0d, lineEnd] : [byte]
    }
    let path = try reader.put(crlf, "crlf")
    expect(expected, "line ends of Windows") { try reader.read(path) }
    if sample.last == lineEnd {
      let path = try reader.put(sample.dropLast(), "open-end")
      expect(expected, "no last line end") { try reader.read(path) }
    }
    let mark = try reader.put([0xef, 0xbb, 0xbf] + sample, "mark")
    expect(expected, "a byte order mark") { try reader.read(mark) }
  }

  private mutating func checkDamage(_ sample: [UInt8], _ expected: Reading) throws {
    let reader = reader
    let noise = try reader.put(sample + Array("\u{1}\u{2}noise\n".utf8), "noise")
    do throws(TraceError) {
      _ = try reader.read(noise)
      violations.append("damage: a row of noise is read without a word")
    } catch {
      let line = "\(error)"
      if line.contains("\n") {
        violations.append("damage: an error of more than one line: \(line)")
      }
      if error.file == nil { violations.append("damage: the error names no file: \(line)") }
    }
    let log = try RejectLog { _ in }
    if let made = attempt("lenient reading", { try reader.read(noise, rejects: log) }) {
      if made.rejected != 1 { violations.append("damage: \(made.rejected) rows counted, not 1") }
      if made.records != expected.records {
        violations.append("damage: a row of noise changes the other records")
      }
    }
    // Cut off anywhere: records or an error, nothing else.
    for cut in stride(from: 1, to: sample.count, by: max(1, sample.count / 64)) {
      let path = try reader.put(Array(sample[..<cut]), "cut")
      do throws(TraceError) {
        _ = try reader.read(path)
      } catch {
        if "\(error)".contains("\n") {
          violations.append("cut at \(cut): an error of more than one line")
        }
      }
    }
  }

  /// What is of another format is not taken.
  private mutating func checkStrangers() throws {
    let reader = reader
    let strangers = [
      "a sentence that is no table\n", "{\"a\":1}\n", "a,b\n1,2\n", "1\n2\n3\n", "<html></html>\n",
    ]
    for (number, text) in strangers.enumerated() {
      let path = reader.folder.path + "/stranger-\(number).txt"
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      if (try? reader.open(path)) != nil {
        violations.append("recognise: takes \(text.debugDescription)")
      }
    }
  }
}

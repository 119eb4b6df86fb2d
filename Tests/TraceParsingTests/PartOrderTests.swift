import Diagnostics
import Foundation
import Tables
import TestSupport
import Testing
import TraceInput
import Workload

@testable import TraceParsing

/// Several parts of a table of each format that is read through `TableReader`, with some bad rows.
private enum Table: String, CaseIterable {
  case google2019Instances, google2019Collections, google2010, alibaba2017, alibaba2018, alibabaGPU

  var format: any TraceFormat {
    switch self {
    case .google2019Instances, .google2019Collections: Google2019Format()
    case .google2010: Google2010Format()
    case .alibaba2017: Alibaba2017Format.format
    case .alibaba2018: Alibaba2018Format.format
    case .alibabaGPU: AlibabaGPU2023Format.format
    }
  }

  func name(_ part: Int) -> String {
    switch self {
    case .google2019Instances: "instance_events-00000000000\(part).json"
    case .google2019Collections: "collection_events-00000000000\(part).json"
    case .google2010: "google-cluster-data-1-part-\(part).csv"
    case .alibaba2017, .alibaba2018: "batch_task_\(part).csv"
    case .alibabaGPU: "pods_\(part).csv"
    }
  }

  var header: String {
    switch self {
    case .google2010: "Time ParentID TaskID JobType NrmlTaskCores NrmlTaskMem\n"
    case .alibabaGPU: AlibabaGPU2023Format.pods.columns.map(\.name).joined(separator: ",") + "\n"
    default: ""
    }
  }

  var bad: String {
    switch self {
    case .google2019Instances: #"{"collection_id":"7","time":"soon"}"#
    case .google2019Collections: #"{"collection_id":"7","user":3}"#
    case .google2010: "90001 1 1 0 0.5 0.5"
    case .alibaba2017, .alibaba2018, .alibabaGPU: "oops,1"
    }
  }

  func row(_ random: inout TestRandom, _ number: Int) -> String {
    func any(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }
    let statuses = AlibabaStatus.names
    switch self {
    case .google2019Instances:
      return """
        {"time":"\(any(9000))","type":"\(any(11))","collection_id":"\(any(60))",\
        "collection_type":"\(any(9) / 8)","instance_index":"\(any(20))","priority":"\(any(400))",\
        "resource_request":{"cpus":0.\(any(999)),"memory":0.\(any(999))}}
        """
    case .google2019Collections:
      return """
        {"time":"\(any(9000))","type":"\(any(9))","collection_id":"\(any(500))",\
        "user":"user\(any(90))","start_after_collection_ids":["\(any(500))"],\
        "max_per_machine":\(any(3)),"scheduler":"\(any(2))"}
        """
    case .google2010:
      return "\(90_000 + 300 * any(40)) \(any(90)) \(any(9000)) \(any(4)) 0.\(any(99)) 0.\(any(99))"
    case .alibaba2017:
      return "\(any(999)),\(1000 + any(999)),\(any(90)),\(any(9)),\(1 + any(9)),"
        + "\(statuses[any(statuses.count)]),\(any(400)),0.\(any(99))"
    case .alibaba2018:
      let task = 1 + any(9)
      return "M\(task)_\(1 + any(9)),\(1 + any(9)),j_\(any(90)),1,"
        + "\(statuses[any(statuses.count)]),\(1 + any(99)),\(100 + any(99)),\(any(400)),\(any(99))"
    case .alibabaGPU:
      return "pod-\(number),\(any(9000)),\(any(9000)),\(any(3)),\(any(1000)),G\(any(5)),"
        + "LS\(any(7)),Running,\(any(90)),\(300 + any(99)),\(100 + any(99))"
    }
  }
}

private struct Outcome: Equatable {
  var bytes: [UInt8] = []
  var names: [String] = []
  var report: ReadReport?
  /// As text, since no value is NaN, which equals nothing.
  var attributes: [String] = []
  var waits: [String] = []
  var rejects: [String] = []
  var error: TraceError?
}

@Suite struct PartOrderTests {
  private final class Lines {
    private(set) var all: [String] = []
    func add(_ line: String) { all.append(line) }
  }

  private func outcome(
    _ table: Table, _ path: String, threads: Int, lenient: Bool, _ folder: TemporaryFolder
  ) throws -> Outcome {
    var outcome = Outcome()
    let lines = Lines()
    var options = ReadOptions()
    options.threads = threads
    if lenient { options.rejects = try RejectLog { lines.add($0) } }
    do {
      let stream = try TraceOpener(formats: [table.format]).open(path).records(options)
      let file = folder("out.parquet")
      let writer = try TableFileKind(path: file).writer(
        path: file, columns: RecordColumn.table, symbols: { stream.symbols.strings })
      while let record = try stream.next() { try writer.write(record) }
      try writer.finish()
      outcome.bytes = try contents(file)
      outcome.names = stream.symbols.strings
      outcome.report = stream.report
      let attributes = stream.attributes
      outcome.attributes = attributes.columns.map(\.name)
      outcome.attributes += attributes.tasks.indices.map { row in
        let values = attributes.columns.indices.map { attributes.value(column: $0, row: row) }
        return "\(attributes.tasks[row]) \(values)"
      }
      outcome.waits = stream.dependencies.tasks.map {
        "\($0) \(stream.dependencies.dependencies(of: $0))"
      }
    } catch let error as TraceError {
      outcome.error = error
    }
    outcome.rejects = lines.all
    return outcome
  }

  private func write(
    _ table: Table, rows: [Int], badIn: Set<Int>, damaged: Int? = nil, _ folder: TemporaryFolder
  ) throws -> String {
    var random = TestRandom(31)
    for (part, count) in rows.enumerated() {
      var text = table.header
      for row in 0..<count {
        text += table.row(&random, part * 100_000 + row) + "\n"
        if badIn.contains(part), row % 500 == 250 { text += table.bad + "\n" }
      }
      var bytes = ArchiveMaker.compress(Array(text.utf8), .gzip)
      if part == damaged { bytes.removeLast(bytes.count / 3) }
      try folder.write(bytes, to: "table/" + table.name(part) + ".gz")
    }
    return folder("table")
  }

  /// Records, names, counts, dependencies and rejected rows, for parts of very different lengths.
  @Test(arguments: Table.allCases)
  fileprivate func `nothing depends on the number of threads`(_ table: Table) throws {
    let folder = TemporaryFolder()
    let rows = [700, 30, 2200, 1, 900, 600]
    let path = try write(table, rows: rows, badIn: [0, 2, 5], damaged: 4, folder)
    let expected = try outcome(table, path, threads: 1, lenient: true, folder)
    #expect(expected.error == nil && expected.bytes.count > 1000)
    #expect((expected.report?.records ?? 0) > 300)
    // The header, the bad rows in three parts, and the rest of the damaged one.
    #expect(expected.rejects.count == 1 + 1 + 4 + 1 + 1)
    for threads in [2, 7] {
      let other = try outcome(table, path, threads: threads, lenient: true, folder)
      #expect(other == expected, "\(threads) threads")
    }
  }

  /// The first error in the order of the parts, whoever meets one first.
  @Test(arguments: Table.allCases)
  fileprivate func `the first error wins`(_ table: Table) throws {
    let folder = TemporaryFolder()
    let path = try write(table, rows: [1500, 900, 300, 900], badIn: [1, 2, 3], folder)
    let expected = try outcome(table, path, threads: 1, lenient: false, folder)
    #expect(expected.error?.file?.hasSuffix(table.name(1) + ".gz") == true)
    #expect(expected.error?.line == 252 + (table.header.isEmpty ? 0 : 1))
    for threads in [2, 7] {
      #expect(try outcome(table, path, threads: threads, lenient: false, folder) == expected)
    }
  }

  /// Parts longer than what may be held of one before its turn.
  @Test func `long parts wait for their turn`() throws {
    let folder = TemporaryFolder()
    let path = try write(.alibaba2017, rows: [20_000, 150_000, 10], badIn: [1], folder)
    let expected = try outcome(.alibaba2017, path, threads: 1, lenient: true, folder)
    #expect(expected.report?.records == 170_010)
    #expect(try outcome(.alibaba2017, path, threads: 3, lenient: true, folder) == expected)
  }
}

@Suite struct JSONPlacesTests {
  private func firstError(_ text: String) -> Int? {
    Array(text.utf8).withUnsafeBytes { JSONPlaces.firstError(in: $0) }
  }

  private func value(_ field: String, _ text: String) -> Int? {
    Array(text.utf8).withUnsafeBytes { JSONPlaces.value(of: field, in: $0) }
  }

  @Test func `where text stops being JSON`() {
    for text in [
      "{}", " [ ] ", #"{"a":[1,-0.5e+3,true,false,null,"\u00e9\n"],"b":{"c":{}}}"#, "0", #""""#,
    ] { #expect(firstError(text) == nil, "\(text)") }
    for (text, place) in [
      ("", 0), ("{", 1), (#"{"a":1,}"#, 7), (#"{"a" 1}"#, 5), ("[1 2]", 3), ("{} x", 3),
      ("[01]", 2), ("[1.]", 3), ("[tru]", 4), (#"["\x"]"#, 3), (#"["\u12g4"]"#, 6), ("[\"\n\"]", 2),
      (#"{"a"#, 3), ("[-]", 2), ("{1:2}", 1), (#"{"a":1]"#, 6),
    ] { #expect(firstError(text) == place, "\(text)") }
    #expect(firstError(String(repeating: "[", count: 5000)) == 1024)
  }

  @Test func `where a value begins`() {
    let text = #"{"b":"a","n":{"a":1,"c": [2]},"a":  7,"x":"}"}"#
    #expect(value("a", text) == 36)
    #expect(value("n.c", text) == 25)
    #expect(value("n.a", text) == 18)
    #expect(value("x", text) == 42)
    #expect(value("c", text) == nil && value("n.x", text) == nil && value("b.a", text) == nil)
  }
}

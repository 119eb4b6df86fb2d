import Diagnostics
import Foundation
import TestSupport
import Testing
import TraceInput
import Workload

@testable import TraceParsing

private let opener = TraceOpener(formats: [
  Google2011Format(), Google2019Format(), Google2010Format(), Alibaba2017Format.format,
  Alibaba2018Format.format, AlibabaGPU2023Format.format,
])

/// A table in random parts whose lives span all of them, some rows of which are bad, by the format's name.
private enum RandomTable: String, CaseIterable, CustomTestStringConvertible {
  case taskEvents = "task_events"
  case jobEvents = "job_events"
  case instanceEvents = "instance_events"
  case batchTask = "batch_task"
  case windows = "task_windows"

  var testDescription: String { rawValue }

  func write(parts: Int, rows: Int, to folder: TemporaryFolder, seed: UInt64) throws -> String {
    var random = TestRandom(seed)
    func number(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }
    var time = 600_000_000
    for part in 0..<parts {
      var text = ""
      for row in 0..<(part % 5 == 4 ? 0 : rows) {
        time += number(3)
        let job = number(parts * rows / 7 + 1)
        let share = Double(number(1000)) / 8192
        let isBad = row % 97 == 96
        switch self {
        case .taskEvents:
          let kind = [0, 1, 4, 2, 7, 5, 8, 3][number(8)]
          let at = number(50) == 0 ? (part == 0 ? 0 : Int(Int64.max)) : time
          text +=
            "\(at),,\(isBad ? "oops" : "\(job)"),\(number(3)),\(number(50)),\(kind),user\(number(40))"
            + ",\(number(4)),\(number(12)),\(share),\(share / 2),0.0001,\(number(2))\n"
        case .jobEvents:
          text +=
            "\(time),,\(isBad ? "oops" : "\(job)"),\([0, 1, 4, 2, 5][number(5)]),user\(number(40)),"
            + "\(number(4)),name\(number(9)),logical\n"
        case .instanceEvents:
          text +=
            isBad
            ? "{\"time\":\"\(time)\",\"collection_id\":\"x\"}\n"
            : "{\"time\":\"\(number(2) * time)\",\"type\":\"\(number(11))\",\"collection_id\":"
              + "\"\(job)\",\"instance_index\":\"\(number(4))\",\"priority\":\"\(number(400))\","
              + "\"machine_id\":\"\(number(30))\",\"resource_request\":{\"cpus\":\(share),"
              + "\"memory\":\(share / 3)}}\n"
        case .batchTask:
          let start = 1000 + number(5000)
          text +=
            "M\(number(5) + 1)_\(number(3) + 1),\(isBad ? "many" : "\(number(9) + 1)"),"
            + "j_\(job),\(number(12)),\(["Terminated", "Failed", "Running"][number(3)]),\(start),"
            + "\(start + number(90)),\(number(9) * 50),0.\(number(90) + 10)\n"
        case .windows:
          text +=
            "\(300 * number(40) + 900) \(isBad ? "oops" : "\(job)") \(number(1 << 40)) \(number(4)) "
            + "\(share) \(share / 2)\n"
        }
      }
      let ending = self == .instanceEvents ? "json.gz" : "csv.gz"
      let name =
        "trace/" + rawValue + "/part-" + String(format: "%05d-of-%05d.", part, parts) + ending
      try folder.write(ArchiveMaker.compress(Array(text.utf8), .gzip), to: name)
    }
    // Jobs that start after others, and their users, are in a table of their own.
    if self == .instanceEvents {
      for part in 0..<3 {
        let text = (0..<40).map { job in
          "{\"time\":\"0\",\"type\":\"0\",\"collection_id\":\"\(part * 40 + job)\",\"user\":"
            + "\"u\(number(9))\",\"start_after_collection_ids\":[\"\(number(40))\"]}\n"
        }.joined()
        try folder.write(text, to: "trace/collection_events/part-0000\(part)-of-00003.json")
      }
      return folder("trace")
    }
    return folder("trace/" + rawValue)
  }
}

/// All that comes out of a reading.
private struct Outcome: Equatable {
  var records: [TaskRecord] = []
  var users: [String] = []
  var report = ReadReport()
  var dependencies: [String] = []
  var attributes = TaskAttributes()
  var rejects = ""

  init(_ make: (RejectLog) throws -> RecordStream) throws {
    var lines = ""
    let stream = try make(RejectLog { lines += $0 })
    while let record = try stream.next() { records.append(record) }
    users = stream.symbols.strings
    report = stream.report
    attributes = stream.attributes
    for task in stream.dependencies.tasks {
      dependencies.append("\(task) \(stream.dependencies.dependencies(of: task))")
    }
    rejects = lines
  }
}

private func options(_ rejects: RejectLog?, threads: Int = 2, buffer: Int = 1 << 22) -> ReadOptions
{
  var options = ReadOptions()
  options.rejects = rejects
  (options.threads, options.sortBufferBytes) = (threads, buffer)
  return options
}

private func shards(
  _ count: Int, of path: String, in folder: TemporaryFolder, version: String = "1",
  change: (inout ReadOptions) -> Void = { _ in }
) throws -> [String] {
  try FileManager.default.createDirectory(
    atPath: folder("shards-\(count)"), withIntermediateDirectories: true)
  return try (1...count).map { number in
    let input = try TraceInput(path: path)
    var options = options(try RejectLog { _ in }, threads: number % 3 + 1)
    change(&options)
    let file = folder("shards-\(count)/\(number).parts")
    _ = try TraceSplit.write(
      try #require(Shard(number, of: count)), of: opener.recognise(input), in: input, to: file,
      version: version, options)
    return file
  }
}

private func merged(_ files: [String], threads: Int = 2, buffer: Int = 1 << 22) throws -> Outcome {
  let set = try FragmentSet(files, version: "1")
  return try Outcome { rejects in
    let trace = try opener.recognise(set.input(), format: set.format, table: set.table)
    let options = try set.options(
      options(nil, threads: threads, buffer: buffer), rejects: rejects)
    return try trace.records(options)
  }
}

@Suite struct SplittingTests {
  /// Any number of shards, merged in any grouping and order, are one process.
  @Test(arguments: RandomTable.allCases)
  private func anyShardsInAnyGroupingAreOneProcess(_ table: RandomTable) throws {
    var random = TestRandom(7)
    for (round, parts) in [1, 12].enumerated() {
      let folder = TemporaryFolder()
      let path = try table.write(
        parts: parts, rows: [2000, 150][round], to: folder, seed: UInt64(parts))
      let whole = try Outcome { rejects in
        try opener.open(path).records(options(rejects))
      }
      #expect(whole.records.count > 100 && !whole.report.rejects.isEmpty)
      for count in [2, 3, 20] {
        var files = try shards(count, of: path, in: folder)
        // Without the trace, which nothing may be read of any more.
        let moved = folder.path + "/moved-\(count)"
        try FileManager.default.moveItem(atPath: folder("trace"), toPath: moved)
        var merges = 0
        while files.count > 1, Int.random(in: 0..<4, using: &random) > 0 {
          files.shuffle(using: &random)
          let taken = Int.random(in: 1...files.count, using: &random)
          let file = folder("merged-\(count)-\(merges).parts")
          try FragmentSet(Array(files[..<taken]), version: "1").merge(to: file)
          files = [file] + files[taken...]
          merges += 1
        }
        files.shuffle(using: &random)
        let buffer = count == 3 ? 1 : 1 << 22
        let outcome = try merged(files, threads: count % 3 + 1, buffer: buffer)
        #expect(outcome == whole, "\(count) shards of \(parts) parts")
        try FileManager.default.moveItem(atPath: moved, toPath: folder("trace"))
      }
    }
  }

  /// A shard is a pure function of its input: the same bytes on any number of threads.
  @Test func aShardIsAlwaysTheSame() throws {
    let folder = TemporaryFolder()
    let path = try RandomTable.taskEvents.write(parts: 6, rows: 900, to: folder, seed: 3)
    let first = try shards(2, of: path, in: folder) { $0.threads = 1 }.map(contents)
    #expect(try shards(2, of: path, in: folder) { $0.threads = 4 }.map(contents) == first)
  }

  /// Every part is in one shard, neighbours are together, and shares are about equal.
  @Test func sharesCoverAllPartsOnce() throws {
    var random = TestRandom(1)
    for _ in 0..<300 {
      let sizes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        [0, 1, 1000, 1_000_000].randomElement(using: &random)!
      }
      let count = Int.random(in: 1...50, using: &random)
      let shares = (1...count).compactMap { Shard($0, of: count)?.share(ofSizes: sizes) }
      #expect(shares.flatMap { Array($0) } == Array(sizes.indices))
    }
    let even = (1...4).compactMap {
      Shard($0, of: 4)?.share(ofSizes: Array(repeating: 7, count: 8))
    }
    #expect(even == [0..<2, 2..<4, 4..<6, 6..<8])
    #expect(Shard("3/8") == Shard(3, of: 8))
    for text in ["0/8", "9/8", "1/0", "1", "1/2/3", "-1/2", "+1/2", "a/b", "1/2000000", " 1/2", ""]
    {
      #expect(Shard(text) == nil, "\(text)")
    }
  }

  /// Whatever does not belong together is refused, with its file and shard.
  @Test func whatDoesNotBelongTogetherIsRefused() throws {
    let folder = TemporaryFolder()
    let path = try RandomTable.taskEvents.write(parts: 6, rows: 300, to: folder, seed: 3)
    let files = try shards(3, of: path, in: folder)
    func refusal(_ files: [String]) -> String {
      do {
        _ = try merged(files)
        return "none"
      } catch { return "\(error)" }
    }
    #expect(refusal([files[0], files[2]]).contains("missing: shard 2/3 ("))
    #expect(refusal([files[0]]).contains("missing: shards 2/3, 3/3"))
    #expect(
      refusal(files + [files[1]]).hasSuffix("2.parts: shard 2/3 is in \(files[1]) already"))
    // The same parts under another name of the share.
    let halves = try shards(2, of: path, in: folder)
    #expect(refusal([files[0], halves[0]]).contains("has part "))

    let other = folder("other.parts")
    func spoil(_ change: (inout [UInt8]) -> Void) throws -> [String] {
      var bytes = try contents(files[1])
      change(&bytes)
      try Data(bytes).write(to: URL(fileURLWithPath: other))
      return [files[0], other, files[2]]
    }
    for length in [0, 5, 8, 100, 1000] {
      let error = refusal(try spoil { $0.removeLast(min($0.count, $0.count - length)) })
      #expect(
        error.hasPrefix(other) && (error.contains("truncated") || error.contains("is no file")))
    }
    #expect(refusal(try spoil { $0.removeLast() }).contains("is truncated"))
    var random = TestRandom(9)
    for _ in 0..<60 {
      let place = Double.random(in: 0..<1, using: &random)
      let error = refusal(try spoil { $0[Int(place * Double($0.count))] ^= 0x41 })
      #expect(error.hasPrefix(other), "\(error)")
    }
    #expect(
      refusal(try spoil { $0 = Array("job_id,submit_us\n".utf8) }).contains("is no file of frag"))
    #expect(refusal([files[0], folder("none.parts")]).contains("none.parts: cannot be read"))

    _ = try shards(3, of: path, in: folder, version: "2")
    #expect(refusal(files).contains("was written by Tracemill 2, this is 1"))
    _ = try shards(3, of: path, in: folder)
    let kept = try contents(files[1])
    _ = try shards(3, of: path, in: folder) { $0.timeTolerance = Microseconds(5) }
    let tolerant = try contents(files[1])
    _ = try shards(3, of: path, in: folder)
    #expect(refusal(try spoil { $0 = tolerant }).contains("was read with --time-tolerance 5"))
    #expect(refusal(try spoil { $0 = kept }) == "none")
    let text = try FileManager.default.contentsOfDirectory(atPath: path).sorted()[5]
    try folder.write(
      ArchiveMaker.compress(Array("1,,1,0,,0,u,1,1,0.1,0.1,0.1,0\n".utf8), .gzip),
      to: "trace/task_events/" + text)
    _ = try shards(3, of: path, in: folder)
    let changed = try contents(files[1])
    try Data(kept).write(to: URL(fileURLWithPath: files[1]))
    _ = changed
    #expect(refusal(files).contains("is of another input (\(path)/\(text) is not the same)"))
  }

  /// What one process would call disorder, a merge does too.
  @Test func disorderBetweenPartsIsAnError() throws {
    let folder = TemporaryFolder()
    for (part, time) in [900, 700].enumerated() {
      try folder.write(
        "\(time)000000,,\(part),0,,0,u,1,1,0.1,0.1,0.1,0\n",
        to: "task_events/part-0000\(part)-of-00002.csv")
    }
    let files = try shards(2, of: folder("task_events"), in: folder) { $0.rejects = nil }
    let error = #expect(throws: TraceError.self) { try merged(files) }
    #expect(error?.code == .disorder && error?.file?.hasSuffix("part-00001-of-00002.csv") == true)
  }

  /// A complete file is a trace as any other.
  @Test func aCompleteFileIsATrace() throws {
    let folder = TemporaryFolder()
    let path = try RandomTable.taskEvents.write(parts: 5, rows: 300, to: folder, seed: 2)
    let whole = try Outcome { try opener.open(path).records(options($0)) }
    try FragmentSet(shards(3, of: path, in: folder), version: "1").merge(to: folder("all.parts"))
    let trace = try #require(try opener.fragments(folder("all.parts"), version: "1"))
    #expect(trace.tables.map(\.name) == ["task_events"] && trace.tables.first?.parts == 5)
    #expect(try Outcome { try trace.records(options($0)) } == whole)
    #expect(try trace.survey("task_events", options(try RejectLog { _ in })).rows == 1200)
    let error = #expect(throws: TraceError.self) { try trace.records(options(nil)) }
    #expect(error?.message.contains("were read with --lenient true, not with false") == true)
    #expect(try opener.fragments(path, version: "1") == nil)
  }

  /// A table that cannot be split says so, and nothing is written.
  @Test func whatCannotBeSplitSaysSo() throws {
    let folder = TemporaryFolder()
    let path = try folder.write(
      ArchiveMaker.tar([
        ("task_events/part-00000-of-00001.csv", Array("1,,1,0,,0,u,1,1,,,,\n".utf8))
      ]),
      to: "t.tar")
    #expect(throws: TraceError.self) { try shards(2, of: path, in: folder) }
    #expect(!FileManager.default.fileExists(atPath: folder("shards-2/1.parts")))
  }
}

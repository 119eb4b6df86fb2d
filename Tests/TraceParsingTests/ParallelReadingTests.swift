import Diagnostics
import Foundation
import Tables
import TestSupport
import Testing
import TraceInput
import Workload

@testable import TraceParsing

/// Parts of `task_events` with lives that are spread over them.
private func taskParts(_ count: Int, rows: Int, seed: UInt64) -> [String] {
  var random = TestRandom(seed)
  var states: [Int: Int] = [:]
  var time = 0
  return (0..<count).map { part in
    var text = ""
    for row in 0..<rows {
      time = part == 0 && row < rows / 4 ? 0 : max(600_000_000, time + row % 3)
      let task = Int.random(in: 0..<900, using: &random)
      let kinds = [[0], [1, 1, 1, 5, 7], [2, 3, 4, 5, 6, 8], [0]][states[task] ?? 0]
      let kind =
        Int.random(in: 0..<40, using: &random) == 0
        ? Int.random(in: 0...8, using: &random) : kinds.randomElement(using: &random) ?? 0
      switch kind {
      case 0: states[task] = 1
      case 1: states[task] = 2
      case 2...6: states[task] = 3
      default: break
      }
      let machine = kind == 0 ? "" : "\(Int.random(in: 1...50, using: &random))"
      let request = "0.0\(Int.random(in: 1...9, using: &random)),0.5,1e-05"
      text +=
        "\(time),,\(task / 7),\(task % 7),\(machine),\(kind),user\(part)\(task % 50),2,\(task % 12),\(request),0\n"
    }
    return text
  }
}

private func write(_ parts: [String], _ folder: TemporaryFolder) throws -> String {
  for (number, part) in parts.enumerated() {
    try folder.write(
      ArchiveMaker.compress(Array(part.utf8), .gzip),
      to: "task_events/" + partName(number, of: parts.count))
  }
  return folder("task_events")
}

/// What is the same on any number of threads, errors and rejected rows included.
private struct Outcome: Equatable {
  var records: [TaskRecord] = []
  var names: [String] = []
  var report: ReadReport?
  var error: TraceError?
  var rejects: [String] = []
}

private func outcome(
  _ path: String, threads: Int, lenient: Bool = false, tolerance: Int64 = 0, buffer: Int = 1 << 26
) throws -> Outcome {
  var outcome = Outcome()
  let lines = Lines()
  do {
    let result = try read(path) {
      $0.threads = threads
      $0.timeTolerance = Microseconds(tolerance)
      $0.sortBufferBytes = buffer
      if lenient { $0.rejects = try? RejectLog { line throws(TraceError) in lines.add(line) } }
    }
    outcome.records = result.records
    outcome.names = result.stream.symbols.strings
    outcome.report = result.stream.report
  } catch let error as TraceError {
    outcome.error = error
  }
  outcome.rejects = lines.all
  return outcome
}

private final class Lines {
  private(set) var all: [String] = []
  func add(_ line: String) { all.append(line) }
}

@Suite struct ParallelReadingTests {
  /// More rows than a batch has, in one part too.
  @Test(arguments: [(7, 3000), (2, 20_000), (1, 20_000)])
  func theResultDoesNotDependOnThreadsOrBuffers(parts: Int, rows: Int) throws {
    let folder = TemporaryFolder()
    let path = try write(taskParts(parts, rows: rows, seed: 1), folder)
    let expected = try outcome(path, threads: 1)
    #expect(expected.error == nil)
    #expect(expected.records.count > 800)
    #expect(expected.report?.rows["task_events"] == parts * rows)
    for threads in [2, 3, 7] {
      #expect(try outcome(path, threads: threads) == expected, "\(threads) threads")
      #expect(try outcome(path, threads: threads, buffer: 1) == expected, "\(threads) threads")
    }
  }

  /// The same events through one assembler, one after another.
  @Test func theResultIsThatOfOneAssembler() throws {
    let folder = TemporaryFolder()
    let parts = taskParts(3, rows: 2000, seed: 5)
    let path = try write(parts, folder)
    let whole = try folder.write(parts.joined(), to: "task_events.csv")
    #expect(try outcome(path, threads: 2).records == outcome(whole, threads: 1).records)
    let tar = ArchiveMaker.tar(
      parts.enumerated().map { ("task_events/" + partName($0.offset), Array($0.element.utf8)) },
      .gzip)
    let archive = try folder.write(tar, to: "t.tar.gz")
    for threads in [1, 2] {
      #expect(
        try outcome(archive, threads: threads).records == outcome(whole, threads: 1).records)
    }
  }

  /// The first error in the order of the parts wins, whoever finds one first.
  @Test func theFirstErrorWins() throws {
    for broken in [[1, 4], [4], [0, 1], [2, 3]] {
      let folder = TemporaryFolder()
      var parts = taskParts(6, rows: 300, seed: 2)
      for part in broken { parts[part] += "x,,1,1,,0,u,1,1,0.1,0.1,0.1,0\n" }
      let path = try write(parts, folder)
      let expected = try outcome(path, threads: 1)
      #expect(expected.error?.file?.hasSuffix(partName(broken[0], of: 6)) == true)
      #expect(expected.error?.line == 301)
      for threads in [2, 7] { #expect(try outcome(path, threads: threads) == expected) }
    }
  }

  /// Times that run backwards from one part to the next, seen only when the parts meet.
  @Test func timeOrderIsCheckedAcrossParts() throws {
    let row = { (time: Int, job: Int, user: String) in
      "\(time),,\(job),0,,0,\(user),1,1,0.1,0.1,0.1,0\n"
    }
    let parts = [
      row(700_000_000, 1, "a") + row(900_000_000, 2, "b"),
      row(0, 9, "z") + row(800_000_000, 3, "c") + row(910_000_000, 4, "d")
        + "oops\n" + row(905_000_000, 5, "e"),
      row(950_000_000, 6, "f") + row(.max, 7, "g"),
      row(920_000_000, 8, "h") + row(960_000_000, 10, "a"),
    ]
    let folder = TemporaryFolder()
    let path = try write(parts, folder)
    for tolerance: Int64 in [0, 20_000_000, 200_000_000] {
      for lenient in [false, true] {
        let expected = try outcome(path, threads: 1, lenient: lenient, tolerance: tolerance)
        for threads in [2, 4, 7] {
          let found = try outcome(path, threads: threads, lenient: lenient, tolerance: tolerance)
          #expect(found == expected, "\(threads) threads, tolerance \(tolerance)")
        }
      }
    }
    let strict = try outcome(path, threads: 3)
    #expect(strict.error?.code == .disorder)
    #expect(strict.error?.line == 1)
    let lenient = try outcome(path, threads: 3, lenient: true)
    #expect(lenient.report?.rejects == ["time runs backwards": 4, "too few columns": 1])
    #expect(lenient.names == ["", "a", "b", "d", "f", "g"])
    #expect(lenient.rejects.count == 6)
  }

  /// A part that has to be read again leaves its batches to one that cannot even be opened.
  @Test func aPartThatCannotBeOpenedPassesNothingOn() throws {
    let folder = TemporaryFolder()
    var parts = taskParts(3, rows: 9000, seed: 8)
    let names = (0..<200).map { "900000000,,\(5000 + $0),0,,0,late\($0),1,1,0.1,0.1,0.1,0\n" }
    parts[0] += names.joined()
    let path = try write(parts, folder)
    try folder.write([], to: "task_events/" + partName(2, of: 3))
    let expected = try outcome(path, threads: 1, lenient: true)
    #expect(expected.error == nil && !expected.rejects.isEmpty)
    for threads in [2, 2, 2, 4, 7, 7] {
      #expect(try outcome(path, threads: threads, lenient: true) == expected)
    }
  }

  @Test func damagedPartsAreCountedOnAnyNumberOfThreads() throws {
    let folder = TemporaryFolder()
    let parts = taskParts(5, rows: 9000, seed: 3)
    let path = try write(parts, folder)
    for part in [1, 3] {
      let name = path + "/" + partName(part, of: 5)
      let bytes = try contents(name)
      try folder.write(
        Array(bytes.prefix(bytes.count / 2)), to: "task_events/" + partName(part, of: 5))
    }
    let expected = try outcome(path, threads: 1, lenient: true)
    #expect(expected.report?.rejects["damaged part: the rest of it is not read"] == 2)
    let strict = try outcome(path, threads: 1)
    #expect(strict.error?.code == .damaged)
    for threads in [2, 7] {
      #expect(try outcome(path, threads: threads, lenient: true) == expected)
      #expect(try outcome(path, threads: threads) == strict)
    }
  }

  @Test func aStreamIsReadAheadUnchanged() throws {
    let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    for step in [1000, 1 << 18, 1 << 20] {
      #expect(
        try drain(ReadAheadStream(DribblingStream(bytes, step: step)), block: 70_000) == bytes)
    }
    // Let go of before it is read to the end.
    for _ in 0..<20 {
      let stream = ReadAheadStream(DribblingStream(bytes, step: 1000))
      _ = try stream.read(into: UnsafeMutableRawBufferPointer(start: nil, count: 0))
    }
  }
}

@Suite struct LifecycleEventTests {
  /// Adding an event does what joining the stretch of that event does.
  @Test func addingAnEventIsJoiningItsStretch() {
    var random = TestRandom(11)
    for _ in 0..<1000 {
      var time: Int64 = 0
      var one: Lifecycle?
      var other: Lifecycle?
      var (oneCounts, otherCounts) = (TransitionCounts(), TransitionCounts())
      for _ in 0..<Int.random(in: 1...10, using: &random) {
        time = [0, time + 600, .max].randomElement(using: &random) ?? 0
        var event = LifecycleEvent(
          id: TaskID(job: 1), kind: LifeEvent.allCases.randomElement(using: &random) ?? .submit,
          time: Microseconds(time))
        event.request = NormalisedRequest(
          SIMD4(
            Bool.random(using: &random) ? 0.5 : .nan, Double.random(in: 0...1, using: &random),
            .nan,
            .nan))
        event.machine = Int64.random(in: -1...3, using: &random)
        event.priority = Int16.random(in: -1...3, using: &random)
        event.schedulingClass = Int8.random(in: -1...3, using: &random)
        event.user = UserID(UInt32.random(in: 0...2, using: &random))
        if Bool.random(using: &random) { event.flags.insert(.missingInfo) }
        if Bool.random(using: &random) { event.flags.insert(.differentMachines) }
        if time == .max { time = 600 }
        if one == nil {
          one = Lifecycle(event)
          other = Lifecycle(event)
        } else {
          one?.append(event, counting: &oneCounts)
          other?.append(Lifecycle(event), counting: &otherCounts)
        }
      }
      let end = Microseconds(100_000)
      let first = one?.record(end: end, scale: .assumed, counting: &oneCounts)
      #expect(first == other?.record(end: end, scale: .assumed, counting: &otherCounts))
      #expect(oneCounts == otherCounts)
    }
  }
}

@Suite struct ParallelWritingTests {
  /// Row groups that are encoded on other threads make the same file.
  @Test func theFileDoesNotDependOnThreads() throws {
    let columns = [
      TableColumn<Int>("n", nullable: true, .integer { $0 % 7 == 0 ? nil : Int64($0) }),
      TableColumn<Int>("name", nullable: true, .symbol { UInt32($0 % 3) }),
    ]
    let folder = TemporaryFolder()
    var files: [[UInt8]] = []
    for threads in [1, 2, 5] {
      let path = folder("\(threads).parquet")
      let writer = try TableFileKind.parquet.writer(
        path: path, columns: columns, symbols: { ["", "a", "b"] }, threads: threads)
      for number in 0..<300_000 { try writer.write(number) }
      try writer.finish()
      files.append(try contents(path))
    }
    #expect(files[0].count > 1000)
    #expect(files[1] == files[0] && files[2] == files[0])
  }
}

import Foundation
import Tables
import Testing
import TraceInput
import Workload

@testable import TraceParsing

/// Google's 2011 layout with every attempt of a task.
@Suite struct AttemptWriterTests {
  private static func record(_ job: Int64, submit: Double) -> TaskRecord {
    var record = TaskRecord(
      id: TaskID(job: job, index: 3), submit: Microseconds(seconds: submit), runTime: .zero,
      request: Resources(cpu: Cores(0.25 * 32), memory: Bytes(rounding: 0.01234 * 0x1p37)))
    record.request.disk = Bytes(rounding: 0.0003862 * 0x1p40)
    record.priority = 4
    record.schedulingClass = 2
    return record
  }

  private static func attempt(
    _ submit: Double, _ start: Double?, _ end: Double?, _ outcome: Outcome, _ machine: Int64 = -1
  ) -> TaskAttempt {
    TaskAttempt(
      submit: Microseconds(seconds: submit),
      start: start.map(Microseconds.init(seconds:)) ?? .never,
      end: end.map(Microseconds.init(seconds:)) ?? .never, outcome: outcome, machine: machine)
  }

  @Test func `rows are those of a real table, from its beginning to its last part`() throws {
    let folder = try ScratchFolder()
    let writer = try Google2011TraceWriter(
      path: folder.path + "/trace", traceEnd: .zero, shift: Microseconds(600_000_000),
      options: ReadOptions())
    writer.begin = Microseconds(seconds: 100)
    writer.firstJob = 1000
    let lives: [(Int64, [TaskAttempt])] = [
      (1, [Self.attempt(10, 20, 99, .finished, 5)]),  // over before the beginning
      (
        2,
        [
          Self.attempt(30, 40, 50, .evicted, 5), Self.attempt(60, 70, 110, .failed, 6),
          Self.attempt(110, 112, 130, .finished, 7),
        ]
      ),
      (3, [Self.attempt(99, 101, nil, .running, 8)]),
      (4, [Self.attempt(105, nil, 107, .killed)]),
      (5, [Self.attempt(140, 141, 142, .lost, 9)]),
    ]
    for (job, attempts) in lives {
      try writer.write(
        Self.record(job, submit: attempts[0].submit.seconds), attempts: attempts)
    }
    #expect(writer.summary.rows == 13)
    #expect(writer.rows(before: Microseconds(seconds: 100)) == 3)
    #expect(writer.rows(before: Microseconds(seconds: 170)) == 13)
    try writer.finish(
      symbols: SymbolTable(), machines: nil, rowsPerPart: 6, parts: 2)
    #expect(writer.summary.parts == 2 && writer.summary.rows == 12)
    let rows = try (0..<2).flatMap {
      try Formats.lines(folder.path + "/trace/task_events/part-0000\($0)-of-00002.csv.gz")
    }.map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    let known = "0.25,0.01234,0.0003862,0"
    #expect(rows.allSatisfy { $0[9...].joined(separator: ",") == known && $0[7] == "2" })
    let expected = [
      "0 1002 - 0", "0 1002 6 1", "0 1003 - 0", "601 1003 8 1", "605 1004 - 0", "607 1004 - 5",
      "610 1002 6 3", "610 1002 - 0", "612 1002 7 1", "630 1002 7 4", "640 1005 - 0",
      "641 1005 9 1",
    ]
    let found = rows.map { row in
      "\((Int(row[0]) ?? -1) / 1_000_000) \(row[2]) \(row[4].isEmpty ? "-" : row[4]) \(row[5])"
    }
    #expect(found == expected)
  }

  @Test func `requests are written as they were published`() throws {
    // Four digits at any place, as in the real tables, and any that read back as the same amount.
    var stream = RandomStream(seed: 3, name: "requests")
    let scale = MachineScale.assumed
    for _ in 0..<20_000 {
      let lane = stream.below(3)
      let digits = stream.below(9999) + 1
      let share = Double(digits) / [1e4, 1e5, 1e6, 1e7][stream.below(lane == 0 ? 3 : 4)]
      var wanted = SIMD4<Double>.zero
      wanted[lane] = share
      let amount = scale.resources(wanted)
      let text = scale.text(scale.normalised(amount)[lane], lane: lane)
      #expect(text == decimal(share))
      let value = Double(stream.below(1 << 40)) / 0x1p40
      wanted[lane] = value
      var again = SIMD4<Double>.zero
      again[lane] = try #require(Double(scale.text(value, lane: lane)))
      #expect(scale.resources(again) == scale.resources(wanted))
    }
  }
}

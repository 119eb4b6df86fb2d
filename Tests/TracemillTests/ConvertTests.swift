import Foundation
import Runs
import TestSupport
import Testing

@Suite struct ConvertTests {
  /// Rows, events, tasks, outcomes, attempts, waiting and running time, each counted by a script
  /// that shares nothing with the program.
  private func compareWithOracle(_ input: String, table: String, files: [String]) throws {
    let expected = try object(oracle("google2011.py", [table] + files))
    let seen = try object(tracemill("inspect", input, "--table", table, "--json", "--quiet"))
    let tables = try #require(seen["tables"] as? [[String: Any]])
    let entry = try #require(tables.first { $0["name"] as? String == table })
    #expect(entry["rows"] as? Int == expected["rows"] as? Int)
    #expect(entry["last_time_us"] as? Int == expected["last_us"] as? Int)
    let names = [
      "SUBMIT", "SCHEDULE", "EVICT", "FAIL", "FINISH", "KILL", "LOST", "UPDATE_PENDING",
      "UPDATE_RUNNING",
    ]
    let events = try #require(entry["events"] as? [String: Int])
    let expectedEvents = try #require(expected["events"] as? [String: Int])
    for (code, name) in names.enumerated() {
      #expect(events[name] == expectedEvents["\(code)"] ?? 0, "\(name)")
    }
    let tasks = try #require(seen["tasks"] as? [String: Any])
    #expect(tasks["count"] as? Int == expected["tasks"] as? Int)
    #expect(tasks["attempts"] as? Int == expected["attempts"] as? Int)
    var outcomes: [String: Int] = [:]
    for counts in try #require(tasks["outcomes"] as? [String: [String: Int]]).values {
      for (name, count) in counts where count > 0 { outcomes[name, default: 0] += count }
    }
    #expect(outcomes == expected["outcomes"] as? [String: Int])

    let folder = TemporaryFolder()
    let result = try tracemill(
      "convert", input, "--table", table, "-o", folder("t.csv"), "--quiet")
    #expect(result.status == 0, "\(result.error)")
    let lines = String(decoding: try contents(folder("t.csv")), as: UTF8.self)
      .split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false)
      }
    for (column, key) in [
      ("wait_us", "wait_us"), ("run_us", "run_us"), ("submit_us", "submit_sum"),
    ] {
      let place = try #require(lines[0].firstIndex { $0 == column })
      let sum = lines.dropFirst().reduce(0) { $0 + (Int($1[place]) ?? 0) }
      #expect(sum == expected[key] as? Int, "\(column)")
    }
  }

  @Test func theMiniatureAgreesWithTheOracle() throws {
    for table in ["task_events", "job_events"] {
      try compareWithOracle(
        miniature, table: table, files: parts(miniature + "/" + table))
    }
  }

  @Test(.enabled(if: RealTraces.areThere, "\(RealTraces.reason)"))
  func theRealJobEventsAgreeWithTheOracle() throws {
    try compareWithOracle(
      RealTraces.google2011, table: "job_events",
      files: parts(RealTraces.google2011 + "/job_events"))
  }

  @Test(.enabled(if: RealTraces.areThere, "\(RealTraces.reason)"))
  func theCloudSimSampleAgreesWithTheOracle() throws {
    try compareWithOracle(RealTraces.sample, table: "task_events", files: [RealTraces.sample])
  }

  @Test(.enabled(if: RealTraces.areThere, "\(RealTraces.reason)"))
  func theRealMachineEventsAreCounted() throws {
    let file = RealTraces.google2011 + "/machine_events/part-00000-of-00001.csv.gz"
    let seen = try object(tracemill("inspect", file, "--json", "--quiet"))
    let tables = try #require(seen["tables"] as? [[String: Any]])
    // zcat | wc -l, and zcat | cut -d, -f3 | sort | uniq -c
    #expect(tables[0]["rows"] as? Int == 37_780)
    #expect(
      tables[0]["events"] as? [String: Int] == ["ADD": 21_443, "REMOVE": 8957, "UPDATE": 7380])
  }

  @Test(.enabled(if: python != nil, "\(noPython)"))
  func pyarrowAndDuckDBReadTheSameValues() throws {
    let folder = TemporaryFolder()
    var inputs = [(miniature, "task_events"), (miniature, "job_events")]
    if RealTraces.areThere {
      inputs += [(RealTraces.google2011, "job_events"), (RealTraces.sample, "task_events")]
    }
    for (input, table) in inputs {
      for kind in ["parquet", "csv"] {
        let result = try tracemill(
          "convert", input, "--table", table, "-o", folder("t." + kind), "--quiet")
        #expect(result.status == 0)
      }
      let result = try oracle("records.py", [folder("t.parquet"), folder("t.csv")])
      #expect(result.output.hasPrefix("equal "), "\(result.output)\(result.error)")
    }
  }

  @Test func theSameTableHoweverKeptGivesTheSameBytes() throws {
    let folder = TemporaryFolder()
    let entries = try parts(miniature + "/task_events").map {
      ("task_events/" + ($0 as NSString).lastPathComponent, try contents($0))
    }
    try folder.write(ArchiveMaker.tar(entries, .gzip), to: "t.tar.gz")
    try folder.write(ArchiveMaker.zip(entries), to: "t.zip")
    try folder.write(ArchiveMaker.sevenZip(entries), to: "t.7z")
    try folder.write(ArchiveMaker.tar(entries.reversed(), .zstd), to: "t.tar.zst")
    for kind in [".parquet", ".csv.gz", ".csv.zst"] {
      let out = folder("out" + kind)
      func bytes(_ input: String, _ standardInput: [UInt8]? = nil) throws -> [UInt8] {
        let result = try tracemill("convert", input, "-o", out, "--quiet", input: standardInput)
        #expect(result.status == 0, "\(result.error)")
        return try contents(out)
      }
      let expected = try bytes(miniature + "/task_events")
      #expect(expected.count > 1000)
      for name in ["t.tar.gz", "t.zip", "t.7z", "t.tar.zst"] {
        #expect(try bytes(folder(name)) == expected, "\(name)")
        #expect(try bytes("-", contents(folder(name))) == expected, "\(name) through a pipe")
      }
      let plain = try entries.map {
        try run("/usr/bin/env", ["gzip", "-dc"], input: $0.1).outputBytes
      }
      #expect(try bytes("-", Array(plain.joined())) == expected, "rows through a pipe")
      #expect(try bytes("-", Array(entries.map(\.1).joined())) == expected, "gzip through a pipe")
    }
  }

  /// 40,000 lives, interleaved and often begun again, with buffers that hold all of them and with
  /// buffers of 1 MiB, of which one life takes some 200 bytes.
  @Test func spillingToDiskChangesNoByte() throws {
    var random = TestRandom(4)
    var rows = ""
    for step in 0..<160_000 {
      let job = Int.random(in: 0..<40_000, using: &random)
      let event = Int.random(in: 0...8, using: &random)
      rows += "\(600_000_000 + step),,\(job),0,7,\(event),user \(job % 50),1,4,0.0125,0.25,0,0\n"
    }
    let folder = TemporaryFolder()
    try folder.write(rows, to: "task_events/part-0-of-1.csv")
    var outputs: [[UInt8]] = []
    for buffer in ["1", "1000"] {
      let result = try tracemill(
        "convert", folder("task_events"), "-o", folder("o.parquet"), "--sort-buffer", buffer, "-q")
      #expect(result.status == 0, "\(result.error)")
      outputs.append(try contents(folder("o.parquet")))
    }
    #expect(outputs[0].count > 100_000)
    #expect(outputs[0] == outputs[1])
  }

  @Test func selectionsAreThoseOfAFilter() throws {
    let folder = TemporaryFolder()
    func rows(_ arguments: String...) throws -> [[Substring]] {
      let out = folder("s.csv")
      let result = try run(
        tracemill, ["convert", miniature, "-o", out, "--quiet"] + arguments)
      #expect(result.status == 0, "\(result.error)")
      return String(decoding: try contents(out), as: UTF8.self).split(separator: "\n").dropFirst()
        .map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    }
    let all = try rows()
    #expect(all.count == 2612)
    #expect(all.map { Int($0[6]) ?? -1 } == all.compactMap { Int($0[6]) }.sorted())
    #expect(
      try rows("--from", "1h", "--to", "2h")
        == all.filter { (3_600_000_000..<7_200_000_000).contains(Int($0[6]) ?? 0) })
    #expect(
      try rows("--priority", "0-1,9") == all.filter { ["0", "1", "9"].contains($0[3]) })
    #expect(try rows("--priority", "production") == all.filter { $0[4] == "production" })
    let sampled = try rows("--sample", "0.2")
    #expect(Set(sampled).isSubset(of: Set(all)))
    #expect((300...800).contains(sampled.count))
    let jobs = Set(sampled.map { $0[0] })
    #expect(sampled == all.filter { jobs.contains($0[0]) })
    let scaled = try rows("--scale-cpu", "64", "--scale-memory", "256")
    for (a, b) in zip(all, scaled) {
      #expect(abs((Double(a[18]) ?? 0) * 2 - (Double(b[18]) ?? 0)) < 1e-8)
      #expect(abs((Int(a[19]) ?? 0) * 2 - (Int(b[19]) ?? 0)) <= 1)
    }
  }

  @Test func badInputLeavesOneLineAndNoFile() throws {
    let folder = TemporaryFolder()
    let good = "600000000,,1,0,,0,u,3,9,0.125,0.5,0.1,0\n"
    try folder.write(good + good.replacing("0.125", with: "abc"), to: "task_events/part-0-of-1.csv")
    let result = try tracemill("convert", folder("task_events"), "-o", folder("o.csv"), "--quiet")
    #expect(result.status == 1)
    #expect(
      result.error == "tracemill: \(folder("task_events/part-0-of-1.csv")):2:10: "
        + "CPU request 'abc' is not a number\n")
    #expect(result.output == "")
    #expect(folder.files == ["task_events", "task_events/part-0-of-1.csv"])

    let lenient = try tracemill(
      "convert", folder("task_events"), "-o", folder("o.csv"), "--quiet", "--lenient")
    #expect(lenient.status == 0)
    #expect(lenient.output.contains("rejected 1 row -> \(folder("o.rejects.csv"))"))
    #expect(lenient.output.contains("1  CPU request is not a number"))
    #expect(
      String(decoding: try contents(folder("o.rejects.csv")), as: UTF8.self)
        .contains(",2,10,CPU request 'abc' is not a number,"))
  }

  @Test func outputThatDoesNotArriveIsAnError() throws {
    let folder = TemporaryFolder()
    let machines = miniature + "/machine_events"
    func shell(_ line: String) throws -> ProgramResult {
      try run("/usr/bin/env", ["bash", "-c", line, tracemill, machines, folder("o.csv")])
    }
    let full = try shell("\"$0\" inspect \"$1\" -q > /dev/full")
    #expect(full.status == 1)
    #expect(full.error.hasPrefix("tracemill: <stdout>: cannot write: "))
    #expect(full.error.split(separator: "\n").count == 1)
    // The reader has gone before anything is printed.
    let gone = try shell("{ sleep 0.3; \"$0\" inspect \"$1\" -q; echo $? >&2; } | true")
    #expect(gone.error == "141\n")
    let closed = try shell(
      "{ sleep 0.3; \"$0\" convert /dev/null -o \"$2\"; echo $? >&3; } 3>&1 2>&1 >/dev/null | true")
    #expect(closed.status == 0)
    #expect(folder.files == [])
  }

  @Test func ignoredSignalsStayIgnored() throws {
    let folder = TemporaryFolder()
    let line = """
      trap '' INT; { echo '600000000,,1,0,u,3,n,l'; sleep 2; } \
        | "$0" convert - --format google-2011 -o "$1" -q & sleep 1; kill -INT -- -$$; wait
      """
    _ = try run(
      "/usr/bin/env", ["setsid", "-w", "bash", "-c", line, tracemill, folder("o.csv")])
    #expect(folder.files == ["o.csv"])
  }

  @Test func rejectsComeWithTheirOutputOnly() throws {
    let folder = TemporaryFolder()
    let row = "600000000,,1,0,,0,u,3,9,0.125,0.5,0.1,0\n"
    try folder.write(row + "bad\n", to: "task_events/part-0-of-1.csv")
    try FileManager.default.createDirectory(
      atPath: folder("o.csv"), withIntermediateDirectories: false)
    let result = try tracemill(
      "convert", folder("task_events"), "-o", folder("o.csv"), "--lenient", "-q")
    #expect(result.status == 1)
    #expect(!folder.files.contains("o.rejects.csv"))
  }

  @Test func machineEventsAreReadOnce() throws {
    let folder = TemporaryFolder()
    let rows = Array("0,5,0,P,0.5,0.25\n0,x,0,P,0.5,0.25\n0,6,0,P,0.5,0.25\n".utf8)
    let file = try folder.write(rows, to: "machine_events.csv")
    for arguments in [["-"], [file], [file, "--table", "machine_events"]] {
      let result = try run(
        tracemill, ["inspect"] + arguments + ["--json", "-q", "--lenient"], input: rows)
      let seen = try object(result)
      #expect(((seen["machines"] as? [String: Any])?["at_start"]) as? Int == 2)
      #expect((seen["rejects"] as? [String: Int])?.values.reduce(0, +) == 1)
      #expect((seen["tables"] as? [[String: Any]])?.first?["rows"] as? Int == 3)
    }
  }

  @Test func wrongUsageIsCode2() throws {
    for priority in ["-1", "9-", "1,", "0-1-2"] {
      let result = try tracemill("convert", miniature, "-o", "x.csv", "--priority=" + priority)
      #expect(result.status == 2, "\(priority)")
    }
    let twice = try tracemill(
      "simulate", "--workload", miniature, "-o", "same.csv", "--series", "./same.csv")
    #expect(twice.status == 2)
    #expect(try tracemill("convert", miniature).status == 2)
    #expect(try tracemill("convert", miniature, "-o", "x.txt").status == 2)
    #expect(try tracemill("convert", miniature, "-o", "x.csv", "--sample", "2").status == 2)
    #expect(try tracemill("nonsense").status == 2)
    #expect(try tracemill("convert", "--help").status == 0)
    #expect(try tracemill("--version").output == Toolkit.version + "\n")
    #expect(try tracemill("simulate", "--workload", miniature, "--scheduler", "magic").status == 2)
  }

  /// Lenient, so that a partial file (of rejects) is there from the beginning.
  @Test func interruptedConversionsLeaveNothing() throws {
    let folder = TemporaryFolder()
    try folder.write("before", to: "o.csv")
    let result = try tracemill(
      "convert", "-", "--format", "google-2011", "-o", folder("o.csv"), "--lenient",
      input: Array("600000000,,1,0,u,3,n,l\n".utf8), interruptAfter: 1)
    #expect(result.wasSignalled && result.status == SIGINT)
    #expect(result.error.contains("interrupted"))
    #expect(folder.files == ["o.csv"])
    #expect(try contents(folder("o.csv")) == Array("before".utf8))
  }

  /// Killed at any moment, a conversion leaves nothing under the output's name, and one that goes on
  /// from its parts gives what an uninterrupted one gives.
  @Test func killedConversionsGoOn() throws {
    let folder = TemporaryFolder()
    for part in 0..<12 {
      var text = ""
      for row in 0..<2000 {
        let time = 600_000_000 + part * 1_000_000 + row * 100
        text += "\(time),,\(row % 700 + part * 90),0,5,\([0, 1, 4][row % 3]),u\(row % 9),1,2,"
        text += "0.5,0.25,0.0\(row % 10),0\n"
      }
      try folder.write(text, to: String(format: "task_events/part-%05d-of-00012.csv", part))
    }
    let whole = try tracemill("convert", folder("task_events"), "-o", folder("a.parquet"), "-q")
    #expect(whole.status == 0)
    var isDone = false
    var isTidied = true
    for attempt in 0..<40 where !isDone {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: tracemill)
      process.arguments = [
        "convert", folder("task_events"), "-o", folder("b.parquet"), "-q", "--resume",
      ]
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      usleep(UInt32(20_000 + attempt * 15_000))
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      // Under the final name is nothing or everything; a kill may come between that and the tidying.
      isDone = FileManager.default.fileExists(atPath: folder("b.parquet"))
      isTidied = !isDone || process.terminationReason == .exit
    }
    if !isDone {
      let last = try tracemill(
        "convert", folder("task_events"), "-o", folder("b.parquet"), "--resume")
      #expect(last.status == 0, "\(last.error)")
    }
    #expect(try contents(folder("a.parquet")) == contents(folder("b.parquet")))
    if isTidied { #expect(!FileManager.default.fileExists(atPath: folder("b.parquet.work"))) }
  }

  /// Where nothing can be kept, the option says so, in one line, and makes no folder.
  @Test func resumingWhatCannotBeResumedIsSaid() throws {
    let folder = TemporaryFolder()
    let row = "600000000,,1,0,5,0,u,1,2,0.5,0.25,0.01,0\n"
    try folder.write(
      ArchiveMaker.tar([("task_events/part-00000-of-00001.csv", Array(row.utf8))]), to: "t.tar")
    let log = try folder.write(
      "1 7 5 90 1 -1 -1 4 100 -1 1 3 1 -1 1 -1 -1 -1\n", to: "log.swf")
    for (input, format) in [(folder("t.tar"), "google-2011"), (log, "swf")] {
      let result = try tracemill("convert", input, "-o", folder("o.csv"), "--resume")
      #expect(result.status == 0, "\(result.error)")
      let notes = result.error.split(separator: "\n").filter { $0.contains("--resume") }
      #expect(notes.count == 1)
      #expect(notes.first?.contains("has no effect") == true)
      #expect(notes.first?.contains("(\(format)) is read from the beginning") == true)
      #expect(!FileManager.default.fileExists(atPath: folder("o.csv.work")))
    }
  }

  @Test func anInterruptedFolderIsNotLeftBehind() throws {
    let folder = TemporaryFolder()
    var text = ""
    for row in 0..<60_000 {
      text += "\(600_000_000 + row),,\(row),0,5,0,u\(row % 9),1,2,0.5,0.25,0.01,0\n"
    }
    try folder.write(text, to: "task_events/part-00000-of-00001.csv")
    let result = try run(
      tracemill,
      ["convert", folder("task_events"), "--to-format", "google-2011", "-o", folder("out"), "-q"],
      interruptAfter: 0.7)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(names.sorted() == (result.wasSignalled ? ["task_events"] : ["out", "task_events"]))
  }
}

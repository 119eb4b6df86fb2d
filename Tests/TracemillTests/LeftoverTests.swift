import Foundation
import TestSupport
import Testing

/// What killed runs leave goes with the next run on the same output, and outputs go where they should.
@Suite struct LeftoverTests {
  let folder = TemporaryFolder()

  private func records() throws -> String {
    try folder.write("job_id,submit_us,run_us\n1,1,5\n2,2,6\n", to: "in.csv")
  }

  /// A process id that nobody has.
  private func deadProcess() throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/true")
    try process.run()
    process.waitUntilExit()
    return process.processIdentifier
  }

  @Test func whatADeadRunLeftIsRemovedAndNothingElse() throws {
    let input = try records()
    let dead = try deadProcess()
    for name in ["o.csv", "o.parquet", "o.csv.gz", "log.swf"] {
      try folder.write("half", to: "\(name).partial-\(dead)")
      try folder.write("half", to: "\(name).partial-\(dead)-1")
      try folder.write("half", to: "\(name).partial-\(getpid())")
      try folder.write("keep", to: "other-\(name).partial-\(dead)")
      try folder.write("keep", to: "\(name).partial-x")
      let made = try tracemill("convert", input, "-o", folder(name), "--quiet")
      try #require(made.status == 0, "\(made.error)")
      let left = folder.files.filter { $0.hasPrefix(name + ".partial") }
      #expect(left == ["\(name).partial-\(getpid())", "\(name).partial-x"].sorted(), "\(left)")
      #expect(folder.files.contains("other-\(name).partial-\(dead)"))
    }
    try folder.write("half", to: "g.partial-\(dead)/job_events/part.csv.gz")
    let made = try tracemill(
      "convert", input, "-o", folder("g"), "--to-format", "google-2011", "--quiet")
    try #require(made.status == 0, "\(made.error)")
    #expect(!folder.files.contains { $0.hasPrefix("g.partial") })
  }

  /// By its lock, whatever its number: process ids of other name spaces mean nothing here.
  @Test func whatSomebodyHoldsIsLeftAlone() throws {
    let input = try records()
    let dead = try deadProcess()
    let path = try folder.write("half", to: "o.csv.partial-\(dead)")
    let descriptor = open(path, O_RDWR)
    #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    #expect(try tracemill("convert", input, "-o", folder("o.csv"), "--quiet").status == 0)
    #expect(FileManager.default.fileExists(atPath: path))
    close(descriptor)
    #expect(try tracemill("convert", input, "-o", folder("o.csv"), "--quiet").status == 0)
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func aKilledConversionLeavesNothingForLong() throws {
    // Held up by a pipe that nobody writes to, with the output begun.
    let script = """
      cd "$1"; mkfifo p; exec 9<>p
      "$2" generate study:tasks=2000000 -o o.csv --quiet & pid=$!
      while ! ls o.csv.partial-* >/dev/null 2>&1; do sleep 0.05; done
      kill -9 $pid; wait $pid
      ls | grep -c partial
      "$2" convert in.csv -o o.csv --quiet
      ls -A | grep -c partial
      """
    _ = try records()
    let result = try run("/bin/bash", ["-c", script, "sh", folder.path, tracemill])
    #expect(
      result.output.split(separator: "\n").filter { $0.count == 1 } == ["1", "0"], "\(result)")
  }

  @Test func onlyOneResumesAtATime() throws {
    let input = miniature
    mkdir(folder("o.csv.work"), 0o755)
    try folder.write("x", to: "o.csv.work/tracemill-work")
    let descriptor = open(folder("o.csv.work"), O_RDONLY)
    #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    let arguments = ["convert", input, "-o", folder("o.csv"), "--resume", "--quiet"]
    let refused = try run(tracemill, arguments)
    #expect(refused.status == 1 && refused.error.split(separator: "\n").count == 1)
    #expect(refused.error.contains("another conversion with --resume"))
    close(descriptor)
    #expect(try run(tracemill, arguments).status == 0)
    #expect(folder.files.contains("o.csv") && !folder.files.contains("o.csv.work"))
  }

  @Test func pipesLinksAndStandardOutputGetTheRecords() throws {
    let input = try records()
    let script = """
      cd "$1"; mkfifo f.csv f
      for f in f.csv f; do
        (cat $f | wc -l) & "$2" convert in.csv -o $f -q >/dev/null; wait; test -p $f && echo pipe
      done
      echo old > real.csv; ln -s real.csv link.csv; ln -s nowhere.csv fresh.csv; mkdir d
      ln -s ../link.csv d/again.csv
      for l in link fresh d/again; do
        "$2" convert in.csv -o $l.csv -q > /dev/null; test -L $l.csv && wc -l < $l.csv
      done
      test -f nowhere.csv && wc -l < real.csv
      "$2" convert in.csv -o - -q | wc -l
      "$2" convert in.csv -o /dev/stdout -q 2>/dev/null | head -1 | cut -d, -f1
      "$2" convert in.csv -o - --to-format swf -q 2>/dev/null | grep -vc ';'
      "$2" convert in.csv -o >(wc -l > count) -q; sleep 1; cat count
      """
    _ = input
    let result = try run("/bin/bash", ["-c", script, "sh", folder.path, tracemill])
    let lines = result.output.split(separator: "\n").filter {
      !$0.contains("wrote") && !$0.contains("read ") && !$0.contains("made ")
    }
    #expect(
      lines == ["3", "pipe", "3", "pipe", "3", "3", "3", "3", "3", "job_id", "2", "3"],
      "\(result.output) \(result.error)")
    #expect(!folder.files.contains { $0.contains("partial") })
  }

  @Test func namesInOtherEncodingsGoThroughTheCommandLine() throws {
    let script = """
      cd "$1"; n=$(printf 'caf\\xe9'); cp in.csv "$n.csv"
      "$2" convert "$n.csv" -o "$n-out.csv" -q && cat "$n-out.csv" | wc -l
      "$2" verify "$n-out.csv" -q | grep -c ok
      "$2" convert "$n.csv" -o "$n/x.csv" -q
      """
    _ = try records()
    let result = try run("/bin/bash", ["-c", script, "sh", folder.path, tracemill])
    let lines = result.output.split(separator: "\n")
    #expect(lines.contains("3") && lines.contains("2"), "\(result)")
    #expect(result.error.contains("caf\\xE9/x.csv"), "\(result.error)")
  }
}

/// Unknown is not zero, and nothing is no result.
@Suite struct UnknownTests {
  let folder = TemporaryFolder()

  private func line(_ job: Int, _ submit: Int, _ run: Int, _ cores: Int, memory: Int) -> String {
    "\(job) \(submit) 0 \(run) \(cores) -1 -1 \(cores) 200 \(memory) 1 1 1 -1 -1 -1 -1 -1\n"
  }

  @Test func machinesOfUnknownMemoryTakeEveryTask() throws {
    let log =
      "; MaxNodes: 4\n; MaxProcs: 8\n" + line(1, 0, 100, 4, memory: 1_048_576)
      + line(2, 10, 100, 8, memory: 1_048_576) + line(3, 20, 100, 4, memory: -1)
    let path = try folder.write(log, to: "log.swf")
    let result = try object(tracemill("simulate", "--workload", path, "--json", "--quiet"))
    #expect(result["placed"] as? Int == 3)
    #expect(result["machines_of_unknown_memory"] as? Int == 1)
    #expect(((result["wait_s"] as? [String: Any])?["mean"] as? Double) == 90)
    let text = try tracemill("simulate", "--workload", path, "--quiet").output
    #expect(text.contains("memory and disk of 1 machine not known: no limit"))
    // A memory that is stated is a limit.
    let small = try folder.write("; MaxMemory: 1\n" + log, to: "small.swf")
    let limited = try object(tracemill("simulate", "--workload", small, "--json", "--quiet"))
    #expect(limited["placed"] as? Int == 1)
  }

  @Test func aWorkloadWithoutRunTimesIsAnError() throws {
    let path = try folder.write(
      "job_id,submit_us,outcome\n1,1,finished\n2,2,finished\n", to: "r.csv")
    for more in [[], ["--json"], ["--replications", "2"]] {
      let result = try run(
        tracemill, ["simulate", "--workload", path, "--cluster", "study:3", "--quiet"] + more)
      #expect(result.status == 1 && result.output.isEmpty)
      #expect(result.error.contains("nothing to simulate: none of its 2 tasks"))
    }
    let some = try folder.write("job_id,submit_us,run_us\n1,1,5\n2,2,\n3,3,5\n", to: "some.csv")
    let result = try tracemill("simulate", "--workload", some, "--cluster", "study:3", "--quiet")
    let first = result.output.split(separator: "\n").first ?? ""
    #expect(result.status == 0 && first.contains("1 of 3 tasks left out"), "\(result.output)")
  }

  @Test func aRecordWithARunTimeIsReplayed() throws {
    for (header, row) in [
      ("job_id,submit_us,run_us,cpu_cores,outcome", "1,1000000,60000000,1,finished"),
      ("submit_us,run_us", "1,5"), ("submit_us,run_us,outcome,missing_info", "1,5,failed,1"),
      ("submit_us,run_us,attempts,end_us", "1,5,0,9"),
    ] {
      let path = try folder.write("\(header)\n\(row)\n", to: "r.csv")
      let result = try object(
        tracemill("simulate", "--workload", path, "--cluster", "study:3", "--json", "--quiet"))
      #expect(result["submitted"] as? Int == 1, "\(header)")
    }
  }
}

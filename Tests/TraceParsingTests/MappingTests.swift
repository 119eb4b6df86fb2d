import Configuration
import Foundation
import Testing
import TraceInput
import TraceParsing
import Workload

/// Mappings as people write them, with the tables that they are for.
@Suite struct MappingTests {
  private struct Reading {
    var records: [TaskRecord]
    var stream: RecordStream
    var notes: [String]
  }

  private func read(
    _ map: String, _ files: [String: String], _ options: ReadOptions = ReadOptions()
  ) throws -> Reading {
    let folder = try ScratchFolder()
    for (name, text) in files { try folder.write(name, text) }
    let path = files.count == 1 ? folder.path + "/" + files.keys.first! : folder.path
    let mapping = try TableMapping(file: ConfigurationFile(text: map, name: "map.yaml"))
    let trace = try TraceOpener(formats: [MappedTableFormat(name: "columns", mapping: mapping)])
      .open(path)
    let stream = try trace.records(options)
    return Reading(
      records: try Formats.drain(stream), stream: stream,
      notes: (trace.notes + stream.report.notes).texts)
  }

  private func failure(_ map: String, _ text: String, name: String = "t.csv") -> String {
    do {
      let folder = try ScratchFolder()
      let path = try folder.write(name, text)
      let mapping = try TableMapping(file: ConfigurationFile(text: map, name: "map.yaml"))
      let trace = try TraceOpener(formats: [MappedTableFormat(name: "columns", mapping: mapping)])
        .open(path)
      _ = try Formats.drain(try trace.records(ReadOptions()))
      return "no error"
    } catch {
      let line = "\(error)"
      return String(line[(line.range(of: name)?.lowerBound ?? line.startIndex)...])
    }
  }

  @Test func `a job without a number is no job 0`() throws {
    let map = "columns: {job_id: i, submit_us: {from: q, unit: s}, run_us: {from: r, unit: s}}"
    #expect(failure(map, "i,q,r\n1,1,1\n,2,1\n") == "t.csv:3:1: i is missing")
    #expect(
      failure(
        map, #"{"i": 1, "q": 1, "r": 1}"# + "\n" + #"{"q": 2, "r": 1}"# + "\n", name: "t.json")
        == "t.json:2: i is missing")
  }

  // MARK: - Times

  @Test func `run, submission and wait follow from the times`() throws {
    let map =
      "columns: {submit_us: {from: q, unit: s}, first_schedule_us: {from: s, unit: s}, "
      + "end_us: {from: e, unit: s}}"
    let made = try read(map, ["t.csv": "q,s,e\n1,3,10\n2,,5\n4,6,\n5,9,8\n8,7,9\n"])
    #expect(made.records.map(\.runTime.seconds) == [7, 0, 0, 0, 2])
    #expect(made.records.map(\.waitTime.seconds) == [2, 3, 2, 4, 0])
    #expect(made.records.map(\.outcome) == [.finished, .killed, .running, .finished, .finished])
    #expect(made.records.map(\.attempts) == [1, 0, 1, 1, 1])
    #expect(made.records[3].flags.isSuperset(of: [.irregular, .runTimeUnknown]))
    #expect(made.records[4].flags.isSuperset(of: [.irregular, .waitTimeUnknown]))
    #expect(made.notes.contains("run_us is end_us - first_schedule_us"))
    #expect(made.notes.contains("1: ended before it started: its run time is taken as not known"))
    let ends = try read(
      "columns: {end_us: {from: e, unit: s}, run_us: {from: r, unit: s}}",
      ["t.csv": "e,r\n10,4\n3,5\n"])
    #expect(ends.records.map(\.submit.seconds) == [0, 6])
    #expect(ends.records[0].flags.contains(.cutOffAtStart))
    #expect(ends.records[1].runTime.seconds == 4)
  }

  @Test func `tasks that lived before the trace and after it`() throws {
    let map = """
      columns:
        submit_us: {from: c, unit: s, alive: {empty: true, below: 0}}
        first_schedule_us: {from: s, unit: s, alive: empty}
        end_us: {from: d, unit: s, alive: {empty: true, at_least: 100}}
      """
    let made = try read(map, ["t.csv": "c,s,d\n,,\n,,7\n-5,2,9\n3,4,\n3,4,100\n3,5,9\n"])
    #expect(made.records.map(\.submit.seconds) == [0, 0, 0, 3, 3, 3])
    #expect(
      made.records.map { $0.flags.contains(.cutOffAtStart) }
        == [true, true, true, false, false, false])
    #expect(
      made.records.map { $0.flags.contains(.cutOffAtEnd) }
        == [true, false, false, true, true, false])
    #expect(made.records.map(\.outcome)[3] == .running && made.records[4].outcome == .running)
    #expect(made.records[2].runTime.seconds == 7 && made.records[1].end.seconds == 7)
  }

  @Test func `dates are counted from the first submission, in a stated zone`() throws {
    let map = "{time_zone: Asia/Shanghai, columns: {submit_us: t, run_us: d}}"
    let made = try read(
      map, ["t.csv": "t,d\n2020-01-01 08:00:10,01:00:00\n2020-01-01T08:00:00,1-00:00:00\n"])
    #expect(made.records.map(\.submit.seconds) == [0, 10])
    #expect(made.records.map(\.runTime.seconds) == [86400, 3600])
    #expect(
      made.notes.contains("times are counted from the first submission, 2020-01-01T00:00:00Z"))
    let plain = try read(
      "{origin: none, columns: {submit_us: t}}", ["t.csv": "t\n1970-01-01 00:00:05\n"])
    #expect(plain.records.map(\.submit.seconds) == [5])
    #expect(
      plain.notes.contains("1 times state no zone: taken as UTC; time_zone: says another"))
  }

  // MARK: - Texts

  @Test func `separators, quotes, decimal commas, comments and names for a headerless table`()
    throws
  {
    let made = try read(
      """
      separator: ";"
      quotes: "'"
      decimal: ","
      comment: "%"
      header: [who, when, cpu, mem]
      missing: ["-", "-1"]
      columns:
        user: who
        submit_us: {from: when, unit: s}
        cpu_cores: cpu
        memory_bytes: {from: mem, unit: GiB}
      """,
      ["t.txt": "% made by hand\n'a;b';1,5; 0,25 ;-1\n'c';2;-;2,5\n"])
    #expect(made.records.map { made.stream.symbols[$0.user] } == ["a;b", "c"])
    #expect(made.records.map(\.submit.seconds) == [1.5, 2])
    #expect(made.records[0].request.cpu == Cores(0.25))
    #expect(made.records[0].flags.contains(.memoryUnknown))
    #expect(made.records[1].flags.contains(.cpuUnknown))
    #expect(made.records[1].request.memory.gibibytes == 2.5)
  }

  @Test func `words, bounds, sizes, shares and several ways to a value`() throws {
    let made = try read(
      """
      columns:
        submit_us: {from: t, unit: s}
        run_us: {from: d, unit: s}
        cpu_cores: {from: c, values: {">24": "30"}}
        memory_bytes: {any: [{from: tres, key: mem, unit: slurm}, {from: m, unit: slurm, per_node: n, per_core: c2}]}
        gpu_milli: {from: tres, key: gres/gpu, unit: gpu}
        outcome: {from: s, values: {"CANCELLED*": killed, OK: finished}, other: failed}
      """,
      [
        "t.csv": """
        t,d,c,tres,m,n,c2,s
        1,5,>24,"cpu=4,mem=8G,gres/gpu:a100=2,gres/gpu:t4=1",,,,CANCELLED by 7
        2,5,4,,4Gn,3,8,OK
        3,5,4,,100Mc,3,8,who knows

        """
      ])
    #expect(made.records.map(\.request.cpu) == [Cores(30), Cores(4), Cores(4)])
    #expect(
      made.records.map(\.request.memory.rawValue)
        == [8 << 30, 12 << 30, 800 << 20])
    #expect(made.records.map(\.request.milliGPU) == [3000, 0, 0])
    #expect(made.records.map(\.outcome) == [.killed, .finished, .failed])
  }

  @Test func `two tables joined, rows left out, and machines`() throws {
    let made = try read(
      """
      file: tasks
      only: {kind: [batch]}
      columns:
        job_id: job
        submit_us: {from: [jobs.submit, start], unit: s}
        first_schedule_us: {from: start, unit: s}
        end_us: {from: end, unit: s}
        user: jobs.user
      join:
        jobs: {file: jobs, by: job, key: id, least: submit}
      machines:
        file: nodes
        columns: {machine_id: name, cpu_cores: cpu, memory_bytes: {from: mem, unit: GiB}, platform: model}
      """,
      [
        "tasks.csv": "job,start,end,kind\n1,10,20,batch\n2,11,12,batch\n3,1,2,service\n",
        "jobs.csv": "id,submit,user\n1,9,late\n1,5,ann\n7,1,bob\n",
        "nodes.csv": "name,cpu,mem,model\na,4,8,x\nb,8,16,y\n",
      ])
    #expect(made.records.map(\.submit.seconds) == [5, 11])
    #expect(made.stream.symbols[made.records[0].user] == "ann")
    #expect(made.notes.contains("1: rows without one in jobs"))
    #expect(made.notes.contains("1 row of tasks left out: kind is none of 'batch'"))
    #expect(made.stream.report.rows == ["tasks": 3, "jobs": 3])
  }

  /// A file that is alone is the main table, not the one that is joined to it.
  @Test func `a joined table that is not there is told`() throws {
    let made = try read(
      """
      file: tasks
      columns:
        job_id: job
        submit_us: {from: start, unit: s}
        cpu_cores: {from: types.cores, optional: true}
      join:
        types: {file: types, by: type, key: type}
      """, ["tasks.csv": "job,start,type,cores\n1,10,a,64\n2,11,b,32\n"])
    #expect(made.records.allSatisfy { $0.flags.contains(.cpuUnknown) })
    #expect(made.notes.contains { $0.hasPrefix("no table types (types…)") }, "\(made.notes)")
    #expect(made.stream.report.rows == ["tasks": 2])
  }

  /// Logs begin with rows of other kinds, as many as the cluster was idle for.
  @Test(arguments: [0, 19, 20, 21, 500])
  func `rows that do not count may come first`(_ others: Int) throws {
    let idle = String(repeating: "0,0,service\n", count: others)
    let made = try read(
      """
      file: tasks
      only: {kind: [batch]}
      columns: {job_id: job, submit_us: {from: start, unit: s}}
      """, ["tasks.csv": "job,start,kind\n" + idle + "1,10,batch\n2,11,batch\n"])
    #expect(made.records.map(\.id.job) == [1, 2])
  }

  @Test func `a key that a joined table has twice is told where its rows differ`() throws {
    func made(_ jobs: String, _ least: String = "") throws -> (users: [String], notes: [String]) {
      let made = try read(
        """
        file: tasks
        columns:
          job_id: job
          submit_us: {from: start, unit: s}
          user: jobs.user
        join:
          jobs: {file: jobs, by: job, key: id\(least)}
        """, ["tasks.csv": "job,start\n1,10\n2,11\n", "jobs.csv": jobs])
      return (made.records.map { made.stream.symbols[$0.user] }, made.notes)
    }
    let rows = "id,user,at\n1,ann,5\n2,bob,5\n1,ann,9\n"
    let word = "of an earlier row and say"
    #expect(try made(rows).users == ["ann", "bob"])
    #expect(try !made(rows).notes.contains { $0.contains(word) })
    let otherwise = try made(rows + "1,eve,3\n")
    #expect(otherwise.users == ["ann", "bob"])
    #expect(
      otherwise.notes.contains(
        "jobs: 1 row has the id of an earlier row and says otherwise: the first row counts"))
    #expect(
      try made(rows + "1,eve,3\n2,,5\n").notes.contains(
        "jobs: 2 rows have the id of an earlier row and say otherwise: the first row counts"))
    // Where the mapping says which row counts there is nothing to tell.
    let least = try made(rows + "1,eve,3\n", ", least: at")
    #expect(least.users == ["eve", "bob"] && !least.notes.contains { $0.contains(word) })
  }

  @Test func `JSON lines, lists and documents are read by paths`() throws {
    let map = """
      columns:
        job_id: id
        submit_us: {from: t.at, unit: s}
        run_us: {spans: ["tries.*.from", "tries.*.to"]}
        attempts: "tries.#"
        cpu_cores: "parts.*.cpu"
        gpu_milli: {from: "want[kind=gpu].n", unit: gpu}
      dependencies: after
      """
    let one =
      #"{"id":1,"t":{"at":2},"tries":[{"from":1,"to":5},{"from":7,"to":null}],"parts":[{"cpu":1},{"cpu":2.5}],"want":[{"kind":"gpu","n":2},{"kind":"x","n":9}],"after":[]}"#
    let two =
      #"{"id":2,"t":{"at":1},"tries":[],"parts":[],"want":[],"after":[1],"more":"} ] \" {"}"#
    func check(_ made: Reading) {
      #expect(made.records.map(\.id.job) == [2, 1])
      #expect(made.records.map(\.attempts) == [0, 2])
      #expect(made.records[1].request.cpu == Cores(3.5))
      #expect(made.records[1].request.milliGPU == 2000)
      #expect(made.records[1].runTime.rawValue == 4)
      #expect(
        made.stream.dependencies.dependencies(of: TaskID(job: 2)).map(\.predecessor.job) == [1])
    }
    check(try read(map, ["t.json": one + "\n" + two + "\n"]))
    check(try read(map, ["t.json": "[\n\(one),\n  \(two)\n]\n"]))
    check(
      try read(
        map + "\nrows: all.jobs",
        ["t.json": #"{"x":[1,{"y":"]"}],"all":{"z":3,"jobs":["# + one + "," + two + "],\"n\":0}}"]))
    check(
      try read(
        map.replacing("job_id: id", with: "job_id: \"@key\"") + "\nrows: jobs.*",
        ["t.json": #"{"jobs":{"1":"# + one + ", \"2\": " + two + "}}"]))
  }

  @Test func `rows of one key are one task`() throws {
    let made = try read(
      """
      fold: vm
      columns:
        submit_us: {from: time, unit: s, where: {type: "0"}}
        first_schedule_us: {from: time, unit: s, where: {type: "0"}}
        end_us: {from: time, unit: s, where: {type: "1"}}
        cpu_cores: cpu
      """,
      ["t.csv": "vm,time,type,cpu\na,1,0,2\nb,2,0,4\na,9,1,2\n"])
    #expect(made.records.map(\.submit.seconds) == [1, 2])
    #expect(made.records.map(\.outcome) == [.finished, .running])
    #expect(made.records[0].runTime.seconds == 8)
  }

  // MARK: - Mistakes

  @Test func `every mistake in a map is told, with its place`() {
    let text = """
      time_zone: Mars/Phobos
      separator: ab
      columns:
        submit: t
        run_us: {from: d, unit: weeks, factr: 2}
        cpu_cores: {factor: -1, from: c}
        outcome: {from: s, values: {OK: fine}, match: "("}
        end_us: {form: upwards, from: e, alive: {empt: true}}
      join:
        jobs: {file: j, by: [a, b], key: k}
      """
    do {
      _ = try TableMapping(file: ConfigurationFile(text: text, name: "map.yaml"))
      Issue.record("no error")
    } catch {
      let lines = "\(error)".split(separator: "\n").map { String($0) }
      let first = [
        "map.yaml:1:12: time_zone: 'Mars/Phobos' is no zone; such as UTC, +08:00, Asia/Shanghai",
        "map.yaml:2:12: separator: 'ab' is not one character, tab, blanks or none",
      ]
      for line in first { #expect(lines.contains(line), "\(line) in \(lines)") }
      let message = "\(error)"
      for part in [
        "4:11: columns.submit: no such column", "5:27: columns.run_us.unit: 'weeks' is none of",
        "columns.run_us.factr: is not known here; did you mean 'factor'?",
        "columns.cpu_cores.factor: -1", "columns.outcome.values: 'fine' is none of",
        "columns.outcome.match: '(' is no regular expression",
        "columns.end_us.form: 'upwards' is none of day-first, month-first",
        "columns.end_us.alive.empt: is not known here; did you mean 'empty'?",
        "join.jobs.key: has 1 columns for 2 in by",
      ] { #expect(message.contains(part), "\(part) in \(message)") }
    }
  }

  @Test func `rows that cannot be read name their place and what was expected`() {
    let map = "columns: {submit_us: t, run_us: d, cpu_cores: c, memory_bytes: m, outcome: s}"
    func failure(_ row: String) -> String {
      self.failure(map, "t,d,c,m,s\n1,1,1,1,finished\n\(row)\n")
    }
    #expect(
      failure("2020-02-30 00:00:00,1,1,1,finished")
        == "t.csv:3:1: t '2020-02-30 00:00:00' is no date-time: day 30")
    #expect(failure(",1,1,1,finished") == "t.csv:3:1: t is missing")
    #expect(
      failure("1,1:x,1,1,finished") == "t.csv:3:2: d '1:x' is not a number or a length of time")
    #expect(
      failure("1,1,>24,1,finished")
        == "t.csv:3:3: c '>24' is a bound: values: {\">24\": …} says a number")
    #expect(
      failure("1,1,1,8G,finished")
        == "t.csv:3:4: m '8G' may be of 1000 or 1024: unit: slurm, pbs or kubernetes says")
    #expect(
      failure("1,1,1,1,Done")
        == "t.csv:3:5: s 'Done' is none of finished, failed, killed, evicted, lost, running, pending"
    )
    #expect(failure("1,1,1,1") == "t.csv:3: tasks has 5 columns; this row has 4")
    #expect(failure("-1,1,1,1,finished") == "t.csv:3:1: t -1 µs is negative")
    #expect(
      failure("1,1,1,1,\"fin\nished\"x")
        == "t.csv:3: a quote where none can stand; a quote inside quotes is doubled")
    #expect(
      failure("99999999999999999999,1,1,1,finished")
        == "t.csv:3:1: t 99999999999999999999 is out of range")
  }

  @Test func `broken JSON names its line`() {
    let map = "columns: {submit_us: t}"
    func failure(_ text: String, _ more: String = "") -> String {
      self.failure(map + more, text, name: "t.json")
    }
    #expect(
      failure("{\"t\":1}\n{\"t\":}\n").hasPrefix("t.json:2: expected a JSON object: "))
    #expect(failure("[{\"t\":1},\n{\"t\":2") == "t.json:2: the text ends within an object")
    #expect(failure("[{\"t\":1}\n{\"t\":2}]") == "t.json:2: expected a comma between elements")
    #expect(
      failure("[{\"t\":1},\n5]")
        == "t.json:2: expected a JSON object: it is JSON, but not an object")
    #expect(failure("[{\"t\":1},{\"t\":2}\n") == "t.json:2: the text ends within the list")
    #expect(
      failure("{\"t\":1}\n{\"t\":\"x\"}\n")
        == "t.json:2: t 'x' is no date-time: it does not begin with a date")
  }
}

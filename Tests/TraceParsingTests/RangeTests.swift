import Diagnostics
import Foundation
import Tables
import TestSupport
import Testing
import Workload

@testable import TraceInput
@testable import TraceParsing

/// Values out of their ranges in every kind of file: an error with its place, or a counted reject.
@Suite struct RangeTests {
  let folder = TemporaryFolder()
  private let opener = TraceOpener(formats: [
    RecordFileFormat(), Google2019Format(), Google2011Format(), Google2010Format(),
    StandardWorkloadFormat(), Alibaba2017Format.format, Alibaba2018Format.format,
    AlibabaGPU2023Format.format,
    MappedTableFormat.openDC,
  ])

  /// Reads all of a file; the error if it has one, and how many records and rejects there were.
  private func read(
    _ path: String, lenient: Bool = false, format: String? = nil
  ) throws -> (error: TraceError?, records: Int, rejects: Int) {
    var options = ReadOptions()
    options.threads = 1
    if lenient { options.rejects = try RejectLog { _ in } }
    var records = 0
    do throws(TraceError) {
      let stream = try opener.open(path, format: format).records(options)
      while let record = try stream.next() {
        records += 1
        if record.rangeIssue != nil { Issue.record("\(record)") }
      }
    } catch {
      return (error, records, 0)
    }
    return (nil, records, options.rejects?.counts.values.reduce(0, +) ?? 0)
  }

  /// A good row, the row with a bad value, a good row.
  private func check(
    _ name: String, _ good: String, _ bad: String, header: String = "", format: String? = nil
  ) throws {
    let rows = header + good + "\n" + bad + "\n" + good + "\n"
    let path = try folder.write(rows, to: name)
    let strict = try read(path, format: format)
    #expect(strict.error?.line == (header.isEmpty ? 2 : 3), "\(name): \(bad)")
    #expect(strict.error?.file?.hasSuffix(name) == true)
    let lenient = try read(path, lenient: true, format: format)
    #expect(lenient.error == nil && lenient.rejects == 1, "\(name): \(bad)")
  }

  @Test func recordFilesOfText() throws {
    let columns = [
      "task_index", "priority", "scheduling_class", "submit_us", "first_schedule_us",
      "last_schedule_us", "end_us", "wait_us", "run_us", "deadline_us", "estimate_us", "attempts",
      "instances", "cpu_cores", "memory_bytes", "disk_bytes", "max_cpu_cores", "max_memory_bytes",
      "max_disk_bytes", "gpu_milli",
    ]
    for column in columns where column != "submit_us" {
      for value in ["9223372036854775807", "1e30", "-9223372036854775808", "-7"] {
        try check(
          "r.csv", "5,1", "5,\(value)", header: "submit_us,\(column)\n", format: "records")
      }
    }
    for value in ["9223372036854775807", "9007199254740992", "-1"] {
      try check("s.csv", "5", value, header: "submit_us\n", format: "records")
    }
  }

  /// The same of Parquet: the record's number stands in the message, and the others are read.
  @Test func recordFilesOfParquet() throws {
    let changes: [(inout TaskRecord) -> Void] = [
      { $0.id.index = -1 }, { $0.end = Microseconds(1 << 60) }, { $0.runTime = Microseconds(-1) },
      { $0.estimate = Microseconds(1 << 53) }, { $0.attempts = .max }, { $0.instances = 0 },
      { $0.instances = 2_000_000 }, { $0.request.cpu = Cores(nano: .max) },
      { $0.request.memory = Bytes(.max) }, { $0.request.disk = Bytes(-1) },
      { $0.maxRequest.cpu = Cores(nano: 1 << 54) }, { $0.request.milliGPU = 1 << 40 },
      { $0.submit = .never },
    ]
    for change in changes {
      let path = folder("r.parquet")
      let writer = try TableFileKind(path: path).writer(
        path: path, columns: RecordColumn.table, symbols: { [""] })
      for number in 0..<1500 {
        var record = TaskRecord(
          id: TaskID(job: Int64(number)), submit: Microseconds(5), runTime: Microseconds(1),
          request: .zero)
        if number == 700 { change(&record) }
        try writer.write(record)
      }
      try writer.finish()
      let strict = try read(path)
      #expect(strict.error?.message.contains("record 701: ") == true)
      #expect(strict.records == 700)
      let lenient = try read(path, lenient: true)
      #expect(lenient.error == nil && lenient.rejects == 1 && lenient.records == 1499)
    }
  }

  @Test func tracesOfEveryFormat() throws {
    let event = "600000000,,1,0,,0,u,3,9,0.125,0.5,0.1,0"
    for bad in [
      "9007199254740992,,1,0,,0,u,3,9,0.125,0.5,0.1,0",
      "600000000,,1,0,,0,u,3,9,101,0.5,0.1,0", "600000000,,1,0,,0,u,3,9,0.1,1e6,0.1,0",
      "600000000,,1,0,,0,u,3,40000,0.1,0.5,0.1,0",
    ] { try check("task_events.csv", event, bad) }
    let job = "1 10 5 90 4 -1 -1 4 100 -1 1 3 1 -1 1 -1 -1 -1"
    for bad in [
      "2 1e10 5 90 4 -1 -1 4 100 -1 1 3 1 -1 1 -1 -1 -1",
      "2 10 5 9e12 4 -1 -1 4 100 -1 1 3 1 -1 1 -1 -1 -1",
      "2 10 5 90 9000000000 -1 -1 -1 100 -1 1 3 1 -1 1 -1 -1 -1",
      "2 10 5 90 4 -1 -1 1000000 100 1e12 1 3 1 -1 1 -1 -1 -1",
    ] { try check("log.swf", job, bad) }
    try check(
      "batch_task.csv", "1,3,5,1,2,Terminated,50,0.0079",
      "1,3,5,1,2147483647,Terminated,50,0.0079")
    let pods =
      "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,"
      + "deletion_time,scheduled_time\n"
    try check(
      "pods.csv", "openb-pod-1,4000,1638,1,500,,LS,Running,5,90,6",
      "openb-pod-2,4000,1e12,1,500,,LS,Running,5,90,6", header: pods)
  }

  @Test func machinesHaveRanges() throws {
    for bad in ["0,5,0,p,200,1", "9007199254740992,5,0,p,1,1", "0,5,0,p,1,1e300"] {
      let path = try folder.write("0,4,0,p,1,1\n\(bad)\n", to: "machine_events.csv")
      let error = #expect(throws: TraceError.self) {
        _ = try opener.open(path).machineEvents(ReadOptions())
      }
      #expect(error?.line == 2)
    }
    for cores in [-1, 0, 200_000, .nan, .infinity] {
      #expect(throws: TraceError.self) { _ = try MachineScale(cores: cores) }
    }
    #expect(throws: TraceError.self) { _ = try MachineScale(memory: Bytes(.max)) }
  }
}

/// Work and memory that follow what was read.
@Suite struct WorkLimitTests {
  let folder = TemporaryFolder()

  /// Rejected rows are handed on some at a time, whatever is wrong with them.
  @Test func rejectsDoNotGather() throws {
    let good = "600000000,,1,0,,0,u,3,9,0.125,0.5,0.1,0\n"
    for (bad, count) in [("u\n", 20_000), ("600000000,,1,0,,9,u,3,9,0.1,0.5,0.1,0\n", 20_000)] {
      let text = good + String(repeating: bad, count: count) + good
      var reader = Google2011PartReader(
        MemoryStream(Array(text.utf8), name: "x"), file: "x", layout: ColumnLayout(.taskEvents),
        options: {
          var options = ReadOptions()
          options.rejects = try? RejectLog { _ in }
          return PartOptions(options)
        }(), lastTime: .zero)
      var (rejects, most, rows) = (0, 0, 0)
      while true {
        if let row = try reader.next() {
          do throws(RowError) {
            var decoder = Google2011EventDecoder(.taskEvents)
            _ = try decoder.event(row)
            rows += 1
          } catch {
            try reader.reject(error, row)
          }
        } else if !reader.isPaused {
          rejects += reader.rejects.count
          break
        }
        most = max(most, reader.rejects.count)
        if reader.rejects.count >= Google2011PartReader.rejectLimit {
          rejects += reader.rejects.count
          reader.rejects = []
        }
      }
      #expect(rows == 2)
      #expect(rejects == count)
      #expect(most <= Google2011PartReader.rejectLimit)
    }
  }

  /// All of them are counted, on any number of threads, by rows and by records.
  @Test func rejectsAreAllCounted() throws {
    let good = "600000000,,1,0,,0,u,3,9,0.125,0.5,0.1,0\n"
    for part in 0..<3 {
      try folder.write(
        good + String(repeating: "u\n", count: 5000) + good,
        to: "t/task_events/part-0000\(part)-of-00003.csv")
    }
    for threads in [1, 3] {
      var lines = 0
      let log = try RejectLog { _ in lines += 1 }
      let result = try read(folder("t")) {
        $0.threads = threads
        $0.rejects = log
      }
      #expect(result.records.count == 1)
      #expect(log.counts == ["too few columns": 15_000])
      #expect(lines == 15_001)
      #expect(result.stream.report.rows["task_events"] == 15_006)
    }
  }

  /// A record states attempts; a layout that has rows for each takes so many and no more.
  @Test func attemptsAreBounded() throws {
    func write(_ attempts: [Int32]) throws {
      let path = folder("out-\(attempts.count)-\(attempts[0])")
      let writer = try Google2011TraceWriter(
        path: path, traceEnd: Microseconds(1_000_000_000), options: ReadOptions())
      for (job, attempts) in attempts.enumerated() {
        var record = TaskRecord(
          id: TaskID(job: Int64(job)), submit: Microseconds(5), runTime: Microseconds(1000),
          request: Resources(cpu: Cores(1)))
        record.attempts = attempts
        record.outcome = .finished
        (record.firstSchedule, record.lastSchedule) = (Microseconds(9), Microseconds(800))
        record.end = Microseconds(2000)
        try writer.write(record)
      }
      for rowsPerPart in [Int.max] {
        try writer.finish(symbols: SymbolTable(), machines: nil, rowsPerPart: rowsPerPart)
      }
    }
    try write([41_000, 1, 2])
    for attempts: [Int32] in [[.max], [600_000], Array(repeating: 1100, count: 600)] {
      let error = #expect(throws: TraceError.self) { try write(attempts) }
      #expect(error?.message.contains("attempts") == true)
    }
  }

  /// Runs that claim many more rows than there are bytes, and empty strings that cost none.
  @Test func parquetRowsFollowTheFile() throws {
    let path = folder("bomb.parquet")
    let writer = try TableFileKind(path: path).writer(
      path: path, columns: RecordColumn.table, symbols: { [""] })
    let record = TaskRecord(
      id: TaskID(job: 0), submit: .zero, runTime: .zero, request: .zero)
    let block = Array(repeating: record, count: 1 << 16)
    for _ in 0..<16 { try block.withUnsafeBufferPointer { try writer.write(contentsOf: $0) } }
    try writer.finish()
    func read(_ limit: Int) throws -> Int {
      var options = ReadOptions()
      options.maximumExpansion = limit
      let stream = try TraceOpener(formats: [RecordFileFormat()]).open(path).records(options)
      var count = 0
      while try stream.next() != nil { count += 1 }
      return count
    }
    let error = #expect(throws: TraceError.self) { _ = try read(10) }
    #expect(error?.message.contains("--max-expansion") == true)
    #expect(try read(1_000_000) == 1 << 20)
  }

  @Test func inputsHaveAtMostSoManyFiles() throws {
    // Names without digits, by which they would be parts of one.
    let letters = Array("abcdefghijklm")
    let entries = (0..<2100).map { number in
      let name = String(
        [12, 144, 1728].map { letters[number % ($0 * 12) / $0] } + [letters[number % 12]])
      return ("\(name).csv", Array("a,b\n".utf8))
    }
    let path = try folder.write(ArchiveMaker.tar(entries), to: "many.tar")
    let error = #expect(throws: TraceError.self) { _ = try TraceInput(path: path) }
    #expect(error?.message.contains("at most") == true)
  }
}

/// Inputs that once ended the program.
@Suite struct TrapTests {
  let folder = TemporaryFolder()

  /// A key twice, the second an array: what the first said must not count as elements.
  @Test func aKeyTwiceInJSON() throws {
    for first in ["-5", "1000000", "true", "[1,2,3,4,5,6,7,8,9]", "null", "\"7\"", "{}"] {
      let line =
        "{\"time\":\"1\",\"type\":0,\"collection_id\":\"5\",\"user\":\"u\",\"scheduling_class\":0,"
        + "\"priority\":0,\"start_after_collection_ids\":\(first),"
        + "\"start_after_collection_ids\":[\"1\"]}\n"
      let path = try folder.write(line, to: "collection_events.json")
      #expect(
        throws: TraceError(
          .malformedRow, "expected a JSON object: 'start_after_collection_ids' is there twice",
          file: path, line: 1)
      ) {
        _ = try TraceOpener(formats: [Google2019Format()]).open(path).records(ReadOptions())
      }
    }
  }

  @Test func pathsOfOneCharacter() throws {
    let text = Array("600000000,,1,0,,0,u,3,9,0.125,0.5,0.1,0\n".utf8)
    for name in ["a", "/", "./a", "a/b", "é", "a\u{338}/b", ".", "..", "//"] {
      for (kind, bytes) in [
        ("tar", ArchiveMaker.tar([(name, text)])), ("zip", ArchiveMaker.zip([(name, text)])),
        ("7z", ArchiveMaker.sevenZip([(name, text)])),
      ] {
        let path = try folder.write(bytes, to: "a.\(kind)")
        do { _ = try TraceInput(path: path) } catch is TraceError {}
      }
    }
  }

  @Test func requestsBeyondAnyMachineAsSWF() throws {
    let path = folder("out.swf")
    var largest = TaskRecord(
      id: TaskID(job: 1), submit: .zero, runTime: Microseconds(1), request: .zero)
    largest.request = Resources(
      cpu: Cores(nano: Ranges.amount.upperBound), memory: Bytes(Ranges.amount.upperBound))
    let table = TaskTable([largest])
    let stream = RecordStream(generated: table.source())
    let writer = try StandardWorkloadWriter(path: path, stream: stream, format: "records")
    try writer.write(largest)
    try writer.finish()
    #expect(String(decoding: try contents(path), as: UTF8.self).contains(" 18014399 "))
  }

  /// The lives of a fragment as a merge takes them.
  private static func lives(of fragment: PartFragment) throws(TraceError) -> [Lifecycle] {
    let stretches = PackedStretches(
      users: (0...fragment.names.count).map { UInt32($0) }, sets: fragment.requests, shards: 1)
    try stretches.take(fragment.lives)
    var store = LifeStore(bufferBytes: 1 << 20, directory: NSTemporaryDirectory(), partitions: 1)
    try stretches.add(shard: 0, to: &store)
    var lives: [Lifecycle] = []
    try store.forEachLife { (bytes, _) throws(TraceError) in
      var (size, set) = (0, UInt16(0))
      lives.append(
        store.requests.sets.withUnsafeBufferPointer {
          Lifecycle(packed: bytes, $0, size: &size, set: &set)
        })
    }
    return lives
  }

  /// Kept work that was made by hand, with the right digest.
  @Test func keptWorkIsChecked() throws {
    var fragment = PartFragment(
      origin: "x", survey: TableSurvey(), names: ["u"], rejects: [],
      transitions: TransitionCounts(), earliest: .never, latest: .zero, requests: [], lives: [])
    var event = LifecycleEvent(id: TaskID(job: 7, index: 1), kind: .submit, time: Microseconds(9))
    event.user = UserID(1)
    let life = Lifecycle(event)
    var bytes = [UInt8](repeating: 0, count: Lifecycle.maximumPackedSize)
    let size = bytes.withUnsafeMutableBytes { life.pack(to: $0.baseAddress!, requests: 0) }
    fragment.lives = Array(bytes[..<size])
    #expect(try Self.lives(of: fragment).map(\.id.index) == [1])
    var random = TestRandom(5)
    var refused = 0
    for _ in 0..<3000 {
      var damaged = fragment
      for _ in 0..<Int.random(in: 1...5, using: &random) {
        let place = Int.random(in: 0..<damaged.lives.count, using: &random)
        damaged.lives[place] = UInt8.random(in: 0...255, using: &random)
      }
      do throws(TraceError) {
        for life in try Self.lives(of: damaged) where !life.isPlausible {
          Issue.record("\(life)")
        }
      } catch {
        refused += 1
      }
    }
    #expect(refused > 1000)
    let path = folder("part-0.lives")
    try fragment.write(to: path)
    #expect(PartFragment(path: path)?.lives == fragment.lives)
  }
}

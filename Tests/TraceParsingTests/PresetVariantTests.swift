import Diagnostics
import Foundation
import Testing
import Workload

@testable import TraceInput
@testable import TraceParsing

/// Traces in the formats of the presets that are written otherwise than the published rows: columns in another
/// order, more of them, quotes, line ends, compression, types of Parquet. What their records must be is worked
/// out in Python (`Tests/Oracles/preset_variants.py`).
@Suite struct PresetVariantTests {
  private static let python: String? = {
    let named = ProcessInfo.processInfo.environment["TRACEMILL_PYTHON"]
    return [named, Formats.root + "/.venv/bin/python", "/usr/bin/python3"].compactMap { $0 }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  struct Case: Decodable {
    let path: String
    let format: String
    let records: [Row]
  }

  /// What is compared; amounts that are not known are 0.
  struct Row: Decodable, Hashable {
    let submit_us: Int64
    let first_schedule_us: Int64?
    let end_us: Int64?
    let run_us: Int64?
    let wait_us: Int64?
    let cpu_cores: Double
    let memory_bytes: Int64
    let gpu_milli: Int64
    let outcome: String
    let instances: Int32

    init(_ record: TaskRecord) {
      submit_us = record.submit.rawValue
      first_schedule_us = record.firstSchedule.isKnown ? record.firstSchedule.rawValue : nil
      end_us = record.end.isKnown ? record.end.rawValue : nil
      run_us = record.flags.contains(.runTimeUnknown) ? nil : record.runTime.rawValue
      wait_us = record.flags.contains(.waitTimeUnknown) ? nil : record.waitTime.rawValue
      cpu_cores = record.request.cpu.value
      memory_bytes = record.request.memory.rawValue
      gpu_milli = record.request.milliGPU
      outcome = record.outcome.name
      instances = record.instances
    }
  }

  /// Writes the cases into a folder; nil where there is no Python.
  static func cases(_ folder: ScratchFolder, seed: Int) throws -> [String: Case]? {
    guard let python else { return nil }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [
      Formats.root + "/Tests/Oracles/preset_variants.py", folder.path, "\(seed)",
    ]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return try JSONDecoder().decode([String: Case].self, from: data)
  }

  @Test(.enabled(if: python != nil, "needs a Python"), arguments: [11, 12])
  func `records are those that Python makes`(_ seed: Int) throws {
    let folder = try ScratchFolder()
    let cases = try #require(try Self.cases(folder, seed: seed))
    #expect(cases.count > 100)
    for (name, expected) in cases.sorted(by: { $0.key < $1.key }) {
      let trace = try TraceOpener(formats: PresetTests.formats).open(
        folder.path + "/" + expected.path)
      #expect(trace.format == expected.format, "\(name)")
      let made = try Formats.drain(trace.records(ReadOptions())).map(Row.init)
      var counts: [Row: Int] = [:]
      for row in expected.records { counts[row, default: 0] += 1 }
      for row in made { counts[row, default: 0] -= 1 }
      let wrong = counts.filter { $0.value != 0 }
      #expect(wrong.isEmpty, "\(name): \(wrong.prefix(4))")
    }
  }

  @Test(.enabled(if: python != nil, "needs a Python"))
  func `one file is read as many, and nothing differs`() throws {
    let folder = try ScratchFolder()
    let cases = try #require(try Self.cases(folder, seed: 13))
    for (name, one) in cases.sorted(by: { $0.key < $1.key }) {
      func read(_ threads: Int) throws -> ([TaskRecord], SymbolTable, TaskAttributes, ReadReport) {
        var options = ReadOptions()
        options.threads = threads
        let trace = try TraceOpener(formats: PresetTests.formats).open(folder.path + "/" + one.path)
        let stream = try trace.records(options)
        let records = try Formats.drain(stream)
        return (records, stream.symbols, stream.attributes, stream.report)
      }
      let whole = try read(1)
      for bytes in [100, 1000] {
        let pieces = try TextPieces.$pieceBytes.withValue(bytes) { try read(4) }
        #expect(pieces.0 == whole.0, "\(name)")
        #expect(pieces.1 == whole.1, "\(name)")
        #expect(pieces.2 == whole.2, "\(name)")
        #expect(pieces.3 == whole.3, "\(name)")
      }
    }
  }

  /// Rows with what can hide line ends, and rows that cannot be read, in pieces of every size.
  @Test func `pieces of text keep lines, quotes and rejected rows`() throws {
    let folder = try ScratchFolder()
    var rows = ["job_id,submission_time,duration,num_gpu,remark"]
    for row in 0..<60 {
      let remark = row % 17 == 16 ? "\"two\nlines, \"\"one\"\" row\"" : "plain"
      let time = row % 13 == 12 ? "soon" : "\(row)"
      rows.append("job\(row),\(time),600,1,\(remark)")
    }
    for (ends, place) in [("\n", 0), ("\r\n", 1)] {
      let path = try folder.write("cluster\(place).csv", rows.joined(separator: ends) + ends)
      let format = try #require(MappedTableFormat.presets.first { $0.name == "microsoft-itp" })
      func read(_ threads: Int, lenient: Bool) throws -> [String] {
        var lines: [String] = []
        var options = ReadOptions()
        options.threads = threads
        options.rejects = lenient ? try RejectLog { lines.append($0) } : nil
        do throws(TraceError) {
          let stream = try TraceOpener(formats: [format]).open(path).records(options)
          while let record = try stream.next() { lines.append("\(record)") }
          lines.append("\(stream.report)")
        } catch {
          lines.append("\(error)")
        }
        return lines
      }
      for lenient in [false, true] {
        let whole = try read(1, lenient: lenient)
        #expect(whole.contains { $0.contains("soon") })
        for bytes in [1, 7, 50, 64, 333, 1500] {
          let pieces = try TextPieces.$pieceBytes.withValue(bytes) {
            try read(4, lenient: lenient)
          }
          #expect(pieces == whole, "\(bytes) bytes")
        }
      }
    }
  }

  @Test func `names of one number are told, on any number of threads`() throws {
    // Both have the 64-bit FNV-1a hash of the other but for the two bits that a number does not keep: not
    // known; so two rows of one name must pass, and names that differ must have numbers that differ.
    let folder = try ScratchFolder()
    let path = try folder.write(
      "c.csv", "job_id,submission_time,duration,num_gpu\na,1,2,1\na,2,2,1\nb,3,2,1\n")
    let stream = try TraceOpener(formats: PresetTests.formats).open(path).records(ReadOptions())
    let jobs = try Formats.drain(stream).map(\.id.job)
    #expect(jobs[0] == jobs[1] && jobs[1] != jobs[2])
    var repeated = RepeatedTasks(bufferBytes: 1 << 20, directory: NSTemporaryDirectory())
    try repeated.add(TaskID(job: 5), check: 7)
    try repeated.add(TaskID(job: 6), check: 7)
    try repeated.add(TaskID(job: 5), check: 9)
    #expect(try repeated.result().shared == 5)
  }

  @Test func `a column of numbers in some rows and names in others has names`() throws {
    let folder = try ScratchFolder()
    let path = try folder.write(
      "cluster_log.csv",
      """
      job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue
      1,u,12,1,1,1,COMPLETED,2020-04-01 00:00:00,2020-04-01 00:00:01,2020-04-01 00:00:02,1,1
      2,u,vc7,1,1,1,COMPLETED,2020-04-01 00:00:01,2020-04-01 00:00:01,2020-04-01 00:00:02,1,0
      3,u,13,1,1,1,COMPLETED,2020-04-01 00:00:02,2020-04-01 00:00:02,2020-04-01 00:00:02,0,0

      """)
    let stream = try TraceOpener(formats: PresetTests.formats).open(path).records(ReadOptions())
    _ = try Formats.drain(stream)
    #expect(stream.attributes.columns == [.init(name: "vc", kind: .symbol)])
    let names = (1...3).map { job in
      stream.attributes["vc", TaskID(job: job)].map { stream.symbols[UInt32($0)] }
    }
    #expect(names == ["12", "vc7", "13"])
  }

  /// What the usual form of a date-time is read as, and what the reader of all forms says.
  @Test func `date-times of the usual form are what they are in any`() throws {
    let texts = [
      "2020-06-09 18:41:01", "2020-02-29T23:59:60", "1969-12-31 23:59:59.999999999",
      "2021-13-01 00:00:00", "2021-02-29 00:00:00", "2021-01-01 24:00:00", "2021-01-01 00:60:00",
      "2021-01-01 00:00:00.5+08:00", "2021-01-01T00:00:00Z", "2021-01-01T00:00:00-07:30",
      "2021-01-01 00:00:00 PST", "2021-01-01 00:00:00.", "2021/01/01 00:00:00",
      "2021-01-01 0:00:001",
      "2021-01-01 00:00:00+15:00", "2021-01-01 00:00:00.1234567891", "2021-01-0a 00:00:00",
      "0000-01-01 00:00:00", "9999-12-31 00:00:00",
    ]
    var day = FixedDate.Day()
    var taken = 0
    for text in texts + texts.reversed() {
      Array(text.utf8).withUnsafeBytes { bytes in
        guard let (local, offset) = FixedDate.read(bytes, &day) else { return }
        taken += 1
        let slow = try? DateText(bytes, nil)
        #expect(slow?.local == local && slow?.offset == offset, "\(text)")
      }
    }
    #expect(taken >= 16)
  }
}

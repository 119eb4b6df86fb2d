import Diagnostics
import Foundation
import Testing
import TraceInput
import TraceParsing
import Workload

/// `machine_usage` of Alibaba's cluster-trace-v2018. No published row of it is here: these are made after its
/// schema (machine_id, time_stamp, cpu_util_percent, mem_util_percent, mem_gps, mkpi, net_in, net_out,
/// disk_io_percent; -1 and 101 are no values).
@Suite struct AlibabaUsageTests {
  private func open(_ files: [String: String]) throws -> (any RecognisedTrace, ScratchFolder) {
    let folder = try ScratchFolder()
    for (name, text) in files { try folder.write(name, text) }
    return (try TraceOpener(formats: [Alibaba2018Format.format]).open(folder.path), folder)
  }

  @Test func `use over time of machines`() throws {
    let (trace, folder) = try open([
      "machine_usage.csv": """
      m_1932,386640,41,92,,,43.04,33.08,4
      m_1932,386670,43,92,1.5,2,43.04,33.08,101
      m_7,0,-1,101,,,,,
      m_7,10,0,100,,,0,0,-1

      """,
      "batch_task.csv": "M1,2,j_1,1,Terminated,10,20,100,0.5\n",
      "machine_meta.csv": "m_7,0,1,2,96,100,USING\n",
    ])
    defer { withExtendedLifetime(folder) {} }
    #expect(trace.tables.map(\.name) == ["batch_task", "machine_meta", "machine_usage"])
    #expect(trace.passedOver.isEmpty)
    let survey = try trace.survey("machine_usage", ReadOptions())
    #expect(survey.rows == 4 && survey.subjects == 2 && survey.beforeStart == 0)
    #expect(survey.firstTime == .zero && survey.lastTime.seconds == 386_670)
    let (cpu, memory, disk) = (survey.measures[0], survey.measures[1], survey.measures[2])
    #expect(survey.measures.map(\.name) == ["CPU", "memory", "disk I/O"])
    #expect([cpu, memory, disk].map(\.count) == [3, 3, 1])
    #expect([cpu, memory, disk].map(\.missing) == [1, 1, 3])
    #expect(cpu.mean == 28 && cpu.most == 43 && disk.mean == 4)
    #expect(abs(memory.mean - 284.0 / 3) < 1e-12 && memory.most == 100)
    // 192 steps at most: of 2,048 s here; the rest has no reading.
    #expect(cpu.width == 2048 && cpu.steps.count == 189)
    #expect(
      cpu.steps[0] == 0 && cpu.steps[188] == 42 && cpu.steps[1..<188].allSatisfy { $0 == nil })
    #expect(try Formats.drain(trace.records(ReadOptions())).count == 1)
  }

  /// Sums of random readings, worked out row by row here, on one thread and on four.
  @Test(arguments: [1, 4])
  func sumsOfManyRows(_ threads: Int) throws {
    var random = SystemRandomNumberGenerator()
    var (text, sum, count, machines) = ("", 0, 0, Set<Int>())
    for row in 0..<20_000 {
      let (machine, cpu) = (
        Int.random(in: 0..<500, using: &random), Int.random(in: -1...101, using: &random)
      )
      text += "m_\(machine),\(row * 10),\(cpu),50,,,,,\n"
      machines.insert(machine)
      if (0...100).contains(cpu) { (sum, count) = (sum + cpu, count + 1) }
    }
    let (trace, folder) = try open(["machine_usage.csv": text])
    defer { withExtendedLifetime(folder) {} }
    var options = ReadOptions()
    options.threads = threads
    let survey = try trace.survey("machine_usage", options)
    #expect(survey.rows == 20_000 && survey.subjects == machines.count)
    #expect(survey.measures[0].count == count)
    #expect(abs(survey.measures[0].mean * Double(count) - Double(sum)) < 1e-6)
    #expect(survey.measures[1].mean == 50 && survey.measures[2].count == 0)
  }

  @Test func `by itself it is surveyed, and no records are made of it`() throws {
    let (trace, folder) = try open(["machine_usage.csv": "m_1,10,41,92,,,43.04,33.08,4\n"])
    #expect(!trace.canMakeRecords(from: nil) && trace.machineTable == nil)
    #expect {
      _ = try trace.records(ReadOptions())
    } throws: { "\($0)".hasSuffix("no batch_task here to make records from, only machine_usage") }
    withExtendedLifetime(folder) {}
  }

  @Test(arguments: [
    ("m_1,10,forty,92,,,,,4", "3: cpu_util_percent 'forty' is not a number"),
    ("m_1,10,102,92,,,,,4", "3: cpu_util_percent 102 is not between -1 and 101"),
    ("m_1,10,-0.5,92,,,,,4", "3: cpu_util_percent '-0.5' is not -1 (unknown) or at least 0"),
    ("m_1,10,4,1e300,,,,,4", "4: mem_util_percent 1e300 is not between -1 and 101"),
    ("m_1,,4,92,,,,,4", "2: time_stamp is empty; expected seconds"),
    ("m_1,soon,4,92,,,,,4", "2: time_stamp 'soon' is not a number"),
    (",10,4,92,,,,,4", "1: machine_id is empty; expected a machine's name"),
    ("m_1,10,4,92,,,,4", " machine_usage has 9 columns; this row has 8"),
    ("m_1,10,4,\u{0},,,,,4", #"4: mem_util_percent '\u{0}' is not a number"#),
    ("m_1,10,4,92,,,,,nan", "9: disk_io_percent 'nan' is not a number"),
  ])
  func `what is wrong is told in one line`(_ row: String, _ message: String) throws {
    let good = "m_1,10,41,92,,,43.04,33.08,4\n"
    let (trace, folder) = try open(["machine_usage.csv": good + good + row + "\n" + good])
    let path = folder.path + "/machine_usage.csv"
    #expect {
      _ = try trace.survey("machine_usage", ReadOptions())
    } throws: { "\($0)" == "\(path):3:\(message)" }
    var options = ReadOptions()
    let rejects = try RejectLog { _ in }
    options.rejects = rejects
    #expect(try trace.survey("machine_usage", options).measures[0].count == 3)
    #expect(rejects.counts.values.reduce(0, +) == 1)
  }
}

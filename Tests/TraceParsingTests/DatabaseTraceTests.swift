import Diagnostics
import Foundation
import SQLite
import Testing
import TraceInput
import TraceParsing
import Workload

/// The databases that `Tests/Oracles/sqlite_traces.py` makes, once.
private enum MadeDatabases {
  typealias Sums = [String: [String: Double]]

  static let all: (folder: ScratchFolder, sums: Sums)? = try? OracleRun.json("sqlite_traces.py")
}

/// Traces in databases of SQLite, made by `Tests/Oracles/sqlite_traces.py`, which adds them up by SQL.
@Suite(.enabled(if: MadeDatabases.all != nil, "needs a Python")) struct DatabaseTraceTests {
  private static let formats = PresetTests.formats
  private var folder: String { MadeDatabases.all?.folder.path ?? "" }
  private var sums: MadeDatabases.Sums { MadeDatabases.all?.sums ?? [:] }

  private func opener(_ machineType: String?) -> TraceOpener {
    let packing = machineType.map(MappedTableFormat.azurePacking)
    return TraceOpener(
      formats: Self.formats.map { $0.name == "azure-packing-2020" ? packing ?? $0 : $0 })
  }

  private func options() throws -> ReadOptions {
    var options = ReadOptions()
    options.scale = try MachineScale(cores: 64, memory: Bytes(gibibytes: 256))
    return options
  }

  @Test(
    arguments: ["packing.sqlite", "packing.zip", "utf16.sqlite", "copied.sqlite"],
    ["0", "1", "2", "3", "4"])
  func `Azure packing adds up`(_ file: String, _ machineType: String) throws {
    let expected = try #require(sums["azure " + machineType])
    let trace = try opener(machineType).open(folder + "/" + file)
    #expect(trace.format == "azure-packing-2020")
    #expect(trace.relativeAmounts == [.cpu, .memory])
    let stream = try trace.records(options())
    let records = try Formats.drain(stream)
    #expect(Double(records.count) == expected["records"])
    #expect(Double(records.count { $0.outcome == .finished }) == expected["ended"])
    #expect(Double(records.count { $0.priorityClass == .bestEffort }) == expected["best effort"])
    // Those that began before the trace and those beyond it have no run time.
    let run = records.filter { !$0.flags.contains(.runTimeUnknown) }
      .reduce(0) { $0 + Double($1.runTime.rawValue) }
    #expect(run == expected["run"])
    let cpu = records.reduce(0) { $0 + $1.request.cpu.value }
    let memory = records.reduce(0) { $0 + Double($1.request.memory.rawValue) }
    #expect(abs(cpu / (expected["cpu"] ?? 0) - 1) < 1e-9)
    #expect(abs(memory / (expected["memory"] ?? 0) - 1) < 1e-9)
    let left = stream.report.notes.first { $0.text.contains("left out, as types has none") }
    #expect(left?.figures["tasks"] == expected["left out"])
  }

  @Test func `a type of machine must be chosen, and be there`() throws {
    let there = "--machine-type is one of (with how many rows each) 1 (34), 2 (34), 0 (33), 3 (33)"
    #expect(
      told("packing.sqlite", nil)
        == "packing.sqlite: types has rows for each machineId, of which one must be chosen: "
        + "\(there), 4 (33)")
    #expect(
      told("packing.sqlite", "16")
        == "packing.sqlite: no rows of types have machineId 16: \(there), 4 (33)")
  }

  /// SQLite takes zeros for what a short last page lacks.
  @Test func `a database that ends within a page is damaged`() throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: folder + "/gwa.db3"))
    let scratch = try ScratchFolder()
    for cut in [1, 2, 7, 300] {
      let path = scratch.path + "/cut.db3"
      try whole.dropLast(cut).write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: TraceError.self) {
        _ = try Formats.drain(opener(nil).open(path).records(ReadOptions()))
      }
      #expect(error?.message.contains("cut off") == true, "\(String(describing: error))")
    }
  }

  @Test func `a whole database passes verification, a cut one does not`() throws {
    let results = try TraceVerifier.verify(
      folder + "/gwa.db3", opener(nil), options: ReadOptions(), acceptsMissing: false)
    #expect(results.allSatisfy { $0.passed }, "\(results)")
    let whole = try Data(contentsOf: URL(fileURLWithPath: folder + "/gwa.db3"))
    let scratch = try ScratchFolder()
    try whole.dropLast(9).write(to: URL(fileURLWithPath: scratch.path + "/cut.db3"))
    let cut = try TraceVerifier.verify(
      scratch.path + "/cut.db3", opener(nil), options: ReadOptions(), acceptsMissing: false)
    #expect(cut.contains { !$0.passed })
  }

  @Test func `the Grid Workloads Archive as a database is what it is as text`() throws {
    let expected = try #require(sums["gwa"])
    var found: [[TaskRecord]] = []
    for file in ["gwa.db3", "gwa.gwf"] {
      let trace = try opener(nil).open(folder + "/" + file)
      #expect(trace.format == "gwa")
      found.append(try Formats.drain(trace.records(ReadOptions())))
    }
    #expect(found[0] == found[1])
    let records = found[0]
    #expect(Double(records.count) == expected["records"])
    #expect(records.reduce(0) { $0 + Double($1.runTime.rawValue) } == expected["run"])
    #expect(records.reduce(0) { $0 + Double($1.waitTime.rawValue) } == expected["wait"])
    #expect(records.reduce(0) { $0 + $1.request.cpu.value } == expected["cpu"])
    #expect(records.reduce(0) { $0 + Double($1.request.memory.rawValue) } == expected["memory"])
    #expect(Double(records.count { $0.outcome == .finished }) == expected["finished"])
  }

  private func told(
    _ file: String, _ machineType: String?, in folder: String? = nil, format: String? = nil
  ) -> String {
    let folder = folder ?? self.folder
    do {
      let trace = try opener(machineType).open(folder + "/" + file, format: format)
      _ = try Formats.drain(trace.records(options()))
      return "no error"
    } catch { return "\(error)".replacing(folder + "/", with: "") }
  }

  private static let tables =
    "no format has these tables; the database has vmType (id, vmTypeId, machineId, core, memory, hdd, ssd, nic), "
    + "vms (vmId, tenantId, vmTypeId, priority, starttime, endtime)"
  private static let way =
    "; --columns says which of them stand for which of ours (table: names a table)"

  @Test(arguments: [
    ("view", tables + "; not read, as nothing that a file says is executed: vm" + way),
    (
      "generated",
      tables
        + ", vm (vmId, tenantId, vmTypeId, priority, starttime, late; worked out, and so not read: endtime)"
        + way
    ),
    ("blob", "row 3: starttime is a blob of 2000 bytes, not a number or a text"),
    ("text", "row 3: endtime 'soon' is not a number"),
    (
      "priority",
      "row 3: priority '7' is none of unknown, best-effort, batch, mid, production, monitoring"
    ),
    (
      "truncated", "the database is damaged: it is cut off: 112640 bytes are no whole pages of 4096"
    ),
    ("noise", "the database is damaged: it is cut off: 8100 bytes are no whole pages of 4096"),
    ("schema", "the database is damaged: malformed database schema (vm) - incomplete input"),
    (
      "journal",
      "the database waits for its journal to be taken back: open it once with the program that wrote it"
    ),
    (
      "unfinished",
      "rows may be in unfinished.sqlite-wal beside it, a log of a program that did not finish: "
        + "sqlite3 FILE 'PRAGMA wal_checkpoint' brings them in"
    ),
    ("twice", "the database is damaged: row 0 comes after row 143"),
  ])
  func `a database that is broken or hostile is told in one line`(
    _ name: String, _ message: String
  ) {
    #expect(told("\(name).sqlite", "1") == "\(name).sqlite: \(message)")
  }

  @Test
  func `a database that another program has locked is told, and nothing is written beside one`()
    throws
  {
    let own = try ScratchFolder()
    for file in ["packing.sqlite", "copied.sqlite"] {
      try FileManager.default.copyItem(atPath: folder + "/" + file, toPath: own.path + "/" + file)
      #expect(told(file, "1", in: own.path) == "no error")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: own.path).count == 2)
    let other = try Database(path: own.path + "/packing.sqlite", wait: 0)
    try other.execute("BEGIN EXCLUSIVE")
    #expect(
      told("packing.sqlite", "1", in: own.path)
        == "packing.sqlite: another program has locked the database")
    try other.execute("COMMIT")
    #expect(told("packing.sqlite", "1", in: own.path) == "no error")
  }

  @Test func `upper and lower case of names are one, as SQLite has it`() throws {
    let own = try ScratchFolder()
    let path = own.path + "/case.sqlite"
    let database = try Database(path: path, wait: 0)
    for sql in [
      "CREATE TABLE VMTYPE (id, VmTypeID, MACHINEID, Core, memory, hdd, ssd, nic)",
      "CREATE TABLE Vm (VMID, tenantid, VmTypeId, Priority, StartTime, EndTime)",
      "INSERT INTO VMTYPE VALUES (0, 1, 0, 0.5, 0.25, 0, 0, 0)",
      "INSERT INTO Vm VALUES (7, 3, 1, 0, 1.0, 2.0)",
    ] { try database.execute(sql) }
    let records = try Formats.drain(opener("0").open(path).records(options()))
    #expect(records.map(\.id.job) == [7] && records.map(\.request.cpu) == [Cores(32)])
    #expect(records.map(\.runTime.rawValue) == [86_400_000_000])
  }

  /// Bytes that are wrong anywhere end in an error or in fewer or other records, never in a trap or without end.
  @Test func `damage anywhere is survived`() throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: folder + "/text.sqlite"))
    let own = try ScratchFolder()
    var generator = SplitMix(state: 11)
    for _ in 0..<200 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        // Past the magic, and most often where pages and cells say where things are.
        let page = Int.random(in: 0..<bytes.count / 4096, using: &generator) * 4096
        let place = max(
          16,
          page
            + Int.random(in: 0..<(Bool.random(using: &generator) ? 120 : 4096), using: &generator))
        bytes[place] = UInt8.random(in: 0...255, using: &generator)
      }
      try bytes.write(to: URL(fileURLWithPath: own.path + "/damaged.sqlite"))
      #expect(
        !told("damaged.sqlite", "1", in: own.path, format: "azure-packing-2020").contains("\n"))
    }
  }
}

private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

import Configuration
import Diagnostics
import Foundation
import Simulation
import Workload

@testable import Experiments
@testable import Generation
@testable import MARL
@testable import Parquet
@testable import TraceInput
@testable import TraceParsing

/// A way into the program: any bytes end in a value or in an error, never in a trap, a hang or more
/// memory than libFuzzer's limits allow.
struct FuzzTarget: Sendable {
  let name: String
  let run: @Sendable ([UInt8]) -> Void

  static let all = [
    FuzzTarget(name: "rows", run: rows), FuzzTarget(name: "csv", run: csv),
    FuzzTarget(name: "json", run: json), FuzzTarget(name: "gzip", run: gzip),
    FuzzTarget(name: "parquet", run: parquet), FuzzTarget(name: "thrift", run: thrift),
    FuzzTarget(name: "safetensors", run: safetensors), FuzzTarget(name: "swf", run: swf),
    FuzzTarget(name: "yaml", run: yaml), FuzzTarget(name: "store", run: store),
    FuzzTarget(name: "sqlite", run: sqlite), FuzzTarget(name: "events", run: events),
    FuzzTarget(name: "lives", run: lives), FuzzTarget(name: "kubernetes", run: kubernetes),
  ]

  /// A file for what is read by its path; in memory where there is such a place.
  private static let folder: String = {
    let base =
      FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
    let path = "\(base)/tracemill-fuzz-\(getpid())"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }()

  private static func file(_ name: String, _ bytes: [UInt8]) -> String {
    let path = "\(folder)/\(name)"
    FileManager.default.createFile(atPath: path, contents: Data(bytes))
    return path
  }

  private static var lenient: ReadOptions {
    var options = ReadOptions()
    options.threads = 1
    options.rejects = try? RejectLog { _ in }
    return options
  }

  /// The quick row scanner and the careful one, which must agree, whatever the blocks that they read.
  private static func rows(_ bytes: [UInt8]) {
    /// All fields behind one another, each with its end and each row with its own; nil for an error.
    func all(_ reader: any RowReader) -> [UInt32]? {
      let batch = RowBatch()
      var rows: [UInt32] = []
      do {
        while try reader.nextBatch(batch) {
          for index in 0..<batch.count {
            batch.withRow(index) { row in
              for field in 0..<row.count {
                for byte in row[field] { rows.append(UInt32(byte)) }
                rows.append(256)
              }
            }
            rows.append(257)
          }
        }
        return rows
      } catch {
        return nil
      }
    }
    let block = 4 + (bytes.first.map(Int.init) ?? 0)
    let plain = all(PlainRowReader(MemoryStream(bytes, name: "x"), blockBytes: block))
    let careful = all(LibCSVRowReader(MemoryStream(bytes, name: "x"), blockBytes: 300))
    if plain != careful { fatalError("two readings of the same rows") }
    _ = all(BlankRowReader(MemoryStream(bytes, name: "x")))
  }

  /// Record files of text, and on through the engine.
  private static func csv(_ bytes: [UInt8]) {
    let stream = PeekableStream(MemoryStream(bytes, name: "x"))
    let file = TraceInput.File(
      name: "x", folder: "", baseName: "x", size: nil,
      location: .standardInput(StandardInput(stream)))
    let group = TraceInput.Group(files: [file], numbers: [], total: nil, head: [])
    let reader = CSVRecordReader(group, options: lenient)
    var (symbols, checker) = (SymbolTable(), RecordOrderChecker())
    var records: [TaskRecord] = []
    while records.count < 10_000, let record = try? reader.next(&symbols, checker: &checker) {
      if let issue = record.rangeIssue { fatalError(issue) }
      records.append(record)
    }
    simulate(records)
  }

  /// Both modes, audited.
  private static func simulate(_ records: [TaskRecord]) {
    guard !records.isEmpty else { return }
    let machines = [
      MachineDescription(
        number: 0, capacity: Resources(cpu: Cores(8), memory: Bytes(gibibytes: 64))),
      MachineDescription(
        number: 1,
        capacity: Resources(
          cpu: Cores(nano: Ranges.amount.upperBound), memory: Bytes(Ranges.amount.upperBound),
          disk: Bytes(Ranges.amount.upperBound))),
    ]
    guard let layout = try? ClusterLayout(machines: machines) else { return }
    for mode in [SimulationOptions.Mode.central, .dispatch] {
      var options = SimulationOptions()
      (options.mode, options.audit, options.maximumInFlight) = (mode, true, 2000)
      options.backfilling = mode == .central ? .easy : .none
      let simulator = Simulator(
        cluster: layout, policy: mode == .central ? FirstFit() : RoundRobin(), options: options,
        seed: 1)
      guard let report = try? simulator.run(TaskTable(records).source()) else { continue }
      if report.audit?.passed == false { fatalError("the audit does not pass") }
    }
  }

  private static func json(_ bytes: [UInt8]) {
    for table in [Google2019Table.instanceEvents, .collectionEvents, .machineEvents] {
      guard
        let reader = try? JSONLineReader(MemoryStream(bytes, name: "x"), fields: table.fields)
      else { return }
      var decoder = Google2019EventDecoder(table, ReadOptions())
      while true {
        do {
          let more = try reader.next { row in
            if table == .machineEvents {
              _ = try? decoder.machineEvent(row, .assumed)
            } else if let event = try? Google2019Event(row, of: table) {
              _ = decoder.add(event)
            }
          }
          if !more { break }
        } catch { if error.code != .malformedRow { break } }
      }
    }
  }

  private static func gzip(_ bytes: [UInt8]) {
    let limit = 20
    for opened in [
      try? OpenedStream(decoding: MemoryStream(bytes, name: "x"), limit: limit).stream
        as any ByteStream,
      GzipStream(MemoryStream(bytes, name: "x")),
    ] {
      guard let stream = opened else { continue }
      withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
        var total = 0
        while total < 64 << 20, let count = try? stream.read(into: buffer), count > 0 {
          total += count
        }
      }
    }
  }

  private static func parquet(_ bytes: [UInt8]) {
    var limits = ParquetLimits()
    limits.pageBytes = 4 << 20
    guard let reader = try? ParquetReader(ParquetBytes(bytes), limits: limits),
      (try? reader.checkExpansion(limit: 1000, allowance: 1 << 20)) != nil
    else { return }
    for column in reader.columns {
      func drain<Value: ParquetValue>(_ type: Value.Type) {
        guard let cursor = try? reader.cursor(column.name, of: type) else { return }
        var buffer = ParquetColumnBuffer<Value>()
        while let count = try? cursor.read(1000, into: &buffer), count > 0 {}
      }
      switch column.type {
      case .boolean: drain(Bool.self)
      case .int32: drain(Int32.self)
      case .int64: drain(Int64.self)
      case .float: drain(Float.self)
      case .double: drain(Double.self)
      case .string:
        guard let cursor = try? reader.stringCursor(column.name) else { continue }
        var buffer = ParquetStringBuffer()
        while let count = try? cursor.read(1000, into: &buffer), count > 0 {
          for row in 0..<count { _ = buffer[row]?.utf8.count }
        }
      }
    }
    for column in reader.listColumns {
      guard let cursor = try? reader.listCursor(column.name) else { continue }
      while let rows = try? cursor.read(1000), !rows.isEmpty {}
    }
  }

  private static func thrift(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { bytes in
      if let footer = try? FileMetadata(from: bytes) { _ = try? FlatSchema(footer.schema) }
      var reader = ThriftReader(bytes)
      _ = try? PageHeader(from: &reader)
    }
  }

  private static func safetensors(_ bytes: [UInt8]) {
    guard let file = try? SafeTensors(Data(bytes)) else { return }
    _ = try? PolicyModel(file)
  }

  private static func swf(_ bytes: [UInt8]) {
    var part = FieldTablePart(StandardWorkloadColumn.table, .blanks(header: nil), lenient)
    var gathering = RecordGathering(lenient)
    var records: [TaskRecord] = []
    try? part.read(
      MemoryStream(bytes, name: "x"), file: "x",
      { row throws(RowError) in
        let job = try StandardWorkloadJob(row)
        job.add(to: &gathering)
      }, flush: { tally throws(TraceError) in _ = tally.take() })
    guard let stream = try? gathering.stream() else { return }
    while records.count < 1000, let record = try? stream.next() {
      if let issue = record.rangeIssue { fatalError(issue) }
      records.append(record)
    }
    simulate(records)
  }

  private static func yaml(_ bytes: [UInt8]) {
    let file = ConfigurationFile(text: String(decoding: bytes, as: UTF8.self), name: "x")
    if let definition = try? ExperimentDefinition(file) {
      if let issue = definition.issues().first { fatalError("\(issue)") }
      var options = SimulationOptions()
      definition.engine.apply(to: &options)
    }
    if let spec = try? file.read(ClusterSpec.init), spec.groups.allSatisfy({ $0.count < 1000 }) {
      _ = try? ClusterLayout(spec, seed: 1)
    }
    guard let scenario = try? WorkloadScenario(file, base: { WorkloadModel.preset($0) }),
      var source = try? SyntheticWorkload(scenario.model, .tasks(50), seed: 1)
    else { return }
    _ = try? source.dependencies()
    while let record = source.next() {
      if let issue = record.rangeIssue { fatalError(issue) }
    }
  }

  private static func store(_ bytes: [UInt8]) {
    let path = file("r.sqlite", bytes)
    for end in ["-wal", "-shm", "-journal"] { unlink(path + end) }
    guard let store = try? ResultsStore(path: path), let results = try? store.results() else {
      return
    }
    let summary = ExperimentSummary(results)
    _ = summary.markdown
    _ = summary.json(source: path).text(isIndented: false)
    _ = ExperimentReport(summary, source: path).page
  }

  /// Somebody else's database, as any format takes it and through a mapping.
  private static func sqlite(_ bytes: [UInt8]) {
    let path = file("t.sqlite", SQLiteInput.magic + bytes.dropFirst(SQLiteInput.magic.count))
    for end in ["-wal", "-shm", "-journal"] { unlink(path + end) }
    var mapping = TableMapping(columns: ["submit_us": .init(from: "a"), "run_us": .init(from: "b")])
    mapping.attributes = ["c": .init(from: "c")]
    let format = MappedTableFormat(name: "x", mapping: mapping, isDescribed: true)
    for formats in [[format], MappedTableFormat.presets] {
      guard let trace = try? TraceOpener(formats: formats).open(path),
        let records = try? trace.records(lenient)
      else { continue }
      while let record = try? records.next() {
        if let issue = record.rangeIssue { fatalError(issue) }
      }
    }
  }

  /// Kubernetes' lists: pods, the nodes that they may be put on, machines.
  private static func kubernetes(_ bytes: [UInt8]) {
    let path = file("k.json", bytes)
    guard let trace = try? TraceOpener(formats: [KubernetesFormat()]).open(path) else { return }
    if let machines = try? trace.machineEvents(lenient) {
      for event in machines.events { if let issue = event.rangeIssue { fatalError(issue) } }
    }
    if let records = try? trace.records(lenient) {
      while let record = try? records.next() {
        if let issue = record.rangeIssue { fatalError(issue) }
      }
    }
    guard let placement = try? (trace as? KubernetesTrace)?.placement(lenient) else { return }
    for (_, rules) in placement.rules { _ = placement.nodes.filter { rules.allows($0) } }
  }

  /// Rows of task_events, by the quick way and the careful one, into lives.
  private static func events(_ bytes: [UInt8]) {
    var reader = Google2011PartReader(
      MemoryStream(bytes, name: "x"), file: "x", layout: ColumnLayout(.taskEvents),
      options: PartOptions(lenient), lastTime: .zero)
    let part = Google2011EventPart(reader, .taskEvents)
    let batch = EventBatch()
    var assembler = LifecycleAssembler(bufferBytes: 1 << 20, directory: folder)
    while true {
      batch.removeAll()
      guard let more = try? part.fill(batch) else { break }
      batch.divide(shards: 1, scratch: batch)
      guard (try? assembler.add(batch, shard: 0)) != nil, more else { break }
    }
    reader.rejects = []
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

  /// A kept part of an interrupted conversion, behind its digest.
  private static func lives(_ bytes: [UInt8]) {
    let fragment = PartFragment(
      origin: "", survey: TableSurvey(), names: ["u"], rejects: [], transitions: TransitionCounts(),
      earliest: .never, latest: .zero, requests: [], lives: bytes)
    for life in (try? lives(of: fragment)) ?? [] where !life.isPlausible {
      fatalError("a life out of range")
    }
  }
}

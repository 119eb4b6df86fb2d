import CTracemill
import Configuration
import Diagnostics
import Generation
import Runs
import Tables
import TraceParsing
import Workload

/// Task records in memory: `tm_table`.
final class RecordTable: Sendable {
  let tasks: TaskTable
  let symbols: SymbolTable
  let dependencies: DependencyTable

  init(_ tasks: TaskTable, _ symbols: SymbolTable, _ dependencies: DependencyTable = .init()) {
    self.tasks = tasks
    self.symbols = symbols
    self.dependencies = dependencies
  }
}

@_cdecl("tm_table_read")
public func tableRead(
  _ stream: UnsafeMutablePointer<ArrowArrayStream>?, _ description: UnsafePointer<CChar>?,
  _ job: OpaquePointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  let job = Job.of(job)
  return attempt(error) {
    guard let stream else { throw RunError(message: "no stream") }
    var isRead = false
    defer { if !isRead { stream.pointee.release?(stream) } }
    let mapping: TableMapping? = try described(description) { root in
      // Without `columns` a table's own names count.
      root["columns"] == nil ? .some(nil) : TableMapping(root).map(Optional.init)
    }
    isRead = true
    return try job.guarding {
      let reader = try ArrowRecordReader(
        stream, mapping: mapping, isCancelled: { job.isCancelled })
      return handle(RecordTable(reader.table, reader.symbols))
    }
  }
}

@_cdecl("tm_generate")
public func generate(
  _ description: UnsafePointer<CChar>?, _ job: OpaquePointer?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  let job = Job.of(job)
  return attempt(error) {
    try job.guarding {
      let wanted: GeneratedWorkload = try described(description, GeneratedWorkload.init)
      let source = try wanted.source()
      var records: [TaskRecord] = []
      var rest = source
      while let record = rest.next() {
        records.append(record)
        if records.count & 1023 == 0 {
          try job.check()
          job.tasks.add(1024, ordering: .relaxed)
        }
      }
      var symbols = SymbolTable()
      for name in source.userNames { _ = symbols.intern(name) }
      return handle(RecordTable(TaskTable(records), symbols, try source.dependencies()))
    }
  }
}

/// What `tm_generate` is asked for.
private struct GeneratedWorkload {
  var workload: Workloads
  var tasks: Int?
  var duration: Double?
  var load: Double?
  var cores: Double?
  var cluster: DescribedCluster?
  var seed: UInt64

  enum Workloads {
    case named(String)
    case described(String)
  }

  init?(_ root: ConfigurationNode) {
    let name = root.string("workload", required: true)
    tasks = root.integer("tasks", in: 1...1_000_000_000)
    duration = root.seconds("duration", in: .positive)
    load = root.number("load", in: .positive)
    cores = root.number("cores", in: .positive)
    cluster = DescribedCluster(root, "cluster")
    seed = root.seed("seed") ?? 1
    guard let name else { return nil }
    workload = .named(name)
  }

  func source() throws -> SyntheticWorkload {
    guard case .named(let name) = workload else { throw RunError(message: "no workload") }
    guard NamedModel.isOne(name) else {
      throw RunError(
        message: "'\(name)' is no synthetic workload; expected one of "
          + WorkloadModel.presetNames.joined(separator: ", ") + ", a scenario or a profile")
    }
    var model = try NamedModel(name)
    if let load { model.load = load }
    let cores = try cores ?? cluster.map { try $0.layout(seed: seed).effectiveCores }
    try model.setLoad(onCores: cores)
    if let tasks { model.scenario.extent.tasks = tasks }
    if let duration { model.scenario.extent.duration = Microseconds(seconds: duration) }
    return try model.source(seed: seed)
  }
}

@_cdecl("tm_table_count")
public func tableCount(_ table: OpaquePointer?) -> Int64 {
  table.map { Int64(object($0, as: RecordTable.self).tasks.count) } ?? 0
}

@_cdecl("tm_table_export")
public func tableExport(
  _ table: OpaquePointer?, _ out: UnsafeMutablePointer<ArrowArrayStream>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  attempt(error) {
    guard let table, let out else { throw RunError(message: "no table") }
    let records = object(table, as: RecordTable.self)
    ArrowTable(columns: RecordColumn.table, symbols: { records.symbols.strings })
      .export(records.tasks.records, to: out)
    return 0
  } ?? 1
}

@_cdecl("tm_table_free")
public func tableFree(_ table: OpaquePointer?) { release(table, as: RecordTable.self) }

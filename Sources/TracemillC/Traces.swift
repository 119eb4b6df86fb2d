import CTracemill
import Configuration
import Runs
import Tables
import TraceInput
import TraceParsing
import Workload

/// A trace that is described, opened anew for each use.
private struct DescribedTrace {
  let path: String
  var reading: ReadingSettings
  let selection: TaskSelection

  init(_ description: UnsafePointer<CChar>?, _ job: Job) throws {
    self = try described(description) { DescribedTrace($0, job) }
  }

  init?(_ root: ConfigurationNode, _ job: Job) {
    let path = root.string("path", required: true)
    reading = ReadingSettings(root.object("reading"))
    reading.remote = job.files
    selection = TaskSelection(root.object("selection"))
    guard let path else { return nil }
    self.path = path
  }
}

@_cdecl("tm_trace_inspect")
public func traceInspect(
  _ description: UnsafePointer<CChar>?, _ job: OpaquePointer?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> UnsafeMutablePointer<CChar>? {
  let job = Job.of(job)
  return attempt(error) {
    try job.guarding {
      let wanted = try DescribedTrace(description, job)
      let summary = try TraceSummary(
        path: wanted.path, reading: wanted.reading, selection: wanted.selection, meter: job.meter
      ) { _ in job.tasks.add(1, ordering: .relaxed) }
      var object = summary.object
      object["text"] = summary.text
      return faceText(try jsonText(object))
    }
  }
}

@_cdecl("tm_trace_records")
public func traceRecords(
  _ description: UnsafePointer<CChar>?, _ job: OpaquePointer?,
  _ out: UnsafeMutablePointer<ArrowArrayStream>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  let job = Job.of(job)
  return attempt(error) {
    try job.guarding {
      let wanted = try DescribedTrace(description, job)
      var reading = wanted.reading
      reading.keepsColumns = true
      let trace = try reading.open(wanted.path, meter: job.meter)
      let rejects = try reading.rejectLog()
      let stream = try trace.records(
        reading.readOptions(meter: job.meter, rejects: rejects))
      let source = wanted.selection.apply(stream)
      guard let out else { return 0 }
      let columns = RecordColumn.table + stream.attributes.table
      ArrowTable(columns: columns, symbols: { stream.symbols.strings }).export(to: out) { rows in
        try job.guarding {
          while rows.count < ArrowTable<TaskRecord>.batchRows, let record = try source.next() {
            rows.append(record)
          }
          try job.check()
        }
        job.tasks.add(rows.count, ordering: .relaxed)
      }
      return 0
    }
  } ?? 1
}

@_cdecl("tm_trace_split")
public func traceSplit(
  _ description: UnsafePointer<CChar>?, _ job: OpaquePointer?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> UnsafeMutablePointer<CChar>? {
  let job = Job.of(job)
  return attempt(error) {
    try job.guarding {
      let (wanted, shard, output) = try described(description) {
        root -> (DescribedTrace, Shard, String)? in
        let (wanted, shard) = (DescribedTrace(root, job), root.shard("shard"))
        let output = root.string("output", required: true)
        if let output, !output.hasSuffix(".parts") {
          root.problem(at: "output", "is '\(output)'; expected a name that ends in .parts")
        }
        guard let wanted, let shard, let output else { return nil }
        return (wanted, shard, output)
      }
      let (input, trace) = try wanted.reading.openToSplit(wanted.path, meter: job.meter)
      let rejects = try wanted.reading.rejectLog()
      let summary = try TraceSplit.write(
        shard, of: trace, in: input, to: output, version: Toolkit.version,
        wanted.reading.readOptions(meter: job.meter, rejects: rejects))
      return faceText(try jsonText(summary.object(shard, output: output)))
    }
  }
}

@_cdecl("tm_trace_machines")
public func traceMachines(
  _ description: UnsafePointer<CChar>?, _ job: OpaquePointer?,
  _ out: UnsafeMutablePointer<ArrowArrayStream>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  let job = Job.of(job)
  return attempt(error) {
    try job.guarding {
      let wanted = try DescribedTrace(description, job)
      var reading = wanted.reading
      reading.table = nil
      let trace = try reading.open(wanted.path, meter: job.meter)
      let options = reading.readOptions(meter: job.meter, rejects: try reading.rejectLog())
      guard let list = try trace.machineEvents(options) else {
        throw RunError(message: "\(wanted.path): no machines here")
      }
      if let out {
        ArrowTable(columns: MachineEvent.columns, symbols: { list.symbols.strings })
          .export(list.events, to: out)
      }
      return 0
    }
  } ?? 1
}

extension MachineEvent {
  /// Comings and goings as a table.
  fileprivate static let columns: [TableColumn<MachineEvent>] = [
    TableColumn("time_us", .integer { $0.time.rawValue }),
    TableColumn("machine_id", .integer { $0.machine }),
    TableColumn("event", .label(["add", "remove", "update"]) { $0.kind.place }),
    TableColumn("cpu_cores", nullable: true, .number { $0.capacity.cpu.value }),
    TableColumn(
      "memory_bytes", nullable: true,
      .integer { $0.unknown.contains(.memory) ? nil : $0.capacity.memory.rawValue }),
    TableColumn("platform", nullable: true, .symbol { $0.platform }),
  ]
}

extension MachineEvent.Kind {
  fileprivate var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

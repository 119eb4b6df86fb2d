import Simulation
import TraceInput
import TraceParsing
import Workload

extension TraceSummary {
  /// All that `inspect` says of the trace at `path`, which is read once.
  ///
  /// - Parameters:
  ///   - path: as `ReadingSettings.open` takes it.
  ///   - reading: how it is read.
  ///   - selection: which of its tasks count.
  ///   - meter: counts what is read.
  ///   - each: told of every task that counts.
  public init(
    path: String, reading: ReadingSettings, selection: TaskSelection = TaskSelection(),
    meter: ReadMeter = ReadMeter(), each: (TaskRecord) -> Void = { _ in }
  ) throws {
    let trace = try reading.open(path, meter: meter)
    let rejects = try reading.rejectLog()
    let options = reading.readOptions(meter: meter, rejects: rejects)
    self.init(path: path, trace: trace, scale: options.scale)
    if trace.canMakeRecords(from: reading.table) {
      let stream = try trace.records(options)
      try selection.apply(stream).forEachBatch { records in
        for record in records {
          add(record)
          each(record)
        }
      }
      while try stream.next() != nil {}
      report = stream.report
      users = stream.symbols
    }
    for table in trace.tables where survey(of: table.name) == nil {
      // Read once: it may be standard input, and a bad row is one bad row.
      if table.name == "machine_events", let list = try trace.machineEvents(options) {
        machines = MachineSummary(list)
        surveys[table.name] = list.survey
      }
      if survey(of: table.name) == nil {
        surveys[table.name] = try trace.survey(table.name, options)
      }
    }
    self.rejects = rejects?.counts ?? [:]
  }
}

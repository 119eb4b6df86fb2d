import Diagnostics
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
    var reading = reading
    reading.keepsColumns = selection.needsAttributes
    let trace = try reading.open(path, meter: meter)
    let rejects = try reading.rejectLog()
    let options = reading.readOptions(meter: meter, rejects: rejects)
    self.init(path: path, trace: trace, scale: options.scale)
    if trace.canMakeRecords(from: reading.table) {
      let stream = try trace.records(options)
      var use = stream.usage.map { _ in UsageSurvey() }
      try selection.apply(stream).forEachBatch { records in
        for record in records {
          add(record)
          use?.note(record)
          each(record)
        }
      }
      while try stream.next() != nil {}
      report = stream.report
      if let table = stream.usage {
        let notes = try table.forEach(options) { sample throws(TraceError) in use?.add(sample) }
        use?.notes = notes
        usage = use
      }
      users = stream.symbols
    }
    for table in trace.tables where survey(of: table.name) == nil {
      // Read once: it may be standard input, and a bad row is one bad row.
      if table.name == trace.machineTable, let list = try trace.machineEvents(options) {
        machines = MachineSummary(list)
        surveys[table.name] = list.survey
      }
      if survey(of: table.name) == nil {
        surveys[table.name] = try trace.survey(table.name, options)
      }
    }
    if machines == nil, trace.machineTable == nil, path != "-" {
      // Machines that a header tells of. Its rows have been read and counted already.
      var again = options
      again.meter = nil
      again.rejects = options.rejects == nil ? nil : try RejectLog { _ in }
      machines = try trace.machineEvents(again).map(MachineSummary.init)
    }
    self.rejects = rejects?.counts ?? [:]
  }
}

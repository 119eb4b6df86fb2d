import Diagnostics
import Tables
import TraceInput
import Workload

/// Reads a mapped table of machines: each is there from the start.
struct MappedMachines {
  private let machines: TableMapping.Machines

  init(_ machines: TableMapping.Machines) { self.machines = machines }

  /// The machines in the order of their rows, and what was counted.
  func read(
    _ group: TraceInput.Group, _ options: ReadOptions
  ) throws(TraceError) -> (list: MachineEventList, survey: TableSurvey) {
    var names: [String] = []
    func slot(_ name: String) -> Int {
      if let known = names.firstIndex(of: name) { return known }
      names.append(name)
      return names.count - 1
    }
    let words = TextArena()
    var sources: [String: MappedSource] = [:]
    for (name, source) in machines.columns.sorted(by: { $0.key < $1.key }) {
      sources[name] = MappedSource(source, of: name, words: words) { slot($0) }
    }
    let conditions = machines.table.only.map { MappedCondition($0) { slot($0) } }
    let optional = Set(
      machines.columns.values.filter { $0.isOptional || $0.from.count > 1 }
        .flatMap(\.columnsInUse))
    let row = MappedRow(slots: names.count)
    let context = MappedContext(
      clock: ZoneClock(.gmt), hasDecimalCommas: machines.table.hasDecimalCommas)
    var table = MappedTable(
      "machines", group, machines.table, names: names, optional: optional, conditions: conditions)
    var list = MachineEventList(events: [], symbols: SymbolTable())
    var survey = TableSurvey()
    var platforms: [(name: String, count: Int)] = []
    try table.forEachRow(into: row, context, options) { () throws(RowError) in
      var unknown: MachineEvent.Unknown = []
      func amount(
        _ name: String, _ kind: MachineEvent.Unknown = []
      ) throws(RowError) -> Double {
        guard let value = try sources[name]?.number(row, context) else {
          unknown.formUnion(kind)
          return 0
        }
        guard (0...9e18).contains(value) else {
          throw RowError(
            column: nil, message: "\(name) \(decimal(value)) is out of range",
            reason: "\(name) out of range")
        }
        return value
      }
      let capacity = Resources(
        cpu: Cores(min(try amount("cpu_cores", .cpu), 9e9)),
        memory: Bytes(rounding: try amount("memory_bytes", .memory)),
        disk: Bytes(rounding: try amount("disk_bytes", .disk)),
        milliGPU: Int64(try amount("gpu_milli").rounded()))
      let number = try sources["machine_id"]?.integer(row, context) ?? Int64(list.events.count)
      let platform = sources["platform"]?.value(row, context)?.description ?? ""
      list.events.append(
        MachineEvent(
          time: .zero, machine: number, kind: .add, capacity: capacity, unknown: unknown,
          platform: list.symbols.intern(platform)))
      let name = platform.isEmpty ? "no platform" : platform
      if let place = platforms.firstIndex(where: { $0.name == name }) {
        platforms[place].count += 1
      } else {
        platforms.append((name, 1))
      }
    }
    survey.rows = table.rows
    survey.beforeStart = list.events.count
    survey.comments = table.comments
    survey.events = platforms.map { .init(name: $0.name, count: $0.count) }
    list.survey = survey
    return (list, survey)
  }
}

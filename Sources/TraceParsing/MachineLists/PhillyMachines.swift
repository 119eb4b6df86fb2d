import Diagnostics
import Foundation
import TraceInput
import Workload

/// Philly's `cluster_machine_list`: machines and their GPUs, mended by what jobs used.
///
/// The list is wrong: most machines that it says have 2 GPUs have 8, as the jobs on them show (issue 8 of
/// msr-fiddle/philly-traces). So a machine has as many GPUs as are listed, or as the highest-numbered one that a job
/// had on it tells, whichever is more. Machines that only jobs know are added. Both are counted.
struct PhillyMachines: MachineListing {
  private let group: TraceInput.Group

  /// No machine has more.
  private static let limit = 1024

  /// The list in `group`, known by its header (`machineId, number of GPUs, single GPU mem`), or by its name and rows
  /// (`m31,8, 24GB`).
  init?(_ group: TraceInput.Group) {
    guard TableLayout.kind(of: group.head) == .text else { return nil }
    let first = String(decoding: group.head.prefix(1 << 10), as: UTF8.self)
      .prefix { !$0.isNewline }
    let isNamed = group.files[0].baseName.hasPrefix("cluster_machine_list")
    guard Self.isHeader(first) || (isNamed && Self.fields(first).count == 3) else { return nil }
    self.group = group
  }

  private static func fields(_ line: Substring) -> [String] {
    line.split(separator: ",", omittingEmptySubsequences: false).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
  }

  private static func isHeader(_ line: Substring) -> Bool {
    let names = fields(line).map { $0.lowercased() }
    return names.count == 3 && names[0] == "machineid" && names[1] == "number of gpus"
  }

  private struct Machine {
    var name: String
    var listed: Int?
    var used = 0
    var memory = ""
  }

  func read(_ options: ReadOptions) throws(TraceError) -> MachineEventList {
    try read(options, beside: [])
  }

  func read(
    _ options: ReadOptions, beside tasks: [TraceInput.Group]
  ) throws(TraceError) -> MachineEventList {
    var machines: [Machine] = []
    var places: [String: Int] = [:]
    let rows = try readList(options, &machines, &places)
    for group in tasks { try readJobs(group, options, &machines, &places) }
    var list = MachineEventList(events: [], symbols: SymbolTable())
    var numbers = NameNumbers()
    for machine in machines {
      guard let number = Array(machine.name.utf8).withUnsafeBytes({ numbers.identifier($0) }) else {
        throw TraceError(
          .malformedRow, "machine '\(machine.name.prefix(40))' has the number of another name",
          file: group.files[0].name)
      }
      list.events.append(
        MachineEvent(
          time: .zero, machine: number, kind: .add,
          capacity: Resources(
            cpu: .zero, memory: .zero,
            milliGPU: Int64(max(machine.listed ?? 0, machine.used)) * 1000),
          unknown: [.cpu, .memory, .disk], platform: list.symbols.intern(machine.memory)))
    }
    var survey = TableSurvey()
    (survey.rows, survey.beforeStart) = (rows, list.events.count)
    list.survey = survey
    list.notes = Self.notes(machines, hasJobs: !tasks.isEmpty)
    return list
  }

  private func readList(
    _ options: ReadOptions, _ machines: inout [Machine], _ places: inout [String: Int]
  ) throws(TraceError) -> Int {
    var layout = TableLayout()
    (layout.separator, layout.quote, layout.header) = (0x1f, nil, ["line"])
    var reader = FieldTableReader(
      group, FieldTable("machines", [ColumnSpec("line", .text, true)]), .layout(layout, .text),
      options: options)
    var (list, known, headers) = (machines, places, 0)
    try reader.forEachRow { row throws(RowError) in
      let line = row.text(0)
      if Self.isHeader(line[...]) {
        headers += 1
        return
      }
      let fields = Self.fields(line[...])
      guard fields.count == 3 else {
        throw RowError(
          column: nil,
          message:
            "a row has a machine, its GPUs and their memory; this one has \(fields.count) fields",
          reason: "not three fields")
      }
      guard !fields[0].isEmpty else {
        throw RowError(column: nil, message: "machineId is empty", reason: "no machineId")
      }
      guard let gpus = Int(fields[1]), (0...Self.limit).contains(gpus) else {
        throw RowError(
          column: nil,
          message:
            "number of GPUs '\(fields[1].prefix(30))' is not a whole number from 0 to \(Self.limit)",
          reason: "bad number of GPUs")
      }
      if let place = known[fields[0]] {
        guard list[place].listed == gpus else {
          throw RowError(
            column: nil, message: "machine \(fields[0].prefix(40)) is there twice, with other GPUs",
            reason: "a machine twice")
        }
        return
      }
      known[fields[0]] = list.count
      list.append(Machine(name: fields[0], listed: gpus, memory: fields[2]))
    }
    (machines, places) = (list, known)
    return reader.rows - headers
  }

  private struct Detail: Decodable {
    var ip: String?
    var gpus: [String]?
  }

  /// What the jobs' attempts had on which machines. Jobs that cannot be read are told where records are made of them.
  private func readJobs(
    _ group: TraceInput.Group, _ options: ReadOptions, _ machines: inout [Machine],
    _ places: inout [String: Int]
  ) throws(TraceError) {
    var again = options
    again.meter = nil
    again.rejects = try RejectLog { _ in }
    var reader = FieldTableReader(
      group, FieldTable("jobs", [ColumnSpec("attempts.*.detail", .text, false)]),
      .layout(TableLayout(), .json), options: again)
    var (list, known) = (machines, places)
    try reader.forEachRow { row throws(RowError) in
      guard !row[0].isEmpty,
        let details = try? JSONDecoder().decode([[Detail]?].self, from: Data(row[0]))
      else { return }
      for detail in details.compactMap({ $0 }).joined() {
        guard let name = detail.ip, !name.isEmpty, name != "None", let gpus = detail.gpus else {
          continue
        }
        let used = min(Self.limit, max(gpus.count, gpus.map(Self.number).max() ?? 0))
        if known[name] == nil {
          known[name] = list.count
          list.append(Machine(name: name))
        }
        if let place = known[name] { list[place].used = max(list[place].used, used) }
      }
    }
    (machines, places) = (list, known)
  }

  /// How many GPUs a machine has at least that has this one: `gpu7` is the eighth.
  private static func number(_ gpu: String) -> Int {
    guard gpu.hasPrefix("gpu"), let number = Int(gpu.dropFirst(3)), (0..<limit).contains(number)
    else { return 0 }
    return number + 1
  }

  private static func notes(_ machines: [Machine], hasJobs: Bool) -> [Note] {
    guard hasJobs else {
      return [
        Note(
          .odd, "machines",
          "without cluster_job_log beside the list its numbers of GPUs are not mended, many of which are too small"
        )
      ]
    }
    var notes: [Note] = []
    let listed = machines.filter { $0.listed != nil }
    let mended = listed.filter { $0.used > $0.listed ?? 0 }
    if let first = mended.first {
      notes.append(
        Note(
          .odd, "machines", ["machines": Double(mended.count)],
          "jobs had more GPUs than are listed on \(mended.count) of \(listed.count) machines, which have as many as "
            + "jobs show: \(first.name.prefix(40)) \(first.used), listed \(first.listed ?? 0)"
            + (mended.count > 1 ? ", and others" : "")))
    }
    let added = machines.filter { $0.listed == nil }
    if let first = added.first {
      notes.append(
        Note(
          .odd, "machines", ["machines": Double(added.count)],
          "jobs ran on machines that are not listed, which are added with the GPUs that they had: \(added.count) "
            + "(\(first.name.prefix(40))\(added.count > 1 ? " and others" : ""))"))
    }
    return notes
  }
}

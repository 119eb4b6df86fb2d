import Diagnostics
import Foundation
import Parquet
import Tables
import TraceInput
import Workload

/// Writes records as an OpenDC workload: a folder with `tasks.parquet`, `fragments.parquet` and, where the machines
/// are known, `topology.json`.
///
/// Records have no clock rates: a core is written as one of ``megahertz``. Times are whole milliseconds, memory whole
/// kB (as OpenDC's loader takes `mem_capacity`), cores and GPUs whole. A task without use over time gets one fragment
/// that uses all that it asked for, as OpenDC drops tasks without fragments. Tasks are held in memory, some 70 bytes
/// each, until all are known.
public final class OpenDCWriter: LayoutWriter {
  public static let places = LayoutPlaces(
    aspects: [.submission, .deadlines, .memory, .gpus, .dependencies],
    rounding:
      "Times are whole milliseconds, memory is whole kB, cores and GPUs are whole, and of 1000 MHz each"
  )

  /// What a core is written as.
  public static let megahertz = 1000.0

  private struct Task {
    var id: TaskID
    var submit: Int64
    var run: Int64
    var cores: Int32
    var memory: Int64
    var deadline: Int64
    var gpus: Int32
  }

  private let folder: OutputFolder
  private let stream: RecordStream
  private let machines: MachineEventList?
  private let options: ReadOptions
  private var tasks: [Task] = []
  private var numbers = TaskNumbers()
  private var leftOut = LeftOut(places)

  /// Begins the folder.
  ///
  /// - Parameters:
  ///   - path: the folder, which must not be there.
  ///   - stream: the records, whose use over time and dependencies are told with it.
  ///   - machines: what `topology.json` is made of; nil makes none.
  ///   - options: how use over time is read.
  public init(
    path: String, stream: RecordStream, machines: MachineEventList?, _ options: ReadOptions
  ) throws(TraceError) {
    (self.stream, self.machines, self.options) = (stream, machines, options)
    folder = try OutputFolder(path: path)
  }

  /// Milliseconds, halves up.
  private static func milliseconds(_ time: Int64) -> Int64 {
    let (whole, rest) = time.quotientAndRemainder(dividingBy: 1000)
    return whole + (rest >= 500 ? 1 : 0)
  }

  /// Adds a record.
  public func write(_ record: TaskRecord) throws(TraceError) {
    guard !record.flags.contains(.runTimeUnknown), record.attempts > 0 else {
      leftOut.count("tasks without a run time")
      return
    }
    guard numbers.insert(record.id).isNew else {
      leftOut.count("tasks whose number another has")
      return
    }
    let request = record.request
    let isCPUKnown = !record.flags.contains(.cpuUnknown) && request.cpu > .zero
    let cores = isCPUKnown ? (request.cpu.nano + 999_999_999) / 1_000_000_000 : 1
    let gpus = (request.milliGPU + 999) / 1000
    guard let cores = Int32(exactly: cores), let gpus = Int32(exactly: gpus) else {
      leftOut.count("tasks of more than 2^31 cores or GPUs")
      return
    }
    tasks.append(
      Task(
        id: record.id, submit: record.submit.rawValue, run: record.runTime.rawValue, cores: cores,
        memory: (request.memory.rawValue + 999) / 1000,
        deadline: record.deadline.isKnown ? Self.milliseconds(record.deadline.rawValue) : -1,
        gpus: gpus))
    leftOut.count(coresOf: record)
    leftOut.count(
      "memory requests that are not known (0 is written)", if: record.flags.contains(.memoryUnknown)
    )
    leftOut.count("fractions of GPUs (rounded up)", if: request.milliGPU % 1000 != 0)
    leftOut.count("fractions of a kB (rounded up)", if: request.memory.rawValue % 1000 != 0)
    leftOut.count(
      "fractions of a millisecond",
      if: record.submit.rawValue % 1000 != 0 || record.runTime.rawValue % 1000 != 0)
    leftOut.count(record)
  }

  /// Writes the files.
  public func finish() throws(TraceError) -> [String: Int] {
    let keepsNumbers = tasks.allSatisfy {
      $0.id.index == 0 && Int32(exactly: $0.id.job) != nil && $0.id.job >= 0
    }
    if !keepsNumbers {
      leftOut.count("numbers of jobs and tasks (numbered anew)", times: tasks.count)
    }
    let ids = tasks.indices.map { keepsNumbers ? Int32(tasks[$0].id.job) : Int32(clamping: $0) }
    let files =
      [try writeTasks(ids), try writeFragments(ids)] + (try writeTopology().map { [$0] } ?? [])
    for file in files { try file.commit() }
    try folder.commit()
    return leftOut.counts
  }

  private func writeTasks(_ ids: [Int32]) throws(TraceError) -> OutputFile {
    let (hasDeadlines, hasGPUs) = (
      tasks.contains { $0.deadline >= 0 }, tasks.contains { $0.gpus > 0 }
    )
    var columns = [
      ParquetColumn("id", .int32), ParquetColumn("submission_time", .int64),
      ParquetColumn("duration", .int64), ParquetColumn("cpu_count", .int32),
      ParquetColumn("cpu_capacity", .double), ParquetColumn("mem_capacity", .int64),
    ]
    if hasDeadlines { columns.append(ParquetColumn("deadline", .int64)) }
    if hasGPUs {
      columns += [ParquetColumn("gpu_count", .int32), ParquetColumn("gpu_capacity", .double)]
    }
    let parents = stream.dependencies.isEmpty ? nil : parents(ids)
    let children = parents.map { Self.children($0, ids) }
    for name in parents == nil ? [] : ["parents", "children"] {
      var column = ParquetColumn(name, .int32, isNullable: true)
      column.isList = true
      columns.append(column)
    }
    let file = try folder.file("tasks.parquet")
    let tasks = tasks
    try catching(file.path) {
      let writer = try ParquetWriter(columns: columns) { try file.write($0) }
      for start in stride(from: 0, to: tasks.count, by: ParquetWriter.defaultRowGroupSize) {
        let count = min(ParquetWriter.defaultRowGroupSize, tasks.count - start)
        try writer.writeRowGroup(rowCount: count) { group in
          try group.write("id") { ids[start + $0] }
          try group.write("submission_time") { Self.milliseconds(tasks[start + $0].submit) }
          try group.write("duration") { Self.milliseconds(tasks[start + $0].run) }
          try group.write("cpu_count") { tasks[start + $0].cores }
          try group.write("cpu_capacity") { Double(tasks[start + $0].cores) * Self.megahertz }
          try group.write("mem_capacity") { tasks[start + $0].memory }
          if hasDeadlines { try group.write("deadline") { tasks[start + $0].deadline } }
          if hasGPUs {
            try group.write("gpu_count") { tasks[start + $0].gpus }
            try group.write("gpu_capacity") { Double(tasks[start + $0].gpus) * Self.megahertz }
          }
          if let parents, let children {
            try group.writeLists("parents") { parents[start + $0] }
            try group.writeLists("children") { children[start + $0] }
          }
        }
      }
      try writer.finish()
    }
    return file
  }

  // MARK: - Dependencies

  /// The ids of the tasks that each task waits for; those that are not written, and think times, are counted.
  private func parents(_ ids: [Int32]) -> [[Int32]] {
    var members: [Int64: [Int]] = [:]
    if stream.dependencies.tasks.contains(where: { $0.index == TaskID.wholeJob }) {
      for (place, task) in tasks.enumerated() { members[task.id.job, default: []].append(place) }
    }
    return tasks.map { task in
      let own = stream.dependencies.dependencies(of: task.id)
      let ofJob = stream.dependencies.dependencies(of: TaskID(wholeJob: task.id.job))
      var parents: [Int32] = []
      for dependency in own + ofJob {
        let before = dependency.predecessor
        let places =
          before.index == TaskID.wholeJob
          ? members[before.job] ?? [] : [numbers.number(of: before)].compactMap { $0 }
        leftOut.count("dependencies on tasks that are not written", if: places.isEmpty)
        leftOut.count("think times", if: dependency.think > .zero)
        parents += places.map { ids[$0] }
      }
      return parents
    }
  }

  private static func children(_ parents: [[Int32]], _ ids: [Int32]) -> [[Int32]] {
    var places: [Int32: Int] = [:]
    for (place, id) in ids.enumerated() { places[id] = place }
    var children = [[Int32]](repeating: [], count: ids.count)
    for (place, list) in parents.enumerated() {
      for parent in list { if let owner = places[parent] { children[owner].append(ids[place]) } }
    }
    return children
  }

  // MARK: - Fragments

  /// Fragments on their way into a file, and how far the task has come to which the last belongs.
  private struct Fragments {
    var rows: [(id: Int32, duration: Int64, usage: Double)] = []
    /// Where the last fragment ends, in µs from the task's begin.
    var end: Int64 = 0
    let write: ([(id: Int32, duration: Int64, usage: Double)]) throws(TraceError) -> Void

    mutating func add(_ id: Int32, to end: Int64, _ cores: Double) throws(TraceError) {
      // Of rounded borders, so that lengths add up.
      let length = milliseconds(end) - milliseconds(self.end)
      self.end = end
      guard length > 0 else { return }
      rows.append((id, length, cores * megahertz))
      if rows.count == ParquetWriter.defaultRowGroupSize { try flush() }
    }

    mutating func flush() throws(TraceError) {
      if !rows.isEmpty { try write(rows) }
      rows.removeAll(keepingCapacity: true)
    }
  }

  private func writeFragments(_ ids: [Int32]) throws(TraceError) -> OutputFile {
    let file = try folder.file("fragments.parquet")
    let writer = try catching(file.path) {
      try ParquetWriter(columns: [
        ParquetColumn("id", .int32), ParquetColumn("duration", .int64),
        ParquetColumn("cpu_usage", .double),
      ]) { try file.write($0) }
    }
    var fragments = Fragments { rows throws(TraceError) in
      try catching(file.path) {
        try writer.writeRowGroup(rowCount: rows.count) { group in
          try group.write("id") { rows[$0].id }
          try group.write("duration") { rows[$0].duration }
          try group.write("cpu_usage") { rows[$0].usage }
        }
      }
    }
    var (place, hasSamples) = (0, false)
    /// Ends the task at `place`: one without samples uses what it asked for.
    func endTask() throws(TraceError) {
      let task = tasks[place]
      if !hasSamples { try fragments.add(ids[place], to: task.run, Double(task.cores)) }
      (place, hasSamples, fragments.end) = (place + 1, false, 0)
    }
    let notes = try stream.usage?.forEach(options) { sample throws(TraceError) in
      guard let owner = numbers.number(of: sample.task), owner < tasks.count else { return }
      while place < owner { try endTask() }
      guard owner == place else { return leftOut.count("samples out of order") }
      leftOut.count("samples' memory or GPU", if: !sample.memory.isNaN || !sample.milliGPU.isNaN)
      guard !sample.cores.isNaN else { return leftOut.count("samples without CPU") }
      let (start, length) = (
        sample.offset, sample.duration ?? max(0, tasks[owner].run - sample.offset)
      )
      let (end, overflow) = start.addingReportingOverflow(length)
      guard !overflow, end > fragments.end else {
        return leftOut.count("samples that others cover, or before the task began")
      }
      hasSamples = true
      if start > fragments.end {
        leftOut.count("gaps between samples (written as no use)")
        try fragments.add(ids[owner], to: start, 0)
      }
      try fragments.add(ids[owner], to: end, sample.cores)
    }
    for note in notes ?? [] { leftOut.count(note.text) }
    while place < tasks.count { try endTask() }
    try fragments.flush()
    try catching(file.path) { try writer.finish() }
    return file
  }

  // MARK: - Machines

  /// Hosts that are alike together, in the order in which they come first.
  private func writeTopology() throws(TraceError) -> OutputFile? {
    guard let machines else { return nil }
    struct Host: Hashable {
      var cores: Int64
      var memory: Int64
      var gpus: Int64
    }
    var (order, counts): ([Host], [Host: Int]) = ([], [:])
    for event in machines.events {
      guard event.kind == .add, event.time == .zero else {
        leftOut.count("machines' later comings and goings")
        continue
      }
      // Memory that is not known is no limit, and a host has to have some.
      let isUnknown = event.unknown.contains(.memory)
      leftOut.count("machines' memory that is not known (16 PiB are written)", if: isUnknown)
      let host = Host(
        cores: event.capacity.cpu.nano / 1_000_000_000,
        memory: isUnknown ? Ranges.amount.upperBound : event.capacity.memory.rawValue,
        gpus: event.capacity.milliGPU / 1000)
      guard host.cores > 0 else {
        leftOut.count("machines without a whole core")
        continue
      }
      leftOut.count(
        "fractions of machines' cores or GPUs (rounded down)",
        if: event.capacity.cpu.nano % 1_000_000_000 != 0 || event.capacity.milliGPU % 1000 != 0)
      leftOut.count("machines' disks", if: event.capacity.disk > .zero)
      leftOut.count("machines' platforms", if: event.platform != 0)
      if counts[host] == nil { order.append(host) }
      counts[host, default: 0] += 1
    }
    leftOut.count("machines' partitions", times: machines.partitions.count)
    guard !order.isEmpty else { return nil }
    let file = try folder.file("topology.json")
    let hosts = order.enumerated().map { number, host in
      let speed = decimal(Self.megahertz)
      let gpu =
        host.gpus > 0
        ? ", \"gpu\": {\"count\": \(host.gpus), \"coreCount\": 1, \"coreSpeed\": \(speed)}" : ""
      return "{\"name\": \"H\(number + 1)\", \"count\": \(counts[host] ?? 0), "
        + "\"cpu\": {\"coreCount\": \(host.cores), \"coreSpeed\": \(speed)}, "
        + "\"memory\": {\"memorySize\": \(host.memory)}\(gpu)}"
    }
    try file.write(
      "{\"clusters\": [{\"name\": \"C1\", \"hosts\": [\n\(hosts.joined(separator: ",\n"))\n]}]}\n")
    return file
  }
}

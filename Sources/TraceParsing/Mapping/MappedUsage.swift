import Diagnostics
import Foundation
import Tables
import TraceInput
import Workload

extension TableMapping {
  /// What tasks used over time: a table of samples, or the rows that tasks are folded of.
  public struct Usage: Equatable, Sendable {
    /// How the table of samples is written; nil: the table of tasks itself.
    public var table: TableLayout?
    /// Its columns that say whose a sample is.
    public var key: [String] = []
    /// The columns of the table of tasks that are equal to those.
    public var of: [String] = []
    /// `start_us`, `duration_us`, `cpu_cores`, `memory_bytes`, `gpu_milli` by their columns.
    public var columns: [String: Source] = [:]
    /// What stands for a whole CPU request in the measure of `cpu_cores`: of the table of tasks.
    public var full: Source?

    static let columnNames = ["start_us", "duration_us", "cpu_cores", "memory_bytes", "gpu_milli"]
  }
}

/// The tasks whose use a mapped table tells, by the texts that it knows them by.
struct MappedUsageKeys: Sendable {
  private var places: [[UInt8]: (number: Int, full: Double)] = [:]
  private var tasks = TaskNumbers()
  private var lives: [(submit: Microseconds, start: Microseconds, cores: Double)] = []

  /// Whose a sample is: its task, when that began, what its CPU is to be multiplied with.
  struct Owner {
    let task: TaskID
    let start: Microseconds
    let scale: Double
    let rank: Int64
  }

  /// Notes by which texts a task is known, and what its whole CPU request is in the samples' measure.
  mutating func note(_ key: [UInt8], _ task: TaskID, full: Double?) {
    let (number, isNew) = tasks.insert(task)
    if isNew { lives.append((.never, .never, .nan)) }
    if places[key] == nil { places[key] = (number, full ?? .nan) }
  }

  /// Notes when a task lived and what it asked for.
  mutating func note(_ record: TaskRecord) {
    guard let number = tasks.number(of: record.id), !lives[number].submit.isKnown else { return }
    lives[number] = (
      record.submit, record.firstSchedule.isKnown ? record.firstSchedule : record.submit,
      record.flags.contains(.cpuUnknown) ? .nan : record.request.cpu.value
    )
  }

  /// The owners by key.
  consuming func owners() -> [[UInt8]: Owner] {
    let (tasks, lives) = (tasks.tasks, lives)
    let order = tasks.indices.sorted { a, b in
      (lives[a].submit, tasks[a].job, tasks[a].index) < (
        lives[b].submit, tasks[b].job, tasks[b].index
      )
    }
    var ranks = Array(repeating: Int64(0), count: tasks.count)
    for (rank, number) in order.enumerated() { ranks[number] = Int64(rank) }
    return places.compactMapValues { number, full in
      guard lives[number].submit.isKnown else { return nil }
      return Owner(
        task: tasks[number], start: lives[number].start,
        scale: full.isNaN ? 1 : lives[number].cores / full, rank: ranks[number])
    }
  }
}

/// The texts of slots, one behind the other; nil if one is missing.
func mappedKey(_ row: MappedRow, _ slots: [Int]) -> [UInt8]? {
  var key: [UInt8] = []
  for slot in slots {
    switch row.values[slot] {
    case .text(let bytes)?: key.append(contentsOf: bytes)
    case let value?: key.append(contentsOf: value.description.utf8)
    case nil: return nil
    }
    key.append(0)
  }
  return key
}

/// Samples that are read through a mapping, sorted into the order of the records.
struct MappedUsage: UsageTable {
  let mapping: TableMapping
  let usage: TableMapping.Usage
  let groups: [TraceInput.Group]
  let keys: MappedUsageKeys

  func forEach(
    _ options: ReadOptions, _ body: (UsageSample) throws(TraceError) -> Void
  ) throws(TraceError) -> [Note] {
    let owners = keys.owners()
    var sorter = ExternalSorter<UsageSample>(
      bufferBytes: options.sortBufferBytes, directory: options.temporaryDirectory)
    let strangers = try read(owners, options, &sorter)
    var sorted = try sorter.sorted()
    // A sample without a length lasts until the next of its task, the last one as long as the one
    // before.
    var (held, before): (UsageSample?, Int64) = (nil, -1)
    while var sample = held == nil ? try sorted.next() : held {
      let next = try sorted.next()
      if sample.length < 0 {
        let follows = next.flatMap { $0.rank == sample.rank ? $0.offset - sample.offset : nil }
        sample.length = follows ?? before
      }
      before = next?.rank == sample.rank ? sample.length : -1
      try body(sample)
      held = next
      if next == nil { break }
    }
    guard strangers > 0 else { return [] }
    return [
      Note(
        .leftOut, "usage", ["samples": Double(strangers)],
        "\(strangers) \(strangers == 1 ? "sample" : "samples") of tasks that are not there: left out"
      )
    ]
  }

  private func read(
    _ owners: [[UInt8]: MappedUsageKeys.Owner], _ options: ReadOptions,
    _ sorter: inout ExternalSorter<UsageSample>
  ) throws(TraceError) -> Int {
    var names: [String] = []
    func slot(_ name: String) -> Int {
      if let known = names.firstIndex(of: name) { return known }
      names.append(name)
      return names.count - 1
    }
    let layout = usage.table ?? mapping.table
    let key = usage.key.map(slot)
    let words = TextArena()
    func source(_ name: String) -> MappedSource? {
      usage.columns[name].map { MappedSource($0, of: name, words: words, slot) }
    }
    let (start, duration) = (source("start_us"), source("duration_us"))
    let amounts = ["cpu_cores", "memory_bytes", "gpu_milli"].map(source)
    let conditions = layout.only.map { MappedCondition($0, slot) }
    let zone = mapping.timeZone.flatMap(ZoneClock.zone(named:)) ?? .gmt
    let context = MappedContext(
      clock: ZoneClock(zone), hasDecimalCommas: layout.hasDecimalCommas)
    let row = MappedRow(slots: names.count)
    let optional = Set(
      usage.columns.values.filter { $0.isOptional || $0.from.count > 1 }.flatMap(\.columnsInUse)
    ).union(names.filter(MappingPlan.isOwn))
    // Where no start is told, a task's samples follow each other.
    var elapsed: [Int64: Int64] = [:]
    var strangers = 0
    var failure: TraceError?
    for group in groups {
      var table = MappedTable(
        "usage", group, layout, names: names, optional: optional, conditions: conditions)
      try table.forEachRow(into: row, context, options) { () throws(RowError) in
        guard failure == nil else { return }
        guard let key = mappedKey(row, key), let owner = owners[key] else {
          strangers += 1
          return
        }
        let length = try duration?.integer(row, context) ?? -1
        let offset: Int64
        if let start {
          guard let time = try start.integer(row, context) else {
            throw start.problem("is missing")
          }
          (offset, _) = time.subtractingReportingOverflow(owner.start.rawValue)
        } else {
          offset = elapsed[owner.rank] ?? 0
          (elapsed[owner.rank], _) = offset.addingReportingOverflow(max(0, length))
        }
        var sample = UsageSample(task: owner.task, offset: offset, duration: length)
        let values = try amounts.map { source throws(RowError) -> Double in
          guard let value = try source?.number(row, context) else { return .nan }
          guard (0...Double(Ranges.amount.upperBound)).contains(value) else {
            throw source?.problem("\(decimal(value)) is out of range")
              ?? RowError(column: nil, message: "out of range", reason: "out of range")
          }
          return value
        }
        sample.cores = values[0] * owner.scale
        (sample.memory, sample.milliGPU) = (values[1], values[2])
        sample.rank = owner.rank
        do throws(TraceError) { try sorter.add(sample) } catch { failure = error }
      }
    }
    if let failure { throw failure }
    return strangers
  }
}

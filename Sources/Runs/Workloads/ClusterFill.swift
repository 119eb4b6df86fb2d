import Diagnostics
import Foundation
import Simulation
import TraceInput
import TraceParsing
import Workload

/// A workload that fills a cluster: `fill:1.3:TRACE`.
///
/// The tasks of a trace or record file come in an order that is drawn from the seed, one a second, and none ever ends.
/// They come until they have asked for so many times the GPUs of the cluster (its cores, where it has none); where
/// the trace is over before, tasks are drawn from it with replacement. All its tasks are taken, those too that never
/// ran; when they came and how long they ran counts for nothing. With a smaller share the same seed gives a beginning of
/// the same tasks.
///
/// It is the protocol of Weng et al. (USENIX ATC 2023, section 6), who fill to 1.3.
struct ClusterFill {
  private let share: Double
  private let trace: String

  /// Whether a workload is one.
  static func isOne(_ name: String) -> Bool { name.hasPrefix("fill:") }

  /// What is filled from, and the name with another in its place.
  static func parts(_ name: String) -> (head: String, trace: String)? {
    guard isOne(name), let colon = name.dropFirst("fill:".count).firstIndex(of: ":") else {
      return nil
    }
    return (String(name[...colon]), String(name[name.index(after: colon)...]))
  }

  /// The filling that `name` stands for; nil if it stands for none.
  ///
  /// - Throws: ``RunError`` for a share out of range.
  init?(_ name: String) throws {
    guard Self.isOne(name) else { return nil }
    guard let (head, trace) = Self.parts(name), !trace.isEmpty,
      let share = Double(head.dropFirst("fill:".count).dropLast()), share > 0, share <= 100
    else {
      throw RunError(
        message:
          "'\(name)': expected fill:SHARE:TRACE with a share of the cluster above 0, at most 100")
    }
    (self.share, self.trace) = (share, trace)
  }

  /// The most tasks that are drawn.
  private static var limit: Int { 10_000_000 }

  /// The tasks, with what the trace says of them.
  func stream(
    of whole: Resources?, seed: UInt64, _ reading: ReadingSettings, meter: ReadMeter,
    rejects: RejectLog?
  ) throws -> RecordStream {
    guard let whole else {
      throw RunError(message: "fill:\(trace): needs a cluster to fill")
    }
    var reading = reading
    reading.keepsColumns = true
    let stream = try reading.open(trace, meter: meter)
      .records(reading.readOptions(meter: meter, rejects: rejects))
    var tasks: [TaskRecord] = []
    while let record = try stream.next() { tasks.append(record) }
    let isOfGPUs = whole.milliGPU > 0
    func asked(_ task: TaskRecord) -> Int64 {
      isOfGPUs ? task.request.milliGPU : task.request.cpu.nano
    }
    guard tasks.contains(where: { asked($0) > 0 }) else {
      throw RunError(
        message:
          "fill:\(trace): no task asks for \(isOfGPUs ? "a GPU" : "a core"): nothing fills the cluster"
      )
    }
    let goal = Double(isOfGPUs ? whole.milliGPU : whole.cpu.nano) * share
    var random = RandomStream(seed: seed, name: "fill")
    var order = Array(tasks.indices)
    for place in stride(from: order.count - 1, to: 0, by: -1) {
      order.swapAt(place, random.below(place + 1))
    }
    var records: [TaskRecord] = []
    var attributes = TaskAttributes()
    let columns = Array(stream.attributes.columns.enumerated())
    // In doubles, which cannot overflow.
    var sum = 0.0
    while sum < goal {
      let place = records.count
      guard place < Self.limit else {
        throw RunError(message: "fill:\(trace): takes more than \(grouped(Self.limit)) tasks")
      }
      let task = tasks[place < order.count ? order[place] : random.below(tasks.count)]
      var record = TaskRecord(
        id: TaskID(job: Int64(place)), submit: Microseconds(seconds: Double(place)),
        runTime: .never, request: task.request)
      record.user = task.user
      record.priority = task.priority
      record.priorityClass = task.priorityClass
      record.flags = task.flags.intersection([.cpuUnknown, .memoryUnknown, .diskUnknown])
      for (index, column) in columns {
        guard let value = stream.attributes.value(column: index, of: task.id) else { continue }
        attributes.set(column.name, column.kind, of: record.id, to: value)
      }
      records.append(record)
      sum += Double(asked(task))
    }
    return RecordStream(
      generated: TaskTable(records).source(), users: stream.symbols.strings, attributes: attributes,
      notes: stream.report.notes)
  }
}

extension ClusterLayout {
  /// What the machines that are there from the beginning offer together.
  package var whole: Resources {
    machines.reduce(.zero) { $1.isUp ? $0 + $1.capacity : $0 }
  }
}

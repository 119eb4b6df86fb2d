import Diagnostics
import TraceInput
import Workload

/// What a task used over a stretch of its life: a row of a usage file.
public struct UsageSample: BitwiseCopyable, Equatable, Sendable {
  /// The task.
  public var task: TaskID
  /// The stretch's begin, counted from the task's `first_schedule_us` (or `submit_us` where that is not
  /// known), in µs.
  public var offset: Int64
  /// Its length in µs; nil where the trace does not say and nothing follows.
  public var duration: Int64? { length < 0 ? nil : length }
  /// Mean cores used; NaN where the trace does not say. Likewise the rest.
  public var cores: Double
  /// Mean bytes of memory used.
  public var memory: Double
  /// Mean thousandths of a GPU used.
  public var milliGPU: Double
  var length: Int64
  /// The task's place among the records.
  var rank: Int64 = 0

  /// A sample; a negative `duration` is not known.
  public init(
    task: TaskID, offset: Int64, duration: Int64, cores: Double = .nan, memory: Double = .nan,
    milliGPU: Double = .nan
  ) {
    self.task = task
    self.offset = offset
    length = duration
    self.cores = cores
    self.memory = memory
    self.milliGPU = milliGPU
  }
}

extension UsageSample: ExternallySortable {
  var sortKey: SortKey { SortKey(major: rank, minor: offset, last: 0) }
}

/// What the tasks of a trace used over time, in the order of its records.
public protocol UsageTable: Sendable {
  /// Calls `body` with every sample: task after task as the records come, each one's in time order.
  /// Returns what was counted on the way, for the user to know.
  ///
  /// The records have been read to their end before.
  func forEach(
    _ options: ReadOptions, _ body: (UsageSample) throws(TraceError) -> Void
  ) throws(TraceError) -> [Note]
}

/// How use compares with what was asked for: what `inspect` says of a usage table.
public struct UsageSurvey: Sendable {
  /// Samples, and tasks that have any.
  public private(set) var samples = 0
  public private(set) var tasks = 0
  /// Of CPU, memory and GPU: the time integral of use, and of the requests, over samples where both are
  /// known.
  public private(set) var used: SIMD3<Double> = .zero
  public private(set) var requested: SIMD3<Double> = .zero
  /// Samples that use more than was asked for.
  public private(set) var above: SIMD3<Int> = .zero
  /// What was counted on the way.
  public var notes: [Note] = []
  private var numbers = TaskNumbers()
  private var requests: [SIMD3<Double>] = []
  private var last: TaskID?

  /// Nothing yet.
  public init() {}

  /// Notes what a task asks for. O(1), 60 bytes a task.
  public mutating func note(_ record: TaskRecord) {
    guard numbers.insert(record.id).isNew else { return }
    requests.append([
      record.flags.contains(.cpuUnknown) ? .nan : record.request.cpu.value,
      record.flags.contains(.memoryUnknown) ? .nan : Double(record.request.memory.rawValue),
      record.request.milliGPU > 0 ? Double(record.request.milliGPU) : .nan,
    ])
  }

  /// Counts a sample; those of tasks that were not noted are left out.
  public mutating func add(_ sample: UsageSample) {
    guard let number = numbers.number(of: sample.task) else { return }
    samples += 1
    if last != sample.task { tasks += 1 }
    last = sample.task
    let use: SIMD3<Double> = [sample.cores, sample.memory, sample.milliGPU]
    let request = requests[number]
    let seconds = Double(sample.duration ?? 0) / 1e6
    for place in 0..<3 where !use[place].isNaN && !request[place].isNaN {
      used[place] += use[place] * seconds
      requested[place] += request[place] * seconds
      if use[place] > request[place] { above[place] += 1 }
    }
  }

  /// The share of what was asked for that was used, of CPU, memory and GPU; nil where nothing is known.
  public var shares: [Double?] {
    (0..<3).map { requested[$0] > 0 ? used[$0] / requested[$0] : nil }
  }
}

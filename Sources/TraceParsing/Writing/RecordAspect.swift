import Workload

/// What a record may say that not every layout has a place for. What any layout has is not here: which task it is,
/// how long it runs and how many cores it asks for.
public enum RecordAspect: String, CaseIterable, Sendable {
  case submission = "times of submission"
  case waits = "waits"
  case attempts = "attempts after the first"
  case outcomes = "outcomes"
  case estimates = "estimates"
  case deadlines = "deadlines"
  case users = "users"
  case priorities = "priorities"
  case schedulingClasses = "scheduling classes"
  case instances = "further instances"
  case memory = "memory requests"
  case disk = "disk requests"
  case gpus = "GPU requests"
  case machines = "machines that tasks ran on"
  case apart = "wishes for different machines"
  case dependencies = "dependencies"

  /// How many of it a record states. Dependencies lie beside the records.
  func count(in record: TaskRecord) -> Int {
    let isStated =
      switch self {
      case .submission: record.submit > .zero
      case .waits: record.waitTime > .zero
      case .outcomes: record.outcome != .finished
      case .estimates: record.estimate.isKnown
      case .deadlines: record.deadline.isKnown
      case .users: record.user != .unknown
      case .priorities: record.priority >= 0 || record.priorityClass != .unknown
      case .schedulingClasses: record.schedulingClass >= 0
      case .memory: record.request.memory > .zero
      case .disk: record.request.disk > .zero
      case .gpus: record.request.milliGPU > 0
      case .machines: record.machine >= 0
      case .apart: record.flags.contains(.differentMachines)
      case .attempts, .instances, .dependencies: false
      }
    return switch self {
    case .attempts: max(0, Int(record.attempts) - 1)
    case .instances: max(0, Int(record.instances) - 1)
    default: isStated ? 1 : 0
    }
  }
}

/// What a layout carries of records.
public struct LayoutPlaces: Sendable {
  /// What it has a place for.
  public let aspects: Set<RecordAspect>
  /// How amounts and times are rounded, in words; empty where they are not.
  public let rounding: String

  /// What is lost, in one order.
  public var losses: [RecordAspect] { RecordAspect.allCases.filter { !aspects.contains($0) } }

  /// What a user should know before a layout called `name` is written.
  public func warning(_ name: String) -> String {
    let lost = losses.map(\.rawValue).joined(separator: ", ")
    return
      "\(name) has no place for \(lost); what there is of them is counted at the end"
      + (rounding.isEmpty ? "" : ". \(rounding)")
  }
}

/// What a layout had no place for.
struct LeftOut {
  private(set) var counts: [String: Int] = [:]
  private let losses: [RecordAspect]

  init(_ places: LayoutPlaces) { losses = places.losses }

  /// Counts what a record states and the layout has no place for.
  mutating func count(_ record: TaskRecord) {
    for aspect in losses {
      let times = aspect.count(in: record)
      if times > 0 { counts[aspect.rawValue, default: 0] += times }
    }
  }

  /// Counts what becomes of a CPU request where cores are whole, and one at least.
  mutating func count(coresOf record: TaskRecord) {
    let cpu = record.request.cpu
    let isKnown = !record.flags.contains(.cpuUnknown) && cpu > .zero
    count("CPU requests that are not known (one core is written)", if: !isKnown)
    count("fractions of cores (rounded up)", if: isKnown && cpu.nano % 1_000_000_000 != 0)
  }

  /// Counts one more, if it is so.
  mutating func count(_ what: String, if isSo: Bool = true, times: Int = 1) {
    if isSo, times > 0 { counts[what, default: 0] += times }
  }
}

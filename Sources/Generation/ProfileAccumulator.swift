import Fitting
import Workload

/// A uniform sample of a stream of unknown length (Vitter's algorithm R, 1985).
struct Reservoir<Element> {
  private(set) var elements: [Element] = []
  private(set) var seen = 0
  private let capacity: Int
  private var generator: RandomStream

  init(capacity: Int, generator: RandomStream) {
    self.capacity = capacity
    self.generator = generator
  }

  mutating func add(_ element: Element) {
    seen += 1
    if elements.count < capacity {
      elements.append(element)
    } else {
      let place = generator.below(seen)
      if place < capacity { elements[place] = element }
    }
  }
}

/// One quantity of tasks or jobs, gathered from a stream: statistics, sketch, atoms and a reservoir.
struct QuantityAccumulator {
  let unit: String
  var unknown = 0
  private(set) var screened = Screening()
  private(set) var statistics = SampleStatistics()
  private(set) var sketch: QuantileSketch
  private(set) var censored = 0
  /// Distinct values and their counts, given up beyond `atomLimit`.
  private(set) var atoms: [Double: Int]? = [:]
  private(set) var reservoir: Reservoir<(value: Double, isCensored: Bool)>

  static let atomLimit = 256

  init(unit: String, capacity: Int, generator: RandomStream) throws(FittingError) {
    self.unit = unit
    sketch = try QuantileSketch(relativeError: 0.005)
    reservoir = Reservoir(capacity: capacity, generator: generator)
  }

  mutating func add(_ value: Double, isCensored: Bool = false) {
    guard screened.accepts(value) else { return }
    reservoir.add((value, isCensored))
    if isCensored {
      censored += 1
      return
    }
    statistics.add(value)
    sketch.add(value)
    atoms?[value, default: 0] += 1
    if let known = atoms, known.count > Self.atomLimit { atoms = nil }
  }
}

/// The tasks of one class as they go by.
struct ClassAccumulator {
  var tasks = 0
  var jobs = 0
  var jobsBeforeTrace = 0
  var runTime: QuantityAccumulator
  var cpu: QuantityAccumulator
  var memory: QuantityAccumulator
  var jobSize: QuantityAccumulator
  var outcomes = [Int](repeating: 0, count: Outcome.allCases.count)
  var arrivals: ArrivalCounter
  /// Arrivals in each hour since the trace's beginning modulo a week.
  var hours = [Int](repeating: 0, count: 168)
  /// Tasks of which at least two are known; NaN for the other.
  var triples: Reservoir<(runTime: Double, cpu: Double, memory: Double)>

  init(name: String, options: ProfileOptions) throws(FittingError) {
    func stream(_ quantity: String) -> RandomStream {
      RandomStream(seed: options.seed, name: "profile/\(name)/\(quantity)")
    }
    let size = options.reservoir
    runTime = try QuantityAccumulator(unit: "s", capacity: size, generator: stream("run time"))
    cpu = try QuantityAccumulator(unit: "cores", capacity: size, generator: stream("cpu"))
    memory = try QuantityAccumulator(unit: "GiB", capacity: size, generator: stream("memory"))
    jobSize = try QuantityAccumulator(unit: "tasks", capacity: size, generator: stream("job size"))
    arrivals = try ArrivalCounter(baseWindow: options.arrivalWindow)
    triples = Reservoir(capacity: size, generator: stream("triples"))
  }

  mutating func add(_ record: TaskRecord) {
    tasks += 1
    outcomes[Int(record.outcome.rawValue)] += 1
    let time = record.runTime.seconds
    // A record made by hand has a run time and no history; a task that never ran has neither.
    let hasRun = record.attempts > 0 || record.outcome == .running || record.runTime > .zero
    let isKnown = hasRun && !record.flags.contains(.runTimeUnknown) && record.runTime.isKnown
    let isCensored = record.flags.contains(.cutOffAtEnd)
    if isKnown { runTime.add(time, isCensored: isCensored) } else { runTime.unknown += 1 }
    let assumed = record.flags.contains(.requestAssumed)
    let hasCPU = !assumed && !record.flags.contains(.cpuUnknown)
    if hasCPU { cpu.add(record.request.cpu.value) } else { cpu.unknown += 1 }
    let hasMemory = !assumed && !record.flags.contains(.memoryUnknown)
    if hasMemory { memory.add(record.request.memory.gibibytes) } else { memory.unknown += 1 }
    let isExact = isKnown && !isCensored
    if [isExact, hasCPU, hasMemory].count(where: { $0 }) > 1 {
      triples.add(
        (
          isExact ? time : .nan, hasCPU ? record.request.cpu.value : .nan,
          hasMemory ? record.request.memory.gibibytes : .nan
        ))
    }
  }

  /// The first task of a job.
  mutating func addJob(_ record: TaskRecord) {
    jobs += 1
    if record.flags.contains(.cutOffAtStart) {
      jobsBeforeTrace += 1
      return
    }
    let time = max(arrivals.last, record.submit.seconds, 0)
    arrivals.add(at: time)
    hours[Int(time / 3600) % 168] += 1
  }
}

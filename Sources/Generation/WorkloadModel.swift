import Fitting
import PortableMath
import Workload

/// What synthetic tasks are drawn from: a plain value that says everything but the seed and how many.
///
/// Jobs arrive by ``arrivals``; each belongs to one of ``classes`` and has tasks whose run time, CPU
/// and memory are drawn from its class's laws. A ``SyntheticWorkload`` draws them:
/// ```swift
/// var model = WorkloadModel.study
/// try model.setLoad(0.7, onCores: 1250)
/// let tasks = try SyntheticWorkload(model, .tasks(10_000), seed: 42)
/// ```
public struct WorkloadModel: Sendable, Hashable {
  /// When jobs come.
  public var arrivals: ArrivalModel
  /// What comes; the shares add up to 1.
  public var classes: [TaskClass]
  /// How users estimate run times; nil if they do not.
  public var estimates: EstimateModel?
  /// What the tasks of a job wait for; nil if they do not.
  public var graph: GraphModel?
  /// What a trace says beyond that; nil for nothing.
  public var details: TraceDetails?
  /// How jobs repeat those before them; nil if they do not.
  public var repeats: RepeatModel?
  /// How jobs that failed are submitted again; nil if they are not.
  public var resubmissions: ResubmissionModel?
  /// What runs already at the beginning; nil for nothing.
  public var standing: StandingModel?
  /// The steps of the clock; nil for microseconds.
  public var ticks: ClockTicks?
  /// Whether ``classes`` have names that say more than their priorities.
  public var hasOwnClasses: Bool {
    classes.count > 1
      && classes.contains {
        $0.name != $0.priorityClass.name && $0.name != "priority-\($0.priority)"
      }
  }

  /// A model of these parts; ``issues()`` says what is wrong with it.
  public init(
    arrivals: ArrivalModel, classes: [TaskClass], estimates: EstimateModel? = nil,
    graph: GraphModel? = nil, details: TraceDetails? = nil
  ) {
    self.arrivals = arrivals
    self.classes = classes
    self.estimates = estimates
    self.graph = graph
    self.details = details
  }
}

/// When jobs come.
public struct ArrivalModel: Sendable, Hashable {
  /// What goes on between one arrival and the next.
  public enum Process: Sendable, Hashable {
    /// Independent of each other.
    case poisson
    /// Poisson at one of two rates; only their ratio counts, ``ArrivalModel/rate`` sets the mean.
    /// Switches are counted in seconds.
    case mmpp(MMPP2)
    /// Two-state processes one inside another, the outermost first, each on a clock that runs at the rate
    /// of those around it: a Markovian process of 2^n states for n of them, bursty on n time scales.
    /// Only the ratios of their rates count.
    case cascade([MMPP2])
    /// Gaps in seconds, taken in order and over again, and stretched together to reach
    /// ``ArrivalModel/rate``. All that hangs together in the original's arrivals does here.
    case replayed([Double])
    /// Gaps that are independent and of one law, which is stretched to ``ArrivalModel/rate``.
    case renewal(Law)
  }

  /// Jobs a second in the long run (> 0).
  public var rate: Double
  /// The kind of process.
  public var process: Process
  /// Rate in each of 168 hours, or 336 half-hours, of a week from time 0 on, relative to each other; empty for a constant
  /// rate. The process runs in time that passes faster where the rate is high, which for Poisson
  /// arrivals is the law that thinning gives (Çinlar 1975), without a draw thrown away.
  public var weeklyCurve: [Double]
  /// Jobs that come together; nil for none.
  public var batches: BatchModel?

  /// Arrivals of `process` at `rate`.
  public init(rate: Double, process: Process = .poisson, weeklyCurve: [Double] = []) {
    self.rate = rate
    self.process = process
    self.weeklyCurve = weeklyCurve
  }

  /// A curve that goes up and down once a day as 1 + `amplitude` · cos, greatest at `peakHour`:
  /// the mean of each hour.
  public static func dailyCurve(amplitude: Double, peakHour: Double) -> [Double] {
    let width = Double.pi / 12
    return (0..<168).map { hour in
      let from = (Double(hour % 24) - peakHour) * width
      return 1 + amplitude * (sin(from + width) - sin(from)) / width
    }
  }
}

/// One kind of job: how often it comes, and what its tasks are like.
public struct TaskClass: Sendable, Hashable {
  /// What a reader calls it.
  public var name: String
  /// Share of the jobs, 0...1.
  public var share: Double
  /// What its priority means.
  public var priorityClass: PriorityClass
  /// The priority number its tasks get, larger is more important; -1 for none.
  public var priority: Int16
  /// Run time of a task in seconds on a machine of speed 1.
  public var runTime: Law
  /// CPU of a task, in cores.
  public var cpu: Law
  /// Memory of a task, in GiB.
  public var memory: Law
  /// Local disk of a task, in GiB; nil for none.
  public var disk: Law?
  /// GPUs of a task; nil for none.
  public var gpus: Law?
  /// Tasks of a job, rounded to whole ones, at least 1; nil for one.
  public var jobSize: Law?
  /// Identical instances that a task stands for, rounded to whole ones, at least 1; nil for one. The
  /// tasks of a job have as many.
  public var instances: Law?
  /// Whether the cores of a task need not be on one machine: a rigid parallel job.
  public var spansMachines = false
  /// Correlation of the normal scores of the run times of a job's tasks, 0...1: the part that is the
  /// job's own.
  public var withinJobs = 0.0
  /// Whether the tasks of a job ask for the same CPU and memory.
  public var sharesRequests = false
  /// Spearman's rank correlations that the three quantities of a task shall have; nil for none.
  public var correlations: TaskCorrelations?
  /// How tasks end, with shares that add up to 1; empty if that is left open. A task that has an end
  /// is taken to have run once, at once.
  public var outcomes: [OutcomeShare] = []
  /// Share of the killed tasks that were killed before they were started, 0...1.
  public var unstarted = 0.0
  /// How long each attempt of a task that has an end waits, in seconds; nil for not at all.
  public var wait: Law?
  /// How often a task that has an end is started, rounded to whole attempts, at least 1; nil for once.
  public var attempts: Law?
  /// How the attempts before the last end, in layouts that show them, with shares that add up to 1;
  /// empty for evictions.
  public var earlierEnds: [OutcomeShare] = []
  /// A task's deadline comes this many run times after its submission; nil for none.
  public var deadlineFactor: Double?

  /// A class of one-task jobs.
  public init(
    name: String, share: Double, priorityClass: PriorityClass = .unknown, priority: Int16 = -1,
    runTime: Law, cpu: Law, memory: Law, deadlineFactor: Double? = nil
  ) {
    self.name = name
    self.share = share
    self.priorityClass = priorityClass
    self.priority = priority
    self.runTime = runTime
    self.cpu = cpu
    self.memory = memory
    self.deadlineFactor = deadlineFactor
  }
}

/// Spearman's rank correlations between the quantities of a task, -1...1, and the copula that joins them.
public struct TaskCorrelations: Sendable, Hashable {
  /// Between run time and CPU.
  public var runTimeCPU: Double
  /// Between run time and memory.
  public var runTimeMemory: Double
  /// Between CPU and memory.
  public var cpuMemory: Double
  /// Of a t copula, in which the greatest and the least values come together oftener: an even number from 2 to 100.
  /// Nil for a Gaussian one.
  public var degreesOfFreedom: Int?

  /// Correlations of these sizes.
  public init(
    runTimeCPU: Double, runTimeMemory: Double, cpuMemory: Double, degreesOfFreedom: Int? = nil
  ) {
    self.degreesOfFreedom = degreesOfFreedom
    self.runTimeCPU = runTimeCPU
    self.runTimeMemory = runTimeMemory
    self.cpuMemory = cpuMemory
  }
}

/// How often tasks end in one way.
public struct OutcomeShare: Sendable, Hashable {
  /// The way.
  public var outcome: Outcome
  /// Its share, 0...1.
  public var share: Double

  /// A share of an outcome.
  public init(_ outcome: Outcome, _ share: Double) {
    self.outcome = outcome
    self.share = share
  }
}

/// How users estimate run times: the true one times a random factor, rounded up to a time that
/// people say.
///
/// A factor uniform on 1 ... f + 1 is the f-model of Feitelson and Mu'alem (1998); the rounding gives
/// the few popular values that Tsafrir, Etsion and Feitelson (2005) found most estimates to be.
public struct EstimateModel: Sendable, Hashable {
  /// The factor's law; a value below 1 is an underestimate.
  public var factor: Law
  /// Times in seconds that estimates are rounded up to, ascending; one above the last stays as it is.
  public var roundedTo: [Double]

  /// Estimates with a factor and rounding.
  public init(factor: Law, roundedTo: [Double] = []) {
    self.factor = factor
    self.roundedTo = roundedTo
  }

  /// The names of ``named(_:)``.
  public static let names = ["factor", "tsafrir"]

  /// `factor`: the f-model with f = 4, a factor uniform on 1 ... 5. `tsafrir`: the same, rounded up to
  /// the twenty times, from a minute to two days, that users say most. Nil for other names.
  public static func named(_ name: String) -> EstimateModel? {
    guard names.contains(name), let factor = try? Law(.uniform, [1, 5]) else { return nil }
    let minutes: [Double] = [
      1, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 360, 480, 600, 720, 1080, 1440, 2880,
    ]
    return EstimateModel(
      factor: factor, roundedTo: name == "tsafrir" ? minutes.map { $0 * 60 } : [])
  }
}

/// How many tasks are drawn: a number of them, those of a span of time, or what ends first.
public struct WorkloadExtent: Sendable, Hashable {
  /// At most so many tasks.
  public var tasks: Int?
  /// Tasks submitted before this time.
  public var duration: Microseconds?

  /// At most `tasks` tasks, submitted before `duration`.
  public init(tasks: Int? = nil, duration: Microseconds? = nil) {
    self.tasks = tasks
    self.duration = duration
  }

  /// `count` tasks.
  public static func tasks(_ count: Int) -> WorkloadExtent { .init(tasks: count) }
  /// The tasks submitted before `time`.
  public static func duration(_ time: Microseconds) -> WorkloadExtent { .init(duration: time) }
  /// Tasks without end.
  public static var endless: WorkloadExtent { .init() }
}

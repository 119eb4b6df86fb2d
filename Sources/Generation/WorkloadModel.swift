import Fitting
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

  /// A model of these parts; ``issues()`` says what is wrong with it.
  public init(arrivals: ArrivalModel, classes: [TaskClass]) {
    self.arrivals = arrivals
    self.classes = classes
  }
}

/// When jobs come.
public struct ArrivalModel: Sendable, Hashable {
  /// Jobs a second in the long run (> 0).
  public var rate: Double

  /// Poisson arrivals.
  public init(rate: Double) { self.rate = rate }
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

/// How many tasks are drawn: a number of them, those of a span of time, or what ends first.
public struct WorkloadExtent: Sendable, Hashable {
  /// At most so many tasks.
  public var tasks: Int?
  /// Tasks submitted before this time.
  public var duration: Microseconds?

  /// `count` tasks.
  public static func tasks(_ count: Int) -> WorkloadExtent { .init(tasks: count) }
  /// The tasks submitted before `time`.
  public static func duration(_ time: Microseconds) -> WorkloadExtent { .init(duration: time) }
  /// Tasks without end.
  public static var endless: WorkloadExtent { .init() }
}

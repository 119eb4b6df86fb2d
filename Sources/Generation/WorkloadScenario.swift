import Configuration
import Fitting
import Workload

/// A workload as a person writes it down: a preset, a profile or classes by hand, and what is to be
/// different. One YAML file; ``WorkloadModel/scenario(named:tasks:)`` writes a commented one.
public struct WorkloadScenario: Sendable, Hashable {
  /// What tasks are drawn from.
  public var model: WorkloadModel
  /// How many; without an end where the file does not say.
  public var extent: WorkloadExtent
  /// Cores that its `load:` asks to be busy; nil where it has none.
  public var askedCores: Double?

  /// Whether its classes are its own and not its base's.
  public private(set) var replacesClasses = false

  /// A scenario of these parts.
  public init(model: WorkloadModel, extent: WorkloadExtent) {
    self.model = model
    self.extent = extent
  }

  /// Reads a scenario.
  ///
  /// - Parameters:
  ///   - file: the YAML or JSON.
  ///   - base: the model that a name after `base:` stands for; nil if there is none.
  /// - Throws: `ConfigurationError` with everything that is wrong, each with line and column.
  public init(
    _ file: ConfigurationFile, base: (String) throws -> WorkloadModel?
  ) throws(ConfigurationError) {
    self = try file.read { root in
      WorkloadScenario(root, base: base)
    }
  }

  /// Reads a scenario that is a part of a larger file; every issue is noted.
  ///
  /// - Parameters:
  ///   - root: its mapping.
  ///   - base: the model that a name after `base:` stands for; nil if there is none.
  public init?(_ root: ConfigurationNode, base: (String) throws -> WorkloadModel?) {
    var model: WorkloadModel?
    var isLost = false
    if let name = root.string("base") {
      do {
        model = try base(name)
        if model == nil {
          root.problem(
            at: "base",
            "'\(name)' is no preset"
              + suggestion(for: name, among: WorkloadModel.presetNames)
              + "; there are \(WorkloadModel.presetNames.joined(separator: ", ")), or a profile's file"
          )
        }
      } catch {
        root.problem(at: "base", "\(error)")
      }
      isLost = model == nil
    }
    let tasks = root.integer("tasks", in: 0...1_000_000_000_000)
    let duration = root.seconds("duration")
    let extent = WorkloadExtent(tasks: tasks, duration: duration.map(Microseconds.init(seconds:)))
    let classes = root.list("classes", required: model == nil && !isLost)?.map { TaskClass($0) }
    if let classes {
      if model == nil {
        model = WorkloadModel(arrivals: ArrivalModel(rate: 1), classes: [])
      }
      model?.classes = classes.compactMap { $0 }
    }
    let arrivals = root.object("arrivals")
    if let arrivals { model?.read(arrivals) }
    let needsRate = root["base"] == nil && root["load"] == nil
    if needsRate, arrivals?["rate"] == nil { root.problem(at: "arrivals.rate", "is missing") }
    if let node = root.object("estimates") {
      let factor = node["factor"].flatMap { Law($0) }
      let named = node.choice("model", of: EstimateModel.names)
      if let named {
        model?.estimates = EstimateModel.named(named)
        if node["factor"] != nil { node.problem(at: "factor", "stands beside model: give one") }
      } else if node["factor"] == nil, node["model"] == nil {
        node.problem(at: "factor", "is missing, and so is model")
      }
      let times = node.numbers("roundedTo", in: .positive)
      if let factor, named == nil {
        model?.estimates = EstimateModel(factor: factor, roundedTo: times ?? [])
      }
    }
    if let node = root.object("graph") { model?.graph = GraphModel(node) }
    if let node = root.object("details") { model?.details = TraceDetails(node) }
    if let node = root.object("repeats") { model?.repeats = RepeatModel(node) }
    if let node = root.object("resubmissions") { model?.resubmissions = ResubmissionModel(node) }
    if let node = root.object("standing") { model?.standing = StandingModel(node) }
    if let node = root.object("ticks") {
      let steps = ["submission", "runTime"].map { node.number($0, in: .from(0, to: 1e6)) ?? 0 }
      model?.ticks = ClockTicks(submission: steps[0], runTime: steps[1])
    }
    let scale = root.object("scale")
    let mix = root.object("mix")
    let load = root.object("load")
    let shares = mix.map { mix in
      Dictionary(
        mix.keys.map { ($0, mix.number($0, in: .share) ?? 0) }, uniquingKeysWith: { $1 })
    }
    let factors = ["runTime", "requests", "tailIndex"].map { scale?.number($0, in: .positive) }
    let target = load?.number("target", in: .positive, required: true)
    let cores = load?.number("cores", in: .positive, required: true)
    guard var model, !isLost, classes?.contains(where: { $0 == nil }) != true else { return nil }
    for issue in model.issues() { root.problem(at: issue.path, issue.message) }
    guard model.issues().isEmpty else { return nil }
    do {
      if let factor = factors[0] { try model.scaleRunTimes(by: factor) }
      if let factor = factors[1] { try model.scaleRequests(by: factor) }
      if let index = factors[2] { try model.setTailIndex(index) }
    } catch {
      root.problem(at: "scale", "\(error)")
    }
    do {
      if let shares { try model.setClassMix(shares) }
      if let target, let cores { try model.setLoad(target, onCores: cores) }
    } catch {
      for issue in error.issues {
        root.problem(at: issue.path, issue.message)
      }
    }
    self.init(model: model, extent: extent)
    replacesClasses = classes != nil
    if let target, let cores { askedCores = target * cores }
  }
}

extension WorkloadModel {
  /// A two-state process as a scenario states it.
  private static func process(_ node: ConfigurationNode) -> MMPP2? {
    let names = ["busyRate", "quietRate", "leavingBusy", "leavingQuiet"]
    let rates = names.compactMap { node.number($0, in: .nonnegative, required: true) }
    guard rates.count == names.count else { return nil }
    do {
      return try MMPP2(
        busyRate: rates[0], quietRate: rates[1], leavingBusy: rates[2], leavingQuiet: rates[3])
    } catch {
      node.problem(error.description)
      return nil
    }
  }

  /// Takes over what a scenario says about arrivals.
  fileprivate mutating func read(_ node: ConfigurationNode) {
    if let rate = node.number("rate", in: .positive) { arrivals.rate = rate }
    let kind = node.choice("process", of: ["poisson", "mmpp", "cascade", "replayed", "renewal"])
    if kind == "poisson" { arrivals.process = .poisson }
    if let stages = node.list("cascade") {
      let processes = stages.compactMap(Self.process)
      if processes.count == stages.count { arrivals.process = .cascade(processes) }
    } else if let child = node.object("mmpp") {
      if let process = Self.process(child) { arrivals.process = .mmpp(process) }
    } else if kind == "mmpp" {
      node.problem(at: "mmpp", "is missing")
    }
    if let gaps = node.numbers("gaps", in: .nonnegative) {
      arrivals.process = .replayed(gaps)
      arrivals.weeklyCurve = []
      let total = gaps.reduce(0, +)
      if node["rate"] == nil, total > 0 { arrivals.rate = Double(gaps.count) / total }
    } else if kind == "replayed", node["gaps"] == nil {
      node.problem(at: "gaps", "is missing")
    }
    if let child = node["gapLaw"] {
      if let law = Law(child) { arrivals.process = .renewal(law) }
    } else if kind == "renewal" {
      node.problem(at: "gapLaw", "is missing")
    }
    if let batches = node.object("batches") {
      let share = batches.number("share", in: .share, required: true)
      let gaps = batches.numbers("gaps", in: .nonnegative, required: true)
      if let share, let gaps { arrivals.batches = BatchModel(share: share, gaps: gaps) }
    }
    if let bursts = node.object("bursts") {
      let factor = bursts.number("factor", in: .above(1), required: true)
      let share = bursts.number("share", in: .above(0, to: 1), required: true)
      let length = bursts.seconds("length", in: .positive, required: true)
      if let factor, let share, let length {
        do { try setBursts(factor: factor, share: share, length: length) } catch {
          bursts.problem(error.issues[0].message)
        }
      }
    }
    let daily = node.object("daily")
    let amplitude = daily?.number("amplitude", in: .share, required: true)
    let peak = daily?.number("peakHour", in: .from(0, to: 24))
    if let amplitude {
      arrivals.weeklyCurve = ArrivalModel.dailyCurve(amplitude: amplitude, peakHour: peak ?? 14)
    }
    if let hours = node.numbers("hourOfDay", count: 24, in: .nonnegative) {
      arrivals.weeklyCurve = (0..<168).map { hours[$0 % 24] }
    }
    // Their number is checked with the model.
    if let hours = node.numbers("weeklyCurve", in: .nonnegative) { arrivals.weeklyCurve = hours }
  }
}

extension TaskClass {
  /// A class as a scenario states it.
  fileprivate init?(_ node: ConfigurationNode) {
    func law(_ key: String, required: Bool = true) -> Law? {
      guard let child = node[key] else {
        if required { node.problem(at: key, "is missing") }
        return nil
      }
      return Law(child)
    }
    let name = node.string("name", required: true)
    let share = node.number("share", in: .share, required: true)
    let priorityClass = node.choice("priorityClass", of: PriorityClass.allCases.map(\.name))
    let priority = node.integer("priority", in: -1...32767)
    let (runTime, cpu, memory) = (law("runTime"), law("cpu"), law("memory"))
    let (jobSize, disk) = (law("jobSize", required: false), law("disk", required: false))
    let (gpus, instances) = (law("gpus", required: false), law("instances", required: false))
    let spans = node.flag("spansMachines")
    let within = node.number("withinJobs", in: .share)
    let sharesRequests = node.flag("sharesRequests")
    let factor = node.number("deadlineFactor", in: .positive)
    func shares(_ key: String) -> [OutcomeShare] {
      guard let shares = node.object(key) else { return [] }
      return Outcome.allCases.compactMap { outcome in
        shares.number(outcome.name, in: .share).map { OutcomeShare(outcome, $0) }
      }
    }
    let outcomes = shares("outcomes")
    let unstarted = node.number("unstarted", in: .share)
    let wait = law("wait", required: false)
    let attempts = law("attempts", required: false)
    let earlierEnds = shares("earlierEnds")
    var correlations: TaskCorrelations?
    if let pairs = node.object("correlations") {
      func value(_ key: String) -> Double { pairs.number(key, in: .from(-1, to: 1)) ?? 0 }
      correlations = TaskCorrelations(
        runTimeCPU: value("runTimeCPU"), runTimeMemory: value("runTimeMemory"),
        cpuMemory: value("cpuMemory"),
        degreesOfFreedom: pairs.integer("degreesOfFreedom", in: 2...100))
    }
    guard let name, let share, let runTime, let cpu, let memory else { return nil }
    self.init(
      name: name, share: share,
      priorityClass: PriorityClass.allCases.first { $0.name == priorityClass } ?? .unknown,
      priority: Int16(priority ?? -1), runTime: runTime, cpu: cpu, memory: memory,
      deadlineFactor: factor)
    self.jobSize = jobSize
    self.sharesRequests = sharesRequests ?? false
    self.disk = disk
    self.gpus = gpus
    self.instances = instances
    self.spansMachines = spans ?? false
    self.withinJobs = within ?? 0
    self.outcomes = outcomes
    self.unstarted = unstarted ?? 0
    self.wait = wait
    self.attempts = attempts
    self.earlierEnds = earlierEnds
    self.correlations = correlations
  }
}

extension RepeatModel {
  fileprivate init?(_ node: ConfigurationNode) {
    let share = node.number("share", in: .share, required: true)
    let lags = node.numbers("lags", in: .from(1, to: 255), required: true)
    let correlation = node.number("runTimeCorrelation", in: .from(-1, to: 1))
    guard let share, let lags else { return nil }
    self.init(share: share, lags: lags.map { Int($0) }, runTimeCorrelation: correlation ?? 0)
  }
}

extension ResubmissionModel {
  fileprivate init?(_ node: ConfigurationNode) {
    let share = node.number("share", in: .share, required: true)
    let delays = node.numbers("delays", in: .nonnegative, required: true)
    let again = node.number("failsAgain", in: .share)
    let correlation = node.number("runTimeCorrelation", in: .from(-1, to: 1))
    guard let share, let delays else { return nil }
    self.init(
      share: share, delays: delays, failsAgain: again, runTimeCorrelation: correlation ?? 0)
  }
}

extension StandingModel {
  /// The number of tasks, and tasks that they are drawn from.
  fileprivate init?(_ node: ConfigurationNode) {
    let count = node.integer("count", in: 0...10_000_000, required: true)
    let span = node.number("span", in: .positive)
    let tasks = node.list("sample", required: true)?.map { item -> StandingTask? in
      let name = item.choice("priorityClass", of: PriorityClass.allCases.map(\.name))
      let amounts = ["cpu", "memory", "gpus"].map { item.number($0, in: .nonnegative) ?? 0 }
      let instances = item.integer("instances", in: 1...Int(Int32.max))
      let spans = item.flag("spansMachines")
      guard let rest = item.number("rest", in: .nonnegative, required: true) else { return nil }
      return StandingTask(
        priorityClass: name ?? PriorityClass.unknown.name, cpu: amounts[0], memory: amounts[1],
        gpus: amounts[2], instances: Int32(instances ?? 1), spansMachines: spans ?? false,
        rest: rest)
    }
    guard let count, let tasks, !tasks.contains(where: { $0 == nil }) else { return nil }
    self.init(count: count, sample: tasks.compactMap { $0 }, span: span)
  }
}

extension TraceDetails {
  fileprivate init?(_ node: ConfigurationNode) {
    let users = node.integer("users", in: 1...1_000_000, required: true)
    let machines = node.integer("machines", in: 1...1_000_000, required: true)
    let different = node.number("differentMachines", in: .share)
    guard let users, let machines else { return nil }
    self.init(users: users, machines: machines, differentMachines: different ?? 0)
  }
}

extension GraphModel {
  fileprivate init?(_ node: ConfigurationNode) {
    let names = ["chain", "fork-join", "layered", "in-degrees", "alibaba-2018", "learned"]
    let name = node.choice("shape", of: names, required: true)
    let width = node.integer("width", in: 1...100_000, required: name == "layered")
    let density = node.number("density", in: .share)
    let degrees = node.numbers("inDegrees", in: .share, required: name == "in-degrees")
    let data = node["data"].flatMap { Law($0) }
    let shapes = node.list("shapes", required: name == "learned")?.map { GraphShape($0) }
    switch name {
    case "chain": self.init(shape: .chain, data: data)
    case "fork-join": self.init(shape: .forkJoin, data: data)
    case "alibaba-2018": self.init(shape: .alibaba2018, data: data)
    case "layered":
      guard let width else { return nil }
      self.init(shape: .layered(width: width, density: density ?? 0), data: data)
    case "in-degrees":
      guard let degrees else { return nil }
      self.init(shape: .inDegrees(degrees), data: data)
    case "learned":
      guard let shapes, !shapes.contains(where: { $0 == nil }) else { return nil }
      self.init(shape: .learned(GraphShapes(shapes.compactMap { $0 })), data: data)
    default: return nil
    }
  }
}

extension GraphShape {
  /// The number of jobs, and what each task waits for.
  init?(_ node: ConfigurationNode) {
    let jobs = node.integer("jobs", in: 1...GraphShapes.limits.jobs, required: true)
    let range = NumberRange.from(0, to: Double(GraphShapes.limits.tasks))
    let waits = node.list("waitsFor", required: true)?.map { item -> [Int32]? in
      guard let elements = item.elements else {
        item.problem("is no list of tasks")
        return nil
      }
      let places = elements.compactMap { $0.number(in: range) }
      return places.count == elements.count ? places.map { Int32($0) } : nil
    }
    guard let jobs, let waits, !waits.contains(where: { $0 == nil }) else { return nil }
    self.init(jobs: jobs, waitsFor: waits.compactMap { $0 })
    if let issue { node.problem(issue) }
  }
}

import Workload

/// What has to be said of a run before its figures are read: which rule had nothing to go by, what is
/// not modelled, what was taken to be otherwise than it may be.
public struct RunRemarks: Hashable, Sendable {
  /// Tasks submitted.
  public var tasks = 0
  /// Tasks whose run time the scheduler was told something of.
  public var withEstimate = 0
  /// Tasks whose user is known; nil where that was not counted.
  public var withUser: Int?
  /// Tasks that have a deadline.
  public var withDeadline = 0
  /// Tasks that ask for no CPU.
  public var withoutCPU = 0
  /// Records of several instances that were run as so many independent tasks.
  public var splitRecords = 0
  /// How often a task waited at its machine, and not in the one queue.
  public var waitsAtMachines = 0
  /// Tasks that ask for a resource of which nothing is said of any machine, in the order of
  /// ``Unmodelled``.
  public var unmodelled = Array(repeating: 0, count: Unmodelled.allCases.count)

  /// How often an order of the queue fell back; nil for one without a gate.
  public var fallbacks: QueueFallbacks?

  /// The policy that goes by devices where GPUs are not devices; nil for none.
  public var lacksDevices: String?

  /// How the tasks' recorded starts fared; nil where the run did not go by them.
  public var recorded: RecordedStarts?

  /// What became of starts that a run took from a trace (``Recorded``). Counts are of tasks.
  public struct RecordedStarts: Hashable, Sendable {
    /// Refused: the trace does not say when they started.
    public var withoutStart = 0
    /// Started when they were submitted: the trace does not tell how long they waited.
    public var withoutWait = 0
    /// Run once, though started several times in the trace.
    public var joined = 0
    /// Refused: they do not fit into the cluster at their recorded time.
    public var misfits = 0
    /// Refused: the cluster has no machine of the number that the trace names.
    public var onAbsentMachines = 0
    /// The first of those that do not fit, and when that was.
    public var first: Misfit?

    /// A task that does not fit when it started.
    public struct Misfit: Hashable, Sendable {
      /// Which task.
      public var task: TaskID
      /// When it started in the trace.
      public var time: Microseconds
    }

    /// Of no task yet.
    public init() {}
  }

  /// A resource that a cluster may leave unsaid; then it is not modelled.
  public enum Unmodelled: Int, CaseIterable, Sendable {
    case memory, disk, gpu

    var words: (name: String, key: String) {
      switch self {
      case .memory: ("memory is", "memoryGiB")
      case .disk: ("disk is", "diskGiB")
      case .gpu: ("GPUs are", "gpus")
      }
    }
  }

  /// How many tasks ask for each resource that is not modelled, by its name; those that none asks for
  /// are left out.
  public var notModelled: [String: Int] {
    var counts: [String: Int] = [:]
    for resource in Unmodelled.allCases where unmodelled[resource.rawValue] > 0 {
      counts["\(resource)"] = unmodelled[resource.rawValue]
    }
    return counts
  }

  /// Of no task yet.
  public init() {}

  /// Everything that has to be said, most important first; empty if nothing has.
  ///
  /// What it is made of:
  ///   - options: how the run worked.
  ///   - goesByEstimates: what ``PlacementPolicy/goesByEstimates`` says, and the policy's name.
  ///   - choosesTasks: whether the policy is a ``BatchPlacementPolicy``.
  public func notes(
    _ options: SimulationOptions, policy: String, goesByEstimates: Bool, choosesTasks: Bool
  ) -> [Note] {
    guard tasks > 0 else { return [] }
    var notes = recordedNotes(options)
    if recorded == nil {
      notes += idleNotes(options, policy: policy, choosesTasks: choosesTasks)
      notes += ruleNotes(options, policy: policy, goesByEstimates: goesByEstimates)
    }
    for resource in Unmodelled.allCases where unmodelled[resource.rawValue] > 0 {
      notes.append(
        Note(
          .notModelled, "\(resource)", ["tasks": Double(unmodelled[resource.rawValue])],
          "\(resource.words.name) not modelled, as no machine is said to have any "
            + "(\(resource.words.key)); \(Self.tasks(unmodelled[resource.rawValue])) for it"))
    }
    if withoutCPU > 0 {
      notes.append(
        Note(
          .withoutRequest, "cpu", ["without": Double(withoutCPU), "tasks": Double(tasks)],
          "\(Self.grouped(withoutCPU)) of \(Self.grouped(tasks)) tasks have no CPU request: they take "
            + "no CPU and never wait for it"))
    }
    if splitRecords > 0 {
      notes.append(
        Note(
          .assumed, "instances", ["records": Double(splitRecords)],
          "\(Self.grouped(splitRecords)) \(splitRecords == 1 ? "record has" : "records have") several "
            + "instances, run as so many independent tasks; "
            + (options.mode == .central
              ? "with --gangs (gangs: true) they start together"
              : "in mode central with --gangs (gangs: true) they start together")))
    }
    return notes
  }

  /// What the rules of the queue and the policy had to go by.
  private func ruleNotes(
    _ options: SimulationOptions, policy: String, goesByEstimates: Bool
  ) -> [Note] {
    var notes: [Note] = []
    let estimates = "\(Self.grouped(withEstimate)) of \(Self.grouped(tasks)) tasks have estimates"
    func note(_ who: String, _ none: String, _ some: String) {
      guard withEstimate < tasks else { return }
      notes.append(
        Note(
          .withoutEstimates, who, ["with_estimate": Double(withEstimate), "tasks": Double(tasks)],
          "\(estimates): \(withEstimate == 0 ? none : some)"))
    }
    if options.order == .sjf {
      note(
        "sjf", "shortest job first is first come, first served here",
        "shortest job first takes the others last, as they come")
    }
    if case .rule(let rule) = options.order, rule.goesByEstimates {
      note(
        rule.name, "\(rule.name) is first come, first served here",
        "\(rule.name) takes the others last, as they come")
    }
    switch options.backfilling {
    case .none, .greedy: break
    case .shadow:
      note(
        "shadow", "backfilling before the shadow is greedy here",
        "it takes the others to run for ever")
    case .easy: note("easy", "EASY is greedy here", "EASY takes the others to run for ever")
    case .conservative:
      note(
        "conservative", "conservative backfilling has nothing to promise here",
        "conservative backfilling takes the others to run for ever")
    }
    if policy.hasPrefix("order:") {
      note(
        policy,
        "what \(policy) sees of requested times is the same for all (docs/learning/order.md says what that "
          + "costs)", "\(policy) takes the others to ask for a day")
      if withUser == 0 {
        notes.append(
          Note(
            .withoutUsers, policy, ["tasks": Double(tasks)],
            "0 of \(Self.grouped(tasks)) tasks have users: what \(policy) and predictions go by of users is "
              + "the same for all (docs/learning/order.md says what that costs)"))
      }
    }
    if let fallbacks {
      let share =
        fallbacks.decisions > 0 ? Double(fallbacks.taken) / Double(fallbacks.decisions) : 0
      let perMille = Int((share * 1000).rounded())
      notes.append(
        Note(
          .fellBack, policy,
          ["decisions": Double(fallbacks.decisions), "fell_back": Double(fallbacks.taken)],
          "the gate of \(policy) fell back to smallest area first in \(Self.grouped(fallbacks.taken)) of "
            + "\(Self.grouped(fallbacks.decisions)) decisions among several tasks "
            + "(\(perMille / 10).\(perMille % 10) %)"))
    }
    if goesByEstimates {
      note(
        policy, "\(policy) takes each to run one second",
        "\(policy) takes the others to run one second")
    }
    if options.order == .earliestDeadline, withDeadline < tasks {
      notes.append(
        Note(
          .withoutDeadlines, "edf",
          ["with_deadline": Double(withDeadline), "tasks": Double(tasks)],
          "\(Self.grouped(withDeadline)) of \(Self.grouped(tasks)) tasks have deadlines: earliest "
            + "deadline first "
            + (withDeadline == 0
              ? "is first come, first served here" : "takes the others last, as they come")))
    }
    return notes
  }

  /// Why the run is not what it was asked to be: the queue's order goes by what no task has. Nil if it
  /// is.
  public func failure(_ options: SimulationOptions) -> String? {
    guard tasks > 0 else { return nil }
    if let lacksDevices {
      return
        "\(lacksDevices) puts tasks on single GPUs, and GPUs are an amount here: --devices (devices: true) makes "
        + "them devices, where tasks ask for GPUs"
    }
    if let recorded {
      return recorded.withoutStart == tasks
        ? "0 of \(Self.grouped(tasks)) tasks have a recorded start, which 'recorded' goes by: it replays "
          + "a trace that says when tasks started" : nil
    }
    if options.order == .sjf, withEstimate == 0 {
      return "0 of \(Self.grouped(tasks)) tasks have estimates, by which shortest job first goes: "
        + "give the workload estimates (a preset: estimates=factor), or tell true run times "
        + "(--exact-estimates, exactEstimates)"
    }
    if options.order == .earliestDeadline, withDeadline == 0 {
      return
        "0 of \(Self.grouped(tasks)) tasks have deadlines, by which earliest deadline first goes"
    }
    return nil
  }

  private func recordedNotes(_ options: SimulationOptions) -> [Note] {
    guard let recorded else { return [] }
    var notes: [Note] = []
    func note(_ count: Int, _ words: String) {
      guard count > 0 else { return }
      notes.append(
        Note(
          .recordedStarts, "recorded", ["of": Double(tasks), "tasks": Double(count)],
          "\(Self.grouped(count)) of \(Self.grouped(tasks)) tasks \(words)"))
    }
    let first =
      recorded.first.map {
        ", job \($0.task.job) task \($0.task.index) at trace time \(Self.seconds($0.time)) first"
      } ?? ""
    note(
      recorded.misfits,
      "do not fit into the cluster when their trace started them: left out" + first)
    note(
      recorded.onAbsentMachines,
      "ran on machines that the cluster does not have: left out")
    note(recorded.withoutStart, "have no recorded start: left out")
    note(
      recorded.withoutWait,
      "have no recorded wait: started when they were submitted, so that their wait of 0 is not the "
        + "trace's")
    note(
      recorded.joined,
      "were started several times: run once, after the sum of their waits")
    let plain = options.followingRecord
    if [
      options.mode != plain.mode, options.order != plain.order, options.bindsHead,
      options.backfilling != plain.backfilling, options.preemption != nil,
      options.heartbeat > .zero, options.gateways, options.failures != nil,
    ].contains(true) {
      notes.append(
        Note(
          .notModelled, "recorded",
          "recorded goes by no queue and no view of the machines: order, backfilling, mode, preemption, "
            + "heartbeat, gateways and failures of machines mean nothing to it"))
    }
    return notes
  }

  private static func seconds(_ time: Microseconds) -> String {
    let rest = time.rawValue % 1_000_000
    return rest == 0 ? "\(grouped(Int(time.rawValue / 1_000_000))) s" : "\(time.seconds) s"
  }

  private static func tasks(_ count: Int) -> String {
    "\(grouped(count)) \(count == 1 ? "task asks" : "tasks ask")"
  }

  static func grouped(_ number: Int) -> String {
    var digits = String(number)
    var place = digits.count - 3
    while place > 0 {
      digits.insert(",", at: digits.index(digits.startIndex, offsetBy: place))
      place -= 3
    }
    return digits
  }
}

extension SimulationReport {
  /// What has to be said before the figures are read; empty if nothing has.
  public func notes(_ options: SimulationOptions) -> [Note] {
    remarks.notes(
      options, policy: policy, goesByEstimates: policyGoesByEstimates,
      choosesTasks: policyChoosesTasks)
  }

  /// Why no task could be placed at all, and what to set; nil if one could.
  public var allUnplaceable: String? {
    let tasks = unplaceable.map(\.count).reduce(0, +)
    guard tasks > 0, tasks == remarks.tasks, let most = unplaceable.max(by: { $0.count < $1.count })
    else { return nil }
    let key =
      switch most.reason {
      case .noMachine: "the cluster has no machine that is up"
      case .cpu: "no machine has as many cores as they ask for (cores)"
      case .memory: "no machine has as much memory as they ask for (memoryGiB)"
      case .disk: "no machine has as much disk as they ask for (diskGiB)"
      case .gpu: "no machine has as many GPUs as they ask for (gpus)"
      case .combination: "no machine has all that they ask for together (cores, memoryGiB, gpus)"
      case .constraint: "no machine meets their constraints (--ignore-constraints)"
      case .gang: "their instances do not fit together (gangs)"
      case .invalid: "their requests or run times are out of range"
      }
    return "no task could be placed: \(key)"
  }
}

extension Note.Kind {
  /// A rule goes by estimates that tasks do not have.
  public static let withoutEstimates = Note.Kind(rawValue: "without-estimates")
  /// A rule goes by deadlines that tasks do not have.
  public static let withoutDeadlines = Note.Kind(rawValue: "without-deadlines")
  /// No task has a user.
  public static let withoutUsers = Note.Kind(rawValue: "without-users")
  /// Tasks do not ask for a resource.
  public static let withoutRequest = Note.Kind(rawValue: "without-request")
  /// How often an order of the queue fell back to a rule.
  public static let fellBack = Note.Kind(rawValue: "fell-back")
  /// How recorded starts could not be followed.
  public static let recordedStarts = Note.Kind(rawValue: "recorded-starts")
}

import Workload

/// What has to be said of a run before its figures are read: which rule had nothing to go by, what is
/// not modelled, what was taken to be otherwise than it may be.
public struct RunRemarks: Hashable, Sendable {
  /// Tasks submitted.
  public var tasks = 0
  /// Tasks whose run time the scheduler was told something of.
  public var withEstimate = 0
  /// Tasks without an estimate whose run time was predicted from tasks that had ended, by the time that their fate
  /// was known; nil where nothing predicts.
  public var predictedAlone: Int?
  /// Tasks that have a priority, as a number or a class; nil where that was not counted.
  public var withPriority: Int?
  /// Whether any machine draws power; nil where that is not known.
  public var isMetered: Bool?
  /// Tasks of several instances that started together.
  public var gangs = 0
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
  ///   - goesByPower: what ``PlacementPolicy/goesByPower`` says.
  public func notes(
    _ options: SimulationOptions, policy: String, goesByEstimates: Bool, choosesTasks: Bool,
    goesByPower: Bool = false
  ) -> [Note] {
    guard tasks > 0 else { return [] }
    var notes = recordedNotes(options)
    if recorded == nil {
      notes += idleNotes(options, policy: policy, choosesTasks: choosesTasks)
      notes += ruleNotes(options, policy: policy, goesByEstimates: goesByEstimates)
      if goesByPower, isMetered == false {
        notes.append(
          Note(
            .withoutPower, policy,
            "no machine draws power (idleWatts, dynamicWatts): \(policy) finds all the same and takes the "
              + "first that has room"))
      }
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
      choosesTasks: policyChoosesTasks, goesByPower: policyGoesByPower)
  }

  /// Why no task could be placed at all, and what to set; nil if one could. Of tasks after the warm-up.
  public var allUnplaceable: String? {
    let tasks = unplaceable.map(\.count).reduce(0, +)
    guard tasks > 0, tasks == total.submitted,
      let most = unplaceable.max(by: { $0.count < $1.count })
    else { return nil }
    return "no task could be placed: \(most.reason.explanation)"
  }

  /// Which tasks no machine can take, and what to set: a note for each reason, the most tasks first.
  public var unplaceableNotes: [Note] {
    let found = unplaceable.filter { $0.count > 0 }
    return found.sorted { ($1.count, $0.reason.rawValue) < ($0.count, $1.reason.rawValue) }.map {
      let all = total.submitted
      return Note(
        .unplaceable, $0.reason.name, ["tasks": Double($0.count), "of": Double(all)],
        "\(RunRemarks.grouped($0.count)) of \(RunRemarks.grouped(all)) tasks are unplaceable: "
          + $0.reason.explanation)
    }
  }
}

extension UnplaceableReason {
  /// What is wrong, and the key that changes it.
  public var explanation: String {
    switch self {
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
  }
}

extension Note.Kind {
  /// A rule goes by estimates that tasks do not have.
  public static let withoutEstimates = Note.Kind(rawValue: "without-estimates")
  /// A rule goes by deadlines that tasks do not have.
  public static let withoutDeadlines = Note.Kind(rawValue: "without-deadlines")
  /// A rule goes by priorities that tasks do not have.
  public static let withoutPriorities = Note.Kind(rawValue: "without-priorities")
  /// A rule goes by the power of machines, and none draws any.
  public static let withoutPower = Note.Kind(rawValue: "without-power")
  /// Tasks that no machine can take.
  public static let unplaceable = Note.Kind(rawValue: "unplaceable")
  /// A load was asked of other cores than the cluster has.
  public static let otherCores = Note.Kind(rawValue: "other-cores")
  /// No task has a user.
  public static let withoutUsers = Note.Kind(rawValue: "without-users")
  /// Tasks do not ask for a resource.
  public static let withoutRequest = Note.Kind(rawValue: "without-request")
  /// How often an order of the queue fell back to a rule.
  public static let fellBack = Note.Kind(rawValue: "fell-back")
  /// How recorded starts could not be followed.
  public static let recordedStarts = Note.Kind(rawValue: "recorded-starts")
}

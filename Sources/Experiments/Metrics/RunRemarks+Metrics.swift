import Simulation
import Workload

extension RunRemarks {
  /// Those of a cell; nil where a file of an older version does not tell.
  init?(_ cell: CellRecord) {
    self.init()
    func count(_ metric: String) -> Int? {
      // A results file may be anybody's: no count is larger.
      guard let value = cell.outcome.metrics[metric], let number = Int(exactly: value),
        Ranges.tasks.contains(number)
      else { return nil }
      return number
    }
    guard let tasks = count("tasks_submitted"), let withEstimate = count("tasks_with_estimate"),
      let withDeadline = count("tasks_with_deadline"), let withoutCPU = count("tasks_without_cpu"),
      let splitRecords = count("records_split")
    else { return nil }
    (self.tasks, self.withEstimate, self.withDeadline) = (tasks, withEstimate, withDeadline)
    (self.withoutCPU, self.splitRecords) = (withoutCPU, splitRecords)
    withPriority = count("tasks_with_priority")
    withUser = count("tasks_with_user")
    predictedAlone = count("tasks_predicted")
    gangs = count("gangs") ?? 0
    // What older files do not have is not known; of machines without watts there is none.
    if cell.outcome.metrics["gangs"] != nil {
      isMetered = (cell.outcome.metrics["energy_kwh"] ?? .nan).isFinite
    }
    waitsAtMachines = count("waits_at_machines") ?? 0
    if let misfits = count("recorded_misfits") {
      var starts = RecordedStarts()
      starts.misfits = misfits
      starts.onAbsentMachines = count("recorded_on_absent_machines") ?? 0
      starts.withoutStart = count("recorded_without_start") ?? 0
      starts.withoutWait = count("recorded_without_wait") ?? 0
      starts.joined = count("recorded_joined") ?? 0
      recorded = starts
    }
    if let decisions = count("gate_decisions"), let taken = count("gate_fallbacks") {
      fallbacks = QueueFallbacks(decisions: decisions, taken: taken)
    }
    unmodelled = Unmodelled.allCases.map { count("tasks_\($0)_not_modelled") ?? 0 }
  }
}

extension ExperimentSummary {
  /// What has to be said of a scenario before its figures are read, and of which schedulers. What is said of
  /// several seeds with other numbers is said once, with their least and greatest; figures are the first seed's.
  public func notes(_ scenario: Scenario) -> [Note] {
    var order: [Note] = []
    var names: [Note: [String]] = [:]
    for group in scenario.groups {
      var said: [SaidOfSeeds] = []
      let rules = rules(of: group, scenario)
      for cell in group.cells {
        let own = RunRemarks(cell).flatMap { remarks in rules.map { $0(remarks) } } ?? []
        for note in own + cell.outcome.curves.notes { said.add(note) }
      }
      for note in said.map(\.note) {
        order.add(note)
        names[note, default: []].append(group.scheduler)
      }
    }
    return order.map { note in
      let named = names[note] ?? []
      guard named.count < scenario.groups.count else { return note }
      let list = named.joined(separator: ", ")
      return Note(note.kind, list, note.figures, "\(list): \(note.text)")
    }
  }

  /// What remarks say under a scheduler's settings; nil where it is not of this experiment.
  private func rules(of group: Group, _ scenario: Scenario) -> ((RunRemarks) -> [Note])? {
    guard
      let scheduler = results.definition.schedulers.first(where: { $0.name == group.scheduler }),
      let cluster = results.definition.clusters.first(where: { $0.name == scenario.cluster })
    else { return nil }
    let options = results.definition.engine(of: scheduler, on: cluster).options
    let policy = PolicyCatalog.make(scheduler.policy)
    return { remarks in
      remarks.notes(
        options, policy: scheduler.policy, goesByEstimates: policy?.goesByEstimates ?? false,
        choosesTasks: policy is any BatchPlacementPolicy, goesByPower: policy?.goesByPower ?? false)
    }
  }
}

/// A note that is said under several seeds, with other numbers.
private struct SaidOfSeeds {
  private let first: Note
  private var text: SaidAlike

  init(_ note: Note) { (first, text) = (note, SaidAlike(note.text)) }

  var note: Note { Note(first.kind, first.scope, first.figures, text.text) }

  mutating func joins(_ note: Note) -> Bool {
    let said = SaidAlike(note.text)
    guard note.kind == first.kind, note.scope == first.scope, text.isAlike(said) else {
      return false
    }
    text.join(said)
    return true
  }
}

extension [SaidOfSeeds] {
  fileprivate mutating func add(_ note: Note) {
    for place in indices where self[place].joins(note) { return }
    append(SaidOfSeeds(note))
  }
}

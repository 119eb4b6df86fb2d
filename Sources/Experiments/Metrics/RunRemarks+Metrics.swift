import Simulation
import Workload

extension RunRemarks {
  /// The sums over cells; nil where a file of an older version does not tell.
  init?(_ cells: [CellRecord]) {
    self.init()
    func sum(_ metric: String) -> Int? {
      var sum = 0
      for cell in cells {
        // A results file may be anybody's: no count is larger.
        guard let value = cell.outcome.metrics[metric], let count = Int(exactly: value),
          Ranges.tasks.contains(count)
        else { return nil }
        sum += count
      }
      return sum
    }
    guard let tasks = sum("tasks_submitted"), let withEstimate = sum("tasks_with_estimate"),
      let withDeadline = sum("tasks_with_deadline"), let withoutCPU = sum("tasks_without_cpu"),
      let splitRecords = sum("records_split")
    else { return nil }
    (self.tasks, self.withEstimate, self.withDeadline) = (tasks, withEstimate, withDeadline)
    (self.withoutCPU, self.splitRecords) = (withoutCPU, splitRecords)
    waitsAtMachines = sum("waits_at_machines") ?? 0
    if let misfits = sum("recorded_misfits") {
      var starts = RecordedStarts()
      starts.misfits = misfits
      starts.onAbsentMachines = sum("recorded_on_absent_machines") ?? 0
      starts.withoutStart = sum("recorded_without_start") ?? 0
      starts.withoutWait = sum("recorded_without_wait") ?? 0
      starts.joined = sum("recorded_joined") ?? 0
      recorded = starts
    }
    if let decisions = sum("gate_decisions"), let taken = sum("gate_fallbacks") {
      fallbacks = QueueFallbacks(decisions: decisions, taken: taken)
    }
    unmodelled = Unmodelled.allCases.map { sum("tasks_\($0)_not_modelled") ?? 0 }
  }
}

extension ExperimentSummary {
  /// What has to be said of a scenario before its figures are read, and of which schedulers; counts are
  /// over all seeds.
  public func notes(_ scenario: Scenario) -> [Note] {
    var order: [Note] = []
    var names: [Note: [String]] = [:]
    for group in scenario.groups {
      guard let counts = RunRemarks(group.cells),
        let scheduler = results.definition.schedulers.first(where: { $0.name == group.scheduler }),
        let cluster = results.definition.clusters.first(where: { $0.name == scenario.cluster })
      else { continue }
      let options = results.definition.engine(of: scheduler, on: cluster).options
      let policy = PolicyCatalog.make(scheduler.policy)
      for note in counts.notes(
        options, policy: scheduler.policy, goesByEstimates: policy?.goesByEstimates ?? false,
        choosesTasks: policy is any BatchPlacementPolicy)
      {
        order.add(note)
        names[note, default: []].append(group.scheduler)
      }
    }
    // Of the workload, the same for all schedulers: each once, as the first cell that has it tells it.
    for group in scenario.groups {
      let told = group.cells.flatMap(\.outcome.curves.notes)
      for note in told where names[note]?.last != group.scheduler {
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
}

import Generation
import Workload

/// What was drawn, for people and for machines.
public struct GenerationSummary {
  let scenario: WorkloadScenario
  let output: String
  /// Tasks that were written.
  public private(set) var tasks = 0
  /// Jobs that they belong to.
  public private(set) var jobs = 0
  var last = Microseconds.zero
  var coreSeconds = 0.0
  /// Ends of tasks that run on, with their cores, in steps of time: what of the work falls after the last
  /// submission is only known then.
  private var ends = OverhangingWork()
  /// Values that the output's layout has no place for, by kind.
  var leftOut: [String: Int] = [:]

  init(scenario: WorkloadScenario, output: String) {
    self.scenario = scenario
    self.output = output
  }

  mutating func add(_ record: TaskRecord, begin: Microseconds) {
    tasks += 1
    if record.id.index == 0 { jobs += 1 }
    last = max(last, record.submit - begin)
    coreSeconds += record.request.cpu.value * record.runTime.seconds
    ends.add(
      from: (record.submit - begin).seconds, for: record.runTime.seconds,
      cores: record.request.cpu.value)
  }

  /// Cores that are busy on average while tasks come, if all run at once.
  private var offeredMeanwhile: Double {
    last > .zero ? (coreSeconds - ends.after(last.seconds)) / last.seconds : 0
  }

  private var offered: Double { last > .zero ? coreSeconds / last.seconds : 0 }

  /// As `tracemill generate` prints it.
  public var text: String {
    var text = "drew     \(counted(tasks, "task")) of \(counted(jobs, "job")), "
    text += "submitted over \(span(last.seconds))\n"
    text += "busy     \(significant(offered)) cores on average if all run at once"
    text += " (the model's mean: \(significant(scenario.model.offeredCores)))\n"
    if offeredMeanwhile < 0.95 * scenario.model.offeredCores {
      text +=
        "NOTE     \(significant(offeredMeanwhile)) cores on average while tasks come, "
      text +=
        "\(significant(100 * offeredMeanwhile / scenario.model.offeredCores)) % of the model's mean: that is "
      text +=
        "over all time, and what runs beyond the last submission, or before as much has begun, is missing "
      text +=
        "here; a longer --duration whose beginning simulate --warm-up leaves out comes nearer\n"
    }
    for (what, count) in leftOut.sorted(by: { $0.key < $1.key }) {
      text += "lost     \(grouped(count)) \(what): no place in the output's layout\n"
    }
    return text + "wrote    \(output)\n"
  }

  /// The same for JSON.
  public var object: [String: Any] {
    [
      "tasks": tasks, "jobs": jobs, "last_submit_s": last.seconds, "busy_cores": offered,
      "busy_cores_while_tasks_come": offeredMeanwhile,
      "model_busy_cores": scenario.model.offeredCores, "left_out": leftOut, "output": output,
    ]
  }
}

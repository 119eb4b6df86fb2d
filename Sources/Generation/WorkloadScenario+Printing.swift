import Fitting
import Workload

extension WorkloadModel {
  /// This model as a scenario file, with comments, to start from. Reading it gives the model back.
  public func scenario(named name: String, tasks: Int = 10_000) -> String {
    """
    # A workload for Tracemill: \(name).
    #   tracemill generate this.yaml -o tasks.parquet
    #   tracemill simulate --workload this.yaml --cluster study:100
    # Instead of classes and arrivals, `base: \(name)` takes over all of a preset
    # (\(WorkloadModel.presetNames.joined(separator: ", "))) or of a profile that `tracemill fit -o` wrote;
    # what follows then replaces parts of it.

    # How many: a number of tasks, the tasks of a span (3600, 90s, 2h, 7d), or what ends first.
    tasks: \(tasks)
    # duration: 1d

    # To scale arrivals so that the offered CPU load on so many cores is this:
    # load: {target: 0.85, cores: 1250}

    arrivals:
      # Jobs a second in the long run.
      rate: \(number(arrivals.rate))
    \(arrivalLines)

    # What comes. The shares of the jobs add up to 1. A law is a number, or a family with its
    # parameters: \(Family.allCases.map(\.rawValue).joined(separator: ", "));
    # `clamp: [low, high]` moves values outside to the ends, `truncate` draws them anew;
    # {family: empirical, atoms: {1: 0.75, 2: 0.25}} or `values: [...]` is the data's own law.
    classes:
    \(classes.map(\.scenarioLines).joined(separator: "\n"))

    \(estimateLines)

    \(graphLines)

    \(detailLines)

    \(sequenceLines)

    # For sweeps: longer run times, larger requests, another tail index of the run times, another mix.
    # scale: {runTime: 2, requests: 0.5, tailIndex: 1.5}
    # mix: {\(classes.first?.name ?? "batch"): 0.5}

    """
  }

  private var arrivalLines: String {
    var lines: [String] = []
    switch arrivals.process {
    case .poisson:
      lines.append("  process: poisson")
    case .mmpp(let process):
      lines.append("  # Two states with a rate each (relative) and switches a second out of each.")
      lines.append(
        "  mmpp: {busyRate: \(number(process.busyRate)), quietRate: \(number(process.quietRate)), "
          + "leavingBusy: \(number(process.leavingBusy)), "
          + "leavingQuiet: \(number(process.leavingQuiet))}")
    case .cascade(let stages):
      lines.append(
        "  # Two-state processes one inside another, the slowest first, as mmpp has one.")
      lines.append("  cascade:")
      for process in stages {
        lines.append(
          "    - {busyRate: \(number(process.busyRate)), quietRate: \(number(process.quietRate)), "
            + "leavingBusy: \(number(process.leavingBusy)), "
            + "leavingQuiet: \(number(process.leavingQuiet))}")
      }
    case .replayed(let gaps):
      lines.append("  gaps: [\(gaps.map(number).joined(separator: ", "))]")
    case .renewal(let law):
      lines.append("  # The law of the gaps, whose unit does not matter: the rate is above.")
      lines.append("  gapLaw: \(law.scenario)")
    }
    if let batches = arrivals.batches {
      lines.append("  # A share of the jobs comes so many seconds after the one before.")
      lines.append(
        "  batches: {share: \(number(batches.share)), gaps: "
          + "[\(batches.gaps.map(number).joined(separator: ", "))]}")
    } else {
      lines.append(
        "  # Jobs that come right after the one before: batches: {share: 0.3, gaps: [0, 1]}")
    }
    lines.append(
      "  # Bursts: so many times the rate, for a share of the time, in stays of this length.")
    lines.append("  # bursts: {factor: 5, share: 0.1, length: 60s}")
    lines.append("  # Gaps in seconds to replay, over and over: gaps: [0.5, 3, 1.2]")
    if arrivals.weeklyCurve.isEmpty {
      lines.append("  # daily: {amplitude: 0.5, peakHour: 14}")
      lines.append("  # hourOfDay: [24 relative rates], or weeklyCurve: [168 of them]")
    } else {
      let values = arrivals.weeklyCurve.map(number).joined(separator: ", ")
      lines.append(
        "  # Relative rate in each \(arrivals.weeklyCurve.count == 168 ? "hour" : "half-hour") of the week from "
          + "time 0 on.")
      lines.append("  weeklyCurve: [\(values)]")
    }
    return lines.joined(separator: "\n")
  }

  private var estimateLines: String {
    guard let estimates else {
      return """
        # What users say of run times: the true one times a random factor, rounded up.
        # estimates: {factor: {family: uniform, lower: 1, upper: 3}, roundedTo: [60, 300, 3600]}
        """
    }
    let times = estimates.roundedTo.map(number).joined(separator: ", ")
    return "estimates: {factor: \(estimates.factor.scenario), roundedTo: [\(times)]}"
  }

  private var graphLines: String {
    let data = (graph?.data).map { ", data: \($0.scenario)" } ?? ""
    switch graph?.shape {
    case nil:
      return """
        # What the tasks of a job wait for: chain, fork-join, layered (width, density), in-degrees
        # (inDegrees: shares of tasks that wait for 0, 1, 2, … others), alibaba-2018 (as the batch
        # jobs of that trace); data in GiB handed along each edge.
        # graph: {shape: layered, width: 4, density: 0.2, data: {family: exponential, rate: 2}}
        """
    case .chain: return "graph: {shape: chain\(data)}"
    case .forkJoin: return "graph: {shape: fork-join\(data)}"
    case .alibaba2018: return "graph: {shape: alibaba-2018\(data)}"
    case .learned(let shapes):
      let lines = shapes.shapes.map { shape in
        let waits = shape.waitsFor.map { "[" + $0.map { "\($0)" }.joined(separator: ", ") + "]" }
        return "    - {jobs: \(shape.jobs), waitsFor: [\(waits.joined(separator: ", "))]}\n"
      }
      return "# Jobs of a trace by shape: of each task the places of those that it waits for.\n"
        + "graph:\n  shape: learned\n\((graph?.data).map { "  data: \($0.scenario)\n" } ?? "")"
        + "  shapes:\n" + lines.joined()
    case .layered(let width, let density):
      return "graph: {shape: layered, width: \(width), density: \(number(density))\(data)}"
    case .inDegrees(let shares):
      let list = shares.map(number).joined(separator: ", ")
      return "graph: {shape: in-degrees, inDegrees: [\(list)]\(data)}"
    }
  }
}

extension WorkloadModel {
  private var sequenceLines: String {
    var lines: [String] = []
    if let repeats {
      lines.append(
        "# A share of the jobs repeats the one so many jobs before: its requests, and its")
      lines.append("# run time as far as the correlation goes.")
      let lags = repeats.lags.map { "\($0)" }.joined(separator: ", ")
      lines.append(
        "repeats: {share: \(number(repeats.share)), runTimeCorrelation: "
          + "\(number(repeats.runTimeCorrelation)), lags: [\(lags)]}")
    } else {
      lines.append(
        "# Jobs that repeat one before them: how many, which, and how like its run time.")
      lines.append("# repeats: {share: 0.5, lags: [1, 1, 2, 5], runTimeCorrelation: 0.7}")
    }
    if let resubmissions {
      lines.append("# A share of the jobs that failed comes again, so many seconds after the end.")
      let delays = resubmissions.delays.map(number).joined(separator: ", ")
      let again = resubmissions.failsAgain.map { "failsAgain: \(number($0)), " } ?? ""
      lines.append(
        "resubmissions: {share: \(number(resubmissions.share)), \(again)runTimeCorrelation: "
          + "\(number(resubmissions.runTimeCorrelation)), delays: [\(delays)]}")
    } else {
      lines.append(
        "# Jobs that failed and come again: how many, after so many seconds from the end.")
      lines.append("# resubmissions: {share: 0.5, failsAgain: 0.6, delays: [30, 60, 600]}")
    }
    if let ticks {
      lines.append("# The steps of the clock in seconds, 0 for none.")
      lines.append(
        "ticks: {submission: \(number(ticks.submission)), runTime: \(number(ticks.runTime))}")
    } else {
      lines.append("# Times in whole seconds: ticks: {submission: 1, runTime: 1}")
    }
    guard let standing else {
      lines.append("# What runs already at the beginning, drawn from a sample; rest in seconds.")
      lines.append("# standing: {count: 100, sample: [{cpu: 1, memory: 2, rest: 86400}]}")
      return lines.joined(separator: "\n")
    }
    lines.append("# What runs already at the beginning: so many tasks, drawn from these.")
    lines.append("standing:")
    lines.append("  count: \(standing.count)")
    if let span = standing.span { lines.append("  span: \(number(span))") }
    lines.append("  sample:")
    for task in standing.sample {
      lines.append(
        "    - {priorityClass: \(task.priorityClass), cpu: \(number(task.cpu)), memory: "
          + "\(number(task.memory)), gpus: \(number(task.gpus)), instances: \(task.instances), "
          + "spansMachines: \(task.spansMachines), rest: \(number(task.rest))}")
    }
    return lines.joined(separator: "\n")
  }

  private var detailLines: String {
    guard let details else {
      return """
        # What traces say beyond that: users, machines that attempts ran on, jobs kept apart.
        # details: {users: 900, machines: 12500, differentMachines: 0.05}
        """
    }
    return "details: {users: \(details.users), machines: \(details.machines), "
      + "differentMachines: \(number(details.differentMachines))}"
  }
}

extension TaskClass {
  fileprivate var scenarioLines: String {
    var lines = [
      "  - name: \(name)", "    share: \(number(share))",
      "    priorityClass: \(priorityClass.name)",
      "    priority: \(priority)",
    ]
    if let jobSize { lines.append("    jobSize: \(jobSize.scenario)        # tasks") }
    lines.append("    runTime: \(runTime.scenario)        # seconds")
    lines.append("    cpu: \(cpu.scenario)        # cores")
    lines.append("    memory: \(memory.scenario)        # GiB")
    if let gpus { lines.append("    gpus: \(gpus.scenario)") }
    if let instances { lines.append("    instances: \(instances.scenario)") }
    if spansMachines { lines.append("    spansMachines: true") }
    if withinJobs > 0 { lines.append("    withinJobs: \(number(withinJobs))") }
    if let disk { lines.append("    disk: \(disk.scenario)        # GiB") }
    if sharesRequests { lines.append("    sharesRequests: true        # by the tasks of a job") }
    if let pairs = correlations {
      lines.append(
        "    correlations: {runTimeCPU: \(number(pairs.runTimeCPU)), "
          + "runTimeMemory: \(number(pairs.runTimeMemory)), cpuMemory: \(number(pairs.cpuMemory))"
          + (pairs.degreesOfFreedom.map { ", degreesOfFreedom: \($0)" } ?? "") + "}"
          + "        # Spearman's")
    }
    if !outcomes.isEmpty {
      let shares = outcomes.map { "\($0.outcome.name): \(number($0.share))" }
      lines.append("    outcomes: {\(shares.joined(separator: ", "))}")
    }
    if unstarted > 0 {
      lines.append("    unstarted: \(number(unstarted))        # of the killed")
    }
    if let wait { lines.append("    wait: \(wait.scenario)        # seconds, each attempt") }
    if let attempts { lines.append("    attempts: \(attempts.scenario)") }
    if !earlierEnds.isEmpty {
      let shares = earlierEnds.map { "\($0.outcome.name): \(number($0.share))" }
      lines.append("    earlierEnds: {\(shares.joined(separator: ", "))}")
    }
    if let deadlineFactor {
      lines.append(
        "    deadlineFactor: \(number(deadlineFactor))        # run times after submission")
    }
    return lines.joined(separator: "\n")
  }
}

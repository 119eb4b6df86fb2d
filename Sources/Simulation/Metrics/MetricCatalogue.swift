import Workload

extension Metric {
  /// All metrics, in the order in which they are listed: those of this package, then those registered.
  public static var catalogue: [Metric] { builtIn + registered.all }

  /// Makes a metric of another package one of the catalogue: it is then in the tables, pages and files of
  /// every run and experiment. Registering a name again replaces what it stood for; the names of this
  /// package's metrics keep their meaning.
  public static func register(_ metric: Metric) {
    registered.add(metric, named: metric.name)
  }

  private static let registered = Registered<Metric>()

  /// The metrics of this package.
  public static let builtIn: [Metric] =
    distributions + [
      Metric(
        "deadlines_met", "deadlines met", isShare: true, better: .higher,
        "Share of tasks with a deadline that finished by it; none where no task has one."
      ) { $0.deadlineShare },
      Metric(
        "energy_kwh", "energy", unit: "kWh", better: .lower,
        "Energy of all machines; none where they draw no power."
      ) { (run: SimulationReport) in run.metered(run.energy.total) },
      Metric(
        "energy_idle_kwh", "idle energy", unit: "kWh", better: .lower,
        "Energy that machines draw for being awake."
      ) { (run: SimulationReport) in run.metered(run.energy.idle) },
      Metric(
        "energy_dynamic_kwh", "dynamic energy", unit: "kWh", better: .lower,
        "Energy that machines draw for the tasks on them."
      ) { (run: SimulationReport) in run.metered(run.energy.dynamic) },
      Metric(
        "energy_per_task_kwh", "energy per finished task", unit: "kWh", better: .lower,
        "Energy of all machines over the tasks that finished."
      ) { (run: SimulationReport) in
        run.metered(run.energy.total) / Double(run.total[.finished])
      },
      Metric(
        "energy_per_core_h_kwh", "energy per core-hour done", unit: "kWh", better: .lower,
        "Energy of all machines over the work done."
      ) { (run: SimulationReport) in
        run.usage.work > 0 ? run.metered(run.energy.total) / (run.usage.work / 3600) : .nan
      },
      Metric(
        "work_core_h", "work done", unit: "core-h", better: .none,
        "Core-hours, at speed 1, of the tasks that finished in the time accounted for."
      ) { (run: SimulationReport) in run.usage.work / 3600 },
      Metric("tasks_submitted", "tasks submitted", better: .none, "Tasks submitted.") {
        Double($0.submitted)
      },
      Metric("tasks_finished", "tasks finished", better: .higher, "Tasks that finished.") {
        Double($0[.finished])
      },
      Metric(
        "tasks_failed", "tasks refused, unplaceable or not finished", better: .lower,
        "Submitted tasks that did not finish, for whatever reason."
      ) { Double($0.submitted - $0[.finished]) },
      Metric(
        "cpu_utilisation", "CPU utilisation", isShare: true, better: .none,
        "Claimed share of the CPU that was there, until the last submission: the drain is left out."
      ) { (run: SimulationReport) in run.usage.whileSubmitting.cpu },
      Metric(
        "cpu_utilisation_with_drain", "CPU utilisation with the drain", isShare: true,
        better: .none,
        "Claimed share of the CPU that was there, over all the time accounted for."
      ) { (run: SimulationReport) in run.usage.cpu },
      Metric(
        "load_offered", "load offered", better: .none,
        "CPU work submitted over what the machines could do until the last submission."
      ) { (run: SimulationReport) in run.offeredLoad ?? .nan },
      Metric(
        "load_placeable", "load that machines can take", better: .none,
        "The part of the load offered that is of tasks that some machine can take."
      ) { (run: SimulationReport) in run.placeableLoad ?? .nan },
      Metric(
        "load_asked", "load asked for", better: .none,
        "CPU load that the workload was asked to be; none where none was."
      ) { (run: SimulationReport) in run.askedLoad ?? .nan },
      Metric(
        "cpu_use_to_last_start", "CPU use up to the last start", better: .higher,
        "Core-seconds of all attempts over those that the machines had from the first submission to the last start: RLScheduler's utilisation (Zhang et al., SC'20), which counts the drain's work and not its time."
      ) { (run: SimulationReport) in run.useToLastStart },
      Metric(
        "memory_utilisation", "memory utilisation", isShare: true, better: .none,
        "Claimed share of the memory that was there, until the last submission: the drain is left out."
      ) { (run: SimulationReport) in run.usage.whileSubmitting.memory },
      Metric(
        "cpu_fragmentation", "fragmentation of CPU", isShare: true, better: .lower,
        "Share of the free CPU that is where a waiting task does not fit."
      ) { (run: SimulationReport) in run.usage.fragmentation.cpu },
      Metric(
        "gpu_unallocated", "GPUs unallocated", isShare: true, better: .lower,
        "Share of the GPUs that no task held at the last submission, once it had its answer; none where GPUs are not devices."
      ) { (run: SimulationReport) in run.devices?.unallocated ?? .nan },
      Metric(
        "gpu_fragmented", "GPUs fragmented", isShare: true, better: .lower,
        "Share of the GPUs that was free at the last submission and of no use to the workload's typical tasks (Weng et al., USENIX ATC 2023); none where GPUs are not devices."
      ) { (run: SimulationReport) in run.devices?.fragmented ?? .nan },
      Metric(
        "waiting_mean", "tasks waiting on average", better: .lower,
        "Tasks waiting, averaged over time; those whose machine wakes up are among them."
      ) { (run: SimulationReport) in run.usage.meanWaiting },
      Metric(
        "waiting_max", "most tasks waiting", better: .lower,
        "The most tasks that waited at once; one that starts when it comes has not waited."
      ) { (run: SimulationReport) in Double(run.usage.mostWaiting) },
      Metric(
        "makespan_s", "makespan", unit: "s", better: .lower, "Last finish less first submission."
      ) { (run: SimulationReport) in run.makespan.seconds },
      Metric(
        "throughput_per_s", "throughput", unit: "1/s", better: .higher,
        "Finished tasks per second, from the first submission or the end of the warm-up to their last finish."
      ) { (run: SimulationReport) in run.throughput },
      Metric(
        "load_variance", "variance of load over machines", better: .lower,
        "Variance over machines of CPU utilisation, averaged over time."
      ) { (run: SimulationReport) in run.usage.loadVariance },
      Metric(
        "jain_index", "Jain's fairness of load", better: .higher,
        "Jain's index over machines of CPU utilisation, averaged over time: 1 is even."
      ) { (run: SimulationReport) in run.usage.jain },
      Metric(
        "evictions", "evictions", better: .lower,
        "Attempts cut short because their machine went away."
      ) { (run: SimulationReport) in Double(run.evictions) },
      Metric(
        "preemptions", "preemptions", better: .lower,
        "Attempts cut short by a task of a higher class."
      ) { (run: SimulationReport) in Double(run.preemptions) },
      Metric(
        "backfilled", "tasks backfilled", better: .none,
        "Tasks that overtook a waiting head of the queue."
      ) { (run: SimulationReport) in Double(run.backfilled) },
      Metric(
        "machine_failures", "machine failures", better: .none,
        "Failures of machines by the failure model."
      ) { (run: SimulationReport) in Double(run.failures) },
      Metric(
        "wasted_s", "run time wasted", unit: "s", better: .lower,
        "Run time that evictions threw away."
      ) { $0.wasted.seconds },
      Metric(
        "decisions", "decisions", better: .none, "How often the engine asked its policy."
      ) { (run: SimulationReport) in Double(run.decisions) },
    ] + remarks

  /// What a run's remarks are made of.
  private static var remarks: [Metric] {
    [
      Metric(
        "tasks_with_estimate", "tasks with an estimate", better: .none,
        "Tasks of whose run time the scheduler was told something."
      ) { (run: SimulationReport) in Double(run.remarks.withEstimate) },
      Metric(
        "tasks_predicted", "tasks with a prediction alone", better: .none,
        "Tasks without an estimate whose run time was predicted; none where nothing predicts."
      ) { (run: SimulationReport) in run.remarks.predictedAlone.map { Double($0) } ?? .nan },
      Metric(
        "tasks_with_priority", "tasks with a priority", better: .none,
        "Tasks that have a priority, as a number or a class."
      ) { (run: SimulationReport) in run.remarks.withPriority.map { Double($0) } ?? .nan },
      Metric(
        "tasks_with_user", "tasks with a user", better: .none, "Tasks whose user is known."
      ) { (run: SimulationReport) in run.remarks.withUser.map { Double($0) } ?? .nan },
      Metric(
        "gangs", "tasks of several instances", better: .none,
        "Tasks of several instances that start and end together."
      ) { (run: SimulationReport) in Double(run.remarks.gangs) },
      Metric(
        "tasks_with_deadline", "tasks with a deadline", better: .none, "Tasks that have a deadline."
      ) { (run: SimulationReport) in Double(run.remarks.withDeadline) },
      Metric(
        "tasks_without_cpu", "tasks without a CPU request", better: .none,
        "Tasks that ask for no CPU and never wait for it."
      ) { (run: SimulationReport) in Double(run.remarks.withoutCPU) },
      Metric(
        "records_split", "records of several instances run independently", better: .none,
        "Records of several instances that were run as so many tasks."
      ) { (run: SimulationReport) in Double(run.remarks.splitRecords) },
      Metric(
        "waits_at_machines", "waits at machines", better: .none,
        "How often a task waited at its machine (mode dispatch), first come, first served."
      ) { (run: SimulationReport) in Double(run.remarks.waitsAtMachines) },
      Metric(
        "gate_decisions", "decisions behind a gate", better: .none,
        "Decisions among several waiting tasks of a learned order that has a gate."
      ) { (run: SimulationReport) in run.remarks.fallbacks.map { Double($0.decisions) } ?? .nan },
      Metric(
        "gate_fallbacks", "decisions in which the gate fell back", better: .none,
        "Those of them in which the gate fell back to smallest area first."
      ) { (run: SimulationReport) in run.remarks.fallbacks.map { Double($0.taken) } ?? .nan },
    ]
      + recordedStarts
      + RunRemarks.Unmodelled.allCases.map { resource in
        Metric(
          "tasks_\(resource)_not_modelled", "tasks whose \(resource) is not modelled",
          better: .none,
          "Tasks that ask for it where nothing is said of any machine."
        ) { (run: SimulationReport) in Double(run.remarks.unmodelled[resource.rawValue]) }
      }
  }

  /// How recorded starts fared; NaN where a run did not go by them.
  private static var recordedStarts: [Metric] {
    func metric(
      _ name: String, _ title: String, _ sentence: String,
      _ count: @escaping @Sendable (RunRemarks.RecordedStarts) -> Int
    ) -> Metric {
      Metric(name, title, better: .none, sentence) { (run: SimulationReport) in
        run.remarks.recorded.map { Double(count($0)) } ?? .nan
      }
    }
    return [
      metric(
        "recorded_misfits", "tasks that do not fit at their recorded start",
        "Tasks that `recorded` leaves out: they do not fit when and where their trace started them."
      ) { $0.misfits },
      metric(
        "recorded_on_absent_machines", "tasks recorded on absent machines",
        "Tasks that `recorded` leaves out: the cluster has no machine of that number."
      ) { $0.onAbsentMachines },
      metric(
        "recorded_without_start", "tasks without a recorded start",
        "Tasks that `recorded` leaves out: their trace does not say when they started."
      ) { $0.withoutStart },
      metric(
        "recorded_without_wait", "tasks without a recorded wait",
        "Tasks that `recorded` starts when they are submitted: their trace does not tell the wait."
      ) { $0.withoutWait },
      metric(
        "recorded_joined", "tasks of several recorded starts",
        "Tasks that `recorded` runs once, though their trace started them several times."
      ) { $0.joined },
    ]
  }

  /// Means, quantiles and greatest values of what is measured of each task. Quantiles have the relative
  /// error of `Tally`.
  private static var distributions: [Metric] {
    let quantities: [(String, String, String, String, KeyPath<ClassMetrics, Tally> & Sendable)] =
      [
        ("wait", "wait", "s", "time from submission to start, of tasks that started", \.wait),
        (
          "completion", "completion time", "s",
          "time from submission to end, of tasks that finished", \.completion
        ),
        (
          "slowdown", "slowdown", "", "completion over run time, of tasks that finished and ran",
          \.slowdown
        ),
        (
          "bounded_slowdown", "bounded slowdown", "",
          "completion over run time, of at least the bound, of tasks that finished",
          \.boundedSlowdown
        ),
      ]
    return quantities.flatMap { name, title, unit, words, path in
      let suffix = unit.isEmpty ? "" : "_" + unit
      func metric(
        _ part: String, _ word: String, _ sentence: String,
        _ value: @escaping @Sendable (Tally) -> Double
      ) -> Metric {
        Metric(
          "\(name)_\(part)\(suffix)", "\(word) \(title)", unit: unit, better: .lower,
          "\(sentence) \(words)."
        ) { value($0[keyPath: path]) }
      }
      return [metric("mean", "mean", "Mean") { $0.mean * 1e-6 }]
        + [
          ("p50", "median", "Median", 0.5),
          ("p90", "90th percentile of", "90th percentile of", 0.9),
          ("p99", "99th percentile of", "99th percentile of", 0.99),
        ].map { part, word, sentence, p in
          metric(part, word, sentence) { $0.quantile(p) * 1e-6 }
        }
        + [
          metric("max", "greatest", "Greatest") { $0.maximum.map { Double($0) * 1e-6 } ?? .nan }
        ]
    }
  }
}

extension SimulationReport {
  /// An energy in kWh; machines without watts have none, rather than one of 0.
  fileprivate func metered(_ part: Joules) -> Double {
    energy.total > .zero ? part.kilowattHours : .nan
  }
}

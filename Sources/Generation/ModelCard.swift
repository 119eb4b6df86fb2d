import Fitting

/// A part of a profile as its reader should know it.
public struct CardEntry: Codable, Sendable, Equatable {
  /// The part.
  public var part: String
  /// What it was fitted to; why it is left out, where it is.
  public var fittedTo: String
  /// How well it does; empty where nothing was measured.
  public var goodness: String
  /// What it does not capture.
  public var notCaptured: String
}

extension WorkloadProfile {
  /// What each part was fitted to, how well, and what is in none of them.
  ///
  /// - Parameter resubmitted: what was found of jobs that failed.
  func makeCard(_ resubmitted: JobLedger.Resubmissions) -> [CardEntry] {
    [
      arrivalEntry, clockEntry, kindEntry, copulaEntry, repeatEntry, sequenceEntry,
      resubmissionEntry(resubmitted),
      withinEntry, graphEntry, standingEntry,
      CardEntry(
        part: "nowhere", fittedTo: "-", goodness: "",
        notCaptured:
          "users' own rates and hours, constraints on machines, waits, and change over the weeks"),
    ]
  }

  private var arrivalEntry: CardEntry {
    let part = "arrivals"
    guard let found = all.arrivals.cascade else {
      return CardEntry(
        part: part, fittedTo: "left out: \(all.arrivals.count) jobs, fewer than 200", goodness: "",
        notCaptured: "cycles, and bursts on more than one time scale")
    }
    let cycles =
      found.weeklyCurve.isEmpty ? "no cycle stands out" : "cycles of the hour and the day"
    var states =
      found.stages.isEmpty
      ? "Poisson" : "a Markovian process of \(1 << found.stages.count) states"
    if let batches = found.batches {
      states += ", \(short(100 * batches.share)) % right after the job before"
    }
    let ratios = found.dispersionRatios.map(\.ratio)
    var goodness = ""
    if let least = ratios.min(), let most = ratios.max() {
      goodness =
        "drawn, its dispersion is \(short(least)) to \(short(most)) times the trace's, its gaps differ by "
        + "D = \(short(found.gapDistance))"
    }
    return CardEntry(
      part: part, fittedTo: "\(all.arrivals.count) jobs: \(states), \(cycles)", goodness: goodness,
      notCaptured: "bursts of single classes or users")
  }

  private var clockEntry: CardEntry {
    guard let ticks else {
      return CardEntry(
        part: "clock", fittedTo: "no steps beyond the microsecond", goodness: "", notCaptured: "")
    }
    func words(_ step: Double) -> String { step > 0 ? "\(number(step)) s" : "none" }
    return CardEntry(
      part: "clock",
      fittedTo:
        "steps of submissions \(words(ticks.submission)), of run times \(words(ticks.runTime))",
      goodness: "", notCaptured: "")
  }

  private var kindEntry: CardEntry {
    guard let kinds, !kinds.isEmpty else {
      return CardEntry(
        part: "kinds of jobs", fittedTo: "left out: \(all.jobs) jobs, fewer than 100", goodness: "",
        notCaptured: "how requests, sizes and run times hang together beyond rank correlations")
    }
    let jobs = kinds.reduce(0) { $0 + $1.jobs }
    let others = kinds.filter { $0.name == "others" }.reduce(0) { $0 + $1.jobs }
    return CardEntry(
      part: "kinds of jobs",
      fittedTo: "\(jobs) jobs of \(kinds.count) kinds, with the data's own laws in each",
      goodness:
        "\(short(100 * Double(others) / Double(max(1, jobs)))) % of the jobs are of no kind of their own",
      notCaptured: "run times beyond the longest seen")
  }

  private var copulaEntry: CardEntry {
    let (part, kinds) = ("copulas", kinds ?? [])
    let measured = kinds.compactMap(\.tail)
    let fewest = TailDependence.fewest
    guard !measured.isEmpty else {
      return CardEntry(
        part: part,
        fittedTo: "Gaussian: no kind has \(fewest) jobs that tell two quantities without ties",
        goodness: "",
        notCaptured: "greatest values that come together oftener than a Gaussian copula's")
    }
    let students = measured.compactMap(\.degreesOfFreedom).sorted()
    let upper = measured.flatMap(\.pairs).map(\.upper).max() ?? 0
    let kept =
      students.isEmpty
      ? "none is likelier with a t copula by Schwarz's criterion"
      : "\(students.count) with a t copula, likelier by Schwarz's criterion, of "
        + students.map { "\($0)" }.joined(separator: ", ") + " degrees of freedom"
    return CardEntry(
      part: part,
      fittedTo:
        "\(measured.count) of \(kinds.count) kinds with \(fewest) jobs that tell two quantities without ties: \(kept)",
      goodness:
        "of the greatest twentieth at most \(short(100 * upper)) % is with the other quantity's",
      notCaptured: "tails that are not alike above and below; Gaussian for the other kinds")
  }

  private var repeatEntry: CardEntry {
    guard let repeats else {
      return CardEntry(
        part: "repeats", fittedTo: "left out: too few jobs follow another, or none alike",
        goodness: "", notCaptured: "jobs that users submit again")
    }
    return CardEntry(
      part: "repeats",
      fittedTo: "\(repeats.jobs) jobs after another \(repeats.byUser ? "of their user" : "one")",
      goodness:
        "\(short(100 * repeats.share)) % of the jobs repeat one beyond chance, their run times go with its by "
        + "\(short(repeats.runTimeCorrelation))",
      notCaptured: "chains across blocks of 256 jobs")
  }

  private var sequenceEntry: CardEntry {
    let part = "sequences"
    guard let sequence else {
      return CardEntry(
        part: part, fittedTo: "left out: fewer than 30 jobs follow another of their user",
        goodness: "", notCaptured: "")
    }
    let lags = sequence.autocorrelations.map { found in
      "\(found.lag) back: size \(found.size.map(short) ?? "-"), run time \(found.runTime.map(short) ?? "-")"
    }
    return CardEntry(
      part: part,
      fittedTo:
        "measured \(sequence.byUser ? "within users" : "in order of submission, for users are not told"): "
        + "\(short(sequence.runLength)) jobs on end ask for the same",
      goodness: "rank correlations of a job with the one " + lags.joined(separator: "; "),
      notCaptured: "what repeats do not make of them: they are no part of what is drawn")
  }

  private func resubmissionEntry(_ found: JobLedger.Resubmissions) -> CardEntry {
    let part = "resubmission"
    switch found {
    case .leftOut(let reason):
      return CardEntry(
        part: part, fittedTo: "left out: \(reason)", goodness: "",
        notCaptured: "jobs that failed and are submitted again")
    case .found(let found):
      let middle = found.delays[found.delays.count / 2]
      return CardEntry(
        part: part,
        fittedTo:
          "\(found.failed) jobs that failed, beside \(found.finished) of the same users that finished",
        goodness:
          "\(short(100 * found.share)) ± \(short(100 * found.standardError)) % come again beyond what follows those that finished, half of "
          + "them within \(short(middle)) s; \(short(100 * found.failsAgain)) % of those fail again",
        notCaptured:
          "those that come after more than a day, or, in what is drawn, beyond the block of 256 jobs"
      )
    }
  }

  private var withinEntry: CardEntry {
    CardEntry(
      part: "within jobs",
      fittedTo: withinJobs == nil
        ? "left out: fewer than 30 jobs of several tasks" : "the first two tasks of each job",
      goodness: withinJobs.map { "rank correlation of their run times \(short($0))" } ?? "",
      notCaptured: withinJobs == nil ? "run times of a job's tasks that go together" : "")
  }

  private var graphEntry: CardEntry {
    guard let graphs else {
      return CardEntry(
        part: "graphs", fittedTo: "left out: no task waits for another of its job", goodness: "",
        notCaptured: "")
    }
    let found = graphs.statistics
    let others =
      graphs.leftOut > 0 ? "; \(graphs.leftOut) jobs too large, or circular, are left out" : ""
    let outside =
      graphs.otherDependencies > 0
      ? "\(graphs.otherDependencies) dependencies on other jobs or on tasks that are not there; "
      : ""
    return CardEntry(
      part: "graphs",
      fittedTo:
        "\(found.jobs) jobs of several tasks: \(graphs.shapes.count) shapes, by the number of tasks\(others)",
      goodness:
        "\(short(found.depth)) levels, \(short(found.width)) tasks on the widest, "
        + "\(short(100 * found.criticalPathShare)) % of a job's tasks on its longest way",
      notCaptured: outside
        + "run times by the place in the graph; sizes between those seen are the next smaller shape, widened"
    )
  }

  private var standingEntry: CardEntry {
    guard let standing else {
      return CardEntry(
        part: "standing population", fittedTo: "left out: nothing was seen to run", goodness: "",
        notCaptured: "")
    }
    return CardEntry(
      part: "standing population", fittedTo: standing.origin,
      goodness: "\(short(standing.tasks)) tasks on \(short(standing.cores)) cores",
      notCaptured:
        "how long what outlived the trace runs on: as long as the trace again, at least")
  }

  /// Three significant digits.
  private func short(_ x: Double) -> String { WorkloadComparison.rounded(x) }
}

import Fitting
import Workload

/// Which law a generator takes for a quantity of a profile.
public enum MarginChoice: String, CaseIterable, Sendable {
  /// The distinct values with their counts where the profile has them, else the best fitted law.
  case best
  /// The best fitted law (by AIC), whatever else there is.
  case fitted
  /// The data's own law: their distinct values, or else their quantiles, straight lines between them.
  case empirical
}

/// What a generator takes for the arrivals of a profile.
public enum ArrivalChoice: String, CaseIterable, Sendable {
  /// Cycles and bursts on several time scales where they were fitted, else the two-state process, else
  /// Poisson.
  case best
  /// The two-state process where one was fitted, else Poisson.
  case bursts
  /// Poisson at the mean rate.
  case poisson
  /// Poisson with the rate of each hour of the day.
  case daily
}

extension WorkloadModel {
  /// The model of what was fitted to a trace: each class of the profile, or all tasks together where it
  /// has none.
  ///
  /// - Parameters:
  ///   - profile: what was fitted.
  ///   - margins: which laws of each quantity.
  ///   - arrivals: which arrivals.
  ///   - dependence: how what is known of a job hangs together. Kinds of jobs have the data's own laws:
  ///     with `margins` of ``MarginChoice/fitted`` there are none.
  ///   - requests: CPU in cores and memory in GiB of a task where the profile knows none.
  ///   - notes: what had to be changed or assumed.
  /// - Throws: ``WorkloadModelError`` where the profile lacks what is needed, or contradicts itself.
  public init(
    _ profile: WorkloadProfile, margins: MarginChoice = .best, arrivals: ArrivalChoice = .best,
    dependence: DependenceChoice = .best, requests: (cpu: Double, memory: Double) = (1, 2),
    notes: inout [Note]
  ) throws(WorkloadModelError) {
    var issues: [DescriptionIssue] = []
    let times = profile.all.arrivals
    var rate = times.rate
    if rate == 0, profile.span == 0, profile.all.jobs > 0 {
      // One workflow, or all jobs at once.
      rate = 1 / 60.0
      notes.append(
        Note(
          .assumed, "all.arrivals.rate", ["rate": rate],
          "all jobs of the profile came at once; one job a minute is assumed"))
    }
    if !(rate > 0 && rate.isFinite) {
      issues.append(
        DescriptionIssue(
          path: "all.arrivals.rate", message: "is \(times.rate); expected more than 0"))
    }
    var process = ArrivalModel.Process.poisson
    var curve: [Double] = []
    if arrivals == .best, let fitted = times.cascade {
      if !fitted.stages.isEmpty { process = .cascade(fitted.stages) }
      curve = fitted.weeklyCurve
    } else if arrivals == .best || arrivals == .bursts, let fitted = times.mmpp2 {
      process = .mmpp(fitted)
    }
    if arrivals == .daily {
      if times.hourOfDay.count == 24, times.hourOfDay.allSatisfy({ ($0 ?? -1) >= 0 }) {
        curve = (0..<168).map { times.hourOfDay[$0 % 24] ?? 1 }
      } else {
        issues.append(
          DescriptionIssue(
            path: "all.arrivals.hourOfDay", message: "does not cover the day's 24 hours"))
      }
    }
    let usesKinds = dependence == .best && margins != .fitted
    var classes =
      usesKinds ? Self.kindClasses(profile, requests: requests, &notes) : []
    let hasKinds = !classes.isEmpty
    let parts =
      profile.classes.isEmpty
      ? [("all", profile.all, 1.0)]
      : profile.classes.sorted { $0.key < $1.key }.map {
        ("classes.\($0.key)", $0.value, profile.classMix[$0.key]?.share ?? 0)
      }
    let total = parts.reduce(0) { $0 + $1.2 }
    if abs(total - 1) > 1e-6 {
      issues.append(
        DescriptionIssue(
          path: "classMix", message: "has shares that add up to \(total); expected 1"))
    }
    for (path, part, share) in parts where !hasKinds {
      let reader = ProfileReader(
        path: path, part: part, margins: margins, requests: requests,
        isIndependent: dependence == .none,
        gpus: Self.pooledGPUs(
          (profile.kinds ?? []).filter { path == "all" || path == "classes.\($0.priorityClass)" }))
      if let made = reader.taskClass(share: share, &issues, &notes) { classes.append(made) }
    }
    self.init(
      arrivals: ArrivalModel(rate: rate, process: process, weeklyCurve: curve),
      classes: classes)
    if arrivals == .best { self.arrivals.batches = times.cascade?.batches }
    if dependence != .none, let graphs = profile.graphs, !graphs.shapes.isEmpty {
      graph = GraphModel(shape: .learned(GraphShapes(graphs.shapes)), data: graphs.data?.law)
    }
    if hasKinds { addSequence(profile, assumed: requests, &notes) }
    if issues.isEmpty { issues = self.issues() }
    guard issues.isEmpty else { throw WorkloadModelError(issues: issues) }
  }
}

/// Makes a task class of a profile's class.
private struct ProfileReader {
  let path: String
  let part: ClassProfile
  let margins: MarginChoice
  let requests: (cpu: Double, memory: Double)
  let isIndependent: Bool
  let gpus: Law?

  private var name: String { path == "all" ? "all" : String(path.dropFirst("classes.".count)) }

  func taskClass(
    share: Double, _ issues: inout [DescriptionIssue], _ notes: inout [Note]
  ) -> TaskClass? {
    var runTime = runTimeLaw(&issues, &notes)
    if margins == .best, let law = runTime, law.mean == .infinity,
      let bounded = try? law.limited(by: .truncated(lower: 0, upper: part.runTime.maximum))
    {
      // A load cannot be set, nor a mean be waited for, with such a tail.
      notes.append(
        Note(
          .assumed, "\(path).runTime", ["maximum_s": part.runTime.maximum],
          "\(path).runTime: the best law has no finite mean; cut at the greatest run time seen, "
            + "\(number(part.runTime.maximum)) s"))
      runTime = bounded
    }
    let cpu = request(part.cpu, "cpu", requests.cpu, &issues, &notes)
    let memory = request(part.memory, "memory", requests.memory, &issues, &notes)
    let jobSize = part.jobSize.maximum > 1 ? law(part.jobSize, "jobSize", &issues) : nil
    guard let runTime, let cpu, let memory else { return nil }
    let priorityClass = PriorityClass.allCases.first { $0.name == name } ?? .unknown
    var made = TaskClass(
      name: name, share: share, priorityClass: priorityClass, runTime: runTime, cpu: cpu,
      memory: memory)
    made.jobSize = jobSize
    made.outcomes = part.ends
    made.gpus = gpus
    if !isIndependent { made.correlations = correlations(made, &notes) }
    return made
  }

  /// The run times, or those of the 2011 trace where the profile knows next to none.
  private func runTimeLaw(_ issues: inout [DescriptionIssue], _ notes: inout [Note]) -> Law? {
    if part.runTime.count < 2, let other = WorkloadProfile.preset("google-2011")?.all.runTime,
      let law = try? other.fits.first?.fit.law
        .limited(by: .truncated(lower: 0, upper: other.maximum))
    {
      notes.append(
        Note(
          .assumed, "\(path).runTime",
          "\(path).runTime is not known to the profile; that of google-2011 is assumed"))
      return law
    }
    return law(part.runTime, "runTime", &issues)
  }

  private func law(
    _ quantity: QuantityProfile, _ key: String, _ issues: inout [DescriptionIssue]
  ) -> Law? {
    if margins != .fitted, let atoms = quantity.atoms, !atoms.isEmpty {
      if let law = try? Law.atoms(atoms.map { ($0.value, Double($0.count)) }) { return law }
    }
    if margins == .empirical, let values = quantity.empirical,
      let law = try? Empirical(values, interpolation: .linear)
    {
      return .empirical(law)
    }
    if let best = quantity.fits.first { return best.fit.law }
    if let values = quantity.empirical, let law = try? Empirical(values, interpolation: .linear) {
      return .empirical(law)
    }
    if let atoms = quantity.atoms, !atoms.isEmpty,
      let law = try? Law.atoms(atoms.map { ($0.value, Double($0.count)) })
    {
      return law
    }
    issues.append(
      DescriptionIssue(path: "\(path).\(key)", message: "has no law: neither fits nor values"))
    return nil
  }

  private func request(
    _ quantity: QuantityProfile, _ key: String, _ assumed: Double,
    _ issues: inout [DescriptionIssue],
    _ notes: inout [Note]
  ) -> Law? {
    guard quantity.count == 0 else { return law(quantity, key, &issues) }
    notes.append(
      Note(
        .assumed, "\(path).\(key)", [quantity.unit: assumed],
        "\(path).\(key) is not known to the profile; \(assumed) \(quantity.unit) assumed"))
    return try? Law.constant(assumed)
  }

  /// The profile's correlations, or the nearest that can be: shrunk together until they are positive
  /// definite and in reach of the laws' ties.
  private func correlations(_ made: TaskClass, _ notes: inout [Note]) -> TaskCorrelations? {
    let known = part.rankCorrelations
    let wanted = [known.runTimeCPU ?? 0, known.runTimeMemory ?? 0, known.cpuMemory ?? 0]
    guard wanted.contains(where: { $0 != 0 }) else { return nil }
    let (pairs, factor) = made.reachable(wanted)
    if factor < 1 {
      notes.append(
        Note(
          .assumed, "\(path).rankCorrelations", ["factor": factor],
          "\(path).rankCorrelations are taken at \(factor) of their size"))
    }
    return pairs
  }
}

import Workload

// What the rules of the queue, backfilling and the policy go by, and how many tasks have it.
extension RunRemarks {
  /// Tasks of whose run time a rule knew something.
  private func withRunTime(_ isPredicted: Bool) -> Int {
    withEstimate + (isPredicted ? predictedAlone ?? 0 : 0)
  }

  /// `3 of 5 tasks have estimates`, and how many of the others are predicted.
  private func estimates(_ options: SimulationOptions, _ isPredicted: Bool) -> String {
    var text = "\(Self.grouped(withEstimate)) of \(Self.grouped(tasks)) tasks have estimates"
    if isPredicted, let prediction = options.prediction {
      text +=
        " and \(Self.grouped(predictedAlone ?? 0)) of the others a prediction (\(prediction.name))"
    }
    return text
  }

  /// What is to be said of a rule that goes by run times that are not known of all tasks; nothing where they are.
  private func note(
    _ options: SimulationOptions, isPredicted: Bool, _ who: String, none: String, some: String
  ) -> [Note] {
    let known = withRunTime(isPredicted)
    guard known < tasks else { return [] }
    var figures = ["with_estimate": Double(withEstimate), "tasks": Double(tasks)]
    if isPredicted { figures["predicted"] = Double(predictedAlone ?? 0) }
    return [
      Note(
        .withoutEstimates, who, figures,
        "\(estimates(options, isPredicted)): \(known == 0 ? none : some)")
    ]
  }

  /// What the rules of the queue and the policy had to go by.
  func ruleNotes(
    _ options: SimulationOptions, policy: String, goesByEstimates: Bool
  ) -> [Note] {
    var notes = orderNotes(options)
    let isPredicted = options.predictsForBackfilling
    func backfilling(_ who: String, _ none: String, _ some: String) {
      notes += note(options, isPredicted: isPredicted, who, none: none, some: some)
    }
    switch options.backfilling {
    case .none, .greedy: break
    case .shadow:
      backfilling(
        "shadow", "backfilling before the shadow is greedy here",
        "it takes the others to run for ever")
    case .easy:
      backfilling("easy", "EASY is greedy here", "EASY takes the others to run for ever")
    case .conservative:
      backfilling(
        "conservative", "conservative backfilling has nothing to promise here",
        "conservative backfilling takes the others to run for ever")
    }
    if policy.hasPrefix("order:") {
      notes += note(
        options, isPredicted: false, policy,
        none:
          "what \(policy) sees of requested times is the same for all (docs/learning/order.md says what that "
          + "costs)", some: "\(policy) takes the others to ask for a day")
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
      notes += note(
        options, isPredicted: false, policy, none: "\(policy) takes each to run one second",
        some: "\(policy) takes the others to run one second")
    }
    return notes
  }

  /// What the order of the queue had to go by.
  private func orderNotes(_ options: SimulationOptions) -> [Note] {
    func lacking(
      _ kind: Note.Kind, _ who: String, _ key: String, _ count: Int?, _ have: String,
      _ none: String,
      _ some: String
    ) -> [Note] {
      guard let count, count < tasks else { return [] }
      return [
        Note(
          kind, who, ["with_\(key)": Double(count), "tasks": Double(tasks)],
          "\(Self.grouped(count)) of \(Self.grouped(tasks)) tasks have \(have): "
            + (count == 0 ? none : some))
      ]
    }
    func byRunTime(_ who: String, _ name: String) -> [Note] {
      note(
        options, isPredicted: options.predictsForOrder, who,
        none: "\(name) is first come, first served here",
        some: "\(name) takes the others last, as they come")
    }
    switch options.order {
    case .fifo: return []
    case .sjf: return byRunTime("sjf", "shortest job first")
    case .rule(let rule): return rule.goesByEstimates ? byRunTime(rule.name, rule.name) : []
    case .earliestDeadline:
      return lacking(
        .withoutDeadlines, "edf", "deadline", withDeadline, "deadlines",
        "earliest deadline first is first come, first served here",
        "earliest deadline first takes the others last, as they come")
    case .priority:
      return lacking(
        .withoutPriorities, "priority", "priority", withPriority, "priorities",
        "the highest priority first is first come, first served here",
        "the highest priority first takes the others last, as they come")
    case .fairShare, .dominantResource:
      let (who, name) =
        options.order == .fairShare
        ? ("fair-share", "fair sharing") : ("drf", "dominant resource fairness")
      return lacking(
        .withoutUsers, who, "user", withUser, "users",
        "\(name) is first come, first served here",
        "\(name) takes the others to be of one user")
    }
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
    if options.order == .sjf, withRunTime(options.predictsForOrder) == 0 {
      return "\(estimates(options, options.predictsForOrder)), by which shortest job first goes: "
        + "give the workload estimates (a preset: estimates=factor), or tell true run times "
        + "(--exact-estimates, exactEstimates)"
    }
    if options.order == .earliestDeadline, withDeadline == 0 {
      return
        "0 of \(Self.grouped(tasks)) tasks have deadlines, by which earliest deadline first goes"
    }
    return nil
  }
}

extension SimulationOptions {
  /// Whether the order of the queue goes by predictions.
  fileprivate var predictsForOrder: Bool { prediction != nil && predictionUse != .backfilling }
  /// Whether backfilling does.
  fileprivate var predictsForBackfilling: Bool { prediction != nil && predictionUse != .order }
}

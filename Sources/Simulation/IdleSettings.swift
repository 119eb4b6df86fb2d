import Workload

// What is asked for and changes nothing is said: some settings mean nothing beside others whatever runs, some
// to certain schedulers, and some wherever the tasks then wait.

extension SimulationOptions {
  /// A setting that is asked for and changes nothing.
  public struct IdleSetting: Hashable, Sendable {
    /// Its key in an experiment's `engine`.
    public let key: String
    /// Why, and what to do, as it goes on behind the key.
    public let reason: String
  }

  /// What is asked for here and changes nothing, whatever the scheduler and the workload.
  public var idleSettings: [IdleSetting] {
    guard mode == .dispatch else { return [] }
    var idle: [IdleSetting] = []
    func note(_ key: String, _ isAsked: Bool, _ reason: String) {
      if isAsked { idle.append(IdleSetting(key: key, reason: reason)) }
    }
    note(
      "gangs", gangs,
      "means nothing with mode dispatch, where each instance waits at a machine of its own: leave it out, or use "
        + "mode central")
    note(
      "preempt", preemption != nil,
      "means nothing with mode dispatch, where tasks wait at their machines and evict nobody: leave it out, or "
        + "use mode central")
    note(
      "backfilling", backfilling == .conservative,
      "is conservative, which promises starts in one queue: with mode dispatch it is greedy; say greedy or easy, or "
        + "use mode central")
    return idle
  }

  /// The keys of the rules of the one queue that are asked for: who goes next, and who may overtake.
  fileprivate var queueRules: [String] {
    [
      ("queue", order != .fifo), ("backfilling", backfilling != .none),
      ("bindHead", bindsHead),
    ].filter(\.1).map(\.0)
  }
}

extension RunRemarks {
  /// What was asked for and changed nothing in this run.
  func idleNotes(_ options: SimulationOptions, policy: String, choosesTasks: Bool) -> [Note] {
    var notes = options.idleSettings.map {
      Note(.withoutEffect, $0.key, "\($0.key) \($0.reason)")
    }
    if choosesTasks {
      let keys =
        options.queueRules.filter { $0 != "queue" }
        + (options.preemption != nil && options.mode == .central ? ["preempt"] : [])
      if !keys.isEmpty {
        notes.append(
          Note(
            .withoutEffect, keys.joined(separator: ", "),
            "\(policy) chooses among all that wait, to the depth: to it \(Self.meanNothing(keys))"))
      }
    } else if waitsAtMachines > 0, !options.queueRules.isEmpty {
      let keys = options.queueRules
      notes.append(
        Note(
          .withoutEffect, keys.joined(separator: ", "), ["waits": Double(waitsAtMachines)],
          "\(Self.grouped(waitsAtMachines)) \(waitsAtMachines == 1 ? "time a task" : "times tasks") waited at "
            + "a machine (mode dispatch), first come, first served: there \(Self.meanNothing(keys))"
        ))
    }
    if options.depth != SimulationOptions().depth, options.backfilling == .none, !choosesTasks,
      !options.order.changesWithTime, !policy.hasPrefix("order:")
    {
      notes.append(
        Note(
          .withoutEffect, "depth",
          "depth means nothing here: without backfilling the head of the queue alone is looked at"))
    }
    return notes
  }

  private static func meanNothing(_ keys: [String]) -> String {
    keys.joined(separator: " and ") + (keys.count == 1 ? " means nothing" : " mean nothing")
  }
}

extension Note.Kind {
  /// What was asked for changes nothing.
  public static let withoutEffect = Note.Kind(rawValue: "without-effect")
}

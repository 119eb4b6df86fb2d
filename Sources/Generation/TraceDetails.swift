import CVectorMath
import Foundation
import Workload

/// What a trace says of tasks beyond what a scheduler is told: who, and where they ran.
public struct TraceDetails: Sendable, Hashable {
  /// Users; the one of rank r submits jobs about in proportion to 1/r. 1...1,000,000.
  public var users: Int
  /// Machines that attempts ran on, each as likely as any other. 1...1,000,000.
  public var machines: Int
  /// Share of the jobs whose tasks must run on different machines, 0...1.
  public var differentMachines: Double

  /// Details of a trace with so many users and machines.
  public init(users: Int, machines: Int, differentMachines: Double = 0) {
    self.users = users
    self.machines = machines
    self.differentMachines = differentMachines
  }
}

/// Draws a trace's details of tasks, each from a stream of its own.
struct TraceSampler: Sendable {
  private let details: TraceDetails
  private let logUsers: Double
  private let machineNumbers: [Int64]
  private let (user, schedulingClass, different, machine):
    (
      RandomStream, RandomStream, RandomStream, RandomStream
    )

  init(_ details: TraceDetails, seed: UInt64) {
    self.details = details
    logUsers = cvm_log(Double(details.users) + 1)
    func stream(_ name: String) -> RandomStream { RandomStream(seed: seed, name: name) }
    (user, schedulingClass) = (stream("user"), stream("scheduling class"))
    (different, machine) = (stream("different machines"), stream("machine"))
    // Numbers of as many digits as Google's: up to six, and ten where a machine came later.
    var numbers = stream("machine numbers")
    machineNumbers = (0..<details.machines).map { _ in
      numbers.uniform() < 0.7
        ? Int64(numbers.below(4_000_000_000)) + 1_000_000 : Int64(numbers.below(500_000)) + 3000
    }
  }

  /// Fills in what a record says; its attempts must be known.
  func describe(_ record: inout TaskRecord) {
    let job = UInt64(record.id.job)
    let rank = cvm_exp(RandomStream.openUniform(user.word(job)) * logUsers)
    record.user = UserID(UInt32(min(max(rank.rounded(.down), 1), Double(details.users))))
    record.schedulingClass = Int8(schedulingClass.word(job) >> 62)
    if RandomStream.openUniform(different.word(job)) < details.differentMachines {
      record.flags.insert(.differentMachines)
    }
    if record.attempts > 0 {
      record.machine = machine(of: record.id, attempt: Int(record.attempts) - 1)
    }
  }

  /// The machine of an attempt, counted from 0.
  func machine(of task: TaskID, attempt: Int) -> Int64 {
    let word = machine.at(UInt64(task.job)).word(taskPlace(task, attempt))
    return machineNumbers[Int(truncatingIfNeeded: word % UInt64(machineNumbers.count))]
  }
}

/// Where the draws of an attempt are in its job's part of a stream.
private func taskPlace(_ task: TaskID, _ attempt: Int) -> UInt64 {
  UInt64(task.index) << 16 | UInt64(attempt & 0xffff)
}

extension SyntheticWorkload {
  /// The users' names, by `UserID`; the first is empty. 44 characters each, as Google's hashes, with
  /// ``WorkloadModel/details``; numbers of ``WorkloadModel/clients``; none without both.
  public var userNames: [String] {
    guard let details = model.details else { return model.clients?.userNames ?? [] }
    var words = RandomStream(seed: seed, name: "user names")
    return [""]
      + (0..<details.users).map { _ in
        let bytes = (0..<4).flatMap { _ in
          withUnsafeBytes(of: words.next().littleEndian, Array.init)
        }
        return Data(bytes).base64EncodedString()
      }
  }

  /// The attempts of a task of this workload, of which the record holds the totals; none if its class
  /// says nothing about ends.
  ///
  /// Each waits for as long as the others; how the time that the task ran before its last attempt
  /// falls on the ones before it, and how those ended (``TaskClass/earlierEnds``), is drawn from
  /// streams of their own.
  public func attempts(of record: TaskRecord) -> [TaskAttempt] {
    if record.attempts == 0 {
      guard record.end.isKnown else { return [] }
      return [
        TaskAttempt(
          submit: record.submit, start: .never, end: record.end, outcome: record.outcome)
      ]
    }
    let count = Int(record.attempts)
    let wait = Microseconds(record.waitTime.rawValue / Int64(count))
    let ran = record.lastSchedule - record.submit - record.waitTime
    var lengths = RandomStream(seed: seed, name: "attempt lengths").at(UInt64(record.id.job))
      .at(UInt64(record.id.index))
    let parts = (1..<count).map { _ in -cvm_log(lengths.openUniform()) }
    let total = parts.reduce(0, +)
    var (sum, before) = (0.0, Microseconds.zero)
    var attempts: [TaskAttempt] = []
    attempts.reserveCapacity(count)
    for (place, part) in parts.enumerated() {
      sum += part
      let upTo = place == count - 2 ? ran : Microseconds(whole(Double(ran.rawValue) * sum / total))
      let submit = record.submit + before + Microseconds(wait.rawValue * Int64(place))
      attempts.append(
        TaskAttempt(
          submit: submit, start: submit + wait, end: submit + wait + (upTo - before),
          outcome: earlierEnd(of: record, attempt: place),
          machine: details?.machine(of: record.id, attempt: place) ?? -1))
      before = upTo
    }
    attempts.append(
      TaskAttempt(
        submit: record.lastSchedule - wait, start: record.lastSchedule, end: record.end,
        outcome: record.outcome, machine: record.machine))
    return attempts
  }

  /// How an attempt before the last one ended.
  private func earlierEnd(of record: TaskRecord, attempt: Int) -> Outcome {
    guard
      let ends = model.classes.first(where: {
        $0.priority == record.priority && $0.priorityClass == record.priorityClass
      })?.earlierEnds, let last = ends.last
    else { return .evicted }
    let stream = RandomStream(seed: seed, name: "earlier ends").at(UInt64(record.id.job))
    var u = RandomStream.openUniform(stream.word(taskPlace(record.id, attempt)))
    for end in ends {
      if u < end.share { return end.outcome }
      u -= end.share
    }
    return last.outcome
  }
}

import Experiments
import Foundation
import Simulation
import Workload

/// When tasks come, whose they are and where they ran: what a trace's page shows beyond its summary.
///
/// A counter for each user and each machine is kept, of at most a million of each; tasks of others are
/// counted together.
public struct TraceActivity {
  /// What a user or a machine comes to.
  struct Share {
    var tasks = 0
    var coreSeconds = 0.0

    mutating func add(_ record: TaskRecord) {
      tasks += 1
      coreSeconds +=
        record.request.cpu.value * record.runTime.seconds * Double(max(1, record.instances))
    }
  }

  private static let limit = 1_000_000
  private var byHour = [Int](repeating: 0, count: 24)
  private var first = Microseconds.never
  private var last = Microseconds.zero
  private var users: [UserID: Share] = [:]
  private var machines: [Int64: Share] = [:]
  private var otherUsers = Share()
  private var runTimes = Array(repeating: Tally(), count: PriorityClass.allCases.count)

  /// Nothing yet.
  public init() {}

  /// Counts a task.
  public mutating func add(_ record: TaskRecord) {
    if !record.flags.contains(.cutOffAtStart) {
      byHour[Int(record.submit.rawValue / 3_600_000_000) % 24] += 1
      first = first.isKnown ? min(first, record.submit) : record.submit
      last = max(last, record.submit)
    }
    if record.tellsRunTime, !record.flags.contains(.cutOffAtEnd) {
      runTimes[Int(record.priorityClass.rawValue)].record(record.runTime.rawValue)
    }
    if record.user != .unknown {
      if users.count < Self.limit || users[record.user] != nil {
        users[record.user, default: Share()].add(record)
      } else {
        otherUsers.add(record)
      }
    }
    if record.machine >= 0, machines.count < Self.limit || machines[record.machine] != nil {
      machines[record.machine, default: Share()].add(record)
    }
  }

  /// The sections of a page; those of which a trace tells nothing are empty.
  ///
  /// - Parameters:
  ///   - unit: what records are: `tasks`, `jobs`.
  ///   - names: what users are called.
  func sections(unit: String, names: (UserID) -> String) -> [ReportPage.Section] {
    [
      .init(id: "classes", title: "Classes", blocks: classBlocks(unit)),
      .init(id: "hours", title: "Hours of the day", blocks: hourBlocks(unit)),
      .init(id: "users", title: "Users", blocks: userBlocks(unit, names)),
      .init(id: "machines", title: "Machines", blocks: machineBlocks(unit)),
    ]
  }

  private func classBlocks(_ unit: String) -> [ReportPage.Block] {
    let known = PriorityClass.allCases.filter { runTimes[Int($0.rawValue)].count > 0 }
    guard known.count > 1 else { return [] }
    let series = known.map { kind -> ReportFigure.Series in
      return .init(
        kind.name, style: Int(kind.rawValue), hasMarks: true,
        points: runTimes[Int(kind.rawValue)].curve(scale: 1e-6))
    }
    return [
      .figure(
        ReportFigure(
          id: "run-time-by-class", title: "Run time by class",
          caption: "Of those that ended: the share of a class's \(unit) that ran at least so long.",
          kind: .lines, x: .init("run time, s", isLogarithmic: true),
          y: .init("share of \(unit) at least as long", isLogarithmic: true), series: series))
    ]
  }

  private func hourBlocks(_ unit: String) -> [ReportPage.Block] {
    let span = first.isKnown ? (last - first).seconds : 0
    // Of less than a day the hours are those of the day that there is.
    guard span >= 6 * 3600 else { return [] }
    let days = (0..<24).map { hour -> Double in
      let (from, to) = (first.seconds / 3600, last.seconds / 3600)
      // How many times the hour went by, in parts of it.
      var time = 0.0
      var day = (from / 24).rounded(.down)
      while day * 24 <= to {
        let begin = day * 24 + Double(hour)
        time += max(0, min(to, begin + 1) - max(from, begin))
        day += 1
      }
      return time
    }
    return [
      .figure(
        ReportFigure(
          id: "hours", title: "Submissions by hour of the day",
          caption: """
            \(unit.prefix(1).uppercased() + unit.dropFirst()) an hour, on average over the days. Hours count \
            from the trace's time 0: which hour of the clock that was, the trace does not tell.
            """,
          kind: .bars, x: .init("hour"), y: .init("\(unit) an hour"),
          categories: (0..<24).map(String.init),
          series: [
            .init(
              unit, style: 0,
              points: (0..<24).compactMap { hour in
                days[hour] > 0.05 ? .init(Double(hour), Double(byHour[hour]) / days[hour]) : nil
              })
          ]))
    ]
  }

  private func userBlocks(
    _ unit: String, _ names: (UserID) -> String
  ) -> [ReportPage.Block] {
    guard users.count > 1 else { return [] }
    let sorted = users.sorted {
      ($1.value.tasks, $0.key.rawValue) < ($0.value.tasks, $1.key.rawValue)
    }
    let all = Double(users.values.reduce(otherUsers.tasks) { $0 + $1.tasks })
    // In the order of the list: a sum in the dictionary's would end in other last digits in each run.
    let work = sorted.reduce(otherUsers.coreSeconds) { $0 + $1.value.coreSeconds }
    let rows = sorted.prefix(10).map { user, share -> [ReportTable.Cell] in
      let name = names(user)
      return [
        .init(name.isEmpty ? "user \(user.rawValue)" : String(name.prefix(40))),
        .init(grouped(share.tasks), value: Double(share.tasks)),
        .init(percent(Double(share.tasks) / all), value: Double(share.tasks) / all),
        .init(significant(share.coreSeconds / 3600), value: share.coreSeconds / 3600),
        .init(
          work > 0 ? percent(share.coreSeconds / work) : "–",
          value: work > 0 ? share.coreSeconds / work : .nan),
      ]
    }
    let half = Self.least(sorted.map { Double($0.value.tasks) }, of: all / 2)
    let busiest = users.values.map(\.coreSeconds).sorted(by: >)
    let halfWork = Self.least(busiest, of: work / 2)
    var text = "\(grouped(users.count))\(otherUsers.tasks > 0 ? " or more" : "") users; "
    text += "\(grouped(half)) of them submitted half of the \(unit)"
    if work > 0 { text += ", and \(grouped(halfWork)) had half of the core-hours" }
    return [
      .paragraph(text + "."),
      .table(
        ReportTable(
          title: "Users with the most \(unit)", note: "",
          header: ["user", unit, "share", "core-hours", "share of them"], rows: rows)),
    ]
  }

  private func machineBlocks(_ unit: String) -> [ReportPage.Block] {
    guard machines.count > 1 else { return [] }
    let work = machines.values.map { $0.coreSeconds / 3600 }.sorted(by: >)
    let tasks = machines.values.map { Double($0.tasks) }.sorted(by: >)
    let hasWork = work.contains { $0 > 0 }
    let values = hasWork ? work : tasks
    let what = hasWork ? "core-hours" : unit
    let count = min(values.count, 100)
    let points = (0..<count).map { place -> ReportFigure.Point in
      let rank = count == 1 ? 0 : place * (values.count - 1) / (count - 1)
      return .init(Double(rank + 1), values[rank])
    }
    let middle = values[values.count / 2]
    return [
      .paragraph(
        "\(counted(machines.count, "machine")) ran \(unit): the busiest \(significant(values[0])) \(what), "
          + "the one in the middle \(significant(middle))."),
      .figure(
        ReportFigure(
          id: "machines", title: "\(what.prefix(1).uppercased() + what.dropFirst()) by machine",
          caption:
            "From the busiest machine to the idlest of those that ran anything, by last attempts.",
          kind: .lines, x: .init("machine, by rank"), y: .init(what),
          series: [.init("machines", style: 0, points: points)])),
    ]
  }

  /// How many of the values, which fall, come to `sum` together.
  private static func least(_ values: [Double], of sum: Double) -> Int {
    var (total, count) = (0.0, 0)
    for value in values where total < sum {
      total += value
      count += 1
    }
    return count
  }
}

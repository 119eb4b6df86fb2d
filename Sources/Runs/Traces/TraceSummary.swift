import Foundation
import Simulation
import TraceInput
import TraceParsing
import Workload

/// What `inspect` gathers, in bounded memory.
public struct TraceSummary {
  let path: String
  let format: String
  let tables: [TraceTable]
  let passedOver: [PassedOverFile]
  /// What is known of the trace before it is read.
  let told: [Note]
  let scale: MachineScale
  let relativeAmounts: RelativeAmounts
  /// What reading the records told.
  public var report = ReadReport()
  /// What reading other tables told, by their names.
  public var surveys: [String: TableSurvey] = [:]
  /// How use over time compares with requests, where the trace tells it.
  public var usage: UsageSurvey?
  /// The machines, where a table has them.
  public var machines: MachineSummary?
  /// Rows that could not be read, by reason.
  public var rejects: [String: Int] = [:]
  /// The names of the users.
  public var users: SymbolTable?

  package private(set) var records = 0
  private(set) var jobs = 0
  /// Counts by class and outcome, end to end: a dictionary would take longer than all else.
  private var outcomes = [Int](
    repeating: 0, count: PriorityClass.allCases.count * Outcome.allCases.count)
  private(set) var flags: [Int] = Array(repeating: 0, count: flagNames.count)
  private(set) var attempts = 0
  private(set) var margins = [
    Margin(censoring: "run time", unit: "s", scale: 1e-6),
    Margin("wait time", unit: "s", scale: 1e-6),
    Margin("CPU request", unit: "cores", scale: 1e-9),
    Margin("memory request", unit: "GiB", scale: 1 / 1_073_741_824),
    Margin("GPU request", unit: "GPUs", scale: 1e-3), Margin("instances", unit: "", scale: 1),
  ]
  /// Cores that tasks held, by their last attempts.
  private(set) var use = UseOverTime()
  /// How many of them are taken to have begun when they were submitted.
  private var heldFromSubmission = 0
  private(set) var arrivals = ArrivalSpan()
  private var requestsAssumed = 0

  static let flagNames: [(TaskRecord.Flags, String)] = [
    (.cutOffAtStart, "cut off at the start"), (.cutOffAtEnd, "cut off at the end"),
    (.missingInfo, "with missing info"), (.irregular, "with impossible transitions"),
    (.requestAssumed, "with assumed request"), (.cpuUnknown, "without CPU request"),
    (.memoryUnknown, "without memory request"),
  ]

  private static let namedFlags = flagNames.reduce(into: TaskRecord.Flags()) { $0.insert($1.0) }

  /// Nothing yet of a trace.
  public init(path: String, trace: any RecognisedTrace, scale: MachineScale) {
    self.path = path
    format = trace.format
    tables = trace.tables
    passedOver = trace.passedOver
    told = trace.notes
    relativeAmounts = trace.relativeAmounts
    self.scale = scale
  }

  /// The survey of a table, where it was read.
  public func survey(of table: String) -> TableSurvey? { report.surveys[table] ?? surveys[table] }

  /// The counts of the outcomes of each class that there is.
  var classes: [PriorityClass: [Int]] {
    var classes: [PriorityClass: [Int]] = [:]
    for name in PriorityClass.allCases {
      let counts = Array(
        outcomes.dropFirst(Int(name.rawValue) * Outcome.allCases.count)
          .prefix(Outcome.allCases.count))
      if counts.contains(where: { $0 > 0 }) { classes[name] = counts }
    }
    return classes
  }

  /// Counts a task.
  public mutating func add(_ record: TaskRecord) {
    records += 1
    attempts += Int(record.attempts)
    outcomes[
      Int(record.priorityClass.rawValue) * Outcome.allCases.count + Int(record.outcome.rawValue)
    ] += 1
    if !record.flags.isDisjoint(with: Self.namedFlags) {
      for (index, (flag, _)) in Self.flagNames.enumerated() where record.flags.contains(flag) {
        flags[index] += 1
      }
    }
    let flags = record.flags
    arrivals.add(record)
    if record.request.milliGPU > 0 { margins[4].add(record.request.milliGPU) }
    if record.instances > 1 { margins[5].add(Int64(record.instances)) }
    if record.attempts > 0, record.end.isKnown, !flags.contains(.runTimeUnknown),
      !flags.contains(.cpuUnknown)
    {
      let end = record.end.seconds
      if record.hasUntoldWait { heldFromSubmission += 1 }
      use.add(
        record.request.cpu.value * Double(max(1, record.instances)),
        from: end - record.runTime.seconds, to: end)
    }
    if record.tellsRunTime {
      if flags.contains(.cutOffAtEnd) {
        margins[0].addCutOff(record.runTime.rawValue)
      } else {
        margins[0].add(record.runTime.rawValue)
      }
    }
    if record.attempts > 0, !flags.contains(.waitTimeUnknown) {
      margins[1].add(record.waitTime.rawValue)
    }
    if flags.contains(.requestAssumed) {
      requestsAssumed += 1
      return
    }
    if !flags.contains(.cpuUnknown) { margins[2].add(record.request.cpu.nano) }
    if !flags.contains(.memoryUnknown) { margins[3].add(record.request.memory.rawValue) }
  }

  // MARK: - For people

  /// As `tracemill inspect` prints it.
  public var text: String {
    heading + tableLines + eventLines + taskLines + marginLines + usageLines + measureLines
      + oddLines
  }

  private var heading: String { "\(path): \(format)\n" }

  private var tableLines: String {
    var lines = TextTable(left: [0, 1])
    for table in tables {
      var parts = table.parts == 1 ? "1 file" : "\(table.parts) files"
      if let total = table.total, total > table.parts { parts += " of \(total)" }
      if !table.missing.isEmpty { parts += ", \(table.missingCount) missing between them" }
      let survey = survey(of: table.name)
      let when =
        survey.map {
          $0.firstTime.isKnown
            ? "\(span($0.firstTime.seconds)) to \(span($0.lastTime.seconds))" : "no times"
        } ?? ""
      let rows = survey?.rows ?? report.rows[table.name] ?? 0
      lines.add([table.name, parts, counted(rows, "row"), when])
    }
    var text = "\ntables\n" + lines.text
    if let machines { text += machines.text }
    return text
  }

  private var eventLines: String {
    var text = ""
    for table in tables {
      guard let survey = survey(of: table.name), !survey.events.isEmpty else { continue }
      var lines = TextTable()
      for event in survey.events where event.count > 0 {
        lines.add([event.name, grouped(event.count)])
      }
      text += "\nevents of \(table.name)\n" + lines.text
    }
    return text
  }

  private var taskLines: String {
    guard records > 0 else { return "" }
    let isJobLevel = report.rows["job_events"] != nil && report.rows["task_events"] == nil
    let classes = classes
    let shown = Outcome.allCases.filter { outcome in
      classes.values.contains { $0[Int(outcome.rawValue)] > 0 }
    }
    var lines = TextTable(header: ["class", isJobLevel ? "jobs" : "tasks"] + shown.map(\.name))
    for (name, counts) in classes.sorted(by: { $0.key > $1.key }) {
      lines.add(
        [name.name, grouped(counts.reduce(0, +))]
          + shown.map { grouped(counts[Int($0.rawValue)]) })
    }
    var text = "\n" + counted(records, isJobLevel ? "job" : "task")
    text += ", " + counted(attempts, "attempt") + "\n"
    text += lines.text
    if let arrived = arrivalWords { text += "  \(arrived)\n" }
    let steps = use.steps
    if let most = steps.max(), most > 0 {
      let mean = steps.reduce(0, +) / Double(steps.count)
      text +=
        "  cores held  \(Self.blocks(steps))  mean \(significant(mean)), most \(significant(most))"
      text += " (in steps of \(Runs.span(use.width)), last attempts)\n"
      if let note = useNote { text += "  \(note)\n" }
    }
    for (index, (_, name)) in Self.flagNames.enumerated() where flags[index] > 0 {
      text += "  \(grouped(flags[index])) \(name)\n"
    }
    return text
  }

  /// What makes the cores held over time other than they were; nil if nothing does.
  var useNote: String? {
    guard heldFromSubmission > 0 else { return nil }
    return "cores are counted as held from the submission on for \(grouped(heldFromSubmission)) of "
      + "\(grouped(records)) tasks: the trace does not say when they started, so more may be shown "
      + "than the cluster had"
  }

  /// Values over time as a row of 48 blocks, scaled to the largest.
  private static func blocks(_ values: [Double]) -> String {
    let columns = min(48, values.count)
    let levels = (0..<columns).map { column in
      let part = values[
        (column * values.count / columns)..<((column + 1) * values.count / columns)]
      return part.reduce(0, +) / Double(part.count)
    }
    let most = levels.max() ?? 0
    guard most > 0 else { return "" }
    let blocks = Array("▁▂▃▄▅▆▇█")
    return String(levels.map { blocks[min(7, Int($0 / most * 7.999))] })
  }

  /// How many came in how long; nil where all came at one time.
  var arrivalWords: String? {
    guard let rate = arrivals.rate else { return nil }
    var text = "\(grouped(arrivals.count)) arrived over \(Runs.span(arrivals.seconds)), "
    text += "\(self.rate(rate)) on average"
    let before = arrivals.before
    if before > 0 { text += "; \(grouped(before)) \(before == 1 ? "was" : "were") there before" }
    return text
  }

  /// A rate in a unit that fits.
  func rate(_ perSecond: Double) -> String {
    for (factor, unit) in [(1.0, "second"), (60, "minute"), (3600, "hour")]
    where perSecond * factor >= 1 {
      return "\(significant(perSecond * factor)) \(each(unit))"
    }
    return "\(significant(perSecond * 86400)) a day"
  }

  /// Whether requests are shares of the largest machine in the trace itself.
  var isNormalised: Bool {
    !relativeAmounts.isEmpty
  }

  private var marginLines: String {
    let shown = margins.filter { $0.values.count > 0 }
    guard !shown.isEmpty else { return "" }
    var lines = TextTable(
      header: ["", "unit", "n", "min", "p10", "p50", "p90", "p99", "max", "mean"], left: [0, 1])
    for margin in shown { lines.add(margin.cells) }
    var text = "\nsizes"
    if margins[2].values.count > 0, !relativeAmounts.isEmpty {
      let taken =
        (relativeAmounts.contains(.cpu) ? ["\(significant(scale.cores)) cores"] : [])
        + (relativeAmounts.contains(.memory) ? ["\(significant(scale.memory.gibibytes)) GiB"] : [])
      text += " (1.0 in the trace is taken as \(taken.joined(separator: ", ")))"
    }
    text += "\n" + lines.text
    if let limit = margins[0].productLimit {
      text +=
        "  run times are of those that ended; with the \(grouped(margins[0].cutOff)) cut off counted "
      text += "(Kaplan-Meier\(limit.isSampled ? ", of a sample" : "")): "
      text += "mean \(significant(limit.mean)) s up to the longest seen, median "
      text += limit.median.map { significant($0) + " s" } ?? "beyond the longest that ended"
      text += "\n"
    }
    return text + shown.map { "\n" + $0.histogram }.joined()
  }

  private var usageLines: String {
    guard let usage else { return "" }
    var lines = TextTable(left: [0])
    lines.add(["samples", grouped(usage.samples)])
    lines.add(["tasks that have any", grouped(usage.tasks)])
    for (place, name) in ["CPU", "memory", "GPU"].enumerated() {
      guard let share = usage.shares[place] else { continue }
      lines.add(["\(name) used of what was asked for", significant(share * 100) + " %"])
      lines.add(["samples above the \(name) request", grouped(usage.above[place])])
    }
    return "\nuse over time\n" + lines.text + usage.notes.map { "  \($0)\n" }.joined()
  }

  /// What machines used over time.
  private var measureLines: String {
    var text = ""
    for table in tables {
      guard let survey = survey(of: table.name), !survey.measures.isEmpty else { continue }
      var lines = TextTable(
        header: ["", "rows", "mean", "most", "without", "over time"], left: [0, 5])
      for measure in survey.measures {
        // A step without a reading is as the one before it.
        var last = 0.0
        let steps = measure.steps.map { step in
          last = step ?? last
          return last
        }
        lines.add([
          "\(measure.name), \(measure.unit)", grouped(measure.count), significant(measure.mean),
          significant(measure.most), grouped(measure.missing), Self.blocks(steps),
        ])
      }
      text +=
        "\nuse over time of \(counted(survey.subjects, "machine")) (\(table.name))\n" + lines.text
    }
    return text
  }

  private var oddLines: String {
    var lines = TextTable(left: [0])
    for (what, count) in oddities { lines.add([what, grouped(count)]) }
    // The others were told when the trace was found.
    let text = lines.text + notes.filter { !told.contains($0) }.map { "  \($0)\n" }.joined()
    return text.isEmpty ? "" : "\nto know\n" + text
  }

  /// What was left out or assumed.
  var notes: [Note] {
    var notes = told
    notes.add(report.notes.filter { $0.kind != .resumed })
    notes.add(PassedOverFile.note(passedOver, limit: 3).map { [$0] } ?? [])
    return notes
  }

  /// What is odd about the trace, and how often.
  public var oddities: [(String, Int)] {
    var lines: [(String, Int)] = []
    for odd in report.transitions.impossible {
      let what =
        odd.from == .unsubmitted
        ? "\(odd.event.name) without SUBMIT (began before the input)"
        : "\(odd.event.name) while \(odd.from.name)"
      lines.append((what, odd.count))
    }
    if report.afterEnd > 0 {
      lines.append(("tasks seen only after the trace's end", report.afterEnd))
    }
    for table in tables {
      guard let survey = survey(of: table.name) else { continue }
      for (code, count) in survey.missingInfo.sorted(by: { $0.key < $1.key }) {
        lines.append(("\(table.name) rows with missing info \(code)", count))
      }
      if survey.beforeStart > 0 {
        lines.append(("\(table.name) rows from before the trace", survey.beforeStart))
      }
      if survey.afterEnd > 0 {
        lines.append(("\(table.name) rows from after its end", survey.afterEnd))
      }
      if survey.comments > 0 {
        lines.append(("\(table.name) comment lines", survey.comments))
      }
    }
    for (reason, count) in rejects.sorted(by: { $0.key < $1.key }) {
      lines.append(("rejected: \(reason)", count))
    }
    return lines
  }

  // MARK: - For machines

  /// The same for JSON.
  public var object: [String: Any] {
    var object: [String: Any] = [
      "path": path, "format": format, "rejects": rejects,
      "relative_amounts": [
        "cpu": relativeAmounts.contains(.cpu), "memory": relativeAmounts.contains(.memory),
      ],
      "scale": [
        "cores": scale.cores, "memory_bytes": scale.memory.rawValue,
        "disk_bytes": scale.disk.rawValue,
      ] as [String: Any],
      "tables": tables.map(tableObject),
      "impossible_transitions": impossibleTransitions(report.transitions),
    ]
    var byClass: [String: Any] = [:]
    for (name, counts) in classes {
      byClass[name.name] = Dictionary(
        uniqueKeysWithValues: Outcome.allCases.map { ($0.name, counts[Int($0.rawValue)]) })
    }
    object["tasks"] =
      [
        "count": records, "attempts": attempts, "after_end": report.afterEnd, "outcomes": byClass,
        "flags": Dictionary(
          uniqueKeysWithValues: Self.flagNames.enumerated().map { ($1.1, flags[$0]) }),
      ] as [String: Any]
    let steps = use.steps
    object["use"] =
      ["step_s": use.width, "cores": steps.map { $0 as Any }] as [String: Any]
    object["arrivals"] = arrivals.object
    object["margins"] = Dictionary(uniqueKeysWithValues: margins.map { ($0.name, $0.object) })
    if let machines { object["machines"] = machines.object }
    if let usage {
      var shares: [String: Any] = [:]
      for (name, share) in zip(["cpu", "memory", "gpu"], usage.shares) { shares[name] = share }
      object["usage"] =
        ["samples": usage.samples, "tasks": usage.tasks, "used_of_requested": shares]
        as [String: Any]
    }
    object["passed_over"] = passedOver.map(\.object)
    (object["notes"], object["note_values"]) = (notes.texts, notes.map(\.object))
    return object
  }

  private func tableObject(_ table: TraceTable) -> [String: Any] {
    var object: [String: Any] = [
      "name": table.name, "files": table.parts, "missing_parts": table.missing.flatMap(Array.init),
    ]
    if let total = table.total { object["parts_in_all"] = total }
    guard let survey = survey(of: table.name) else { return object }
    object["rows"] = survey.rows
    object["comments"] = survey.comments
    object["first_time_us"] = survey.firstTime.isKnown ? survey.firstTime.rawValue : NSNull()
    object["last_time_us"] = survey.lastTime.rawValue
    object["rows_before_start"] = survey.beforeStart
    object["rows_after_end"] = survey.afterEnd
    object["events"] = Dictionary(uniqueKeysWithValues: survey.events.map { ($0.name, $0.count) })
    object["missing_info"] = Dictionary(
      uniqueKeysWithValues: survey.missingInfo.map { (String($0), $1) })
    if !survey.measures.isEmpty {
      object["machines"] = survey.subjects
      object["measures"] = survey.measures.map { measure -> [String: Any] in
        [
          "name": measure.name, "unit": measure.unit, "rows": measure.count,
          "without": measure.missing, "mean": measure.mean, "most": measure.most,
          "step_s": measure.width, "steps": measure.steps.map { $0 ?? NSNull() as Any },
        ]
      }
    }
    return object
  }
}

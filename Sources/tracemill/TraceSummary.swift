import Foundation
import Simulation
import TraceParsing
import Workload

/// What `inspect` gathers, in bounded memory.
struct TraceSummary {
  let path: String
  let format: String
  let tables: [TraceTable]
  let scale: MachineScale
  var report = ReadReport()
  var surveys: [String: TableSurvey] = [:]
  var machines: MachineSummary?
  var rejects: [String: Int] = [:]

  private(set) var records = 0
  private(set) var jobs = 0
  /// Counts by class and outcome, end to end: a dictionary would take longer than all else.
  private var outcomes = [Int](
    repeating: 0, count: PriorityClass.allCases.count * Outcome.allCases.count)
  private(set) var flags: [Int] = Array(repeating: 0, count: flagNames.count)
  private(set) var attempts = 0
  private(set) var margins = [
    Margin("run time", unit: "s", scale: 1e-6), Margin("wait time", unit: "s", scale: 1e-6),
    Margin("CPU request", unit: "cores", scale: 1e-9),
    Margin("memory request", unit: "GiB", scale: 1 / 1_073_741_824),
  ]
  private var requestsAssumed = 0

  static let flagNames: [(TaskRecord.Flags, String)] = [
    (.cutOffAtStart, "cut off at the start"), (.cutOffAtEnd, "cut off at the end"),
    (.missingInfo, "with missing info"), (.irregular, "with impossible transitions"),
    (.requestAssumed, "with assumed request"), (.cpuUnknown, "without CPU request"),
    (.memoryUnknown, "without memory request"),
  ]

  private static let namedFlags = flagNames.reduce(into: TaskRecord.Flags()) { $0.insert($1.0) }

  init(path: String, trace: any RecognisedTrace, scale: MachineScale) {
    self.path = path
    format = trace.format
    tables = trace.tables
    self.scale = scale
  }

  func survey(of table: String) -> TableSurvey? { report.surveys[table] ?? surveys[table] }

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

  mutating func add(_ record: TaskRecord) {
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
    if record.attempts > 0, !flags.contains(.runTimeUnknown), !flags.contains(.cutOffAtEnd) {
      margins[0].add(record.runTime.rawValue)
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

  var text: String { heading + tableLines + eventLines + taskLines + marginLines + oddLines }

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
      lines.add([table.name, parts, grouped(rows) + " rows", when])
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
    var text =
      "\n\(grouped(records)) \(isJobLevel ? "jobs" : "tasks"), \(grouped(attempts)) attempts\n"
    text += lines.text
    for (index, (_, name)) in Self.flagNames.enumerated() where flags[index] > 0 {
      text += "  \(grouped(flags[index])) \(name)\n"
    }
    return text
  }

  private var marginLines: String {
    let shown = margins.filter { $0.values.count > 0 }
    guard !shown.isEmpty else { return "" }
    var lines = TextTable(
      header: ["", "unit", "n", "min", "p10", "p50", "p90", "p99", "max", "mean"], left: [0, 1])
    for margin in shown { lines.add(margin.cells) }
    var text = "\nsizes"
    if margins[2].values.count > 0 {
      text +=
        " (1.0 in the trace is taken as \(significant(scale.cores)) cores,"
        + " \(significant(scale.memory.gibibytes)) GiB)"
    }
    text += "\n" + lines.text
    return text + shown.map { "\n" + $0.histogram }.joined()
  }

  private var oddLines: String {
    var lines = TextTable(left: [0])
    for (what, count) in oddities { lines.add([what, grouped(count)]) }
    let text = lines.text
    return text.isEmpty ? "" : "\nto know\n" + text
  }

  /// What is odd about the trace, and how often.
  var oddities: [(String, Int)] {
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

  var object: [String: Any] {
    var object: [String: Any] = [
      "path": path, "format": format, "rejects": rejects,
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
    object["margins"] = Dictionary(uniqueKeysWithValues: margins.map { ($0.name, $0.object) })
    if let machines { object["machines"] = machines.object }
    object["passed_over"] = tracemill.passedOver(trace.passedOver)
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
    return object
  }
}

/// The distribution of one quantity over the tasks.
struct Margin {
  let name: String
  let unit: String
  /// What one raw unit is in `unit`.
  let scale: Double
  private(set) var values = Distribution()
  private var bins = LogHistogram()

  init(_ name: String, unit: String, scale: Double) {
    self.name = name
    self.unit = unit
    self.scale = scale
  }

  mutating func add(_ raw: Int64) {
    values.record(raw)
    bins.add(Double(raw) * scale)
  }

  private static let probabilities = [0.1, 0.5, 0.9, 0.99]

  var cells: [String] {
    let quantiles = values.quantiles(Self.probabilities).map { significant($0 * scale) }
    let ends = [values.minimum, values.maximum].map { significant(Double($0 ?? 0) * scale) }
    return [name, unit, grouped(values.count), ends[0]] + quantiles
      + [ends[1], significant(values.mean * scale)]
  }

  var histogram: String { "  \(name), \(unit)\n" + bins.text }

  var object: [String: Any] {
    var object: [String: Any] = [
      "unit": unit, "count": values.count, "quantile_relative_error": values.quantileError,
      "histogram": bins.object,
    ]
    guard values.count > 0 else { return object }
    object["mean"] = values.mean * scale
    object["min"] = Double(values.minimum ?? 0) * scale
    object["max"] = Double(values.maximum ?? 0) * scale
    for (p, value) in zip(Self.probabilities, values.quantiles(Self.probabilities)) {
      object["p\(Int(p * 100))"] = value * scale
    }
    return object
  }
}

/// Counts in bins of equal width on a logarithmic axis, two a decade; zeros apart.
struct LogHistogram {
  private var zeros = 0
  /// From the bin of the least positive number to that of the largest.
  private var counts = [Int](repeating: 0, count: last - first + 1)

  private static let (first, last) = (bin(.leastNonzeroMagnitude), bin(.greatestFiniteMagnitude))

  private static func bin(_ value: Double) -> Int {
    // The tolerance keeps a power of ten in the bin that it begins.
    Int((2 * log10(value) + 1e-9).rounded(.down))
  }

  mutating func add(_ value: Double) {
    if value > 0 {
      counts[Self.bin(value) - Self.first] += 1
    } else {
      zeros += 1
    }
  }

  private static func edge(_ bin: Int) -> Double { pow(10, Double(bin) / 2) }

  /// The bins in order, empty ones between them included.
  private var bins: [(label: String, low: Double, high: Double, count: Int)] {
    var bins: [(String, Double, Double, Int)] = zeros > 0 ? [("0", 0, 0, zeros)] : []
    if let first = counts.firstIndex(where: { $0 > 0 }),
      let last = counts.lastIndex(where: { $0 > 0 })
    {
      for place in first...last {
        let bin = place + Self.first
        let low = Self.edge(bin)
        bins.append(
          ("from " + significant(low, digits: 2), low, Self.edge(bin + 1), counts[place]))
      }
    }
    return bins
  }

  var text: String {
    let most = bins.map(\.count).max() ?? 0
    var lines = TextTable(left: [0, 2])
    for bin in bins { lines.add([bin.label, grouped(bin.count), Self.bar(bin.count, of: most)]) }
    return lines.text.split(separator: "\n").map { "  \($0)\n" }.joined()
  }

  var object: [[String: Any]] {
    bins.map { ["from": $0.low, "to": $0.high, "count": $0.count] }
  }

  /// A bar of at most 40 cells, in eighths.
  private static func bar(_ count: Int, of most: Int) -> String {
    guard most > 0, count > 0 else { return "" }
    let eighths = max(1, count * 320 / most)
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
    return String(repeating: "█", count: eighths / 8) + rest
  }
}

/// The machines of a trace.
struct MachineSummary {
  private var initial = 0
  private var ever: Set<Int64> = []
  private var mix: [Resources: Int] = [:]

  init(_ list: MachineEventList) {
    for event in list.events {
      ever.insert(event.machine)
      if event.time == .zero, event.kind == .add {
        initial += 1
        mix[event.capacity, default: 0] += 1
      }
    }
  }

  private var largest: [(Resources, Int)] {
    mix.sorted {
      ($0.value, $0.key.cpu, $0.key.memory.rawValue) > (
        $1.value, $1.key.cpu, $1.key.memory.rawValue
      )
    }
  }

  var text: String {
    var text = "  \(grouped(initial)) machines at the start, \(grouped(ever.count)) ever\n"
    var lines = TextTable(left: [])
    for (capacity, count) in largest.prefix(10) {
      lines.add([
        grouped(count), "×", significant(capacity.cpu.value) + " cores",
        significant(capacity.memory.gibibytes) + " GiB",
      ])
    }
    text += lines.text.split(separator: "\n").map { "  \($0)\n" }.joined()
    return text
  }

  var object: [String: Any] {
    [
      "at_start": initial, "ever": ever.count,
      "mix_at_start": largest.map {
        [
          "cpu_cores": $0.cpu.value, "memory_bytes": $0.memory.rawValue, "machines": $1,
        ] as [String: Any]
      },
    ]
  }
}

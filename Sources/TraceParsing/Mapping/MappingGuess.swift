import Diagnostics
import Parquet
import Quoting
import Tables
import TraceInput

/// A mapping to begin from, for a table that no format knows: what its columns' names suggest.
public struct MappingGuess: Sendable {
  /// The file that was looked at.
  public let file: String
  private let columns: [String]
  private let layout: (separator: String?, rows: String?)
  private let samples: [[String]]
  /// The table of a database that has several, with the most columns.
  private var table: String?

  /// Looks at the first table of an input.
  public init(_ input: TraceInput) throws(TraceError) {
    let group = input.groups[0]
    file = group.files[0].name
    switch TableLayout.kind(of: group.head) {
    case .parquet:
      columns = try group.files[0].openParquet().columns.map(\.name)
      (layout, samples) = ((nil, nil), [])
    case .sqlite:
      let tables = try group.files[0].openDatabase().tables
      let table = tables.max { $0.columns.count < $1.columns.count }
      columns = table?.columns ?? []
      (layout, samples) = ((nil, nil), [])
      self.table = tables.count > 1 ? table?.name : nil
    case .json:
      let text = String(decoding: group.head.prefix(1 << 14), as: UTF8.self)
      columns = Self.keys(in: text)
      layout = (nil, nil)
      samples = text.split(separator: "\n").prefix(3).map { [String($0.prefix(200))] }
    case .text:
      var best: (separator: UInt8?, rows: [[String]]) = (UInt8(ascii: ","), [])
      for separator in [UInt8(ascii: ","), UInt8(ascii: "|"), UInt8(ascii: ";"), 0x09, nil] {
        var layout = TableLayout()
        layout.separator = separator
        let rows = group.rows(layout, limit: 4)
        if (rows.first?.count ?? 0) > (best.rows.first?.count ?? 0) { best = (separator, rows) }
      }
      columns = best.rows.first ?? []
      samples = best.rows
      switch best.separator {
      case UInt8(ascii: ",")?: layout = (nil, nil)
      case 0x09?: layout = ("tab", nil)
      case let byte?: layout = (String(UnicodeScalar(byte)), nil)
      case nil: layout = ("blanks", nil)
      }
    }
  }

  /// The keys of a JSON text's objects, in the order in which they come.
  private static func keys(in text: String) -> [String] {
    var keys: [String] = []
    for match in text.matches(of: /"([^"\\]{1,60})"\s*:/) {
      let key = String(match.output.1)
      if !keys.contains(key) { keys.append(key) }
    }
    return keys
  }

  /// What names of columns begin or end with, by what they are here; the first that fits counts.
  private static let hints: [(target: String, words: [String], unit: String?)] = [
    (
      "submit_us", ["submit", "submission", "arrival", "queued", "created", "creation", "ctime"],
      "s"
    ),
    ("first_schedule_us", ["start", "begin", "launch", "scheduled"], "s"),
    ("end_us", ["end", "finish", "completion", "stop", "deletion", "deleted"], "s"),
    ("run_us", ["duration", "elapsed", "runtime", "run_time", "exec_time"], "s"),
    ("estimate_us", ["timelimit", "time_limit", "walltime", "wallclock", "requested_time"], "s"),
    ("job_id", ["jobid", "job_id", "id_job", "jid", "job"], nil),
    ("user", ["user", "uid", "owner", "account"], nil),
    ("gpu_milli", ["gpu"], "gpu"),
    ("memory_bytes", ["mem"], "GiB"),
    ("cpu_cores", ["cpu", "core", "ncpus", "processors"], "cores"),
    ("outcome", ["state", "status", "exit", "result"], nil),
    ("machine_id", ["machine", "node", "host", "server"], nil),
  ]

  /// Columns of theirs for ours, guessed; each of theirs at most once.
  private var guesses: [(target: String, column: String, unit: String?)] {
    var taken: Set<String> = []
    var guesses: [(String, String, String?)] = []
    for hint in Self.hints {
      let found = columns.first { column in
        let name = column.lowercased().filter { $0 != "-" && $0 != " " }
        return !taken.contains(column) && hint.words.contains { name.contains($0) }
      }
      guard let found else { continue }
      taken.insert(found)
      guesses.append((hint.target, found, hasTexts(found) ? nil : hint.unit))
    }
    return guesses
  }

  /// Whether a first value of a column is no number: dates, durations and sizes say their unit themselves.
  private func hasTexts(_ column: String) -> Bool {
    guard let place = columns.firstIndex(of: column) else { return false }
    return samples.dropFirst().contains { row in
      place < row.count && !row[place].isEmpty && Double(row[place]) == nil
    }
  }

  /// The mapping as YAML: guesses are marked, what was not used is listed, and the first rows stand
  /// above it.
  public var yaml: String {
    func quoted(_ text: String) -> String {
      let isPlain = text.allSatisfy { $0.isLetter || $0.isNumber || "_-".contains($0) }
      let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      return isPlain && text.contains(where: \.isLetter) ? text : "\"\(escaped)\""
    }
    var text =
      "# A mapping to begin from, made of the names of columns and the first rows: every line is a guess.\n"
    text += "# docs/column-mappings.md says what can be said.\n"
    for row in samples.prefix(3) {
      let shown = row.map { String($0.prefix(40)) }.joined(separator: " | ")
      text += "#   \(Quoting.visible(shown))\n"
    }
    if let separator = layout.separator { text += "separator: \(quoted(separator))\n" }
    if let table { text += "table: \(quoted(table))  # guess\n" }
    text += "columns:\n"
    let guesses = guesses
    for guess in guesses {
      if let unit = guess.unit {
        text += "  \(guess.target): { from: \(quoted(guess.column)), unit: \(unit) }  # guess\n"
      } else {
        text += "  \(guess.target): \(quoted(guess.column))  # guess\n"
      }
    }
    if !guesses.contains(where: { $0.target == "submit_us" }) {
      text +=
        "  submit_us: { from: WHICH, unit: s }  # not found: must be said, or follow from others\n"
    }
    let unused = columns.filter { column in !guesses.contains { $0.column == column } }
    if !unused.isEmpty {
      let names: [String] = unused.prefix(60).map { quoted($0) }
      text += "# not used: \(Quoting.visible(names.joined(separator: ", ")))\n"
    }
    return text
  }
}

extension MappedTableFormat {
  /// How near a table is to this format: the share of its columns that are there, and those that are
  /// not; nil where the format is not told by its columns.
  func nearness(_ input: TraceInput) -> (share: Double, lacking: [String])? {
    guard mapping.table.header == nil else { return nil }
    let plan = MappingPlan(mapping)
    let needed = plan.names.filter { !plan.optional.contains($0) }
    guard needed.count > 1, let group = input.groups.first else { return nil }
    let there: Set<String>
    switch TableLayout.kind(of: group.head) {
    case .text: there = Set(group.rows(mapping.table, limit: 1).first ?? [])
    case .json:
      let text = String(decoding: group.head, as: UTF8.self)
      there = Set(needed.filter { text.contains("\"\($0.prefix { $0 != "." && $0 != "[" })\"") })
    case .parquet:
      guard let reader = try? group.files[0].openParquet() else { return nil }
      there = Set(reader.columns.map(\.name))
    case .sqlite:
      guard let tables = try? group.files[0].openDatabase().tables else { return nil }
      let table = tables.first { mapping.table.table == nil || $0.name == mapping.table.table }
      there = Set(table?.columns ?? [])
    }
    let lacking = needed.filter { !there.contains($0) }
    return (1 - Double(lacking.count) / Double(needed.count), lacking)
  }

  /// `; nearest is helios, which has also vc, queue`, or nothing.
  static func nearest(to input: TraceInput) -> String {
    var best: (name: String, share: Double, lacking: [String])?
    for preset in presets {
      guard let near = preset.nearness(input), near.share >= 0.4, near.share > best?.share ?? 0
      else { continue }
      best = (preset.name, near.share, near.lacking)
    }
    guard let best, !best.lacking.isEmpty else { return "" }
    return
      "; nearest is \(best.name), which also has \(best.lacking.prefix(5).joined(separator: ", "))"
  }
}

import Diagnostics
import Tables
import TraceInput
import Workload

/// Which columns of another program's table stand for which of ours, and how their values are read.
///
/// As YAML or JSON (`docs/column-mappings.md` has all keys):
/// ```yaml
/// time_zone: Asia/Shanghai
/// missing: [Unknown, "-1"]
/// columns:
///   submit_us: submit_time
///   run_us: { from: duration, unit: s }
///   memory_bytes: { from: mem, factor: 1048576 }
///   outcome: { from: status, values: { COMPLETED: finished, "CANCELLED*": killed } }
///   user: uid
/// ```
/// Ours are the columns of record files. `submit_us` is there, or the times that it follows from.
public struct TableMapping: Equatable, Sendable {
  /// What `--format` calls it.
  public var name: String?
  /// Whose trace it is, for the table of all formats.
  public var about: String?
  /// How the table is written, and which of its rows count.
  public var table: TableLayout
  /// Their columns by ours.
  public var columns: [String: Source]
  /// Columns that are kept beside the records, by the name that they are kept under.
  public var attributes: [String: Source] = [:]
  /// What a task waits for, as a list.
  public var dependencies: Dependencies?
  /// Other tables whose columns can be named as `name.column`, in the order in which they are joined.
  public var joins: [Join] = []
  /// The machines, where a table lists them.
  public var machines: Machines?
  /// What tasks used over time, where a table tells.
  public var usage: Usage?
  /// Columns whose rows are one task together; empty where each row is one.
  public var fold: [String] = []
  /// Whether each of the rows that are one task together is an attempt of its own: a row that is there twice counts once,
  /// and run times add up.
  public var rowsAreAttempts = false
  /// The clock of date-times that state no zone; nil is UTC.
  public var timeZone: String?
  /// Where times are counted from.
  public var origin: Origin = .automatic
  /// Derived times by the column that should say the same: differences are counted.
  public var compare: [String: Source] = [:]
  /// Columns that must be there for the table to be this one, beside those that are mapped.
  public var recognise: [String] = []
  /// Columns of a headerless table that hold numbers from … to: a table is told by it, and a row that
  /// does not is a bad one.
  public var checks: [String: ClosedRange<Double>] = [:]
  /// What the reader should know: assumptions of the mapping.
  public var notes: [String] = []

  /// Where times are counted from.
  public enum Origin: Equatable, Sendable {
    /// The first submission where there are dates, else nothing is changed.
    case automatic
    /// The first submission.
    case first
    /// Nothing is changed.
    case none
  }

  /// A mapping of columns; `problems` says whether it can be used.
  public init(columns: [String: Source], table: TableLayout = TableLayout()) {
    self.columns = columns
    self.table = table
  }

  /// What a task waits for.
  public struct Dependencies: Equatable, Sendable {
    /// The column.
    public var from: String
    /// What separates the elements, where the column is no list.
    public var separator: UInt8 = UInt8(ascii: ";")
    /// Whether they are tasks of the same job, or jobs.
    public var areTasks = false
  }

  /// A table whose rows are found by a key.
  public struct Join: Equatable, Sendable {
    /// What its columns are named with.
    public var name: String
    /// How it is written.
    public var table: TableLayout
    /// Columns of what is there already.
    public var by: [String]
    /// Its own columns, equal to those.
    public var key: [String]
    /// The column of which the least is taken where several rows have the key; else the first counts.
    public var least: String?
    /// Whether rows that it has nothing for are left out.
    public var isNeeded = false
    /// The column that has a row for each of several things, of which the user chooses one (`--machine-type`).
    public var choice: String?
  }

  /// A table of machines, there from the start.
  public struct Machines: Equatable, Sendable {
    /// How it is written.
    public var table: TableLayout
    /// `machine_id`, `cpu_cores`, `memory_bytes`, `disk_bytes`, `gpu_milli`, `platform`.
    public var columns: [String: Source]
    /// The kind of list that they stand in, in place of a table: one of `MachineListings`.
    public var listing: String?

    static let columnNames = [
      "machine_id", "cpu_cores", "memory_bytes", "disk_bytes", "gpu_milli", "platform",
    ]
  }

  /// A condition on a column's text.
  public typealias Condition = RowCondition
}

extension TableMapping {
  /// Where the values of one of our columns come from.
  public struct Source: Equatable, Sendable {
    /// Their names for it: the first that has a value counts.
    public var from: [String]
    /// A constant in place of a column.
    public var value: String?
    /// What a value is multiplied by to be in our unit; `unit` is the same by name.
    public var factor: Double?
    /// The unit of their values: see `UnitName`.
    public var unit: String?
    /// What their words are called here; for numbers, what a text such as `>24` stands for. A `*` at
    /// the end stands for anything.
    public var values: [String: String] = [:]
    /// What any other word is called.
    public var other: String?
    /// Texts and numbers that mean none, beside those of the table.
    public var missing: [String] = []
    /// Of a list `cpu=4,mem=8G` the entries that count, together.
    public var key: [String] = []
    /// A regular expression whose first group is the value.
    public var match: String?
    /// The order of a date with the year last.
    public var form: String?
    /// Quantities that are added, in place of a column.
    public var sum: [Source] = []
    /// Other ways to it: the first that has a value counts.
    public var any: [Source] = []
    /// Quantities that it is multiplied with.
    public var times: [Source] = []
    /// The columns that count nodes and cores for sizes such as `16Gn` and `4000Mc`.
    public var perNode: String?
    public var perCore: String?
    /// A flag is set above this.
    public var above: Double?
    /// Lists of starts and ends: the value is the time between them, together.
    public var spans: [String] = []
    /// Which values mean that the task lived before the trace (submissions, starts) or after it (ends).
    public var alive: Alive?
    /// Whether a table may lack the column.
    public var isOptional = false
    /// When the row says anything about it.
    public var conditions: [Condition] = []
    /// Whether names are numbered within their job, in the order in which they come.
    public var isNumbered = false
    /// Whether a time's unit is only what is usual: what a Parquet file declares goes before it.
    public var unitIsUsual = false

    /// The column `from`, times `factor`.
    public init(
      from: String, factor: Double? = nil, unit: String? = nil, values: [String: String]? = nil,
      isOptional: Bool = false
    ) {
      self.from = [from]
      self.isOptional = isOptional
      self.factor = factor
      self.unit = unit
      self.values = values ?? [:]
    }

    /// A source of which nothing is said.
    init() { from = [] }
  }

  /// Values that lie outside the trace.
  public struct Alive: Equatable, Sendable {
    /// Whether a missing value does.
    public var empty = false
    /// Values up to this do, in their unit.
    public var atMost: Double?
    /// Values below this do.
    public var below: Double?
    /// Values from this on do.
    public var atLeast: Double?
  }
}

/// The names of units, by what they measure.
enum UnitName {
  static let times: [String: Double] = [
    "ns": 1e-3, "us": 1, "ms": 1e3, "s": 1e6, "min": 60e6, "h": 3600e6, "d": 86400e6,
  ]
  static let sizes: [String: Double] = [
    "B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 1024, "MiB": 1_048_576,
    "GiB": 1_073_741_824, "TiB": 1_099_511_627_776,
  ]
  static let cores: [String: Double] = ["cores": 1, "milli": 1e-3, "percent": 1e-2]
  static let gpus: [String: Double] = ["milli": 1, "gpu": 1000, "percent": 10]
  /// Names that say how texts with letters are read, not by what they are multiplied.
  static let letters: [String: QuantityText.Letters] = [
    "slurm": .binary, "pbs": .binary, "kubernetes": .kubernetes,
  ]

  /// The factors of a column's units.
  static func factors(of column: String) -> [String: Double] {
    if column.hasSuffix("_us") { return times }
    if column.hasSuffix("_bytes") { return sizes }
    if column.hasSuffix("cpu_cores") { return cores }
    return column == "gpu_milli" ? gpus : [:]
  }

  /// A share of what the largest machine has, which the user states (`MachineScale`).
  static let share = "share"

  /// All names of a column's units.
  static func names(of column: String) -> [String] {
    var names = factors(of: column).keys.sorted()
    if ["cpu_cores", "memory_bytes", "disk_bytes"].contains(column) { names.append(share) }
    return column.hasSuffix("_bytes") || column.hasSuffix("cpu_cores") || column == "gpu_milli"
      ? names + letters.keys.sorted() : names
  }
}

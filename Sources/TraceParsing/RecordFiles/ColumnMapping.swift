import Tables
import TraceInput
import Workload

/// Which columns of another program's table stand for which of ours, and in which unit.
///
/// As YAML or JSON:
/// ```yaml
/// columns:
///   submit_us: { from: submission_time, unit: ms }
///   run_us: { from: duration, unit: ms }
///   memory_bytes: { from: mem, factor: 1048576 }
///   outcome: { from: status, values: { COMPLETED: finished, TIMEOUT: killed } }
///   user: uid
/// ```
/// Ours are the columns of record files; `submit_us` must be there.
public struct ColumnMapping: Codable, Equatable, Sendable {
  /// Where the values of one of our columns come from.
  public struct Source: Codable, Equatable, Sendable {
    /// Their name for it.
    public var from: String
    /// What a value is multiplied by to be in our unit; `unit` is the same by name.
    public var factor: Double?
    /// The unit of their values: ns, us, ms, s, min, h, d for times; B, kB, MB, GB, KiB, MiB, GiB
    /// for sizes; cores, milli, percent for CPU; gpu, milli for GPUs.
    public var unit: String?
    /// What their words are called here (`outcome`, `priority_class`).
    public var values: [String: String]?

    /// Whether a table may lack the column.
    public var isOptional = false
    /// Whether a time's unit is only what is usual: what a Parquet file declares goes before it.
    var unitIsUsual = false

    private enum CodingKeys: String, CodingKey {
      case from, factor, unit, values
    }

    /// The column `from`, times `factor`.
    public init(
      from: String, factor: Double? = nil, unit: String? = nil, values: [String: String]? = nil,
      isOptional: Bool = false
    ) {
      self.isOptional = isOptional
      self.from = from
      self.factor = factor
      self.unit = unit
      self.values = values
    }

    /// A name alone, or an object.
    public init(from decoder: any Decoder) throws {
      if let name = try? decoder.singleValueContainer().decode(String.self) {
        self.init(from: name)
        return
      }
      let container = try decoder.container(keyedBy: CodingKeys.self)
      self.init(
        from: try container.decode(String.self, forKey: .from),
        factor: try container.decodeIfPresent(Double.self, forKey: .factor),
        unit: try container.decodeIfPresent(String.self, forKey: .unit),
        values: try container.decodeIfPresent([String: String].self, forKey: .values))
    }
  }

  /// Their columns by ours.
  public var columns: [String: Source]

  /// A mapping; `problems` says whether it can be used.
  public init(columns: [String: Source]) { self.columns = columns }

  /// The tasks.parquet of OpenDC workloads: milliseconds, whole cores, memory in kB.
  ///
  /// OpenDC's page calls `mem_capacity` MB; its loader (ComputeWorkloadLoader.kt) divides it by 1000
  /// "from KB to MB", and its workloads are so.
  ///
  /// - Parameter memoryUnit: another unit of `mem_capacity`, for files that follow the page.
  public static func openDC(memoryUnit: String = "kB") -> ColumnMapping {
    var mapping = ColumnMapping(columns: [
      "job_id": Source(from: "id"), "submit_us": Source(from: "submission_time", unit: "ms"),
      "run_us": Source(from: "duration", unit: "ms"), "cpu_cores": Source(from: "cpu_count"),
      "memory_bytes": Source(from: "mem_capacity", unit: memoryUnit),
      "deadline_us": Source(from: "deadline", unit: "ms", isOptional: true),
    ])
    for name in ["submit_us", "run_us", "deadline_us"] {
      mapping.columns[name]?.unitIsUsual = true
    }
    return mapping
  }

  /// The units of `mem_capacity`.
  public static let memoryUnits = ["B", "kB", "MB", "GB", "KiB", "MiB", "GiB"]

  /// Everything that is wrong with it; empty if it can be used.
  public var problems: [DescriptionIssue] {
    var problems: [DescriptionIssue] = []
    func note(_ path: String, _ message: String) {
      problems.append(DescriptionIssue(path: path, message: message))
    }
    let known = RecordColumn.all.map(\.name)
    if columns["submit_us"] == nil { note("columns.submit_us", "is missing") }
    for (name, source) in columns.sorted(by: { $0.key < $1.key }) {
      let place = "columns.\(name)"
      guard let column = RecordColumn.all.first(where: { $0.name == name }) else {
        note(place, "no such column; there are \(known.joined(separator: ", "))")
        continue
      }
      if source.from.isEmpty { note("\(place).from", "is empty") }
      if let factor = source.factor, !(factor > 0 && factor.isFinite) {
        note("\(place).factor", "\(factor) is not above 0")
      }
      if source.factor != nil, source.unit != nil {
        note(place, "has both a factor and a unit: give one")
      }
      if let unit = source.unit, Self.units(of: name)[unit] == nil {
        let units = Self.units(of: name).keys.sorted().joined(separator: ", ")
        note("\(place).unit", units.isEmpty ? "has no unit" : "'\(unit)' is none of \(units)")
      }
      if case .label(let names, _) = column.access {
        for value in (source.values ?? [:]).values.sorted() where !names.contains(value) {
          note("\(place).values", "'\(value)' is none of \(names.joined(separator: ", "))")
        }
      } else if source.values != nil {
        note("\(place).values", "only outcome and priority_class have words")
      }
    }
    return problems
  }

  private static func units(of column: String) -> [String: Double] {
    if column.hasSuffix("_us") {
      return [
        "ns": 1e-3, "us": 1, "ms": 1e3, "s": 1e6, "min": 60e6, "h": 3600e6, "d": 86400e6,
      ]
    }
    if column.hasSuffix("_bytes") {
      return [
        "B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 1024, "MiB": 1_048_576,
        "GiB": 1_073_741_824, "TiB": 1_099_511_627_776,
      ]
    }
    if column.hasSuffix("cpu_cores") { return ["cores": 1, "milli": 1e-3, "percent": 1e-2] }
    return column == "gpu_milli" ? ["milli": 1, "gpu": 1000] : [:]
  }

  /// The columns with their factors, in the order of record files.
  var resolved: [MappedColumn] {
    RecordColumn.all.compactMap { column in
      guard let source = columns[column.name] else { return nil }
      let named = source.unit.flatMap { Self.units(of: column.name)[$0] }
      return MappedColumn(
        target: column, source: source.from, factor: source.factor ?? named,
        words: source.values ?? [:], unitIsUsual: source.unitIsUsual)
    }
  }
}

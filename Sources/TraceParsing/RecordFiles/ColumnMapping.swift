import Tables
import TraceInput
import Workload

/// Which columns of somebody else's table stand for which of ours, and in which unit.
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

    /// The column `from`, times `factor`.
    public init(
      from: String, factor: Double? = nil, unit: String? = nil, values: [String: String]? = nil
    ) {
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

  /// The tasks.parquet of OpenDC workloads: milliseconds, whole cores, memory in MiB.
  public static let openDC = ColumnMapping(columns: [
    "job_id": Source(from: "id"), "submit_us": Source(from: "submission_time", unit: "ms"),
    "run_us": Source(from: "duration", unit: "ms"), "cpu_cores": Source(from: "cpu_count"),
    "memory_bytes": Source(from: "mem_capacity", unit: "MiB"),
  ])

  /// Something wrong with a mapping: the dotted path in the file, and what.
  public struct Problem: Hashable, Sendable, CustomStringConvertible {
    /// Where, such as `columns.submit_us.unit`.
    public var path: String
    /// What is wrong.
    public var message: String
    public var description: String { "\(path): \(message)" }
  }

  /// Everything that is wrong with it; empty if it can be used.
  public var problems: [Problem] {
    var problems: [Problem] = []
    func note(_ path: String, _ message: String) {
      problems.append(Problem(path: path, message: message))
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
        words: source.values ?? [:])
    }
  }
}

/// A value of somebody else's table.
enum MappedValue {
  case integer(Int64)
  case number(Double)
  case text(UnsafeRawBufferPointer)
  case flag(Bool)
}

/// One of our columns and how it is made from one of theirs.
struct MappedColumn: Sendable {
  let target: RecordColumn
  let source: String
  /// Nil if nothing is said: 1, or what the file itself declares.
  var factor: Double?
  let words: [String: String]

  /// Puts a value into a record; nil is a missing one.
  func set(
    _ value: MappedValue?, in record: inout TaskRecord, _ symbols: inout SymbolTable
  ) throws(RowError) {
    guard let value else {
      if target.name == "submit_us" { throw problem("is missing") }
      target.setMissing(&record)
      return
    }
    switch target.access {
    case .integer(let place):
      let integer = try integer(value)
      guard target.range.contains(integer) else {
        let (least, most) = (target.range.lowerBound, target.range.upperBound)
        throw problem("gives \(target.name) \(integer), which is not from \(least) to \(most)")
      }
      place.store(integer, in: &record)
    case .number(let place):
      place.store(Cores(try number(value) * (factor ?? 1)).nano, in: &record)
    case .flag(let flag): if try truth(value) { record.flags.insert(flag) }
    case .label(let names, let place):
      let word = text(value)
      guard let index = names.firstIndex(of: words[word] ?? word) else {
        throw problem("'\(word.prefix(40))' is none of \(names.joined(separator: ", "))")
      }
      place.store(Int64(index), in: &record)
    case .user: record.user = UserID(symbols.intern(text(value)))
    }
  }

  private func integer(_ value: MappedValue) throws(RowError) -> Int64 {
    if case .text(let bytes) = value, parseNumber(bytes) == nil, target.name == "job_id" {
      return Int64(1 << 62 | fnv1a(bytes) >> 2)  // a name
    }
    let factor = factor ?? 1
    if case .integer(let integer) = value, let whole = Int64(exactly: factor) {
      let (product, overflow) = integer.multipliedReportingOverflow(by: whole)
      if overflow { throw problem("\(integer) is out of range") }
      return product
    }
    let scaled = (try number(value) * factor).rounded()
    guard let integer = Int64(exactly: scaled) else { throw problem("\(scaled) is out of range") }
    return integer
  }

  private func number(_ value: MappedValue) throws(RowError) -> Double {
    switch value {
    case .integer(let integer): return Double(integer)
    case .number(let number) where number.isFinite: return number
    case .text(let bytes):
      if let number = parseNumber(bytes) { return number }
    case .number, .flag: break
    }
    throw problem("'\(text(value).prefix(40))' is not a number")
  }

  private func truth(_ value: MappedValue) throws(RowError) -> Bool {
    switch value {
    case .flag(let flag): return flag
    case .integer(let integer): return integer != 0
    default: break
    }
    switch text(value).lowercased() {
    case "true", "1", "yes": return true
    case "false", "0", "no": return false
    default: throw problem("'\(text(value).prefix(40))' is neither true nor false")
    }
  }

  private func text(_ value: MappedValue) -> String {
    switch value {
    case .integer(let integer): "\(integer)"
    case .number(let number): decimal(number)
    case .flag(let flag): "\(flag)"
    case .text(let bytes): String(decoding: bytes, as: UTF8.self)
    }
  }

  func problem(_ what: String) -> RowError {
    RowError(column: nil, message: "\(source) \(what)", reason: "bad \(source)")
  }
}

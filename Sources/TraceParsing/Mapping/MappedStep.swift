import TraceInput
import Workload

/// What reading one of our columns is in most rows: the text of one field, with nothing put together and no
/// words to look up. Made of the mapping once; it refers to nothing, so that a row is read without counting
/// references. What is unusual in a row (no value, another form, out of range) is left to `MappedSource`,
/// which also words the errors.
struct MappedStep {
  enum Kind: UInt8 {
    /// Nothing of what follows.
    case rare
    /// Times that lives are worked out of.
    case submit, first, last, end, wait, run
    case integer, number, job, name, label, user
  }

  let kind: Kind
  let slot: Int
  /// Its place among the plan's columns.
  let column: Int
  let factor: Double
  /// The factor as an integer, 0 if it is none.
  let whole: Int64
  /// Whether a date-time will do.
  let takesDates: Bool
  /// Where a value is stored; of kinds without one, anything.
  let field: RecordField
  let range: (least: Int64, greatest: Int64)
  let isOutcome: Bool

  init(_ column: MappingPlan.Column, at place: Int, hasDecimalCommas: Bool, numbersTasks: Bool) {
    let (source, target) = (column.source, column.target)
    self.column = place
    slot = source.slot
    isOutcome = target.name == "outcome"
    factor = source.plainFactor
    whole = Int64(exactly: factor) ?? 0
    takesDates = source.takesDates
    range = (target.range.lowerBound, target.range.upperBound)
    var (kind, field) = (Kind.rare, RecordField(\.submit))
    if source.plainSlot != nil || source.isLabel, source.alive == nil, source.above == nil {
      switch target.access {
      case .integer(let place):
        field = place
        kind = Self.kind(of: target.name)
        if kind == .integer, target.isIdentifier, target.name != "task_index" {
          kind = target.name == "job_id" ? .job : .name
        }
        if numbersTasks, target.name == "task_index" { kind = .rare }
      case .number(let place): (kind, field) = (hasDecimalCommas ? .rare : .number, place)
      case .label(_, let place): (kind, field) = (source.isLabel ? .label : .rare, place)
      case .user: kind = .user
      case .flag: break
      }
      if kind != .label, source.plainSlot == nil { kind = .rare }
    }
    (self.kind, self.field) = (kind, field)
  }

  private static func kind(of name: String) -> Kind {
    switch name {
    case "submit_us": .submit
    case "first_schedule_us": .first
    case "last_schedule_us": .last
    case "end_us": .end
    case "wait_us": .wait
    case "run_us": .run
    case "attempts": .rare  // it is noted with the times, too
    default: .integer
    }
  }

  /// A quantity in our unit, if the text is a number that is one.
  @inline(__always)
  func integer(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    if whole != 0, let value = parseInteger(bytes) {
      let (product, overflow) = value.multipliedReportingOverflow(by: whole)
      return overflow ? nil : product
    }
    guard let number = parseNumber(bytes) else { return nil }
    return Int64(exactly: (number * factor).rounded())
  }

  /// A time, if the text is a number or a date-time of the usual form.
  @inline(__always)
  func time(_ bytes: UnsafeRawBufferPointer, _ context: MappedContext) -> Int64? {
    if takesDates, bytes.count >= 19, let time = context.fixedTime(bytes) { return time }
    return integer(bytes)
  }
}

import Workload

/// What machines are like beyond their capacity, and what tasks require of it.
///
/// Attributes and values are numbers; a caller interns names in a `SymbolTable`. A machine's
/// attributes hold for the whole run.
public struct ConstraintTable: Sendable {
  /// How an attribute's value compares with the one asked for.
  public enum Comparison: UInt8, Hashable, Sendable {
    /// The machine has the attribute, with this value.
    case equal
    /// It does not have the attribute, or with another value.
    case notEqual
    /// It has the attribute, with a smaller value.
    case less
    /// It has the attribute, with a greater value.
    case greater
    /// It has the attribute, with any value.
    case present
    /// It does not have the attribute.
    case absent
  }

  /// One requirement.
  public struct Constraint: Hashable, Sendable {
    /// The attribute's number.
    public var attribute: UInt32
    /// How the machine's value must compare with `value`.
    public var comparison: Comparison
    /// The value asked for.
    public var value: Int64

    /// A requirement of one attribute.
    public init(_ attribute: UInt32, _ comparison: Comparison, _ value: Int64) {
      self.attribute = attribute
      self.comparison = comparison
      self.value = value
    }

    func holds(for found: Int64?) -> Bool {
      guard let found else { return comparison == .notEqual || comparison == .absent }
      return switch comparison {
      case .equal: found == value
      case .notEqual: found != value
      case .less: found < value
      case .greater: found > value
      case .present: true
      case .absent: false
      }
    }
  }

  private struct Attribute: Hashable {
    var machine: Int64
    var attribute: UInt32
  }

  private var values: [Attribute: Int64] = [:]
  private var sets: [[Constraint]] = []
  private var setNumbers: [[Constraint]: Int32] = [:]
  private var setOf: [TaskID: Int32] = [:]

  /// A table that requires nothing.
  public init() {}

  /// Whether no task requires anything.
  public var isEmpty: Bool { setOf.isEmpty }

  /// Gives the machine of this number in its trace an attribute.
  public mutating func setAttribute(_ attribute: UInt32, of machine: Int64, to value: Int64) {
    values[Attribute(machine: machine, attribute: attribute)] = value
  }

  /// Lets `task` run only where all of `constraints` hold, in place of what it required before. Tasks
  /// that require the same share one set.
  public mutating func require(_ constraints: [Constraint], of task: TaskID) {
    let next = Int32(sets.count)
    let number = setNumbers[constraints, default: next]
    if number == next {
      setNumbers[constraints] = next
      sets.append(constraints)
    }
    setOf[task] = number
  }

  /// Number of different sets of constraints.
  var setCount: Int { sets.count }

  /// The task's set of constraints; -1 if it requires nothing. O(1).
  func set(of task: TaskID) -> Int32 { setOf[task] ?? -1 }

  /// Whether the machine of this number meets all constraints of a set.
  func isMet(_ set: Int, by machine: Int64) -> Bool {
    sets[set].allSatisfy {
      $0.holds(for: values[Attribute(machine: machine, attribute: $0.attribute)])
    }
  }
}

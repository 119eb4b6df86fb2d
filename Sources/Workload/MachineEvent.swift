/// A machine joins, leaves or changes.
public struct MachineEvent: BitwiseCopyable, Hashable, Sendable {
  /// What happens to it.
  public enum Kind: UInt8, BitwiseCopyable, Hashable, CaseIterable, Sendable {
    /// It becomes available.
    case add
    /// It goes away: failed, or taken out for maintenance.
    case remove
    /// Its capacity changes.
    case update
  }

  /// Amounts that are not known.
  public struct Unknown: OptionSet, BitwiseCopyable, Hashable, Sendable {
    public var rawValue: UInt8
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// Memory.
    public static let memory = Unknown(rawValue: 1)
    /// Disk.
    public static let disk = Unknown(rawValue: 2)
    /// CPU. A machine cannot be used without: it counts as one of no cores.
    public static let cpu = Unknown(rawValue: 4)
  }

  /// When. 0 = it was there before the trace.
  public var time: Microseconds
  /// The machine's number in its trace.
  public var machine: Int64
  /// What happens.
  public var kind: Kind
  /// Its capacity from now on; zero where the trace does not say.
  public var capacity: Resources
  /// What the trace does not say of a machine whose other capacities it does. Memory and disk have no limit
  /// then.
  public var unknown: Unknown
  /// Its platform's place in the symbol table that came with the events; 0 if not known.
  public var platform: UInt32

  @inlinable
  public init(
    time: Microseconds, machine: Int64, kind: Kind, capacity: Resources,
    unknown: Unknown = [], platform: UInt32 = 0
  ) {
    self.time = time
    self.machine = machine
    self.kind = kind
    self.capacity = capacity
    self.unknown = unknown
    self.platform = platform
  }
}

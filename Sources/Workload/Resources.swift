/// What a task asks for and a machine offers: CPU, memory, disk, GPU. All fixed point, so that
/// claiming and releasing are exact.
public struct Resources: BitwiseCopyable, Hashable, Sendable {
  /// CPU.
  public var cpu: Cores
  /// Memory.
  public var memory: Bytes
  /// Local storage.
  public var disk: Bytes
  /// GPUs, in thousandths of one, as Alibaba's `gpu_milli`.
  public var milliGPU: Int64

  @inlinable
  public init(
    cpu: Cores = .zero, memory: Bytes = .zero, disk: Bytes = .zero, milliGPU: Int64 = 0
  ) {
    self.cpu = cpu
    self.memory = memory
    self.disk = disk
    self.milliGPU = milliGPU
  }

  /// Nothing of anything.
  @inlinable public static var zero: Resources { Resources() }

  /// Whether every dimension of this is at most that of `capacity`.
  @inlinable public func fits(in capacity: Resources) -> Bool {
    cpu <= capacity.cpu && memory <= capacity.memory && disk <= capacity.disk
      && milliGPU <= capacity.milliGPU
  }

  @inlinable public static func + (a: Resources, b: Resources) -> Resources {
    Resources(
      cpu: a.cpu + b.cpu, memory: a.memory + b.memory, disk: a.disk + b.disk,
      milliGPU: a.milliGPU + b.milliGPU)
  }

  @inlinable public static func - (a: Resources, b: Resources) -> Resources {
    Resources(
      cpu: a.cpu - b.cpu, memory: a.memory - b.memory, disk: a.disk - b.disk,
      milliGPU: a.milliGPU - b.milliGPU)
  }

  @inlinable public static func += (a: inout Resources, b: Resources) { a = a + b }
  @inlinable public static func -= (a: inout Resources, b: Resources) { a = a - b }

  /// The larger of the two, dimension by dimension.
  @inlinable public func union(_ other: Resources) -> Resources {
    Resources(
      cpu: max(cpu, other.cpu), memory: max(memory, other.memory), disk: max(disk, other.disk),
      milliGPU: max(milliGPU, other.milliGPU))
  }
}

/// What any number of tasks ask for together: exact, where the sum of ``Resources`` might not be.
public struct ResourceSum: Hashable, Sendable {
  private var cpu: Int128 = 0
  private var memory: Int128 = 0
  private var disk: Int128 = 0
  private var milliGPU: Int128 = 0

  /// Nothing.
  public init() {}

  public static func += (sum: inout ResourceSum, part: Resources) {
    sum.cpu += Int128(part.cpu.nano)
    sum.memory += Int128(part.memory.rawValue)
    sum.disk += Int128(part.disk.rawValue)
    sum.milliGPU += Int128(part.milliGPU)
  }

  public static func -= (sum: inout ResourceSum, part: Resources) {
    sum.cpu -= Int128(part.cpu.nano)
    sum.memory -= Int128(part.memory.rawValue)
    sum.disk -= Int128(part.disk.rawValue)
    sum.milliGPU -= Int128(part.milliGPU)
  }

  /// The sum, or in each dimension 2^62 where it is more: what is in range can still be added to it and
  /// taken from it.
  public var clamped: Resources {
    func part(_ sum: Int128) -> Int64 { Int64(min(max(sum, -(1 << 62)), 1 << 62)) }
    return Resources(
      cpu: Cores(nano: part(cpu)), memory: Bytes(part(memory)), disk: Bytes(part(disk)),
      milliGPU: part(milliGPU))
  }
}

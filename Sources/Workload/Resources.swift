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

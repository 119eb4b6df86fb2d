import Diagnostics
import Workload

/// What 1.0 stands for in a trace that divides its requests and capacities by those of its largest
/// machine.
///
/// Google does not say how large that machine is. The default, 32 cores and 128 GiB (and 1 TiB of
/// disk), is a stated assumption, not a fact; who knows the machines gives their size.
public struct MachineScale: Equatable, Sendable {
  /// Cores of the largest machine.
  public var cores: Double
  /// Memory of the largest machine.
  public var memory: Bytes
  /// Local disk of the largest machine.
  public var disk: Bytes

  /// - Throws: `TraceError` unless every value is positive and a hundred times as much is in range
  ///   (`Ranges/amount`).
  public init(
    cores: Double = 32, memory: Bytes = Bytes(gibibytes: 128), disk: Bytes = Bytes(gibibytes: 1024)
  ) throws(TraceError) {
    // What is a hundred times as much must be in range too.
    let most = Ranges.amount.upperBound / Int64(Ranges.share.upperBound)
    guard cores > 0, cores <= 180_000 else {
      throw TraceError(
        .missing, "a machine scale needs more than 0 and at most 180000 cores, not \(cores)")
    }
    guard (1...most).contains(memory.rawValue), (1...most).contains(disk.rawValue) else {
      throw TraceError(
        .missing, "a machine scale needs memory and disk above zero and at most \(most >> 30) GiB")
    }
    self.init(validCores: cores, memory: memory, disk: disk)
  }

  private init(validCores: Double, memory: Bytes, disk: Bytes) {
    cores = validCores
    self.memory = memory
    self.disk = disk
  }

  /// The stated assumption.
  public static let assumed = MachineScale(
    validCores: 32, memory: Bytes(gibibytes: 128), disk: Bytes(gibibytes: 1024))

  /// What normalised CPU, memory and disk do not tell, beside what they do.
  public func unknown(_ normalised: SIMD4<Double>) -> MachineEvent.Unknown {
    var unknown: MachineEvent.Unknown = []
    if normalised[0].isNaN { unknown.insert(.cpu) }
    if normalised[1].isNaN { unknown.insert(.memory) }
    if normalised[2].isNaN { unknown.insert(.disk) }
    return unknown
  }

  /// Normalised CPU, memory and disk as amounts; NaN (nothing said) gives zero.
  public func resources(_ normalised: SIMD4<Double>) -> Resources {
    let known = normalised.replacing(with: 0, where: normalised .!= normalised)
    return Resources(
      cpu: Cores(known[0] * cores), memory: Bytes(rounding: known[1] * Double(memory.rawValue)),
      disk: Bytes(rounding: known[2] * Double(disk.rawValue)))
  }
}
